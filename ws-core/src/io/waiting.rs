//! How a blocking connection keeps its deadlines: by the timeouts of its transport.
//!
//! In: when the connection wants to be told the time. Out: timeouts on the transport, set as seldom
//! as can be: the deadlines move with every octet, and one system call for each would cost as much as
//! reading it. A timeout that is shorter than needed is met too early and then set anew.

use core::time::Duration;
use std::io;

use super::transport::Transport;
use super::websocket::WebSocket;

/// A timeout may be met this much too early.
const EARLY: Duration = Duration::from_millis(20);

/// The part of a wait (a 32nd) by which it may be too long, rather than set the timeout anew.
const SLACK: u32 = 32;

/// A timeout of a transport, as we have set it.
#[derive(Debug, Default)]
pub(super) struct Timeout(Option<Duration>);

impl Timeout {
    /// What to set so that a wait ends `left` from now; `None`: it does already.
    fn shorten(&mut self, left: Duration) -> Option<Duration> {
        // To the system, zero means no timeout at all.
        let left = left.max(Duration::from_millis(1));
        let longest = left.saturating_add(left.checked_div(SLACK).unwrap_or_default());
        if self.0.is_some_and(|set| set <= longest) {
            return None;
        }
        self.0 = Some(left);
        self.0
    }

    /// Whether it was ours that a call met which began at `started`. The next wait is set anew.
    pub(super) fn was_met(&mut self, started: Duration, now: Duration) -> bool {
        let waited = now.saturating_sub(started);
        let met = self.0.is_some_and(|set| waited.saturating_add(EARLY) >= set);
        if met {
            self.0 = None;
        }
        met
    }
}

impl<S: Transport> WebSocket<S> {
    /// Has the next read last no longer than until the next deadline. Returns the time, if there is
    /// one.
    pub(super) fn limit_read(&mut self) -> io::Result<Duration> {
        let Some(deadline) = self.connection.poll_timeout() else { return Ok(self.now) };
        let started = self.origin.elapsed();
        if let Some(left) = self.reads.shorten(deadline.saturating_sub(started)) {
            self.io.set_read_timeout(Some(left))?;
        }
        Ok(started)
    }

    /// Has the next write last no longer than it may. Returns the time, if there is a deadline.
    pub(super) fn limit_write(&mut self) -> io::Result<Duration> {
        let longest = self.connection.config().deadlines.write_timeout();
        if self.connection.may_send() && longest.is_none() {
            return Ok(self.now);
        }
        let started = self.origin.elapsed();
        let left = match self.connection.poll_write_timeout() {
            Some(deadline) => Some(deadline.saturating_sub(started)),
            None => longest,
        };
        if let Some(left) = left.and_then(|left| self.writes.shorten(left)) {
            self.io.set_write_timeout(Some(left))?;
        }
        Ok(started)
    }

    /// A write that began at `started` was late. Handles the deadline if it has come, and tells
    /// whether it has, or was tried too early; otherwise the timeout is the caller's.
    pub(super) fn write_was_limited(&mut self, started: Duration) -> bool {
        self.now = self.origin.elapsed();
        let met = self.writes.was_met(started, self.now);
        self.connection.handle_blocked(started);
        let passed = self.connection.poll_write_timeout().is_some_and(|at| at <= self.now);
        if passed {
            let event = self.connection.handle_write_timeout(self.now);
            self.note(event);
        }
        met || passed
    }
}
