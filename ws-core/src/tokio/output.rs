//! What a tokio connection sends: queued while there is room, written as far as the transport takes it.
//!
//! ```text
//! feed ────────────▶ room? ─▶ Connection ─▶ write, vectored ─▶ flush
//! Sink ─▶ waiting ─────┘        a Pong, a Close ──┘
//! ```
//!
//! Every poll leaves all state in the connection: a message is queued whole or not at all.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use ::tokio::io::AsyncWrite;
use ::tokio::time::Instant;

use super::outgoing::Outgoing;
use super::pool;
use crate::connection::{self, Config, Outbound, Transport};
use crate::error::Misuse;
use crate::frame::{CloseCode, CloseFrame};
use crate::io::Error;
use crate::message::Message;
use crate::prepared::PreparedMessage;

/// Queued octets from which a queued message starts the writing, without waiting for it.
const WRITE_FROM: usize = 64 * 1024;

/// What receiving found of the sending half before it reads.
#[derive(Debug)]
pub(super) enum Attended {
    /// All is well.
    Goes,
    /// Nothing can be sent any more, but the peer's last octets may be there, or on their way.
    WriteFailed,
    /// All is over but for what the transport still holds back.
    Flushes,
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
            self.outgoing.note_outcome(|| (*failure).into());
        }
    }

    /// What whoever receives does for it before it reads: writes what is queued, and sees the
    /// transport to its end.
    #[inline]
    pub(super) fn attend(&mut self, cx: &mut Context<'_>) -> Attended {
        if !self.outgoing.write_failed
            && self.outbound.poll_transport() != Transport::Close
            && let Poll::Ready(Err(Error::Io(error))) = self.poll_queued(cx)
            && matches!(self.outgoing.outcome(), Some(Error::Io(_)))
        {
            self.outgoing.set_outcome(error.into());
        }
        match self.outbound.poll_transport() {
            Transport::Close => {
                if self.poll_last_flush(cx).is_pending() {
                    return Attended::Flushes;
                }
                self.outgoing.drop_timer();
                if !self.outgoing.shut_down {
                    // The peer need not wait until the transport is dropped, too.
                    self.outgoing.shut_down = true;
                    let _ = Pin::new(&mut *self.io).poll_shutdown(cx);
                }
                return Attended::Ended(self.outgoing.take_outcome());
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
        let len = message.payload().len();
        ready!(self.poll_room(len, cx))?;
        if len >= WRITE_FROM && self.outbound.may_write_through() {
            return self.poll_write_through(message, cx);
        }
        self.queue_now(|outbound| outbound.send(message), cx)
    }

    /// As [`poll_feed`](Self::poll_feed), of a message that was encoded before.
    #[inline]
    pub(super) fn poll_prepared(
        &mut self,
        message: &PreparedMessage,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let len = message.payload().len();
        self.poll_queue(len, |outbound| outbound.send_prepared(message), cx)
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
        if self.outbound.output_len() >= WRITE_FROM {
            return self.poll_write_now(cx);
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
        if self.has_room(len) { Poll::Ready(Ok(())) } else { self.poll_no_room(len, cx) }
    }

    /// Whether a message of `len` octets need not wait, be it to be refused.
    #[inline]
    fn has_room(&self, len: usize) -> bool {
        self.outgoing.waiting().is_none()
            && !self.outgoing.write_failed
            && self.outbound.has_room(len)
    }

    fn poll_no_room(&mut self, len: usize, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
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

    /// Whether a `Sink` may take a message without more ado.
    #[inline]
    pub(super) fn is_ready(&self) -> bool {
        self.has_room(0) && self.outbound.output_len() < WRITE_FROM
    }

    /// Until a `Sink` may take a message; much that is queued is written, as far as it goes.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_room(0, cx))?;
        if self.is_ready() { Poll::Ready(Ok(())) } else { self.poll_write_now(cx) }
    }

    /// Takes a message for a `Sink`: queued now, or as soon as there is room.
    pub(super) fn start_send(&mut self, message: Message) -> Result<(), Error> {
        if !self.outbound.may_send() || self.outgoing.write_failed {
            return Err(Misuse::SendAfterClose.into());
        }
        if self.outgoing.waiting().is_some() {
            return Err(Misuse::WriteBufferFull.into());
        }
        if self.outbound.has_room(message.payload().len()) {
            self.hold_output();
            self.outbound.send(&message)?;
        } else {
            self.outgoing.keep_waiting(message);
        }
        Ok(())
    }

    /// Until no message that a `Sink` has taken waits for room.
    #[inline]
    pub(super) fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while let Some(len) = self.outgoing.waiting().map(|message| message.payload().len()) {
            if !self.outbound.may_send() {
                self.outgoing.take_waiting();
                return Poll::Ready(Err(Misuse::SendAfterClose.into()));
            }
            ready!(self.poll_has_room(len, cx))?;
            if let Some(message) = self.outgoing.take_waiting() {
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

    /// Output storage from the thread's pool, for a connection that holds none, or more than is kept.
    #[inline]
    pub(super) fn hold_output(&mut self) {
        let kept = 1..=pool::MAX_KEPT_LEN;
        if self.outbound.output_len() == 0 && !kept.contains(&self.outbound.output_storage_len()) {
            pool::give_output(self.outbound.take_output_storage());
            self.outbound.give_output_storage(pool::take_output());
        }
    }
}
