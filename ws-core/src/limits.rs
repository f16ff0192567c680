//! Every limit, its unit and its default. A [`Limits`] value is always consistent.
//!
//! "No limit" does not exist: a larger number is written out by whoever wants it.

use core::time::Duration;

use crate::error::Misuse;

const MIB: u64 = 1024 * 1024;

/// The limits one connection lives within. Made by [`Limits::builder`]; the defaults are safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    max_message_len: u64,
    max_frame_len: u64,
    max_coded_message_len: u64,
    max_fragments: u32,
    max_pings: u32,
    ping_window: Duration,
    max_write_buffer: usize,
    close_timeout: Duration,
    fin_timeout: Duration,
    max_head_len: usize,
    max_request_line_len: usize,
    max_header_fields: usize,
    handshake_timeout: Duration,
}

impl Limits {
    /// The defaults, to start from.
    pub const fn builder() -> LimitsBuilder {
        LimitsBuilder { limits: Self::DEFAULT }
    }

    const DEFAULT: Self = Self {
        max_message_len: 16 * MIB,
        max_frame_len: 16 * MIB,
        max_coded_message_len: coded_len(16 * MIB),
        max_fragments: 131_072,
        max_pings: 1000,
        ping_window: Duration::from_secs(10),
        max_write_buffer: 1024 * 1024,
        close_timeout: Duration::from_secs(5),
        fin_timeout: Duration::from_secs(2),
        max_head_len: 16 * 1024,
        max_request_line_len: 8 * 1024,
        max_header_fields: 100,
        handshake_timeout: Duration::from_secs(10),
    };

    /// Octets of payload in one received message, over all its fragments. Default 16 MiB.
    #[must_use]
    pub const fn max_message_len(&self) -> u64 {
        self.max_message_len
    }

    /// Octets of payload in one received frame. Default: the message limit.
    #[must_use]
    pub const fn max_frame_len(&self) -> u64 {
        self.max_frame_len
    }

    /// Octets of payload in one received message that an extension decodes, over all its fragments,
    /// as they are on the wire: [`max_message_len`](Self::max_message_len) is for what they decode
    /// to. Default: a 64th and 1 KiB more than that, since data that cannot be compressed grows.
    #[must_use]
    pub const fn max_coded_message_len(&self) -> u64 {
        self.max_coded_message_len
    }

    /// Octets of payload in one received frame of such a message: as
    /// [`max_frame_len`](Self::max_frame_len), if that is less than a message.
    #[cfg(feature = "alloc")]
    pub(crate) const fn max_coded_frame_len(&self) -> u64 {
        if self.max_frame_len < self.max_message_len {
            self.max_frame_len
        } else {
            self.max_coded_message_len
        }
    }

    /// Frames in one received message, empty ones counted. Default 131,072.
    #[must_use]
    pub const fn max_fragments(&self) -> u32 {
        self.max_fragments
    }

    /// Ping frames accepted within one [`ping_window`](Self::ping_window). Default 1000.
    ///
    /// Only Pings count: they make us answer. Pongs cost nothing and are ignored unasked (§5.5.3).
    #[must_use]
    pub const fn max_pings(&self) -> u32 {
        self.max_pings
    }

    /// The window of [`max_pings`](Self::max_pings). Default 10 s.
    #[must_use]
    pub const fn ping_window(&self) -> Duration {
        self.ping_window
    }

    /// Octets queued for writing before sends are refused. One message of any length may pass while
    /// nothing is queued. Default 1 MiB.
    #[must_use]
    pub const fn max_write_buffer(&self) -> usize {
        self.max_write_buffer
    }

    /// How long the closing handshake may take once our Close is queued. Default 5 s.
    #[must_use]
    pub const fn close_timeout(&self) -> Duration {
        self.close_timeout
    }

    /// How long the peer may take to end its TCP stream after the closing handshake. Default 2 s.
    #[must_use]
    pub const fn fin_timeout(&self) -> Duration {
        self.fin_timeout
    }

    /// Octets of an HTTP request or response head, final empty line included. Default 16 KiB.
    #[must_use]
    pub const fn max_head_len(&self) -> usize {
        self.max_head_len
    }

    /// Octets of the HTTP request line. Default 8 KiB.
    #[must_use]
    pub const fn max_request_line_len(&self) -> usize {
        self.max_request_line_len
    }

    /// Header fields in an HTTP head. Default 100.
    #[must_use]
    pub const fn max_header_fields(&self) -> usize {
        self.max_header_fields
    }

    /// How long the opening handshake may take, absolutely. Default 10 s.
    #[must_use]
    pub const fn handshake_timeout(&self) -> Duration {
        self.handshake_timeout
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Sets limits; [`build`](Self::build) checks that they fit together.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct LimitsBuilder {
    limits: Limits,
}

macro_rules! setters {
    ($($name:ident: $type:ty),* $(,)?) => {$(
        #[doc = concat!("Sets [`Limits::", stringify!($name), "`].")]
        pub const fn $name(mut self, value: $type) -> Self {
            self.limits.$name = value;
            self
        }
    )*};
}

impl LimitsBuilder {
    /// Sets [`Limits::max_message_len`], and those that follow from it: call
    /// [`max_frame_len`](Self::max_frame_len) or
    /// [`max_coded_message_len`](Self::max_coded_message_len) after it for others.
    pub const fn max_message_len(mut self, octets: u64) -> Self {
        self.limits.max_message_len = octets;
        self.limits.max_frame_len = octets;
        self.limits.max_coded_message_len = coded_len(octets);
        self
    }

    setters! {
        max_frame_len: u64,
        max_coded_message_len: u64,
        max_fragments: u32,
        max_pings: u32,
        ping_window: Duration,
        max_write_buffer: usize,
        close_timeout: Duration,
        fin_timeout: Duration,
        max_head_len: usize,
        max_request_line_len: usize,
        max_header_fields: usize,
        handshake_timeout: Duration,
    }

    /// The limits, if they fit together.
    ///
    /// # Errors
    ///
    /// [`Misuse::LimitsContradict`]: one of them is zero, `max_frame_len` exceeds
    /// `max_message_len`, or `max_request_line_len` exceeds `max_head_len`.
    pub const fn build(self) -> Result<Limits, Misuse> {
        let l = &self.limits;
        let zero = l.max_message_len == 0
            || l.max_frame_len == 0
            || l.max_coded_message_len == 0
            || l.max_fragments == 0
            || l.max_pings == 0
            || l.ping_window.is_zero()
            || l.max_write_buffer == 0
            || l.close_timeout.is_zero()
            || l.fin_timeout.is_zero()
            || l.max_head_len == 0
            || l.max_request_line_len == 0
            || l.max_header_fields == 0
            || l.handshake_timeout.is_zero();
        if zero || l.max_frame_len > l.max_message_len || l.max_request_line_len > l.max_head_len {
            return Err(Misuse::LimitsContradict);
        }
        Ok(self.limits)
    }
}

/// What a message of `len` octets may take once it is coded: DEFLATE's stored blocks, and those of a
/// peer that makes them short.
const fn coded_len(len: u64) -> u64 {
    len.saturating_add(len / 64).saturating_add(1024)
}
