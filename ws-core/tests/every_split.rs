//! However the input is cut: are the events, the violations and the output the same? (G6, F39, T04)
//!
//! Recorded sessions at every single cut and octet by octet, in both roles and both ways of
//! delivery; then any frames and any octets at any cuts.
//!
//! Under `Delivery::Pieces` the pieces are joined: messages, fragments and the verdict must agree.
//! Of a message that fails, a cut may show more or less of what came before the bad octet; that it
//! is always a prefix of it is tested here, too.
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use proptest::sample::{Index, select};
use ws_core::connection::{Config, Delivery};
use ws_core::{Role, Violation};

use oracle::{BINARY, Frame, TEXT, binary, continuation, ping, pong, text, text_start, wire_to};
use support::model::model;
use support::violations::{self, tight};
use support::{BOTH_ROLES, Driver, Log, delivering, seen_violation};

mod oracle;
mod support;

const DELIVERIES: [Delivery; 2] = [Delivery::Messages, Delivery::Pieces];

fn with(config: Config, delivery: Delivery) -> Config {
    let mut config = config;
    config.delivery = delivery;
    config
}

fn cut_at(role: Role, config: Config, wire: &[u8], cuts: &[usize]) -> Log {
    Driver::new(role, config).feed_cut(wire, cuts).log()
}

/// The whole in one read, which is the reference; then every single cut, and octet by octet.
fn assert_every_split(name: &str, role: Role, config: Config, wire: &[u8]) -> Log {
    let whole = cut_at(role, config, wire, &[]);
    let seen = || format!("{name} as {role:?}, {:?}", config.delivery);
    for cut in 0..=wire.len() {
        assert_eq!(cut_at(role, config, wire, &[cut]), whole, "{} cut at {cut}", seen());
    }
    let every: Vec<_> = (0..wire.len()).collect();
    assert_eq!(cut_at(role, config, wire, &every), whole, "{} octet by octet", seen());
    // Reads of nothing in between change nothing.
    let twice: Vec<_> = every.iter().flat_map(|&cut| [cut, cut]).collect();
    assert_eq!(cut_at(role, config, wire, &twice), whole, "{} with empty reads", seen());
    whole
}

/// Sessions without a fault, ended by a Close or not.
fn sessions() -> Vec<(&'static str, Vec<Frame>)> {
    let close = || Frame::close(1000, "fin");
    let long_text = "κόσμε 😀 ".repeat(20);
    vec![
        ("whole messages", vec![text("Hello"), binary(&[0xFF; 9]), text(""), binary(b""), close()]),
        ("16-bit lengths", vec![binary(&[1; 126]), text(&long_text), binary(&[2; 300]), close()]),
        (
            "fragments with controls between",
            vec![
                text_start("κό".as_bytes()),
                ping(b"1"),
                continuation(false, b""),
                pong(b"2"),
                continuation(false, "σμ".as_bytes()),
                ping(b""),
                ping(&[3; 125]),
                continuation(true, "ε".as_bytes()),
                text("next"),
                close(),
            ],
        ),
        (
            "code points over fragments",
            vec![
                text_start(&[0xF0]),
                continuation(false, &[0x9F]),
                ping(b"\xFF\xFE"),
                continuation(false, &[0x98]),
                continuation(true, &[0x80]),
                Frame::new(true, oracle::CLOSE, []),
            ],
        ),
        (
            "many small fragments held, then a control",
            [
                vec![Frame::new(false, BINARY, [9; 3])],
                vec![continuation(false, &[8; 2]); 30],
                vec![ping(b"p"), continuation(true, &[7; 40]), ping(b"q"), text("z")],
            ]
            .concat(),
        ),
        ("frames behind a Close", vec![text("a"), close(), text("b"), ping(b"c"), close()]),
    ]
}

#[test]
fn g6_f39_valid_sessions() {
    for (name, frames) in sessions() {
        for role in BOTH_ROLES {
            for delivery in DELIVERIES {
                let wire = wire_to(role, &frames);
                let log = assert_every_split(name, role, delivering(delivery), &wire);
                assert_eq!((log.events, log.output), model(&frames), "{name} as {role:?}");
            }
        }
    }
}

