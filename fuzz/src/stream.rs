//! Frames from anybody, however they are cut: events, output, memory and steps of a connection.

use allocation_counter::measure;
use ws_core::connection::{Config, Connection, Delivery, Event, Piece};
use ws_core::deflate::{Deflate, DeflateParams, WindowBits};
use ws_core::frame::MAX_HEADER_LEN;
use ws_core::{Limits, MessageKind, Role};

use crate::input::pieces;
use crate::oracle::{self, Frame};
use crate::support::{NOW, connect};

/// What an extension's contexts take.
const CONTEXTS: usize = 128 * 1024;

/// What a message may be decoded to where memory is measured.
const DECODED: usize = 64 * 1024;

/// As [`frame_stream_client`], with the server's end.
pub fn frame_stream_server(octets: &[u8]) {
    frame_stream(Role::Server, octets);
}

/// Any octets, however cut, give the same events and the same output; the output is frames that a
/// strict peer takes, with at most one Close at their end; nothing follows a terminal event. Memory
/// is bounded by the octets that came, not by what they claim; each call brings the connection
/// further, and there are no more calls than octets call for. The first octet seeds the cuts; of the
/// second, bit 0 says whether messages are told in pieces, bit 1 whether permessage-deflate is agreed,
/// and the others on what and whether contexts are held.
pub fn frame_stream_client(octets: &[u8]) {
    frame_stream(Role::Client, octets);
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

/// How a connection is set up.
#[derive(Debug, Clone, Copy)]
struct Setup {
    role: Role,
    delivery: Delivery,
    deflate: Option<(Deflate, DeflateParams)>,
}

impl Setup {
    fn connection(self, limits: Limits) -> Connection {
        let mut config = Config::with_limits(limits);
        config.delivery = self.delivery;
        let mut connection = connect(self.role, config);
        if let Some((deflate, params)) = &self.deflate {
            connection.set_deflate(deflate, *params);
        }
        connection
    }
}

fn deflate(settings: u8) -> (Deflate, DeflateParams) {
    let held = if settings & 8 != 0 { 0 } else { usize::MAX };
    let deflate = Deflate::builder().max_held_contexts(held).build().expect("within its range");
    let window_bits = [15, 9, 8, 12][usize::from(settings >> 4 & 3)];
    let window_bits = WindowBits::new(window_bits).expect("8 to 15");
    let params = DeflateParams {
        server_no_context_takeover: settings & 4 != 0,
        client_no_context_takeover: settings & 4 != 0,
        server_max_window_bits: window_bits,
        client_max_window_bits: window_bits,
    };
    (deflate, params)
}

fn frame_stream(role: Role, octets: &[u8]) {
    let Some((&[seed, settings], wire)) = octets.split_first_chunk() else { return };
    let delivery = if settings & 1 == 0 { Delivery::Messages } else { Delivery::Pieces };
    let setup = Setup { role, delivery, deflate: (settings & 2 != 0).then(|| deflate(settings)) };
    let whole = run(setup, &[wire]);
    let singly: Vec<&[u8]> = wire.chunks(1).collect();
    assert_eq!(whole, run(setup, &singly), "cut into octets");
    assert_eq!(whole, run(setup, &pieces(seed, wire)), "cut at random");
    memory(setup, wire);
}

/// What a connection tells and writes when it is given these pieces.
fn run(setup: Setup, pieces: &[&[u8]]) -> Ran {
    // Small, so that the fuzzer meets every limit.
    let limits = Limits::builder()
        .max_message_len(300)
        .max_frame_len(200)
        .max_fragments(5)
        .max_pings(4)
        .build()
        .expect("limits that fit together");
    let mut connection = setup.connection(limits);
    let mut seen = Vec::new();
    let mut open: Vec<u8> = Vec::new();
    let mut buffer: Vec<u8> = Vec::new();
    let mut calls = 0;
    for piece in pieces {
        buffer.extend_from_slice(piece);
        let mut idle = 0;
        loop {
            let offered = buffer.len();
            calls += 1;
            let received = connection.handle_input(&mut buffer, NOW);
            let (discard, keep) = (received.discard, received.keep);
            assert!(discard + keep <= offered);
            let last = received.event.is_none();
            // The message so far, and at most a control frame that has not come whole.
            assert!(!last || keep <= 300 + 125 + MAX_HEADER_LEN, "a bounded buffer");
            let mut plain = 0;
            match received.event {
                None => {}
                Some(Event::Message { kind, payload }) => {
                    seen.push(Seen::Message(kind, payload.to_vec()));
                }
                Some(Event::Piece(Piece { kind, octets, ends_message, .. })) => {
                    plain = octets.len();
                    open.extend_from_slice(&octets);
                    if ends_message {
                        seen.push(Seen::Message(kind, std::mem::take(&mut open)));
                    }
                }
                Some(Event::Ping(payload)) => seen.push(Seen::Ping(payload.to_vec())),
                Some(Event::Pong(payload)) => seen.push(Seen::Pong(payload.to_vec())),
                Some(end) => seen.push(Seen::End(format!("{end:?}"))),
            }
            // Behind a message that is not whole, control frames of two octets or more stay in the
            // buffer until the next of its payload has come.
            idle = if discard > 0 || plain > 0 { 0 } else { idle + 1 };
            assert!(idle <= 2 + keep / 2 || last, "no progress");
            buffer.truncate(discard + keep);
            buffer.drain(..discard);
            if last {
                break;
            }
        }
    }
    let octets: usize = pieces.iter().map(|piece| piece.len()).sum();
    // One each that tells nothing, and those that tell something of two octets or more.
    assert!(calls <= pieces.len() + octets, "{calls} calls for {octets} octets");
    for event in seen.iter().rev().skip(1) {
        assert!(!matches!(event, Seen::End(_)), "nothing follows the end: {seen:?}");
    }
    for event in &seen {
        if let Seen::Message(MessageKind::Text, text) = event {
            assert!(std::str::from_utf8(text).is_ok(), "text is UTF-8: {text:02x?}");
        }
    }
    let output: Vec<u8> = connection.poll_output().flatten().copied().collect();
    Ran { seen, open, output: oracle::parse(setup.role, &output) }
}

/// A connection with the default limits, which allow 16 MiB, allocates no more than has come, and
/// what it needs to answer. One that decodes allows [`DECODED`], and needs contexts.
fn memory(setup: Setup, wire: &[u8]) {
    let mut input = wire.to_vec();
    let (limits, needs) = match setup.deflate {
        None => (Limits::builder(), 4 * 1024),
        // Storage that grows is there twice for a moment.
        Some(_) => (Limits::builder().max_message_len(DECODED as u64), CONTEXTS + 2 * DECODED),
    };
    let limits = limits.build().expect("limits that fit together");
    let allocated = measure(|| {
        let mut connection = setup.connection(limits);
        let mut start = 0;
        loop {
            let received = connection.handle_input(&mut input[start..], NOW);
            start += received.discard;
            if received.event.is_none() {
                break;
            }
        }
    });
    let most = 2 * wire.len() + needs;
    assert!(allocated.bytes_max <= most as u64, "{allocated:?} for {} octets", wire.len());
}
