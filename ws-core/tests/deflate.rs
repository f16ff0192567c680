//! Received messages that are compressed: are they what RFC 7692 says, within the limits, however
//! they are cut? (D04 to D11, D13 to D15, D17)
#![cfg(feature = "deflate")]

use ws_core::Violation;
use ws_core::connection::{Config, Delivery};

use deflate_support::{
    END, HELLO, RSV1, Zlib, coded, driver, hello, noise, params, records, stored,
};
use oracle::{BINARY, Frame, TEXT, continuation, ping, text, wire_to};
use support::{BOTH_ROLES, Driver, Log, Seen, delivering, seen_close, seen_text, seen_violation};

mod deflate_support;
#[path = "oracle/inflate.rs"]
mod naive;
mod oracle;
mod support;

const INVALID: Seen = seen_violation(Violation::CompressedDataInvalid);
const DELIVERIES: [Delivery; 2] = [Delivery::Messages, Delivery::Pieces];

/// Both roles, with takeover, window 15.
fn logs(frames: &[Frame]) -> Vec<Log> {
    let log = |role| {
        driver(role, Config::default(), &params(15, true)).feed(&wire_to(role, frames)).log()
    };
    BOTH_ROLES.map(log).to_vec()
}

fn assert_seen(name: &str, frames: &[Frame], expected: &[Seen]) {
    for log in logs(frames) {
        assert_eq!(log.events, expected, "{name}");
    }
}

/// Every single cut, and octet by octet, in both roles and both ways of delivery.
fn assert_every_split(name: &str, frames: &[Frame]) -> Log {
    let mut first = None;
    for (role, delivery) in BOTH_ROLES.into_iter().flat_map(|r| DELIVERIES.map(|d| (r, d))) {
        let wire = wire_to(role, frames);
        let cut = |cuts: &[usize]| {
            driver(role, delivering(delivery), &params(15, true)).feed_cut(&wire, cuts).log()
        };
        let whole = cut(&[]);
        for at in 0..=wire.len() {
            assert_eq!(cut(&[at]), whole, "{name} as {role:?}, {delivery:?}, cut at {at}");
        }
        assert_eq!(cut(&(0..wire.len()).collect::<Vec<_>>()), whole, "{name}, octet by octet");
        first.get_or_insert(whole);
    }
    first.unwrap()
}

#[test]
fn rfc_7692_examples() {
    let two = [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00];
    let (a, b) = HELLO.split_at(3);
    let fragments = [Frame::new(false, TEXT, a).rsv(RSV1), continuation(true, b)];
    let table: [(&str, &[Frame], &[Seen]); 7] = [
        ("7.2.3.1, one block", &[hello()], &[seen_text("Hello")]),
        ("7.2.3.1, fragments", &fragments, &[seen_text("Hello")]),
        (
            "7.2.3.2, the window shared",
            &[hello(), coded(TEXT, &[0xF2, 0x00, 0x11, 0x00, 0x00])],
            &[seen_text("Hello"), seen_text("Hello")],
        ),
        (
            "7.2.3.3, stored",
            &[coded(TEXT, &[0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00])],
            &[seen_text("Hello")],
        ),
        (
            "7.2.3.4, BFINAL",
            &[coded(TEXT, &[0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00])],
            &[seen_text("Hello")],
        ),
        ("7.2.3.5, two blocks", &[coded(TEXT, &two)], &[seen_text("Hello")]),
        ("7.2.3.6, empty", &[coded(TEXT, &[0x00])], &[seen_text("")]),
    ];
    for (name, frames, expected) in table {
        assert_seen(name, frames, expected);
        assert_every_split(name, frames);
    }
}

#[test]
fn d04_bfinal() {
    let payload = [0x53, 0x62, 0x12, 0x60, 0x02, 0x00, 0x00];
    assert_every_split("D04", &[coded(BINARY, &payload)]);
    let seen = [Seen::Binary(vec![0x22, 0x02, 0x10, 0x02])];
    assert_seen("as in #43", &[coded(BINARY, &payload)], &seen);
    // Without the empty block behind it: nothing is missing of a stream that says it has ended.
    assert_seen("the last octet of the stream", &[coded(BINARY, &payload[..6])], &seen);
}

