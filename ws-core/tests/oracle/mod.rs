//! The naive judge: frames octet by octet, straight from the pictures of RFC 6455 §5.2 and §5.3.
//!
//! In: what a frame says. Out: its octets, in any length form, allowed or not. And back, strictly.
//! Slow and obvious on purpose, and calls nothing of `ws_core`'s codec: the judge shares no code
//! with the judged. From a bench: `#[path = "../tests/oracle/mod.rs"] mod oracle;`.
#![allow(dead_code, reason = "each test or bench uses its own part of the judge")]

use ws_core::Role;

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xA;

/// The masking key of RFC 6455 §5.7's examples.
pub(crate) const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// How the payload length is written: the shortest way, or in 7, 16 or 64 bits whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Shortest,
    Bits7,
    Bits16,
    Bits64,
}

/// One frame. Masking is the sender's affair: a `Frame` holds the payload unmasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) fin: bool,
    /// RSV1, RSV2, RSV3 as bits 4, 2, 1.
    pub(crate) rsv: u8,
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn new(fin: bool, opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { fin, rsv: 0, opcode, payload: payload.into() }
    }

    /// A Close frame with a code and a reason.
    pub(crate) fn close(code: u16, reason: &str) -> Self {
        let payload = [&code.to_be_bytes()[..], reason.as_bytes()].concat();
        Self::new(true, CLOSE, payload)
    }

    pub(crate) fn rsv(self, rsv: u8) -> Self {
        Self { rsv, ..self }
    }

    pub(crate) fn first_octet(&self) -> u8 {
        u8::from(self.fin) << 7 | self.rsv << 4 | self.opcode
    }

    /// The frame's octets, masked with `key` if there is one.
    pub(crate) fn octets(&self, key: Option<[u8; 4]>) -> Vec<u8> {
        let len = self.payload.len() as u64;
        let mut octets = header(self.first_octet(), key, Form::Shortest, len);
        octets.extend(masked(&self.payload, key));
        octets
    }
}

/// A fragment in the middle or at the end of a message.
pub(crate) fn continuation(fin: bool, payload: &[u8]) -> Frame {
    Frame::new(fin, CONTINUATION, payload)
}

/// `text("Hello")`: a whole text message.
pub(crate) fn text(payload: &str) -> Frame {
    Frame::new(true, TEXT, payload)
}

/// The first fragment of a text message, whose octets may be anything.
pub(crate) fn text_start(payload: &[u8]) -> Frame {
    Frame::new(false, TEXT, payload)
}

/// A whole binary message.
pub(crate) fn binary(payload: &[u8]) -> Frame {
    Frame::new(true, BINARY, payload)
}

pub(crate) fn ping(payload: &[u8]) -> Frame {
    Frame::new(true, PING, payload)
}

pub(crate) fn pong(payload: &[u8]) -> Frame {
    Frame::new(true, PONG, payload)
}

/// A session of every kind of frame, which ends clean.
pub(crate) fn session() -> Vec<Frame> {
    vec![
        text("Hello"),
        text_start("κό".as_bytes()),
        ping(b"1"),
        continuation(false, b""),
        continuation(true, "σμε".as_bytes()),
        binary(&[0xFE; 300]),
        pong(b""),
        text(""),
        Frame::close(1000, "fin"),
    ]
}

/// The key that frames for `receiver` are masked with: a server's peer masks, a client's does not.
pub(crate) fn key_to(receiver: Role) -> Option<[u8; 4]> {
    match receiver {
        Role::Server => Some(KEY),
        Role::Client => None,
    }
}

/// The frames as the peer of `receiver` sends them.
pub(crate) fn wire_to(receiver: Role, frames: &[Frame]) -> Vec<u8> {
    frames.iter().flat_map(|frame| frame.octets(key_to(receiver))).collect()
}