#[test]
fn g6_sessions_of_every_violation() {
    for row in violations::rows() {
        for role in BOTH_ROLES {
            for delivery in DELIVERIES {
                let behind = wire_to(role, &[text("behind"), ping(b"behind")]);
                let wire = [row.wire_to(role), behind].concat();
                let log = assert_every_split(row.id, role, with(tight(), delivery), &wire);
                let violation = row.violation_for(role);
                assert_eq!(log.events.last(), Some(&support::seen_violation(violation)));
            }
        }
    }
}

/// Longer than any buffer in the way, with 64-bit lengths: cut around every border.
#[test]
fn g6_long_messages() {
    let long_text = "κόσμε €uro 😀 ".repeat(3500);
    let frames = [
        text(&long_text),
        Frame::new(false, BINARY, vec![7; 70_000]),
        ping(b"between"),
        continuation(true, &[9; 200]),
        Frame::close(1000, ""),
    ];
    for role in BOTH_ROLES {
        let wire = wire_to(role, &frames);
        let mut borders = vec![0];
        for frame in &frames {
            let len = wire_to(role, std::slice::from_ref(frame)).len();
            borders.push(borders.last().unwrap() + len);
        }
        for delivery in DELIVERIES {
            let config = delivering(delivery);
            let whole = cut_at(role, config, &wire, &[]);
            assert_eq!((&whole.events, &whole.output), (&model(&frames).0, &model(&frames).1));
            for border in &borders {
                for cut in border.saturating_sub(3)..=(border + 16).min(wire.len()) {
                    assert!(cut_at(role, config, &wire, &[cut]) == whole, "{role:?} at {cut}");
                }
            }
            for step in [1000, 1459, 4096, 16_384, 65_536] {
                let cuts: Vec<_> = (0..wire.len()).step_by(step).collect();
                assert!(cut_at(role, config, &wire, &cuts) == whole, "{role:?} by {step}");
            }
        }
    }
}

/// Pieces of a message that fails: whatever the cut, exactly what came before the bad octet.
#[test]
fn pieces_before_a_failure_are_told() {
    for (good, rest) in [
        (&b"good so far"[..], &b"\xFFnever seen"[..]),
        // Cut inside a code point by the next character, and by the end of the message.
        (b"good \xE2\x82", b"A"),
        (b"good \xF0\x9F\x98", b""),
        (b"", b"\xFF"),
    ] {
        for role in BOTH_ROLES {
            let wire = wire_to(role, &[Frame::new(true, TEXT, [good, rest].concat())]);
            let every: Vec<_> = (0..wire.len()).collect();
            for cuts in (0..=wire.len()).map(|cut| vec![cut]).chain([every]) {
                let mut driver = Driver::new(role, delivering(Delivery::Pieces));
                driver.feed_cut(&wire, &cuts);
                let shown = driver.notes.open.take().map(|(_, octets)| octets).unwrap_or_default();
                assert_eq!(shown, good, "{role:?} cut at {cuts:?}");
                assert_eq!(driver.log().events, [seen_violation(Violation::TextNotUtf8)]);
            }
        }
    }
}

/// Delivery changes with the next message; the one that is open stays as it began.
#[test]
fn delivery_may_change_between_messages() {
    let frames = [text_start(b"a"), continuation(true, b"b"), binary(b"cd"), text("e")];
    for role in BOTH_ROLES {
        let wire = wire_to(role, &frames);
        for change in 0..=wire.len() {
            for (from, to) in [(DELIVERIES[0], DELIVERIES[1]), (DELIVERIES[1], DELIVERIES[0])] {
                let mut driver = Driver::new(role, delivering(from));
                driver.feed(&wire[..change]);
                driver.connection.set_delivery(to);
                driver.feed(&wire[change..]);
                assert_eq!(driver.log().events, model(&frames).0, "{role:?} changed at {change}");
            }
        }
    }
}

fn any_control() -> impl Strategy<Value = Frame> {
    let payload = prop::collection::vec(any::<u8>(), 0..20);
    (select(vec![oracle::PING, oracle::PONG]), payload)
        .prop_map(|(opcode, payload)| Frame::new(true, opcode, payload))
}

