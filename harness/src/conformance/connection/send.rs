//! What the engine sends: frames as a case wants them, and messages.

use std::borrow::Cow;

use super::{Connection, State};
use crate::conformance::case::{Frame, Opcode, Write};
use crate::conformance::record::{Excerpt, FrameHead, Row};
use crate::conformance::wire::{self, Header, MaskingKey};
use crate::report::schema::Role;

impl Connection {
    /// Writes a frame as it is, whatever the state.
    pub fn send_frame(&mut self, frame: &Frame) {
        let Frame { opcode, fin, rsv, payload, write } = frame;
        self.send_octets(*opcode, *fin, *rsv, &payload.octets(), *write);
    }

    pub(in crate::conformance) fn send_octets(
        &mut self,
        opcode: Opcode,
        fin: bool,
        rsv: u8,
        payload: &[u8],
        write: Write,
    ) {
        let mask = (self.role == Role::Client).then(|| self.keys.next());
        let payload_len = payload.len() as u64;
        let octets = wire::frame(&Header { fin, rsv, opcode, payload_len, mask }, payload);
        if !opcode.is_control() {
            self.sent.frames += 1;
        }
        self.log.row(Row::FrameSent {
            frame: FrameHead { opcode, fin, rsv, mask },
            payload: Excerpt::of(payload),
            chop: if let Write::Chop(len) = write { Some(len) } else { None },
            sync: write == Write::Sync,
        });
        match write {
            Write::Plain => self.write(octets),
            Write::Sync => self.out.sync(octets),
            Write::Chop(len) => self.out.chop(&octets, len),
        }
        if self.out.begins() {
            self.turn();
        }
    }

    /// Writes octets that are no frame, or only a part of one.
    pub fn write(&mut self, octets: Vec<u8>) {
        if let Some(octets) = self.out.plain(octets) {
            self.put(octets, false);
        }
    }

    pub(super) fn put(&mut self, octets: Vec<u8>, own_turn: bool) {
        match self.state {
            State::Connecting => self.sent.before_open += octets.len() as u64,
            State::Open => self.sent.wire += octets.len() as u64,
            State::Closing | State::Closed => {}
        }
        self.log.row(Row::OctetsSent { octets: Excerpt::of(&octets), own_turn });
        self.out.put(octets);
    }

    /// A key for a frame whose payload the caller writes in pieces; none as a server.
    pub fn masking_key(&mut self) -> Option<MaskingKey> {
        (self.role == Role::Client).then(|| self.keys.next())
    }

    /// Sends a message if open: compressed if that is agreed, and cut as
    /// [`Step::Message`](crate::conformance::case::Step::Message) says.
    pub fn send_message(&mut self, opcode: Opcode, payload: &[u8], fragment: Option<usize>) {
        if self.state != State::Open {
            return;
        }
        self.sent.messages += 1;
        self.sent.application += payload.len() as u64;
        let (payload, rsv) = match &mut self.deflate {
            Some(codec) => match codec.compress(payload) {
                Ok(compressed) => (Cow::Owned(compressed), 4),
                Err(_) => return self.tear(),
            },
            None => (Cow::Borrowed(payload), 0),
        };
        self.sent.payload += payload.len() as u64;
        let Some(fragment) = fragment.filter(|len| payload.len() > *len) else {
            return self.send_octets(opcode, true, rsv, &payload, Write::Plain);
        };
        let (mut opcode, mut rsv, mut at) = (opcode, rsv, 0);
        // The suite asks whether the next cut passes the end, so one that meets it is not the last.
        while at + fragment <= payload.len() {
            self.send_octets(opcode, false, rsv, &payload[at..at + fragment], Write::Plain);
            (opcode, rsv) = (Opcode::CONTINUATION, 0);
            at += fragment;
        }
        self.send_octets(opcode, true, rsv, &payload[at..], Write::Plain);
    }
}

/// Masking keys. They need not be hard to guess here, only different from run to run.
#[derive(Debug)]
pub(super) struct Keys(u64);

impl Keys {
    pub(super) fn new() -> Self {
        use std::hash::{BuildHasher as _, Hasher as _};
        Self(std::hash::RandomState::new().build_hasher().finish())
    }

    /// The next one, by SplitMix64.
    fn next(&mut self) -> MaskingKey {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let octets = (mixed ^ (mixed >> 31)).to_be_bytes();
        [octets[0], octets[1], octets[2], octets[3]]
    }
}
