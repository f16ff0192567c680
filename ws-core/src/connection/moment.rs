//! A point in time of a connection's clock, in half the memory of a [`Duration`]: idle connections are
//! many.

use core::time::Duration;

/// Nanoseconds since time zero: 584 years, and no later moment than that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    pub(crate) const fn new(since_zero: Duration) -> Self {
        let seconds = since_zero.as_secs().saturating_mul(1_000_000_000);
        Self(seconds.saturating_add(since_zero.subsec_nanos() as u64))
    }

    pub(crate) const fn since_zero(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_duration_it_was_made_of() {
        let durations = [
            Duration::ZERO,
            Duration::from_nanos(1),
            Duration::new(1, 999_999_999),
            Duration::from_nanos(u64::MAX),
        ];
        for duration in durations {
            assert_eq!(Moment::new(duration).since_zero(), duration);
        }
        assert_eq!(Moment::new(Duration::MAX).since_zero(), Duration::from_nanos(u64::MAX));
    }
}
