//! Octets to events: one pass over the caller's buffer (RFC 6455 §5.2 to §5.6).
//!
//! In: the caller's buffer, from the first octet not yet discarded. Out: what the octets at its
//! front mean, and which of them are needed again. Composes header, check, mask, an extension and
//! UTF-8; knows nothing of sending or closing.
//!
//! A message is put together where it lies. Its payload is unmasked in place, and the payload of
//! each further fragment is moved down over the header before it:
//!
//! ```text
//!         start             next                         start                 next
//!           ▼                ▼                             ▼                    ▼
//! [header][ message so far ][header][ more ][…]   ▶  [ …  ][ message so far more ][gap][…]
//!  discard                                            held ─────────────────────▶
//! ```
//!
//! ```text
//! Header ──data header──▶ Payload ──last octet of the frame──▶ Header
//!    └──control frame, once all of it is there──▶ Header
//! ```

mod coded;
mod header;
mod whole;

use core::ops::Range;
use core::time::Duration;

use super::config::{Config, Delivery};
use super::inbound::Hears;
use super::inbound_extras::Extras;
use super::ping_budget::PingBudget;
use crate::error::Violation;
use crate::frame::Opcode;
use crate::mask;
use crate::message::MessageKind;
use crate::role::Role;
use crate::utf8::Utf8;

use header::HeaderRead;

/// What the octets at the front of the buffer mean. Ranges are of the buffer passed in.
#[derive(Debug)]
pub(super) enum Got {
    /// Nothing yet: more octets are needed.
    Partial,
    Message {
        kind: MessageKind,
        payload: Place,
    },
    Piece(GotPiece),
    Control {
        opcode: Opcode,
        payload: Range<usize>,
    },
}

/// Where octets are.
#[derive(Debug)]
pub(super) enum Place {
    /// In the buffer passed in.
    Input(Range<usize>),
    /// The first so many that the extension has decoded.
    Decoded(usize),
}

#[derive(Debug)]
pub(super) struct GotPiece {
    pub(super) kind: MessageKind,
    pub(super) octets: Place,
    pub(super) starts_message: bool,
    pub(super) ends_fragment: bool,
    pub(super) ends_message: bool,
}

/// The receiving half of a connection.
#[derive(Debug)]
pub(super) struct Receive {
    role: Role,
    pub(super) hears: Hears,
    /// The data frame whose payload comes next; `None` where a header is due.
    frame: Option<Frame>,
    message: Option<Open>,
    /// The first octet of the buffer that has not been looked at.
    next: usize,
    /// How messages are handed out, from the next one on.
    delivery: Delivery,
    /// Messages are checked but no longer handed out.
    dropping: bool,
    /// A violation to tell next: octets before it came with it.
    failing: Option<Violation>,
    pings: PingBudget,
    /// Frames whose header was taken, until somebody asks.
    frames: u16,
}

/// A data frame whose header has been read.
#[derive(Debug, Clone, Copy)]
struct Frame {
    fin: bool,
    /// As it stands for the next octet.
    masking_key: Option<[u8; 4]>,
    remaining: u64,
}

/// A message whose last octet has not come.
#[derive(Debug)]
struct Open {
    kind: MessageKind,
    fate: Fate,
    /// Where it is kept, if it is.
    start: usize,
    /// Octets that are kept there.
    held: usize,
    utf8: Utf8,
    /// Octets of payload that its frames' headers have told.
    len: u64,
    fragments: u32,
    /// Its payload passes through the extension.
    coded: bool,
}

/// What becomes of the open message's octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Kept in the caller's buffer until the message is whole.
    Held,
    /// Kept where the extension decodes it, until the message is whole.
    Decoded,
    /// Handed out as they come; nothing was yet.
    Untold,
    /// Handed out as they come.
    Told,
    /// Checked, then dropped.
    Dropped,
}

impl Receive {
    pub(super) const fn new(role: Role, delivery: Delivery) -> Self {
        Self {
            role,
            hears: Hears::Everything,
            frame: None,
            message: None,
            next: 0,
            delivery,
            dropping: false,
            failing: None,
            pings: PingBudget::new(),
            frames: 0,
        }
    }

