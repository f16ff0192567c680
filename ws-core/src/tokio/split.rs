//! Two halves of one connection for two tasks: one receives, one sends.
//!
//! ```text
//! ReadHalf ── its own: what was read, the decoder, the transport's end to read from
//!     └────────┐ Pongs, Closes, deadlines, and what is left to write
//! WriteHalf ───┴─▶ Shared: the outbox, the closing handshake, the end to write to
//!     └─ its own: the encoder
//! ```
//!
//! A message is received without a lock, and without waiting for one that is being sent.

mod ends;
mod shared;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::poll_fn;
use core::mem::replace;
use core::task::{Context, Poll, Waker, ready};
use core::time::Duration;

use ::tokio::io::{AsyncRead, AsyncWrite};
use bytes::Bytes;

use super::drive::{Incoming, Receiver};
use super::output::Sender;
use super::pool;
use super::websocket::{Event, Piece, WebSocket};
use crate::connection::{Config, Connection, Inbound, Outbound};
use crate::error::Misuse;
use crate::extension::{Encoder, Output};
use crate::frame::{CloseCode, Rsv};
use crate::io::{Error, PeerClose};
use crate::message::{Message, MessageKind};
use crate::prepared::PreparedMessage;
use crate::role::Role;

use ends::{ReadEnd, WriteEnd, put_together, take_apart};
use shared::{Beside, Sending, Shared};

/// The receiving half: [`recv`](Self::recv) and its like, as of a whole [`WebSocket`].
///
/// Dropping it leaves the sending half usable, but the connection then neither answers Pings nor
/// sees the peer's Close.
pub struct ReadHalf<S> {
    own: Box<Reading<S>>,
}

/// What receiving owns: in a box, since a half is handed from task to task.
struct Reading<S> {
    config: Config,
    inbound: Inbound,
    incoming: Incoming,
    io: ReadEnd<S>,
    /// Wakes both halves.
    both: Waker,
    /// It was said to wait, and has not gone on since.
    waits: bool,
    shared: Arc<Shared<S>>,
}

/// The sending half: [`feed`](Self::feed), [`flush`](Self::flush), [`send`](Self::send),
/// [`ping`](Self::ping), [`pong`](Self::pong) and [`close`](Self::close).
///
/// Dropping it leaves the receiving half usable, and what was queued to be written by it; the
/// connection ends when both are dropped.
pub struct WriteHalf<S> {
    role: Role,
    /// Until nothing can be sent any more.
    encoder: Option<Box<dyn Encoder>>,
    /// Wakes both halves.
    both: Waker,
    shared: Arc<Shared<S>>,
}

/// What an encoder has made of a message.
enum Coded {
    /// Nothing: it goes as it is.
    AsItIs,
    /// A payload, the first so many octets of a storage, and the bits for its frame.
    Payload(MessageKind, Rsv, Vec<u8>, usize),
    /// A whole frame.
    Frame(Bytes),
}

