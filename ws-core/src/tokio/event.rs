//! What receiving tells beside whole messages.
//!
//! In: what a step of `tokio::drive` took. Out: the values of `recv_event` and `recv_piece`.

use bytes::Bytes;

#[cfg(doc)]
use crate::connection::Config;
use crate::message::{Message, MessageKind};

/// What `recv_event` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A whole message.
    Message(Message),
    /// A Ping; it has been answered unless [`Config::auto_pong`] is off.
    Ping(Bytes),
    /// A Pong, asked for or not.
    Pong(Bytes),
}

/// What `recv_piece` tells: octets of one message, as they arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Text (UTF-8 as far as it has come: a code point may be cut at the end) or binary.
    pub kind: MessageKind,
    /// The octets, of one fragment.
    pub octets: Bytes,
    /// Whether these are the first octets of the message.
    pub starts_message: bool,
    /// Whether these are the last octets of the message.
    pub ends_message: bool,
}
