//! Octets waiting to be written: small payloads copied together, large shared ones referred to.
//!
//! In: frames, in order. Out: slices for one vectored write, and how far it got.
//! Holds no memory for what has been written, and allocates nothing once it has grown.
//!
//! ```text
//! storage:  [ written ][ header, payload, header │ header, payload ]   ]
//!                      ▲ head                    ▲ shared[0].at     ▲ end
//! shared:                                    [payload]
//! ```

use alloc::boxed::Box;
use alloc::collections::{VecDeque, vec_deque};
use alloc::vec::Vec;
use core::mem;

use bytes::{Buf, Bytes};

use crate::error::Misuse;
use crate::extension::Output;
use crate::frame::{FrameHeader, MAX_HEADER_LEN, Rsv};
use crate::mask;

/// Rather than grow, the storage is moved over what has been written, once that is this part (a
/// quarter) of what has not: at most four octets moved for each one written, and memory within an
/// application's limit and a half, however long the peer stays behind.
const COMPACT_FROM: usize = 4;

/// The first storage has this many octets: a batch of small frames.
const MIN_STORAGE: usize = 1024;

/// The queue of octets to send.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// Initialised octets, reused over and over: masking can then copy into them in one pass.
    storage: Vec<u8>,
    /// Behind the last octet of `storage` that is queued.
    end: usize,
    /// Payloads between those octets; most connections never send any that long.
    shared: Option<Box<Queue>>,
    /// Octets queued, in the storage and shared.
    len: usize,
    /// The last write took less than it was offered: the peer, or the network, is behind.
    blocked: bool,
}

/// Payloads that are referred to, not copied.
#[derive(Debug, Default)]
struct Queue {
    payloads: VecDeque<Shared>,
    /// Octets of all of them.
    len: usize,
}

#[derive(Debug)]
struct Shared {
    /// It goes before this octet of the storage.
    at: usize,
    octets: Bytes,
}

impl Outbox {
    /// Octets queued.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first octet of the storage that is queued.
    fn head(&self) -> usize {
        let shared = self.shared.as_ref().map_or(0, |shared| shared.len);
        self.end.saturating_add(shared).saturating_sub(self.len)
    }

    pub(super) const fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Queues `header`, and behind it a copy of `payload`, masked if the header has a key. Or of
    /// nothing, where the payload follows as [shared](Self::push_shared).
    #[inline]
    pub(super) fn push_frame(
        &mut self,
        header: &FrameHeader,
        payload: &[u8],
    ) -> Result<(), Misuse> {
        let room = self.room(payload.len().saturating_add(MAX_HEADER_LEN));
        let Some(to_header) = room.first_chunk_mut() else { return Ok(()) };
        let header_len = header.encode(to_header)?;
        let room = room.get_mut(header_len..).unwrap_or_default();
        let Some(to_payload) = room.get_mut(..payload.len()) else { return Ok(()) };
        match header.masking_key {
            Some(key) => {
                mask::copy(to_payload, payload, key, 0);
            }
            None => to_payload.copy_from_slice(payload),
        }
        self.queued(header_len.saturating_add(payload.len()));
        Ok(())
    }

    /// Queues a copy of octets that are a frame already.
    pub(super) fn push(&mut self, octets: &[u8]) {
        if let Some(to) = self.room(octets.len()).get_mut(..octets.len()) {
            to.copy_from_slice(octets);
            self.queued(octets.len());
        }
    }

    /// Queues a frame whose payload `encode` writes, in place; `head` gives its header, once the
    /// bits and the payload's length are known. Masked if there is a key. Queues nothing, and tells
    /// so, if there are no bits.
    pub(super) fn push_encoded(
        &mut self,
        masking_key: Option<[u8; 4]>,
        encode: impl FnOnce(&mut Output<'_>) -> Option<Rsv>,
        head: impl FnOnce(Rsv, u64) -> ([u8; MAX_HEADER_LEN], usize),
    ) -> bool {
        // The payload goes where it would stand behind the longest header, then down.
        self.room(MAX_HEADER_LEN);
        let encoded = self.end.saturating_add(MAX_HEADER_LEN);
        let mut end = encoded;
        let Some(rsv) = encode(&mut Output::new(&mut self.storage, &mut end)) else {
            return false;
        };
        let payload = self.storage.get_mut(encoded..end).unwrap_or_default();
        let payload_len = payload.len();
        if let Some(key) = masking_key {
            mask::apply(payload, key, 0);
        }
        let (octets, head_len) = head(rsv, payload_len as u64);
        for (to, from) in self.storage.iter_mut().skip(self.end).zip(octets.iter().take(head_len)) {
            *to = *from;
        }
        self.storage.copy_within(encoded..end, self.end.saturating_add(head_len));
        self.queued(head_len.saturating_add(payload_len));
        true
    }

    /// Queues `octets` themselves.
    pub(super) fn push_shared(&mut self, octets: Bytes) {
        self.len = self.len.saturating_add(octets.len());
        let shared = self.shared.get_or_insert_default();
        shared.len = shared.len.saturating_add(octets.len());
        shared.payloads.push_back(Shared { at: self.end, octets });
    }

    /// What to write, in order.
    #[inline]
    pub(super) fn slices(&self) -> Slices<'_> {
        let copied = self.storage.get(..self.end).unwrap_or_default();
        let shared = self.shared.as_ref().map(|shared| shared.payloads.iter()).unwrap_or_default();
        Slices { copied, from: self.head(), payload: &[], shared }
    }

