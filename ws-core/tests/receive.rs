//! What an endpoint makes of what its peer sends: F01 to F40, as far as they concern octets and
//! events, in both roles.
//!
//! Elsewhere: F28, F29 and F36 in `closing.rs`; F31 to F34 in `send.rs`; F16 and F17 in `linear.rs`;
//! the memory of F07, F09, F10, F11, F15 and F31 in `alloc.rs`; F39 in `every_split.rs`. F10's timer
//! and F37 (TLS) are the adapters'.
#![cfg(feature = "alloc")]

use ws_core::connection::{Config, Delivery, Event, Transport};
use ws_core::{CloseCode, Limits, MessageKind, Role, Violation};

use oracle::{
    BINARY, CLOSE, Form, Frame, KEY, PING, TEXT, binary, continuation, key_to, ping, pong, text,
    text_start, wire_to,
};
use support::model::model;
use support::violations::{self, Row, tight};
use support::{BOTH_ROLES, Driver, NOW, Seen, delivering, log_of, seen_close, seen_text};

mod oracle;
mod support;

fn tight_with(delivery: Delivery) -> Config {
    let mut config = tight();
    config.delivery = delivery;
    config
}

/// Every row in both roles and both ways of delivery.
fn each_violation(mut test: impl FnMut(&Row, Role, Config)) {
    for row in violations::rows() {
        for role in BOTH_ROLES {
            for delivery in [Delivery::Messages, Delivery::Pieces] {
                test(&row, role, tight_with(delivery));
            }
        }
    }
}

/// What must be seen of a row: the events and answers of the frames before it, then the failure and
/// one Close frame with its code and its constant reason.
fn expected(row: &Row, role: Role) -> (Vec<Seen>, Vec<Frame>) {
    let violation = row.violation_for(role);
    let (mut events, mut output) = model(&row.before);
    events.push(support::seen_violation(violation));
    output.push(Frame::close(violation.close_code().get(), violation.reason()));
    (events, output)
}

#[test]
fn violations_fail_with_their_code_at_their_octet() {
    each_violation(|row, role, config| {
        let (events, output) = expected(row, role);
        let breach = row.breach_to(role);
        let at = row.verdict_at(role);
        let seen = || format!("{} as {role:?}: {row:?}", row.id);

        let mut driver = Driver::new(role, config);
        driver.feed(&wire_to(role, &row.before)).feed(&breach[..at - 1]);
        assert_eq!(driver.log().events, events[..events.len() - 1], "not yet: {}", seen());
        assert!(driver.connection.may_send(), "not yet: {}", seen());

        driver.feed(&breach[at - 1..at]);
        let log = driver.log();
        assert_eq!(log.events, events, "{}", seen());
        assert_eq!(log.output, output, "{}", seen());
        assert_eq!(log.transport, Transport::ShutDown, "§7.1.7: whoever fails, ends: {}", seen());

        let whole = Driver::new(role, config).feed(&row.wire_to(role)).log();
        assert_eq!((whole.events, whole.output), (log.events, log.output), "whole: {}", seen());
    });
}

#[test]
fn g3_g4_nothing_follows_a_failure() {
    each_violation(|row, role, config| {
        let (events, output) = expected(row, role);
        let later = wire_to(role, &[text("more"), ping(b"more"), Frame::close(1000, "")]);
        let mut driver = Driver::new(role, config);
        // Behind it in the same read, in the next, and then the end.
        driver.feed(&[row.wire_to(role), later.clone()].concat()).feed(&later);
        assert!(driver.buffer.is_empty(), "the rest of the input is discarded: {}", row.id);
        driver.end_of_stream().transport_lost().timeout_at(2 * NOW).feed(&later);
        let log = driver.log();
        assert_eq!((log.events, log.output), (events, output), "{} as {role:?}", row.id);
        assert_eq!(log.transport, Transport::Close, "{} as {role:?}", row.id);
    });
}

#[test]
fn the_table_has_every_violation() {
    let mut told: Vec<_> = violations::rows()
        .iter()
        .flat_map(|row| BOTH_ROLES.map(|role| row.violation_for(role).reason()))
        .collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), 18, "one row at least for each of the 18: {told:?}");
}

