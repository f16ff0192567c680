//! The payload of a Close frame: a code and a reason (RFC 6455 §5.5.1, §7.4).
//!
//! In: the payload, unmasked. Out: a [`CloseFrame`] that borrows it. And back.
//! All 65,536 codes are classified in one place, [`CloseCode::is_sendable`].

use core::fmt;

use super::MAX_CONTROL_LEN;
use crate::error::{Misuse, Violation};

/// The longest reason, in octets: a control frame's 125 less the two of the code.
pub const MAX_REASON_LEN: usize = 123;

/// Why a connection was closed (RFC 6455 §7.4 and the IANA registry it founds).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the endpoint goes away: a server shuts down, a page is left.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: a protocol error.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of data that the endpoint cannot accept.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005, never on the wire: the Close frame had no code.
    pub const NO_STATUS: Self = Self(1005);
    /// 1006, never on the wire: the connection ended without a Close frame.
    pub const ABNORMAL: Self = Self(1006);
    /// 1007: data that does not fit the message's type, such as text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: a policy is violated, and no other code says more.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message too big to process.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the client expected an extension that the server did not agree to.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: the server met something unexpected.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts (IANA).
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: the service is overloaded, try again later (IANA).
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway got a bad answer from its upstream (IANA).
    pub const BAD_GATEWAY: Self = Self(1014);
    /// 1015, never on the wire: the TLS handshake failed.
    pub const TLS_HANDSHAKE: Self = Self(1015);

    /// The code with this number, allowed on the wire or not.
    #[must_use]
    pub const fn new(code: u16) -> Self {
        Self(code)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Whether a Close frame may carry this code, in either direction (§7.4.1, §7.4.2, IANA):
    /// 1000 to 1003, 1007 to 1014, 3000 to 4999. The others are reserved for local use
    /// (1005, 1006, 1015), not assigned, or outside the ranges that the RFC hands out.
    #[must_use]
    pub const fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({})", self.0)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The code and reason of a Close frame. A Close frame without a code is `Option::None` of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CloseFrame<'a> {
    /// Why.
    pub code: CloseCode,
    /// The same for people: UTF-8, at most [`MAX_REASON_LEN`] (123) octets.
    pub reason: &'a str,
}

impl<'a> CloseFrame<'a> {
    /// Parses the unmasked payload of a Close frame; `None` if it is empty.
    ///
    /// # Errors
    ///
    /// - [`Violation::CloseTruncated`]: one octet, half a code.
    /// - [`Violation::CloseCodeInvalid`]: not [`CloseCode::is_sendable`].
    /// - [`Violation::CloseReasonNotUtf8`].
    ///
    /// RFC 6455 §5.5.1, §7.4.
    pub fn parse(payload: &'a [u8]) -> Result<Option<Self>, Violation> {
        let Some((&code, reason)) = payload.split_first_chunk::<2>() else {
            return if payload.is_empty() { Ok(None) } else { Err(Violation::CloseTruncated) };
        };
        let code = CloseCode(u16::from_be_bytes(code));
        if !code.is_sendable() {
            return Err(Violation::CloseCodeInvalid);
        }
        match core::str::from_utf8(reason) {
            Ok(reason) => Ok(Some(Self { code, reason })),
            Err(_) => Err(Violation::CloseReasonNotUtf8),
        }
    }

    /// Writes the payload at the front of `output` and returns its length in octets (2..=125).
    ///
    /// # Errors
    ///
    /// - [`Misuse::CloseCodeNotSendable`]: see [`CloseCode::is_sendable`].
    /// - [`Misuse::ReasonTooLong`]: over [`MAX_REASON_LEN`] (123) octets.
    pub fn write(&self, output: &mut [u8; MAX_CONTROL_LEN]) -> Result<usize, Misuse> {
        if !self.code.is_sendable() {
            return Err(Misuse::CloseCodeNotSendable);
        }
        let reason = self.reason.as_bytes();
        let (code, rest) = output.split_at_mut(2);
        let Some(place) = rest.get_mut(..reason.len()) else { return Err(Misuse::ReasonTooLong) };
        code.copy_from_slice(&self.code.0.to_be_bytes());
        place.copy_from_slice(reason);
        Ok(reason.len().saturating_add(2))
    }
}
