//! The closing handshake and what follows it until TCP is gone (RFC 6455 §5.5.1, §7.1).
//!
//! In: that a Close was sent or received, that the connection failed, that all is written, that the
//! peer's stream ended, and the time. Out: whether to read on, what to do with the transport, and
//! until when to wait.
//!
//! ```text
//!       our Close                 peer's Close            all written          end of stream
//! Open ──────────▶ CloseSent ─────────────────▶ Flushing ────────────▶ Ending ─────────────▶ Ended
//!   │                  └─ violation, end of stream ──▲  │                 │                    ▲
//!   ├──── peer's Close: ours is the answer ──────────┤  └──── deadline ───┴─────── deadline ───┘
//!   └──── violation, end of stream ──────────────────┘        (CloseSent's deadline, too)
//! ```

use core::time::Duration;

use super::moment::Moment;
use crate::limits::Limits;
use crate::role::Role;

/// What to do with the transport (RFC 6455 §7.1.1, §7.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Read and write.
    Open,
    /// Write what is queued; reading may wait. The last event has been told.
    Flush,
    /// All is written: end our stream (shut down the write half), then read and drop until the
    /// peer's stream ends.
    ShutDown,
    /// All is written and the peer is to end its stream first: read and drop until it does.
    AwaitEnd,
    /// Drop the transport now.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    CloseSent,
    Flushing,
    Ending,
    Ended,
}

/// Where a connection stands between its first Close frame and the end of TCP.
#[derive(Debug)]
pub(super) struct Closing {
    role: Role,
    /// Next to its deadline, not around it: it is looked at for each message.
    phase: Phase,
    /// When it is over, unless it is the first or the last.
    until: Moment,
    /// Not clean: whoever failed the connection ends its stream without waiting for the peer.
    failed: bool,
    /// The peer will send no more octets.
    pub(super) end_of_stream: bool,
}

impl Closing {
    pub(super) const fn new(role: Role) -> Self {
        Self {
            role,
            phase: Phase::Open,
            until: Moment::new(Duration::ZERO),
            failed: false,
            end_of_stream: false,
        }
    }

    /// Whether our Close may still be sent, and data before it.
    pub(super) const fn may_send(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// Whether octets from the peer still mean anything.
    pub(super) const fn may_receive(&self) -> bool {
        matches!(self.phase, Phase::Open | Phase::CloseSent)
    }

    /// Our Close was queued first.
    pub(super) const fn close_sent(&mut self, limits: &Limits, now: Duration) {
        self.phase = Phase::CloseSent;
        self.until = Moment::new(now.saturating_add(limits.close_timeout()));
    }

    /// Both Close frames exist: the peer's was read, ours is queued.
    pub(super) const fn close_received(&mut self, limits: &Limits, now: Duration) {
        self.flush(limits, now);
    }

    /// The connection failed; a Close is queued if none was sent before.
    pub(super) const fn failed(&mut self, limits: &Limits, now: Duration) {
        self.failed = true;
        self.flush(limits, now);
    }

    /// One deadline for the whole closing handshake: a Close that has waited for its answer does
    /// not wait as long again to be written.
    const fn flush(&mut self, limits: &Limits, now: Duration) {
        if matches!(self.phase, Phase::Ended) {
            // What was received meanwhile does not bring it back.
            return;
        }
        if !matches!(self.phase, Phase::CloseSent) {
            self.until = Moment::new(now.saturating_add(limits.close_timeout()));
        }
        self.phase = Phase::Flushing;
    }

    /// The peer will send no more octets.
    pub(super) const fn stream_ended(&mut self) {
        self.end_of_stream = true;
        if matches!(self.phase, Phase::Ending) {
            self.phase = Phase::Ended;
        }
    }

    /// All queued octets were written.
    pub(super) const fn flushed(&mut self, limits: &Limits, now: Duration) {
        if !matches!(self.phase, Phase::Flushing) {
            return;
        }
        self.phase = if self.end_of_stream {
            Phase::Ended
        } else {
            self.until = Moment::new(now.saturating_add(limits.fin_timeout()));
            Phase::Ending
        };
    }

    /// Nothing can be written or read any more.
    pub(super) const fn transport_lost(&mut self) {
        self.phase = Phase::Ended;
    }

    /// Whether the peer's Close was awaited too long. Any deadline that has passed ends the phase.
    pub(super) fn deadline_passed(&mut self, now: Duration) -> bool {
        if self.deadline().is_none_or(|until| now < until) {
            return false;
        }
        let awaited = matches!(self.phase, Phase::CloseSent);
        self.phase = Phase::Ended;
        awaited
    }

    pub(super) const fn deadline(&self) -> Option<Duration> {
        match self.phase {
            Phase::CloseSent | Phase::Flushing | Phase::Ending => Some(self.until.since_zero()),
            Phase::Open | Phase::Ended => None,
        }
    }

    pub(super) const fn transport(&self) -> Transport {
        match (self.phase, self.role) {
            (Phase::Open | Phase::CloseSent, _) => Transport::Open,
            (Phase::Flushing, _) => Transport::Flush,
            // §7.1.1: the server ends the TCP stream first, so that TIME_WAIT is its own.
            (Phase::Ending, Role::Client) if !self.failed => Transport::AwaitEnd,
            (Phase::Ending, _) => Transport::ShutDown,
            (Phase::Ended, _) => Transport::Close,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_brings_back_a_connection_that_has_ended() {
        let limits = Limits::default();
        for role in [Role::Client, Role::Server] {
            let mut closing = Closing::new(role);
            closing.close_sent(&limits, Duration::ZERO);
            let late = limits.close_timeout();
            assert!(closing.deadline_passed(late));
            // Whoever receives may have read the peer's Close, or what is none, at that moment.
            type Event = fn(&mut Closing, &Limits, Duration);
            let events: [Event; 2] = [Closing::close_received, Closing::failed];
            for event in events {
                event(&mut closing, &limits, late);
                assert_eq!((closing.transport(), closing.deadline()), (Transport::Close, None));
            }
        }
    }
}
