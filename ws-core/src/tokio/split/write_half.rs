//! The half that sends.
//!
//! ```text
//! feed ─▶ room? ─▶ encode ─▶ lock: queue ─▶ flush, if asked for
//! ```

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::poll_fn;
use core::mem::replace;
use core::task::{Context, Poll, Waker, ready};

use ::tokio::io::{AsyncRead, AsyncWrite};
use bytes::Bytes;

use super::ends::WriteEnd;
use super::shared::Shared;
use crate::connection::Outbound;
use crate::error::Misuse;
use crate::extension::{Encoder, Output};
use crate::frame::{CloseCode, Rsv};
use crate::io::Error;
use crate::message::{Message, MessageKind};
use crate::prepared::PreparedMessage;
use crate::role::Role;
use crate::tokio::output::Sender;
use crate::tokio::pool;
use crate::tokio::wakers::Half;
#[cfg(doc)]
use crate::tokio::{ReadHalf, WebSocket};

/// The sending half: [`feed`](Self::feed), [`flush`](Self::flush), [`send`](Self::send),
/// [`ping`](Self::ping), [`pong`](Self::pong) and [`close`](Self::close).
///
/// Dropping it leaves the receiving half usable, and what was queued to be written by it; the
/// connection ends when both are dropped.
pub struct WriteHalf<S> {
    pub(super) role: Role,
    /// Until nothing can be sent any more.
    pub(super) encoder: Option<Box<dyn Encoder>>,
    /// Wakes both halves.
    pub(super) both: Waker,
    pub(super) shared: Arc<Shared<S>>,
}

/// The sending half of a connection, while this half has the lock. Its encoder is not in it.
type Locked<'a, S> = Sender<'a, WriteEnd<S>>;

/// What an encoder has made of a message.
enum Coded {
    /// Nothing: it goes as it is.
    AsItIs,
    /// A payload, the first so many octets of a storage, and the bits for its frame.
    Payload(MessageKind, Rsv, Vec<u8>, usize),
    /// A whole frame.
    Frame(Bytes),
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
        let as_it_is =
            |sender: &mut Locked<'_, S>, cx: &mut Context<'_>| sender.poll_feed(&message, cx);
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
        self.queue(|sender, cx| sender.poll_feed(&message, cx), false).await
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
        let prepared =
            |sender: &mut Locked<'_, S>, cx: &mut Context<'_>| sender.poll_prepared(message, cx);
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
        let as_it_is =
            |sender: &mut Locked<'_, S>, cx: &mut Context<'_>| sender.poll_feed(&message, cx);
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
        let ping = |outbound: &mut Outbound| outbound.ping(payload);
        self.queue(|sender, cx| sender.poll_queue(len, ping, cx), true).await
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
        let pong = |outbound: &mut Outbound| outbound.pong(payload);
        self.queue(|sender, cx| sender.poll_queue(len, pong, cx), true).await
    }

    /// Starts the closing handshake: sends Close. The receiving half sees it to its end: keep
    /// calling [`ReadHalf::recv`] until it gives `None`.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`]: the code or reason cannot be sent; nothing was. Then as
    /// [`flush`](Self::flush).
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
        as_it_is: impl FnMut(&mut Locked<'_, S>, &mut Context<'_>) -> Poll<Result<(), Error>>,
        flush: bool,
    ) -> Result<(), Error> {
        let encode = |encoder: &mut dyn Encoder| {
            let (mut storage, mut len) = (pool::take_output(), 0);
            let mut output = Output::new(&mut storage, &mut len);
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
        as_it_is: impl FnMut(&mut Locked<'_, S>, &mut Context<'_>) -> Poll<Result<(), Error>>,
        flush: bool,
    ) -> Result<(), Error> {
        if self.encoder.is_none() {
            return self.queue(as_it_is, flush).await;
        }
        // What is encoded must be sent: whatever may refuse it is asked before.
        let room = poll_fn(|cx| {
            self.poll(cx, |sender, cx| {
                ready!(sender.poll_room(len, cx))?;
                Poll::Ready(sender.outbound.check_message(len).map_err(Error::from))
            })
        });
        let room: Result<(), Error> = room.await;
        if let Err(Error::Misuse(Misuse::SendAfterClose)) = room {
            self.encoder = None;
        }
        room?;
        let mut coded = match &mut self.encoder {
            Some(encoder) => encode(&mut **encoder),
            None => Coded::AsItIs,
        };
        if matches!(coded, Coded::AsItIs) {
            return self.queue(as_it_is, flush).await;
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

    /// Has `queue` queue something as soon as there is room.
    async fn queue(
        &self,
        mut queue: impl FnMut(&mut Locked<'_, S>, &mut Context<'_>) -> Poll<Result<(), Error>>,
        flush: bool,
    ) -> Result<(), Error> {
        let mut queued = false;
        poll_fn(|cx| {
            self.poll(cx, |sender, cx| {
                if !queued {
                    ready!(queue(sender, cx))?;
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
        mut act: impl FnMut(&mut Locked<'_, S>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let wakers = &self.shared.wakers;
        let mut result = self.attempt(&mut act);
        if result.is_pending() {
            // Most often there is nothing to wait for. If there is, it may have come meanwhile.
            wakers.wait(Half::Writer, cx);
            result = self.attempt(&mut act);
        }
        if result.is_ready() {
            wakers.go_on(Half::Writer);
        }
        result
    }

    fn attempt<T>(
        &self,
        act: impl FnOnce(&mut Locked<'_, S>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let cx = &mut Context::from_waker(&self.both);
        let (result, before, after) =
            self.shared.with(self.shared.lock(), &self.shared.setup.config, cx, act);
        if after.leaves_more(&before, result.is_pending()) {
            self.shared.wakers.wake_half(Half::Reader);
        }
        result
    }
}

impl<S> fmt::Debug for WriteHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteHalf").field("encoder", &self.encoder).finish_non_exhaustive()
    }
}
