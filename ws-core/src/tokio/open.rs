//! What opening handshakes need of tokio: a deadline, and octets written whole.

use core::future::poll_fn;
use core::pin::{Pin, pin};
use core::task::Poll;
use core::time::Duration;

use ::tokio::io::{AsyncWrite, AsyncWriteExt};
use ::tokio::time::{Instant, Sleep, sleep_until};

use super::clock::later;
use crate::io::Error;

pub(super) async fn write<S: AsyncWrite + Unpin>(io: &mut S, octets: &[u8]) -> Result<(), Error> {
    io.write_all(octets).await?;
    Ok(io.flush().await?)
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

    /// The output of `future`, or `None` if it is not there in time.
    pub(super) async fn within<T>(&mut self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
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
        .await
    }
}
