//! A connection over a blocking transport.
//!
//! In: calls. Out: messages, octets on the transport. It reads, writes and looks at the clock; what
//! octets mean is the sans-IO [`Connection`]'s business.

use core::fmt;
use core::ops::Range;
use core::time::Duration;
use std::io::{self, ErrorKind, IoSlice};
use std::time::Instant;

use bytes::Bytes;

use super::buffer::Buffer;
use super::close::PeerClose;
use super::error::Error;
use super::message_reader::MessageReader;
use super::message_writer::MessageWriter;
use super::open::is_late;
use super::transport::Transport;
use crate::connection::{
    Config, Connection, Delivery, Event, Failure, MaskingKeys, Piece, Received, Transport as Advice,
};
use crate::error::Misuse;
use crate::frame::{CloseCode, CloseFrame};
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
/// [`Error::Io`] of kind `WouldBlock` or `TimedOut`: nothing is lost, call it again.
pub struct WebSocket<S> {
    io: S,
    pub(super) connection: Connection,
    pub(super) input: Buffer,
    origin: Instant,
    now: Duration,
    peer_close: Option<PeerClose>,
    outcome: Option<Error>,
    /// A deadline has been set on the transport's reads.
    timed: bool,
    shut_down: bool,
    end_of_stream: bool,
    write_failed: bool,
    /// The terminal event has come: nothing received means anything any more.
    ended: bool,
}

/// A message lent from the connection's buffer, until the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lent<'a> {
    /// Text (checked to be UTF-8) or binary.
    pub kind: MessageKind,
    /// The payload.
    pub payload: &'a [u8],
}

/// What one step of receiving gave; ranges are as [`Buffer::kept`] takes them.
pub(super) enum Step {
    Message(MessageKind, Range<usize>),
    Piece { kind: MessageKind, octets: Range<usize>, ends_message: bool },
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

