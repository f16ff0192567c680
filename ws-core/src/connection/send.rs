//! Messages and control frames to octets (RFC 6455 §5.1, §5.4, §5.5).
//!
//! In: what the application sends, and the Pongs and Closes that receiving calls for.
//! Out: whole frames in the outbox; a frame is queued entirely or not at all.
//! Knows whether one of our own messages is open, not whether a Close has been sent.

use alloc::sync::Arc;
use core::fmt;

use bytes::Bytes;

use super::config::Config;
use super::outbox::Outbox;
use super::setup::Setup;
use crate::error::Misuse;
use crate::extension::{Encoder, Output};
use crate::frame::{CloseFrame, FrameHeader, MAX_CONTROL_LEN, MAX_HEADER_LEN, Opcode, Rsv};
use crate::message::{Message, MessageKind};
use crate::prepared::PreparedMessage;
use crate::utf8::Utf8;

/// A server's payload of this many octets or more is shared with the outbox rather than copied.
const SHARE_FROM: usize = 8 * 1024;

/// Gives a fresh, unpredictable masking key for each frame (RFC 6455 §5.3).
pub type MaskingKeys = fn() -> [u8; 4];

/// The encoder of any extension.
type DynEncoder = dyn Encoder;

/// The frames that a connection sends.
pub(super) struct Send {
    setup: Arc<Setup>,
    outbox: Outbox,
    /// Our own message that is being sent in fragments.
    open: Option<Open>,
}

/// A message of ours whose last fragment is not queued.
#[derive(Debug, Clone, Copy)]
struct Open {
    kind: MessageKind,
    /// Its text so far.
    utf8: Utf8,
    /// Its payload passes through the extension.
    coded: bool,
}

impl Send {
    pub(super) fn new(setup: Arc<Setup>) -> Self {
        Self { setup, outbox: Outbox::default(), open: None }
    }

    /// What the connection was made with.
    #[cfg(feature = "deflate")]
    pub(super) const fn setup_mut(&mut self) -> &mut Arc<Setup> {
        &mut self.setup
    }

    pub(super) fn config(&self) -> &Config {
        &self.setup.config
    }

    /// Four octets that the peer cannot know before it reads them. Without the operating system's
    /// generator a server has none.
    pub(super) fn secret(&self) -> [u8; 4] {
        #[cfg(feature = "std")]
        let fresh: MaskingKeys = self.setup.keys.unwrap_or(crate::mask::random_key);
        #[cfg(not(feature = "std"))]
        let fresh: MaskingKeys = self.setup.keys.unwrap_or(|| [0; 4]);
        fresh()
    }

    pub(super) const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(super) const fn outbox_mut(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    /// Whether a message of `len` octets may be queued now.
    #[inline]
    pub(super) fn has_room(&self, len: usize) -> bool {
        let max_queued = self.config().limits.max_write_buffer().saturating_sub(MAX_HEADER_LEN);
        self.outbox.is_empty() || self.outbox.len().saturating_add(len) <= max_queued
    }

    #[inline]
    pub(super) fn message(
        &mut self,
        message: &Message,
        encoder: Option<&mut DynEncoder>,
    ) -> Result<(), Misuse> {
        let payload = message.payload();
        self.check_message(payload.len())?;
        if let Some(encoder) = encoder
            && self.encoded_message(message.kind(), payload, encoder)
        {
            return Ok(());
        }
        if self.setup.keys.is_some() {
            return self.frame(true, message.kind().opcode(), payload);
        }
        if payload.len() >= SHARE_FROM {
            return self.share(message);
        }
        self.outbox.push_frame(&message.header(), payload)
    }

    /// Whether a message may be written at once: it is not masked, and nothing has to go before it.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(super) fn may_write_through(&self) -> bool {
        self.setup.keys.is_none() && self.open.is_none() && self.outbox.is_empty()
    }

    pub(super) fn octets(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        encoder: Option<&mut DynEncoder>,
    ) -> Result<(), Misuse> {
        self.check_message(payload.len())?;
        if let Some(encoder) = encoder
            && self.encoded_message(kind, payload, encoder)
        {
            return Ok(());
        }
        self.frame(true, kind.opcode(), payload)
    }

    pub(super) fn prepared(
        &mut self,
        message: &PreparedMessage,
        encoder: Option<&mut DynEncoder>,
    ) -> Result<(), Misuse> {
        if self.setup.keys.is_some() {
            return self.octets(message.kind(), message.payload(), encoder);
        }
        self.check_message(message.payload().len())?;
        let encoded = encoder.and_then(|encoder| encoder.prepared(message));
        self.prepared_frame(encoded.as_ref().unwrap_or(message.frame()));
        Ok(())
    }

    /// A server's whole frame.
    pub(super) fn prepared_frame(&mut self, frame: &Bytes) {
        if frame.len() >= SHARE_FROM {
            self.outbox.push_shared(frame.clone());
        } else {
            self.outbox.push(frame);
        }
    }

    /// A message whose payload was encoded elsewhere.
    #[cfg(feature = "tokio")]
    pub(super) fn coded(
        &mut self,
        kind: MessageKind,
        rsv: Rsv,
        payload: &[u8],
    ) -> Result<(), Misuse> {
        self.coded_frame(true, rsv, kind.opcode(), payload)
    }