pub(super) fn split<S>(socket: WebSocket<S>) -> (ReadHalf<S>, WriteHalf<S>)
where
    S: AsyncRead + AsyncWrite + 'static,
{
    let WebSocket { io, connection, incoming, outgoing, origin, .. } = socket;
    let Connection { config, inbound, mut outbound } = connection;
    let encoder = outbound.take_encoder();
    let (read, write) = take_apart(io);
    let shared = Shared::new(Sending { outbound, outgoing, io: write }, config, origin);
    let both = Waker::from(Arc::clone(&shared.wakers));
    let writer = WriteHalf {
        role: inbound.role(),
        encoder,
        both: both.clone(),
        shared: Arc::clone(&shared),
    };
    let own = Reading { config, inbound, incoming, io: read, both, waits: false, shared };
    (ReadHalf { own: Box::new(own) }, writer)
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
        poll_fn(|cx| self.poll(cx, |receiver, cx| receiver.poll_recv(cx))).await
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
        poll_fn(|cx| self.poll(cx, |receiver, cx| receiver.poll_event(cx))).await
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
        poll_fn(|cx| self.poll(cx, |receiver, cx| receiver.poll_piece(cx))).await
    }

    /// How long the last Ping of keepalive took: [`WebSocket::round_trip`].
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.own.inbound.round_trip()
    }

    /// The peer's Close frame, once it has come.
    #[must_use]
    pub fn peer_close(&self) -> Option<PeerClose> {
        self.own.incoming.peer_close.as_deref().cloned()
    }

    /// The whole connection again, if `other` is its sending half. Whatever was received and not told,
    /// or queued and not written, is in it.
    ///
    /// # Errors
    ///
    /// Both halves, if they are of different connections.
    pub fn reunite(self, other: WriteHalf<S>) -> Result<WebSocket<S>, (Self, WriteHalf<S>)>
    where
        S: 'static,
    {
        if !Arc::ptr_eq(&self.own.shared, &other.shared) {
            return Err((self, other));
        }
        let WriteHalf { encoder, shared, .. } = other;
        drop(shared);
        let Reading { config, inbound, incoming, io, shared, .. } = *self.own;
        let origin = shared.origin;
        let whole = Arc::into_inner(shared).map(Shared::into_sending).and_then(|sending| {
            let Sending { mut outbound, outgoing, io: write } = sending;
            outbound.give_encoder(encoder);
            let connection = Connection { config, inbound, outbound };
            let io = put_together(io, write)?;
            Some(WebSocket { io, connection, incoming, outgoing, origin, wakers: None })
        });
        match whole {
            Some(whole) => Ok(whole),
            None => unreachable!("a connection has two halves, each with one end of the transport"),
        }
    }

    /// One poll of this half.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Receiver<'_, Beside<'_, S>>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.own.go_on();
        let Reading { config, inbound, incoming, io, both, waits, shared } = &mut *self.own;
        let origin = shared.origin;
        let link = Beside { shared, io, both, waits };
        let result = poll(&mut Receiver { config, inbound, incoming, origin, link }, cx);
        if result.is_ready() {
            self.own.go_on();
        }
        result
    }
}

