//! Two halves of one connection for two tasks: one receives, one sends.
//!
//! ```text
//! ReadHalf ── its own: what was read, the decoder, the transport's end to read from
//!     └────────┐ Pongs, Closes, deadlines, and what is left to write
//! WriteHalf ───┴─▶ Shared: the outbox, the closing handshake, the end to write to
//!     └─ its own: the encoder
//! ```
//!
//! A message is received without a lock, and without waiting for one that is being sent.

mod ends;
mod read_half;
mod shared;
mod write_half;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::task::Waker;

use ::tokio::io::{AsyncRead, AsyncWrite};

use super::websocket::WebSocket;
use crate::connection::Connection;

use ends::{put_together, take_apart};
use read_half::Reading;
use shared::{Sending, Shared};

pub use read_half::ReadHalf;
pub use write_half::WriteHalf;

pub(super) fn split<S>(socket: WebSocket<S>) -> (ReadHalf<S>, WriteHalf<S>)
where
    S: AsyncRead + AsyncWrite + 'static,
{
    let WebSocket { io, connection, input, outgoing, origin, .. } = socket;
    let Connection { setup, inbound, mut outbound } = connection;
    let encoder = outbound.take_encoder();
    let (read, write) = take_apart(io);
    let shared = Shared::new(Sending { outbound, outgoing, io: write }, Arc::clone(&setup), origin);
    let both = Waker::from(Arc::clone(&shared.wakers));
    let writer = WriteHalf {
        role: inbound.role(),
        encoder,
        both: both.clone(),
        shared: Arc::clone(&shared),
    };
    let own = Reading { setup, inbound, input, io: read, both, waits: false, shared };
    (ReadHalf { own: Box::new(own) }, writer)
}

impl<S: AsyncRead + AsyncWrite + Unpin> ReadHalf<S> {
    /// The whole connection again, if `other` is its sending half. Whatever was received and not told,
    /// or queued and not written, is in it.
    ///
    /// # Errors
    ///
    /// Both halves, if they are of different connections.
    pub fn reunite(self, other: WriteHalf<S>) -> Result<WebSocket<S>, (Self, WriteHalf<S>)>
    where
        S: 'static,
    {
        if !Arc::ptr_eq(&self.own.shared, &other.shared) {
            return Err((self, other));
        }
        let WriteHalf { encoder, shared, .. } = other;
        drop(shared);
        let Reading { setup, inbound, input, io, shared, .. } = *self.own;
        let origin = shared.origin;
        let whole = Arc::into_inner(shared).map(Shared::into_sending).and_then(|sending| {
            let Sending { mut outbound, outgoing, io: write } = sending;
            outbound.give_encoder(encoder);
            let connection = Connection { setup, inbound, outbound };
            let io = put_together(io, write)?;
            Some(WebSocket { io, connection, input, outgoing, origin })
        });
        match whole {
            Some(whole) => Ok(whole),
            None => unreachable!("a connection has two halves, each with one end of the transport"),
        }
    }
}
