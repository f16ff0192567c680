//! Sent messages that are compressed: does the peer get what was sent, within the window and the
//! contexts that were agreed? (A12, HC-27, HC-30, HS-65, HS-67, and the wire part of HS-64)
//!
//! The peers are zlib, through `flate2`, and the naive inflater, which knows the window.
#![cfg(feature = "deflate")]

use flate2::{Decompress, FlushDecompress};
use ws_core::connection::{Config, Connection};
use ws_core::deflate::DeflateParams;
use ws_core::{Message, MessageKind, Misuse, PreparedMessage, Role};

use deflate_support::{END, RSV1, always, bits, connect_deflate, noise, params, records, with};
use oracle::{CONTINUATION, Frame, parse_extended};
use support::{BOTH_ROLES, NOW};

mod deflate_support;
#[path = "oracle/inflate.rs"]
mod naive;
mod oracle;
mod support;

fn written(connection: &mut Connection) -> Vec<Frame> {
    let octets: Vec<u8> = connection.poll_output().flatten().copied().collect();
    connection.handle_written(octets.len(), NOW);
    parse_extended(connection.role(), &octets)
}

/// Both peers: they must agree.
struct Peer {
    zlib: Decompress,
    naive: naive::Inflate,
    takeover: bool,
}

impl Peer {
    fn new(window_bits: u8, takeover: bool) -> Self {
        let zlib = Decompress::new_with_window_bits(false, window_bits);
        Self { zlib, naive: naive::Inflate::new(window_bits, takeover), takeover }
    }

    /// The message that these frames are, and whether it was compressed.
    fn message(&mut self, frames: &[Frame]) -> (Vec<u8>, bool) {
        let [first, rest @ ..] = frames else { panic!("no frame") };
        assert!(rest.iter().all(|frame| frame.rsv == 0 && frame.opcode == CONTINUATION));
        assert!(rest.last().unwrap_or(first).fin);
        let payload: Vec<u8> = frames.iter().flat_map(|frame| frame.payload.clone()).collect();
        match first.rsv {
            0 => (payload, false),
            RSV1 => (self.inflate(&payload), true),
            rsv => panic!("reserved bits {rsv}"),
        }
    }

    fn inflate(&mut self, payload: &[u8]) -> Vec<u8> {
        if !self.takeover {
            self.zlib.reset(false);
        }
        let data = [payload, &[0, 0, 0xFF, 0xFF]].concat();
        let mut plain = Vec::with_capacity(256 * 1024);
        let before = self.zlib.total_in();
        self.zlib.decompress_vec(&data, &mut plain, FlushDecompress::Sync).unwrap();
        assert_eq!(self.zlib.total_in() - before, data.len() as u64);
        assert_eq!(self.naive.message(payload).as_ref(), Ok(&plain), "both peers agree");
        plain
    }
}

/// Prose, records, noise and runs of one octet, short and long.
fn plain(n: u64) -> Vec<u8> {
    let len = match n % 16 {
        0 => 0,
        1 => 1,
        15 => 40_000,
        _ => usize::try_from(n * 2_654_435_761 % 900).unwrap(),
    };
    match n % 5 {
        0 => noise(len, n),
        1 => vec![b'x'; len],
        _ => records(len, n % 50),
    }
}

#[test]
fn ten_thousand_messages_in_every_form_reach_both_peers() {
    // Parameter sets share the 10,000: each has its own, and its own cut into fragments.
    let sets: Vec<_> = (9..=15).flat_map(|w| [true, false].map(|t| (w, t))).collect();
    let each = 10_000 / (sets.len() * 2) as u64 + 1;
    for role in BOTH_ROLES {
        for &(window_bits, takeover) in &sets {
            let deflate = with(|d| d.level(1 + window_bits % 9));
            let agreed = params(window_bits, takeover);
            let mut connection = connect_deflate(role, Config::default(), &agreed, &deflate);
            let mut peer = Peer::new(window_bits, takeover);
            let mut coded = 0;
            for n in 0..each {
                let plain = plain(n);
                match n % 3 {
                    0 => connection.send(&Message::binary(plain.clone())).unwrap(),
                    1 => connection.send_binary(&plain).unwrap(),
                    _ => {
                        let size = 1 + usize::try_from(n * 7919 % 700).unwrap();
                        for piece in plain.chunks(size) {
                            connection.send_fragment(MessageKind::Binary, piece, false).unwrap();
                        }
                        connection.send_fragment(MessageKind::Binary, b"", true).unwrap();
                    }
                }
                let (seen, compressed) = peer.message(&written(&mut connection));
                assert!(seen == plain, "message {n}, {role:?}, {window_bits} bits");
                coded += u64::from(compressed);
            }
            assert!(coded * 2 > each, "most of them shrink: {coded} of {each}");
        }
    }
}

