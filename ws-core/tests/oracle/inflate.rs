//! The naive inflater: DEFLATE as RFC 1951 has it, bit by bit, whole message at once.
//!
//! Slow and obvious. Unlike zlib it can tell a reference further back than a window, and where a
//! stream stands when its data ends.

/// Why the naive inflater stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// The data ends inside a block, or a message not inside an empty stored one.
    Truncated,
    /// No DEFLATE data.
    Invalid,
    /// A reference beyond the window, or beyond the first octet.
    TooFar,
    /// No flaw of the data: more streams within a message than its octets pay for.
    TooManyStreams,
}

/// Inflates one direction's messages, one after the other.
pub(crate) struct Inflate {
    window: usize,
    takeover: bool,
    history: Vec<u8>,
}

impl Inflate {
    pub(crate) fn new(window_bits: u8, takeover: bool) -> Self {
        Self { window: 1 << window_bits, takeover, history: Vec::new() }
    }

    /// The message that `payload`, of all its fragments, is (RFC 7692 §7.2.2).
    pub(crate) fn message(&mut self, payload: &[u8]) -> Result<Vec<u8>, Flaw> {
        if !self.takeover {
            self.history.clear();
        }
        if payload.is_empty() {
            return Ok(Vec::new());
        }
        let start = self.history.len();
        let data = [payload, &[0, 0, 0xFF, 0xFF]].concat();
        let mut bits = Bits { data: &data, at: 0 };
        let mut streams = 0_usize;
        loop {
            let last = bits.take(1)? == 1;
            let mut tail = false;
            match bits.take(2)? {
                0 => {
                    bits.align();
                    tail = bits.at == payload.len() * 8;
                    self.stored(&mut bits)?;
                }
                1 => self.coded(&mut bits, &fixed())?,
                2 => {
                    let codes = dynamic(&mut bits)?;
                    self.coded(&mut bits, &codes)?;
                }
                _ => return Err(Flaw::Invalid),
            }
            if last {
                bits.align();
                // A last block may end the message: then the tail is not part of it.
                if bits.at == payload.len() * 8 {
                    break;
                }
                // As `ws_core::deflate` documents it. Behind the tail no other begins.
                streams += usize::from(!tail);
                let paid = bits.at / 8 * 32 + self.history.len() - start;
                if streams.saturating_sub(4) * 256 > paid {
                    return Err(Flaw::TooManyStreams);
                }
            }
            if tail {
                break;
            }
        }
        let message = self.history[start..].to_vec();
        let keep = self.history.len().saturating_sub(self.window);
        self.history.drain(..keep);
        Ok(message)
    }

    fn stored(&mut self, bits: &mut Bits<'_>) -> Result<(), Flaw> {
        let len = bits.take(16)?;
        if bits.take(16)? != !len & 0xFFFF {
            return Err(Flaw::Invalid);
        }
        for _ in 0..len {
            let octet = u8::try_from(bits.take(8)?).unwrap();
            self.history.push(octet);
        }
        Ok(())
    }

    fn coded(&mut self, bits: &mut Bits<'_>, codes: &[Code; 2]) -> Result<(), Flaw> {
        loop {
            let symbol = codes[0].symbol(bits)?;
            match symbol {
                0..=255 => self.history.push(u8::try_from(symbol).unwrap()),
                256 => return Ok(()),
                257..=285 => {
                    let (base, extra) = LENGTHS[symbol - 257];
                    let len = base + bits.take(extra)?;
                    let symbol = codes[1].symbol(bits)?;
                    let (base, extra) = *DISTANCES.get(symbol).ok_or(Flaw::Invalid)?;
                    let distance = base + bits.take(extra)?;
                    if distance > self.history.len() || distance > self.window {
                        return Err(Flaw::TooFar);
                    }
                    for _ in 0..len {
                        self.history.push(self.history[self.history.len() - distance]);
                    }
                }
                _ => return Err(Flaw::Invalid),
            }
        }
    }
}