impl<S> Reading<S> {
    fn go_on(&mut self) {
        if replace(&mut self.waits, false) {
            self.shared.wakers.reader.go_on();
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
        let as_it_is = |outbound: &mut Outbound| outbound.send_uncoded(&message);
        self.queue_payload(message.kind(), message.payload(), as_it_is, false).await
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
        self.queue(len, |outbound| outbound.send_uncoded(&message), false).await
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
        let prepared = |outbound: &mut Outbound| outbound.send_prepared(message);
        if self.role == Role::Client && self.encoder.is_some() {
            // A client masks each frame anew, so nothing of it can be made before.
            return self.queue_payload(message.kind(), message.payload(), prepared, false).await;
        }
        let encode = |encoder: &mut dyn Encoder| match encoder.prepared(message) {
            Some(frame) => Coded::Frame(frame),
            None => Coded::AsItIs,
        };
        self.queue_encoded(message.payload().len(), encode, prepared, false).await
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
        poll_fn(|cx| self.poll(cx, |sender, cx| sender.poll_flush_all(cx))).await
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
        let message = message.into();
        let as_it_is = |outbound: &mut Outbound| outbound.send_uncoded(&message);
        self.queue_payload(message.kind(), message.payload(), as_it_is, true).await
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
        self.queue(len, |outbound| outbound.ping(payload), true).await
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
        self.queue(len, |outbound| outbound.pong(payload), true).await
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
        poll_fn(|cx| self.poll(cx, |sender, _| Poll::Ready(sender.start_close(code, reason))))
            .await?;
        self.flush().await
    }

    /// Queues a payload as the encoder has it or, if there is none or it leaves it, as `as_it_is` does.
    async fn queue_payload(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        as_it_is: impl FnMut(&mut Outbound) -> Result<(), Misuse>,
        flush: bool,
    ) -> Result<(), Error> {
        let encode = |encoder: &mut dyn Encoder| {
            let (mut storage, mut len) = (pool::take_output(), 0);
            let mut output = Output::new(&mut storage, &mut len, usize::MAX);
            match encoder.encode_message(kind, payload, &mut output) {
                Rsv::NONE => {
                    pool::give_output(storage);
                    Coded::AsItIs
                }
                rsv => Coded::Payload(kind, rsv, storage, len),
            }
        };
        self.queue_encoded(payload.len(), encode, as_it_is, flush).await
    }

    /// Encodes a message of `len` octets once there is room for it, and queues it. While it encodes,
    /// nobody has to wait.
    async fn queue_encoded(
        &mut self,
        len: usize,
        encode: impl FnOnce(&mut dyn Encoder) -> Coded,
        as_it_is: impl FnMut(&mut Outbound) -> Result<(), Misuse>,
        flush: bool,
    ) -> Result<(), Error> {
        if self.encoder.is_none() {
            return self.queue(len, as_it_is, flush).await;
        }
        // What is encoded must be sent: whatever may refuse it is asked before.
        let room = poll_fn(|cx| {
            self.poll(cx, |sender, cx| {
                ready!(sender.poll_room(len, cx))?;
                Poll::Ready(sender.outbound.check_message(len).map_err(Error::from))
            })
        });
        room.await?;
        let mut coded = match &mut self.encoder {
            Some(encoder) => encode(&mut **encoder),
            None => Coded::AsItIs,
        };
        if matches!(coded, Coded::AsItIs) {
            return self.queue(len, as_it_is, flush).await;
        }
        poll_fn(|cx| {
            self.poll(cx, |sender, cx| {
                let queued = match replace(&mut coded, Coded::AsItIs) {
                    Coded::AsItIs => Poll::Ready(Ok(())),
                    Coded::Frame(frame) => {
                        sender.queue_now(|outbound| outbound.send_frame(&frame), cx)
                    }
                    Coded::Payload(kind, rsv, storage, len) => {
                        let payload = storage.get(..len).unwrap_or_default();
                        let send =
                            |outbound: &mut Outbound| outbound.send_coded(kind, rsv, payload);
                        let queued = sender.queue_now(send, cx);
                        pool::give_output(storage);
                        queued
                    }
                };
                ready!(queued)?;
                if flush { sender.poll_flush_all(cx) } else { Poll::Ready(Ok(())) }
            })
        })
        .await
    }

    /// Has `queue` queue a payload of `len` octets as soon as there is room.
    async fn queue(
        &self,
        len: usize,
        mut queue: impl FnMut(&mut Outbound) -> Result<(), Misuse>,
        flush: bool,
    ) -> Result<(), Error> {
        let mut queued = false;
        poll_fn(|cx| {
            self.poll(cx, |sender, cx| {
                if !queued {
                    ready!(sender.poll_queue(len, &mut queue, cx))?;
                    queued = true;
                }
                if flush { sender.poll_flush_all(cx) } else { Poll::Ready(Ok(())) }
            })
        })
        .await
    }

    /// One poll of this half.
    fn poll<T>(
        &self,
        cx: &Context<'_>,
        mut act: impl FnMut(&mut Sender<'_, WriteEnd<S>>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let writer = &self.shared.wakers.writer;
        let mut result = self.attempt(&mut act);
        if result.is_pending() {
            // Most often there is nothing to wait for. If there is, it may have come meanwhile.
            writer.wait(cx);
            result = self.attempt(&mut act);
        }
        if result.is_ready() {
            writer.go_on();
        }
        result
    }

    fn attempt<T>(
        &self,
        act: impl FnOnce(&mut Sender<'_, WriteEnd<S>>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let cx = &mut Context::from_waker(&self.both);
        let (result, before, after) =
            self.shared.with(self.shared.lock(), &self.shared.config, cx, act);
        if after.leaves_more(&before, result.is_pending()) {
            self.shared.wakers.reader.wake();
        }
        result
    }
}

impl<S> fmt::Debug for ReadHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadHalf").field("inbound", &self.own.inbound).finish_non_exhaustive()
    }
}

impl<S> fmt::Debug for WriteHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteHalf").field("encoder", &self.encoder).finish_non_exhaustive()
    }
}
