//! The connection as its handler has it: a [`WebSocket`] that its server can close at any time.
//!
//! ```text
//! handler ─▶ Socket ─┐
//!                    ├─ lock, one poll ─ WebSocket
//! the server's task ─┘
//! ```
//!
//! The lock is held within a poll, never across one, and the server takes it twice in the life of a
//! connection: to say 1001, and when the handler is done.

use alloc::sync::Arc;
use core::fmt;
use core::future::poll_fn;
use core::pin::pin;
use core::task::{Context, Poll, Waker, ready};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::tokio::io::{AsyncRead, AsyncWrite};

use crate::error::Misuse;
use crate::frame::CloseCode;
use crate::io::{Error, PeerClose};
use crate::message::Message;
use crate::prepared::PreparedMessage;
use crate::tokio::{Event, Piece, WebSocket};

/// A connection of a [`Server`](super::Server), lent to its handler.
///
/// Its methods are those of [`WebSocket`], each as cancel-safe as there. When the server is to end,
/// it closes the connection by itself: see [`serve`](super#ending).
///
/// It lasts as long as the future that the handler returned: then the server closes it. A Close
/// frame goes out that way also if the handler just returns, or panics.
pub struct Socket<S> {
    shared: Arc<Shared<S>>,
}

/// The server's hold of it.
pub(super) struct Shared<S>(Mutex<Slot<S>>);

struct Slot<S> {
    /// `None`: taken out of the server's hands, or back by the server.
    socket: Option<WebSocket<S>>,
    /// Whoever waits in a method.
    waiting: Option<Waker>,
}

impl<S> Shared<S> {
    pub(super) fn new(socket: WebSocket<S>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Slot { socket: Some(socket), waiting: None })))
    }

    pub(super) fn lend(self: &Arc<Self>) -> Socket<S> {
        Socket { shared: Arc::clone(self) }
    }

    /// The connection, unless it was taken before. A task that has the [`Socket`] and waits is woken,
    /// to see that it has nothing any more.
    pub(super) fn take(&self) -> Option<WebSocket<S>> {
        let mut slot = self.lock();
        let (socket, waiting) = (slot.socket.take(), slot.waiting.take());
        drop(slot);
        wake(waiting);
        socket
    }

    /// A handler that panicked in the middle of a poll left a state that a further poll can meet.
    fn lock(&self) -> MutexGuard<'_, Slot<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Shared<S> {
    /// Queues a Close and writes as much as the transport takes now. A handler that waits is woken,
    /// and does the rest.
    pub(super) fn close(&self, code: CloseCode) {
        let mut slot = self.lock();
        if let Some(socket) = &mut slot.socket
            && socket.sender().start_close(code, "").is_ok()
        {
            // Nobody need be woken for this one: whoever polls next asks again, and a failure is
            // told there.
            let _ = socket.sender().poll_queued(&mut Context::from_waker(Waker::noop()));
        }
        let waiting = slot.waiting.take();
        drop(slot);
        wake(waiting);
    }
}

/// Behind the lock: what it wakes may want that at once.
fn wake(waiting: Option<Waker>) {
    if let Some(waker) = waiting {
        waker.wake();
    }
}

impl<S> Socket<S> {
    /// The connection itself, out of the server's hands: to be split, or used as `Stream` and
    /// `Sink`. Closing it is the handler's business then, also when the server is to end:
    /// [`Peer::stopping`](super::Peer::stopping) tells.
    ///
    /// Its place among those that there may be is free once the handler's future has ended.
    ///
    /// `None` if that has ended already, and the server has closed the connection.
    #[must_use]
    pub fn into_websocket(self) -> Option<WebSocket<S>> {
        self.shared.take()
    }

    /// The peer's Close frame, once it has come.
    #[must_use]
    pub fn peer_close(&self) -> Option<PeerClose> {
        self.shared.lock().socket.as_ref().and_then(|socket| socket.peer_close().cloned())
    }

    /// Looks at the connection: its transport, or what was agreed. No wait, and no panic, in `look`:
    /// the connection is locked. `None` as in [`into_websocket`](Self::into_websocket).
    pub fn with<T>(&self, look: impl FnOnce(&WebSocket<S>) -> T) -> Option<T> {
        self.shared.lock().socket.as_ref().map(look)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
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
        let message = poll_fn(|cx| self.poll(cx, |socket, cx| pin!(socket.recv()).poll(cx))).await;
        message.unwrap_or(Ok(None))
    }

    /// As [`recv`](Self::recv), and tells of Pings and Pongs too.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        let event = poll_fn(|cx| self.poll(cx, |socket, cx| pin!(socket.recv_event()).poll(cx)));
        event.await.unwrap_or(Ok(None))
    }

    /// The next octets of a message, as [`WebSocket::recv_piece`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn recv_piece(&mut self) -> Result<Option<Piece>, Error> {
        let piece = poll_fn(|cx| self.poll(cx, |socket, cx| pin!(socket.recv_piece()).poll(cx)));
        piece.await.unwrap_or(Ok(None))
    }

    /// Queues a message, as [`WebSocket::feed`]: the next [`recv`](Self::recv) writes it.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::feed`].
    ///
    /// # Cancel safety
    ///
    /// The message is queued whole or not at all.
    pub async fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        self.write(|socket, cx| socket.poll_feed(&message, cx)).await
    }

    /// As [`feed`](Self::feed), of a message that was encoded before.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::feed`].
    ///
    /// # Cancel safety
    ///
    /// As [`feed`](Self::feed).
    pub async fn feed_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.write(|socket, cx| pin!(socket.feed_prepared(message)).poll(cx)).await
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
        self.write(|socket, cx| socket.sender().poll_flush_all(cx)).await
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

    /// Sends a Ping with up to 125 octets, as [`WebSocket::ping`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::ping`].
    ///
    /// # Cancel safety
    ///
    /// As [`WebSocket::send`].
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.write(|socket, cx| {
            let mut sender = socket.sender();
            ready!(sender.poll_room(payload.len(), cx))?;
            sender.hold_output();
            Poll::Ready(Ok(sender.outbound.ping(payload)?))
        })
        .await?;
        self.flush().await
    }

    /// The whole closing handshake, as [`WebSocket::close`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::close`].
    ///
    /// # Cancel safety
    ///
    /// As [`WebSocket::close`].
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.write(|socket, _| Poll::Ready(socket.sender().start_close(code, reason))).await?;
        while self.recv().await?.is_some() {}
        Ok(())
    }

    async fn write(
        &self,
        mut poll: impl FnMut(&mut WebSocket<S>, &mut Context<'_>) -> Poll<Result<(), Error>>,
    ) -> Result<(), Error> {
        let written = poll_fn(|cx| self.poll(cx, &mut poll)).await;
        written.unwrap_or_else(|| Err(Misuse::SendAfterClose.into()))
    }

    /// One poll of the connection. `None` once the server has it back.
    fn poll<T>(
        &self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut WebSocket<S>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<Option<T>> {
        let mut slot = self.shared.lock();
        let Slot { socket, waiting } = &mut *slot;
        let Some(socket) = socket else {
            return Poll::Ready(None);
        };
        match poll(socket, cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => {
                match waiting {
                    Some(waker) => waker.clone_from(cx.waker()),
                    None => *waiting = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
        }
    }
}

impl<S> fmt::Debug for Socket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").finish_non_exhaustive()
    }
}
