//! How many Pings a peer may send: each makes us answer.

use core::time::Duration;

use super::config::Config;
use super::moment::Moment;
use crate::error::Violation;

/// How many Pings the peer may still send in this window of time.
#[derive(Debug)]
pub(super) struct PingBudget {
    window_end: Moment,
    spent: u32,
}

impl PingBudget {
    pub(super) const fn new() -> Self {
        Self { window_end: Moment::new(Duration::ZERO), spent: 0 }
    }

    pub(super) fn spend(&mut self, config: &Config, now: Duration) -> Result<(), Violation> {
        if Moment::new(now) >= self.window_end {
            self.window_end = Moment::new(now.saturating_add(config.limits.ping_window()));
            self.spent = 0;
        }
        if self.spent >= config.limits.max_pings() {
            return Err(Violation::TooManyPings);
        }
        self.spent = self.spent.saturating_add(1);
        Ok(())
    }
}
