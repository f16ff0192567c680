//! What two halves share: the sending half of the connection, behind a lock, and one word about it.
//!
//! ```text
//!             lock                    word
//! WriteHalf ───────▶ sending half ─────────▶ ReadHalf: nothing to do? then it reads on, no lock
//!                         ▲   written, answered, seen to its end    │ else
//!                         └─────────────────────────────────────────┘
//! ```
//!
//! The lock is held while a frame is queued and while the transport is offered what is queued, never
//! while anything is encoded or decoded. Which task is woken when: `tokio::wakers`.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicU8, Ordering};
use core::task::{Context, Poll, Waker};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use ::tokio::io::{AsyncRead, AsyncWrite};
use ::tokio::time::Instant;

use super::ends::{ReadEnd, WriteEnd};
use crate::connection::{Config, Hears, Outbound, Setup};
use crate::tokio::link::Link;
use crate::tokio::outgoing::{Outgoing, Progress};
use crate::tokio::output::Sender;
use crate::tokio::pool;
use crate::tokio::read_buffer::ReadBuffer;
use crate::tokio::wakers::{Half, Wakers, settled};

/// What both halves of a connection have a hold of.
pub(super) struct Shared<S> {
    sending: Mutex<Sending<S>>,
    word: AtomicU8,
    pub(super) wakers: Arc<Wakers>,
    /// For the half that sends.
    pub(super) setup: Arc<Setup>,
    /// Time zero of the connection's clock.
    pub(super) origin: Instant,
}

/// The sending half of a connection, but for its encoder.
pub(super) struct Sending<S> {
    pub(super) outbound: Box<Outbound>,
    pub(super) outgoing: Outgoing,
    pub(super) io: WriteEnd<S>,
}

/// What receiving need know of the sending half, as it was left by whoever had the lock last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Word(u8);

impl Word {
    /// Nothing is sent or to be sent, and everything is heard.
    const QUIET: Self = Self(0);
    const CLOSE_SENT: u8 = 1;
    const OVER: u8 = 2;
    /// Octets are to be written or flushed.
    const UNSENT: u8 = 4;
    const WRITE_FAILED: u8 = 8;

    const fn of(hears: Hears, progress: &Progress) -> Self {
        let hears = match hears {
            Hears::Everything => 0,
            Hears::Close => Self::CLOSE_SENT,
            Hears::Nothing => Self::OVER,
        };
        let unsent = if progress.unsent { Self::UNSENT } else { 0 };
        let failed = if progress.write_failed { Self::WRITE_FAILED } else { 0 };
        Self(hears | unsent | failed)
    }

    const fn hears(self) -> Hears {
        if self.0 & Self::OVER != 0 {
            Hears::Nothing
        } else if self.0 & Self::CLOSE_SENT != 0 {
            Hears::Close
        } else {
            Hears::Everything
        }
    }

    /// There are octets to write, and no other news.
    const fn is_only_unsent(self) -> bool {
        self.0 == Self::UNSENT
    }
}

impl<S> Shared<S> {
    pub(super) fn new(sending: Sending<S>, setup: Arc<Setup>, origin: Instant) -> Arc<Self> {
        let progress = Progress::of(&sending.outbound, &sending.outgoing);
        let word = Word::of(sending.outbound.hears(), &progress);
        Arc::new(Self {
            sending: Mutex::new(sending),
            word: AtomicU8::new(word.0),
            wakers: Arc::default(),
            setup,
            origin,
        })
    }

    /// A poll that panicked left its state behind; there is none that a further poll cannot meet.
    pub(super) fn into_sending(self) -> Sending<S> {
        self.sending.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Sending<S>> {
        self.sending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn word(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    /// Has `act` do something with the sending half. Also returns how it was before, and is now: the
    /// other half is to be woken if that concerns it.
    pub(super) fn with<T>(
        &self,
        mut sending: MutexGuard<'_, Sending<S>>,
        config: &Config,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Sender<'_, WriteEnd<S>>, &mut Context<'_>) -> T,
    ) -> (T, Progress, Progress) {
        let Sending { outbound, outgoing, io } = &mut *sending;
        let before = Progress::of(outbound, outgoing);
        let done = act(&mut Sender { config, outbound, outgoing, io, origin: self.origin }, cx);
        if outbound.output_len() == 0 {
            pool::give_output(outbound.take_output_storage());
        }
        let after = Progress::of(outbound, outgoing);
        self.word.store(Word::of(outbound.hears(), &after).0, Ordering::Release);
        drop(sending);
        settled();
        (done, before, after)
    }
}

/// The rest of a connection, as its receiving half reaches it.
pub(super) struct Beside<'a, S> {
    pub(super) shared: &'a Shared<S>,
    pub(super) io: &'a mut ReadEnd<S>,
    /// Wakes both halves.
    pub(super) both: &'a Waker,
    /// This half is known to wait, or to be about to.
    pub(super) waits: &'a mut bool,
}

impl<S> Beside<'_, S> {
    fn wait(&mut self, cx: &Context<'_>) {
        self.shared.wakers.wait(Half::Reader, cx);
        *self.waits = true;
    }

    fn with<T>(
        &self,
        sending: MutexGuard<'_, Sending<S>>,
        config: &Config,
        act: impl FnOnce(&mut Sender<'_, WriteEnd<S>>, &mut Context<'_>) -> T,
    ) -> T {
        let cx = &mut Context::from_waker(self.both);
        let (done, before, after) = self.shared.with(sending, config, cx, act);
        if after.lets_send(&before) {
            self.shared.wakers.wake_half(Half::Writer);
        }
        done
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link for Beside<'_, S> {
    type Io = WriteEnd<S>;

    fn poll_read(
        &mut self,
        input: &mut ReadBuffer,
        awaited: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        input.poll_read(self.io, awaited, cx)
    }

    fn hears(&self) -> Hears {
        self.shared.word().hears()
    }

    fn sending<T>(
        &mut self,
        config: &Config,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Sender<'_, WriteEnd<S>>, &mut Context<'_>) -> T,
    ) -> T {
        if !*self.waits {
            // What is begun here with the waker of both must find this half.
            self.wait(cx);
        }
        self.with(self.shared.lock(), config, act)
    }

    fn attend<T>(
        &mut self,
        config: &Config,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Sender<'_, WriteEnd<S>>, &mut Context<'_>) -> T,
    ) -> Option<T> {
        let word = self.shared.word();
        if word == Word::QUIET {
            return None;
        }
        self.wait(cx);
        if !word.is_only_unsent() {
            return Some(self.with(self.shared.lock(), config, act));
        }
        match self.shared.sending.try_lock() {
            Ok(sending) => Some(self.with(sending, config, act)),
            Err(TryLockError::Poisoned(error)) => Some(self.with(error.into_inner(), config, act)),
            // The other half is at it, and wakes this one if it leaves something behind.
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn may_wait(&mut self, cx: &Context<'_>) -> bool {
        if *self.waits {
            return true;
        }
        self.wait(cx);
        self.shared.word() == Word::QUIET
    }

    /// Whoever has the lock has given that back.
    fn rest(&mut self) {}
}