#[test]
fn valid_frames_mean_what_the_model_says() {
    let all_octets: Vec<u8> = (0..=255).collect();
    #[rustfmt::skip]
    let table: &[(&str, Vec<Frame>)] = &[
        ("empty messages",     vec![text(""), binary(b""), text("")]),
        ("text and binary",    vec![text("κόσμε"), binary(&all_octets)]),
        ("each length form",   vec![binary(&[7; 125]), binary(&[8; 126]), binary(&[9; 65_535]), binary(&[1; 65_536])],),
        ("F14 controls inside", vec![
            text_start(b"a"), ping(b"1"), continuation(false, b"b"), pong(b"2"), ping(b""),
            continuation(false, b""), continuation(true, b"c"), text("d"),
        ]),
        ("F14 close inside",   vec![text_start(b"a"), ping(b"1"), Frame::close(1001, "bye")]),
        ("F14 longest controls", vec![ping(&[1; 125]), pong(&[2; 125]), ping(&[3; 125])]),
        ("F21 after 1",        vec![text_start(&[0xF0]), continuation(true, &[0x9F, 0x98, 0x80])]),
        ("F21 after 2",        vec![text_start(&[0xF0, 0x9F]), continuation(true, &[0x98, 0x80])]),
        ("F21 after 3",        vec![text_start(&[0xF0, 0x9F, 0x98]), ping(b"\xFF"), continuation(true, &[0x80])]),
        ("F21 empty between",  vec![text_start(&[0xE2]), continuation(false, b""), continuation(true, &[0x82, 0xAC])]),
        ("F25 with a reason",  vec![Frame::close(1000, "Ende gut, alles gut 😀")]),
        ("F27 123 octets",     vec![Frame::close(4999, &"x".repeat(123))]),
        ("F27 empty",          vec![Frame::new(true, CLOSE, [])]),
        ("F28 first code kept", vec![Frame::close(1000, "1"), Frame::close(1001, "2"), text("x"), ping(b"")]),
        ("F34 pongs unasked",  vec![pong(b"a"), pong(b"a"), text("still here"), pong(b"")]),
    ];
    for (name, frames) in table {
        for role in BOTH_ROLES {
            for delivery in [Delivery::Messages, Delivery::Pieces] {
                let log =
                    Driver::new(role, delivering(delivery)).feed(&wire_to(role, frames)).log();
                assert_eq!((log.events, log.output), model(frames), "{name} as {role:?}");
            }
        }
    }
}

