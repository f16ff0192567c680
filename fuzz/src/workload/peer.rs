//! What the peer sends, and how long a payload may be, either way.

use arbitrary::{Result, Unstructured};
use ws_core::MessageKind;

use crate::input::{kind, octets};
use crate::oracle::{self, BINARY, CLOSE, CONTINUATION, Frame, TEXT, key_to};

use super::Workload;

/// Octets of a payload that is not a long one.
const MOST_SHORT: usize = 1000;

pub(super) const RSV1: u8 = 4;

impl Workload {
    pub(super) fn peer_sends(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        if self.offended || self.arrived.last().is_some_and(|frame| frame.opcode == CLOSE) {
            return Ok(());
        }
        let frame = match input.int_in_range(0..=7)? {
            // No two are the same.
            0 => oracle::ping(&self.arrived.len().to_be_bytes()),
            1 => oracle::pong(b"unasked"),
            2 if input.int_in_range(0..=3)? == 0 => Frame::close(1001, "bye"),
            n => {
                let (fin, kind) = (n != 7, kind(input)?);
                let opcode = if kind == MessageKind::Text { TEXT } else { BINARY };
                let first = self.peer_open.is_none();
                let opcode = *self.peer_open.get_or_insert(opcode);
                let payload = match opcode {
                    TEXT => String::from_utf8_lossy(&self.octets(input)?).into_owned().into_bytes(),
                    _ => self.octets(input)?,
                };
                if fin {
                    self.peer_open = None;
                }
                Frame::new(fin, if first { opcode } else { CONTINUATION }, payload)
            }
        };
        self.push(frame);
        Ok(())
    }

    pub(super) fn octets(&mut self, input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
        let mut payload = octets(input)?;
        if payload.len() > MOST_SHORT {
            match self.long_left.checked_sub(1) {
                Some(left) => self.long_left = left,
                None => payload.truncate(MOST_SHORT),
            }
        }
        Ok(payload)
    }

    /// Compressed, if that was agreed and the message is a whole one.
    pub(super) fn push(&mut self, frame: Frame) {
        let is_whole = frame.fin && matches!(frame.opcode, TEXT | BINARY);
        let on_wire = match stored(&frame.payload) {
            Some(stored) if is_whole && self.deflate.is_some() => {
                Frame::new(true, frame.opcode, stored).rsv(RSV1)
            }
            _ => frame.clone(),
        };
        self.remote.push(&on_wire.octets(key_to(self.role)));
        self.arrived.push(frame);
    }
}

/// Compressed to no purpose (RFC 7692 §7.2.3.3): one stored block, and the start of an empty one.
fn stored(payload: &[u8]) -> Option<Vec<u8>> {
    let len = u16::try_from(payload.len()).ok()?;
    Some([&[0][..], &len.to_le_bytes(), &(!len).to_le_bytes(), payload, &[0]].concat())
}
