//! How receiving reaches the rest of its connection: the transport, and the sending half.
//!
//! ```text
//! WebSocket: Receiver ─ Whole ─▶ Sender      all of it is at hand
//! ReadHalf:  Receiver ─ Beside ─▶ Sender     the sending half is shared with another task
//! ```

use core::task::{Context, Poll};
use std::io;

use ::tokio::io::{AsyncRead, AsyncWrite};
use ::tokio::time::Instant;

use super::outgoing::Outgoing;
use super::output::Sender;
use super::pool;
use super::read_buffer::ReadBuffer;
use crate::connection::{Config, Hears, Outbound};

/// What a [`Receiver`](super::drive::Receiver) asks for beside its own half.
pub(super) trait Link {
    type Io: AsyncWrite + Unpin;

    /// Reads once into `input`.
    fn poll_read(
        &mut self,
        input: &mut ReadBuffer,
        awaited: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>>;

    /// What the sending half leaves to be received.
    fn hears(&self) -> Hears;

    /// Has `act` do something with the sending half.
    fn sending<T>(
        &mut self,
        config: &Config,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Sender<'_, Self::Io>, &mut Context<'_>) -> T,
    ) -> T;

    /// As [`sending`](Self::sending), before a read: `None` if there is nothing to do, or somebody
    /// is doing it.
    fn attend<T>(
        &mut self,
        config: &Config,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Sender<'_, Self::Io>, &mut Context<'_>) -> T,
    ) -> Option<T>;

    /// Whether the sending half, untouched since [`attend`](Self::attend), may be waited beside. If
    /// not, attend to it once more.
    fn may_wait(&mut self, cx: &Context<'_>) -> bool;

    /// Gives back what the sending half does not need while both wait.
    fn rest(&mut self);
}

/// The rest of a connection that one task has all of.
#[derive(Debug)]
pub(super) struct Whole<'a, S> {
    pub(super) io: &'a mut S,
    pub(super) outbound: &'a mut Outbound,
    pub(super) outgoing: &'a mut Outgoing,
    pub(super) origin: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link for Whole<'_, S> {
    type Io = S;

    #[inline]
    fn poll_read(
        &mut self,
        input: &mut ReadBuffer,
        awaited: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        input.poll_read(self.io, awaited, cx)
    }

    #[inline]
    fn hears(&self) -> Hears {
        self.outbound.hears()
    }

    #[inline]
    fn sending<T>(
        &mut self,
        config: &Config,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Sender<'_, S>, &mut Context<'_>) -> T,
    ) -> T {
        let Self { io, outbound, outgoing, origin } = self;
        act(&mut Sender { config, outbound, outgoing, io, origin: *origin }, cx)
    }

    #[inline]
    fn attend<T>(
        &mut self,
        config: &Config,
        cx: &mut Context<'_>,
        act: impl FnOnce(&mut Sender<'_, S>, &mut Context<'_>) -> T,
    ) -> Option<T> {
        Some(self.sending(config, cx, act))
    }

    #[inline]
    fn may_wait(&mut self, _: &Context<'_>) -> bool {
        true
    }

    #[inline]
    fn rest(&mut self) {
        if self.outbound.output_len() == 0 {
            pool::give_output(self.outbound.take_output_storage());
        }
    }
}
