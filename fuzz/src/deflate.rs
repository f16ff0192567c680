//! Properties of permessage-deflate: what any octets inflate to, and whether what is compressed
//! reaches every peer. The judges are the naive inflater of ws-core's tests, and zlib: as flate2 has it
//! here that is zlib-rs, which ws-core itself calls, so the naive one is the judge that shares nothing.

use std::time::Duration;

use allocation_counter::measure;
use flate2::{Decompress, FlushDecompress};
use ws_core::connection::{Config, Connection, Delivery, Event, Failure};
use ws_core::deflate::{Deflate, DeflateParams, WindowBits};
use ws_core::{Limits, Message, MessageKind, PreparedMessage, Role, Violation};

use crate::input::pieces;
use crate::oracle::{self, CONTINUATION, Frame};

#[path = "../../ws-core/tests/oracle/inflate.rs"]
pub(crate) mod naive;

const NOW: Duration = Duration::ZERO;

/// RSV1 as `Frame` has it.
const RSV1: u8 = 4;

/// What a message may inflate to.
const CAP: usize = 40_000;

/// The contexts of one connection, and what a Close takes.
const CONTEXTS: usize = 128 * 1024;

/// Longer inputs show nothing more, and the naive inflater is slow.
const MAX_INPUT: usize = 3000;

fn params(window_bits: u8, takeover: bool) -> DeflateParams {
    let window = WindowBits::new(window_bits).expect("8 to 15");
    DeflateParams {
        server_no_context_takeover: !takeover,
        client_no_context_takeover: !takeover,
        server_max_window_bits: window,
        client_max_window_bits: window,
    }
}

/// All contexts are held from message to message, or none, and each message takes any that is free.
fn holding(contexts: usize) -> Deflate {
    Deflate::builder().max_held_contexts(contexts).build().expect("within its range")
}

fn connect(role: Role, config: Config) -> Connection {
    match role {
        Role::Server => Connection::server(config),
        Role::Client => Connection::client_with_keys(config, || oracle::KEY),
    }
}

/// What a connection has told: whole messages, the octets of one that did not end, the failure.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    messages: Vec<Vec<u8>>,
    open: Vec<u8>,
    failed: Option<Failure>,
}

impl Told {
    /// The same as `earlier`; or that failed, and all that it told is a prefix of what this tells.
    fn goes_on(&self, earlier: &Self) -> bool {
        let invalid = Some(Failure::Violation(Violation::CompressedDataInvalid));
        let next = self.messages.get(earlier.messages.len()).unwrap_or(&self.open);
        let is_prefix = self.messages.starts_with(&earlier.messages);
        self == earlier || is_prefix && next.starts_with(&earlier.open) && earlier.failed == invalid
    }
}

/// A connection that is given octets, and what it has told.
struct Listener {
    connection: Connection,
    buffer: Vec<u8>,
    told: Told,
}

impl Listener {
    fn new(connection: Connection) -> Self {
        Self { connection, buffer: Vec::new(), told: Told::default() }
    }

    /// Each call to the connection must bring it further.
    fn feed(&mut self, octets: &[u8]) {
        let Self { connection, buffer, told } = self;
        buffer.extend_from_slice(octets);
        let mut idle = 0;
        loop {
            let received = connection.handle_input(buffer, NOW);
            let (discard, keep) = (received.discard, received.keep);
            let last = received.event.is_none();
            let mut plain = 0;
            match received.event {
                None => {}
                Some(Event::Message { payload, .. }) => told.messages.push(payload.to_vec()),
                Some(Event::Piece(piece)) => {
                    plain = piece.octets.len();
                    told.open.extend_from_slice(&piece.octets);
                    if piece.ends_message {
                        told.messages.push(std::mem::take(&mut told.open));
                    }
                }
                Some(Event::Failed(failure)) => told.failed = Some(failure),
                Some(event) => panic!("no such frame was sent: {event:?}"),
            }
            buffer.truncate(discard + keep);
            buffer.drain(..discard);
            idle = if discard > 0 || plain > 0 { 0 } else { idle + 1 };
            assert!(idle < 3 || last, "no progress");
            if last {
                return;
            }
        }
    }
}

/// What is told of `wire` in these pieces.
fn receive(connection: Connection, wire: &[&[u8]]) -> Told {
    let mut listener = Listener::new(connection);
    for piece in wire {
        listener.feed(piece);
    }
    listener.told
}

