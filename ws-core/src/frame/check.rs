//! Is this frame allowed here (RFC 6455 §5.1 to §5.5)? A rule, no change of state.
//!
//! In: a header, or just its first one or two octets; who we are and what is open.
//! Out: nothing, or the [`Violation`]. Most rules fall on the first octet, the rest on the second,
//! so that a peer in breach is answered before its lengths, key or payload are awaited.

use super::header::{FrameHeader, Rsv};
use super::opcode::Opcode;
use crate::error::Violation;
use crate::role::Role;

/// What a frame is checked against: our role, and what the connection is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Check {
    /// Our own role. The frame came from the other one.
    pub role: Role,
    /// Whether a fragmented message is open: its first fragment came, its last did not.
    pub message_open: bool,
    /// Reserved bits that agreed extensions allow on the first frame of a message (§5.8).
    /// RSV1 for permessage-deflate (RFC 7692 §6); [`Rsv::NONE`] without extensions.
    pub rsv: Rsv,
}

impl Check {
    /// Checks a whole header.
    ///
    /// # Errors
    ///
    /// As [`check_start`](Self::check_start), of which this is the two-octet case: lengths have
    /// been judged by [`FrameHeader::decode`], limits are the connection's.
    pub const fn check(&self, header: &FrameHeader) -> Result<(), Violation> {
        self.check_start(&header.start())
    }

    /// Checks as many of a header's first two octets as are there; octets behind are not looked at.
    ///
    /// The verdict on one octet is never revised by the second: a prefix that fails stays failed,
    /// with the same violation.
    ///
    /// # Errors
    ///
    /// First octet: [`Violation::ReservedBits`], [`Violation::ReservedOpcode`],
    /// [`Violation::ControlFragmented`], [`Violation::ContinuationWithoutMessage`],
    /// [`Violation::MessageInterrupted`]. Second octet: [`Violation::Unmasked`],
    /// [`Violation::Masked`], [`Violation::ControlTooLong`].
    #[inline]
    pub const fn check_start(&self, start: &[u8]) -> Result<(), Violation> {
        let [first, rest @ ..] = start else { return Ok(()) };
        if let Err(violation) = self.check_first(*first) {
            return Err(violation);
        }
        let [second, ..] = rest else { return Ok(()) };
        self.check_second(Opcode::from_bits(*first), *second)
    }

    const fn check_first(&self, octet: u8) -> Result<(), Violation> {
        let fin = octet & 0x80 != 0;
        let opcode = Opcode::from_bits(octet);
        // RFC 7692 §6.1: an extension's bit stands on a message's first frame and nowhere else.
        let starts_message = matches!(opcode, Opcode::Text | Opcode::Binary);
        let allowed = if starts_message { self.rsv } else { Rsv::NONE };
        if !Rsv::from_bits(octet).is_subset_of(allowed) {
            return Err(Violation::ReservedBits);
        }
        if opcode.is_reserved() {
            return Err(Violation::ReservedOpcode);
        }
        if opcode.is_control() && !fin {
            return Err(Violation::ControlFragmented);
        }
        if matches!(opcode, Opcode::Continuation) && !self.message_open {
            return Err(Violation::ContinuationWithoutMessage);
        }
        if starts_message && self.message_open {
            return Err(Violation::MessageInterrupted);
        }
        Ok(())
    }

    const fn check_second(&self, opcode: Opcode, octet: u8) -> Result<(), Violation> {
        let masked = octet & 0x80 != 0;
        match self.role {
            Role::Server if !masked => return Err(Violation::Unmasked),
            Role::Client if masked => return Err(Violation::Masked),
            Role::Server | Role::Client => {}
        }
        if opcode.is_control() && octet & 0x7F > 125 {
            return Err(Violation::ControlTooLong);
        }
        Ok(())
    }
}
