//! Level 3: asynchronous connections over tokio's `AsyncRead` and `AsyncWrite` (feature `tokio`).
//!
//! ```text
//! accept, accept_with, connect ─▶ WebSocket ─ recv, feed, flush, send, close ─ split ─▶ ReadHalf, WriteHalf
//! ```
//!
//! Payloads that are received share the read buffer they arrived in: copy what is kept for long.

mod accept;
mod clock;
mod drive;
#[cfg(feature = "hyper")]
pub mod hyper;
mod open;
mod pool;
mod read_buffer;
mod sink;
mod split;
mod websocket;

pub use accept::{accept, accept_with};
pub use open::{connect, connect_over};
pub use split::{ReadHalf, WriteHalf};
pub use websocket::{Event, Piece, WebSocket};

pub use crate::io::{Error, PeerClose};