#[test]
fn rfc_examples_of_section_5_7() {
    // A masked ping and its pong are the two directions of one exchange.
    #[rustfmt::skip]
    let to_server: &[(&[u8], Seen)] = &[
        (b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", seen_text("Hello")),
        (b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", Seen::Pong(b"Hello".to_vec())),
    ];
    #[rustfmt::skip]
    let to_client: &[(&[u8], Seen)] = &[
        (b"\x81\x05Hello",       seen_text("Hello")),
        (b"\x01\x03Hel\x80\x02lo", seen_text("Hello")),
        (b"\x89\x05Hello",       Seen::Ping(b"Hello".to_vec())),
    ];
    for (role, table) in [(Role::Server, to_server), (Role::Client, to_client)] {
        for (octets, event) in table {
            let log = Driver::plain(role).feed(octets).log();
            assert_eq!(log.events, std::slice::from_ref(event), "{octets:02x?}");
        }
    }
    // The client's answer to "89 05 Hello", with the RFC's own key.
    let mut client = Driver::plain(Role::Client);
    client.feed(b"\x89\x05Hello");
    assert_eq!(client.written, b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
}

#[test]
fn f24_f25_all_65536_close_codes() {
    for role in BOTH_ROLES {
        for code in 0..=u16::MAX {
            let log = log_of(role, &[Frame::close(code, "why")]);
            if CloseCode::new(code).is_sendable() {
                assert_eq!(log.events, [seen_close(code, "why")]);
                assert_eq!(log.output, [Frame::close(code, "")], "the same code is echoed");
            } else {
                let violation = Violation::CloseCodeInvalid;
                assert_eq!(log.events, [support::seen_violation(violation)], "{code}");
                assert_eq!(log.output, [Frame::close(1002, violation.reason())], "{code}");
            }
        }
    }
}

#[test]
fn f35_any_masking_key_will_do() {
    for key in [[0; 4], [0xFF; 4], KEY, [0, 0, 0, 1]] {
        let octets = text("κόσμε").octets(Some(key));
        let log = Driver::plain(Role::Server).feed(&octets).log();
        assert_eq!(log.events, [seen_text("κόσμε")], "{key:02x?}");
    }
}

/// F09, F11, F15 from the allowed side of the border.
#[test]
fn limits_allow_what_they_say() {
    let fives = [vec![text_start(b"")], vec![continuation(false, b""); 3]].concat();
    #[rustfmt::skip]
    let table: &[(&str, Vec<Frame>)] = &[
        ("F09 a frame of max_frame_len",      vec![binary(&[1; 600])]),
        ("F11 a message of max_message_len",  vec![Frame::new(false, BINARY, [1; 400]), continuation(true, &[2; 600])]),
        ("F11 twice, in fragments",           vec![
            Frame::new(false, BINARY, [1; 600]), continuation(true, &[2; 400]),
            Frame::new(false, TEXT, [b'x'; 400]), continuation(false, b""), continuation(true, &[b'y'; 600]),
        ]),
        ("F15 max_fragments",                 [fives.clone(), vec![continuation(true, b"x")]].concat()),
        ("F15 twice, with controls between",  [
            fives.clone(), vec![ping(b"p"), pong(b"q"), continuation(true, b"")],
            fives, vec![continuation(true, b"x")],
        ].concat()),
        ("F33 max_pings",                     vec![ping(b""); 10]),
        ("F33 pongs do not count",            vec![pong(b""); 1000]),
    ];
    for (name, frames) in table {
        for role in BOTH_ROLES {
            for delivery in [Delivery::Messages, Delivery::Pieces] {
                let config = tight_with(delivery);
                let log = Driver::new(role, config).feed(&wire_to(role, frames)).log();
                assert_eq!((log.events, log.output), model(frames), "{name} as {role:?}");
            }
        }
    }
}

#[test]
fn f10_a_claim_within_the_limits_waits() {
    for role in BOTH_ROLES {
        let len = Limits::default().max_frame_len();
        let header = oracle::header(0x80 | BINARY, key_to(role), Form::Shortest, len);
        let mut driver = Driver::plain(role);
        driver.feed(&header);
        let log = driver.log();
        assert_eq!((log.events, log.output, log.transport), (vec![], vec![], Transport::Open));
        assert_eq!(driver.connection.poll_timeout(), None, "the core has no idle timer");
        assert!(driver.buffer.is_empty(), "nothing but the header came, and it is done with");
    }
}

/// F18: nothing is read ahead. One call gives one message, and the rest stays the caller's.
#[test]
fn f18_one_call_gives_one_event() {
    for role in BOTH_ROLES {
        let frames = vec![text(""); 1000];
        let mut wire = wire_to(role, &frames);
        let mut driver = Driver::plain(role);
        let one = wire.len() / frames.len();
        for left in (0..frames.len()).rev() {
            let received = driver.connection.handle_input(&mut wire, NOW);
            let event = received.event.expect("a message");
            assert!(matches!(event, Event::Message { kind: MessageKind::Text, .. }));
            assert_eq!((received.discard, received.keep), (one, left * one));
            wire.drain(..one);
        }
    }
}

#[test]
fn f30_a_close_whose_octets_come_one_by_one() {
    for role in BOTH_ROLES {
        let wire = wire_to(role, &[Frame::close(1000, "bye")]);
        let cuts: Vec<_> = (0..wire.len()).collect();
        let log = Driver::plain(role).feed_cut(&wire, &cuts).log();
        assert_eq!(log.events, [seen_close(1000, "bye")]);
        assert_eq!(log.output, [Frame::close(1000, "")]);
    }
}

/// F40: a frame of 4 GiB passes through a buffer of 64 KiB.
#[test]
fn f40_a_frame_of_4_gib_in_pieces() {
    let len = 1_u64 << 32;
    let limits = Limits::builder().max_message_len(len).build().unwrap();
    let mut config = Config::with_limits(limits);
    config.delivery = Delivery::Pieces;
    for role in BOTH_ROLES {
        let header = oracle::header(0x80 | BINARY, key_to(role), Form::Bits64, len);
        let mut connection = support::connect(role, config);
        let mut header = header.clone();
        assert_eq!(connection.handle_input(&mut header, NOW).event, None);
        // Unmasking 4 GiB takes a debug build too long: a server gets the first 4 MiB.
        let reads = if role == Role::Server { 64 } else { len / 65_536 };
        let mut buffer = vec![0; 65_536];
        for read in 1..=reads {
            let received = connection.handle_input(&mut buffer, NOW);
            let Some(Event::Piece(piece)) = received.event else { panic!("a piece") };
            assert_eq!((piece.octets.len(), received.discard, received.keep), (65_536, 65_536, 0));
            assert_eq!(piece.starts_message, read == 1);
            assert_eq!(piece.ends_message, read == len / 65_536);
            assert_eq!(piece.ends_fragment, piece.ends_message);
        }
        assert_eq!(connection.handle_input(&mut [], NOW).event, None);
    }
}

#[test]
fn auto_pong_may_be_turned_off() {
    for role in BOTH_ROLES {
        let mut config = Config::default();
        config.auto_pong = false;
        let mut driver = Driver::new(role, config);
        driver.feed(&wire_to(role, &[Frame::new(true, PING, b"p")]));
        assert_eq!(driver.log().events, [Seen::Ping(b"p".to_vec())]);
        assert_eq!(driver.log().output, []);
        driver.connection.pong(b"by hand").unwrap();
        driver.write_all();
        assert_eq!(driver.log().output, [pong(b"by hand")]);
    }
}
