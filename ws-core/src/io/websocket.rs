//! A connection over a blocking transport.
//!
//! In: calls. Out: messages, octets on the transport. `io::drive` does the reading.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::io::{ErrorKind, IoSlice};
use std::time::Instant;

use bytes::Bytes;

use super::buffer::Buffer;
use super::drive::Step;
use super::error::Error;
use super::message_reader::MessageReader;
use super::message_writer::MessageWriter;
use super::open::is_late;
use super::transport::Transport;
use super::waiting::Timeout;
use crate::connection::PeerClose;
use crate::connection::{Config, Connection, Delivery, Failure, MaskingKeys, Transport as Advice};
use crate::error::Misuse;
use crate::frame::{CloseCode, CloseFrame};
use crate::memory;
use crate::message::{Message, MessageKind};
use crate::prepared::PreparedMessage;
use crate::role::Role;

/// Slices offered to one vectored write.
const MAX_SLICES: usize = 16;

/// A WebSocket connection over a blocking transport.
///
/// [`recv`](Self::recv) writes what [`feed`](Self::feed) queued before it waits, so the plain loop
/// batches by itself:
///
/// ```
/// # fn echo<S: ws_core::io::Transport>(mut socket: ws_core::io::WebSocket<S>) -> Result<(), ws_core::io::Error> {
/// while let Some(message) = socket.recv()? {
///     socket.feed(message)?;
/// }
/// # Ok(())
/// # }
/// ```
///
/// A transport that is set to time out, or not to block, makes [`recv`](Self::recv) fail with its
/// [`Error::Io`] of kind `WouldBlock` or `TimedOut`: nothing is lost, call it again. A connection that
/// has [`Deadlines`](crate::connection::Deadlines), or is closing, sets the timeouts it needs itself.
pub struct WebSocket<S> {
    pub(super) io: S,
    pub(super) connection: Connection,
    pub(super) input: Buffer,
    /// Payload of the last step that an extension has decoded.
    pub(super) decoded: Vec<u8>,
    pub(super) origin: Instant,
    pub(super) now: Duration,
    /// The last read that brought something, until its octets are handled.
    pub(super) last_read: Option<LastRead>,
    pub(super) reads: Timeout,
    pub(super) writes: Timeout,
    pub(super) outcome: Option<Error>,
    /// Octets were written that the transport may still hold back.
    pub(super) unflushed: bool,
    pub(super) shut_down: bool,
    pub(super) end_of_stream: bool,
    pub(super) write_failed: bool,
    /// The terminal event has come: nothing received means anything any more.
    pub(super) ended: bool,
}

/// From when to when a read lasted.
#[derive(Debug, Clone, Copy)]
pub(super) struct LastRead {
    pub(super) began: Duration,
    pub(super) ended: Duration,
}

/// A message lent from the connection's buffer, until the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lent<'a> {
    /// Text (checked to be UTF-8) or binary.
    pub kind: MessageKind,
    /// The payload.
    pub payload: &'a [u8],
}

impl<S: Transport> WebSocket<S> {
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

    fn new(io: S, mut connection: Connection, received: &[u8]) -> Self {
        // Its clock starts here.
        let _ = connection.handle_timeout(Duration::ZERO);
        Self {
            io,
            connection,
            input: Buffer::from_octets(received),
            decoded: Vec::new(),
            origin: Instant::now(),
            now: Duration::ZERO,
            last_read: None,
            reads: Timeout::default(),
            writes: Timeout::default(),
            outcome: None,
            unflushed: false,
            shut_down: false,
            end_of_stream: false,
            write_failed: false,
            ended: false,
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

    /// The sans-IO connection, to give it an extension or a budget. Whatever it is told of octets
    /// received or written is missing from ours.
    pub const fn connection_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    /// The next message; `None` once the closing handshake is done and the transport has ended.
    ///
    /// Pings are answered meanwhile. Queued output is written before this waits. After an error that
    /// is terminal, or `None`, it gives `None`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] (terminal unless `WouldBlock` or `TimedOut`), [`Error::Failed`]: told once. Kind
    /// `OutOfMemory`: there is no memory for what the peer sends.
    pub fn recv(&mut self) -> Result<Option<Message>, Error> {
        let Some(Lent { kind, payload }) = self.recv_lent()? else { return Ok(None) };
        let mut copy = Vec::new();
        if let Err(error) = memory::reserve(&mut copy, payload.len()) {
            // A message is missing, so nothing behind it may be told.
            self.lost(Some(error.into()));
            return self.step().map(|_| None);
        }
        copy.extend_from_slice(payload);
        Ok(Some(Message::from_checked(kind, Bytes::from(copy))))
    }

    /// As [`recv`](Self::recv), lending the payload instead of copying it.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn recv_lent(&mut self) -> Result<Option<Lent<'_>>, Error> {
        self.connection.set_delivery(Delivery::Messages);
        loop {
            match self.step()? {
                Some(Step::Message(kind, payload)) => {
                    return Ok(Some(Lent { kind, payload: self.kept(&payload) }));
                }
                // The rest of a message whose reader was dropped.
                Some(Step::Piece { .. }) => {}
                None => return Ok(None),
            }
        }
    }

    /// The next message as a [`Read`](std::io::Read): a message of any length passes in constant
    /// memory. The limits hold all the same. Dropped early, the rest of the message is skipped.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn reader(&mut self) -> Result<Option<MessageReader<'_, S>>, Error> {
        self.connection.set_delivery(Delivery::Pieces);
        MessageReader::open(self)
    }

