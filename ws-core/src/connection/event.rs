//! What [`Connection::handle_input`](super::Connection::handle_input) tells: the events of a
//! connection, and what to do with the caller's buffer. Payload is lent from that buffer, or from the
//! connection where an extension has decoded it.

use core::fmt;
use core::ops::{Deref, Range};

use crate::error::Violation;
use crate::frame::CloseFrame;
use crate::message::MessageKind;

/// The outcome of one call: at most one event, and which octets of the buffer to keep.
#[derive(Debug, PartialEq, Eq)]
pub struct Received<'b> {
    /// What happened, or `None`: read more octets behind those that are kept.
    pub event: Option<Event<'b>>,
    /// Octets at the front of the buffer that are done with, once the event is.
    pub discard: usize,
    /// Octets to keep behind those; whatever is behind the kept ones is done with too.
    pub keep: usize,
}

/// Something the application may want to know. [`Close`](Self::Close) and
/// [`Failed`](Self::Failed) are terminal: a connection has exactly one of them, and it is the last.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'b> {
    /// A whole message, under [`Delivery::Messages`](super::Delivery::Messages).
    Message {
        /// Text (checked to be UTF-8) or binary.
        kind: MessageKind,
        /// All of it, unmasked.
        payload: Payload<'b>,
    },
    /// Some octets of a message, under [`Delivery::Pieces`](super::Delivery::Pieces).
    Piece(Piece<'b>),
    /// A Ping. The Pong is queued already unless
    /// [`Config::auto_pong`](super::Config::auto_pong) is off.
    Ping(Payload<'b>),
    /// A Pong, asked for or not (§5.5.3).
    Pong(Payload<'b>),
    /// The peer's Close frame: its code and reason, or `None` if it was empty (code 1005).
    ///
    /// Our own Close is queued or sent, so the closing handshake is done when the output is
    /// written: the end is clean.
    Close(Option<CloseFrame<'b>>),
    /// The end is not clean.
    Failed(Failure),
}

/// What one read brought of a message: as many octets as were there, at most one fragment's.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece<'b> {
    /// Text (UTF-8 as far as it has come: a code point may be cut at the end) or binary.
    pub kind: MessageKind,
    /// The octets, unmasked. Empty only where a fragment ends without any.
    pub octets: Payload<'b>,
    /// Whether these are the first octets of the message.
    pub starts_message: bool,
    /// Whether these are the last octets of their fragment.
    pub ends_fragment: bool,
    /// Whether these are the last octets of the message.
    pub ends_message: bool,
}

/// Why a connection ended without a clean closing handshake. Its close code is 1006 unless the
/// peer's Close arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The peer broke a rule; a Close frame with the violation's code is queued, unless our Close
    /// was sent before.
    Violation(Violation),
    /// The peer's stream ended without a Close frame.
    EndOfStream,
    /// The peer did not answer our Close within
    /// [`Limits::close_timeout`](crate::Limits::close_timeout).
    CloseTimeout,
    /// Nothing was received after a Ping of ours: see
    /// [`Deadlines::pong_timeout`](super::Deadlines::pong_timeout).
    PongTimeout,
    /// The transport took nothing of our output: see
    /// [`Deadlines::write_timeout`](super::Deadlines::write_timeout).
    WriteTimeout,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(violation) => violation.fmt(f),
            Self::EndOfStream => f.write_str("the peer's stream ended without a Close frame"),
            Self::CloseTimeout => f.write_str("the peer did not answer our Close frame in time"),
            Self::PongTimeout => f.write_str("nothing came from the peer after our Ping"),
            Self::WriteTimeout => f.write_str("the peer took nothing of what we send"),
        }
    }
}

impl core::error::Error for Failure {}

/// Payload as it was sent: lent from the caller's buffer, where it was unmasked in place, or from the
/// connection, where an extension has decoded it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Payload<'b> {
    octets: &'b [u8],
    start: Option<usize>,
}

impl<'b> Payload<'b> {
    pub(super) fn new(input: &'b [u8], range: Range<usize>) -> Self {
        let start = Some(range.start);
        Self { octets: input.get(range).unwrap_or_default(), start }
    }

    pub(super) const fn decoded(octets: &'b [u8]) -> Self {
        Self { octets, start: None }
    }

    /// The octets, for as long as the buffer and the connection are lent.
    #[must_use]
    pub const fn octets(&self) -> &'b [u8] {
        self.octets
    }

    /// Where the octets stand in the buffer that was passed in: whoever owns it can split them off
    /// without a copy. `None` if an extension has decoded them: see
    /// [`Connection::take_decoded`](super::Connection::take_decoded).
    #[must_use]
    pub const fn range(&self) -> Option<Range<usize>> {
        match self.start {
            Some(start) => Some(start..start.saturating_add(self.octets.len())),
            None => None,
        }
    }
}

impl Deref for Payload<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.octets
    }
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.octets.fmt(f)
    }
}