    /// One fragment; the first decides whether the extension may encode the message.
    pub(super) fn fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        fin: bool,
        encoder: Option<&mut DynEncoder>,
        coded: bool,
    ) -> Result<(), Misuse> {
        if !self.has_room(payload.len()) {
            return Err(Misuse::WriteBufferFull);
        }
        let mut utf8 = match self.open {
            None => Utf8::new(),
            Some(open) if open.kind == kind => open.utf8,
            Some(_) => return Err(Misuse::MessageKindChanged),
        };
        if kind == MessageKind::Text {
            utf8.feed(payload).map_err(|_| Misuse::TextNotUtf8)?;
            if fin {
                utf8.finish().map_err(|_| Misuse::TextNotUtf8)?;
            }
        }
        let Some(open) = self.open else {
            let encoder = encoder.filter(|_| coded);
            if fin {
                return self.octets(kind, payload, encoder);
            }
            let coding = encoder.and_then(|encoder| {
                let rsv = encoder.begin_encode(kind);
                (rsv != Rsv::NONE).then_some((rsv, encoder))
            });
            self.open = Some(Open { kind, utf8, coded: coding.is_some() });
            match coding {
                Some((rsv, encoder)) => {
                    self.encoded_fragment(false, rsv, kind.opcode(), payload, encoder);
                }
                None => self.frame(false, kind.opcode(), payload)?,
            }
            return Ok(());
        };
        match encoder {
            Some(encoder) if open.coded => {
                self.encoded_fragment(fin, Rsv::NONE, Opcode::Continuation, payload, encoder);
            }
            _ => self.frame(fin, Opcode::Continuation, payload)?,
        }
        self.open = if fin { None } else { Some(Open { utf8, ..open }) };
        Ok(())
    }

    pub(super) fn control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), Misuse> {
        if payload.len() > MAX_CONTROL_LEN {
            return Err(Misuse::ControlTooLong);
        }
        if !self.has_room(payload.len()) {
            return Err(Misuse::WriteBufferFull);
        }
        self.frame(true, opcode, payload)
    }

    /// Queues a Ping of keepalive, however full the outbox is: those that are unanswered are few.
    /// Returns how many octets of output there are up to its end.
    pub(super) fn keepalive(&mut self, nonce: &[u8]) -> usize {
        // A nonce is shorter than 125 octets, so this is not refused.
        let _ = self.frame(true, Opcode::Ping, nonce);
        self.outbox.len()
    }

    /// Answers a Ping, unless the peer does not read. Whether it was answered.
    pub(super) fn auto_pong(&mut self, payload: &[u8]) -> bool {
        // A Ping that was received is at most 125 octets, so this is not refused for its length.
        !self.outbox.is_blocked() && self.control(Opcode::Pong, payload).is_ok()
    }

    /// Queues the one Close frame of a connection, however full the outbox is.
    pub(super) fn close(&mut self, frame: Option<CloseFrame<'_>>) -> Result<(), Misuse> {
        let mut payload = [0; MAX_CONTROL_LEN];
        let len = match frame {
            Some(frame) => frame.write(&mut payload)?,
            None => 0,
        };
        self.frame(true, Opcode::Close, payload.get(..len).unwrap_or_default())
    }

    #[inline]
    pub(super) fn check_message(&self, len: usize) -> Result<(), Misuse> {
        if self.open.is_some() {
            return Err(Misuse::MessageOpen);
        }
        if !self.has_room(len) {
            return Err(Misuse::WriteBufferFull);
        }
        Ok(())
    }

    fn frame(&mut self, fin: bool, opcode: Opcode, payload: &[u8]) -> Result<(), Misuse> {
        self.coded_frame(fin, Rsv::NONE, opcode, payload)
    }

    #[inline]
    fn coded_frame(
        &mut self,
        fin: bool,
        rsv: Rsv,
        opcode: Opcode,
        payload: &[u8],
    ) -> Result<(), Misuse> {
        let masking_key = self.setup.keys.map(|fresh| fresh());
        let header = FrameHeader::new(opcode, payload.len() as u64);
        self.outbox.push_frame(&FrameHeader { fin, rsv, masking_key, ..header }, payload)
    }

    /// Queues a message as the extension encodes it, and tells whether it does.
    fn encoded_message(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        encoder: &mut DynEncoder,
    ) -> bool {
        self.encoded(true, kind.opcode(), |output| {
            let rsv = encoder.encode_message(kind, payload, output);
            (rsv != Rsv::NONE).then_some(rsv)
        })
    }

    fn encoded_fragment(
        &mut self,
        fin: bool,
        rsv: Rsv,
        opcode: Opcode,
        payload: &[u8],
        encoder: &mut DynEncoder,
    ) {
        self.encoded(fin, opcode, |output| {
            encoder.encode(payload, fin, output);
            Some(rsv)
        });
    }

    /// Queues a frame whose payload `encode` writes, unless it gives no bits.
    fn encoded(
        &mut self,
        fin: bool,
        opcode: Opcode,
        encode: impl FnOnce(&mut Output<'_>) -> Option<Rsv>,
    ) -> bool {
        let masking_key = self.setup.keys.map(|fresh| fresh());
        self.outbox.push_encoded(masking_key, encode, |rsv, len| {
            let mut octets = [0; MAX_HEADER_LEN];
            let header = FrameHeader { fin, rsv, masking_key, ..FrameHeader::new(opcode, len) };
            // No allocation holds 2⁶³ octets, so there is always a header.
            let len = header.encode(&mut octets).unwrap_or_default();
            (octets, len)
        })
    }

    fn share(&mut self, message: &Message) -> Result<(), Misuse> {
        self.outbox.push_frame(&message.header(), &[])?;
        self.outbox.push_shared(message.payload().clone());
        Ok(())
    }
}

impl fmt::Debug for Send {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send")
            .field("outbox", &self.outbox)
            .field("open", &self.open)
            .finish_non_exhaustive()
    }
}
