//! tokio's clock, which tests may pause, and durations that callers choose freely.

use core::time::Duration;

use ::tokio::time::Instant;

/// Longer than anybody waits, shorter than any platform's clock can count.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The moment `after` behind `origin`.
pub(super) fn later(origin: Instant, after: Duration) -> Instant {
    origin.checked_add(after.min(FAR)).unwrap_or(origin)
}