/// A header with any first octet, key and length, in any form that holds the length.
pub(crate) fn header(first: u8, key: Option<[u8; 4]>, form: Form, len: u64) -> Vec<u8> {
    let mask_bit = if key.is_some() { 0x80 } else { 0x00 };
    let [l7, l6, l5, l4, l3, l2, l1, l0] = len.to_be_bytes();
    let form = match (form, len) {
        (Form::Shortest, 0..=125) => Form::Bits7,
        (Form::Shortest, 126..=65_535) => Form::Bits16,
        (Form::Shortest, _) => Form::Bits64,
        (form, _) => form,
    };
    let mut octets = vec![first];
    match form {
        Form::Bits16 => octets.extend([mask_bit | 126, l1, l0]),
        Form::Bits64 => octets.extend([mask_bit | 127, l7, l6, l5, l4, l3, l2, l1, l0]),
        Form::Bits7 | Form::Shortest => octets.push(mask_bit | l0),
    }
    octets.extend(key.into_iter().flatten());
    octets
}

/// §5.3: `transformed-octet-i = original-octet-i XOR masking-key-octet-(i MOD 4)`.
pub(crate) fn masked(payload: &[u8], key: Option<[u8; 4]>) -> Vec<u8> {
    let key = key.unwrap_or([0; 4]);
    payload.iter().enumerate().map(|(i, octet)| octet ^ key[i % 4]).collect()
}

/// Parses everything that an endpoint of role `sender` wrote, as strictly as its peer must.
///
/// Panics on half a frame, a wrong mask bit, a length that is not in its shortest form, a reserved
/// bit or opcode, a control frame out of bounds, and on anything after a Close frame.
pub(crate) fn parse(sender: Role, octets: &[u8]) -> Vec<Frame> {
    let frames = parse_extended(sender, octets);
    assert!(frames.iter().all(|frame| frame.rsv == 0), "reserved bit set: {frames:?}");
    frames
}

/// As [`parse`], with any reserved bits.
pub(crate) fn parse_extended(sender: Role, octets: &[u8]) -> Vec<Frame> {
    let frames: Vec<_> = parse_keyed(sender, octets).into_iter().map(|(frame, _)| frame).collect();
    if let Some(close) = frames.iter().position(|frame| frame.opcode == CLOSE) {
        assert_eq!(close, frames.len() - 1, "nothing may follow a Close frame: {frames:?}");
    }
    frames
}

/// As [`parse_extended`], with the masking key of each frame.
pub(crate) fn parse_keyed(sender: Role, octets: &[u8]) -> Vec<(Frame, Option<[u8; 4]>)> {
    let mut frames = Vec::new();
    let mut rest = octets;
    while !rest.is_empty() {
        let (frame, key, after) = parse_one(sender, rest);
        frames.push((frame, key));
        rest = after;
    }
    frames
}

fn parse_one(sender: Role, octets: &[u8]) -> (Frame, Option<[u8; 4]>, &[u8]) {
    let mut at = 0;
    let mut take = |n: usize| {
        at += n;
        octets.get(at - n..at).expect("the octets end inside a frame")
    };
    let (first, second) = (take(1)[0], take(1)[0]);
    let (fin, rsv, opcode) = (first & 0x80 != 0, first >> 4 & 7, first & 0x0F);
    assert!(matches!(opcode, 0..=2 | 8..=10), "reserved opcode {opcode}");
    assert_eq!(second & 0x80 != 0, sender == Role::Client, "a client masks, a server does not");
    let code = second & 0x7F;
    let len = match code {
        126 => u64::from(take(2)[0]) << 8 | u64::from(octets[3]),
        127 => take(8).iter().fold(0, |len, &octet| len << 8 | u64::from(octet)),
        code => u64::from(code),
    };
    let shortest = match len {
        0..=125 => true,
        126..=65_535 => code == 126,
        _ => code == 127 && len >> 63 == 0,
    };
    assert!(shortest, "length {len} written with code {code}");
    assert!(opcode < 8 || fin && len <= 125, "control frame: FIN {fin}, length {len}");
    let key = (sender == Role::Client).then(|| take(4).try_into().expect("four octets"));
    let payload = masked(take(usize::try_from(len).expect("fits memory")), key);
    (Frame { fin, rsv, opcode, payload }, key, &octets[at..])
}
