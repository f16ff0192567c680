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
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a task does with the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Reader,
    Writer,
}

/// The two tasks.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    reader_waits: Waits,
    writer_waits: Waits,
    /// Behind one lock, held for no longer than a task is put there or taken: two would be 16 octets
    /// more for each idle connection.
    tasks: Mutex<Tasks>,
}

/// The task of that half waits, and has not been woken since it said so.
type Waits = AtomicBool;

/// The tasks that waited last: they are often the same again.
#[derive(Debug, Default)]
struct Tasks {
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// What was done before this is seen by whoever waits, unless it is seen to wait.
pub(super) fn settled() {
    fence(Ordering::SeqCst);
}

impl Wakers {
    /// The task of `cx` waits from now on. What it looks at behind this is as it was left by whoever
    /// did not find it waiting, in [`wake_half`](Self::wake_half) behind a [`settled`].
    pub(super) fn wait(&self, half: Half, cx: &Context<'_>) {
        let is_there = |task: &Waker| task.will_wake(cx.waker());
        if !self.tasks().of(half).as_ref().is_some_and(is_there) {
            let task = cx.waker().clone();
            let left = self.tasks().of(half).replace(task);
            // Not under the lock: it may be the last that is left of a task, with whatever that owns.
            drop(left);
        }
        self.waits(half).store(true, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// It goes on by itself.
    pub(super) fn go_on(&self, half: Half) {
        self.waits(half).store(false, Ordering::Relaxed);
    }

    /// Wakes it, if it waits.
    pub(super) fn wake_half(&self, half: Half) {
        let waits = self.waits(half);
        if !waits.load(Ordering::Relaxed) || !waits.swap(false, Ordering::Acquire) {
            return;
        }
        let task = self.tasks().of(half).clone();
        if let Some(task) = task {
            task.wake();
        }
    }

    /// The other half's task is to see what `half` has changed: room, something to write, or an end
    /// may be what it waits for.
    pub(super) fn wake_beside(&self, half: Half) {
        settled();
        self.wake_half(match half {
            Half::Reader => Half::Writer,
            Half::Writer => Half::Reader,
        });
    }

    const fn waits(&self, half: Half) -> &Waits {
        match half {
            Half::Reader => &self.reader_waits,
            Half::Writer => &self.writer_waits,
        }
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tasks {
    const fn of(&mut self, half: Half) -> &mut Option<Waker> {
        match half {
            Half::Reader => &mut self.reader,
            Half::Writer => &mut self.writer,
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
        self.wake_half(Half::Reader);
        self.wake_half(Half::Writer);
    }
}
