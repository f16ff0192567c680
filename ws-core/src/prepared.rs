//! A message encoded once, to be sent to many ("compiled" in `gobwas/ws`, RFC 6455 §5.2).
//!
//! In: a message. Out: the server's frame for it as shared octets, header and payload in one piece.
//! A client cannot share a frame: each of its frames is masked with a fresh key (§5.3).

#[cfg(feature = "deflate")]
use alloc::sync::Arc;
use alloc::vec::Vec;
#[cfg(feature = "deflate")]
use std::sync::OnceLock;

use bytes::Bytes;

#[cfg(feature = "deflate")]
use crate::deflate::{Settings, compressed_frame};
use crate::frame::MAX_HEADER_LEN;
use crate::message::{Message, MessageKind};

/// A message whose server frame has been made already. Cloning it copies no payload.
///
/// ```
/// # use ws_core::{Connection, Config, Message, PreparedMessage};
/// let news = PreparedMessage::new(&Message::text("to all"));
/// let mut subscribers = [Connection::server(Config::default()), Connection::server(Config::default())];
/// for connection in &mut subscribers {
///     connection.send_prepared(&news)?;
/// }
/// # Ok::<(), ws_core::Misuse>(())
/// ```
#[derive(Debug, Clone)]
pub struct PreparedMessage {
    kind: MessageKind,
    frame: Bytes,
    header_len: usize,
    #[cfg(feature = "deflate")]
    compressed: Arc<Compressed>,
}

/// The frames of the message once compressed, one for each window from 9 to 15 bits: made by the
/// first connection that needs it, with its level, and good for every other.
#[cfg(feature = "deflate")]
type Compressed = [OnceLock<Bytes>; 7];

impl PreparedMessage {
    /// Encodes `message` as one unmasked frame, copying its payload once.
    #[must_use]
    pub fn new(message: &Message) -> Self {
        let payload = message.payload();
        let mut header = [0; MAX_HEADER_LEN];
        // No allocation holds 2⁶³ octets, so there is always a header.
        let header_len = message.header().encode(&mut header).unwrap_or_default();
        let mut frame = Vec::with_capacity(header_len.saturating_add(payload.len()));
        frame.extend(header.iter().take(header_len));
        frame.extend_from_slice(payload);
        Self {
            kind: message.kind(),
            frame: frame.into(),
            header_len,
            #[cfg(feature = "deflate")]
            compressed: Arc::default(),
        }
    }

    /// Text or binary.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }

    /// The server's frame: header and payload.
    #[must_use]
    pub const fn frame(&self) -> &Bytes {
        &self.frame
    }

    /// The payload alone.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        self.frame.get(self.header_len..).unwrap_or_default()
    }

    /// The server's frame for the message once compressed.
    #[cfg(feature = "deflate")]
    pub(crate) fn compressed(&self, settings: Settings) -> Bytes {
        let make = || compressed_frame(self, settings);
        let window = usize::from(settings.window_bits.get().saturating_sub(9));
        self.compressed.get(window).map_or_else(make, |frame| frame.get_or_init(make).clone())
    }
}
