//! The deadlines of an open connection: silence, keepalive, stalled writes, slow messages.
//!
//! In: that octets arrived or were written, and the time. Out: the next instant at which something
//! may be due, and what is. Knows nothing of frames; what follows the first Close is `closing`.
//!
//! What happens per message is that an instant is stored. Nothing is armed or disarmed: the next
//! deadline is worked out from the instants when somebody asks, and asking is all a sleeper needs to
//! do when it wakes up too early.
//!
//! ```text
//! heard ──ping_interval──▶ Ping ─▶ asked ──pong_timeout──▶ PongTimeout
//!   ▲  └────────────────── idle ──────────────────▶ Idle     │
//!   └───────────────── any octet received ───────────────────┘
//! ```

use core::time::Duration;

use super::deadlines::Deadlines;
use super::pings::{Nonce, Pings};

/// What a passed deadline calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Ping,
    Idle,
    TooSlow,
    PongTimeout,
    WriteTimeout,
}

/// The instants that the deadlines count from.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// Octets were received last, or the connection was told the time first; `None` before that.
    heard: Option<Duration>,
    /// The first Ping since then was sent, or came nearer to being written.
    asked: Option<Duration>,
    /// The last Ping was due.
    pinged: Duration,
    /// Octets still to be written up to the end of the Ping that `asked` is about.
    ping_ahead: usize,
    pings: Pings,
    /// The transport has taken nothing since.
    stalled: Option<Duration>,
    /// A message, or a frame, has arrived in part.
    partial: Option<Span>,
    /// Octets of the caller's buffer that were looked at before.
    kept: usize,
}

/// A span of time over which the octets that arrive are counted.
#[derive(Debug)]
struct Span {
    start: Duration,
    octets: u64,
}

impl Timers {
    /// The caller's buffer holds `offered` octets now.
    pub(super) const fn offered(&mut self, offered: usize, now: Duration) {
        let arrived = offered.saturating_sub(self.kept);
        self.kept = 0;
        if arrived == 0 {
            return;
        }
        self.heard = Some(now);
        self.asked = None;
        if let Some(span) = &mut self.partial {
            span.octets = span.octets.saturating_add(arrived as u64);
        }
    }

    /// The caller keeps `kept` octets of its buffer; a message or a frame is `partial`, or not.
    pub(super) const fn kept(&mut self, kept: usize, partial: bool, now: Duration) {
        self.kept = kept;
        if !partial {
            self.partial = None;
        } else if self.partial.is_none() {
            self.partial = Some(Span { start: now, octets: 0 });
        }
    }

    /// A Ping is due: its payload, unless too many are unanswered.
    pub(super) fn ping(&mut self, secret: [u8; 4], now: Duration) -> Option<Nonce> {
        self.pinged = now;
        // Even if it is not sent: the peer, silent for so long, has others to answer.
        self.asked.get_or_insert(now);
        self.pings.send(secret, now)
    }

    /// The Ping ends behind `queued` octets of output. Only the first one's way out moves the
    /// deadline: those that follow it must not put it off.
    pub(super) fn ping_queued(&mut self, queued: usize) {
        if self.asked == Some(self.pinged) {
            self.ping_ahead = queued;
        }
    }

    pub(super) fn pong(&mut self, payload: &[u8], now: Duration) {
        self.pings.answered(payload, now);
    }

    pub(super) const fn round_trip(&self) -> Option<Duration> {
        self.pings.round_trip()
    }

    /// Whether the time of a write matters: a Ping is on its way.
    pub(super) const fn clocks_writes(&self) -> bool {
        self.ping_ahead > 0
    }

    /// The transport took `written` octets.
    pub(super) const fn written(&mut self, written: usize, now: Duration) {
        if written == 0 {
            return;
        }
        self.stalled = None;
        if self.ping_ahead > 0 {
            self.ping_ahead = self.ping_ahead.saturating_sub(written);
            if self.asked.is_some() {
                self.asked = Some(now);
            }
        }
    }

    /// The transport takes nothing.
    pub(super) const fn blocked(&mut self, now: Duration) {
        if self.stalled.is_none() {
            self.stalled = Some(now);
        }
    }

    /// When something may be due.
    pub(super) fn next(&self, deadlines: &Deadlines) -> Option<Duration> {
        if self.heard.is_none() {
            return Some(Duration::ZERO);
        }
        self.all(deadlines).into_iter().flatten().map(|(at, _)| at).min()
    }

    /// When stalled writes are due: all that counts for whoever does not receive.
    pub(super) fn next_write(&self, deadlines: &Deadlines) -> Option<Duration> {
        self.stalled?.checked_add(deadlines.write_timeout()?)
    }

    /// What is due at `now`: the most urgent thing, if any.
    pub(super) fn due(&mut self, deadlines: &Deadlines, now: Duration) -> Option<Due> {
        self.heard.get_or_insert(now);
        let all = self.all(deadlines);
        let (_, due) = all.into_iter().flatten().find(|&(at, _)| at <= now)?;
        if due == Due::TooSlow
            && let (Some(span), Some((octets, _))) = (&mut self.partial, deadlines.min_rate())
            && span.octets >= u64::from(octets)
        {
            *span = Span { start: now, octets: 0 };
            return None;
        }
        Some(due)
    }

    /// Every deadline, the most urgent first. One that no clock can show never comes.
    fn all(&self, deadlines: &Deadlines) -> [Option<(Duration, Due)>; 5] {
        let after = |from: Option<Duration>, after: Option<Duration>, due| {
            Some((from?.checked_add(after?)?, due))
        };
        let pinged = self.heard.map(|heard| heard.max(self.pinged));
        let pong_timeout = Some(deadlines.pong_timeout());
        let per = deadlines.min_rate().map(|(_, per)| per);
        let slow_from = self.partial.as_ref().map(|span| span.start);
        [
            after(self.stalled, deadlines.write_timeout(), Due::WriteTimeout),
            after(self.asked, pong_timeout, Due::PongTimeout),
            after(self.heard, deadlines.idle(), Due::Idle),
            after(pinged, deadlines.ping_interval(), Due::Ping),
            after(slow_from, per, Due::TooSlow),
        ]
    }
}
