//! The frame header: the 2 to 14 octets before every payload (RFC 6455 §5.2).
//!
//! In: octets off the wire. Out: a [`FrameHeader`] and how many octets it took. And back.
//! Knows neither role nor connection: whether the header is *allowed here* is [`super::Check`].
//!
//! ```text
//!  0               1               2..=3 or 2..=9         then, if MASK is 1
//! +-+-+-+-+-------+-+-------------+----------------------+--------------------+
//! |F|R|R|R| opcode|M| length code | extended length      | masking key        |
//! |I|S|S|S|  (4)  |A| 0..=125     | code 126: 16 bits    | 4 octets           |
//! |N|V|V|V|       |S| 126 or 127  | code 127: 64 bits    |                    |
//! | |1|2|3|       |K|             | (big-endian)         |                    |
//! +-+-+-+-+-------+-+-------------+----------------------+--------------------+
//! ```

use super::opcode::Opcode;
use crate::error::{Misuse, Violation};

/// The longest header, in octets: two, a 64-bit length, a masking key.
pub const MAX_HEADER_LEN: usize = 14;

const FIN: u8 = 0x80;
const MASK: u8 = 0x80;
const LENGTH_CODE: u8 = 0x7F;
const CODE_16: u8 = 126;
const CODE_64: u8 = 127;
const TOP_BIT: u64 = 1 << 63;

/// The three reserved bits of a frame's first octet, for extensions to use (RFC 6455 §5.2, §5.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rsv(u8);

impl Rsv {
    /// All three bits 0.
    pub const NONE: Self = Self(0);
    /// RSV1 alone.
    pub const RSV1: Self = Self(0x40);
    /// RSV2 alone.
    pub const RSV2: Self = Self(0x20);
    /// RSV3 alone.
    pub const RSV3: Self = Self(0x10);

    /// The reserved bits of a frame's first octet; the other five are ignored.
    #[must_use]
    pub const fn from_bits(octet: u8) -> Self {
        Self(octet & 0x70)
    }

    /// The bits as they stand in a frame's first octet.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The bits that are 1 here or in `other`.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every bit that is 1 here is 1 in `other` too.
    #[must_use]
    pub const fn is_subset_of(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }
}

/// Everything a frame says before its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// Whether this is the last fragment of its message.
    pub fin: bool,
    /// The reserved bits.
    pub rsv: Rsv,
    /// How to read the payload.
    pub opcode: Opcode,
    /// The key that the payload is masked with, if it is masked.
    pub masking_key: Option<[u8; 4]>,
    /// Octets of payload that follow. At most 2⁶³ − 1 on the wire.
    pub payload_len: u64,
}

impl FrameHeader {
    /// An unmasked, unextended header: FIN 1, RSV 0.
    #[must_use]
    pub const fn new(opcode: Opcode, payload_len: u64) -> Self {
        Self { fin: true, rsv: Rsv::NONE, opcode, masking_key: None, payload_len }
    }

