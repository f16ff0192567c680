//! The usual case in one step: a message of one frame, all of which is there, as it was sent.
//!
//! In: the caller's buffer. Out: what lies at its front, if it is such a message. Everything else, and
//! what breaks a rule, is for [`Receive::next`].

use core::ops::Range;

use super::Receive;
use crate::connection::config::{Config, Delivery};
use crate::error::Violation;
use crate::mask;
use crate::message::MessageKind;
use crate::role::Role;
use crate::utf8::is_utf8;

/// FIN, no reserved bit, and the opcode.
const WHOLE_TEXT: u8 = 0x81;
const WHOLE_BINARY: u8 = 0x82;

const MASK: u8 = 0x80;

/// The length code of a length in 16 bits; less is the length itself.
const CODE_16: u8 = 126;

impl Receive {
    /// The message at the front of `input`, if it is one of these; nothing before the end of its
    /// payload is to be passed in again. `None`: [`next`](Self::next) tells what lies there.
    #[inline]
    pub(in crate::connection) fn take_whole(
        &mut self,
        input: &mut [u8],
        config: &Config,
    ) -> Option<(MessageKind, Range<usize>)> {
        if self.frame.is_some() || self.message.is_some() || self.dropping || self.is_failing() {
            return None;
        }
        debug_assert_eq!(self.next, 0, "no message is open of which octets are kept");
        let limits = &config.limits;
        let (&[first, second], behind) = input.split_first_chunk()?;
        let kind = match first {
            WHOLE_TEXT => MessageKind::Text,
            WHOLE_BINARY => MessageKind::Binary,
            _ => return None,
        };
        let (len, len_octets) = match second & !MASK {
            len @ 0..CODE_16 => (usize::from(len), 0),
            CODE_16 => match usize::from(u16::from_be_bytes(*behind.first_chunk()?)) {
                0..126 => return None,
                len => (len, 2),
            },
            _ => return None,
        };
        let masked = second & MASK != 0;
        let too_long = len as u64 > limits.max_frame_len() || len as u64 > limits.max_message_len();
        if masked != (self.role == Role::Server) || too_long || self.delivery != Delivery::Messages
        {
            return None;
        }
        let start = if masked { 6_usize } else { 2 }.saturating_add(len_octets);
        let end = start.saturating_add(len);
        let (header, payload) = input.get_mut(..end)?.split_at_mut_checked(start)?;
        let mut is_ascii = false;
        if let (true, Some(&key)) = (masked, header.last_chunk()) {
            is_ascii = mask::apply_seeing(payload, key, 0).1.is_ascii();
        }
        if kind == MessageKind::Text && !is_ascii && !is_utf8(payload) {
            // It is told by the next call.
            self.failing = Some(Violation::TextNotUtf8);
            return None;
        }
        self.frames = self.frames.saturating_add(1);
        Some((kind, start..end))
    }
}
