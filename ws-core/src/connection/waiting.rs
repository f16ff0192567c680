//! Time passes: what a connection waits for, and what follows when it has waited too long.

use core::time::Duration;

use super::halves::poll_timeout;
use super::{Connection, Event};

impl Connection {
    /// The time is now `now`; to be called when [`poll_timeout`](Self::poll_timeout) has come, and
    /// all octets that have arrived were passed to [`handle_input`](Self::handle_input). Too early is
    /// harmless.
    pub fn handle_timeout(&mut self, now: Duration) -> Option<Event<'static>> {
        self.halves().handle_timeout(now)
    }

    /// As [`handle_timeout`](Self::handle_timeout), of what was due at `then`: what was received since
    /// was not handled yet. What follows has its time from `now` on.
    #[cfg(feature = "std")]
    pub(crate) fn handle_timeout_of(
        &mut self,
        then: Duration,
        now: Duration,
    ) -> Option<Event<'static>> {
        self.halves().handle_timeout_of(then, now)
    }

    /// Has what arrives of a message, or a frame, be counted anew: whether it is too slow, nobody knows.
    #[cfg(feature = "std")]
    pub(crate) fn count_anew(&mut self, now: Duration) {
        if let Some(heard) = self.inbound.extras.heard_mut() {
            heard.count_anew(now);
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing else happens before. Moves
    /// with every octet received: whoever sleeps until then may sleep on when it wakes up and it has
    /// moved, rather than set its timer anew each time.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        poll_timeout(&self.setup.config, &self.inbound, &self.outbound)
    }

    /// The transport takes nothing of the output now.
    pub fn handle_blocked(&mut self, now: Duration) {
        self.outbound.handle_blocked(now);
    }

    /// As [`handle_timeout`](Self::handle_timeout), for whoever has output to write and does not
    /// receive meanwhile: that nothing was received means nothing then.
    pub fn handle_write_timeout(&mut self, now: Duration) -> Option<Event<'static>> {
        let failure = self.outbound.handle_write_timeout(&self.setup.config, now);
        self.heed();
        failure.map(Event::Failed)
    }

    /// When to call [`handle_write_timeout`](Self::handle_write_timeout).
    #[must_use]
    pub fn poll_write_timeout(&self) -> Option<Duration> {
        self.outbound.poll_write_timeout(&self.setup.config)
    }

    /// Whether [`handle_written`](Self::handle_written) needs the time as it is; at any other moment
    /// that of the last read will do.
    #[must_use]
    pub fn clocks_writes(&self) -> bool {
        self.outbound.clocks_writes()
    }

    /// How long it took from the last answered Ping of keepalive to its Pong.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.inbound.round_trip()
    }
}