#[test]
fn hc27_hs65_the_stream_needs_no_larger_window_than_agreed() {
    // Repeats just beyond each window: a larger one would refer to them.
    for role in BOTH_ROLES {
        for window_bits in 9..=15 {
            let agreed = params(window_bits, true);
            let mut connection = connect_deflate(role, Config::default(), &agreed, &always());
            let mut peer = Peer::new(window_bits, true);
            let far: Vec<_> = noise((1 << window_bits) + 1, 3).iter().map(|o| o & 0x1F).collect();
            for message in [&far[..], &far[..400], &far, &far[100..200]] {
                connection.send_binary(message).unwrap();
                // The naive peer fails on a reference beyond its window.
                assert_eq!(peer.message(&written(&mut connection)), (message.to_vec(), true));
            }
        }
    }
}

#[test]
fn hc30_hs67_without_takeover_every_message_inflates_alone() {
    for role in BOTH_ROLES {
        let agreed = params(15, false);
        let mut connection = connect_deflate(role, Config::default(), &agreed, &always());
        let sent = records(2000, 1);
        let mut lens = Vec::new();
        for _ in 0..5 {
            connection.send_binary(&sent).unwrap();
            let frames = written(&mut connection);
            lens.push(frames[0].payload.len());
            assert_eq!(
                naive::Inflate::new(15, false).message(&frames[0].payload),
                Ok(sent.clone())
            );
        }
        assert!(lens.iter().all(|len| *len == lens[0]), "none refers to the one before: {lens:?}");
    }
}

#[test]
fn with_takeover_a_message_refers_to_the_one_before() {
    for role in BOTH_ROLES {
        let mut connection = connect_deflate(role, Config::default(), &params(15, true), &always());
        let sent = records(2000, 1);
        let mut len = || {
            connection.send_binary(&sent).unwrap();
            written(&mut connection)[0].payload.len()
        };
        let (first, second) = (len(), len());
        assert!(second * 4 < first, "{first} octets, then {second}");
    }
}

#[test]
fn the_two_directions_are_each_as_agreed() {
    let agreed = DeflateParams {
        server_no_context_takeover: true,
        client_no_context_takeover: false,
        server_max_window_bits: bits(9),
        client_max_window_bits: bits(15),
    };
    for (role, window_bits, takeover) in [(Role::Server, 9, false), (Role::Client, 15, true)] {
        let mut connection = connect_deflate(role, Config::default(), &agreed, &always());
        let mut peer = Peer::new(window_bits, takeover);
        let mut lens = Vec::new();
        for _ in 0..2 {
            connection.send_binary(&records(3000, 1)).unwrap();
            let frames = written(&mut connection);
            lens.push(frames[0].payload.len());
            assert_eq!(peer.message(&frames).0, records(3000, 1));
        }
        assert_eq!(lens[1] < lens[0], takeover, "{role:?}");
    }
}

#[test]
fn a12_empty_short_and_incompressible_messages() {
    for (role, takeover) in BOTH_ROLES.into_iter().flat_map(|r| [true, false].map(|t| (r, t))) {
        for memory_level in 1..=9 {
            for level in 0..=9 {
                let deflate = with(|d| d.level(level).memory_level(memory_level));
                let agreed = params(15, takeover);
                let mut connection = connect_deflate(role, Config::default(), &agreed, &deflate);
                let mut peer = Peer::new(15, takeover);
                for len in [0, 1, 2, 100, 16 * 1024, 100_000] {
                    let sent = noise(len, 11 + len as u64);
                    connection.send_binary(&sent).unwrap();
                    let frames = written(&mut connection);
                    assert_eq!(peer.message(&frames).0, sent);
                    if len == 0 {
                        assert_eq!((frames[0].rsv, &frames[0].payload[..]), (RSV1, &END[..]));
                    }
                    // What would grow goes as it is; what shares a window may grow a little.
                    let most = if takeover { len + 16 + 5 * (len / 16_384) } else { len.max(1) };
                    assert!(frames[0].payload.len() <= most, "{len}, {level}/{memory_level}");
                }
            }
        }
    }
}

type SendOne<'a> = &'a dyn Fn(&mut Connection) -> Result<(), Misuse>;

