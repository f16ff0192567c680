//! Time passes: what a connection waits for, and what follows when it has waited too long.

use core::time::Duration;

use super::timers::Due;
use super::{Connection, Event, Failure};
use crate::error::Violation;

impl Connection {
    /// The time is now `now`; to be called when [`poll_timeout`](Self::poll_timeout) has come, and
    /// all octets that have arrived were passed to [`handle_input`](Self::handle_input). Too early is
    /// harmless.
    pub fn handle_timeout(&mut self, now: Duration) -> Option<Event<'static>> {
        if !self.closing.may_send() {
            return self.handle_closing_timeout(now);
        }
        let deadlines = &self.config.deadlines;
        match self.timers.as_mut()?.due(deadlines, now)? {
            Due::Ping => {
                self.keepalive(now);
                None
            }
            Due::Idle => Some(self.fail(Violation::Idle, now)),
            Due::TooSlow => Some(self.fail(Violation::TooSlow, now)),
            Due::PongTimeout => Some(self.give_up(Failure::PongTimeout)),
            Due::WriteTimeout => Some(self.give_up(Failure::WriteTimeout)),
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing else happens before. Moves
    /// with every octet received: whoever sleeps until then may sleep on when it wakes up and it has
    /// moved, rather than set its timer anew each time.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        if !self.closing.may_send() {
            return self.closing.deadline();
        }
        self.timers.as_ref().and_then(|timers| timers.next(&self.config.deadlines))
    }

    /// The transport takes nothing of the output now.
    pub fn handle_blocked(&mut self, now: Duration) {
        if let Some(timers) = &mut self.timers {
            timers.blocked(now);
        }
    }

    /// As [`handle_timeout`](Self::handle_timeout), for whoever has output to write and does not
    /// receive meanwhile: that nothing was received means nothing then.
    pub fn handle_write_timeout(&mut self, now: Duration) -> Option<Event<'static>> {
        if !self.closing.may_send() {
            return self.handle_closing_timeout(now);
        }
        let passed = self.poll_write_timeout().is_some_and(|at| at <= now);
        passed.then(|| self.give_up(Failure::WriteTimeout))
    }

    /// When to call [`handle_write_timeout`](Self::handle_write_timeout).
    #[must_use]
    pub fn poll_write_timeout(&self) -> Option<Duration> {
        if !self.closing.may_send() {
            return self.closing.deadline();
        }
        self.timers.as_ref().and_then(|timers| timers.next_write(&self.config.deadlines))
    }

    /// Whether [`handle_written`](Self::handle_written) needs the time as it is; at any other moment
    /// that of the last read will do.
    #[must_use]
    pub fn clocks_writes(&self) -> bool {
        !self.closing.may_send()
            || self.timers.as_ref().is_some_and(|timers| timers.clocks_writes())
    }

    /// How long it took from the last answered Ping of keepalive to its Pong.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.timers.as_ref().and_then(|timers| timers.round_trip())
    }

    fn handle_closing_timeout(&mut self, now: Duration) -> Option<Event<'static>> {
        let awaited = self.closing.deadline_passed(now);
        if awaited {
            self.end_receiving();
        }
        awaited.then_some(Event::Failed(Failure::CloseTimeout))
    }

    fn keepalive(&mut self, now: Duration) {
        let secret = self.send.secret();
        let Some(timers) = &mut self.timers else { return };
        if let Some(nonce) = timers.ping(secret, now) {
            timers.ping_queued(self.send.keepalive(&nonce));
        }
    }

    /// The peer cannot be reached: a Close would not be, either.
    fn give_up(&mut self, failure: Failure) -> Event<'static> {
        self.closing.transport_lost();
        self.end_receiving();
        Event::Failed(failure)
    }
}
