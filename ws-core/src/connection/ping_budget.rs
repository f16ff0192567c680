//! How many Pings a peer may send: each makes us answer.

use core::time::Duration;

use super::config::Config;
use crate::error::Violation;

/// How many Pings the peer may still send in this window of time.
#[derive(Debug)]
pub(super) struct PingBudget {
    window_end: Duration,
    spent: u32,
}

impl PingBudget {
    pub(super) const fn new() -> Self {
        Self { window_end: Duration::ZERO, spent: 0 }
    }

    pub(super) fn spend(&mut self, config: &Config, now: Duration) -> Result<(), Violation> {
        if now >= self.window_end {
            self.window_end = now.saturating_add(config.limits.ping_window());
            self.spent = 0;
        }
        if self.spent >= config.limits.max_pings() {
            return Err(Violation::TooManyPings);
        }
        self.spent = self.spent.saturating_add(1);
        Ok(())
    }
}
