//! Buffers of the threads, not of the connections: an idle connection holds none.
//!
//! A connection takes a buffer inside the poll that reads or writes and gives it back when that
//! poll finds nothing more to do. No lock: each thread has its own few.

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

/// Larger buffers, grown for a long message, go back to the allocator.
const MAX_KEPT_LEN: usize = 2 * READ_LEN;

thread_local! {
    static INPUT: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
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

/// Keeps a read buffer for the thread's next read, its content being dropped; unless there is no room
/// left in it, which leaves it to the messages that refer to it.
pub(super) fn give_input(mut buffer: BytesMut) {
    buffer.clear();
    if !has_room(&mut buffer) || buffer.capacity() > MAX_KEPT_LEN {
        return;
    }
    INPUT.with_borrow_mut(|kept| {
        if kept.len() < KEPT {
            kept.push(buffer);
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
