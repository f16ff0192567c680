//! The half that receives.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::future::poll_fn;
use core::mem::replace;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use ::tokio::io::{AsyncRead, AsyncWrite};

use super::ends::ReadEnd;
use super::shared::{Beside, Shared};
use crate::connection::{Inbound, Setup};
use crate::io::{Error, PeerClose};
use crate::message::Message;
#[cfg(doc)]
use crate::tokio::WebSocket;
use crate::tokio::drive::{Receiver, Receives};
use crate::tokio::event::{Event, Piece};
use crate::tokio::read_buffer::ReadBuffer;
use crate::tokio::wakers::Half;

/// The receiving half: [`recv`](Self::recv) and its like, as of a whole [`WebSocket`].
///
/// Dropping it leaves the sending half usable, but the connection then neither answers Pings nor
/// sees the peer's Close.
pub struct ReadHalf<S> {
    pub(super) own: Box<Reading<S>>,
}

/// What receiving owns: in a box, since a half is handed from task to task.
pub(super) struct Reading<S> {
    pub(super) setup: Arc<Setup>,
    pub(super) inbound: Box<Inbound>,
    pub(super) input: ReadBuffer,
    pub(super) io: ReadEnd<S>,
    /// Wakes both halves.
    pub(super) both: Waker,
    /// It was said to wait, and has not gone on since.
    pub(super) waits: bool,
    pub(super) shared: Arc<Shared<S>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> ReadHalf<S> {
    /// The next message, as [`WebSocket::recv`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a dropped future loses no octet and no message.
    pub async fn recv(&mut self) -> Result<Option<Message>, Error> {
        poll_fn(|cx| self.poll(cx, |own, cx| own.poll_recv(cx))).await
    }

    /// As [`recv`](Self::recv), and tells of Pings and Pongs too: [`WebSocket::recv_event`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        poll_fn(|cx| self.poll(cx, |own, cx| own.poll_event(cx))).await
    }

    /// The next octets of a message, as they arrive: [`WebSocket::recv_piece`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`].
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe.
    pub async fn recv_piece(&mut self) -> Result<Option<Piece>, Error> {
        poll_fn(|cx| self.poll(cx, |own, cx| own.poll_piece(cx))).await
    }

    /// How long the last Ping of keepalive took: [`WebSocket::round_trip`].
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.own.inbound.round_trip()
    }

    /// The peer's Close frame, once it has come.
    #[must_use]
    pub fn peer_close(&self) -> Option<PeerClose> {
        self.own.inbound.peer_close().cloned()
    }

    /// One poll of this half.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Reading<S>, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.own.go_on();
        let result = poll(&mut self.own, cx);
        if result.is_ready() {
            self.own.go_on();
        }
        result
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Receives for Reading<S> {
    type Link<'a>
        = Beside<'a, S>
    where
        Self: 'a;

    #[inline]
    fn receiver(&mut self) -> Receiver<'_, Beside<'_, S>> {
        let Self { setup, inbound, input, io, both, waits, shared } = self;
        let origin = shared.origin;
        let link = Beside { shared, io, both, waits };
        let config = &setup.config;
        Receiver { config, inbound, input, origin, link }
    }
}

impl<S> Reading<S> {
    fn go_on(&mut self) {
        if replace(&mut self.waits, false) {
            self.shared.wakers.go_on(Half::Reader);
        }
    }
}

impl<S> fmt::Debug for ReadHalf<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadHalf").field("inbound", &self.own.inbound).finish_non_exhaustive()
    }
}
