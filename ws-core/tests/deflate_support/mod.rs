//! What the tests of permessage-deflate share: agreed parameters, DEFLATE data by hand, and zlib as
//! the other end, through `flate2`.
#![allow(dead_code, reason = "each test uses its own part")]

use flate2::{Compress, Compression, FlushCompress};
use ws_core::Role;
use ws_core::connection::{Config, Connection};
use ws_core::deflate::{Deflate, DeflateBuilder, DeflateParams, WindowBits};

use crate::oracle::{Frame, TEXT};
use crate::support::{Driver, connect};

/// RSV1 as `Frame` has it.
pub(crate) const RSV1: u8 = 4;

pub(crate) fn bits(bits: u8) -> WindowBits {
    WindowBits::new(bits).unwrap()
}

/// The same window and takeover both ways.
pub(crate) fn params(window_bits: u8, takeover: bool) -> DeflateParams {
    DeflateParams {
        server_no_context_takeover: !takeover,
        client_no_context_takeover: !takeover,
        server_max_window_bits: bits(window_bits),
        client_max_window_bits: bits(window_bits),
    }
}

/// Everything is compressed, in whatever window was agreed.
pub(crate) fn always() -> Deflate {
    with(|deflate| deflate)
}

/// [`always`], with other settings.
pub(crate) fn with(set: impl FnOnce(DeflateBuilder) -> DeflateBuilder) -> Deflate {
    let deflate = Deflate::builder().window_bits(15).level(6).memory_level(8).threshold(0);
    set(deflate).build().unwrap()
}

pub(crate) fn connect_deflate(
    role: Role,
    config: Config,
    params: &DeflateParams,
    deflate: &Deflate,
) -> Connection {
    let mut connection = connect(role, config);
    connection.set_deflate(deflate, *params);
    connection
}

pub(crate) fn driver(role: Role, config: Config, params: &DeflateParams) -> Driver {
    let mut driver = Driver::new(role, config);
    driver.connection.set_deflate(&always(), *params);
    driver
}

/// A whole compressed message of this payload.
pub(crate) fn coded(opcode: u8, payload: &[u8]) -> Frame {
    Frame::new(true, opcode, payload).rsv(RSV1)
}

/// `"Hello"` in one fixed block, as RFC 7692 §7.2.3.1 has it.
pub(crate) const HELLO: [u8; 7] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];

pub(crate) fn hello() -> Frame {
    coded(TEXT, &HELLO)
}

/// A stored block, the stream's last if `last`.
pub(crate) fn stored(last: bool, octets: &[u8]) -> Vec<u8> {
    let len = u16::try_from(octets.len()).unwrap();
    [&[u8::from(last)][..], &len.to_le_bytes(), &(!len).to_le_bytes(), octets].concat()
}

/// Behind stored blocks: the empty one without its tail that every message ends with.
pub(crate) const END: [u8; 1] = [0x00];

/// zlib, compressing one direction's messages.
pub(crate) struct Zlib {
    compress: Compress,
    takeover: bool,
}

impl Zlib {
    pub(crate) fn new(level: u32, window_bits: u8, takeover: bool) -> Self {
        let compress = Compress::new_with_window_bits(Compression::new(level), false, window_bits);
        Self { compress, takeover }
    }

    /// The payload of the message, the tail cut off.
    pub(crate) fn message(&mut self, plain: &[u8]) -> Vec<u8> {
        if !self.takeover {
            self.compress.reset();
        }
        if plain.is_empty() {
            return END.to_vec();
        }
        let mut coded = Vec::with_capacity(plain.len() + plain.len() / 10 + 1024);
        let before = self.compress.total_in();
        self.compress.compress_vec(plain, &mut coded, FlushCompress::Sync).unwrap();
        assert_eq!(self.compress.total_in() - before, plain.len() as u64, "room for all of it");
        assert!(coded.ends_with(&[0, 0, 0xFF, 0xFF]));
        coded.truncate(coded.len() - 4);
        coded
    }
}

/// Octets that cannot be compressed, the same for the same seed.
pub(crate) fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

/// Lines of records, with much in common and something of their own.
pub(crate) fn records(len: usize, seed: u64) -> Vec<u8> {
    let mut text = String::new();
    let mut n = seed;
    while text.len() < len {
        text += &format!("{{\"id\":{n},\"name\":\"user{}\",\"tags\":[\"a\",\"b\"]}}\n", n % 97);
        n = n.wrapping_mul(31).wrapping_add(7) % 1_000_003;
    }
    text.truncate(len);
    text.into_bytes()
}
