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
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::{Buf, Bytes};

use crate::extension::Output;
use crate::frame::{MAX_HEADER_LEN, Rsv};
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
    /// The first octet of `storage` not yet written.
    head: usize,
    /// Behind the last octet of `storage` that is queued.
    end: usize,
    /// Payloads between the octets of the storage; most connections never send any that long.
    shared: Option<Box<Queue>>,
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
        let copied = self.end.saturating_sub(self.head);
        match &self.shared {
            Some(shared) => copied.saturating_add(shared.len),
            None => copied,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) const fn is_blocked(&self) -> bool {
        self.blocked
    }

    /// Queues a copy of `head` and of `payload`, masked if there is a key.
    pub(super) fn push(&mut self, head: &[u8], payload: &[u8], masking_key: Option<[u8; 4]>) {
        let room = self.room(head.len().saturating_add(payload.len()));
        let (to_head, to_payload) = room.split_at_mut_checked(head.len()).unwrap_or_default();
        to_head.copy_from_slice(head);
        match masking_key {
            Some(key) => {
                mask::copy(to_payload, payload, key, 0);
            }
            None => to_payload.copy_from_slice(payload),
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
        let encoded = self.end;
        let rsv = encode(&mut Output::new(&mut self.storage, &mut self.end));
        let start = encoded.saturating_sub(MAX_HEADER_LEN);
        let Some(rsv) = rsv else {
            self.end = start;
            return false;
        };
        let payload = self.storage.get_mut(encoded..self.end).unwrap_or_default();
        if let Some(key) = masking_key {
            mask::apply(payload, key, 0);
        }
        let (octets, head_len) = head(rsv, payload.len() as u64);
        let to_payload = start.saturating_add(head_len);
        for (to, from) in self.storage.iter_mut().skip(start).zip(octets.iter().take(head_len)) {
            *to = *from;
        }
        self.storage.copy_within(encoded..self.end, to_payload);
        self.end = self.end.saturating_sub(MAX_HEADER_LEN.saturating_sub(head_len));
        true
    }

    /// Queues a copy of `head`, and `payload` itself.
    pub(super) fn push_shared(&mut self, head: &[u8], payload: Bytes) {
        self.push(head, &[], None);
        let shared = self.shared.get_or_insert_default();
        shared.len = shared.len.saturating_add(payload.len());
        shared.payloads.push_back(Shared { at: self.end, octets: payload });
    }

    /// What to write, in order.
    pub(super) fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = self.head;
        let storage = &self.storage;
        let shared = || self.shared.iter().flat_map(|shared| &shared.payloads);
        let tail_from = shared().next_back().map_or(self.head, |last| last.at.max(self.head));
        shared()
            .flat_map(move |shared| {
                let copied = storage.get(from..shared.at).unwrap_or_default();
                from = shared.at;
                [copied, &shared.octets]
            })
            .chain(storage.get(tail_from..self.end))
            .filter(|slice| !slice.is_empty())
    }

    /// The first `written` octets have been taken by the transport.
    pub(super) fn advance(&mut self, mut written: usize) {
        written = written.min(self.len());
        while written > 0 {
            let first = self.shared.as_ref().and_then(|shared| shared.payloads.front());
            let copied_until = first.map_or(self.end, |first| first.at);
            let copied = copied_until.saturating_sub(self.head).min(written);
            self.head = self.head.saturating_add(copied);
            written = written.saturating_sub(copied);
            if written == 0 {
                break;
            }
            let Some(Queue { payloads, len }) = self.shared.as_deref_mut() else { break };
            let Some(first) = payloads.front_mut() else { break };
            let taken = first.octets.len().min(written);
            first.octets.advance(taken);
            written = written.saturating_sub(taken);
            *len = len.saturating_sub(taken);
            if first.octets.is_empty() {
                payloads.pop_front();
            }
        }
        self.blocked = !self.is_empty();
        if !self.blocked {
            self.head = 0;
            self.end = 0;
        }
    }

    /// The storage, if nothing is queued in it: an idle connection need not hold any.
    pub(super) fn take_storage(&mut self) -> Vec<u8> {
        if self.is_empty() { core::mem::take(&mut self.storage) } else { Vec::new() }
    }

    /// Storage to use from now on, if there is none yet.
    pub(super) fn give_storage(&mut self, storage: Vec<u8>) {
        if self.storage.is_empty() {
            self.storage = storage;
        }
    }

    /// The next `len` octets of storage, now queued, for the caller to write over.
    fn room(&mut self, len: usize) -> &mut [u8] {
        let live = self.end.saturating_sub(self.head);
        let full = self.end.saturating_add(len) > self.storage.len();
        if full && self.head > 0 && self.head >= live / COMPACT_FROM {
            self.compact();
        }
        let start = self.end;
        let end = start.saturating_add(len);
        if end > self.storage.len() {
            self.grow(end);
        }
        self.end = end;
        self.storage.get_mut(start..end).unwrap_or_default()
    }

    /// Makes the storage at least `len` octets long, an eighth longer than it was where that is
    /// more: neither a copy per frame nor twice the memory of a long message.
    fn grow(&mut self, len: usize) {
        let least = MIN_STORAGE.max(self.storage.len().saturating_add(self.storage.len() / 8));
        let len = len.max(least);
        self.storage.reserve_exact(len.saturating_sub(self.storage.len()));
        self.storage.resize(len, 0);
    }

    fn compact(&mut self) {
        self.storage.copy_within(self.head..self.end, 0);
        for shared in self.shared.iter_mut().flat_map(|shared| &mut shared.payloads) {
            shared.at = shared.at.saturating_sub(self.head);
        }
        self.end = self.end.saturating_sub(self.head);
        self.head = 0;
    }
}