/// A message in any number of fragments, each with any controls in front.
fn any_message() -> impl Strategy<Value = Vec<Frame>> {
    let text = "[ -~é€😀]{0,60}".prop_map(|text| (TEXT, text.into_bytes()));
    let binary = prop::collection::vec(any::<u8>(), 0..200).prop_map(|octets| (BINARY, octets));
    let controls = prop::collection::vec(any_control(), 0..2);
    let cuts = prop::collection::vec((any::<Index>(), controls), 0..5);
    (prop_oneof![text, binary], cuts).prop_map(|((first, payload), cuts)| {
        let mut cuts: Vec<_> = cuts
            .into_iter()
            .map(|(at, controls)| (at.index(payload.len() + 1), controls))
            .collect();
        cuts.sort_by_key(|(at, _)| *at);
        cuts.push((payload.len(), Vec::new()));
        let (mut frames, mut from, last) = (Vec::new(), 0, cuts.len() - 1);
        for (nth, (at, controls)) in cuts.into_iter().enumerate() {
            let opcode = if nth == 0 { first } else { oracle::CONTINUATION };
            frames.push(Frame::new(nth == last, opcode, &payload[from..at]));
            frames.extend(controls);
            from = at;
        }
        frames
    })
}

fn any_frames() -> impl Strategy<Value = Vec<Frame>> {
    let one = prop_oneof![3 => any_message(), 1 => any_control().prop_map(|frame| vec![frame])];
    let end = select(vec![None, Some(Frame::close(4000, "bye")), Some(text("").rsv(2))]);
    (prop::collection::vec(one, 0..8), end)
        .prop_map(|(frames, end)| frames.into_iter().flatten().chain(end).collect())
}

/// Octets that often are a frame: small lengths, known opcodes.
fn any_octets() -> impl Strategy<Value = Vec<u8>> {
    let first = select(vec![0x81, 0x82, 0x01, 0x00, 0x80, 0x89, 0x8A, 0x88, 0x83, 0xC1, 0x09]);
    let frame = (first, any::<bool>(), 0..30_usize, any::<[u8; 4]>(), any::<[u8; 30]>());
    let frame = frame.prop_map(|(first, masked, len, key, payload)| {
        let key = masked.then_some(key);
        let frame_len = len as u64;
        let header = oracle::header(first, key, oracle::Form::Shortest, frame_len);
        [header, payload[..len].to_vec()].concat()
    });
    let noise = prop::collection::vec(any::<u8>(), 0..20);
    let run = prop_oneof![8 => frame, 1 => noise];
    prop::collection::vec(run, 0..8).prop_map(|runs| runs.concat())
}

fn sorted(cuts: &[Index], len: usize) -> Vec<usize> {
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(len + 1)).collect();
    cuts.sort_unstable();
    cuts
}

proptest! {
    #[test]
    fn g6_any_frames_at_any_cuts(
        frames in any_frames(),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        let breach = frames.last().is_some_and(|frame| frame.rsv != 0);
        for role in BOTH_ROLES {
            let wire = wire_to(role, &frames);
            let cuts = sorted(&cuts, wire.len());
            for delivery in DELIVERIES {
                let config = delivering(delivery);
                let whole = cut_at(role, config, &wire, &[]);
                prop_assert_eq!(&cut_at(role, config, &wire, &cuts), &whole);
                let valid = if breach { &frames[..frames.len() - 1] } else { &frames[..] };
                let events = whole.events.len() - usize::from(breach);
                prop_assert_eq!(&whole.events[..events], &model(valid).0[..]);
            }
        }
    }

    #[test]
    fn g1_g6_any_octets_at_any_cuts(
        octets in any_octets(),
        cuts in prop::collection::vec(any::<Index>(), 0..12),
    ) {
        let cuts = sorted(&cuts, octets.len());
        let every: Vec<_> = (0..octets.len()).collect();
        for role in BOTH_ROLES {
            for delivery in DELIVERIES {
                let config = with(tight(), delivery);
                let whole = cut_at(role, config, &octets, &[]);
                prop_assert_eq!(&cut_at(role, config, &octets, &cuts), &whole);
                prop_assert_eq!(&cut_at(role, config, &octets, &every), &whole);
            }
        }
    }
}
