//! Messages compressed and expanded (RFC 7692 §7.2), as the suite's zlib does it.
//!
//! In: agreed parameters and payloads. Out: payloads. Raw deflate, memory level 8, a sync flush at
//! the end of each message and its last four octets cut off; a window is forgotten only if that is
//! agreed. Fragmentation and RSV1 are the connection's.

use zlib_rs::{
    Deflate, DeflateConfig, DeflateFlush, Inflate, InflateFlush, Method, Status, Strategy,
};

use super::opening::deflate::Agreed;
use crate::report::schema::Role;

/// The level of the suite's compressor.
pub const LEVEL: i32 = 6;

/// What a sync flush ends with, and a message does without.
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// How much output one call of zlib may write.
const PIECE: usize = 64 * 1024;

/// The engine's compressor and expander of one connection.
pub struct Codec {
    level: i32,
    send: Direction<Deflate>,
    receive: Direction<Inflate>,
}

/// One direction and its window, made when it is first needed.
struct Direction<T> {
    window_bits: u8,
    forgets: bool,
    stream: Option<Box<T>>,
}

impl std::fmt::Debug for Codec {
    /// zlib's own states cannot be shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Codec").field("level", &self.level).finish_non_exhaustive()
    }
}

/// Why a payload cannot be compressed or expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// zlib makes no raw stream with a window of 8 bits, and the suite's platform raises there.
    Window,
    /// The octets are no deflate stream.
    Corrupt,
    /// The message grows past the engine's limit.
    TooLong,
}

impl Codec {
    /// For the engine as `role`, compressing at `level`.
    #[must_use]
    pub fn new(agreed: Agreed, role: Role, level: i32) -> Self {
        let server = (agreed.server_max_window_bits, agreed.server_no_context_takeover);
        let client = (agreed.client_max_window_bits, agreed.client_no_context_takeover);
        let (send, receive) = match role {
            Role::Server => (server, client),
            Role::Client => (client, server),
        };
        Self {
            level,
            send: Direction { window_bits: send.0, forgets: send.1, stream: None },
            receive: Direction { window_bits: receive.0, forgets: receive.1, stream: None },
        }
    }

    /// Compresses one whole message.
    ///
    /// # Errors
    ///
    /// [`Failure::Window`]: the agreed window is of 8 bits.
    pub fn compress(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let Direction { window_bits, forgets, stream } = &mut self.send;
        if *window_bits < 9 {
            return Err(Failure::Window);
        }
        if message.is_empty() {
            // zlib writes nothing for a flush behind a flush; an empty block is what RFC 7692
            // §7.2.3.6 has here.
            return Ok(vec![0x00]);
        }
        if *forgets {
            *stream = None;
        }
        let config = DeflateConfig {
            level: self.level,
            method: Method::Deflated,
            window_bits: -i32::from(*window_bits),
            mem_level: 8,
            strategy: Strategy::Default,
        };
        let stream = stream.get_or_insert_with(|| Box::new(Deflate::new_with_config(config)));
        let mut octets = Vec::new();
        let mut rest = message;
        loop {
            let filled = octets.len();
            octets.resize(filled + PIECE, 0);
            let (before_in, before_out) = (stream.total_in(), stream.total_out());
            let status = stream.compress(rest, &mut octets[filled..], DeflateFlush::SyncFlush);
            let taken = usize::try_from(stream.total_in() - before_in).unwrap_or(0);
            let made = usize::try_from(stream.total_out() - before_out).unwrap_or(0);
            rest = rest.get(taken..).unwrap_or_default();
            octets.truncate(filled + made);
            // Room left over means that everything is out.
            if status.is_err() || (rest.is_empty() && made < PIECE) {
                break;
            }
        }
        if octets.ends_with(&TAIL) {
            octets.truncate(octets.len() - TAIL.len());
        }
        Ok(octets)
    }

    /// A compressed message begins.
    pub fn begin(&mut self) {
        if self.receive.forgets {
            self.receive.stream = None;
        }
    }

