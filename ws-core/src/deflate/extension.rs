//! permessage-deflate as a connection's extension: which messages, which context (RFC 7692 §6, §7).
//!
//! In: a message's bits and payload, either way. Out: the same, the other way. RSV1 on the first
//! frame says that a message is compressed; one that is not never enters a window.
//!
//! ```text
//!                    context taken over          not taken over
//! first message      made                        from the thread's pool, or made
//! end of a message   kept                        back to the pool
//! next message       goes on                     from the pool, forgetting everything
//! error              dropped                     dropped
//! ```

use alloc::vec::Vec;

use bytes::Bytes;

use super::compress::{Compressor, Settings, compress_nothing};
use super::inflate::Inflater;
use super::{Deflate, DeflateParams, pool};
use crate::error::Violation;
use crate::extension::{Decoded, Extension, Output};
use crate::frame::{FrameHeader, MAX_HEADER_LEN, Rsv};
use crate::message::MessageKind;
use crate::prepared::PreparedMessage;
use crate::role::Role;

/// One connection's half of permessage-deflate, in either role.
#[derive(Debug)]
pub struct PerMessageDeflate {
    receive: Receive,
    send: Send,
}

#[derive(Debug)]
struct Receive {
    window_bits: u8,
    takeover: bool,
    inflater: Option<Inflater>,
}

#[derive(Debug)]
struct Send {
    settings: Settings,
    takeover: bool,
    threshold: usize,
    /// Off where the peer's window is one that zlib does not have.
    can_compress: bool,
    compressor: Option<Compressor>,
    #[cfg(debug_assertions)]
    shadow: super::shadow::Shadow,
}

impl PerMessageDeflate {
    /// With what was agreed, for an endpoint of this role that compresses as `deflate` says.
    #[must_use]
    pub fn new(role: Role, params: &DeflateParams, deflate: &Deflate) -> Self {
        let (ours, theirs) = match role {
            Role::Server => (
                (params.server_max_window_bits, params.server_no_context_takeover),
                (params.client_max_window_bits, params.client_no_context_takeover),
            ),
            Role::Client => (
                (params.client_max_window_bits, params.client_no_context_takeover),
                (params.server_max_window_bits, params.server_no_context_takeover),
            ),
        };
        let receive = Receive { window_bits: theirs.0.get(), takeover: !theirs.1, inflater: None };
        let settings = Settings {
            level: deflate.level,
            window_bits: ours.0,
            memory_level: deflate.memory_level,
        };
        let send = Send {
            settings,
            takeover: !ours.1,
            threshold: deflate.threshold,
            can_compress: ours.0.get() > 8,
            compressor: None,
            #[cfg(debug_assertions)]
            shadow: super::shadow::Shadow::new(ours.0.get()),
        };
        Self { receive, send }
    }
}

impl Extension for PerMessageDeflate {
    fn rsv(&self) -> Rsv {
        Rsv::RSV1
    }

    fn begin_decode(&mut self, rsv: Rsv) -> bool {
        let compressed = rsv == Rsv::RSV1;
        if compressed {
            let Receive { window_bits, inflater, .. } = &mut self.receive;
            inflater.get_or_insert_with(|| pool::take_inflater(*window_bits)).begin();
        }
        compressed
    }

    fn decode(
        &mut self,
        payload: &[u8],
        fin: bool,
        output: &mut Output<'_>,
    ) -> Result<Decoded, Violation> {
        let Some(mut inflater) = self.receive.inflater.take() else {
            return Err(Violation::CompressedDataInvalid);
        };
        let decoded = inflater.inflate(payload, fin, output)?;
        if fin && decoded.done && !self.receive.takeover {
            pool::give_inflater(inflater);
        } else {
            self.receive.inflater = Some(inflater);
        }
        Ok(decoded)
    }

    fn begin_encode(&mut self, _kind: MessageKind, len: Option<usize>) -> Rsv {
        let compressed = self.send.can_compress && len.is_none_or(|len| len >= self.send.threshold);
        if compressed { Rsv::RSV1 } else { Rsv::NONE }
    }

    fn encode(&mut self, payload: &[u8], fin: bool, output: &mut Output<'_>) {
        let send = &mut self.send;
        if payload.is_empty() {
            compress_nothing(fin, output);
        } else {
            send.compressor
                .get_or_insert_with(|| pool::take_compressor(send.settings))
                .compress(payload, fin, output);
        }
        #[cfg(debug_assertions)]
        send.shadow.check(payload, fin, output.written(), send.takeover);
        if fin
            && !send.takeover
            && let Some(compressor) = send.compressor.take()
        {
            pool::give_compressor(compressor);
        }
    }

    fn prepared(&mut self, message: &PreparedMessage) -> Option<Bytes> {
        let len = message.payload().len();
        if self.begin_encode(message.kind(), Some(len)) == Rsv::NONE {
            return None;
        }
        let frame = message.compressed(self.send.settings);
        // The peer's window has moved on by this message, and ours has not: what it refers to next
        // must be behind it.
        if let Some(compressor) = &mut self.send.compressor {
            compressor.reset();
        }
        #[cfg(debug_assertions)]
        self.send.shadow.check_frame(message.payload(), &frame, self.send.takeover);
        Some(frame)
    }
}

/// The server's frame for a message, compressed by a context of its own.
pub(crate) fn compressed_frame(message: &PreparedMessage, settings: Settings) -> Bytes {
    let mut storage = Vec::new();
    let mut end = 0;
    let mut compressor = pool::take_compressor(settings);
    let mut output = Output::new(&mut storage, &mut end, usize::MAX);
    output.push(&[0; MAX_HEADER_LEN]);
    compressor.compress(message.payload(), true, &mut output);
    pool::give_compressor(compressor);
    let payload = storage.get(MAX_HEADER_LEN..end).unwrap_or_default();
    let header = FrameHeader {
        rsv: Rsv::RSV1,
        ..FrameHeader::new(message.kind().opcode(), payload.len() as u64)
    };
    let mut octets = [0; MAX_HEADER_LEN];
    // No allocation holds 2⁶³ octets, so there is always a header.
    let header_len = header.encode(&mut octets).unwrap_or_default();
    let head = octets.get(..header_len).unwrap_or_default();
    [head, payload].concat().into()
}
