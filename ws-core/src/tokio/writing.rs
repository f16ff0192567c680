//! How what a tokio connection sends reaches its transport: as far as that takes it, in one write if
//! it can be.
//!
//! ```text
//! queued ─────────────────▶ poll_write ─▶ transport ─▶ flush
//! long, nothing queued ─▶ poll_write_through ─┘ └─▶ the rest is queued
//! ```

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io::{self, IoSlice};

use ::tokio::io::AsyncWrite;

use super::clock::later;
use super::output::Sender;
#[cfg(doc)]
use crate::connection::Outbound;
use crate::connection::{self, Failure, Transport};
use crate::error::Misuse;
use crate::frame::MAX_HEADER_LEN;
use crate::io::{Error, same_error};
use crate::message::Message;

/// Slices offered to one vectored write.
const MAX_SLICES: usize = 16;

impl<W: AsyncWrite + Unpin> Sender<'_, W> {
    /// Until all is written and flushed.
    #[inline]
    pub(super) fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_write(cx))?;
        if self.outgoing.unflushed {
            ready!(self.poll_flush(cx))?;
        }
        Poll::Ready(Ok(()))
    }

    /// Flushes, or the connection has ended: a transport that takes octets and passes none on is one
    /// that takes none.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while !self.outgoing.write_failed {
            if let Poll::Ready(flushed) = Pin::new(&mut *self.io).poll_flush(cx) {
                self.note_write(flushed)?;
                self.outgoing.unflushed = false;
                self.outbound.handle_flushed();
                return Poll::Ready(Ok(()));
            }
            if self.outbound.poll_transport() == Transport::Close {
                if self.outgoing.holds_back(self.outbound) {
                    ready!(self.poll_last_wait(cx));
                }
                self.outgoing.write_failed = true;
            } else {
                ready!(self.poll_blocked(cx));
            }
        }
        Poll::Ready(Err(self.too_late()))
    }

    /// Writes until all is written, or the connection has ended: a closing handshake does not wait
    /// for ever for a peer that does not read.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.outbound.output_len() > 0 {
            let ended = self.outbound.poll_transport() == Transport::Close;
            if ended || self.outgoing.write_failed {
                return Poll::Ready(Err(self.too_late()));
            }
            let written = poll_write_slices(&mut *self.io, self.outbound.poll_output(), cx);
            let Poll::Ready(written) = written else {
                ready!(self.poll_blocked(cx));
                continue;
            };
            self.take_written(written)?;
        }
        Poll::Ready(Ok(()))
    }

    /// What whoever writes is told when nothing can be written any more. Why, too: it may be another
    /// task than the one that receives.
    fn too_late(&self) -> Error {
        match self.outgoing.outcome() {
            Some(Error::Failed(failure @ Failure::WriteTimeout)) => (*failure).into(),
            _ => Misuse::SendAfterClose.into(),
        }
    }

    /// The transport takes nothing, or passes nothing on: until the deadline for that, which is then
    /// handled.
    fn poll_blocked(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.config.deadlines.write_timeout().is_some() {
            self.outbound.handle_blocked(self.origin.elapsed());
        }
        self.poll_write_deadline(cx)
    }

    /// Writes a message past the queue, as [`Outbound::may_write_through`] allows; queues what the
    /// transport does not take at once.
    pub(super) fn poll_write_through(
        &mut self,
        message: &Message,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        let payload = message.payload();
        let mut header = [0; MAX_HEADER_LEN];
        let len = message.header().encode(&mut header)?;
        let header = header.get(..len).unwrap_or_default();
        let slices = [header, payload].map(IoSlice::new);
        let written = Pin::new(&mut *self.io).poll_write_vectored(cx, &slices);
        if let Poll::Ready(Ok(written)) = written
            && written >= header.len().saturating_add(payload.len())
        {
            self.outgoing.unflushed = true;
            return Poll::Ready(Ok(()));
        }
        self.hold_output();
        self.outbound.send(message)?;
        if let Poll::Ready(written) = written {
            self.take_written(written)?;
        }
        self.poll_write_now(cx)
    }

    /// Writes what the transport takes, and leaves the rest queued.
    pub(super) fn poll_write_now(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.poll_write(cx) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(())),
        }
    }

    /// Takes into account what the transport made of the octets that it was offered.
    fn take_written(&mut self, written: io::Result<usize>) -> Result<(), Error> {
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
        Ok(())
    }

    /// Until the transport has passed on what it took. Some hold it back, TLS among them, and the last
    /// octets of a connection, a Close perhaps, are their peer's also if its own stream has ended.
    pub(super) fn poll_last_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.outgoing.holds_back(self.outbound) {
            // That it failed is for whoever writes to hear.
            let _ = ready!(self.poll_flush(cx));
        }
        Poll::Ready(())
    }

    /// Until what may still come of a connection that is as good as over has had its time: as long as
    /// the peer has to end its stream.
    pub(super) fn poll_last_wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = self.origin.elapsed();
        let wait = self.config.limits.fin_timeout();
        let until = self.outgoing.last_wait_until(|| now.saturating_add(wait));
        self.poll_timer(until, cx)
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
        let timer = self.outgoing.timer(at);
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
                self.outgoing.note_outcome(|| same_error(error).into());
            }
        }
        Ok(result?)
    }
}

/// One write of all slices, or of as many as go into one.
#[inline]
fn poll_write_slices<'o, W: AsyncWrite + Unpin>(
    io: &mut W,
    mut output: impl Iterator<Item = &'o [u8]>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let io = Pin::new(io);
    let first = output.next().unwrap_or_default();
    let Some(second) = output.next() else { return io.poll_write(cx, first) };
    let Some(third) = output.next() else {
        // A header and its payload, most often.
        return io.poll_write_vectored(cx, &[first, second].map(IoSlice::new));
    };
    let mut slices = [IoSlice::new(&[]); MAX_SLICES];
    let mut offered = 0_usize;
    for (to, from) in slices.iter_mut().zip([first, second, third].into_iter().chain(output)) {
        *to = IoSlice::new(from);
        offered = offered.saturating_add(1);
    }
    io.poll_write_vectored(cx, slices.get(..offered).unwrap_or_default())
}