    /// Expands the next octets of a message, into `limit` octets at most.
    ///
    /// # Errors
    ///
    /// [`Failure::Corrupt`], [`Failure::TooLong`].
    pub fn expand(&mut self, octets: &[u8], limit: usize) -> Result<Vec<u8>, Failure> {
        let bits = self.receive.window_bits;
        let stream = self.receive.stream.get_or_insert_with(|| Box::new(Inflate::new(false, bits)));
        let mut out = Vec::new();
        let mut rest = octets;
        loop {
            let filled = out.len();
            out.resize(filled + PIECE, 0);
            let (before_in, before_out) = (stream.total_in(), stream.total_out());
            let status = stream.decompress(rest, &mut out[filled..], InflateFlush::SyncFlush);
            let taken = usize::try_from(stream.total_in() - before_in).unwrap_or(0);
            let made = usize::try_from(stream.total_out() - before_out).unwrap_or(0);
            rest = rest.get(taken..).unwrap_or_default();
            out.truncate(filled + made);
            if out.len() > limit {
                return Err(Failure::TooLong);
            }
            match status {
                Err(zlib_rs::InflateError::DataError) => return Err(Failure::Corrupt),
                // What follows a final block is passed over, as the suite's platform does.
                Ok(Status::StreamEnd) => return Ok(out),
                _ if made < PIECE => return Ok(out),
                _ => {}
            }
        }
    }

    /// A compressed message ends: the tail that its sender has cut off is put back.
    ///
    /// # Errors
    ///
    /// [`Failure::Corrupt`]: it does not fit there.
    pub fn end(&mut self) -> Result<(), Failure> {
        self.expand(&TAIL, usize::MAX).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(agreed: Agreed) -> (Codec, Codec) {
        (Codec::new(agreed, Role::Client, LEVEL), Codec::new(agreed, Role::Server, LEVEL))
    }

    const PLAIN: Agreed = Agreed {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
    };

    fn expanded(codec: &mut Codec, octets: &[u8]) -> Result<Vec<u8>, Failure> {
        codec.begin();
        let message = codec.expand(octets, 1 << 20)?;
        codec.end().map(|()| message)
    }

    #[test]
    fn the_rfcs_own_examples() {
        let (mut client, mut server) = pair(PLAIN);
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(client.compress(b"Hello").unwrap(), hello);
        assert_eq!(client.compress(b"Hello").unwrap(), [0xf2, 0x00, 0x11, 0x00, 0x00]);
        for octets in [&hello[..], &[0xf2, 0x00, 0x11, 0x00, 0x00]] {
            assert_eq!(expanded(&mut server, octets).unwrap(), b"Hello");
        }
        let final_block = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(expanded(&mut pair(PLAIN).1, &final_block).unwrap(), b"Hello");
    }

    #[test]
    fn messages_come_back_whatever_is_agreed() {
        let text: Vec<u8> =
            (0..200_000_u32).flat_map(|n| (n.wrapping_mul(n) % 251).to_be_bytes()).collect();
        for bits in [9, 12, 15] {
            for forgets in [false, true] {
                let agreed = Agreed {
                    client_no_context_takeover: forgets,
                    server_no_context_takeover: !forgets,
                    client_max_window_bits: bits,
                    server_max_window_bits: 24 - bits,
                };
                let (mut client, mut server) = pair(agreed);
                for message in [&text[..], &text[..70_000], b"", b"x"] {
                    let there = client.compress(message).unwrap();
                    assert_eq!(expanded(&mut server, &there).unwrap(), message);
                    let back = server.compress(message).unwrap();
                    assert_eq!(expanded(&mut client, &back).unwrap(), message);
                }
                let again = client.compress(&text[..1000]).unwrap();
                let same = client.compress(&text[..1000]).unwrap();
                assert_eq!(again == same, forgets, "{bits}");
            }
        }
    }

    #[test]
    fn failures() {
        let narrow = Agreed { client_max_window_bits: 8, ..PLAIN };
        assert_eq!(pair(narrow).0.compress(b"x"), Err(Failure::Window));
        assert_eq!(expanded(&mut pair(PLAIN).1, &[0xff; 8]), Err(Failure::Corrupt));
        let (mut client, mut server) = pair(PLAIN);
        let bomb = client.compress(&vec![0; 2 << 20]).unwrap();
        assert_eq!(expanded(&mut server, &bomb), Err(Failure::TooLong));
    }
}
