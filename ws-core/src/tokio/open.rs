//! What opening handshakes need of tokio: a deadline, and octets written whole.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io;

use ::tokio::io::{AsyncWrite, AsyncWriteExt};
use ::tokio::time::{Instant, Sleep, sleep_until};

use super::clock::later;
use crate::io::Error;

pub(super) async fn write<S: AsyncWrite + Unpin>(io: &mut S, octets: &[u8]) -> Result<(), Error> {
    io.write_all(octets).await?;
    Ok(io.flush().await?)
}

/// As [`write`]; what is left of `octets` is to be given again.
pub(super) fn poll_write<S: AsyncWrite + Unpin>(
    io: &mut S,
    octets: &mut &[u8],
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while !octets.is_empty() {
        let written = ready!(Pin::new(&mut *io).poll_write(cx, octets))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        *octets = octets.get(written..).unwrap_or_default();
    }
    Pin::new(io).poll_flush(cx)
}

/// Ends a wait that takes too long. What never waits pays neither for a clock nor for a timer: the
/// time counts from the first wait on, and runs on through all that follow.
pub(super) struct Deadline<'a> {
    after: Duration,
    timer: Pin<&'a mut Option<Sleep>>,
}

impl<'a> Deadline<'a> {
    /// `timer` is its place, empty.
    pub(super) const fn new(after: Duration, timer: Pin<&'a mut Option<Sleep>>) -> Self {
        Self { after, timer }
    }

    /// What `poll` gives, or `None` if it is not there in time. A function, not a future: those that
    /// are handed on lie twice in the future that awaits them.
    pub(super) fn within<T>(
        &mut self,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> impl Future<Output = Option<T>> {
        poll_fn(move |cx| {
            if let Poll::Ready(output) = poll(cx) {
                return Poll::Ready(Some(output));
            }
            if self.timer.is_none() {
                self.timer.set(Some(sleep_until(later(Instant::now(), self.after))));
            }
            match self.timer.as_mut().as_pin_mut() {
                Some(timer) => timer.poll(cx).map(|()| None),
                None => Poll::Pending,
            }
        })
    }
}