#[test]
fn short_messages_and_those_past_the_extension_go_plain_and_never_enter_the_window() {
    let deflate = with(|d| d.threshold(100));
    for role in BOTH_ROLES {
        let mut connection = connect_deflate(role, Config::default(), &params(15, true), &deflate);
        let mut peer = Peer::new(15, true);
        let long = records(500, 1);
        let steps: [(&str, bool, SendOne<'_>); 6] = [
            ("below the threshold", false, &|c| c.send_binary(&long[..99])),
            ("past the extension", false, &|c| c.send_uncoded(&Message::binary(long.clone()))),
            ("at the threshold", true, &|c| c.send_binary(&long[..100])),
            ("one fragment has a length", false, &|c| {
                c.send_fragment(MessageKind::Binary, &long[..50], true)
            }),
            ("fragments whose length is not known", true, &|c| {
                c.send_fragment(MessageKind::Binary, &long[..20], false)?;
                c.send_fragment(MessageKind::Binary, &long[20..30], true)
            }),
            ("fragments past the extension", false, &|c| {
                c.send_fragment_uncoded(MessageKind::Binary, &long[..300], false)?;
                c.send_fragment(MessageKind::Binary, &long[300..], true)
            }),
        ];
        for (name, compressed, send) in steps.iter().chain(&steps) {
            send(&mut connection).unwrap();
            // A reference to a plain message is one that the peer cannot follow.
            assert_eq!(peer.message(&written(&mut connection)).1, *compressed, "{name}, {role:?}");
        }
    }
}

#[test]
fn a_message_that_is_refused_leaves_the_compressor_alone() {
    for role in BOTH_ROLES {
        let mut connection = connect_deflate(role, Config::default(), &params(15, true), &always());
        let mut peer = Peer::new(15, true);
        connection.send_text("first").unwrap();
        assert_eq!(peer.message(&written(&mut connection)).0, b"first");
        connection.send_fragment(MessageKind::Text, b"open", false).unwrap();
        let refused = [
            (connection.send_text("first"), Misuse::MessageOpen),
            (connection.send_fragment(MessageKind::Text, b"\xFF", true), Misuse::TextNotUtf8),
            (connection.send_fragment(MessageKind::Binary, b"", true), Misuse::MessageKindChanged),
        ];
        for (refused, misuse) in refused {
            assert_eq!(refused, Err(misuse));
        }
        connection.send_fragment(MessageKind::Text, b" first", true).unwrap();
        assert_eq!(peer.message(&written(&mut connection)).0, b"open first");
    }
}

#[test]
fn a_window_that_zlib_does_not_have_is_never_compressed_for() {
    for role in BOTH_ROLES {
        let mut connection = connect_deflate(role, Config::default(), &params(8, true), &always());
        connection.send_binary(&records(500, 1)).unwrap();
        connection.send_prepared(&PreparedMessage::new(&Message::binary(records(500, 1)))).unwrap();
        for frame in written(&mut connection) {
            assert_eq!((frame.rsv, frame.payload), (0, records(500, 1)));
        }
    }
}

#[test]
fn prepared_messages_are_compressed_once_for_each_window() {
    // It repeats itself further back than a window of 9 bits.
    let body = noise(5000, 1).repeat(3);
    let news = PreparedMessage::new(&Message::binary(body.clone()));
    let mut frames = Vec::new();
    for (window_bits, takeover) in [(15, true), (9, false), (15, false), (9, true), (12, true)] {
        let agreed = params(window_bits, takeover);
        let mut connection = connect_deflate(Role::Server, Config::default(), &agreed, &always());
        let mut peer = Peer::new(window_bits, takeover);
        // Before, between and behind others: what refers back must find what the peer has.
        for _ in 0..3 {
            connection.send_binary(&records(700, 1)).unwrap();
            assert_eq!(peer.message(&written(&mut connection)), (records(700, 1), true));
            connection.send_prepared(&news).unwrap();
            let octets: Vec<_> = connection.poll_output().map(<[u8]>::as_ptr).collect();
            frames.push((window_bits, octets[0], connection.output_len()));
            assert_eq!(peer.message(&written(&mut connection)).0, body);
        }
    }
    let of = |bits: u8| frames.iter().filter(move |frame| frame.0 == bits).collect::<Vec<_>>();
    for window_bits in [9, 12, 15] {
        let same = of(window_bits);
        assert!(same.iter().all(|frame| frame.2 == same[0].2), "made once: {same:?}");
    }
    assert!(of(9)[0].2 > of(15)[0].2, "each for its own window");
}

#[test]
fn prepared_messages_below_the_threshold_go_plain_and_a_client_compresses_its_own() {
    let deflate = with(|d| d.threshold(100));
    let short = PreparedMessage::new(&Message::text("short"));
    let long = PreparedMessage::new(&Message::binary(records(500, 1)));
    for role in BOTH_ROLES {
        let mut connection = connect_deflate(role, Config::default(), &params(15, true), &deflate);
        let mut peer = Peer::new(15, true);
        for _ in 0..2 {
            connection.send_prepared(&short).unwrap();
            assert_eq!(peer.message(&written(&mut connection)), (b"short".to_vec(), false));
            connection.send_prepared(&long).unwrap();
            assert_eq!(peer.message(&written(&mut connection)), (records(500, 1), true));
        }
    }
}
