//! A frame's header, on its way into the connection: judged, and within the limits.

use core::ops::Range;
use core::time::Duration;

use super::{Fate, Frame, Open, Receive};
use crate::connection::config::{Config, Delivery};
use crate::connection::inbound_extras::Extras;
use crate::error::Violation;
use crate::frame::{Check, FrameHeader, Opcode};
use crate::mask;
use crate::message::MessageKind;
use crate::utf8::Utf8;

/// What was at the place of a header.
pub(super) enum HeaderRead {
    Partial,
    Data,
    Control(Opcode, Range<usize>),
}

impl Receive {
    /// Takes a header, and all of a control frame, if it is there.
    pub(super) fn header(
        &mut self,
        input: &mut [u8],
        config: &Config,
        extras: &mut Extras,
        now: Duration,
    ) -> Result<HeaderRead, Violation> {
        let rest = input.get(self.next..).unwrap_or_default();
        let message_open = self.message.is_some();
        let check = Check { role: self.role, message_open, rsv: extras.rsv() };
        check.check_start(rest)?;
        let Some((header, header_len)) = FrameHeader::decode(rest)? else {
            return Ok(HeaderRead::Partial);
        };
        let start = self.next.saturating_add(header_len);
        if header.opcode.is_control() {
            return self.control(&header, start, input, config, now);
        }
        self.open_frame(&header, start, config, extras)?;
        self.next = start;
        Ok(HeaderRead::Data)
    }

    /// A control frame is taken whole: it is at most 125 octets.
    fn control(
        &mut self,
        header: &FrameHeader,
        start: usize,
        input: &mut [u8],
        config: &Config,
        now: Duration,
    ) -> Result<HeaderRead, Violation> {
        let len = usize::try_from(header.payload_len).unwrap_or(usize::MAX);
        let end = start.saturating_add(len);
        let Some(payload) = input.get_mut(start..end) else { return Ok(HeaderRead::Partial) };
        if let Some(key) = header.masking_key {
            mask::apply(payload, key, 0);
        }
        if header.opcode == Opcode::Ping {
            self.pings.spend(config, now)?;
        }
        self.next = end;
        Ok(HeaderRead::Control(header.opcode, start..end))
    }

    /// Takes a data frame's header into the open message, within the limits.
    fn open_frame(
        &mut self,
        header: &FrameHeader,
        start: usize,
        config: &Config,
        extras: &mut Extras,
    ) -> Result<(), Violation> {
        let limits = &config.limits;
        if self.message.is_none() {
            self.message = Some(self.open_message(header, start, config, extras));
        }
        let Some(open) = &mut self.message else { return Ok(()) };
        let (max_frame_len, max_message_len) = if open.coded {
            (limits.max_coded_frame_len(), limits.max_coded_message_len())
        } else {
            (limits.max_frame_len(), limits.max_message_len())
        };
        if header.payload_len > max_frame_len {
            return Err(Violation::FrameTooLong);
        }
        open.len = open.len.saturating_add(header.payload_len);
        open.fragments = open.fragments.saturating_add(1);
        if open.len > max_message_len {
            return Err(Violation::MessageTooLong);
        }
        if open.fragments > limits.max_fragments() {
            return Err(Violation::TooManyFragments);
        }
        self.frame = Some(Frame {
            fin: header.fin,
            masking_key: header.masking_key,
            remaining: header.payload_len,
        });
        Ok(())
    }

    fn open_message(
        &self,
        header: &FrameHeader,
        start: usize,
        config: &Config,
        extras: &mut Extras,
    ) -> Open {
        let kind =
            if header.opcode == Opcode::Text { MessageKind::Text } else { MessageKind::Binary };
        let coded = extras.begin(header.rsv, self.role, config);
        let fate = match self.delivery {
            _ if self.dropping => Fate::Dropped,
            Delivery::Messages if coded => Fate::Decoded,
            Delivery::Messages => Fate::Held,
            Delivery::Pieces => Fate::Untold,
        };
        Open { kind, fate, start, held: 0, utf8: Utf8::new(), len: 0, fragments: 0, coded }
    }
}
