//! One property per target. Each takes octets, and panics if the property does not hold.

use std::time::Duration;

use ws_core::connection::{Config, Connection, Delivery, Event, Piece};
use ws_core::deflate::{Deflate, DeflateParams};
use ws_core::frame::MAX_HEADER_LEN;
use ws_core::utf8::Utf8;
use ws_core::{FrameHeader, Limits, MessageKind, Role};

pub use crate::deflate::{deflate_roundtrip, inflate_arbitrary};
pub use crate::extension_header::extension_header;

use self::oracle::Frame;

#[path = "../../ws-core/tests/oracle/mod.rs"]
pub(crate) mod oracle;

/// A property by its target's name.
pub type Property = fn(&[u8]);

/// Every target. `tests/replay.rs` holds the folders against this list.
pub const TARGETS: [(&str, Property); 8] = [
    ("deflate_roundtrip", deflate_roundtrip),
    ("extension_header", extension_header),
    ("frame_parse", frame_parse),
    ("frame_stream_client", frame_stream_client),
    ("frame_stream_server", frame_stream_server),
    ("inflate_arbitrary", inflate_arbitrary),
    ("mask", mask),
    ("utf8_stream", utf8_stream),
];

/// Decoding is total, takes no octet behind the header, needs every octet of it, and what it
/// accepts is encoded back to the same octets.
pub fn frame_parse(octets: &[u8]) {
    let Ok(Some((header, len))) = FrameHeader::decode(octets) else { return };
    assert_eq!(header.encoded_len(), len, "accepted, so in its shortest form");
    let mut encoded = [0; MAX_HEADER_LEN];
    assert_eq!(header.encode(&mut encoded), Ok(len));
    assert_eq!(encoded[..len], octets[..len]);
    for cut in 0..len {
        assert_eq!(FrameHeader::decode(&octets[..cut]), Ok(None), "a header cut at {cut}");
    }
    let start =
        oracle::header(octets[0], header.masking_key, oracle::Form::Shortest, header.payload_len);
    assert_eq!(start, octets[..len], "the naive encoder agrees");
}

/// As [`frame_stream_client`], with the server's end.
pub fn frame_stream_server(octets: &[u8]) {
    frame_stream(Role::Server, octets);
}

/// Any octets, however cut, give the same events and the same output; the output is frames that a
/// strict peer takes, with at most one Close at their end; nothing follows a terminal event. The
/// first octet seeds the cuts; of the second, bit 0 says whether messages are told in pieces, bit 1
/// whether permessage-deflate is agreed.
pub fn frame_stream_client(octets: &[u8]) {
    frame_stream(Role::Client, octets);
}

/// Masking is what §5.3 says octet by octet, from any phase, in place and while copying; twice is
/// not at all.
pub fn mask(octets: &[u8]) {
    let Some((&[k0, k1, k2, k3, phase, skip], octets)) = octets.split_first_chunk() else { return };
    let (key, phase) = ([k0, k1, k2, k3], usize::from(phase));
    let payload = octets.get(usize::from(skip)..).unwrap_or(octets);
    let rotated = [0, 1, 2, 3].map(|i| key[(i + phase) % 4]);
    let naive = oracle::masked(payload, Some(rotated));

    let mut copied = vec![0; payload.len()];
    let next = ws_core::mask::copy(&mut copied, payload, key, phase);
    assert_eq!(copied, naive);
    assert_eq!(next, (phase + payload.len()) % 4);

    let mut applied = payload.to_vec();
    let middle = applied.len() / 2;
    let (front, back) = applied.split_at_mut(middle);
    let between = ws_core::mask::apply(front, key, phase);
    assert_eq!(ws_core::mask::apply(back, key, between), next);
    assert_eq!(applied, naive);
    ws_core::mask::apply(&mut applied, key, phase);
    assert_eq!(applied, payload);
}

/// The same verdict as the standard library on the whole text, at the same octet, wherever it is
/// cut. The first octet seeds the cuts.
pub fn utf8_stream(octets: &[u8]) {
    let Some((&seed, text)) = octets.split_first() else { return };
    let mut utf8 = Utf8::new();
    let mut before = 0;
    let mut found = None;
    for piece in pieces(seed, text) {
        if let Err(error) = utf8.feed(piece) {
            found = Some(before + error.at);
            break;
        }
        before += piece.len();
    }
    let (bad, complete) = match std::str::from_utf8(text) {
        Ok(_) => (None, true),
        Err(error) => match error.error_len() {
            None => (None, false),
            // Std counts from the lead octet; the bad one is the first that cannot follow it.
            Some(len) => {
                let lead = text[error.valid_up_to()];
                let bad_lead = matches!(lead, 0x80..=0xC1 | 0xF5..=0xFF);
                (Some(error.valid_up_to() + if bad_lead { 0 } else { len }), false)
            }
        },
    };
    assert_eq!(found, bad);
    if found.is_none() {
        assert_eq!(utf8.finish().is_ok(), complete);
    }
}

