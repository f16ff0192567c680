//! Frames as octets, read and written the slow and obvious way (RFC 6455 §5.2).
//!
//! In: octets off the wire, or a header and a payload. Out: a header, or octets for the wire.
//! Nothing here says what is allowed: that is [`super::check`]. No line is shared with the codec
//! that the engine judges.

use super::case::Opcode;

/// The four octets that mask a client's payload.
pub type MaskingKey = [u8; 4];

/// The first two octets of a frame: all that the suite looks at before it waits for the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The last frame of its message.
    pub fin: bool,
    /// RSV1 is 4, RSV2 is 2, RSV3 is 1.
    pub rsv: u8,
    /// Any of the sixteen.
    pub opcode: Opcode,
    /// A masking key follows the length.
    pub masked: bool,
    /// The seven bits: a length up to 125, or 126 or 127 for a longer form.
    pub short_len: u8,
}

impl Start {
    /// The start at the front of `input`, if both octets are there.
    #[must_use]
    pub fn read(input: &[u8]) -> Option<Self> {
        let [first, second, ..] = *input else { return None };
        Some(Self {
            fin: first & 0x80 != 0,
            rsv: (first & 0x70) >> 4,
            opcode: Opcode(first & 0x0f),
            masked: second & 0x80 != 0,
            short_len: second & 0x7f,
        })
    }

    /// How many octets the whole header takes.
    #[must_use]
    pub fn header_len(self) -> usize {
        let extended = match self.short_len {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        2 + extended + if self.masked { 4 } else { 0 }
    }
}

/// A whole frame header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// As in [`Start`].
    pub fin: bool,
    /// As in [`Start`].
    pub rsv: u8,
    /// As in [`Start`].
    pub opcode: Opcode,
    /// The payload's length in octets.
    pub payload_len: u64,
    /// What the payload is masked with.
    pub mask: Option<MaskingKey>,
}

impl Header {
    /// The header at the front of `input` and its own length; `None` if `input` ends inside it.
    ///
    /// Takes every form of the length as it is, minimal or not.
    #[must_use]
    pub fn read(input: &[u8]) -> Option<(Self, usize)> {
        let start = Start::read(input)?;
        let header_len = start.header_len();
        let octets = input.get(2..header_len)?;
        let (length, key) = octets.split_at(octets.len() - if start.masked { 4 } else { 0 });
        let mut payload_len = u64::from(start.short_len);
        if !length.is_empty() {
            payload_len = 0;
            for octet in length {
                payload_len = payload_len << 8 | u64::from(*octet);
            }
        }
        let mask = key.try_into().ok();
        let Start { fin, rsv, opcode, .. } = start;
        Some((Self { fin, rsv, opcode, payload_len, mask }, header_len))
    }

    /// Appends the header to `out`, with the shortest form of the length.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.fin) << 7 | (self.rsv & 7) << 4 | self.opcode.0 & 0x0f);
        let masked = u8::from(self.mask.is_some()) << 7;
        let long = self.payload_len.to_be_bytes();
        match self.payload_len {
            0..=125 => out.push(masked | long[7]),
            126..=0xffff => {
                out.push(masked | 126);
                out.extend_from_slice(&long[6..]);
            }
            _ => {
                out.push(masked | 127);
                out.extend_from_slice(&long);
            }
        }
        out.extend_from_slice(self.mask.as_ref().map_or(&[], MaskingKey::as_slice));
    }
}

/// One whole frame as octets, masked if `header` says so.
#[must_use]
pub fn frame(header: &Header, payload: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(14 + payload.len());
    header.write(&mut octets);
    let from = octets.len();
    octets.extend_from_slice(payload);
    if let Some(key) = header.mask {
        mask(key, 0, &mut octets[from..]);
    }
    octets
}

/// Masks or unmasks `payload`, of which `before` octets have gone before (§5.3).
pub fn mask(key: MaskingKey, before: usize, payload: &mut [u8]) {
    let key = [0, 1, 2, 3].map(|i| key[(before + i) % 4]);
    for four in payload.chunks_mut(4) {
        for (octet, key) in four.iter_mut().zip(key) {
            *octet ^= key;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_as_the_rfc_draws_them() {
        let key = Some([0x37, 0xfa, 0x21, 0x3d]);
        let hello = |opcode, fin, mask| {
            let payload_len = 5;
            frame(&Header { fin, rsv: 0, opcode, payload_len, mask }, b"Hello")
        };
        for (octets, drawn) in [
            (hello(Opcode::TEXT, true, None), &b"\x81\x05Hello"[..]),
            (hello(Opcode::TEXT, true, key), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
            (hello(Opcode::TEXT, false, None), b"\x01\x05Hello"),
            (hello(Opcode::PING, true, None), b"\x89\x05Hello"),
            (hello(Opcode::PONG, true, key), b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
        ] {
            assert_eq!(octets, drawn);
        }
    }

    #[test]
    fn headers_are_read_as_written_and_not_before_they_are_whole() {
        for payload_len in [0, 1, 125, 126, 127, 0xffff, 0x1_0000, u64::MAX >> 1] {
            for mask in [None, Some([1, 2, 3, 4])] {
                for (fin, rsv, opcode) in [(true, 0, 1), (false, 7, 15), (true, 4, 2)] {
                    let header = Header { fin, rsv, opcode: Opcode(opcode), payload_len, mask };
                    let mut octets = Vec::new();
                    header.write(&mut octets);
                    assert_eq!(Header::read(&octets), Some((header, octets.len())));
                    for end in 0..octets.len() {
                        assert_eq!(Header::read(&octets[..end]), None, "{header:?} at {end}");
                    }
                }
            }
        }
    }

    #[test]
    fn lengths_in_a_form_too_long_are_read_too() {
        for (octets, payload_len) in [
            (&b"\x82\x7e\x00\x05"[..], 5),
            (b"\x82\x7f\x00\x00\x00\x00\x00\x00\x01\x00", 256),
            (b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", u64::MAX),
        ] {
            let (header, header_len) = Header::read(octets).unwrap();
            assert_eq!((header.payload_len, header_len), (payload_len, octets.len()));
        }
    }

    #[test]
    fn masking_goes_on_where_it_ended() {
        let mut whole = *b"0123456789";
        mask([9, 8, 7, 6], 0, &mut whole);
        for at in 0..whole.len() {
            let mut pieces = *b"0123456789";
            let (first, second) = pieces.split_at_mut(at);
            mask([9, 8, 7, 6], 0, first);
            mask([9, 8, 7, 6], at, second);
            assert_eq!(pieces, whole);
        }
    }
}
