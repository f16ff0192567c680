//! Level 3: asynchronous connections over tokio's `AsyncRead` and `AsyncWrite` (feature `tokio`).
//!
//! ```text
//! accept, accept_with                 ─┐
//! connect, connect_with ─▶ Connector  ─┼─▶ WebSocket ─ recv, feed, flush, send, close
//! connect_over                        ─┘      └─ split ─▶ ReadHalf, WriteHalf
//! serve::Server ─ accepts them all, hands each to a handler as a serve::Socket, ends them in order
//! ```
//!
//! The closing handshake has deadlines, so it needs a runtime with its time driver on: without one,
//! tokio's timers panic.
//!
//! Payloads that are received share the read buffer they arrived in: copy what is kept for long.

mod accept;
mod clock;
mod connect;
mod connector;
mod drive;
mod event;
mod eyeballs;
#[cfg(feature = "hyper")]
pub mod hyper;
mod link;
mod open;
mod outgoing;
mod output;
mod pool;
mod read_buffer;
mod request_buffer;
pub mod serve;
mod sink;
mod split;
mod stream;
#[cfg(feature = "rustls")]
mod tls;
mod turns;
mod wakers;
mod websocket;
mod work;
mod writing;

pub use accept::{accept, accept_with};
pub use connect::{connect, connect_over, connect_recorded, connect_with};
pub use connector::Connector;
pub use event::{Event, Piece};
pub use split::{ReadHalf, WriteHalf};
pub use stream::ClientStream;
pub use websocket::WebSocket;

pub use crate::io::{Error, PeerClose, Record, Refused};
/// The rustls that [`Connector::tls`] takes its configuration from.
#[cfg(feature = "rustls")]
pub use tokio_rustls::rustls;
