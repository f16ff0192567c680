//! What a tokio connection sends: queued while there is room, written as far as the transport takes it.
//!
//! ```text
//! feed ────────────▶ room? ─▶ Connection ─▶ write, vectored ─▶ flush
//! Sink ─▶ waiting ─────┘        a Pong, a Close ──┘
//! ```
//!
//! Every poll leaves all state in the connection: a message is queued whole or not at all.

use alloc::boxed::Box;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io::{self, IoSlice};

use ::tokio::io::AsyncWrite;
use ::tokio::time::{Instant, Sleep, sleep_until};

use super::clock::later;
use super::pool;
use crate::connection::{self, Config, Failure, Outbound, Transport};
use crate::error::Misuse;
use crate::frame::{CloseCode, CloseFrame};
use crate::io::{Error, same_error};
use crate::message::Message;

/// Slices offered to one vectored write.
const MAX_SLICES: usize = 16;

/// Queued octets from which a queued message starts the writing, without waiting for it.
const WRITE_FROM: usize = 64 * 1024;

/// What sending keeps next to its half of the connection.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// A message that a `Sink` has taken and that waits for room.
    waiting: Option<Message>,
    /// The one timer of the connection. It may be set to an earlier moment than is needed, never to
    /// a later one: the deadlines move with every octet, and it is set anew when it goes off too
    /// early, not when they move.
    pub(super) timer: Option<Pin<Box<Sleep>>>,
    /// The outcome to report once the transport is dealt with.
    pub(super) outcome: Option<Error>,
    /// Octets were written that the transport may still hold back.
    unflushed: bool,
    /// A write failed: nothing can be sent any more, but the peer's last octets may be there.
    write_failed: bool,
    /// Our half of the transport is shut down, or gone.
    shut_down: bool,
}

impl Outgoing {
    /// Takes an event into account that came without octets: a failure, if any.
    pub(super) fn note_event(&mut self, event: Option<connection::Event<'static>>) {
        if let Some(connection::Event::Failed(failure)) = event {
            self.failed(failure);
        }
    }

    /// Reading failed. What the peer has reset is gone both ways: no half is left to be shut down, and
    /// asking the kernel to would be one call more for each peer that leaves so.
    pub(super) fn note_lost(&mut self, error: &io::Error) {
        self.shut_down |= error.kind() == io::ErrorKind::ConnectionReset;
    }

    fn failed(&mut self, failure: Failure) {
        self.outcome.get_or_insert(failure.into());
    }
}

/// What a poll may change that another task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    transport: Transport,
    may_send: bool,
    pub(super) write_failed: bool,
    /// Something is to be written or flushed, or waits for that.
    pub(super) unsent: bool,
    unflushed: bool,
    output_len: usize,
}

impl Progress {
    pub(super) const fn of(outbound: &Outbound, outgoing: &Outgoing) -> Self {
        let output_len = outbound.output_len();
        let Outgoing { unflushed, write_failed, .. } = *outgoing;
        Self {
            transport: outbound.poll_transport(),
            may_send: outbound.may_send(),
            write_failed,
            unsent: output_len > 0 || unflushed || outgoing.waiting.is_some(),
            unflushed,
            output_len,
        }
    }

    /// The connection has come nearer to its end since `before`.
    fn ends_since(&self, before: &Self) -> bool {
        self.transport != before.transport
            || self.may_send != before.may_send
            || self.write_failed != before.write_failed
    }

    /// Whoever waits to send may go on: there is room, or nothing left to flush, or no hope.
    pub(super) fn lets_send(&self, before: &Self) -> bool {
        self.ends_since(before)
            || self.output_len < before.output_len
            || !self.unflushed && before.unflushed
    }

    /// Whoever waits to receive has more to do: to see to the end; or to write, unless whoever sends
    /// waits for that itself.
    pub(super) fn leaves_more(&self, before: &Self, waits: bool) -> bool {
        let more = self.output_len > before.output_len || self.unflushed && !before.unflushed;
        self.ends_since(before) || more && !waits
    }
}

/// What receiving found of the sending half before it reads.
#[derive(Debug)]
pub(super) enum Attended {
    /// All is well.
    Goes,
    /// Nothing can be sent any more, but the peer's last octets may be there.
    WriteFailed,
    /// The transport is dealt with. How it ended, unless that was told.
    Ended(Option<Error>),
}

