//! The wakers of a connection that two tasks use: one receives, one sends.
//!
//! ```text
//! the transport ──wakes──▶ Wakers ─┬─▶ the task that receives
//!                                  └─▶ the task that sends
//! ```
//!
//! Either task may have to read or write for the other: a Pong is written by whoever polls next, a
//! full write buffer drains while only the reader is polled. A transport remembers one task per
//! direction, the one that asked last. So each poll gives it a waker that wakes both, and what a
//! poll changed without the transport's doing is told to the other task: no wake-up is lost.
//!
//! No wake-up comes for nothing either: a poll that changed nothing wakes nobody.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::ops::DerefMut;
use core::task::{Context, Poll, Waker};
use std::sync::{Mutex, PoisonError};

use super::websocket::WebSocket;

/// What a task does with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Reader,
    Writer,
}

/// The task that polled each half last and has not been woken since.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    reader: Mutex<Option<Waker>>,
    writer: Mutex<Option<Waker>>,
}

impl Wakers {
    /// One poll of `socket` on behalf of `half`. A `socket` behind a lock is locked for its length.
    pub(super) fn poll<S, T>(
        self: &Arc<Self>,
        half: Half,
        mut socket: impl DerefMut<Target = WebSocket<S>>,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut WebSocket<S>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let (own, other) = match half {
            Half::Reader => (&self.reader, &self.writer),
            Half::Writer => (&self.writer, &self.reader),
        };
        // Registered first: a wake-up during the poll must find it.
        set(own, Some(cx.waker()));
        let both = Waker::from(Arc::clone(self));
        let before = socket.progress();
        let result = poll(&mut socket, &mut Context::from_waker(&both));
        let changed = socket.progress() != before;
        drop(socket);
        if result.is_ready() {
            set(own, None);
        }
        if changed {
            // Room, something to write, or an end: it may be what the other waits for.
            wake(other);
        }
        result
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        wake(&self.reader);
        wake(&self.writer);
    }
}

fn set(slot: &Mutex<Option<Waker>>, waker: Option<&Waker>) {
    let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
    match (&mut *slot, waker) {
        (Some(there), Some(waker)) => there.clone_from(waker),
        (slot, waker) => *slot = waker.cloned(),
    }
}

fn wake(slot: &Mutex<Option<Waker>>) {
    let waker = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(waker) = waker {
        waker.wake();
    }
}
