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

/// Buffers of each kind that a thread keeps. More are in use only while that many connections are
/// each in the middle of a message.
const KEPT: usize = 16;

/// Larger buffers, grown for a long message, go back to the allocator.
const MAX_KEPT_LEN: usize = 2 * READ_LEN;

thread_local! {
    static INPUT: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
    static OUTPUT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty read buffer with room for at least [`READ_LEN`] octets.
pub(super) fn take_input() -> BytesMut {
    INPUT.with_borrow_mut(Vec::pop).unwrap_or_else(|| BytesMut::with_capacity(READ_LEN))
}

/// Keeps a read buffer for the thread's next read, its content being dropped; unless messages that
/// were received still refer to it, which leaves it to them.
pub(super) fn give_input(mut buffer: BytesMut) {
    buffer.clear();
    if !buffer.try_reclaim(READ_LEN) || buffer.capacity() > MAX_KEPT_LEN {
        return;
    }
    INPUT.with_borrow_mut(|kept| {
        if kept.len() < KEPT {
            kept.push(buffer);
        }
    });
}

/// Storage for output; its octets are rubbish.
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
