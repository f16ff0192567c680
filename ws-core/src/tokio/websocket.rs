//! A connection over a tokio transport, as applications use it: `recv`, `feed`, `flush`, `close`.
//!
//! In: calls. Out: futures around the polls of `tokio::drive`, which does the reading and writing.

use core::fmt;
use core::future::poll_fn;
use core::task::{Context, Poll};
use core::time::Duration;

use ::tokio::io::{AsyncRead, AsyncWrite};
use ::tokio::time::Instant;

use super::drive::{Receiver, Receives};
use super::event::{Event, Piece};
use super::link::Whole;
use super::outgoing::{Outgoing, Progress};
use super::output::Sender;
use super::read_buffer::ReadBuffer;
use super::split::{ReadHalf, WriteHalf, split};
use crate::connection::{Config, Connection, MaskingKeys, Transport};
use crate::frame::CloseCode;
use crate::io::{Error, PeerClose};
use crate::message::Message;
use crate::prepared::PreparedMessage;
use crate::role::Role;

/// A WebSocket connection over an asynchronous transport.
///
/// The plain loop batches by itself: [`recv`](Self::recv) writes what [`feed`](Self::feed) queued
/// before it waits, so that one read and one write serve as many messages as arrived together.
///
/// ```
/// # async fn echo<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(
/// #     mut socket: ws_core::tokio::WebSocket<S>,
/// # ) -> Result<(), ws_core::tokio::Error> {
/// while let Some(message) = socket.recv().await? {
///     socket.feed(message).await?;
/// }
/// # Ok(())
/// # }
/// ```
///
/// Dropping it without [`close`](Self::close) drops the transport; the peer sees the stream end
/// without a Close frame (code 1006).
pub struct WebSocket<S> {
    pub(super) io: S,
    pub(super) connection: Connection,
    pub(super) input: ReadBuffer,
    pub(super) outgoing: Outgoing,
    /// Time zero of the connection's clock.
    pub(super) origin: Instant,
}

impl<S> WebSocket<S> {
    /// The server's end of a connection whose opening handshake is done.
    pub fn server(io: S, config: Config) -> Self {
        Self::server_with_received(io, config, &[])
    }

    /// As [`server`](Self::server); `received` are octets that arrived behind the client's request
    /// and are taken for frames: see [`EarlyFrames`](crate::handshake::policy::EarlyFrames).
    pub fn server_with_received(io: S, config: Config, received: &[u8]) -> Self {
        Self::new(io, Connection::server(config), received)
    }

    /// The client's end of a connection whose opening handshake is done; `received` are octets that
    /// arrived behind the server's answer.
    pub fn client(io: S, config: Config, received: &[u8]) -> Self {
        Self::new(io, Connection::client(config), received)
    }

    /// As [`client`](Self::client), with the caller's masking keys: each must be fresh and
    /// unpredictable (RFC 6455 §5.3).
    pub fn client_with_keys(io: S, config: Config, received: &[u8], keys: MaskingKeys) -> Self {
        Self::new(io, Connection::client_with_keys(config, keys), received)
    }

    pub(super) fn new(io: S, mut connection: Connection, received: &[u8]) -> Self {
        // Its clock starts here.
        let _ = connection.handle_timeout(Duration::ZERO);
        Self {
            io,
            connection,
            input: ReadBuffer::from_octets(received),
            outgoing: Outgoing::default(),
            origin: Instant::now(),
        }
    }

