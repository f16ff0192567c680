//! Two halves of one connection for two tasks: one receives, one sends.
//!
//! ```text
//! ReadHalf ──┐                     ┌── the reader's waker
//!            ├─ lock, one poll ─ WebSocket ─ wakes both ─┤
//! WriteHalf ─┘                     └── the writer's waker
//! ```
//!
//! The lock is held within a poll, never across one. Which task is woken when: `tokio::wakers`.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::tokio::io::{AsyncRead, AsyncWrite};

use super::wakers::{Half, Wakers};
use super::websocket::{Event, Piece, WebSocket};
use crate::frame::CloseCode;
use crate::io::{Error, PeerClose};
use crate::message::Message;
use crate::prepared::PreparedMessage;

/// The receiving half: [`recv`](Self::recv) and its like, as of a whole [`WebSocket`].
///
/// Dropping it leaves the sending half usable, but the connection then neither answers Pings nor
/// sees the peer's Close.
#[derive(Debug)]
pub struct ReadHalf<S> {
    shared: Arc<Shared<S>>,
}

/// The sending half: [`feed`](Self::feed), [`flush`](Self::flush), [`send`](Self::send),
/// [`ping`](Self::ping), [`pong`](Self::pong) and [`close`](Self::close).
///
/// Dropping it leaves the receiving half usable; the connection ends when both are dropped.
#[derive(Debug)]
pub struct WriteHalf<S> {
    shared: Arc<Shared<S>>,
}

#[derive(Debug)]
struct Shared<S> {
    socket: Mutex<WebSocket<S>>,
    wakers: Arc<Wakers>,
}

pub(super) fn split<S>(socket: WebSocket<S>) -> (ReadHalf<S>, WriteHalf<S>) {
    let shared = Arc::new(Shared { socket: Mutex::new(socket), wakers: Arc::default() });
    (ReadHalf { shared: Arc::clone(&shared) }, WriteHalf { shared })
}

impl<S> Shared<S> {
    fn poll<T>(
        &self,
        half: Half,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut WebSocket<S>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.wakers.poll(half, lock(&self.socket), cx, poll)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ReadHalf<S> {
    /// The next message, as [`WebSocket::recv`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped future loses no octet and no message.
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        let shared = &self.shared;
        poll_fn(|cx| shared.poll(Half::Reader, cx, WebSocket::poll_recv)).await
    }

    /// As [`recv`](Self::recv), and tells of Pings and Pongs too: [`WebSocket::recv_event`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        let shared = &self.shared;
        poll_fn(|cx| shared.poll(Half::Reader, cx, WebSocket::poll_event)).await
    }

    /// The next octets of a message, as they arrive: [`WebSocket::recv_piece`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn recv_piece(&mut self) -> Result<Option<Piece>, Error> {
        let shared = &self.shared;
        poll_fn(|cx| shared.poll(Half::Reader, cx, WebSocket::poll_piece)).await
    }

    /// How long the last Ping of keepalive took: [`WebSocket::round_trip`].
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        lock(&self.shared.socket).round_trip()
    }

    /// The peer's Close frame, once it has come.
    #[must_use]
    pub fn peer_close(&self) -> Option<PeerClose> {
        lock(&self.shared.socket).peer_close().cloned()
    }

    /// The whole connection again, if `other` is its sending half.
    ///
    /// # Errors
    ///
    /// Both halves, if they are of different connections.
    pub fn reunite(self, other: WriteHalf<S>) -> Result<WebSocket<S>, (Self, WriteHalf<S>)> {
        if !Arc::ptr_eq(&self.shared, &other.shared) {
            return Err((self, other));
        }
        drop(other);
        match Arc::try_unwrap(self.shared) {
            Ok(shared) => Ok(shared.socket.into_inner().unwrap_or_else(PoisonError::into_inner)),
            // Each connection has exactly two halves and both are here.
            Err(shared) => {
                let other = WriteHalf { shared: Arc::clone(&shared) };
                Err((Self { shared }, other))
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WriteHalf<S> {
    /// Queues a message, as [`WebSocket::feed`]. A [`ReadHalf::recv`] that waits writes it.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::feed`].
    ///
    /// # Cancel safety
    ///
    /// As [`WebSocket::feed`]: the message is queued whole or not at all.
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        self.poll_write(|socket, cx| socket.poll_feed(&message, cx)).await
    }

    /// As [`feed`](Self::feed), past the extension: see [`WebSocket::feed_uncoded`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::feed`].
    ///
    /// # Cancel safety
    ///
    /// As [`WebSocket::feed`].
    pub async fn feed_uncoded(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        let len = message.payload().len();
        self.poll_write(|socket, cx| {
            socket.poll_queue(len, |connection| connection.send_uncoded(&message), cx)
        })
        .await
    }

    /// As [`feed`](Self::feed), of a message that was encoded before.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::feed`].
    ///
    /// # Cancel safety
    ///
    /// As [`WebSocket::feed`].
    pub async fn feed_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        let len = message.payload().len();
        self.poll_write(|socket, cx| {
            socket.poll_queue(len, |connection| connection.send_prepared(message), cx)
        })
        .await
    }

    /// Writes all that is queued.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::flush`].
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: what is not written stays queued.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.poll_write(WebSocket::poll_flush_all).await
    }

    /// Queues a message and writes all that is queued.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    ///
    /// # Cancel safety
    ///
    /// As [`WebSocket::send`].
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Sends a Ping with up to 125 octets and writes all that is queued, as [`WebSocket::ping`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::ping`].
    ///
    /// # Cancel safety
    ///
    /// As [`WebSocket::send`].
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        let len = payload.len();
        self.poll_write(|socket, cx| {
            socket.poll_queue(len, |connection| connection.ping(payload), cx)
        })
        .await?;
        self.flush().await
    }

    /// Sends a Pong with up to 125 octets and writes all that is queued, as [`WebSocket::pong`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::ping`].
    ///
    /// # Cancel safety
    ///
    /// As [`WebSocket::send`].
    pub async fn pong(&mut self, payload: &[u8]) -> Result<(), Error> {
        let len = payload.len();
        self.poll_write(|socket, cx| {
            socket.poll_queue(len, |connection| connection.pong(payload), cx)
        })
        .await?;
        self.flush().await
    }

    /// Starts the closing handshake: sends Close. The receiving half sees it to its end: keep
    /// calling [`ReadHalf::recv`] until it gives `None`.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`]: nothing was sent. [`Error::Io`]: terminal.
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves the Close queued.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.poll_write(|socket, _| Poll::Ready(socket.start_close(code, reason))).await?;
        self.flush().await
    }

    async fn poll_write(
        &self,
        mut poll: impl FnMut(&mut WebSocket<S>, &mut Context<'_>) -> Poll<Result<(), Error>>,
    ) -> Result<(), Error> {
        let shared = &self.shared;
        poll_fn(|cx| shared.poll(Half::Writer, cx, &mut poll)).await
    }
}

/// A poll that panicked left its state behind; there is none that a further poll cannot meet.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
