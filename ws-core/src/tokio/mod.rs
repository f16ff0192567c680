//! Level 3: asynchronous connections over tokio's `AsyncRead` and `AsyncWrite` (feature `tokio`).
//!
//! ```text
//! accept                              ─┐
//! connect, connect_with ─▶ Connector  ─┼─▶ WebSocket ─ recv, feed, flush, send, close
//! connect_over                        ─┘      └─ split ─▶ ReadHalf, WriteHalf
//! ```
//!
//! Payloads that are received share the read buffer they arrived in: copy what is kept for long.

mod clock;
mod connect;
mod connector;
mod drive;
mod eyeballs;
mod open;
mod pool;
mod read_buffer;
mod sink;
mod split;
mod stream;
#[cfg(feature = "rustls")]
mod tls;
mod websocket;

pub use connect::{connect, connect_over, connect_recorded, connect_with};
pub use connector::Connector;
pub use open::accept;
pub use split::{ReadHalf, WriteHalf};
pub use stream::ClientStream;
pub use websocket::{Event, Piece, WebSocket};

pub use crate::io::{Error, PeerClose, Record, Refused};
/// The rustls that [`Connector::tls`] takes its configuration from.
#[cfg(feature = "rustls")]
pub use tokio_rustls::rustls;
