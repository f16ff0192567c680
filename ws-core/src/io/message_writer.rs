//! One message to send as a `Write`, in fragments (RFC 6455 §5.4).

use alloc::vec::Vec;
use core::fmt;
use std::io::{self, Write};

use super::error::Error;
use super::message_reader::into_io;
use super::transport::Transport;
use super::websocket::WebSocket;
use crate::error::Misuse;
use crate::message::MessageKind;

/// Octets gathered before they are sent as a fragment.
const FRAGMENT_LEN: usize = 16 * 1024;

/// Gathers what is written into fragments of one message and sends them.
///
/// Nothing of the message is on the wire until a fragment is full or flushed: a message that fits
/// one fragment is one frame. [`finish`](Self::finish) ends the message; dropped before that, the
/// octets gathered are lost and the message stays open: another [`WebSocket::writer`] of the same
/// kind goes on with it, anything else is [`Misuse::MessageOpen`].
///
/// Errors of the `Write` methods are those of [`WebSocket::send`]: [`Error::Io`] as it is, any other
/// as the inner error of an `io::Error` of kind `InvalidData`.
pub struct MessageWriter<'a, S> {
    socket: &'a mut WebSocket<S>,
    kind: MessageKind,
    gathered: Vec<u8>,
    coded: bool,
}

impl<'a, S> MessageWriter<'a, S> {
    pub(super) const fn new(socket: &'a mut WebSocket<S>, kind: MessageKind) -> Self {
        Self { socket, kind, gathered: Vec::new(), coded: true }
    }
}

impl<S: Transport> MessageWriter<'_, S> {
    /// Has the message go past the extension, if no fragment of it was sent: see
    /// [`Connection::send_uncoded`](crate::Connection::send_uncoded).
    #[must_use]
    pub fn uncoded(mut self) -> Self {
        self.coded = false;
        self
    }

    /// Sends what is gathered as a fragment that is not the last, even if it is nothing, and writes
    /// it to the transport.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`]: nothing was sent. Those of [`WebSocket::flush`], whether or not it was.
    pub fn flush_fragment(&mut self) -> Result<(), Error> {
        self.send(false)?;
        self.socket.flush()
    }

    /// Sends what is gathered as the last fragment and writes it to the transport.
    ///
    /// # Errors
    ///
    /// [`Error::Misuse`] with [`Misuse::TextNotUtf8`] if a text ends inside a code point, or another
    /// misuse: nothing was sent. Those of [`WebSocket::flush`], whether or not it was.
    pub fn finish(mut self) -> Result<(), Error> {
        self.send(true)?;
        self.socket.flush()
    }

    fn send(&mut self, fin: bool) -> Result<(), Error> {
        let mut sent = self.send_fragment(fin);
        if sent == Err(Misuse::WriteBufferFull) {
            self.socket.flush()?;
            sent = self.send_fragment(fin);
        }
        sent?;
        self.gathered.clear();
        Ok(())
    }

    fn send_fragment(&mut self, fin: bool) -> Result<(), Misuse> {
        let connection = &mut self.socket.connection;
        if self.coded {
            connection.send_fragment(self.kind, &self.gathered, fin)
        } else {
            connection.send_fragment_uncoded(self.kind, &self.gathered, fin)
        }
    }
}

impl<S: Transport> Write for MessageWriter<'_, S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        if self.gathered.len() >= FRAGMENT_LEN {
            self.send(false).map_err(into_io)?;
        }
        let room = FRAGMENT_LEN.saturating_sub(self.gathered.len());
        let taken = octets.get(..room).unwrap_or(octets);
        self.gathered.extend_from_slice(taken);
        Ok(taken.len())
    }

    /// As [`flush_fragment`](MessageWriter::flush_fragment), but sends no fragment for nothing.
    fn flush(&mut self) -> io::Result<()> {
        if !self.gathered.is_empty() {
            self.send(false).map_err(into_io)?;
        }
        self.socket.flush().map_err(into_io)
    }
}

impl<S> fmt::Debug for MessageWriter<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageWriter")
            .field("kind", &self.kind)
            .field("gathered", &self.gathered.len())
            .finish_non_exhaustive()
    }
}
