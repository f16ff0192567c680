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

use alloc::boxed::Box;
use core::ops::Range;
use core::time::Duration;

use super::agreed::Agreed;
use super::budget::{Budget, Share};
use super::config::Config;
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
    /// The data frame whose payload comes next; `None` where a header is due.
    frame: Option<Frame>,
    message: Option<Open>,
    /// The first octet of the buffer that has not been looked at.
    next: usize,
    /// Messages are checked but no longer handed out.
    dropping: bool,
    /// A violation to tell next: octets before it came with it.
    failing: Option<Violation>,
    pings: PingBudget,
    /// Frames whose header was taken, until somebody asks.
    frames: u16,
    /// What the open message holds of a budget shared with other connections.
    share: Option<Box<Share>>,
}

/// A data frame whose header has been read.
#[derive(Debug, Clone, Copy)]
struct Frame {
    fin: bool,
    masking_key: Option<[u8; 4]>,
    phase: usize,
    remaining: u64,
}

/// A message whose last octet has not come.
#[derive(Debug)]
struct Open {
    kind: MessageKind,
    delivery: Fate,
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
    /// Kept at `start` until the message is whole.
    Held { start: usize, len: usize },
    /// Kept where the extension decodes it, until the message is whole.
    Decoded,
    /// Handed out as they come.
    Pieces { started: bool },
    /// Checked, then dropped.
    Dropped,
}

impl Receive {
    pub(super) const fn new(role: Role) -> Self {
        Self {
            role,
            frame: None,
            message: None,
            next: 0,
            dropping: false,
            failing: None,
            pings: PingBudget::new(),
            frames: 0,
            share: None,
        }
    }

    /// Has messages that are not whole counted in `budget`.
    pub(super) fn share(&mut self, budget: Budget) {
        self.share = Some(Box::new(Share::new(budget)));
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
        matches!(
            self.message,
            Some(Open { coded: true, delivery: Fate::Decoded | Fate::Dropped, .. })
        )
    }

    /// Nothing more will be received: gives back what is held.
    pub(super) fn end(&mut self) {
        self.share = None;
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

    /// Messages are told whole from now on, the open one too if nothing of it was told.
    pub(super) const fn hold_untold(&mut self) {
        if let Some(Open { delivery, coded, .. }) = &mut self.message
            && matches!(delivery, Fate::Pieces { started: false })
        {
            *delivery =
                if *coded { Fate::Decoded } else { Fate::Held { start: self.next, len: 0 } };
        }
    }

    /// Hands out no more messages: they are checked, and dropped as they come.
    pub(super) fn drop_messages(&mut self) {
        self.dropping = true;
        if let Some(message) = &mut self.message {
            message.delivery = Fate::Dropped;
        }
        if let Some(share) = &mut self.share {
            share.release();
        }
    }

    /// The next thing that `input` means. [`settle`](Self::settle) must follow before `input` is
    /// passed in again.
    pub(super) fn next(
        &mut self,
        input: &mut [u8],
        config: &Config,
        mut agreed: Option<&mut Agreed>,
        now: Duration,
    ) -> Result<Got, Violation> {
        if let Some(violation) = self.failing {
            return Err(violation);
        }
        loop {
            if self.frame.is_none() {
                let read = self.header(input, config, agreed.as_deref_mut(), now)?;
                if matches!(read, HeaderRead::Partial) {
                    return Ok(Got::Partial);
                }
                self.frames = self.frames.saturating_add(1);
                if let HeaderRead::Control(opcode, payload) = read {
                    return Ok(Got::Control { opcode, payload });
                }
            }
            if let Some(got) = self.payload(input, config, agreed.as_deref_mut())? {
                return Ok(got);
            }
        }
    }

    /// How many octets at the front of `input` are done with, and how many behind them are not.
    /// After [`Got::Partial`], closes the gap between the message so far and what is not looked at.
    pub(super) fn settle(&mut self, input: &mut [u8], partial: bool) -> (usize, usize) {
        let Some(Open { delivery: Fate::Held { start, len }, .. }) = &mut self.message else {
            let discard = core::mem::take(&mut self.next);
            return (discard, input.len().saturating_sub(discard));
        };
        let discard = core::mem::take(start);
        let end = discard.saturating_add(*len);
        let unread = input.len().saturating_sub(self.next);
        if partial && end < self.next {
            input.copy_within(self.next.., end);
            self.next = end;
        }
        let kept =
            if partial { len.saturating_add(unread) } else { input.len().saturating_sub(discard) };
        self.next = self.next.saturating_sub(discard);
        (discard, kept)
    }

    /// Takes what is there of the open frame's payload. `None`: the frame has ended and nothing is
    /// to be told, so the next header is due.
    fn payload(
        &mut self,
        input: &mut [u8],
        config: &Config,
        agreed: Option<&mut Agreed>,
    ) -> Result<Option<Got>, Violation> {
        let (Some(frame), Some(message)) = (&mut self.frame, &mut self.message) else {
            return Ok(None);
        };
        let there = input.len().saturating_sub(self.next);
        let len = usize::try_from(frame.remaining).unwrap_or(usize::MAX).min(there);
        if message.coded
            && let Some(agreed) = agreed
        {
            return self.coded_payload(input, len, config, agreed);
        }
        if len == 0 && frame.remaining > 0 {
            return Ok(Some(Got::Partial));
        }
        let piece = self.next..self.next.saturating_add(len);
        let octets = input.get_mut(piece.clone()).unwrap_or_default();
        if let Some(key) = frame.masking_key {
            frame.phase = mask::apply(octets, key, frame.phase);
        }
        let ends_fragment = len as u64 == frame.remaining;
        let ends_message = ends_fragment && frame.fin;
        if message.kind == MessageKind::Text {
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
        let got = match &mut message.delivery {
            Fate::Held { start, len: held } => {
                let end = start.saturating_add(*held);
                if end < piece.start {
                    input.copy_within(piece, end);
                }
                *held = held.saturating_add(len);
                let payload = *start..start.saturating_add(*held);
                let held = payload.len();
                self.hold(held, ends_message)?;
                ends_message.then_some(Got::Message { kind, payload: Place::Input(payload) })
            }
            Fate::Pieces { started } => Some(Got::Piece(GotPiece {
                kind,
                octets: Place::Input(piece),
                starts_message: !core::mem::replace(started, true),
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
        let Some(Open { kind, delivery: Fate::Pieces { started }, .. }) = &mut self.message else {
            return Err(violation);
        };
        if good == 0 {
            return Err(violation);
        }
        self.failing = Some(violation);
        let octets = self.next..self.next.saturating_add(good);
        self.next = octets.end;
        Ok(Some(Got::Piece(GotPiece {
            kind: *kind,
            octets: Place::Input(octets),
            starts_message: !core::mem::replace(started, true),
            ends_fragment: false,
            ends_message: false,
        })))
    }
}

impl Receive {
    /// The open message has `len` octets now, or is whole.
    fn hold(&mut self, len: usize, whole: bool) -> Result<(), Violation> {
        match &mut self.share {
            Some(share) if whole => share.release(),
            Some(share) => share.hold(len)?,
            None => {}
        }
        Ok(())
    }
}
