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
use bytes::{Buf, Bytes, BytesMut};

use super::pool::{self, MIN_ROOM, READ_LEN};
use crate::memory::{OutOfMemory, reserve_bytes};

/// A rest of at most this many octets moves out of a pooled buffer rather than keep it.
const SMALL_REST: usize = 4 * 1024;

/// Octets that count as a unit of their task's work, of which tokio allows 128 until the task has to
/// give way to others. A read counts as one however long it is: a peer that sends without end would
/// have 8 MiB looked at before it is anybody else's turn.
const OCTETS_OF_WORK: usize = 4 * 1024;

#[derive(Debug, Default)]
pub(super) struct ReadBuffer {
    octets: BytesMut,
    /// Whether `octets` has room to read into; otherwise it is just what is left of a message.
    pooled: bool,
}

impl ReadBuffer {
    pub(super) fn from_octets(octets: &[u8]) -> Self {
        Self { octets: octets.into(), pooled: false }
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
    pub(super) fn take(&mut self, range: Range<usize>, discard: usize) -> Bytes {
        self.octets.advance(range.start.min(self.octets.len()));
        let taken = self.octets.split_to(range.len().min(self.octets.len()));
        let behind = discard.saturating_sub(range.end).min(self.octets.len());
        self.octets.advance(behind);
        taken.freeze()
    }

    /// Reads once, behind what is there; `awaited` octets are known to be on their way.
    pub(super) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        io: &mut S,
        awaited: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.make_room(awaited)?;
        // The future holds no state, so dropping it when pending loses nothing.
        let read = ready!(pin!(io.read_buf(&mut self.octets)).poll(cx))?;
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
        if self.pooled && self.octets.len() <= SMALL_REST {
            let rest = BytesMut::from(&*self.octets);
            pool::give_input(core::mem::replace(&mut self.octets, rest));
            self.pooled = false;
        }
    }

    fn make_room(&mut self, awaited: u64) -> Result<(), OutOfMemory> {
        let len = self.octets.len();
        let awaited = usize::try_from(awaited).unwrap_or(usize::MAX);
        let room = awaited.clamp(MIN_ROOM, READ_LEN.max(len / 10));
        if !self.pooled || len == 0 && !pool::has_room(&mut self.octets) {
            let mut fresh = pool::take_input();
            fresh.extend_from_slice(&self.octets);
            self.octets = fresh;
            self.pooled = true;
        }
        let there = self.octets.capacity().saturating_sub(len);
        if there >= room / 2 || self.octets.try_reclaim(room) {
            return Ok(());
        }
        // Not its own `reserve`, which doubles: a long message would take twice its memory.
        reserve_bytes(&mut self.octets, room)
    }
}
