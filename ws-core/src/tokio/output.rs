//! What a tokio connection sends: queued while there is room, written as far as the transport takes it.
//!
//! ```text
//! feed ────────────▶ room? ─▶ Connection ─▶ write, vectored ─▶ flush
//! Sink ─▶ waiting ─────┘        a Pong, a Close ──┘
//! ```
//!
//! Every poll leaves all state in the [`WebSocket`]: a message is queued whole or not at all.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IoSlice};

use ::tokio::io::{AsyncRead, AsyncWrite};

use super::pool;
use super::waiting::Waiting;
use super::websocket::WebSocket;
use crate::connection::{Connection, Failure, Transport};
use crate::error::Misuse;
use crate::frame::{CloseCode, CloseFrame};
use crate::io::{Error, same_error};
use crate::message::Message;

/// Slices offered to one vectored write.
const MAX_SLICES: usize = 16;

/// Queued octets from which a queued message starts the writing, without waiting for it.
const WRITE_FROM: usize = 64 * 1024;

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Queues a message as soon as there is room.
    pub(super) fn poll_feed(
        &mut self,
        message: &Message,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        self.poll_queue(message.payload().len(), |connection| connection.send(message), cx)
    }

    /// Has `queue` queue a payload of `len` octets as soon as there is room.
    pub(super) fn poll_queue(
        &mut self,
        len: usize,
        queue: impl FnOnce(&mut Connection) -> Result<(), Misuse>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_room(len, cx))?;
        self.hold_output();
        queue(&mut self.connection)?;
        if self.connection.output_len() >= WRITE_FROM
            && let Poll::Ready(Err(error)) = self.poll_write(cx)
        {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(()))
    }

    /// Until a message of `len` octets may be queued.
    pub(super) fn poll_room(
        &mut self,
        len: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        ready!(self.poll_waiting(cx))?;
        if self.state.write_failed {
            return Poll::Ready(Err(Misuse::SendAfterClose.into()));
        }
        self.poll_has_room(len, cx)
    }

    /// Writes until a message of `len` octets may be queued, or nothing may be sent any more.
    fn poll_has_room(&mut self, len: usize, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.connection.may_send() && !self.connection.has_room(len) {
            let written = self.poll_write(cx)?;
            // Some of it may have been written, and that may be enough.
            if written.is_pending() && !self.connection.has_room(len) {
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Until all is written and the transport holds nothing back.
    pub(super) fn poll_flush_all(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_waiting(cx))?;
        if self.state.write_failed {
            return Poll::Ready(Err(Misuse::SendAfterClose.into()));
        }
        self.poll_written(cx)
    }

    /// As [`poll_flush_all`](Self::poll_flush_all), while receiving: a message that came too late
    /// for a `Sink` to send stays, to be told by the sink.
    pub(super) fn poll_queued(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.connection.may_send() {
            ready!(self.poll_waiting(cx))?;
        }
        self.poll_written(cx)
    }

    /// Takes a message for a `Sink`: queued now, or as soon as there is room.
    pub(super) fn start_send(&mut self, message: Message) -> Result<(), Error> {
        if !self.connection.may_send() || self.state.write_failed {
            return Err(Misuse::SendAfterClose.into());
        }
        if self.waiting.is_some() {
            return Err(Misuse::WriteBufferFull.into());
        }
        if self.connection.has_room(message.payload().len()) {
            self.hold_output();
            self.connection.send(&message)?;
        } else {
            self.waiting = Some(message);
        }
        Ok(())
    }

    /// Until no message that a `Sink` has taken waits for room.
    pub(super) fn poll_waiting(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while let Some(len) = self.waiting.as_ref().map(|message| message.payload().len()) {
            if !self.connection.may_send() {
                self.waiting = None;
                return Poll::Ready(Err(Misuse::SendAfterClose.into()));
            }
            ready!(self.poll_has_room(len, cx))?;
            if let Some(message) = self.waiting.take() {
                self.connection.send(&message)?;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Queues a Close, unless one was sent before.
    pub(super) fn start_close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        if self.connection.may_send() {
            self.now = self.origin.elapsed();
            self.hold_output();
            self.connection.close(Some(CloseFrame { code, reason }), self.now)?;
        }
        Ok(())
    }

    /// Output storage from the thread's pool, for a connection that holds none.
    pub(super) fn hold_output(&mut self) {
        if self.connection.output_len() == 0 {
            pool::give_output(self.connection.take_output_storage());
            self.connection.give_output_storage(pool::take_output());
        }
    }

    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        ready!(self.poll_write(cx))?;
        if self.state.unflushed {
            let flushed = ready!(Pin::new(&mut self.io).poll_flush(cx));
            self.note_write(flushed)?;
            self.state.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes until all is written, or the connection has ended: a closing handshake does not wait
    /// for ever for a peer that does not read.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.connection.output_len() > 0 {
            let ended = self.connection.poll_transport() == Transport::Close;
            if ended || self.state.write_failed {
                // Whoever writes is told why, too: it may be another task than the one that receives.
                return Poll::Ready(Err(match self.outcome {
                    Some(Error::Failed(failure @ Failure::WriteTimeout)) => failure.into(),
                    _ => Misuse::SendAfterClose.into(),
                }));
            }
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let mut offered = 0_usize;
            for (to, from) in slices.iter_mut().zip(self.connection.poll_output()) {
                *to = IoSlice::new(from);
                offered = offered.saturating_add(1);
            }
            let io = Pin::new(&mut self.io);
            let written = match slices.get(..offered).unwrap_or_default() {
                [one] => io.poll_write(cx, one),
                many => io.poll_write_vectored(cx, many),
            };
            let Poll::Ready(written) = written else {
                if self.connection.config().deadlines.write_timeout().is_some() {
                    self.connection.handle_blocked(self.origin.elapsed());
                }
                ready!(self.poll_deadline(Waiting::ToWrite, cx));
                continue;
            };
            let written = match written {
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                other => other,
            };
            let written = self.note_write(written)?;
            self.state.unflushed = true;
            if self.connection.clocks_writes() {
                // What is written starts the next wait: the last read may be long ago.
                self.now = self.origin.elapsed();
            }
            self.connection.handle_written(written, self.now);
        }
        Poll::Ready(Ok(()))
    }

    /// A write that failed is told to whoever wrote, and to whoever receives: they may be two tasks.
    /// Not once the connection has ended: how it ended has been told, or will be.
    fn note_write<T>(&mut self, result: io::Result<T>) -> Result<T, Error> {
        if let Err(error) = &result {
            self.state.write_failed = true;
            if self.connection.poll_transport() != Transport::Close {
                self.outcome.get_or_insert_with(|| same_error(error).into());
            }
        }
        Ok(result?)
    }
}
