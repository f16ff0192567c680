//! The octets received and not yet done with, read into a pooled buffer (`tokio::pool`).
//!
//! In: what the transport has. Out: octets for the connection to look at, payloads split off
//! without a copy. Grows with what has arrived, never by what a header claims.

use alloc::boxed::Box;
use core::ops::Range;
use core::pin::pin;
use core::task::{Context, Poll, ready};
use std::io;

use ::tokio::io::{AsyncRead, AsyncReadExt};
use ::tokio::task::coop;
use ::tokio::time::Instant;
use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::pool::{self, Input, LONG_BEGINS_AT, MIN_ROOM, READ_LEN};
use super::work::Work;
use crate::connection::Moment;
use crate::memory::{OutOfMemory, reserve_bytes};

/// A rest of at most this many octets moves out of a pooled buffer rather than keep it.
const SMALL_REST: usize = 4 * 1024;

/// To move this many octets costs more than a read does.
const LONG_ENOUGH: usize = 16 * 1024;

/// Octets that count as a unit of their task's work, of which tokio allows 128 until the task has to
/// give way to others. A read counts as one however long it is: a peer that sends without end would
/// have 8 MiB looked at before it is anybody else's turn.
const OCTETS_OF_WORK: usize = 4 * 1024;

/// Octets that one read takes at most.
const MAX_READ: usize = 256 * 1024;

#[derive(Debug, Default)]
pub(super) struct ReadBuffer {
    /// `None` if nothing is there: an idle connection holds none.
    input: Option<Box<Input>>,
    /// What looking at the octets has cost.
    pub(super) work: Work,
    /// The last message was a long one, so the next may be, too.
    expects_long: bool,
    /// No octets will follow: the peer's half of the transport has ended.
    pub(super) end_of_stream: bool,
}

impl ReadBuffer {
    pub(super) fn from_octets(octets: &[u8]) -> Self {
        let there = !octets.is_empty();
        Self { input: there.then(|| Input::own(octets.into())), ..Self::default() }
    }

    #[inline]
    pub(super) fn octets_mut(&mut self) -> &mut [u8] {
        match &mut self.input {
            Some(input) => &mut input.octets,
            None => &mut [],
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.input.as_ref().is_none_or(|input| input.octets.is_empty())
    }

    pub(super) fn clear(&mut self) {
        if let Some(input) = &mut self.input {
            input.octets.clear();
        }
    }

    /// The octets, and when they were read or a deadline was last handled, so that messages of one read
    /// cost no clock; of a rest that was looked at before a sleep it tells nothing. What a decoder still
    /// has of octets that are gone is of no other moment than this one.
    #[inline]
    pub(super) fn octets_and_moment(&mut self, origin: Instant) -> (&mut [u8], Moment) {
        match &mut self.input {
            Some(input) => (&mut input.octets, input.read_at),
            None => (&mut [], this_moment(origin)),
        }
    }

    pub(super) fn set_read_at(&mut self, now: Moment) {
        if let Some(input) = &mut self.input {
            input.read_at = now;
        }
    }

    /// Keeps `keep` octets behind the first `discard`.
    pub(super) fn settle(&mut self, discard: usize, keep: usize) {
        let Some(Input { octets, .. }) = self.input.as_deref_mut() else { return };
        octets.truncate(discard.saturating_add(keep));
        octets.advance(discard.min(octets.len()));
    }

    /// Splits `range` off without a copy, and discards the octets before it.
    #[inline]
    pub(super) fn take_front(&mut self, range: Range<usize>) -> Bytes {
        let Some(Input { octets, .. }) = self.input.as_deref_mut() else { return Bytes::new() };
        let mut taken = octets.split_to(range.end.min(octets.len())).freeze();
        taken.advance(range.start.min(taken.len()));
        taken
    }

    /// Splits `range` off without a copy, and discards the octets before `discard`.
    pub(super) fn take(&mut self, range: Range<usize>, discard: usize) -> Bytes {
        let behind = discard.saturating_sub(range.end);
        let taken = self.take_front(range);
        self.settle(behind, usize::MAX);
        taken
    }

    /// Reads once, behind what is there; `awaited` octets are known to be on their way.
    pub(super) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        io: &mut S,
        awaited: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let between_messages = self.is_empty() && awaited == 0;
        let octets = &mut self.room(awaited)?.octets;
        // The future holds no state, so dropping it when pending loses nothing.
        let read = ready!(pin!(io.read_buf(&mut octets.limit(MAX_READ))).poll(cx))?;
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
    #[inline]
    pub(super) fn rest(&mut self) {
        let Some(input) = &self.input else { return };
        if input.octets.is_empty() {
            self.input.take().into_iter().for_each(pool::give_input);
        } else if input.is_pooled() && input.octets.len() <= SMALL_REST {
            let rest = Input::own(BytesMut::from(&*input.octets));
            self.input.replace(rest).into_iter().for_each(pool::give_input);
        }
    }

    /// A buffer of the thread's in which what is here continues.
    fn next(&mut self, expects_long: bool) -> Box<Input> {
        let long = (expects_long && self.is_empty()).then(|| pool::take_long_input(READ_LEN));
        let mut next = long.flatten().unwrap_or_else(pool::take_input);
        if let Some(left) = self.input.take() {
            next.octets.extend_from_slice(&left.octets);
            pool::give_input(left);
        }
        next
    }

    /// The buffer, with room for `awaited` octets, or as many of them as may be had in advance.
    fn room(&mut self, awaited: u64) -> Result<&mut Input, OutOfMemory> {
        let awaited = usize::try_from(awaited).unwrap_or(usize::MAX);
        let expects_long = self.expects_long;
        let goes_on = self.input.take_if(|input| may_go_on(input, awaited, expects_long));
        let input = goes_on.unwrap_or_else(|| self.next(expects_long));
        let input = self.input.insert(input);
        let len = input.octets.len();
        let room = awaited.clamp(MIN_ROOM, READ_LEN.max(len / 10));
        let there = input.octets.capacity().saturating_sub(len);
        // The rest of a long message is read where the message is, in one more read, rather than have all
        // of it move. Room that is there already may be used however little has arrived.
        let is_enough = awaited > 0 && awaited <= there && len >= LONG_ENOUGH;
        if is_enough
            || there >= room / 2
            || input.octets.try_reclaim(awaited.max(MIN_ROOM))
            || input.octets.try_reclaim(room)
        {
            return Ok(input);
        }
        self.expects_long = len >= READ_LEN;
        let long = [awaited, room]
            .into_iter()
            .find_map(|room| pool::take_long_input(len.saturating_add(room)));
        if let Some(mut long) = long {
            long.octets.extend_from_slice(&input.octets);
            pool::give_input(core::mem::replace(input, long));
            return Ok(input);
        }
        // Not its own `reserve`, which doubles: a long message would take twice its memory. The next of
        // its length shall find room in it, too.
        reserve_bytes(&mut input.octets, room.saturating_add(LONG_BEGINS_AT))?;
        input.allocated = input.octets.capacity();
        Ok(input)
    }
}

#[cold]
fn this_moment(origin: Instant) -> Moment {
    Moment::new(origin.elapsed())
}

/// Whether a buffer is read into once more. An empty one that grew for a long message is left behind it:
/// a short message that is kept for long would keep all of it.
fn may_go_on(input: &mut Input, awaited: usize, expects_long: bool) -> bool {
    let too_long = input.allocated > pool::MAX_KEPT_LEN && awaited == 0 && !expects_long;
    input.is_pooled() && (!input.octets.is_empty() || !too_long && input.has_room())
}