/// The sending half, with the transport to write to.
#[derive(Debug)]
pub(super) struct Sender<'a, W> {
    pub(super) config: &'a Config,
    pub(super) outbound: &'a mut Outbound,
    pub(super) outgoing: &'a mut Outgoing,
    pub(super) io: &'a mut W,
    /// Time zero of the connection's clock.
    pub(super) origin: Instant,
}

impl<W: AsyncWrite + Unpin> Sender<'_, W> {
    /// Takes into account what was received.
    pub(super) fn answer(&mut self, event: &connection::Event<'_>, now: Duration) {
        self.hold_output();
        self.outbound.answer(event, self.config, now);
        if let connection::Event::Failed(failure) = event {
            self.outgoing.failed(*failure);
        }
    }

    /// What whoever receives does for it before it reads: writes what is queued, and sees the
    /// transport to its end.
    #[inline]
    pub(super) fn attend(&mut self, cx: &mut Context<'_>) -> Attended {
        if !self.outgoing.write_failed
            && self.outbound.poll_transport() != Transport::Close
            && let Poll::Ready(Err(Error::Io(error))) = self.poll_queued(cx)
            && matches!(self.outgoing.outcome, Some(Error::Io(_)))
        {
            self.outgoing.outcome = Some(error.into());
        }
        match self.outbound.poll_transport() {
            Transport::Close => {
                self.outgoing.timer = None;
                if !self.outgoing.shut_down {
                    // The peer need not wait until the transport is dropped, too.
                    self.outgoing.shut_down = true;
                    let _ = Pin::new(&mut *self.io).poll_shutdown(cx);
                }
                return Attended::Ended(self.outgoing.outcome.take());
            }
            Transport::ShutDown if !self.outgoing.shut_down => {
                // Whether it worked shows in what is read, or in the deadline.
                self.outgoing.shut_down = Pin::new(&mut *self.io).poll_shutdown(cx).is_ready();
            }
            Transport::Open | Transport::Flush | Transport::ShutDown | Transport::AwaitEnd => {}
        }
        if self.outgoing.write_failed { Attended::WriteFailed } else { Attended::Goes }
    }

    /// Queues a message as soon as there is room.
    #[inline]
    pub(super) fn poll_feed(
        &mut self,
        message: &Message,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        self.poll_queue(message.payload().len(), |outbound| outbound.send(message), cx)
    }

    /// Has `queue` queue a payload of `len` octets as soon as there is room.
    #[inline]
    pub(super) fn poll_queue(
        &mut self,
        len: usize,
        queue: impl FnOnce(&mut Outbound) -> Result<(), Misuse>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_room(len, cx))?;
        self.queue_now(queue, cx)
    }

    /// Has `queue` queue something, there being room for it.
    #[inline]
    pub(super) fn queue_now(
        &mut self,
        queue: impl FnOnce(&mut Outbound) -> Result<(), Misuse>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        self.hold_output();
        queue(self.outbound)?;
        if self.outbound.output_len() >= WRITE_FROM
            && let Poll::Ready(Err(error)) = self.poll_write(cx)
        {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(()))
    }

    /// Until a message of `len` octets may be queued.
    #[inline]
    pub(super) fn poll_room(
        &mut self,
        len: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_waiting(cx))?;
        if self.outgoing.write_failed {
            return Poll::Ready(Err(Misuse::SendAfterClose.into()));
        }
        self.poll_has_room(len, cx)
    }

    /// Writes until a message of `len` octets may be queued, or nothing may be sent any more.
    fn poll_has_room(&mut self, len: usize, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.outbound.may_send() && !self.outbound.has_room(len) {
            let written = self.poll_write(cx)?;
            // Some of it may have been written, and that may be enough.
            if written.is_pending() && !self.outbound.has_room(len) {
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Until all is written and the transport holds nothing back.
    pub(super) fn poll_flush_all(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_waiting(cx))?;
        if self.outgoing.write_failed {
            return Poll::Ready(Err(Misuse::SendAfterClose.into()));
        }
        self.poll_written(cx)
    }

    /// As [`poll_flush_all`](Self::poll_flush_all), while receiving: a message that came too late
    /// for a `Sink` to send stays, to be told by the sink.
    #[inline]
    pub(super) fn poll_queued(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.outbound.may_send() {
            ready!(self.poll_waiting(cx))?;
        }
        self.poll_written(cx)
    }

    /// Takes a message for a `Sink`: queued now, or as soon as there is room.
    pub(super) fn start_send(&mut self, message: Message) -> Result<(), Error> {
        if !self.outbound.may_send() || self.outgoing.write_failed {
            return Err(Misuse::SendAfterClose.into());
        }
        if self.outgoing.waiting.is_some() {
            return Err(Misuse::WriteBufferFull.into());
        }
        if self.outbound.has_room(message.payload().len()) {
            self.hold_output();
            self.outbound.send(&message)?;
        } else {
            self.outgoing.waiting = Some(message);
        }
        Ok(())
    }

    /// Until no message that a `Sink` has taken waits for room.
    #[inline]
    pub(super) fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while let Some(len) = self.outgoing.waiting.as_ref().map(|message| message.payload().len())
        {
            if !self.outbound.may_send() {
                self.outgoing.waiting = None;
                return Poll::Ready(Err(Misuse::SendAfterClose.into()));
            }
            ready!(self.poll_has_room(len, cx))?;
            if let Some(message) = self.outgoing.waiting.take() {
                self.outbound.send(&message)?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Queues a Close, unless one was sent before.
    pub(super) fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        if self.outbound.may_send() {
            self.hold_output();
            let now = self.origin.elapsed();
            self.outbound.close(Some(CloseFrame { code, reason }), self.config, now)?;
        }
        Ok(())
    }

    /// Output storage from the thread's pool, for a connection that holds none.
    #[inline]
    pub(super) fn hold_output(&mut self) {
        if self.outbound.output_len() == 0 {
            pool::give_output(self.outbound.take_output_storage());
            self.outbound.give_output_storage(pool::take_output());
        }
    }

    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_write(cx))?;
        if self.outgoing.unflushed {
            let flushed = ready!(Pin::new(&mut *self.io).poll_flush(cx));
            self.note_write(flushed)?;
            self.outgoing.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes until all is written, or the connection has ended: a closing handshake does not wait
    /// for ever for a peer that does not read.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.outbound.output_len() > 0 {
            let ended = self.outbound.poll_transport() == Transport::Close;
            if ended || self.outgoing.write_failed {
                // Whoever writes is told why, too: it may be another task than the one that receives.
                return Poll::Ready(Err(match self.outgoing.outcome {
                    Some(Error::Failed(failure @ Failure::WriteTimeout)) => failure.into(),
                    _ => Misuse::SendAfterClose.into(),
                }));
            }
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let mut offered = 0_usize;
            for (to, from) in slices.iter_mut().zip(self.outbound.poll_output()) {
                *to = IoSlice::new(from);
                offered = offered.saturating_add(1);
            }
            let io = Pin::new(&mut *self.io);
            let written = match slices.get(..offered).unwrap_or_default() {
                [one] => io.poll_write(cx, one),
                many => io.poll_write_vectored(cx, many),
            };
            let Poll::Ready(written) = written else {
                if self.config.deadlines.write_timeout().is_some() {
                    self.outbound.handle_blocked(self.origin.elapsed());
                }
                ready!(self.poll_write_deadline(cx));
                continue;
            };
            let written = match written {
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                other => other,
            };
            let written = self.note_write(written)?;
            self.outgoing.unflushed = true;
            // What is written may start the next wait; if not, the time does not matter.
            let clocks = self.outbound.clocks_writes();
            let now = if clocks { self.origin.elapsed() } else { Duration::ZERO };
            self.outbound.handle_written(written, self.config, now);
        }
        Poll::Ready(Ok(()))
    }

    /// Until the deadline of whoever writes and does not receive meanwhile, which is then handled.
    fn poll_write_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.outbound.poll_write_timeout(self.config) else {
            return Poll::Pending;
        };
        ready!(self.poll_timer(deadline, cx));
        let failure = self.outbound.handle_write_timeout(self.config, self.origin.elapsed());
        self.outgoing.note_event(failure.map(connection::Event::Failed));
        Poll::Ready(())
    }

    /// Until the time is `deadline`.
    pub(super) fn poll_timer(&mut self, deadline: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let at = later(self.origin, deadline);
        let timer = self.outgoing.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        ready!(timer.as_mut().poll(cx));
        if timer.deadline() < at {
            timer.as_mut().reset(at);
            ready!(timer.as_mut().poll(cx));
        }
        Poll::Ready(())
    }

    /// A write that failed is told to whoever wrote, and to whoever receives: they may be two tasks.
    /// Not once the connection has ended: how it ended has been told, or will be.
    fn note_write<T>(&mut self, result: io::Result<T>) -> Result<T, Error> {
        if let Err(error) = &result {
            self.outgoing.write_failed = true;
            if self.outbound.poll_transport() != Transport::Close {
                self.outgoing.outcome.get_or_insert_with(|| same_error(error).into());
            }
        }
        Ok(result?)
    }
}
