//! The octets of a request, for as long as a server waits for its end.
//!
//! In: what the transport has. Out: all octets so far. A request that one read brings whole, as
//! nearly every one is, lies in a buffer of the thread's ([`pool`]); only of one that comes in pieces
//! has the connection its own copy. While the first octet is awaited it has neither.

use alloc::boxed::Box;
use core::pin::pin;
use core::task::{Context, Poll};
use std::io;

use ::tokio::io::{AsyncRead, AsyncReadExt};
use bytes::BytesMut;

use super::pool::{self, Input};
use crate::memory::{OutOfMemory, reserve_bytes};

/// Room for a request that comes in pieces, at first.
const ROOM: usize = 1024;

#[derive(Default)]
pub(super) struct RequestBuffer {
    /// The thread's, or the connection's own.
    input: Option<Box<Input>>,
}

impl RequestBuffer {
    pub(super) fn octets(&self) -> &[u8] {
        self.input.as_ref().map_or(&[], |input| &input.octets)
    }

    /// Reads once, behind what is there. To be called again only after [`keep`](Self::keep).
    pub(super) fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        io: &mut S,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let octets = &mut self.input.get_or_insert_with(pool::take_input).octets;
        if octets.capacity() == octets.len() {
            reserve_bytes(octets, ROOM)?;
        }
        // The future holds no state, so dropping it when pending loses nothing.
        let read = pin!(io.read_buf(octets)).poll(cx);
        if read.is_pending() {
            self.give_back();
        }
        read
    }

    /// Makes the octets the connection's own, to wait for more.
    pub(super) fn keep(&mut self) -> Result<(), OutOfMemory> {
        if let Some(input) = self.input.as_ref().filter(|input| input.is_pooled()) {
            let mut own = BytesMut::new();
            reserve_bytes(&mut own, ROOM.max(input.octets.len()))?;
            own.extend_from_slice(&input.octets);
            self.give_back();
            self.input = Some(Input::own(own));
        }
        Ok(())
    }

    fn give_back(&mut self) {
        if let Some(input) = self.input.take_if(|input| input.is_pooled()) {
            pool::give_input(input);
        }
    }
}

impl Drop for RequestBuffer {
    fn drop(&mut self) {
        self.give_back();
    }
}
