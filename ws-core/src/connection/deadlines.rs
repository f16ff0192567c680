//! How long an open connection waits for its peer, and when it asks whether it is still there.
//!
//! All of it is off unless asked for. The closing handshake and the opening one have their own
//! deadlines, which are always on: [`Limits`](crate::Limits).

use core::time::Duration;

use crate::error::Misuse;

/// What an open connection waits for, and how long. Made by [`Deadlines::builder`].
///
/// | what | when it has passed |
/// |---|---|
/// | [`idle`](Self::idle): nothing was received | Close 1008 |
/// | [`ping_interval`](Self::ping_interval): nothing was received | a Ping |
/// | [`pong_timeout`](Self::pong_timeout): nothing was received since that Ping | the transport is dropped |
/// | [`write_timeout`](Self::write_timeout): the transport takes nothing of what is queued | the transport is dropped |
/// | [`min_rate`](Self::min_rate): a message arrives too slowly | Close 1008 |
///
/// Any octet received is a sign of life, so a peer in the middle of a long message is not asked for
/// a Pong. An application that does not receive is itself why nothing is received: until it does
/// again, only `write_timeout` is looked at, by whoever writes. The rest is judged when what has
/// arrived meanwhile was read.
///
/// ```
/// use std::time::Duration;
/// use ws_core::{Config, connection::Deadlines};
///
/// let mut config = Config::default();
/// config.deadlines = Deadlines::builder()
///     .ping_interval(Duration::from_secs(45))
///     .min_rate(1024, Duration::from_secs(10))
///     .build()?;
/// # Ok::<(), ws_core::Misuse>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    idle: Millis,
    ping_interval: Millis,
    pong_timeout: Millis,
    write_timeout: Millis,
    min_octets: u32,
    min_octets_per: Millis,
}

/// A span of time in milliseconds, 49 days at most; 0: none. Every connection holds some of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Millis(u32);

impl Millis {
    const NONE: Self = Self(0);

    /// Rounded up, so that only what was zero is zero.
    #[expect(clippy::cast_possible_truncation, reason = "compared before")]
    const fn of(span: Duration) -> Self {
        let millis = span.as_nanos().div_ceil(1_000_000);
        if millis > u32::MAX as u128 { Self(u32::MAX) } else { Self(millis as u32) }
    }

    const fn get(self) -> Option<Duration> {
        match self {
            Self::NONE => None,
            Self(millis) => Some(Duration::from_millis(millis as u64)),
        }
    }
}

impl Deadlines {
    /// None at all: the default of a connection.
    pub const OFF: Self = Self {
        idle: Millis::NONE,
        ping_interval: Millis::NONE,
        pong_timeout: Millis(20_000),
        write_timeout: Millis::NONE,
        min_octets: 0,
        min_octets_per: Millis::NONE,
    };

    /// For a server that faces the internet: a Ping after 30 s of silence, 20 s for its Pong, and as
    /// much as both together for a peer that takes nothing.
    pub const SERVER: Self =
        Self { ping_interval: Millis(30_000), write_timeout: Millis(50_000), ..Self::OFF };

    /// [`OFF`](Self::OFF), to start from.
    pub const fn builder() -> DeadlinesBuilder {
        DeadlinesBuilder { deadlines: Self::OFF, zero: false }
    }

    /// How long nothing at all may be received before the connection is failed. Default: for ever.
    #[must_use]
    pub const fn idle(&self) -> Option<Duration> {
        self.idle.get()
    }

    /// How long nothing is received before a Ping is sent. Default: it is never sent.
    #[must_use]
    pub const fn ping_interval(&self) -> Option<Duration> {
        self.ping_interval.get()
    }

    /// How long after such a Ping nothing may be received. Counts from when the transport took the
    /// last octets of the Ping, or of what is before it. Default 20 s.
    #[must_use]
    pub const fn pong_timeout(&self) -> Duration {
        Duration::from_millis(self.pong_timeout.0 as u64)
    }

    /// How long the transport may take none of the octets that are to be written. On tokio also how
    /// long it may pass none on: TLS takes some that the peer does not. Default: for ever.
    #[must_use]
    pub const fn write_timeout(&self) -> Option<Duration> {
        self.write_timeout.get()
    }

    /// How many octets must arrive in each span of this length while a message, or a frame, has
    /// arrived in part. Default: none.
    #[must_use]
    pub const fn min_rate(&self) -> Option<(u32, Duration)> {
        match self.min_octets_per.get() {
            Some(per) => Some((self.min_octets, per)),
            None => None,
        }
    }

    pub(crate) const fn are_off(&self) -> bool {
        self.idle().is_none()
            && self.ping_interval().is_none()
            && self.write_timeout().is_none()
            && self.min_rate().is_none()
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self::OFF
    }
}

/// Sets deadlines, to the millisecond and up to 49 days; [`build`](Self::build) checks that they fit
/// together.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct DeadlinesBuilder {
    deadlines: Deadlines,
    /// One of them was set to zero.
    zero: bool,
}

impl DeadlinesBuilder {
    /// Sets [`Deadlines::idle`].
    pub const fn idle(mut self, after: Duration) -> Self {
        self.deadlines.idle = self.span(after);
        self
    }

    /// Sets [`Deadlines::ping_interval`].
    pub const fn ping_interval(mut self, after: Duration) -> Self {
        self.deadlines.ping_interval = self.span(after);
        self
    }

    /// Sets [`Deadlines::pong_timeout`].
    pub const fn pong_timeout(mut self, after: Duration) -> Self {
        self.deadlines.pong_timeout = self.span(after);
        self
    }

    /// Sets [`Deadlines::write_timeout`].
    pub const fn write_timeout(mut self, after: Duration) -> Self {
        self.deadlines.write_timeout = self.span(after);
        self
    }

    /// Sets [`Deadlines::min_rate`].
    pub const fn min_rate(mut self, octets: u32, per: Duration) -> Self {
        self.deadlines.min_octets = octets;
        self.deadlines.min_octets_per = self.span(per);
        self.zero |= octets == 0;
        self
    }

    /// The deadlines, if they fit together.
    ///
    /// # Errors
    ///
    /// [`Misuse::DeadlinesContradict`]: one of them is zero, or `idle` is not longer than
    /// `ping_interval`, so that no Ping would ever be sent.
    pub const fn build(self) -> Result<Deadlines, Misuse> {
        let Deadlines { idle, ping_interval, .. } = self.deadlines;
        if self.zero || idle.0 > 0 && idle.0 <= ping_interval.0 {
            return Err(Misuse::DeadlinesContradict);
        }
        Ok(self.deadlines)
    }

    const fn span(&mut self, span: Duration) -> Millis {
        self.zero |= span.is_zero();
        Millis::of(span)
    }
}