#[test]
fn d05_blocks_behind_bfinal_and_messages_behind_those_keep_the_window() {
    // "Hello", and "Hello" once more by reference, in a stream of its own; then in a message.
    let first = [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
    let again = [0xF2, 0x00, 0x11, 0x00, 0x00];
    let again_last = [0xF3, 0x00, 0x11, 0x00];
    let frames = [
        coded(TEXT, &[&first[..], &again].concat()),
        coded(TEXT, &again),
        coded(TEXT, &[&first[..], &again_last, &again_last, &again].concat()),
        coded(TEXT, &again_last),
        coded(TEXT, &again),
    ];
    let seen: Vec<_> = [2, 1, 4, 1, 1].map(|times| seen_text(&"Hello".repeat(times))).to_vec();
    assert_seen("D05", &frames, &seen);
    assert_every_split("D05", &frames);
}

#[test]
fn d05_a_whole_window_survives_bfinal() {
    for window_bits in 9..=15 {
        let window = 1 << window_bits;
        let plain = noise(window + 77, 3);
        let mut zlib = Zlib::new(6, window_bits, true);
        let _ = zlib.message(&plain);
        let again = zlib.message(&plain[plain.len() - 300..]);
        let mut first: Vec<u8> = plain.chunks(60_000).flat_map(|c| stored(false, c)).collect();
        // The stream ends, with an empty last block.
        first.extend(stored(true, b""));
        for role in BOTH_ROLES {
            let frames = [coded(BINARY, &first), coded(BINARY, &again)];
            let log = driver(role, Config::default(), &params(window_bits, true))
                .feed(&wire_to(role, &frames))
                .log();
            let expected = [plain.clone(), plain[plain.len() - 300..].to_vec()].map(Seen::Binary);
            assert!(log.events == expected, "{role:?}, window of {window_bits} bits");
        }
    }
}

#[test]
fn d06_empty_messages() {
    let frames = [coded(TEXT, b""), coded(TEXT, &END), hello(), coded(BINARY, b""), text("")];
    let empty_fragments = [Frame::new(false, TEXT, b"").rsv(RSV1), continuation(true, b"")];
    let seen =
        [seen_text(""), seen_text(""), seen_text("Hello"), Seen::Binary(Vec::new()), seen_text("")];
    assert_seen("D06", &frames, &seen);
    assert_every_split("D06", &frames);
    assert_seen("empty fragments", &empty_fragments, &[seen_text("")]);
}

#[test]
fn d07_kinds_of_blocks() {
    let dynamic = Zlib::new(9, 15, false).message(&records(3000, 1));
    assert_eq!(dynamic[0] >> 1 & 3, 2, "a dynamic block");
    let bad_len = [0x00, 0x05, 0x00, 0xFA, 0xFE, b'H', b'e', b'l', b'l', b'o', 0x00];
    let hello = stored(false, b"Hello");
    let table: [(&str, Vec<u8>, Seen); 8] = [
        ("stored", [&hello[..], &END].concat(), Seen::Binary(b"Hello".to_vec())),
        ("fixed", HELLO.to_vec(), Seen::Binary(b"Hello".to_vec())),
        ("dynamic", dynamic, Seen::Binary(records(3000, 1))),
        ("LEN and NLEN that differ", bad_len.to_vec(), INVALID),
        ("block type 3", vec![0x06, 0x00], INVALID),
        ("a block of no codes", vec![0x04, 0x00, 0x00, 0x00, 0x00, 0x00], INVALID),
        ("too many codes", vec![0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], INVALID),
        ("no such length", vec![0xFA, 0xFF, 0xFF, 0x00], INVALID),
    ];
    for (name, payload, expected) in table {
        assert_seen(name, &[coded(BINARY, &payload)], &[expected]);
    }
}

#[test]
fn d08_references_to_what_was_not_sent() {
    let again = coded(TEXT, &[0xF2, 0x00, 0x11, 0x00, 0x00]);
    assert_seen("before the first octet", std::slice::from_ref(&again), &[INVALID]);
    for role in BOTH_ROLES {
        // Nor behind a last block, where a new stream begins with what is kept of the old one.
        let behind_bfinal = coded(TEXT, &[0x03, 0x00, 0xF2, 0x00, 0x11, 0x00, 0x00]);
        for again in [again.clone(), behind_bfinal] {
            let wire = wire_to(role, &[hello(), again]);
            let log = driver(role, Config::default(), &params(15, false)).feed(&wire).log();
            assert_eq!(log.events, [seen_text("Hello"), INVALID], "without takeover, {role:?}");
        }
    }
}

#[test]
fn d09_a_reference_beyond_the_agreed_window_is_decoded() {
    // zlib keeps 32 KiB whatever was agreed; documented.
    let plain = noise(3000, 9);
    let mut zlib = Zlib::new(9, 15, true);
    let first = zlib.message(&plain);
    let far = zlib.message(&plain[..200]);
    assert!(far.len() < 100, "by reference");
    let mut naive = naive::Inflate::new(9, true);
    assert_eq!(naive.message(&first).as_ref(), Ok(&plain));
    assert_eq!(naive.message(&far), Err(naive::Flaw::TooFar), "it is beyond the window");
    for role in BOTH_ROLES {
        let wire = wire_to(role, &[coded(BINARY, &first), coded(BINARY, &far)]);
        let log = driver(role, Config::default(), &params(9, true)).feed(&wire).log();
        assert!(log.events == [plain.clone(), plain[..200].to_vec()].map(Seen::Binary));
    }
}

#[test]
fn d10_d11_every_prefix_and_every_changed_octet_as_the_naive_inflater_has_it() {
    let plain = records(700, 5);
    let table = [
        ("fixed", HELLO.to_vec()),
        ("dynamic", Zlib::new(9, 15, false).message(&plain)),
        ("stored", [stored(false, &plain[..40]), stored(false, b"xy"), END.to_vec()].concat()),
        ("fast", Zlib::new(1, 15, false).message(&plain)),
        ("BFINAL", [&stored(true, b"ab")[..], &HELLO].concat()),
    ];
    let judge = |name: &str, payload: &[u8]| {
        let expected = match naive::Inflate::new(15, false).message(payload) {
            Ok(plain) => Seen::Binary(plain),
            Err(_) => INVALID,
        };
        for role in BOTH_ROLES {
            let wire = wire_to(role, &[coded(BINARY, payload)]);
            let log = driver(role, Config::default(), &params(15, true)).feed(&wire).log();
            assert_eq!(
                log.events,
                std::slice::from_ref(&expected),
                "{name}, {role:?}: {payload:02x?}"
            );
        }
        matches!(expected, Seen::Binary(_))
    };
    for (name, payload) in table {
        assert!(judge(name, &payload), "{name} is good");
        for len in 0..payload.len() {
            judge(&format!("{name}, its first {len} octets"), &payload[..len]);
        }
        for garbage in [&[0x00][..], &[0x06], &[0xFF; 5], b"garbage", &HELLO] {
            judge(&format!("{name}, then garbage"), &[&payload[..], garbage].concat());
        }
        for at in 0..payload.len() {
            for bit in 0..8 {
                let mut payload = payload.clone();
                payload[at] ^= 1 << bit;
                judge(&format!("{name}, bit {bit} of octet {at} changed"), &payload);
            }
        }
    }
}

#[test]
fn d10_a_cut_message_fails_at_its_end_and_waits_for_nothing() {
    let dynamic = Zlib::new(9, 15, false).message(&noise(700, 5));
    for role in BOTH_ROLES {
        let mut driver = driver(role, Config::default(), &params(15, true));
        let start = Frame::new(false, BINARY, &dynamic[..100]).rsv(RSV1);
        assert_eq!(driver.feed(&wire_to(role, &[start])).log().events, []);
        let end = continuation(true, &dynamic[100..200]);
        assert_eq!(driver.feed(&wire_to(role, &[end])).log().events, [INVALID]);
    }
}

#[test]
fn d13_text_is_checked_after_inflating() {
    let split = |a: &[u8], b: &[u8]| {
        let payload = [&stored(false, a)[..], &stored(false, b), &END].concat();
        coded(TEXT, &payload)
    };
    let smile = "😀".as_bytes();
    let bad = seen_violation(Violation::TextNotUtf8);
    assert_seen(
        "a code point over two blocks",
        &[split(&smile[..2], &smile[2..])],
        &[seen_text("😀")],
    );
    assert_seen("not UTF-8", &[split(b"ok", b"\xFF")], std::slice::from_ref(&bad));
    assert_seen("ends inside a code point", &[split(&smile[..2], b"")], std::slice::from_ref(&bad));
    assert_seen(
        "bad text in front of bad data",
        &[coded(TEXT, &[&stored(false, b"\xFF")[..], &[6]].concat())],
        &[bad],
    );
    for (name, frame) in [
        ("over blocks", split(&smile[..2], &smile[2..])),
        ("bad", split(b"good so far", b"\xC3\xC3")),
        (
            "bad text in front of bad data",
            coded(TEXT, &[&stored(false, b"a\xFF")[..], &[6]].concat()),
        ),
        (
            "good text in front of bad data",
            coded(TEXT, &[&stored(false, b"good")[..], &[6]].concat()),
        ),
    ] {
        assert_every_split(name, &[frame]);
    }
}

#[test]
fn d14_plain_and_compressed_messages_alternate() {
    let frames = [text("one"), hello(), text("two"), coded(TEXT, &[0xF2, 0x00, 0x11, 0x00, 0x00])];
    let seen = ["one", "Hello", "two", "Hello"].map(seen_text);
    assert_seen("a plain message is not in the window", &frames, &seen);
    assert_every_split("D14", &frames);
}

#[test]
fn d15_pings_between_compressed_fragments() {
    let (a, b) = HELLO.split_at(3);
    let frames = [
        Frame::new(false, TEXT, a).rsv(RSV1),
        ping(b"p"),
        continuation(false, b""),
        ping(b"q"),
        continuation(true, b),
        Frame::close(1000, ""),
    ];
    let ping = |payload: &[u8]| Seen::Ping(payload.to_vec());
    let seen = [ping(b"p"), ping(b"q"), seen_text("Hello"), seen_close(1000, "")];
    assert_seen("D15", &frames, &seen);
    assert_every_split("D15", &frames);
}

#[test]
fn d17_nothing_is_told_after_an_error() {
    let frames = [coded(TEXT, &[0x06, 0x00]), hello(), text("plain"), Frame::close(1000, "")];
    assert_seen("D17", &frames, &[INVALID]);
    let close = Frame::close(1007, "compressed data is invalid");
    for log in logs(&frames) {
        assert_eq!(log.output, std::slice::from_ref(&close), "one Close, with the code");
    }
}

#[test]
fn rsv1_stands_on_the_first_frame_of_a_message_alone() {
    let violation = seen_violation(Violation::ReservedBits);
    let (a, b) = HELLO.split_at(3);
    let first = Frame::new(false, TEXT, a).rsv(RSV1);
    for (name, frames) in [
        ("a continuation", vec![first.clone(), continuation(true, b).rsv(RSV1)]),
        (
            "a plain message's continuation",
            vec![Frame::new(false, TEXT, b"x"), continuation(true, b"").rsv(RSV1)],
        ),
        ("a Ping", vec![ping(b"").rsv(RSV1)]),
        ("a Close", vec![Frame::close(1000, "").rsv(RSV1)]),
        ("RSV2", vec![hello().rsv(2)]),
        ("RSV1 and RSV3", vec![hello().rsv(5)]),
    ] {
        assert_seen(name, &frames, std::slice::from_ref(&violation));
    }
    for role in BOTH_ROLES {
        let log = Driver::plain(role).feed(&wire_to(role, &[hello()])).log();
        assert_eq!(log.events, std::slice::from_ref(&violation), "without the extension, {role:?}");
    }
}
