//! Memory whose amount a peer decides: asked for, and refused without harm.
//!
//! In: how much longer storage is to be. Out: whether it is. What is of fixed length, or as long as
//! our own application's messages, is allocated as anything else in Rust is.

use alloc::vec::Vec;

/// There is no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfMemory;

#[cfg(feature = "std")]
impl From<OutOfMemory> for std::io::Error {
    fn from(_: OutOfMemory) -> Self {
        std::io::ErrorKind::OutOfMemory.into()
    }
}

/// Makes room for `more` octets behind those of `storage`, and no more than that.
pub(crate) fn reserve(storage: &mut Vec<u8>, more: usize) -> Result<(), OutOfMemory> {
    if storage.capacity().saturating_sub(storage.len()) >= more {
        return Ok(());
    }
    #[cfg(feature = "fault-injection")]
    if faults::is_next() {
        return Err(OutOfMemory);
    }
    storage.try_reserve_exact(more).map_err(|_| OutOfMemory)
}

/// As [`reserve`]; without a copy if nothing else refers to the octets.
#[cfg(feature = "tokio")]
pub(crate) fn reserve_bytes(octets: &mut bytes::BytesMut, more: usize) -> Result<(), OutOfMemory> {
    let mut storage = Vec::from(core::mem::take(octets));
    let reserved = reserve(&mut storage, more);
    *octets = bytes::BytesMut::from(bytes::Bytes::from(storage));
    reserved
}

/// For tests: makes an allocation fail.
#[cfg(feature = "fault-injection")]
pub mod faults {
    use core::cell::Cell;
    use std::thread_local;

    thread_local! {
        static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// Of the allocations on this thread whose length a peer decides, the one behind the next `nth`
    /// fails; the others do not. `None`: none does.
    pub fn fail_behind(nth: Option<usize>) {
        LEFT.set(nth);
    }

    /// Whether it has failed, and no other was asked for.
    #[must_use]
    pub fn has_failed() -> bool {
        LEFT.get().is_none()
    }

    pub(super) fn is_next() -> bool {
        let left = LEFT.get();
        LEFT.set(left.and_then(|left| left.checked_sub(1)));
        left == Some(0)
    }
}