struct Bits<'a> {
    data: &'a [u8],
    /// The next bit, counted from the least significant of the first octet.
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Result<usize, Flaw> {
        let mut value = 0;
        for n in 0..count {
            let octet = *self.data.get(self.at / 8).ok_or(Flaw::Truncated)?;
            value |= usize::from(octet >> (self.at % 8) & 1) << n;
            self.at += 1;
        }
        Ok(value)
    }

    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }
}

/// A Huffman code: for each symbol its length in bits, 0 for none (RFC 1951 §3.2.2).
struct Code {
    /// By length, the symbols in order.
    symbols: [Vec<usize>; 16],
}

impl Code {
    /// Refused if more codes are claimed than there are, or fewer; but for one of one bit, or none,
    /// where `lone` says so.
    fn new(lengths: &[usize], lone: bool) -> Result<Self, Flaw> {
        let mut symbols: [Vec<usize>; 16] = Default::default();
        for (symbol, len) in lengths.iter().enumerate().filter(|(_, len)| **len > 0) {
            symbols[*len].push(symbol);
        }
        let used: usize = symbols.iter().enumerate().map(|(len, of)| of.len() << (15 - len)).sum();
        let coded: usize = symbols.iter().map(Vec::len).sum();
        let single = lone && coded <= 1 && symbols[1].len() == coded;
        if used > 1 << 15 || used < 1 << 15 && !single {
            return Err(Flaw::Invalid);
        }
        Ok(Self { symbols })
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> Result<usize, Flaw> {
        let mut code = 0;
        let mut first = 0;
        for of in &self.symbols[1..] {
            code = code << 1 | bits.take(1)?;
            first <<= 1;
            if code - first < of.len() {
                return Ok(of[code - first]);
            }
            first += of.len();
        }
        Err(Flaw::Invalid)
    }
}

fn fixed() -> [Code; 2] {
    let lengths: Vec<usize> = (0..288)
        .map(|symbol| match symbol {
            144..=255 => 9,
            256..=279 => 7,
            _ => 8,
        })
        .collect();
    [Code::new(&lengths, false).unwrap(), Code::new(&[5; 32], false).unwrap()]
}

fn dynamic(bits: &mut Bits<'_>) -> Result<[Code; 2], Flaw> {
    const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
    let literals = bits.take(5)? + 257;
    let distances = bits.take(5)? + 1;
    if literals > 286 || distances > 30 {
        return Err(Flaw::Invalid);
    }
    let count = bits.take(4)? + 4;
    let mut lengths = [0; 19];
    for symbol in ORDER.into_iter().take(count) {
        lengths[symbol] = bits.take(3)?;
    }
    let code = Code::new(&lengths, false)?;
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (len, times) = match code.symbol(bits)? {
            symbol @ 0..=15 => (symbol, 1),
            16 => (*lengths.last().ok_or(Flaw::Invalid)?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            _ => (0, 11 + bits.take(7)?),
        };
        lengths.extend(std::iter::repeat_n(len, times));
    }
    let (literal, distance) = lengths.split_at_checked(literals).ok_or(Flaw::Invalid)?;
    if lengths.len() > literals + distances || literal[256] == 0 {
        return Err(Flaw::Invalid);
    }
    Ok([Code::new(literal, true)?, Code::new(distance, true)?])
}

/// Least length and extra bits of the symbols from 257 on (RFC 1951 §3.2.5).
const LENGTHS: [(usize, u32); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// Least distance and extra bits (RFC 1951 §3.2.5).
const DISTANCES: [(usize, u32); 30] = [
    (1, 0),
    (2, 0),
    (3, 0),
    (4, 0),
    (5, 1),
    (7, 1),
    (9, 2),
    (13, 2),
    (17, 3),
    (25, 3),
    (33, 4),
    (49, 4),
    (65, 5),
    (97, 5),
    (129, 6),
    (193, 6),
    (257, 7),
    (385, 7),
    (513, 8),
    (769, 8),
    (1025, 9),
    (1537, 9),
    (2049, 10),
    (3073, 10),
    (4097, 11),
    (6145, 11),
    (8193, 12),
    (12289, 12),
    (16385, 13),
    (24577, 13),
];