/// Any octets as compressed messages: what the naive inflater makes of them, however they are cut,
/// told whole or in pieces; never more than the limit, in memory bound by it. Of the first two
/// octets, the first seeds the cuts, the second says what is agreed, and whether the messages are
/// text, in fragments, and with one among them that is not compressed.
pub fn inflate_arbitrary(octets: &[u8]) {
    let Some((&[seed, agreed], data)) = octets.split_first_chunk() else { return };
    let data = &data[..data.len().min(MAX_INPUT)];
    let bit = |bit: u8| agreed >> bit & 1 != 0;
    let window_bits = 8 + (agreed & 7);
    let (takeover, is_text) = (bit(3), bit(5));
    let role = if bit(4) { Role::Client } else { Role::Server };
    let params = params(window_bits, takeover);
    let payloads: Vec<&[u8]> = data.splitn(3, |octet| *octet == seed).collect();
    let sent: Vec<Sent> = payloads
        .iter()
        .enumerate()
        .map(|(i, payload)| Sent { payload, is_text, is_plain: bit(7) && i == 1 })
        .collect();
    let frames: Vec<_> = sent.iter().flat_map(|sent| sent.frames(bit(6).then_some(seed))).collect();
    let wire = oracle::wire_to(role, &frames);
    let limits = Limits::builder().max_message_len(CAP as u64).build().expect("they fit");
    let inflating = |delivery, deflate: &Deflate| {
        let mut config = Config::with_limits(limits);
        config.delivery = delivery;
        let mut connection = connect(role, config);
        connection.set_deflate(deflate, params);
        connection
    };
    let run =
        |delivery, pieces: &[&[u8]]| receive(inflating(delivery, &holding(usize::MAX)), pieces);
    let whole = run(Delivery::Messages, &[&wire]);
    let singly: Vec<&[u8]> = wire.chunks(1).collect();
    let cut = pieces(seed, &wire);
    assert_eq!(whole, run(Delivery::Messages, &singly), "cut into octets");
    assert_eq!(whole, run(Delivery::Messages, &cut), "cut at random");
    let in_pieces = run(Delivery::Pieces, &[&wire]);
    assert_eq!((&in_pieces.messages, in_pieces.failed), (&whole.messages, whole.failed));
    assert_eq!(in_pieces, run(Delivery::Pieces, &singly), "pieces, cut into octets");
    assert_eq!(in_pieces, run(Delivery::Pieces, &cut), "pieces, cut at random");
    let too_far = judge(window_bits, takeover, &sent, &whole, &in_pieces.open);

    // Two that hold no context take turns: what one has inflated is nothing to the other.
    let mut turns = [(); 2].map(|()| Listener::new(inflating(Delivery::Pieces, &holding(0))));
    for turn in 0..=cut.len() {
        for (behind, listener) in turns.iter_mut().enumerate() {
            if let Some(piece) = turn.checked_sub(behind).and_then(|at| cut.get(at)) {
                listener.feed(piece);
            }
        }
    }
    for listener in turns {
        match too_far.filter(|_| takeover) {
            None => assert_eq!(listener.told, in_pieces, "no context held"),
            // Only the window is held: what is beyond it is found out, which a context may not do.
            Some(nth) => {
                assert!(in_pieces.goes_on(&listener.told), "{:?}", listener.told);
                // The first message has all of zlib's window in either case.
                let least = in_pieces.messages.len().min(nth.max(1));
                assert!(listener.told.messages.len() >= least, "{:?}", listener.told);
            }
        }
    }

    for (delivery, held) in [(Delivery::Messages, CAP + 1), (Delivery::Pieces, 16 * 1024)] {
        let mut wire = wire.clone();
        let mut config = Config::with_limits(limits);
        config.delivery = delivery;
        let allocated = measure(|| {
            let mut connection = connect(role, config);
            connection.set_deflate(&holding(usize::MAX), params);
            let mut start = 0;
            loop {
                let received = connection.handle_input(&mut wire[start..], NOW);
                start += received.discard;
                if received.event.is_none() {
                    break;
                }
            }
        });
        // Storage that grows is copied, to the counter: it is there twice for a moment.
        let most = 2 * held + 64 * 1024 + CONTEXTS;
        assert!(allocated.bytes_max <= most as u64, "{delivery:?}: {allocated:?}");
    }
}

