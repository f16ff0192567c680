//! Buffers of the threads, not of the connections: an idle connection holds none.
//!
//! A connection takes a buffer inside the poll that reads or writes and gives it back when that
//! poll finds nothing more to do. No lock: each thread has its own few.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cell::RefCell;
use std::thread_local;

use bytes::BytesMut;

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

thread_local! {
    static INPUT: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
    static LONG_INPUT: RefCell<VecDeque<Long>> = const { RefCell::new(VecDeque::new()) };
    static OUTPUT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A read buffer that has grown for a long message.
struct Long {
    buffer: BytesMut,
    /// Its octets, and those that messages have taken of it.
    allocated: usize,
}

/// An empty read buffer with room for at least [`MIN_ROOM`] octets, for [`READ_LEN`] unless messages
/// that were received still refer to it.
pub(super) fn take_input() -> BytesMut {
    let Some(mut kept) = INPUT.with_borrow_mut(Vec::pop) else {
        return BytesMut::with_capacity(READ_LEN);
    };
    // Its messages may be gone by now. If not, there is room for one read all the same.
    has_room(&mut kept);
    kept
}

/// Whether an empty read buffer has room for a read. It has all of it again once no message refers
/// to it. Until then what is left of it is used up: a short message that is kept for long shares its
/// buffer with the next ones, so that not each of them holds a whole one.
pub(super) fn has_room(buffer: &mut BytesMut) -> bool {
    buffer.try_reclaim(READ_LEN) || buffer.capacity() >= MIN_ROOM
}

/// A read buffer for a message that is longer than [`READ_LEN`]: empty, with room for `len` octets, if
/// one is kept that no message refers to any more. And the octets allocated for it.
pub(super) fn take_long_input(len: usize) -> Option<(BytesMut, usize)> {
    LONG_INPUT.with_borrow_mut(|kept| {
        let free =
            |long: &mut Long| long.allocated >= len && long.buffer.try_reclaim(long.allocated);
        let at = kept.iter_mut().position(free)?;
        kept.remove(at).map(|long| (long.buffer, long.allocated))
    })
}

/// Keeps a read buffer of `allocated` octets for the thread's next read, its content being dropped;
/// unless there is no room left in it, which leaves it to the messages that refer to it.
pub(super) fn give_input(mut buffer: BytesMut, allocated: usize) {
    buffer.clear();
    if allocated > MAX_KEPT_LEN {
        return give_long_input(Long { buffer, allocated });
    }
    if !has_room(&mut buffer) {
        return;
    }
    INPUT.with_borrow_mut(|kept| {
        if kept.len() < KEPT {
            kept.push(buffer);
        }
    });
}

/// The message that it grew for may still refer to it: it is on its way out of an echo, perhaps.
fn give_long_input(long: Long) {
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
