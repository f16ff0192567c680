//! The octets of a request, for as long as a server waits for its end.
//!
//! In: what the transport has. Out: all octets so far. A request that one read brings whole, as
//! nearly every one is, lies in a buffer of the thread's ([`pool`]); only of one that comes in pieces
//! has the connection its own copy. While the first octet is awaited it has neither.

use core::mem;
use core::pin::pin;
use core::task::{Context, Poll};
use std::io;

use ::tokio::io::{AsyncRead, AsyncReadExt};
use bytes::BytesMut;

use super::pool;
use crate::memory::{OutOfMemory, reserve_bytes};

/// Room for a request that comes in pieces, at first.
const ROOM: usize = 1024;

#[derive(Default)]
pub(super) struct RequestBuffer {
    octets: BytesMut,
    /// Whether `octets` is the thread's.
    pooled: bool,
}

impl RequestBuffer {
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Reads once, behind what is there. To be called again only after [`keep`](Self::keep).
    pub(super) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if self.octets.is_empty() {
            self.octets = pool::take_input();
            self.pooled = true;
        } else if self.octets.capacity() == self.octets.len() {
            reserve_bytes(&mut self.octets, ROOM)?;
        }
        // The future holds no state, so dropping it when pending loses nothing.
        let read = pin!(io.read_buf(&mut self.octets)).poll(cx);
        if read.is_pending() {
            self.give_back();
        }
        read
    }

    /// Makes the octets the connection's own, to wait for more.
    pub(super) fn keep(&mut self) -> Result<(), OutOfMemory> {
        if self.pooled {
            let mut own = BytesMut::new();
            reserve_bytes(&mut own, ROOM.max(self.octets.len()))?;
            own.extend_from_slice(&self.octets);
            self.give_back();
            self.octets = own;
        }
        Ok(())
    }

    fn give_back(&mut self) {
        if mem::take(&mut self.pooled) {
            pool::give_input(mem::take(&mut self.octets), pool::READ_LEN);
        }
    }
}

impl Drop for RequestBuffer {
    fn drop(&mut self) {
        self.give_back();
    }
}
