//! What an adapter, blocking or tokio, can report: whose fault it is stays visible.

use alloc::boxed::Box;
use core::fmt;
use std::io;

use super::refused::Refused;
use crate::connection::Failure;
use crate::error::Misuse;
use crate::handshake::{HandshakeError, OfferError, UrlError};

/// An error of a [`WebSocket`](super::WebSocket) or of its opening handshake.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The transport failed. Once both Close frames are through this is never reported: TCP resets
    /// are common then.
    Io(io::Error),
    /// The connection ended, not cleanly: a violation, no Close frame, or no answer to ours.
    Failed(Failure),
    /// The call is not possible now; nothing was sent and the connection is as usable as before.
    ///
    /// [`Misuse::SendAfterClose`] also comes from writing what was queued, if the connection ended
    /// before all of that was written: how it ended is what receiving tells.
    Misuse(Misuse),
    /// The opening handshake failed: the peer's answer or request, the URL, or the time it took.
    Handshake(HandshakeError),
    /// The server answered our opening handshake with another status than 101: what it said.
    Refused(Box<Refused>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "transport: {error}"),
            Self::Failed(failure) => failure.fmt(f),
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::Handshake(error) => write!(f, "opening handshake: {error}"),
            Self::Refused(refused) => {
                write!(f, "opening handshake: {}", HandshakeError::Status(refused.status()))
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Failed(failure) => Some(failure),
            Self::Misuse(misuse) => Some(misuse),
            Self::Handshake(error) => Some(error),
            Self::Refused(_) => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Misuse> for Error {
    fn from(misuse: Misuse) -> Self {
        Self::Misuse(misuse)
    }
}

impl From<HandshakeError> for Error {
    fn from(error: HandshakeError) -> Self {
        Self::Handshake(error)
    }
}

/// An I/O error once more, for a second caller; what a custom error holds stays with the first.
pub(crate) fn same_error(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

impl From<UrlError> for Error {
    fn from(error: UrlError) -> Self {
        Self::Handshake(error.into())
    }
}

impl From<OfferError> for Error {
    fn from(error: OfferError) -> Self {
        Self::Handshake(error.into())
    }
}