    /// Whether a message is open that the extension decodes.
    pub(super) const fn is_decoding(&self) -> bool {
        matches!(self.message, Some(Open { coded: true, .. }))
    }

    /// Whether a message has arrived in part.
    pub(super) const fn is_partial(&self) -> bool {
        self.message.is_some()
    }

    /// Whether what is decoded is part of a message that is told later, or never.
    pub(super) const fn keeps_decoded(&self) -> bool {
        matches!(self.message, Some(Open { coded: true, fate: Fate::Decoded | Fate::Dropped, .. }))
    }

    /// Whether a violation is to be told without another octet.
    pub(super) const fn is_failing(&self) -> bool {
        self.failing.is_some()
    }

    pub(super) const fn role(&self) -> Role {
        self.role
    }

    #[inline]
    pub(super) const fn take_frames(&mut self) -> u16 {
        core::mem::replace(&mut self.frames, 0)
    }

    pub(super) const fn awaited(&self) -> u64 {
        match self.frame {
            Some(frame) => frame.remaining,
            None => 0,
        }
    }

    /// Hands out messages in this way from the next one on; the open one, too, if it is to be told
    /// whole and nothing of it was told.
    #[inline]
    pub(super) const fn set_delivery(&mut self, delivery: Delivery) {
        self.delivery = delivery;
        if let (Delivery::Messages, Some(open)) = (delivery, &mut self.message)
            && matches!(open.fate, Fate::Untold)
        {
            open.fate = if open.coded { Fate::Decoded } else { Fate::Held };
            open.start = self.next;
        }
    }

    /// Hands out no more messages: they are checked, and dropped as they come.
    pub(super) fn drop_messages(&mut self) {
        self.dropping = true;
        if let Some(message) = &mut self.message {
            message.fate = Fate::Dropped;
        }
    }

    /// The next thing that `input` means. [`settle`](Self::settle) must follow before `input` is
    /// passed in again.
    pub(super) fn next(
        &mut self,
        input: &mut [u8],
        config: &Config,
        extras: &mut Extras,
        now: Duration,
    ) -> Result<Got, Violation> {
        if let Some(violation) = self.failing {
            return Err(violation);
        }
        loop {
            if self.frame.is_none() {
                let read = self.header(input, config, extras, now)?;
                if matches!(read, HeaderRead::Partial) {
                    return Ok(Got::Partial);
                }
                self.frames = self.frames.saturating_add(1);
                if let HeaderRead::Control(opcode, payload) = read {
                    return Ok(Got::Control { opcode, payload });
                }
            }
            if let Some(got) = self.payload(input, config, extras)? {
                return Ok(got);
            }
        }
    }

    /// How many octets at the front of `input` are done with, and how many behind them are not.
    /// After [`Got::Partial`], closes the gap between the message so far and what is not looked at.
    pub(super) fn settle(&mut self, input: &mut [u8], partial: bool) -> (usize, usize) {
        let Some(Open { fate: Fate::Held, start, held, .. }) = &mut self.message else {
            let discard = core::mem::take(&mut self.next);
            return (discard, input.len().saturating_sub(discard));
        };
        let discard = core::mem::take(start);
        let end = discard.saturating_add(*held);
        let unread = input.len().saturating_sub(self.next);
        if partial && end < self.next {
            input.copy_within(self.next.., end);
            self.next = end;
        }
        let kept =
            if partial { held.saturating_add(unread) } else { input.len().saturating_sub(discard) };
        self.next = self.next.saturating_sub(discard);
        (discard, kept)
    }