    /// Decodes the header at the front of `input`.
    ///
    /// Reads at most [`MAX_HEADER_LEN`] (14) octets, consumes none. Returns the header and its own
    /// length in octets (2..=14), or `None` if `input` ends inside it: call again with more behind.
    ///
    /// # Errors
    ///
    /// - [`Violation::LengthNotMinimal`]: a shorter length form would do.
    /// - [`Violation::LengthTopBit`]: the most significant bit of the 64-bit form is 1.
    ///
    /// RFC 6455 §5.2, "Payload length".
    #[inline]
    pub fn decode(input: &[u8]) -> Result<Option<(Self, usize)>, Violation> {
        let Some((&[first, second], rest)) = input.split_first_chunk::<2>() else {
            return Ok(None);
        };
        let (payload_len, rest, len_octets) = match second & LENGTH_CODE {
            CODE_16 => {
                let Some((octets, rest)) = rest.split_first_chunk::<2>() else { return Ok(None) };
                let len = u64::from(u16::from_be_bytes(*octets));
                if len < u64::from(CODE_16) {
                    return Err(Violation::LengthNotMinimal);
                }
                (len, rest, 2)
            }
            CODE_64 => {
                let Some((octets, rest)) = rest.split_first_chunk::<8>() else { return Ok(None) };
                let len = u64::from_be_bytes(*octets);
                if len & TOP_BIT != 0 {
                    return Err(Violation::LengthTopBit);
                }
                if len <= u64::from(u16::MAX) {
                    return Err(Violation::LengthNotMinimal);
                }
                (len, rest, 8)
            }
            code => (u64::from(code), rest, 0),
        };
        let (masking_key, key_octets) = if second & MASK == 0 {
            (None, 0)
        } else {
            let Some((key, _)) = rest.split_first_chunk::<4>() else { return Ok(None) };
            (Some(*key), 4)
        };
        let header = Self {
            fin: first & FIN != 0,
            rsv: Rsv::from_bits(first),
            opcode: Opcode::from_bits(first),
            masking_key,
            payload_len,
        };
        Ok(Some((header, 2_usize.saturating_add(len_octets).saturating_add(key_octets))))
    }

    /// Encodes the header in its shortest form at the front of `output` and returns its length in
    /// octets (2..=14). Octets of `output` behind that length are undefined.
    ///
    /// # Errors
    ///
    /// - [`Misuse::LengthTopBit`]: `payload_len` exceeds 2⁶³ − 1.
    ///
    /// RFC 6455 §5.2.
    #[inline]
    pub const fn encode(&self, output: &mut [u8; MAX_HEADER_LEN]) -> Result<usize, Misuse> {
        if self.payload_len & TOP_BIT != 0 {
            return Err(Misuse::LengthTopBit);
        }
        let [first, second] = self.start();
        let [l7, l6, l5, l4, l3, l2, l1, l0] = self.payload_len.to_be_bytes();
        Ok(match (second & LENGTH_CODE, self.masking_key) {
            (CODE_16, None) => put(output, [first, second, l1, l0]),
            (CODE_16, Some([k0, k1, k2, k3])) => {
                put(output, [first, second, l1, l0, k0, k1, k2, k3])
            }
            (CODE_64, None) => put(output, [first, second, l7, l6, l5, l4, l3, l2, l1, l0]),
            (CODE_64, Some([k0, k1, k2, k3])) => {
                put(output, [first, second, l7, l6, l5, l4, l3, l2, l1, l0, k0, k1, k2, k3])
            }
            (_, None) => put(output, [first, second]),
            (_, Some([k0, k1, k2, k3])) => put(output, [first, second, k0, k1, k2, k3]),
        })
    }

    /// The length of the encoded header in octets (2..=14), payload not included.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        match (self.length_code(), self.masking_key.is_some()) {
            (CODE_16, false) => 4,
            (CODE_16, true) => 8,
            (CODE_64, false) => 10,
            (CODE_64, true) => 14,
            (_, false) => 2,
            (_, true) => 6,
        }
    }

    /// The header's first two octets, on which most checks can already be made.
    #[must_use]
    pub const fn start(&self) -> [u8; 2] {
        let fin = if self.fin { FIN } else { 0 };
        let mask = if self.masking_key.is_some() { MASK } else { 0 };
        [fin | self.rsv.bits() | self.opcode.bits(), mask | self.length_code()]
    }

    const fn length_code(&self) -> u8 {
        match self.payload_len {
            #[expect(clippy::cast_possible_truncation, reason = "0..=125 in this arm")]
            len @ 0..=125 => len as u8,
            126..=0xFFFF => CODE_16,
            _ => CODE_64,
        }
    }
}

/// Writes a header of `N` octets, and gives that length.
const fn put<const N: usize>(output: &mut [u8; MAX_HEADER_LEN], header: [u8; N]) -> usize {
    if let Some(to) = output.first_chunk_mut() {
        *to = header;
    }
    N
}
