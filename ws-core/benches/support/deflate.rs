//! Compressed messages for the benches of permessage-deflate, and the same echo of them by each
//! implementation: level 6, windows of 15 bits, memory level 8, every message compressed.
//!
//! Messages of one kind differ from each other, as an application's do: a context that is taken over
//! finds words and fields again, not whole messages.

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use futures_util::{SinkExt, StreamExt};
use ws_core::Role;
use ws_core::deflate::{Deflate, DeflateParams};
use ws_core::tokio::WebSocket;

use crate::support::Wire;
use crate::support::oracle::{BINARY, Frame, KEY, TEXT, parse_extended};

const LEVEL: u8 = 6;
const WINDOW_BITS: u8 = 15;
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// RSV1 as `Frame` has it.
const RSV1: u8 = 4;

/// What the messages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Records with the same fields.
    Json,
    /// English words, the frequent ones often.
    Prose,
    /// Octets that cannot be compressed.
    Random,
}

/// `count` messages of a kind, and whether their contexts are taken over, both ways.
pub(crate) struct Job {
    pub(crate) kind: Kind,
    pub(crate) takeover: bool,
    messages: Vec<Vec<u8>>,
    /// The client's frames, masked.
    pub(crate) wire: Bytes,
}

impl Job {
    pub(crate) fn new(kind: Kind, takeover: bool, len: usize, count: usize) -> Self {
        let messages = messages(kind, len, count);
        let mut zlib = Compress::new(Compression::new(u32::from(LEVEL)), false);
        let mut wire = Vec::new();
        for message in &messages {
            if !takeover {
                zlib.reset();
            }
            let mut coded = Vec::with_capacity(len + len / 8 + 64);
            zlib.compress_vec(message, &mut coded, FlushCompress::Sync).expect("compressed");
            assert!(coded.ends_with(&TAIL), "room for all of it");
            coded.truncate(coded.len() - TAIL.len());
            wire.extend(Frame::new(true, opcode(kind), coded).rsv(RSV1).octets(Some(KEY)));
        }
        Self { kind, takeover, messages, wire: wire.into() }
    }

    /// Panics unless `written` is the echo of all messages, which are compressed unless they would
    /// grow.
    pub(crate) fn check(&self, name: &str, written: &[u8]) {
        let mut zlib = Decompress::new(false);
        let frames = parse_extended(Role::Server, written);
        assert_eq!(frames.len(), self.messages.len(), "{name}: messages");
        for (frame, message) in frames.iter().zip(&self.messages) {
            assert!(frame.fin && frame.opcode == opcode(self.kind), "{name}: one frame each");
            if frame.rsv != RSV1 {
                assert_eq!((frame.rsv, self.kind), (0, Kind::Random), "{name}: not compressed");
                assert!(frame.payload == *message, "{name}: echo");
                continue;
            }
            if !self.takeover {
                zlib.reset(false);
            }
            let coded = [&frame.payload[..], &TAIL].concat();
            let mut plain = Vec::with_capacity(message.len() + 64);
            zlib.decompress_vec(&coded, &mut plain, FlushDecompress::Sync).expect("DEFLATE data");
            assert!(plain == *message, "{name}: echo");
        }
    }

    const fn count(&self) -> usize {
        self.messages.len()
    }
}

pub(crate) async fn echo_ws_core(job: &Job, wire: Wire) {
    let deflate = Deflate::builder().level(LEVEL).window_bits(WINDOW_BITS).memory_level(8);
    let deflate = deflate.threshold(0).build().expect("in range");
    let params = DeflateParams {
        server_no_context_takeover: !job.takeover,
        client_no_context_takeover: !job.takeover,
        ..DeflateParams::default()
    };
    let mut socket = WebSocket::server(wire, ws_core::Config::default());
    socket.connection_mut().set_deflate(&deflate, params);
    for _ in 0..job.count() {
        let message = socket.recv().await.expect("received").expect("a message");
        socket.feed(message).await.expect("queued");
    }
    socket.flush().await.expect("flushed");
}

