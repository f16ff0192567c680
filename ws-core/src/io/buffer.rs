//! The octets received and not yet done with, in storage that stays initialised: `Read` is never
//! shown memory that was not written. Grows with what has arrived, never by what a header claims.

use alloc::vec::Vec;
use core::ops::Range;
use std::io::{self, ErrorKind, Read};

use crate::memory::{self, OutOfMemory};

/// The storage of a busy connection: one read brings at most this much. An idle one starts smaller.
pub(super) const READ_LEN: usize = 64 * 1024;
const FIRST_LEN: usize = 8 * 1024;

/// A read is offered at least this much room.
const MIN_ROOM: usize = 1024;

#[derive(Debug, Default)]
pub(super) struct Buffer {
    storage: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    pub(super) fn from_octets(octets: &[u8]) -> Self {
        Self { storage: octets.into(), start: 0, end: octets.len() }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(super) fn octets_mut(&mut self) -> &mut [u8] {
        self.storage.get_mut(self.start..self.end).unwrap_or_default()
    }

    /// Keeps `keep` octets behind the first `discard`, which stay where they are until the next
    /// [`fill`](Self::fill). Returns `range`, of [`octets_mut`](Self::octets_mut), as [`kept`](Self::kept)
    /// takes it.
    pub(super) fn settle(
        &mut self,
        discard: usize,
        keep: usize,
        range: Range<usize>,
    ) -> Range<usize> {
        let base = self.start;
        self.start = base.saturating_add(discard).min(self.end);
        self.end = self.start.saturating_add(keep).min(self.end);
        base.saturating_add(range.start)..base.saturating_add(range.end)
    }

    /// Octets that were settled and not yet read over.
    pub(super) fn kept(&self, range: Range<usize>) -> &[u8] {
        self.storage.get(range).unwrap_or_default()
    }

    pub(super) const fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    /// Reads once, behind what is there; `awaited` octets are known to be on their way.
    pub(super) fn fill(&mut self, reader: &mut impl Read, awaited: u64) -> io::Result<usize> {
        self.make_room(awaited)?;
        let room = self.storage.get_mut(self.end..).unwrap_or_default();
        loop {
            match reader.read(room) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(read) => {
                    self.end = self.end.saturating_add(read).min(self.storage.len());
                    return Ok(read);
                }
            }
        }
    }

    fn make_room(&mut self, awaited: u64) -> Result<(), OutOfMemory> {
        let len = self.end.saturating_sub(self.start);
        if self.start > 0 && (len == 0 || self.start >= len) {
            self.storage.copy_within(self.start..self.end, 0);
            self.start = 0;
            self.end = len;
        }
        if self.end == 0 && self.storage.len() > READ_LEN {
            // It grew for a long message, which has gone: nobody knows how long the wait is now.
            self.storage = Vec::new();
        }
        if self.storage.len().saturating_sub(self.end) >= MIN_ROOM {
            return Ok(());
        }
        let awaited = usize::try_from(awaited).unwrap_or(usize::MAX);
        let step = if self.storage.is_empty() { FIRST_LEN } else { READ_LEN.max(len / 10) };
        let room = awaited.clamp(MIN_ROOM.max(FIRST_LEN.saturating_sub(self.end)), step);
        memory::reserve(&mut self.storage, room)?;
        self.storage.resize(self.storage.len().saturating_add(room), 0);
        Ok(())
    }
}
