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

/// What the receiving half knows: the instants that silence, keepalive and slowness count from.
#[derive(Debug, Default)]
pub(super) struct Heard {
    /// Octets were received last, or the connection was told the time first; `None` before that.
    heard: Option<Duration>,
    /// The first Ping since then was due.
    asked: Option<Duration>,
    /// The last Ping was due.
    pinged: Duration,
    pings: Pings,
    /// A message, or a frame, has arrived in part.
    partial: Option<Span>,
    /// Octets of the caller's buffer that were looked at before.
    kept: usize,
}

/// What the sending half knows: how far the output, and a Ping in it, has come.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// The transport has taken nothing, or passed nothing on, since.
    stalled: Option<Duration>,
    /// Octets still to be written up to the end of the Ping that was asked first.
    ping_ahead: usize,
    /// Some of those were written last.
    ping_moved: Duration,
}

/// A span of time over which the octets that arrive are counted.
#[derive(Debug)]
struct Span {
    start: Duration,
    octets: u64,
}

impl Heard {
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

    /// What arrives of a message, or a frame, is counted anew.
    #[cfg(feature = "std")]
    pub(super) const fn count_anew(&mut self, now: Duration) {
        if let Some(span) = &mut self.partial {
            *span = Span { start: now, octets: 0 };
        }
    }

    /// A Ping is due. Whether it is the first since anything was heard.
    pub(super) fn ask(&mut self, now: Duration) -> bool {
        self.pinged = now;
        // Even if it is not sent: the peer, silent for so long, has others to answer.
        let first = self.asked.is_none();
        self.asked.get_or_insert(now);
        first
    }

    /// The payload of a Ping, unless too many are unanswered.
    pub(super) fn ping(&mut self, secret: [u8; 4], now: Duration) -> Option<Nonce> {
        self.pings.send(secret, now)
    }

    pub(super) fn pong(&mut self, payload: &[u8], now: Duration) {
        self.pings.answered(payload, now);
    }

    pub(super) const fn round_trip(&self) -> Option<Duration> {
        self.pings.round_trip()
    }
}

impl Writes {
    /// The first Ping since anything was heard ends behind `queued` octets of output. Only that one's
    /// way out moves the deadline: those that follow it must not put it off.
    pub(super) const fn ping_queued(&mut self, queued: usize) {
        self.ping_ahead = queued;
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
            self.ping_moved = now;
        }
    }

    /// The transport takes nothing.
    pub(super) const fn blocked(&mut self, now: Duration) {
        if self.stalled.is_none() {
            self.stalled = Some(now);
        }
    }

    /// The transport holds nothing back.
    #[cfg(feature = "tokio")]
    pub(super) const fn flushed(&mut self) {
        self.stalled = None;
    }

    /// When stalled writes are due: all that counts for whoever does not receive.
    pub(super) fn next(&self, deadlines: &Deadlines) -> Option<Duration> {
        self.stalled?.checked_add(deadlines.write_timeout()?)
    }
}

/// When something may be due.
pub(super) fn next(heard: &Heard, writes: &Writes, deadlines: &Deadlines) -> Option<Duration> {
    if heard.heard.is_none() {
        return Some(Duration::ZERO);
    }
    all(heard, writes, deadlines).into_iter().flatten().map(|(at, _)| at).min()
}

/// What is due at `now`: the most urgent thing, if any.
pub(super) fn due(
    heard: &mut Heard,
    writes: &Writes,
    deadlines: &Deadlines,
    now: Duration,
) -> Option<Due> {
    heard.heard.get_or_insert(now);
    let all = all(heard, writes, deadlines);
    let (_, due) = all.into_iter().flatten().find(|&(at, _)| at <= now)?;
    if due == Due::TooSlow
        && let (Some(span), Some((octets, _))) = (&mut heard.partial, deadlines.min_rate())
        && span.octets >= u64::from(octets)
    {
        *span = Span { start: now, octets: 0 };
        return None;
    }
    Some(due)
}

/// Every deadline, the most urgent first. One that no clock can show never comes.
fn all(heard: &Heard, writes: &Writes, deadlines: &Deadlines) -> [Option<(Duration, Due)>; 5] {
    let after = |from: Option<Duration>, after: Option<Duration>, due| {
        Some((from?.checked_add(after?)?, due))
    };
    let asked = heard.asked.map(|asked| asked.max(writes.ping_moved));
    let pinged = heard.heard.map(|at| at.max(heard.pinged));
    let pong_timeout = Some(deadlines.pong_timeout());
    let per = deadlines.min_rate().map(|(_, per)| per);
    let slow_from = heard.partial.as_ref().map(|span| span.start);
    [
        after(writes.stalled, deadlines.write_timeout(), Due::WriteTimeout),
        after(asked, pong_timeout, Due::PongTimeout),
        after(heard.heard, deadlines.idle(), Due::Idle),
        after(pinged, deadlines.ping_interval(), Due::Ping),
        after(slow_from, per, Due::TooSlow),
    ]
}
