//! The payload of a message that passes through an extension.
//!
//! As plain payload, but decoded between unmasking and UTF-8, into the connection's own storage, and
//! limited once more by what it decodes to. Where the octets were cut makes no difference: whatever
//! was decoded in front of a violation is judged, and told, before it.

use super::{Fate, Got, GotPiece, Place, Receive, hold};
use crate::connection::agreed::Progress;
use crate::connection::config::Config;
use crate::connection::inbound_extras::Extras;
use crate::error::Violation;
use crate::message::MessageKind;

/// Decoded octets of one piece, at most: a message of any length passes in constant memory.
const PIECE_LEN: usize = 16 * 1024;

/// Octets decoded between two questions to a budget, at most.
const BUDGET_STEP: usize = 64 * 1024;

impl Receive {
    /// Takes what is there of the open frame's payload: the next `len` octets of `input`. `None`:
    /// nothing is to be told, go on.
    pub(super) fn coded_payload(
        &mut self,
        input: &mut [u8],
        len: usize,
        config: &Config,
        extras: &mut Extras,
    ) -> Result<Option<Got>, Violation> {
        let budgeted = extras.share_mut().is_some();
        let (Some(frame), Some(message), Some(agreed)) =
            (&mut self.frame, &mut self.message, extras.agreed_mut())
        else {
            return Ok(None);
        };
        if len == 0 && frame.remaining > 0 && !agreed.has_more() {
            return Ok(Some(Got::Partial));
        }
        let octets = input.get_mut(self.next..self.next.saturating_add(len)).unwrap_or_default();
        frame.unmask(octets.get_mut(agreed.unmasked()..).unwrap_or_default());
        let max = config.limits.max_message_len();
        let left = usize::try_from(max.saturating_sub(agreed.message_len())).unwrap_or(usize::MAX);
        // One octet more than is allowed tells that there is one.
        let limit = match message.fate {
            Fate::Decoded => {
                // A budget is asked as the message grows, not when it has.
                let step = if budgeted { BUDGET_STEP } else { usize::MAX };
                agreed.len().saturating_add(left.saturating_add(1).min(step))
            }
            _ => PIECE_LEN.min(left.saturating_add(1)),
        };
        if message.fate != Fate::Decoded {
            agreed.clear();
        }
        let fin = frame.fin && len as u64 == frame.remaining;
        let Progress { octets, consumed } = agreed.decode(octets, fin, limit);
        let allowed = octets.get(..left).unwrap_or(octets);
        let mut violation = None;
        let mut good = allowed.len();
        if message.kind == MessageKind::Text
            && let Err(error) = message.utf8.feed(allowed)
        {
            violation = Some(Violation::TextNotUtf8);
            good = error.at;
        } else if allowed.len() < octets.len() {
            violation = Some(Violation::MessageTooLong);
        }
        match consumed {
            Ok(consumed) => {
                frame.remaining = frame.remaining.saturating_sub(consumed as u64);
                self.next = self.next.saturating_add(consumed);
            }
            Err(error) => violation = violation.or(Some(error)),
        }
        let ends_fragment = frame.remaining == 0 && !agreed.has_more() && violation.is_none();
        let ends_message = ends_fragment && frame.fin;
        if ends_message && message.kind == MessageKind::Text && !message.utf8.at_boundary() {
            violation = Some(Violation::TextNotUtf8);
        }
        if let Some(violation) = violation {
            return self.fail_behind(Place::Decoded(good), good, violation).map(Some);
        }
        let kind = message.kind;
        let waits = frame.remaining > 0 && !agreed.has_more();
        let got = match message.fate {
            Fate::Untold | Fate::Told if good > 0 || ends_fragment => Some(Got::Piece(GotPiece {
                kind,
                octets: Place::Decoded(good),
                starts_message: message.fate.tell(),
                ends_fragment,
                ends_message,
            })),
            Fate::Decoded if ends_message => {
                Some(Got::Message { kind, payload: Place::Decoded(agreed.len()) })
            }
            _ => waits.then_some(Got::Partial),
        };
        match message.fate {
            Fate::Decoded => {
                let decoded = agreed.len();
                hold(extras, decoded, ends_message)?;
            }
            // Nobody is told: neither these nor what was decoded before is needed.
            Fate::Dropped => agreed.drop_octets(PIECE_LEN),
            Fate::Untold | Fate::Told | Fate::Held => {}
        }
        if ends_message {
            self.message = None;
        }
        if ends_fragment {
            self.frame = None;
        }
        Ok(got)
    }
}
