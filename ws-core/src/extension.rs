//! Extensions: what is agreed beyond RFC 6455's frames (§5.8, §9).
//!
//! In: the reserved bits and the payload of data messages. Out: other bits, another payload.
//! An extension is two values that know nothing of each other, since receiving and sending may be two
//! tasks' work: a [`Decoder`] and an [`Encoder`]. [`deflate`](crate::deflate) is one.
//!
//! ```text
//! frame in ─▶ check (bits allowed?) ─▶ unmask ─▶ Decoder::decode ─▶ UTF-8 ─▶ event
//! message ─▶ Encoder::encode_message ─▶ bits, payload ─▶ mask ─▶ frame out
//! fragments ─▶ Encoder::begin_encode ─▶ bits, then each ─▶ Encoder::encode ─▶ mask ─▶ frame out
//! ```
//!
//! Control frames never pass through: no agreed bit stands on them.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use crate::error::Violation;
use crate::frame::Rsv;
use crate::memory;
use crate::message::MessageKind;
use crate::prepared::PreparedMessage;

/// What an agreed extension does to the messages that one connection receives.
///
/// One message at a time passes through: [`begin_decode`](Self::begin_decode), then its payload, piece
/// by piece, the last one with `fin`.
pub trait Decoder: fmt::Debug + Send + Sync {
    /// The bits that a peer may set on the first frame of a message. Others are violations.
    fn rsv(&self) -> Rsv;

    /// A message from the peer begins with these of [`rsv`](Self::rsv)'s bits. Returns whether its
    /// payload is to pass through [`decode`](Self::decode).
    fn begin_decode(&mut self, rsv: Rsv) -> bool;

    /// Decodes some more of the message's payload, unmasked; behind it the message ends if `fin`.
    ///
    /// Writes until all that `payload` means is out, or until `output` has no
    /// [`room`](Output::room) left: then it is called again, with the octets not consumed, and
    /// `fin` as before.
    ///
    /// # Errors
    ///
    /// The violation fails the connection; the decoder is dropped, and the encoder with it.
    fn decode(
        &mut self,
        payload: &[u8],
        fin: bool,
        output: &mut Output<'_>,
    ) -> Result<Decoded, Violation>;
}

/// What an agreed extension does to the messages that one connection sends.
///
/// One message at a time passes through: all of it by [`encode_message`](Self::encode_message), or
/// [`begin_encode`](Self::begin_encode), then its fragments, the last one with `fin`.
pub trait Encoder: fmt::Debug + Send + Sync {
    /// Encodes a message of ours that goes as one frame, and returns the bits for it. With none,
    /// `payload` goes as it is, whatever was written.
    fn encode_message(&mut self, kind: MessageKind, payload: &[u8], output: &mut Output<'_>)
    -> Rsv;

    /// A message of ours begins, in fragments. Returns the bits for its first frame; with none, its
    /// payload does not pass through [`encode`](Self::encode).
    fn begin_encode(&mut self, kind: MessageKind) -> Rsv;

    /// Encodes one fragment, the message's last if `fin`. Room is made as it asks for it.
    fn encode(&mut self, payload: &[u8], fin: bool, output: &mut Output<'_>);

    /// The server's frame for a message prepared for many, if the extension changes it.
    fn prepared(&mut self, message: &PreparedMessage) -> Option<Bytes> {
        let _ = message;
        None
    }
}

/// How far one call of [`Decoder::decode`] came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoded {
    /// Octets of the payload that need not be passed in again.
    pub consumed: usize,
    /// Whether all that the payload means is written.
    pub done: bool,
}

/// Storage is made longer by at least this much, so that small payloads do not make it grow often.
const MIN_GROWTH: usize = 1024;

/// Where an extension puts octets: at the end of storage that stays initialised.
#[derive(Debug)]
pub struct Output<'a> {
    storage: &'a mut Vec<u8>,
    end: &'a mut usize,
    start: usize,
    /// No octet is written at or behind this place.
    limit: usize,
    /// What is written is as long as the peer has it.
    peers: bool,
    /// There was no memory for more.
    exhausted: bool,
}

impl<'a> Output<'a> {
    /// For what is made of a message of ours: writes to `storage` from `end` on.
    pub(crate) const fn new(storage: &'a mut Vec<u8>, end: &'a mut usize) -> Self {
        let start = *end;
        Self { storage, end, start, limit: usize::MAX, peers: false, exhausted: false }
    }

    /// For what is made of the peer's: writes to `storage` from `end` on, up to `limit`, or until
    /// there is no memory.
    pub(crate) const fn limited(
        storage: &'a mut Vec<u8>,
        end: &'a mut usize,
        limit: usize,
    ) -> Self {
        let start = *end;
        Self { storage, end, start, limit, peers: true, exhausted: false }
    }

    /// Whether there was no memory for what should have been written.
    pub(crate) const fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Room for the next octets: at least `least` of them, fewer only where a limit comes first, and
    /// none once it is reached. What is in it is rubbish.
    pub fn room(&mut self, least: usize) -> &mut [u8] {
        let least = least.min(self.limit.saturating_sub(*self.end));
        let needed = self.end.saturating_add(least);
        if needed > self.storage.len() {
            // A quarter longer where that is more: neither a copy per call nor twice the memory.
            let longer = self.storage.len().saturating_add(self.storage.len() / 4);
            let len = needed.max(MIN_GROWTH).max(longer).min(self.limit.max(needed));
            let more = len.saturating_sub(self.storage.len());
            if !self.peers {
                self.storage.reserve_exact(more);
            } else if memory::reserve(self.storage, more).is_err() {
                self.exhausted = true;
                return &mut [];
            }
            self.storage.resize(len, 0);
        }
        let until = self.storage.len().min(self.limit);
        self.storage.get_mut(*self.end..until).unwrap_or_default()
    }

    /// The first `len` octets of the room were written.
    pub fn wrote(&mut self, len: usize) {
        *self.end = self.end.saturating_add(len).min(self.storage.len());
    }

    /// The octets written since this was made.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        self.storage.get(self.start..*self.end).unwrap_or_default()
    }

    /// Takes back the last `len` octets written since this was made, or all of them.
    pub fn take_back(&mut self, len: usize) {
        *self.end = self.end.saturating_sub(len).max(self.start);
    }

    /// Writes `octets`, as far as there is room.
    pub fn push(&mut self, octets: &[u8]) {
        let room = self.room(octets.len());
        let len = octets.len().min(room.len());
        if let (Some(to), Some(from)) = (room.get_mut(..len), octets.get(..len)) {
            to.copy_from_slice(from);
        }
        self.wrote(len);
    }
}