    /// Takes what is there of the open frame's payload. `None`: the frame has ended and nothing is
    /// to be told, so the next header is due.
    fn payload(
        &mut self,
        input: &mut [u8],
        config: &Config,
        extras: &mut Extras,
    ) -> Result<Option<Got>, Violation> {
        let (Some(frame), Some(message)) = (&mut self.frame, &mut self.message) else {
            return Ok(None);
        };
        let there = input.len().saturating_sub(self.next);
        let len = usize::try_from(frame.remaining).unwrap_or(usize::MAX).min(there);
        if message.coded {
            return self.coded_payload(input, len, config, extras);
        }
        if len == 0 && frame.remaining > 0 {
            return Ok(Some(Got::Partial));
        }
        let piece = self.next..self.next.saturating_add(len);
        let octets = input.get_mut(piece.clone()).unwrap_or_default();
        let is_ascii = frame.unmask(octets);
        let ends_fragment = len as u64 == frame.remaining;
        let ends_message = ends_fragment && frame.fin;
        // Between code points there is nothing that ASCII could be wrong about.
        if message.kind == MessageKind::Text && !(is_ascii && message.utf8.at_boundary()) {
            let good = match message.utf8.feed(octets) {
                Err(error) => Some(error.at),
                Ok(()) if ends_message && !message.utf8.at_boundary() => Some(len),
                Ok(()) => None,
            };
            if let Some(good) = good {
                return self.not_utf8(good);
            }
        }
        frame.remaining = frame.remaining.saturating_sub(len as u64);
        self.next = piece.end;
        let kind = message.kind;
        let got = match message.fate {
            Fate::Held => {
                let Open { start, held, .. } = message;
                let end = start.saturating_add(*held);
                if end < piece.start {
                    input.copy_within(piece, end);
                }
                *held = held.saturating_add(len);
                hold(extras, *held, ends_message)?;
                let payload = *start..start.saturating_add(*held);
                ends_message.then_some(Got::Message { kind, payload: Place::Input(payload) })
            }
            Fate::Untold | Fate::Told => Some(Got::Piece(GotPiece {
                kind,
                octets: Place::Input(piece),
                starts_message: message.fate.tell(),
                ends_fragment,
                ends_message,
            })),
            // A message that is not coded is not decoded.
            Fate::Dropped | Fate::Decoded => None,
        };
        if ends_message {
            self.message = None;
        }
        if ends_fragment {
            self.frame = None;
            return Ok(got);
        }
        Ok(Some(got.unwrap_or(Got::Partial)))
    }

    /// Text fails behind `good` octets. Read in pieces, those are told first, so that where the
    /// octets were cut makes no difference.
    fn not_utf8(&mut self, good: usize) -> Result<Option<Got>, Violation> {
        let violation = Violation::TextNotUtf8;
        let octets = self.next..self.next.saturating_add(good);
        let got = self.fail_behind(Place::Input(octets.clone()), good, violation)?;
        self.next = octets.end;
        Ok(Some(got))
    }

    /// Fails with `violation`, behind `good` octets. Read in pieces, those are told first.
    fn fail_behind(
        &mut self,
        octets: Place,
        good: usize,
        violation: Violation,
    ) -> Result<Got, Violation> {
        let Some(Open { kind, fate: fate @ (Fate::Untold | Fate::Told), .. }) = &mut self.message
        else {
            return Err(violation);
        };
        if good == 0 {
            return Err(violation);
        }
        self.failing = Some(violation);
        Ok(Got::Piece(GotPiece {
            kind: *kind,
            octets,
            starts_message: fate.tell(),
            ends_fragment: false,
            ends_message: false,
        }))
    }
}

impl Frame {
    /// Unmasks the next octets of its payload. Whether they were seen to be ASCII: not if there is no key.
    fn unmask(&mut self, octets: &mut [u8]) -> bool {
        let Some(key) = &mut self.masking_key else { return false };
        let (phase, seen) = mask::apply_seeing(octets, *key, 0);
        key.rotate_left(phase);
        seen.is_ascii()
    }
}

impl Fate {
    /// Octets are told. Whether they are the first.
    const fn tell(&mut self) -> bool {
        matches!(core::mem::replace(self, Self::Told), Self::Untold)
    }
}

/// The open message has `len` octets now, or is whole.
fn hold(extras: &mut Extras, len: usize, whole: bool) -> Result<(), Violation> {
    match extras.share_mut() {
        Some(share) if whole => share.release(),
        Some(share) => share.hold(len)?,
        None => {}
    }
    Ok(())
}