    /// Our role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.connection.role()
    }

    /// What was agreed about permessage-deflate: see
    /// [`Config::deflate`](crate::Config::deflate). `None` if it was not agreed on.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn deflate(&self) -> Option<crate::deflate::DeflateParams> {
        self.connection.deflate()
    }

    /// The transport.
    pub const fn get_ref(&self) -> &S {
        &self.io
    }

    /// The transport, to set options on it. Octets read from it or written to it are missing from
    /// the connection.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.io
    }

    /// The transport alone; what is queued or buffered is dropped.
    pub fn into_inner(self) -> S {
        self.io
    }

    /// The sans-IO connection, to give it an extension or a budget. Whatever it is told of octets
    /// received or written is missing from ours.
    pub const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// How long it took from the last answered Ping of keepalive to its Pong: see
    /// [`Deadlines::ping_interval`](crate::connection::Deadlines::ping_interval).
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.connection.round_trip()
    }

    /// The peer's Close frame, once it has come.
    #[must_use]
    pub fn peer_close(&self) -> Option<&PeerClose> {
        self.connection.peer_close()
    }

    /// Whether the end was told, or will be by the next [`recv`](Self::recv).
    #[must_use]
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.connection.poll_transport(), Transport::Close)
            && !self.outgoing.has_outcome()
            && !self.outgoing.holds_back(&self.connection.outbound)
    }

    /// What a poll may change that another task waits for.
    pub(super) fn progress(&self) -> Progress {
        Progress::of(&self.connection.outbound, &self.outgoing)
    }

    /// Octets queued and not yet given to the transport.
    #[must_use]
    pub const fn output_len(&self) -> usize {
        self.connection.output_len()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Receives for WebSocket<S> {
    type Link<'a>
        = Whole<'a, S>
    where
        Self: 'a;

    #[inline]
    fn receiver(&mut self) -> Receiver<'_, Whole<'_, S>> {
        let Self { io, connection, input, outgoing, origin, .. } = self;
        let Connection { setup, inbound, outbound } = connection;
        let config = &setup.config;
        let link = Whole { io, outbound, outgoing, origin: *origin };
        Receiver { config, inbound, input, origin: *origin, link }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Its sending half.
    #[inline]
    pub(super) fn sender(&mut self) -> Sender<'_, S> {
        let Self { io, connection, outgoing, origin, .. } = self;
        let Connection { setup, outbound, .. } = connection;
        Sender { config: &setup.config, outbound, outgoing, io, origin: *origin }
    }

    pub(super) fn poll_feed(
        &mut self,
        message: &Message,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Error>> {
        self.sender().poll_feed(message, cx)
    }

    /// The next message; `None` once the closing handshake is done and the transport has ended.
    ///
    /// Pings are answered meanwhile. Queued output is written before this waits. After an error, or
    /// `None`, it gives `None`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], [`Error::Failed`]: terminal, told once.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped future loses no octet and no message.
    pub fn recv(&mut self) -> impl Future<Output = Result<Option<Message>, Error>> {
        // No `async fn`: its future would hold all of this twice, in every idle connection's task.
        poll_fn(|cx| self.poll_recv(cx))
    }

    /// As [`recv`](Self::recv), and tells of Pings and Pongs too.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// The next octets of a message, as they arrive: a message of any length passes in constant
    /// memory. The limits hold all the same.
    ///
    /// A message that is read in pieces is read in pieces to its end: [`recv`](Self::recv) in the
    /// middle of one skips its rest.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn recv_piece(&mut self) -> Result<Option<Piece>, Error> {
        poll_fn(|cx| self.poll_piece(cx)).await
    }

    /// Queues a message; it is written by the next [`recv`](Self::recv) that has to wait, by
    /// [`flush`](Self::flush), or from here once much is queued. Waits while the write buffer is
    /// full.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`]: nothing was queued. [`Error::Io`], and [`Error::Failed`] when the time for
    /// writing is over: terminal.
    ///
    /// # Cancel safety
    ///
    /// The message is queued whole or not at all. A future that was dropped while it waited for
    /// room has queued nothing, and the message is dropped with it.
    pub fn feed(&mut self, message: impl Into<Message>) -> impl Future<Output = Result<(), Error>> {
        let message = message.into();
        // As in `recv`.
        poll_fn(move |cx| self.poll_feed(&message, cx))
    }

    /// As [`feed`](Self::feed), past the extension: see
    /// [`Connection::send_uncoded`](crate::Connection::send_uncoded).
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed).
    ///
    /// # Cancel safety
    ///
    /// As [`feed`](Self::feed).
    pub async fn feed_uncoded(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        let len = message.payload().len();
        poll_fn(|cx| self.sender().poll_queue(len, |outbound| outbound.send_uncoded(&message), cx))
            .await
    }

    /// As [`feed`](Self::feed), of a message that was encoded before.
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed).
    ///
    /// # Cancel safety
    ///
    /// As [`feed`](Self::feed).
    pub async fn feed_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        poll_fn(|cx| self.sender().poll_prepared(message, cx)).await
    }

    /// Writes all that is queued.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], and [`Error::Failed`] when the time for writing is over: terminal.
    /// [`Misuse::SendAfterClose`](crate::Misuse::SendAfterClose): the connection has ended, and not all
    /// that was queued, or nothing, is written.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: what is not written stays queued.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.sender().poll_flush_all(cx)).await
    }

    /// Queues a message and writes all that is queued.
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed) before it is queued, then as [`flush`](Self::flush).
    ///
    /// # Cancel safety
    ///
    /// The message is queued whole or not at all: once queued, a dropped future leaves it to the
    /// next [`recv`](Self::recv) or [`flush`](Self::flush).
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Sends a Ping with up to 125 octets and writes all that is queued. Waits while the write
    /// buffer is full.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub async fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        let len = payload.len();
        poll_fn(|cx| self.sender().poll_queue(len, |outbound| outbound.ping(payload), cx)).await?;
        self.flush().await
    }

    /// Sends a Pong with up to 125 octets, asked for or not, and writes all that is queued.
    ///
    /// # Errors
    ///
    /// As [`ping`](Self::ping).
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    pub async fn pong(&mut self, payload: &[u8]) -> Result<(), Error> {
        let len = payload.len();
        poll_fn(|cx| self.sender().poll_queue(len, |outbound| outbound.pong(payload), cx)).await?;
        self.flush().await
    }

    /// The whole closing handshake: sends Close, drops what the peer still sends, waits for its
    /// Close and the end of its stream, each within its limit. Does nothing if a Close was sent
    /// already but for waiting.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`]: the code or reason cannot be sent; nothing was. [`Error::Failed`],
    /// [`Error::Io`]: the end is not clean.
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves the Close queued: call it, or [`recv`](Self::recv), again. What it has
    /// dropped of a message that is read in pieces stays dropped.
    pub async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        self.sender().start_close(code, reason)?;
        while self.recv().await?.is_some() {}
        Ok(())
    }

    /// Two halves for two tasks; see [`ReadHalf`] and [`WriteHalf`].
    #[must_use]
    pub fn split(self) -> (ReadHalf<S>, WriteHalf<S>)
    where
        S: 'static,
    {
        split(self)
    }
}

impl<S: fmt::Debug> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("io", &self.io)
            .field("connection", &self.connection)
            .field("outgoing", &self.outgoing)
            .finish_non_exhaustive()
    }
}
