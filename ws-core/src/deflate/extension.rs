//! permessage-deflate as a connection's extension: which messages, which context (RFC 7692 §6, §7).
//!
//! In: a message's bits and payload, either way. Out: the same, the other way. RSV1 on the first
//! frame says that a message is compressed; one that is not never enters a window.
//!
//! ```text
//!                    context taken over   and too many are held   not taken over
//! first message      from the thread's pool, or made
//! end of a message   held                 its window held         back to the pool
//! next message       goes on              from the pool, with     from the pool, forgetting
//!                                         the window              everything
//! error              dropped              dropped                 dropped
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;

use super::compress::{Compressor, Settings, compress_nothing};
use super::history::History;
use super::inflate::Inflater;
use super::pool::Held;
use super::{Deflate, DeflateParams, pool};
use crate::error::Violation;
use crate::extension::{Decoded, Decoder, Encoder, Output};
use crate::frame::{FrameHeader, MAX_HEADER_LEN, Rsv};
use crate::message::MessageKind;
use crate::prepared::PreparedMessage;
use crate::role::Role;

/// With context takeover, a message that cannot be compressed may grow by as much as its blocks'
/// headers: that costs less than the window.
const STORED_OVERHEAD: usize = 5;
const STORED_LEN: usize = 16 * 1024;

/// What one connection receives under permessage-deflate, in either role.
#[derive(Debug)]
pub struct DeflateDecoder {
    window_bits: u8,
    takeover: bool,
    max_held: usize,
    inflater: Option<Box<Inflater>>,
    held: Option<Held>,
    /// What the next message may refer to, while the inflater is not held.
    history: Option<History>,
}

/// What one connection sends under permessage-deflate, in either role.
#[derive(Debug)]
pub struct DeflateEncoder {
    settings: Settings,
    takeover: bool,
    threshold: usize,
    /// Off where the peer's window is one that zlib does not have.
    can_compress: bool,
    max_held: usize,
    compressor: Option<Box<Compressor>>,
    held: Option<Held>,
    /// What the next message may refer to, while the compressor is not held.
    history: Option<History>,
    #[cfg(debug_assertions)]
    shadow: super::shadow::Shadow,
}

impl DeflateDecoder {
    /// With what was agreed, for an endpoint of this role.
    #[must_use]
    pub const fn new(role: Role, params: &DeflateParams, deflate: &Deflate) -> Self {
        let (window_bits, takeover) = params.of_sender(role.peer());
        Self {
            window_bits: window_bits.get(),
            takeover,
            max_held: deflate.max_held_contexts(),
            inflater: None,
            held: None,
            history: None,
        }
    }
}

impl DeflateEncoder {
    /// With what was agreed, for an endpoint of this role that compresses as `deflate` says.
    #[must_use]
    pub fn new(role: Role, params: &DeflateParams, deflate: &Deflate) -> Self {
        let max_held = deflate.max_held_contexts();
        let ours = deflate.compressor(params, role);
        // Without a window to compress for, these are not used.
        let (window_bits, takeover) = ours.unwrap_or((deflate.window_bits(), false));
        Self {
            settings: Settings {
                level: deflate.level(),
                window_bits,
                memory_level: deflate.memory_level(),
            },
            takeover,
            threshold: deflate.threshold(),
            can_compress: ours.is_some(),
            max_held,
            compressor: None,
            held: None,
            history: None,
            #[cfg(debug_assertions)]
            shadow: super::shadow::Shadow::new(window_bits.get()),
        }
    }
}

impl Decoder for DeflateDecoder {
    fn rsv(&self) -> Rsv {
        Rsv::RSV1
    }

    fn begin_decode(&mut self, rsv: Rsv) -> bool {
        let compressed = rsv == Rsv::RSV1;
        if compressed {
            self.begin();
        }
        compressed
    }

    fn decode(
        &mut self,
        payload: &[u8],
        fin: bool,
        output: &mut Output<'_>,
    ) -> Result<Decoded, Violation> {
        let Some(mut inflater) = self.inflater.take() else {
            return Err(Violation::CompressedDataInvalid);
        };
        let decoded = inflater.inflate(payload, fin, output)?;
        if fin && decoded.done {
            self.end(inflater);
        } else {
            self.inflater = Some(inflater);
        }
        Ok(decoded)
    }
}

