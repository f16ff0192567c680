//! The octets received and not yet done with, read into a pooled buffer (`tokio::pool`).
//!
//! In: what the transport has. Out: octets for the connection to look at, payloads split off
//! without a copy. Grows with what has arrived, never by what a header claims.

use core::ops::Range;
use core::pin::pin;
use core::task::{Context, Poll, ready};
use std::io;

use ::tokio::io::{AsyncRead, AsyncReadExt};
use ::tokio::task::coop;
use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::pool::{self, MIN_ROOM, READ_LEN};
use crate::memory::{OutOfMemory, reserve_bytes};

/// A rest of at most this many octets moves out of a pooled buffer rather than keep it.
const SMALL_REST: usize = 4 * 1024;

/// Octets that count as a unit of their task's work, of which tokio allows 128 until the task has to
/// give way to others. A read counts as one however long it is: a peer that sends without end would
/// have 8 MiB looked at before it is anybody else's turn.
const OCTETS_OF_WORK: usize = 4 * 1024;

/// Octets that one read takes at most.
const MAX_READ: usize = 256 * 1024;

#[derive(Debug, Default)]
pub(super) struct ReadBuffer {
    octets: BytesMut,
    /// Octets allocated for a buffer to read into; 0 if `octets` is just what is left of a message.
    /// As many as can be told here, where there are more.
    allocated: u32,
    /// The last message was a long one, so the next may be, too.
    expects_long: bool,
}

impl ReadBuffer {
    pub(super) fn from_octets(octets: &[u8]) -> Self {
        Self { octets: own(octets), ..Self::default() }
    }

    pub(super) fn octets_mut(&mut self) -> &mut [u8] {
        &mut self.octets
    }

    pub(super) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.octets.clear();
    }

    /// Keeps `keep` octets behind the first `discard`.
    pub(super) fn settle(&mut self, discard: usize, keep: usize) {
        self.octets.truncate(discard.saturating_add(keep));
        self.octets.advance(discard.min(self.octets.len()));
    }

    /// Splits `range` off without a copy, and discards the octets before `discard`.
    #[inline]
    pub(super) fn take(&mut self, range: Range<usize>, discard: usize) -> Bytes {
        let mut taken = self.octets.split_to(range.end.min(self.octets.len())).freeze();
        taken.advance(range.start.min(taken.len()));
        let behind = discard.saturating_sub(range.end).min(self.octets.len());
        if behind > 0 {
            self.octets.advance(behind);
        }
        taken
    }

    /// Reads once, behind what is there; `awaited` octets are known to be on their way.
    pub(super) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        io: &mut S,
        awaited: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let between_messages = self.octets.is_empty() && awaited == 0;
        self.make_room(awaited)?;
        // The future holds no state, so dropping it when pending loses nothing.
        let read = ready!(pin!(io.read_buf(&mut (&mut self.octets).limit(MAX_READ))).poll(cx))?;
        if between_messages {
            self.expects_long = read > READ_LEN;
        }
        for _ in 0..read / OCTETS_OF_WORK {
            match coop::poll_proceed(cx) {
                Poll::Ready(work) => work.made_progress(),
                Poll::Pending => break, // The next read gives way.
            }
        }
        Poll::Ready(Ok(read))
    }

    /// Gives the buffer back to the thread, unless much is in it.
    pub(super) fn rest(&mut self) {
        if self.allocated > 0 && self.octets.len() <= SMALL_REST {
            let rest = own(&self.octets);
            pool::give_input(core::mem::replace(&mut self.octets, rest), self.allocated());
            self.allocated = 0;
        }
    }

    fn make_room(&mut self, awaited: u64) -> Result<(), OutOfMemory> {
        let len = self.octets.len();
        let awaited = usize::try_from(awaited).unwrap_or(usize::MAX);
        let room = awaited.clamp(MIN_ROOM, READ_LEN.max(len / 10));
        if self.allocated == 0 || len == 0 && !self.may_go_on(awaited) {
            let long = (self.expects_long && len == 0).then(|| pool::take_long_input(READ_LEN));
            let (buffer, allocated) =
                long.flatten().unwrap_or_else(|| (pool::take_input(), READ_LEN));
            self.move_to(buffer, allocated);
        }
        let there = self.octets.capacity().saturating_sub(len);
        if there >= room / 2 {
            return Ok(());
        }
        // Room that is there already may be used however little has arrived.
        if self.octets.try_reclaim(awaited.max(MIN_ROOM)) || self.octets.try_reclaim(room) {
            return Ok(());
        }
        let long = [awaited, room]
            .into_iter()
            .find_map(|room| pool::take_long_input(len.saturating_add(room)));
        self.expects_long = len >= READ_LEN;
        if let Some((long, allocated)) = long {
            self.move_to(long, allocated);
            return Ok(());
        }
        // Not its own `reserve`, which doubles: a long message would take twice its memory.
        reserve_bytes(&mut self.octets, room)?;
        self.set_allocated(self.octets.capacity());
        Ok(())
    }

    /// Whether the buffer, which is empty, is read into once more. What grew for a long message is
    /// left behind it: a short one that is kept for long would keep all of it.
    fn may_go_on(&mut self, awaited: usize) -> bool {
        let too_long = self.allocated() > pool::MAX_KEPT_LEN && awaited == 0 && !self.expects_long;
        !too_long && pool::has_room(&mut self.octets)
    }

    fn allocated(&self) -> usize {
        usize::try_from(self.allocated).unwrap_or(usize::MAX)
    }

    fn set_allocated(&mut self, octets: usize) {
        self.allocated = u32::try_from(octets).unwrap_or(u32::MAX);
    }

    /// Has what is here continue in another buffer, of `allocated` octets.
    fn move_to(&mut self, mut buffer: BytesMut, allocated: usize) {
        buffer.extend_from_slice(&self.octets);
        let left = core::mem::replace(&mut self.octets, buffer);
        let left_allocated = self.allocated();
        self.set_allocated(allocated);
        if left_allocated > 0 {
            pool::give_input(left, left_allocated);
        }
    }
}

/// A copy; nearly always of nothing, which has none.
fn own(octets: &[u8]) -> BytesMut {
    if octets.is_empty() { BytesMut::new() } else { octets.into() }
}