/// A message on the wire.
struct Sent<'a> {
    payload: &'a [u8],
    is_text: bool,
    is_plain: bool,
}

impl Sent<'_> {
    /// One frame, or fragments that the seed cuts; only the first says that it is compressed.
    fn frames(&self, seed: Option<u8>) -> Vec<Frame> {
        let opcode = if self.is_text { oracle::TEXT } else { oracle::BINARY };
        let mut parts = seed.map_or_else(Vec::new, |seed| pieces(seed, self.payload));
        if parts.is_empty() {
            parts.push(self.payload);
        }
        let last = parts.len() - 1;
        let frame = |(i, part)| {
            let frame = Frame::new(i == last, if i == 0 { opcode } else { CONTINUATION }, part);
            if i == 0 && !self.is_plain { frame.rsv(RSV1) } else { frame }
        };
        parts.into_iter().enumerate().map(frame).collect()
    }

    /// What it says, by this inflater.
    fn plain(&self, inflate: &mut naive::Inflate) -> Result<Vec<u8>, naive::Flaw> {
        if self.is_plain { Ok(self.payload.to_vec()) } else { inflate.message(self.payload) }
    }

    fn is_valid(&self, plain: &[u8]) -> bool {
        !self.is_text || std::str::from_utf8(plain).is_ok()
    }
}