/// Cuts of one to some dozen octets, all lengths reachable from the seed.
pub(crate) fn pieces(seed: u8, octets: &[u8]) -> Vec<&[u8]> {
    let mut state = u32::from(seed) | 0x100;
    let mut pieces = Vec::new();
    let mut rest = octets;
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let len = 1 + (state >> 24) as usize % (1 + usize::from(seed) / 2);
        let (piece, behind) = rest.split_at(len.min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// An event that owns what it tells; the pieces of a message are joined.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Message(MessageKind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    End(String),
}

/// Everything that can be seen of a connection.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    seen: Vec<Seen>,
    /// The octets told of a message that did not end.
    open: Vec<u8>,
    output: Vec<Frame>,
}

fn frame_stream(role: Role, octets: &[u8]) {
    let Some((&[seed, delivery], wire)) = octets.split_first_chunk() else { return };
    let deflate = delivery & 2 != 0;
    let delivery = if delivery % 2 == 0 { Delivery::Messages } else { Delivery::Pieces };
    let run = |pieces: &[&[u8]]| run(role, delivery, deflate, pieces);
    let whole = run(&[wire]);
    let singly: Vec<&[u8]> = wire.chunks(1).collect();
    assert_eq!(whole, run(&singly), "cut into octets");
    assert_eq!(whole, run(&pieces(seed, wire)), "cut at random");
}

/// What a connection tells and writes when it is given these pieces.
fn run(role: Role, delivery: Delivery, deflate: bool, pieces: &[&[u8]]) -> Ran {
    let now = Duration::ZERO;
    // Small, so that the fuzzer meets every limit.
    let limits = Limits::builder()
        .max_message_len(300)
        .max_frame_len(200)
        .max_fragments(5)
        .max_pings(4)
        .build()
        .expect("limits that fit together");
    let mut config = Config::with_limits(limits);
    config.delivery = delivery;
    let mut connection = match role {
        Role::Server => Connection::server(config),
        Role::Client => Connection::client_with_keys(config, || oracle::KEY),
    };
    if deflate {
        connection.set_deflate(&Deflate::default(), DeflateParams::default());
    }
    let mut seen = Vec::new();
    let mut open: Vec<u8> = Vec::new();
    let mut buffer: Vec<u8> = Vec::new();
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            let offered = buffer.len();
            let received = connection.handle_input(&mut buffer, now);
            let (discard, keep) = (received.discard, received.keep);
            assert!(discard + keep <= offered);
            let last = received.event.is_none();
            // The message so far, and at most a control frame that has not come whole.
            assert!(!last || keep <= 300 + 125 + MAX_HEADER_LEN, "a bounded buffer");
            match received.event {
                None => {}
                Some(Event::Message { kind, payload }) => {
                    seen.push(Seen::Message(kind, payload.to_vec()));
                }
                Some(Event::Piece(Piece { kind, octets, ends_message, .. })) => {
                    open.extend_from_slice(&octets);
                    if ends_message {
                        seen.push(Seen::Message(kind, std::mem::take(&mut open)));
                    }
                }
                Some(Event::Ping(payload)) => seen.push(Seen::Ping(payload.to_vec())),
                Some(Event::Pong(payload)) => seen.push(Seen::Pong(payload.to_vec())),
                Some(end) => seen.push(Seen::End(format!("{end:?}"))),
            }
            buffer.truncate(discard + keep);
            buffer.drain(..discard);
            if last {
                break;
            }
        }
    }
    for event in seen.iter().rev().skip(1) {
        assert!(!matches!(event, Seen::End(_)), "nothing follows the end: {seen:?}");
    }
    for event in &seen {
        if let Seen::Message(MessageKind::Text, text) = event {
            assert!(std::str::from_utf8(text).is_ok(), "text is UTF-8: {text:02x?}");
        }
    }
    let output: Vec<u8> = connection.poll_output().flatten().copied().collect();
    Ran { seen, open, output: oracle::parse(role, &output) }
}