    /// A message to be written piece by piece, in fragments, as a [`Write`](std::io::Write).
    pub const fn writer(&mut self, kind: MessageKind) -> MessageWriter<'_, S> {
        MessageWriter::new(self, kind)
    }

    /// Queues a message; it is written by the next [`recv`](Self::recv) that has to wait, or by
    /// [`flush`](Self::flush), or from here once the write buffer is full.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] and, while making room, those of [`flush`](Self::flush): nothing was queued.
    pub fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        self.make_room(message.payload().len())?;
        Ok(self.connection.send(&message)?)
    }

    /// As [`feed`](Self::feed), past the extension: see
    /// [`Connection::send_uncoded`](crate::Connection::send_uncoded).
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed).
    pub fn feed_uncoded(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        self.make_room(message.payload().len())?;
        Ok(self.connection.send_uncoded(&message)?)
    }

    /// As [`feed`](Self::feed), of a message that was encoded before.
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed).
    pub fn feed_prepared(&mut self, message: &PreparedMessage) -> Result<(), Error> {
        self.make_room(message.payload().len())?;
        Ok(self.connection.send_prepared(message)?)
    }

    /// Queues a message and writes all that is queued.
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed), then as [`flush`](Self::flush), the message being queued.
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message)?;
        self.flush()
    }

    /// Sends a Ping with up to 125 octets.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`]: nothing was queued. Those of [`flush`](Self::flush), whether or not it was.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.make_room(payload.len())?;
        self.connection.ping(payload)?;
        self.flush()
    }

    /// Writes all that is queued.
    ///
    /// # Errors
    ///
    /// - [`Error::Io`]: what is not written stays queued; it can be written later if the kind is
    ///   `WouldBlock` or `TimedOut`.
    /// - [`Error::Failed`] with [`Failure::WriteTimeout`]: the transport took nothing for too long.
    /// - [`Error::Misuse`] with [`Misuse::SendAfterClose`]: the connection has ended, or a write has
    ///   failed before. What is still queued is never written.
    pub fn flush(&mut self) -> Result<(), Error> {
        if self.write_failed {
            return Err(Misuse::SendAfterClose.into());
        }
        while self.connection.output_len() > 0 {
            if self.connection.poll_transport() == Advice::Close {
                return Err(match self.outcome {
                    Some(Error::Failed(failure @ Failure::WriteTimeout)) => failure.into(),
                    _ => Misuse::SendAfterClose.into(),
                });
            }
            let limited = self.limit_write();
            let started = self.note_write(limited)?;
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let mut offered = 0_usize;
            for (to, from) in slices.iter_mut().zip(self.connection.poll_output()) {
                *to = IoSlice::new(from);
                offered = offered.saturating_add(1);
            }
            let slices = slices.get(..offered).unwrap_or_default();
            let written = match self.io.write_vectored(slices) {
                Ok(0) => Err(ErrorKind::WriteZero.into()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if is_late(&error) && self.write_was_limited(started) => continue,
                other => other,
            };
            let written = self.note_write(written)?;
            self.unflushed = true;
            self.handle_written(written);
        }
        while self.unflushed {
            match self.io.flush() {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                flushed => self.note_write(flushed)?,
            }
            self.unflushed = false;
        }
        Ok(())
    }

    /// The whole closing handshake: sends Close, drops what the peer still sends, waits for its
    /// Close and the end of its stream. Each has its limit, where the transport can be timed.
    ///
    /// Fails with `WouldBlock` or `TimedOut` as [`recv`](Self::recv) does: call it again.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`]: the code or reason cannot be sent; nothing was. [`Error::Failed`],
    /// [`Error::Io`]: the end is not clean.
    pub fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        if self.connection.may_send() {
            self.now = self.origin.elapsed();
            self.connection.close(Some(CloseFrame { code, reason }), self.now)?;
        }
        while self.recv_lent()?.is_some() {}
        Ok(())
    }

    fn make_room(&mut self, len: usize) -> Result<(), Error> {
        if self.write_failed {
            return Err(Misuse::SendAfterClose.into());
        }
        if self.connection.may_send() && !self.connection.has_room(len) {
            self.flush()?;
        }
        Ok(())
    }
}

impl<S: fmt::Debug> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("io", &self.io)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}
