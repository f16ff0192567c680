//! The wakers of a connection that two tasks use: one receives, one sends.
//!
//! ```text
//! the transport ──wakes──▶ Wakers ─┬─▶ the task that receives
//!                                  └─▶ the task that sends
//! ```
//!
//! Either task may have to write for the other: a Pong is written by whoever polls next, a full write
//! buffer drains while only the reader is polled. A transport remembers one task per direction, the
//! one that asked last. So a poll gives it a waker that wakes both, and what a poll changed without
//! the transport's doing is told to the other task: no wake-up is lost.
//!
//! No wake-up comes for nothing either: a poll that changed nothing wakes nobody, and a task that does
//! not wait is not woken.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::sync::atomic::{AtomicBool, Ordering, fence};
use core::task::{Context, Waker};
use std::sync::{Mutex, PoisonError};

/// What a task does with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Reader,
    Writer,
}

/// The two tasks.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    pub(super) reader: Waiter,
    pub(super) writer: Waiter,
}

/// A task that may be waiting.
#[derive(Debug, Default)]
pub(super) struct Waiter {
    /// It waits, and has not been woken since it said so.
    waits: AtomicBool,
    /// The task that waited last: it is often the same again.
    task: Mutex<Option<Waker>>,
}

impl Waiter {
    /// The task of `cx` waits from now on. What it looks at behind this is as it was left by whoever
    /// did not find it waiting, in [`wake`](Self::wake) behind a [`settled`].
    pub(super) fn wait(&self, cx: &Context<'_>) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *task {
            Some(there) => there.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        drop(task);
        self.waits.store(true, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// It goes on by itself.
    pub(super) fn go_on(&self) {
        self.waits.store(false, Ordering::Relaxed);
    }

    /// Wakes it, if it waits.
    pub(super) fn wake(&self) {
        if !self.waits.load(Ordering::Relaxed) || !self.waits.swap(false, Ordering::Acquire) {
            return;
        }
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

/// What was done before this is seen by whoever waits, unless it is seen to wait.
pub(super) fn settled() {
    fence(Ordering::SeqCst);
}

impl Wakers {
    /// The task that does this.
    pub(super) const fn of(&self, half: Half) -> &Waiter {
        match half {
            Half::Reader => &self.reader,
            Half::Writer => &self.writer,
        }
    }

    /// The other half's task is to see what `half` has changed: room, something to write, or an end
    /// may be what it waits for.
    pub(super) fn wake_beside(&self, half: Half) {
        settled();
        match half {
            Half::Reader => self.writer.wake(),
            Half::Writer => self.reader.wake(),
        }
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // The transport is ready, and whoever does not find it so waits already.
        settled();
        self.reader.wake();
        self.writer.wake();
    }
}
