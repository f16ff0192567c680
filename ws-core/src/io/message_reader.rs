//! One received message as a `Read`, across its fragments.

use core::fmt;
use std::io::{self, ErrorKind, Read};

use super::drive::{Kept, Step};
use super::error::Error;
use super::transport::Transport;
use super::websocket::WebSocket;
use crate::message::MessageKind;

/// Reads one message as it arrives; control frames between its fragments are dealt with. Ends where
/// the message ends.
///
/// Text is checked as far as it has come: a read may end inside a code point, never behind an octet
/// that is not UTF-8.
///
/// Errors are those of [`WebSocket::recv`]: [`Error::Io`] as it is, any other as the inner error of
/// an `io::Error` of kind `InvalidData`. A peer that closes in the middle of the message: kind
/// `UnexpectedEof`.
pub struct MessageReader<'a, S> {
    socket: &'a mut WebSocket<S>,
    kind: MessageKind,
    /// What is left of the last piece, as the socket's buffer keeps it.
    piece: Kept,
    ended: bool,
}

impl<'a, S: Transport> MessageReader<'a, S> {
    pub(super) fn open(socket: &'a mut WebSocket<S>) -> Result<Option<Self>, Error> {
        loop {
            let (kind, piece, ended) = match socket.step()? {
                Some(Step::Message(kind, payload)) => (kind, payload, true),
                // The rest of a message whose reader was dropped.
                Some(Step::Piece { starts_message: false, .. }) => continue,
                Some(Step::Piece { kind, octets, ends_message, .. }) => {
                    (kind, octets, ends_message)
                }
                None => return Ok(None),
            };
            return Ok(Some(Self { socket, kind, piece, ended }));
        }
    }

    /// Text or binary.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        self.kind
    }
}

impl<S: Transport> Read for MessageReader<'_, S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.socket.kept(&self.piece).is_empty() && !self.ended {
            match self.socket.step().map_err(into_io)? {
                Some(Step::Piece { octets, ends_message, .. }) => {
                    self.piece = octets;
                    self.ended = ends_message;
                }
                // A message that is read in pieces is told in pieces, or fails.
                Some(Step::Message(..)) | None => return Err(ErrorKind::UnexpectedEof.into()),
            }
        }
        let octets = self.socket.kept(&self.piece);
        let len = octets.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..len), octets.get(..len)) {
            to.copy_from_slice(from);
        }
        let piece = self.piece.range_mut();
        piece.start = piece.start.saturating_add(len);
        Ok(len)
    }
}

impl<S> fmt::Debug for MessageReader<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageReader").field("kind", &self.kind).finish_non_exhaustive()
    }
}

pub(super) fn into_io(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        other => io::Error::new(ErrorKind::InvalidData, other),
    }
}
