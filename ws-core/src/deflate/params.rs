//! What both endpoints have agreed on (RFC 7692 §7.1).

use core::fmt;

use crate::handshake::ParamValue;
use crate::role::Role;

/// How large an LZ77 sliding window is, as the base-2 logarithm of its octets: 8 to 15, for 256 to
/// 32,768 octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowBits(u8);

impl WindowBits {
    /// 8: 256 octets.
    pub const MIN: Self = Self(8);
    /// 15: 32,768 octets, which is what holds where nothing was said.
    pub const MAX: Self = Self(15);

    /// `None` unless 8 to 15.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits >= Self::MIN.0 && bits <= Self::MAX.0 { Some(Self(bits)) } else { None }
    }

    /// The logarithm: 8 to 15.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// As it stands in a parameter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self.0 {
            8 => "8",
            9 => "9",
            10 => "10",
            11 => "11",
            12 => "12",
            13 => "13",
            14 => "14",
            _ => "15",
        }
    }

    /// "a decimal integer value without leading zeroes between 8 to 15, inclusive" (§7.1.2.1).
    pub(super) fn parse(value: ParamValue<'_>) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).map(Self).find(|bits| value == bits.as_str())
    }
}

impl fmt::Display for WindowBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What both endpoints have agreed on, and each must keep to when it compresses. An endpoint may
/// always do with less: a smaller window, or none of what came before.
///
/// The default is what an answer without parameters agrees on.
///
/// RFC 7692 §7.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeflateParams {
    /// The server refers to no earlier message (§7.1.1.1).
    pub server_no_context_takeover: bool,
    /// The client refers to no earlier message (§7.1.1.2).
    pub client_no_context_takeover: bool,
    /// The server refers to nothing further back than this window (§7.1.2.1).
    pub server_max_window_bits: WindowBits,
    /// The client refers to nothing further back than this window (§7.1.2.2).
    pub client_max_window_bits: WindowBits,
}

impl Default for DeflateParams {
    fn default() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: WindowBits::MAX,
            client_max_window_bits: WindowBits::MAX,
        }
    }
}

impl DeflateParams {
    /// What holds for an endpoint of this role when it compresses, and for its peer when that
    /// inflates: the window, and whether the context is taken over from message to message.
    ///
    /// ```
    /// use ws_core::Role;
    /// use ws_core::deflate::{DeflateParams, WindowBits};
    ///
    /// let params = DeflateParams { client_no_context_takeover: true, ..DeflateParams::default() };
    /// assert_eq!(params.of_sender(Role::Client), (WindowBits::MAX, false));
    /// assert_eq!(params.of_sender(Role::Server), (WindowBits::MAX, true));
    /// ```
    #[must_use]
    pub const fn of_sender(&self, role: Role) -> (WindowBits, bool) {
        match role {
            Role::Server => (self.server_max_window_bits, !self.server_no_context_takeover),
            Role::Client => (self.client_max_window_bits, !self.client_no_context_takeover),
        }
    }
}