impl Encoder for DeflateEncoder {
    fn encode_message(
        &mut self,
        _kind: MessageKind,
        payload: &[u8],
        output: &mut Output<'_>,
    ) -> Rsv {
        if !self.compresses(payload.len()) {
            return Rsv::NONE;
        }
        self.compress(payload, true, output);
        let grown = output.written().len().saturating_sub(payload.len());
        if !self.takeover && grown > 0 && !payload.is_empty() {
            // Nothing is lost by sending it as it is.
            return Rsv::NONE;
        }
        if grown > STORED_OVERHEAD.saturating_mul(payload.len() / STORED_LEN).saturating_add(16) {
            // Sent as it is, it is not in the peer's window, so it must leave ours: all of it goes.
            self.forget();
            return Rsv::NONE;
        }
        self.check(payload, true, output.written());
        Rsv::RSV1
    }

    fn begin_encode(&mut self, _kind: MessageKind) -> Rsv {
        if self.can_compress { Rsv::RSV1 } else { Rsv::NONE }
    }

    fn encode(&mut self, payload: &[u8], fin: bool, output: &mut Output<'_>) {
        self.compress(payload, fin, output);
        self.check(payload, fin, output.written());
    }

    fn prepared(&mut self, message: &PreparedMessage) -> Option<Bytes> {
        if !self.compresses(message.payload().len()) {
            return None;
        }
        let frame = message.compressed(self.settings);
        if frame.len() > message.frame().len() && !message.payload().is_empty() {
            // It has grown: sent as it is, it enters neither window.
            return None;
        }
        // The peer's window has moved on by this message, and ours has not: what it refers to next
        // must be behind it.
        self.forget();
        let header = FrameHeader::decode(&frame).ok().flatten();
        let coded = header.and_then(|(_, len)| frame.get(len..)).unwrap_or_default();
        self.check(message.payload(), true, coded);
        Some(frame)
    }
}

impl DeflateDecoder {
    /// A compressed message begins.
    fn begin(&mut self) {
        let Self { window_bits, inflater, history, .. } = self;
        let inflater = inflater.get_or_insert_with(|| {
            let mut inflater = pool::take_inflater(*window_bits);
            if let Some(history) = history.take() {
                inflater.resume(history);
            }
            inflater
        });
        inflater.begin();
    }

    /// One has ended.
    fn end(&mut self, mut inflater: Box<Inflater>) {
        if self.takeover {
            self.held = self.held.take().or_else(|| Held::one_of(self.max_held));
            if self.held.is_some() {
                self.inflater = Some(inflater);
                return;
            }
            self.history = Some(inflater.take_history());
        }
        pool::give_inflater(inflater);
    }
}

impl DeflateEncoder {
    /// Whether a message of `len` octets is worth it.
    const fn compresses(&self, len: usize) -> bool {
        self.can_compress && len >= self.threshold
    }

    /// Compresses one fragment.
    fn compress(&mut self, payload: &[u8], fin: bool, output: &mut Output<'_>) {
        if fin && self.takeover && self.held.is_none() {
            self.held = Held::one_of(self.max_held);
        }
        let holds = self.held.is_some();
        if payload.is_empty() {
            compress_nothing(fin, output);
        } else {
            let Self { settings, history, .. } = self;
            let compressor = self.compressor.get_or_insert_with(|| {
                let mut compressor = pool::take_compressor(*settings);
                if let Some(history) = history {
                    compressor.resume(history);
                }
                compressor
            });
            compressor.compress(payload, fin, holds, output);
            if self.takeover && !holds {
                let history =
                    history.get_or_insert_with(|| History::new(settings.window_bits.get()));
                history.extend(payload);
            }
        }
        if !fin {
            return;
        }
        if holds {
            self.history = None;
        } else if let Some(compressor) = self.compressor.take() {
            pool::give_compressor(compressor);
        }
    }

    /// Nothing that was sent may be referred to any more.
    fn forget(&mut self) {
        self.history = None;
        if let Some(compressor) = &mut self.compressor {
            compressor.reset();
        }
    }

    /// What was compressed must mean what was sent: checked in debug builds.
    #[cfg_attr(not(debug_assertions), expect(clippy::unused_self, reason = "no shadow"))]
    fn check(&mut self, payload: &[u8], fin: bool, coded: &[u8]) {
        #[cfg(debug_assertions)]
        self.shadow.check(payload, fin, coded, self.takeover);
        #[cfg(not(debug_assertions))]
        let _ = (payload, fin, coded);
    }
}

/// The server's frame for a message, compressed by a context of its own.
pub(crate) fn compressed_frame(message: &PreparedMessage, settings: Settings) -> Bytes {
    let mut storage = Vec::new();
    let mut end = 0;
    let mut compressor = pool::take_compressor(settings);
    let mut output = Output::new(&mut storage, &mut end);
    output.push(&[0; MAX_HEADER_LEN]);
    if message.payload().is_empty() {
        compress_nothing(true, &mut output);
    } else {
        compressor.compress(message.payload(), true, false, &mut output);
    }
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
