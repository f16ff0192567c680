//! Buffers of the threads, not of the connections: an idle connection holds none.
//!
//! A connection takes a buffer inside the poll that reads or writes and gives it back when that
//! poll finds nothing more to do. No lock: each thread has its own few.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cell::RefCell;
use std::thread_local;

use bytes::{Buf, BytesMut};

use crate::connection::Moment;

/// Octets that one read may bring: a message of 64 KiB with its header.
pub(super) const READ_LEN: usize = 64 * 1024 + 256;

/// A read is offered at least this much room.
pub(super) const MIN_ROOM: usize = 4 * 1024;

/// Buffers of each kind that a thread keeps. More are in use only while that many connections are
/// each in the middle of a message.
const KEPT: usize = 16;

/// Larger buffers were grown for a long message, and are kept apart for the next one.
pub(super) const MAX_KEPT_LEN: usize = 2 * READ_LEN;

/// Octets that a thread keeps in read buffers grown for long messages. What is beyond goes back to the
/// allocator.
const KEPT_LONG: usize = 4 * 1024 * 1024;

/// Octets of a kept long buffer that come before the first one read into it: half a page. The kernel
/// hands out what begins at a page's start, mostly, and an allocator puts a long buffer 16 octets behind
/// one. The `rep movsb` of AMD's Zen 3, with which Linux copies, takes 14 times as long for a destination
/// 1 to 16 octets beyond its source, modulo a page (32 octets are none the slower).
pub(super) const LONG_BEGINS_AT: usize = 2048;

thread_local! {
    #[expect(clippy::vec_box, reason = "the boxes go from the pool to connections and back")]
    static INPUT: RefCell<Vec<Box<Input>>> = const { RefCell::new(Vec::new()) };
    static LONG_INPUT: RefCell<VecDeque<Box<Input>>> = const { RefCell::new(VecDeque::new()) };
    static OUTPUT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer to read into. In a box, so that a connection without one has the place of a pointer for it.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) octets: BytesMut,
    /// Octets allocated for it, and those that messages have taken of it; 0 if it is not to be read
    /// into: it is just what is left of a message.
    pub(super) allocated: usize,
    /// When the last of them were read, or the connection began. What was there before them has been
    /// looked at, and is taken over from another buffer without its time.
    pub(super) read_at: Moment,
}

/// An empty read buffer with room for at least [`MIN_ROOM`] octets, for [`READ_LEN`] unless messages
/// that were received still refer to it.
pub(super) fn take_input() -> Box<Input> {
    let Some(mut kept) = INPUT.with_borrow_mut(Vec::pop) else {
        let octets = BytesMut::with_capacity(READ_LEN);
        return Box::new(Input { octets, allocated: READ_LEN, read_at: Moment::default() });
    };
    // Its messages may be gone by now. If not, there is room for one read all the same.
    kept.has_room();
    kept
}

impl Input {
    /// What is left of a message: not to be read into, and not for the pool.
    pub(super) fn own(octets: BytesMut) -> Box<Self> {
        Box::new(Self { octets, allocated: 0, read_at: Moment::default() })
    }

    /// Whether it is one to read into, of the pool's.
    pub(super) const fn is_pooled(&self) -> bool {
        self.allocated > 0
    }

    /// Whether an empty read buffer has room for a read. It has all of it again once no message refers
    /// to it. Until then what is left of it is used up: a short message that is kept for long shares
    /// its buffer with the next ones, so that not each of them holds a whole one.
    pub(super) fn has_room(&mut self) -> bool {
        self.octets.try_reclaim(READ_LEN) || self.octets.capacity() >= MIN_ROOM
    }
}

/// A read buffer for a message that is longer than [`READ_LEN`]: empty, with room for `len` octets, if
/// one is kept that no message refers to any more.
pub(super) fn take_long_input(len: usize) -> Option<Box<Input>> {
    let allocated = len.saturating_add(LONG_BEGINS_AT);
    let mut long = LONG_INPUT.with_borrow_mut(|kept| {
        let free = |long: &mut Box<Input>| {
            long.allocated >= allocated && long.octets.try_reclaim(long.allocated)
        };
        let at = kept.iter_mut().position(free)?;
        kept.remove(at)
    })?;
    long.octets.resize(LONG_BEGINS_AT, 0);
    long.octets.advance(LONG_BEGINS_AT);
    Some(long)
}

/// Keeps a read buffer for the thread's next read, its content being dropped; unless there is no room
/// left in it, which leaves it to the messages that refer to it.
pub(super) fn give_input(mut buffer: Box<Input>) {
    buffer.octets.clear();
    if buffer.allocated > MAX_KEPT_LEN {
        return give_long_input(buffer);
    }
    if !buffer.is_pooled() || !buffer.has_room() {
        return;
    }
    INPUT.with_borrow_mut(|kept| {
        if kept.len() < KEPT {
            kept.push(buffer);
        }
    });
}

/// The message that it grew for may still refer to it: it is on its way out of an echo, perhaps.
fn give_long_input(long: Box<Input>) {
    LONG_INPUT.with_borrow_mut(|kept| {
        kept.push_back(long);
        while kept.iter().map(|long| long.allocated).sum::<usize>() > KEPT_LONG {
            kept.pop_front();
        }
    });
}

/// Storage for output, or for what an extension decodes; its octets are rubbish.
pub(super) fn take_output() -> Vec<u8> {
    OUTPUT.with_borrow_mut(Vec::pop).unwrap_or_default()
}

/// Keeps output storage for the thread's next write.
pub(super) fn give_output(storage: Vec<u8>) {
    if storage.is_empty() || storage.len() > MAX_KEPT_LEN {
        return;
    }
    OUTPUT.with_borrow_mut(|kept| {
        if kept.len() < KEPT {
            kept.push(storage);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_does_not_begin_where_its_buffer_does() {
        let allocated = 10 * READ_LEN;
        let octets = BytesMut::with_capacity(allocated);
        let start = octets.as_ptr().addr();
        let long = Input { octets, allocated, read_at: Moment::default() };
        give_input(Box::new(long));
        for len in [allocated, allocated - LONG_BEGINS_AT + 1] {
            assert!(take_long_input(len).is_none(), "there is no room for {len}");
        }
        let fits = allocated - LONG_BEGINS_AT;
        for len in [fits, READ_LEN] {
            let long = take_long_input(len).unwrap();
            assert_eq!(long.octets.as_ptr().addr(), start + LONG_BEGINS_AT);
            assert_eq!((long.octets.len(), long.octets.capacity()), (0, fits));
            give_input(long);
        }
        // A message that still refers to it keeps it.
        let mut long = take_long_input(fits).unwrap();
        long.octets.resize(fits, 1);
        let message = long.octets.split_to(fits).freeze();
        give_input(long);
        assert!(take_long_input(READ_LEN).is_none());
        drop(message);
        assert!(take_long_input(fits).is_some());
    }
}
