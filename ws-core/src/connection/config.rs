//! How one connection behaves. Every combination is valid; the defaults are strict and safe.

use super::deadlines::Deadlines;
#[cfg(feature = "deflate")]
use crate::deflate::Deflate;
use crate::limits::Limits;

/// The choices an application has for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// What the connection lives within.
    pub limits: Limits,
    /// What it waits for while it is open, and how long: nothing, unless asked for.
    pub deadlines: Deadlines,
    /// Whether messages are handed out whole or as they arrive. May be changed between messages:
    /// see [`Connection::set_delivery`](super::Connection::set_delivery).
    pub delivery: Delivery,
    /// Whether each Ping is answered by the connection itself (§5.5.2). Off: answer with
    /// [`Connection::pong`](super::Connection::pong).
    pub auto_pong: bool,
    /// Whether messages that arrive after our Close was sent, and before the peer's, are handed
    /// out. Off: they are checked and dropped.
    pub deliver_while_closing: bool,
    /// What to offer or answer about permessage-deflate, and how to compress once it is agreed on;
    /// `None`: it is neither offered nor accepted. For the adapters' opening handshakes; what came
    /// of it is [`Connection::deflate`](super::Connection::deflate).
    ///
    /// ```
    /// use ws_core::{Config, deflate::Deflate};
    ///
    /// let mut config = Config::default();
    /// config.deflate = Some(Deflate::builder().level(1).build()?);
    /// # Ok::<(), ws_core::Misuse>(())
    /// ```
    #[cfg(feature = "deflate")]
    pub deflate: Option<Deflate>,
}

impl Config {
    /// The defaults within these limits.
    #[must_use]
    pub const fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            deadlines: Deadlines::OFF,
            delivery: Delivery::Messages,
            auto_pong: true,
            deliver_while_closing: false,
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::with_limits(Limits::default())
    }
}

/// How received messages are handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Whole: the caller's buffer holds the message until its last octet has come.
    Messages,
    /// As the octets arrive: a message of any length passes in constant memory.
    Pieces,
}
