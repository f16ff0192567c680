//! The usual case in one step: a message of one frame, all of which is there, as it was sent.
//!
//! In and out: as [`Receive::next`], which takes everything else, and every breach of a rule, octet by
//! octet. Nothing has changed where there is no such message.

use super::{Got, Place, Receive};
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
    /// The message at the front of what has not been looked at, if it is one of these.
    #[inline]
    pub(super) fn whole_message(
        &mut self,
        input: &mut [u8],
        config: &Config,
    ) -> Option<Result<Got, Violation>> {
        if self.frame.is_some() || self.message.is_some() || self.dropping {
            return None;
        }
        let (rest, limits) = (input.get_mut(self.next..)?, &config.limits);
        let (&[first, second], behind) = rest.split_first_chunk()?;
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
        if masked != (self.role == Role::Server)
            || too_long
            || config.delivery != Delivery::Messages
        {
            return None;
        }
        let (_, behind) = rest.split_at_mut_checked(2_usize.saturating_add(len_octets))?;
        let payload = if masked {
            let (&mut key, behind) = behind.split_first_chunk_mut()?;
            let payload = behind.get_mut(..len)?;
            mask::apply(payload, key, 0);
            payload
        } else {
            behind.get_mut(..len)?
        };
        if kind == MessageKind::Text && !is_utf8(payload) {
            return Some(Err(Violation::TextNotUtf8));
        }
        let key_octets = if masked { 4_usize } else { 0 };
        let header_len = 2_usize.saturating_add(len_octets).saturating_add(key_octets);
        let start = self.next.saturating_add(header_len);
        self.next = start.saturating_add(len);
        self.frames = self.frames.saturating_add(1);
        Some(Ok(Got::Message { kind, payload: Place::Input(start..self.next) }))
    }
}