/// Message by message, as the naive inflater has it. What refers further back than the window that
/// was agreed, though not than what was sent, fails or is what a larger window makes of it, and so is
/// what follows. The first message that does.
fn judge(
    window_bits: u8,
    takeover: bool,
    sent: &[Sent<'_>],
    whole: &Told,
    open: &[u8],
) -> Option<usize> {
    let failed = |violation| whole.failed == Some(Failure::Violation(violation));
    let too_long = || failed(Violation::MessageTooLong);
    // Of what is wrong with a text, which is seen first is not said.
    let not_utf8 = |sent: &Sent<'_>| sent.is_text && failed(Violation::TextNotUtf8);
    let mut naive = naive::Inflate::new(window_bits, takeover);
    let mut largest = naive::Inflate::new(15, takeover);
    let mut too_far = None;
    for (i, sent) in sent.iter().enumerate() {
        let told = whole.messages.get(i);
        let of_largest = sent.plain(&mut largest);
        let judged =
            if too_far.is_some() { Err(naive::Flaw::TooFar) } else { sent.plain(&mut naive) };
        match judged {
            Ok(plain) if plain.len() > CAP => {
                assert_eq!(told, None, "message {i}");
                assert!(plain.starts_with(open), "what came before, in pieces");
                if !not_utf8(sent) || sent.is_valid(&plain) {
                    assert!(too_long(), "{whole:?}");
                    assert!(sent.is_text || open.len() == CAP, "all that is allowed, in pieces");
                }
                return None;
            }
            Ok(plain) if !sent.is_valid(&plain) => {
                assert_eq!(told, None, "message {i}");
                assert!(not_utf8(sent), "{whole:?}");
                return None;
            }
            Ok(plain) => assert_eq!(told, Some(&plain), "message {i}"),
            Err(naive::Flaw::TooFar) if window_bits < 15 => {
                let Some(told) = told else {
                    let invalid = failed(Violation::CompressedDataInvalid);
                    assert!(invalid || too_long() || not_utf8(sent), "{whole:?}");
                    return too_far.or(Some(i));
                };
                assert_eq!(of_largest.as_ref(), Ok(told), "message {i}");
                too_far = too_far.or(Some(i));
            }
            Err(flaw) => {
                assert_eq!(told, None, "{flaw:?}, message {i}");
                let invalid = failed(Violation::CompressedDataInvalid);
                assert!(invalid || too_long() || not_utf8(sent), "{flaw:?}: {whole:?}");
                return None;
            }
        }
    }
    assert_eq!((whole.messages.len(), whole.failed), (sent.len(), None));
    too_far
}

/// Messages in every form, compressed with any settings: the naive inflater, zlib and our own peer
/// give back what was sent, and the tail is cut off. The first four octets choose settings.
pub fn deflate_roundtrip(octets: &[u8]) {
    let Some((&[agreed, settings, seed, times], data)) = octets.split_first_chunk() else { return };
    let data = &data[..data.len().min(MAX_INPUT)];
    let window_bits = 9 + (agreed & 7) % 7;
    let takeover = agreed & 8 != 0;
    let role = if agreed & 16 == 0 { Role::Server } else { Role::Client };
    let params = params(window_bits, takeover);
    let deflate = Deflate::builder()
        .window_bits(9 + (agreed >> 5) % 7)
        .level(settings % 10)
        .memory_level(1 + (settings / 10) % 9)
        .threshold(if settings >= 180 { 20 } else { 0 })
        .max_held_contexts(if times & 1 != 0 { 0 } else { usize::MAX })
        .build()
        .expect("all within their ranges");
    let mut connection = connect(role, Config::default());
    connection.set_deflate(&deflate, params);
    let messages: Vec<Vec<u8>> = data
        .split(|octet| *octet == seed)
        .take(20)
        .enumerate()
        .map(|(i, part)| part.repeat(1 + usize::from(times) / 8 * (i % 3)))
        .collect();
    let mut peer = connect(role.peer(), Config::default());
    peer.set_deflate(&deflate, params);
    let mut peer = Listener::new(peer);
    let mut output = Vec::new();
    for (i, message) in messages.iter().enumerate() {
        send(&mut connection, i, message, seed);
        let sent: Vec<u8> = connection.poll_output().flatten().copied().collect();
        connection.handle_written(sent.len(), NOW);
        // Between two messages, so that both use the thread's contexts in turn.
        pieces(seed, &sent).into_iter().for_each(|piece| peer.feed(piece));
        output.extend(sent);
    }
    let frames = oracle::parse_extended(role, &output);
    let told = peer.told;
    assert!(told.messages == messages && told.failed.is_none(), "our own peer");
    let mut judges = Judges::new(window_bits, takeover);
    let mut rest = &frames[..];
    for message in &messages {
        let len = 1 + rest.iter().position(|frame| frame.fin).expect("a whole message");
        let (of_message, behind) = rest.split_at(len);
        judges.judge(of_message, message);
        rest = behind;
    }
    assert!(rest.is_empty(), "no frame too many: {rest:?}");
}

/// The `i`th message: whole, in fragments, prepared, or past the extension.
fn send(connection: &mut Connection, i: usize, message: &[u8], seed: u8) {
    let whole = Message::binary(message.to_vec());
    let sent = match i % 6 {
        0 | 1 => connection.send(&whole),
        2 => connection.send_prepared(&PreparedMessage::new(&whole)),
        3 => connection.send_uncoded(&whole),
        _ => {
            for piece in pieces(seed.wrapping_mul(2), message) {
                connection
                    .send_fragment(MessageKind::Binary, piece, false)
                    .expect("nothing queued");
            }
            connection.send_fragment(MessageKind::Binary, b"", true)
        }
    };
    sent.expect("the write buffer is large");
}

struct Judges {
    naive: naive::Inflate,
    zlib: Decompress,
    takeover: bool,
}

impl Judges {
    fn new(window_bits: u8, takeover: bool) -> Self {
        let naive = naive::Inflate::new(window_bits, takeover);
        Self { naive, zlib: Decompress::new_with_window_bits(false, window_bits), takeover }
    }

    fn judge(&mut self, frames: &[Frame], message: &[u8]) {
        let payload: Vec<u8> = frames.iter().flat_map(|frame| frame.payload.clone()).collect();
        if frames[0].rsv == 0 {
            assert_eq!(payload, message);
            return;
        }
        assert!(!payload.ends_with(&[0x00, 0x00, 0xFF, 0xFF]), "the tail is cut off");
        assert_eq!(self.naive.message(&payload).as_deref(), Ok(message));
        if !self.takeover {
            self.zlib.reset(false);
        }
        let data = [&payload[..], &[0x00, 0x00, 0xFF, 0xFF]].concat();
        let mut plain = Vec::with_capacity(message.len() + 64);
        let before = self.zlib.total_in();
        self.zlib
            .decompress_vec(&data, &mut plain, FlushDecompress::Sync)
            .expect("zlib inflates it");
        assert_eq!(self.zlib.total_in() - before, data.len() as u64, "to its end");
        assert_eq!(plain, message);
    }
}
