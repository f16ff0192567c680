//! Memory that the unfinished messages of many connections share.
//!
//! Each connection has its own limits; a thousand of them, each in the middle of a message of the
//! greatest length, have a thousand times as much. A budget is for all of them together.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::error::Violation;

/// A connection asks the budget for this many octets at a time, so that small messages cost nothing
/// and long ones little. The first so many of each message are free.
const GRAIN: usize = 64 * 1024;

/// Octets that unfinished messages may hold, over all connections that were given a clone of this.
///
/// A connection holds the octets of a message from when they arrive, or are decoded, until the
/// message is whole; its first 64 KiB are not counted. The connection whose message would exceed the
/// budget is failed with code 1013, "try again later".
///
/// A server of [`tokio::serve`](crate::tokio::serve) has one unless it is given another; a
/// [`Connector`](crate::tokio::Connector) takes one. A connection that was opened in another way is
/// given one by [`Connection::set_budget`](super::Connection::set_budget), before it receives
/// anything:
///
/// ```
/// # #[cfg(feature = "tokio")]
/// # async fn example<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin>(
/// #     io: S,
/// #     budget: &ws_core::connection::Budget,
/// # ) -> Result<(), ws_core::tokio::Error> {
/// let mut socket = ws_core::tokio::accept(io, ws_core::Config::default()).await?;
/// socket.connection_mut().set_budget(budget.clone());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    total: usize,
    in_use: AtomicUsize,
}

impl Budget {
    /// A budget of `octets`.
    #[must_use]
    pub fn new(octets: usize) -> Self {
        Self(Arc::new(Shared { total: octets, in_use: AtomicUsize::new(0) }))
    }

    /// Octets that there are in all.
    #[must_use]
    pub fn total(&self) -> usize {
        self.0.total
    }

    /// Octets that unfinished messages hold now, in steps of 64 KiB.
    #[must_use]
    pub fn in_use(&self) -> usize {
        self.0.in_use.load(Ordering::Relaxed)
    }

    fn take(&self, octets: usize) -> bool {
        let take = |in_use: usize| in_use.checked_add(octets).filter(|sum| *sum <= self.0.total);
        self.0.in_use.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

/// What one connection holds of a budget. Dropped, it gives all of it back.
#[derive(Debug)]
pub(super) struct Share {
    budget: Budget,
    held: usize,
}

impl Share {
    pub(super) const fn new(budget: Budget) -> Self {
        Self { budget, held: 0 }
    }

    /// The unfinished message has `octets` octets now.
    pub(super) fn hold(&mut self, octets: usize) -> Result<(), Violation> {
        let needed = octets.saturating_sub(GRAIN);
        if needed <= self.held {
            return Ok(());
        }
        let needed = needed.checked_next_multiple_of(GRAIN).unwrap_or(usize::MAX);
        if !self.budget.take(needed.saturating_sub(self.held)) {
            return Err(Violation::OverBudget);
        }
        self.held = needed;
        Ok(())
    }

    /// There is no unfinished message any more.
    pub(super) fn release(&mut self) {
        let held = core::mem::take(&mut self.held);
        if held > 0 {
            self.budget.0.in_use.fetch_sub(held, Ordering::Relaxed);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.release();
    }
}