    /// The first `written` octets have been taken by the transport.
    pub(super) fn advance(&mut self, mut written: usize) {
        if written >= self.len {
            if let Some(Queue { payloads, len }) = self.shared.as_deref_mut() {
                while payloads.pop_front().is_some() {}
                *len = 0;
            }
            (self.end, self.len, self.blocked) = (0, 0, false);
            return;
        }
        self.blocked = true;
        let mut head = self.head();
        self.len = self.len.saturating_sub(written);
        let Some(Queue { payloads, len }) = self.shared.as_deref_mut() else { return };
        while let Some(first) = payloads.front_mut() {
            let copied = first.at.saturating_sub(head).min(written);
            head = head.saturating_add(copied);
            written = written.saturating_sub(copied);
            let taken = first.octets.len().min(written);
            first.octets.advance(taken);
            written = written.saturating_sub(taken);
            *len = len.saturating_sub(taken);
            if !first.octets.is_empty() {
                break;
            }
            payloads.pop_front();
        }
    }

    /// The storage, if nothing is queued in it: an idle connection need not hold any.
    pub(super) fn take_storage(&mut self) -> Vec<u8> {
        if self.is_empty() { mem::take(&mut self.storage) } else { Vec::new() }
    }

    #[cfg(feature = "tokio")]
    pub(super) const fn storage_len(&self) -> usize {
        self.storage.len()
    }

    /// Storage to use from now on, if there is none yet.
    pub(super) fn give_storage(&mut self, storage: Vec<u8>) {
        if self.storage.is_empty() {
            self.storage = storage;
        }
    }

    /// The storage behind what is queued, at least `len` octets: for the caller to write over.
    #[inline]
    fn room(&mut self, len: usize) -> &mut [u8] {
        if self.storage.len().saturating_sub(self.end) < len {
            self.make_room(len);
        }
        self.storage.get_mut(self.end..).unwrap_or_default()
    }

    /// The first `len` octets of [`room`](Self::room) have been written over.
    #[inline]
    fn queued(&mut self, len: usize) {
        self.end = self.end.saturating_add(len);
        self.len = self.len.saturating_add(len);
    }

    fn make_room(&mut self, len: usize) {
        let head = self.head();
        let live = self.end.saturating_sub(head);
        if head > 0 && head >= live / COMPACT_FROM {
            self.compact(head);
        }
        let end = self.end.saturating_add(len);
        if end > self.storage.len() {
            self.grow(end);
        }
    }

    /// Makes the storage at least `len` octets long, an eighth longer than it was where that is
    /// more: neither a copy per frame nor twice the memory of a long message.
    fn grow(&mut self, len: usize) {
        let least = MIN_STORAGE.max(self.storage.len().saturating_add(self.storage.len() / 8));
        let len = len.max(least);
        self.storage.reserve_exact(len.saturating_sub(self.storage.len()));
        self.storage.resize(len, 0);
    }

    /// Moves the storage over its first `head` octets.
    fn compact(&mut self, head: usize) {
        self.storage.copy_within(head..self.end, 0);
        for shared in self.shared.iter_mut().flat_map(|shared| &mut shared.payloads) {
            shared.at = shared.at.saturating_sub(head);
        }
        self.end = self.end.saturating_sub(head);
    }
}

/// The slices of what is queued, none of them empty.
pub(super) struct Slices<'a> {
    /// The storage up to the last octet that is queued.
    copied: &'a [u8],
    /// How far it has been told.
    from: usize,
    /// The payload that comes next.
    payload: &'a [u8],
    shared: vec_deque::Iter<'a, Shared>,
}

impl<'a> Iterator for Slices<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if !self.payload.is_empty() {
                return Some(mem::take(&mut self.payload));
            }
            let next = self.shared.next();
            let until = next.map_or(self.copied.len(), |shared| shared.at);
            let copied = self.copied.get(self.from..until).unwrap_or_default();
            self.from = until;
            self.payload = next.map_or(&[], |shared| &shared.octets);
            if !copied.is_empty() {
                return Some(copied);
            }
            next?;
        }
    }
}