    fn new(io: S, connection: Connection, received: &[u8]) -> Self {
        Self {
            io,
            connection,
            input: Buffer::from_octets(received),
            origin: Instant::now(),
            now: Duration::ZERO,
            peer_close: None,
            outcome: None,
            timed: false,
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

    /// The transport.
    pub const fn get_ref(&self) -> &S {
        &self.io
    }

    /// The peer's Close frame, once it has come.
    #[must_use]
    pub const fn peer_close(&self) -> Option<&PeerClose> {
        self.peer_close.as_ref()
    }

    /// The next message; `None` once the closing handshake is done and the transport has ended.
    ///
    /// Pings are answered meanwhile. Queued output is written before this waits. After an error that
    /// is terminal, or `None`, it gives `None`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] (terminal unless `WouldBlock` or `TimedOut`), [`Error::Failed`]: told once.
    pub fn recv(&mut self) -> Result<Option<Message>, Error> {
        Ok(self.recv_lent()?.map(|Lent { kind, payload }| {
            Message::from_checked(kind, Bytes::copy_from_slice(payload))
        }))
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
                Some(Step::Message(kind, range)) => {
                    return Ok(Some(Lent { kind, payload: self.input.kept(range) }));
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
    /// [`Error::Misuse`]: nothing was queued. [`Error::Io`]: while making room.
    pub fn feed(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        let message = message.into();
        self.make_room(message.payload().len())?;
        Ok(self.connection.send(&message)?)
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
    /// As [`feed`](Self::feed).
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), Error> {
        self.feed(message)?;
        self.flush()
    }

    /// Sends a Ping with up to 125 octets.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`]: nothing was queued. [`Error::Io`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        self.make_room(payload.len())?;
        self.connection.ping(payload)?;
        self.flush()
    }

    /// Writes all that is queued.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]: what is not written stays queued.
    pub fn flush(&mut self) -> Result<(), Error> {
        while self.connection.output_len() > 0 {
            if self.write_failed {
                return Err(Misuse::SendAfterClose.into());
            }
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
                other => other,
            };
            let written = self.note_write(written)?;
            self.connection.handle_written(written, self.now);
        }
        let flushed = self.io.flush();
        self.note_write(flushed)
    }

    /// The whole closing handshake: sends Close, drops what the peer still sends, waits for its
    /// Close and the end of its stream. Each has its limit, where the transport can be timed.
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

    /// The next thing received. Behind the last one, sees the transport to its end.
    pub(super) fn step(&mut self) -> Result<Option<Step>, Error> {
        loop {
            if let Some(step) = self.next_buffered() {
                return Ok(Some(step));
            }
            if !self.write_failed
                && let Err(error) = self.flush()
            {
                if is_resumable(&error) {
                    return Err(error);
                }
                self.outcome.get_or_insert(error);
            }
            match self.connection.poll_transport() {
                Advice::Close => {
                    self.input.clear();
                    return self.outcome.take().map_or(Ok(None), Err);
                }
                Advice::ShutDown if !self.shut_down => {
                    self.shut_down = true;
                    if !self.io.shut_down().unwrap_or(false) {
                        self.lost(None);
                        continue;
                    }
                }
                Advice::Open | Advice::Flush | Advice::ShutDown | Advice::AwaitEnd => {}
            }
            if self.end_of_stream {
                self.lost(None);
            } else {
                self.fill()?;
            }
        }
    }

    /// The next thing that the octets already read mean.
    fn next_buffered(&mut self) -> Option<Step> {
        while !self.ended && !self.input.is_empty() {
            let Received { event, discard, keep } =
                self.connection.handle_input(self.input.octets_mut(), self.now);
            match event {
                None => {
                    self.input.settle(discard, keep, 0..0);
                    return None;
                }
                Some(Event::Message { kind, payload }) => {
                    let payload = payload.range();
                    let payload = self.input.settle(discard, keep, payload);
                    return Some(Step::Message(kind, payload));
                }
                Some(Event::Piece(Piece { kind, octets, ends_message, .. })) => {
                    let octets = octets.range();
                    let octets = self.input.settle(discard, keep, octets);
                    return Some(Step::Piece { kind, octets, ends_message });
                }
                Some(Event::Ping(_) | Event::Pong(_)) => {
                    self.input.settle(discard, keep, 0..0);
                }
                Some(Event::Close(frame)) => {
                    self.peer_close = Some(PeerClose::new(frame));
                    self.ended = true;
                }
                Some(Event::Failed(failure)) => self.failed(Some(failure)),
            }
        }
        if self.ended {
            self.input.clear();
        }
        None
    }

    /// Reads once, no longer than until the next deadline.
    fn fill(&mut self) -> Result<(), Error> {
        let deadline = self.connection.poll_timeout();
        if let Some(deadline) = deadline {
            // A timeout of zero means none at all.
            let left = deadline.saturating_sub(self.origin.elapsed()).max(Duration::from_millis(1));
            self.io.set_read_timeout(Some(left))?;
            self.timed = true;
        }
        let read = self.input.fill(&mut self.io, self.connection.awaited());
        self.now = self.origin.elapsed();
        match read {
            Ok(0) => {
                self.end_of_stream = true;
                let event = self.connection.handle_end_of_stream(self.now);
                self.note(event);
            }
            Ok(_) => {}
            Err(error) if is_late(&error) && !self.write_failed => {
                // Our own deadline is handled below; any other timeout is the caller's.
                if deadline.is_none() {
                    return Err(error.into());
                }
            }
            Err(error) => self.lost(Some(error)),
        }
        if deadline.is_some() {
            let event = self.connection.handle_timeout(self.now);
            self.note(event);
        }
        Ok(())
    }

    fn make_room(&mut self, len: usize) -> Result<(), Error> {
        if self.connection.may_send() && !self.connection.has_room(len) {
            self.flush()?;
        }
        Ok(())
    }

    fn note(&mut self, event: Option<Event<'static>>) {
        if let Some(Event::Failed(failure)) = event {
            self.failed(Some(failure));
        }
    }

    fn failed(&mut self, failure: Option<Failure>) {
        if let Some(failure) = failure {
            self.outcome.get_or_insert(failure.into());
        }
        self.ended = true;
    }

    /// Nothing can be read any more. Once a terminal event has come, that is no error.
    fn lost(&mut self, error: Option<io::Error>) {
        let unexpected = self.connection.handle_transport_lost().is_some();
        if let (true, Some(error)) = (unexpected, error) {
            self.outcome.get_or_insert(error.into());
        }
        self.ended = true;
    }

    fn note_write<T>(&mut self, result: io::Result<T>) -> Result<T, Error> {
        if let Err(error) = &result {
            self.write_failed |= !is_late(error);
        }
        Ok(result?)
    }
}

fn is_resumable(error: &Error) -> bool {
    matches!(error, Error::Io(error) if is_late(error))
}

impl<S: fmt::Debug> fmt::Debug for WebSocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("io", &self.io)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}
