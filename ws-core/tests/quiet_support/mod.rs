//! A transport without an allocation of its own, and an echo over it.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use allocation_counter::AllocationInfo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ws_core::tokio::WebSocket;
use ws_core::{Config, Role};

use super::oracle::KEY;

pub(crate) const BOTH_ROLES: [Role; 2] = [Role::Server, Role::Client];

/// Octets that arrive read by read, from memory that was there before; what is written vanishes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quiet(pub(crate) Rc<RefCell<Arrivals>>);

#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    octets: Vec<u8>,
    pub(crate) read: usize,
    /// Octets that may be read before a read is pending.
    pub(crate) until: usize,
}

impl AsyncRead for Quiet {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut state = self.0.borrow_mut();
        let there = state.until.min(state.octets.len()) - state.read;
        let len = there.min(buf.remaining());
        if len == 0 {
            return Poll::Pending;
        }
        buf.put_slice(&state.octets[state.read..state.read + len]);
        state.read += len;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Quiet {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Quiet {
    /// All of these octets may be read now.
    pub(crate) fn arrive(&self, octets: &[u8]) {
        let mut state = self.0.borrow_mut();
        state.octets.clear();
        state.octets.extend_from_slice(octets);
        state.read = 0;
        state.until = octets.len();
    }
}

pub(crate) fn socket(role: Role) -> (WebSocket<Quiet>, Quiet) {
    let io = Quiet::default();
    let socket = match role {
        Role::Server => WebSocket::server(io.clone(), Config::default()),
        Role::Client => WebSocket::client_with_keys(io.clone(), Config::default(), &[], || KEY),
    };
    (socket, io)
}

/// Polls once, without any allocation of its own.
pub(crate) fn poll<F: Future>(future: F) -> Poll<F::Output> {
    std::pin::pin!(future).poll(&mut Context::from_waker(std::task::Waker::noop()))
}

/// Echoes what is there, until it is pending; how many messages that were.
pub(crate) fn echo(socket: &mut WebSocket<Quiet>) -> usize {
    let mut messages = 0;
    loop {
        match poll(socket.recv()) {
            Poll::Ready(message) => {
                let message = message.expect("no fault").expect("no end");
                assert!(poll(socket.feed(message)).is_ready());
                messages += 1;
            }
            Poll::Pending => return messages,
        }
    }
}

pub(crate) fn held(allocated: AllocationInfo) -> usize {
    usize::try_from(allocated.bytes_current).unwrap_or(0)
}
