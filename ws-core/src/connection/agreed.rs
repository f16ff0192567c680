//! The decoding half of a connection's extension, and what it has decoded of the open message.
//!
//! In: payload in the caller's buffer, from the first octet not yet consumed. Out: what it decodes
//! to, in storage of the connection's own, since it may be longer.
//!
//! ```text
//! input:    […][ consumed ][ unmasked │ still masked ][…]
//! storage:  [ decoded so far ][ room ]
//! ```

use alloc::vec::Vec;
use core::mem::take;

use crate::error::Violation;
use crate::extension::{Decoded, Decoder, Output};
use crate::frame::Rsv;

/// An agreed extension, as far as receiving goes.
#[derive(Debug)]
pub(super) struct Agreed<D: ?Sized = dyn Decoder> {
    storage: Vec<u8>,
    /// Decoded octets at the front of the storage.
    len: usize,
    /// Octets at the front of what is left of the frame that are unmasked already.
    unmasked: usize,
    /// The decoder has more to write than there was room for.
    more: bool,
    /// Octets decoded of the open message.
    message_len: u64,
    pub(super) decoder: D,
}

/// What one call has decoded, behind what was decoded before.
pub(super) struct Progress<'a> {
    /// The octets decoded.
    pub(super) octets: &'a [u8],
    /// How many octets of payload are consumed; or the violation behind those decoded.
    pub(super) consumed: Result<usize, Violation>,
}

impl<D: Decoder> Agreed<D> {
    pub(super) const fn new(decoder: D) -> Self {
        Self { storage: Vec::new(), len: 0, unmasked: 0, more: false, message_len: 0, decoder }
    }
}

impl Agreed {
    /// Whether there is something to decode without another octet of payload.
    pub(super) const fn has_more(&self) -> bool {
        self.more
    }

    /// How many of the octets that come next are unmasked already.
    pub(super) const fn unmasked(&self) -> usize {
        self.unmasked
    }

    /// A message begins, with these bits. Whether the decoder decodes it.
    pub(super) fn begin(&mut self, rsv: Rsv) -> bool {
        self.len = 0;
        self.message_len = 0;
        self.decoder.begin_decode(rsv)
    }

    /// Octets decoded of the open message, those already dropped included.
    pub(super) const fn message_len(&self) -> u64 {
        self.message_len
    }

    /// Drops what was decoded before.
    pub(super) const fn clear(&mut self) {
        self.len = 0;
    }

    /// Drops what was decoded, and storage that is longer than `keep` octets.
    pub(super) fn drop_octets(&mut self, keep: usize) {
        self.len = 0;
        if self.storage.len() > keep {
            self.storage = Vec::new();
        }
    }

    /// The first `len` octets decoded.
    pub(super) fn octets(&self, len: usize) -> &[u8] {
        self.storage.get(..len).unwrap_or_default()
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Decodes `payload`, all of it unmasked now, until there are `limit` octets.
    pub(super) fn decode(&mut self, payload: &[u8], fin: bool, limit: usize) -> Progress<'_> {
        let start = self.len;
        let mut output = Output::limited(&mut self.storage, &mut self.len, limit);
        let mut decoded = self.decoder.decode(payload, fin, &mut output);
        if output.is_exhausted() {
            // Longer than there is memory for, so too long for us.
            decoded = Err(Violation::MessageTooLong);
        }
        let octets = self.storage.get(start..self.len).unwrap_or_default();
        self.message_len = self.message_len.saturating_add(octets.len() as u64);
        let consumed = decoded.map(|Decoded { consumed, done }| {
            self.more = !done;
            self.unmasked = payload.len().saturating_sub(consumed);
            consumed.min(payload.len())
        });
        Progress { octets, consumed }
    }

    /// The decoded octets, without a copy.
    pub(super) fn take_octets(&mut self) -> Vec<u8> {
        self.storage.truncate(take(&mut self.len));
        take(&mut self.storage)
    }

    pub(super) const fn has_storage(&self) -> bool {
        !self.storage.is_empty()
    }

    /// The storage, whatever is in it.
    pub(super) fn take_storage(&mut self) -> Vec<u8> {
        self.len = 0;
        take(&mut self.storage)
    }

    /// Storage to use from now on, if there is none yet.
    pub(super) fn give_storage(&mut self, storage: Vec<u8>) {
        if self.storage.is_empty() {
            self.storage = storage;
        }
    }
}
