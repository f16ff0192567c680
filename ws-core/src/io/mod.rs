//! Level 2: blocking, over `std::io::{Read, Write}`.
//!
//! ```text
//! one frame at a time     read_header, read_frame, write_header, write_frame
//! the handshake alone     Upgrader::upgrade
//! a connection            accept, accept_with, connect, connect_with, connect_over ─▶ WebSocket
//!                         WebSocket ─ recv, feed, flush, send, close
//! one message as a stream WebSocket::reader ─▶ Read      WebSocket::writer ─▶ Write
//! ```

mod accept;
mod buffer;
mod connect;
mod drive;
mod error;
mod frames;
mod message_reader;
mod message_writer;
mod open;
mod record;
mod refused;
mod transport;
mod waiting;
mod websocket;

pub use crate::connection::PeerClose;
pub use accept::{accept, accept_with};
pub use connect::{connect, connect_over, connect_recorded, connect_with};
pub use error::Error;
#[cfg_attr(not(feature = "tokio"), expect(unused_imports, reason = "for the tokio adapter"))]
pub(crate) use error::same_error;
pub use frames::{read_frame, read_header, write_frame, write_header};
pub use message_reader::MessageReader;
pub use message_writer::MessageWriter;
pub use record::Record;
pub use refused::Refused;
pub use transport::{Plain, Transport};
pub use websocket::{Lent, WebSocket};