/// Its window is 15 bits and its memory level 8 where nothing else is said. It checks UTF-8, as the
/// others do.
pub(crate) async fn echo_yawc(job: &Job, wire: Wire) {
    let options = yawc::Options::default()
        .with_compression_level(yawc::CompressionLevel::new(u32::from(LEVEL)))
        .with_compression_threshold(0)
        .with_utf8();
    let agreed = if job.takeover {
        "permessage-deflate"
    } else {
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    };
    let role = yawc::Role::Server;
    let socket = yawc::WebSocket::from_stream_with_extensions(wire, role, Some(agreed), options);
    let mut socket = socket.expect("agreed");
    for _ in 0..job.count() {
        let frame = socket.next_frame().await.expect("a message");
        socket.feed(frame).await.expect("queued");
    }
    socket.flush().await.expect("flushed");
}

/// Its windows are 15 bits and its memory level 8 by default. Its Pings are off, as ours are.
pub(crate) async fn echo_sockudo(job: &Job, wire: Wire) {
    let config = sockudo_ws::Config::builder().auto_ping(false).idle_timeout(0).build();
    let deflate = sockudo_ws::DeflateConfig {
        server_no_context_takeover: !job.takeover,
        client_no_context_takeover: !job.takeover,
        compression_level: u32::from(LEVEL),
        compression_threshold: 0,
        ..sockudo_ws::DeflateConfig::default()
    };
    let mut socket = sockudo_ws::CompressedWebSocketStream::server(wire, config, deflate);
    for _ in 0..job.count() {
        let message = socket.next().await.expect("open").expect("a message");
        socket.feed(message).await.expect("queued");
    }
    socket.flush().await.expect("flushed");
}

const fn opcode(kind: Kind) -> u8 {
    if matches!(kind, Kind::Random) { BINARY } else { TEXT }
}

/// `count` messages of `len` octets, cut from one long text of this kind.
fn messages(kind: Kind, len: usize, count: usize) -> Vec<Vec<u8>> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut octets = Vec::new();
    while octets.len() < len * count {
        match kind {
            Kind::Json => octets.extend(record(&mut random).into_bytes()),
            Kind::Prose => octets.extend(sentence(&mut random).into_bytes()),
            Kind::Random => octets.extend(random.next().to_le_bytes()),
        }
    }
    octets.chunks_exact(len).take(count).map(<[u8]>::to_vec).collect()
}

fn record(random: &mut Random) -> String {
    let id = random.below(1_000_000);
    let (name, place) = (word(random), word(random));
    let price = random.below(100_000);
    let at = 1_700_000_000 + random.below(10_000_000);
    let active = random.below(2) == 0;
    format!(
        "{{\"id\":{id},\"name\":\"{name}\",\"place\":\"{place}\",\"price\":{}.{:02},\"at\":{at},\
         \"active\":{active},\"tags\":[\"{}\",\"{}\"]}},\n",
        price / 100,
        price % 100,
        word(random),
        word(random),
    )
}

fn sentence(random: &mut Random) -> String {
    let words: Vec<_> = (0..6 + random.below(14)).map(|_| word(random)).collect();
    let mut sentence = words.join(" ");
    sentence[..1].make_ascii_uppercase();
    sentence + ". "
}

/// The smaller of three draws: the first words are the frequent ones, as in any language.
fn word(random: &mut Random) -> &'static str {
    let draw = (0..3).map(|_| random.below(WORDS.len())).min();
    WORDS[draw.unwrap_or_default()]
}

/// Marsaglia's xorshift: the same octets in every run.
struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or_default() % end
    }
}

#[rustfmt::skip]
const WORDS: [&str; 96] = [
    "the", "of", "and", "to", "in", "that", "was", "his", "he", "it", "with", "is",
    "for", "as", "had", "you", "not", "be", "her", "on", "at", "by", "which", "have",
    "or", "from", "this", "him", "but", "all", "she", "they", "were", "my", "are", "me",
    "one", "their", "so", "an", "said", "them", "we", "who", "would", "been", "will", "no",
    "when", "there", "if", "more", "out", "up", "into", "do", "any", "your", "what", "has",
    "man", "could", "other", "than", "our", "some", "very", "time", "upon", "about", "may", "its",
    "only", "now", "like", "little", "then", "can", "made", "should", "did", "us", "such", "great",
    "before", "must", "two", "these", "see", "know", "over", "much", "down", "after", "first", "good",
];
