//! What an application may send, and what it gets for asking too much: A01 to A06, in both roles.
//!
//! A03 and C12 are the handshake's; A07 and A08 the adapters'; A09 is in `prepared.rs`, A10 in
//! `masking_keys.rs`; A11 holds by type: no function takes a role and a choice to mask; A12 waits
//! for permessage-deflate.
#![cfg(feature = "alloc")]

use std::time::Duration;

use bytes::Bytes;
use ws_core::connection::{Config, Connection};
use ws_core::frame::CloseFrame;
use ws_core::{CloseCode, Limits, LimitsBuilder, Message, MessageKind, Misuse, PreparedMessage};

use oracle::{BINARY, CLOSE, Frame, TEXT, binary, continuation, ping, pong, text, text_start};
use support::{BOTH_ROLES, Driver, NOW};

mod oracle;
mod support;

use MessageKind::{Binary, Text};

type Call = fn(&mut Connection) -> Result<(), Misuse>;
type Sending<'a> = dyn Fn(&mut Connection) -> Result<(), Misuse> + 'a;

fn with_write_buffer(octets: usize) -> Config {
    Config::with_limits(Limits::builder().max_write_buffer(octets).build().unwrap())
}

fn close_frame(code: u16, reason: &str) -> Option<CloseFrame<'_>> {
    Some(CloseFrame { code: CloseCode::new(code), reason })
}

fn queued(connection: &Connection) -> Vec<u8> {
    connection.poll_output().flatten().copied().collect()
}

/// Every call that sends something, and the frame it makes.
fn all_calls() -> Vec<(Call, Frame)> {
    vec![
        (|c| c.send(&Message::text("t")), text("t")),
        (|c| c.send(&Message::binary("b")), binary(b"b")),
        (|c| c.send_text("κόσμε"), text("κόσμε")),
        (|c| c.send_binary(b"\xFF"), binary(b"\xFF")),
        (|c| c.send_prepared(&PreparedMessage::new(&Message::text("p"))), text("p")),
        (|c| c.send_fragment(Text, b"f", true), text("f")),
        (|c| c.ping(b"ping"), ping(b"ping")),
        (|c| c.pong(b"pong"), pong(b"pong")),
    ]
}

#[test]
fn every_call_makes_its_frame_in_order() {
    for role in BOTH_ROLES {
        let mut driver = Driver::plain(role);
        let (calls, mut frames): (Vec<_>, Vec<_>) = all_calls().into_iter().unzip();
        calls.iter().for_each(|call| call(&mut driver.connection).unwrap());
        driver.connection.close(close_frame(3000, "bye"), NOW).unwrap();
        frames.push(Frame::close(3000, "bye"));
        driver.write_all();
        assert_eq!(driver.frames(), frames, "{role:?}");
    }
}

#[test]
fn messages_of_every_length_class() {
    for role in BOTH_ROLES {
        for len in [0, 1, 125, 126, 127, 8_191, 8_192, 65_535, 65_536, 200_000] {
            let payload = vec![b'x'; len];
            let message = Message::binary(payload.clone());
            let calls: [&Sending<'_>; 4] = [
                &|c| c.send(&message),
                &|c| c.send_binary(&payload),
                &|c| c.send_prepared(&PreparedMessage::new(&message)),
                &|c| c.send_fragment(Binary, &payload, true),
            ];
            for call in calls {
                let mut driver = Driver::plain(role);
                call(&mut driver.connection).unwrap();
                driver.write_all();
                assert_eq!(driver.frames(), [binary(&payload)], "{len} as {role:?}");
            }
        }
    }
}

#[test]
fn fragments_may_have_controls_between_and_cut_code_points() {
    for role in BOTH_ROLES {
        let mut driver = Driver::plain(role);
        let c = &mut driver.connection;
        c.send_fragment(Text, &[0xE2], false).unwrap();
        c.ping(b"1").unwrap();
        c.send_fragment(Text, &[], false).unwrap();
        c.pong(b"2").unwrap();
        c.send_fragment(Text, &[0x82, 0xAC], true).unwrap();
        c.send_fragment(Binary, b"a", false).unwrap();
        c.send_fragment(Binary, b"b", true).unwrap();
        c.send_text("next").unwrap();
        c.send_fragment(Text, b"left open", false).unwrap();
        c.close(None, NOW).unwrap();
        driver.write_all();
        #[rustfmt::skip]
        assert_eq!(driver.frames(), [
            text_start(&[0xE2]), ping(b"1"), continuation(false, b""), pong(b"2"),
            continuation(true, &[0x82, 0xAC]),
            Frame::new(false, BINARY, *b"a"), continuation(true, b"b"),
            text("next"), Frame::new(false, TEXT, *b"left open"), Frame::new(true, CLOSE, []),
        ]);
    }
}

#[test]
fn a02_misuse_leaves_the_wire_untouched_and_the_connection_usable() {
    const TOO_LONG: &[u8] = &[0; 126];
    const REASON: &str = match str::from_utf8(&[b'x'; 124]) {
        Ok(reason) => reason,
        Err(_) => "",
    };
    let open: Call = |c| c.send_fragment(Text, b"open", false);
    let idle: Call = |_| Ok(());
    #[rustfmt::skip]
    let table: &[(&str, Call, Call, Misuse)] = &[
        ("ping of 126",          idle, |c| c.ping(TOO_LONG),                          Misuse::ControlTooLong),
        ("pong of 126",          idle, |c| c.pong(TOO_LONG),                          Misuse::ControlTooLong),
        ("reason of 124",        idle, |c| c.close(close_frame(1000, REASON), NOW),   Misuse::ReasonTooLong),
        ("reason of 124, open",  open, |c| c.close(close_frame(1000, REASON), NOW),   Misuse::ReasonTooLong),
        ("code 0",               idle, |c| c.close(close_frame(0, ""), NOW),          Misuse::CloseCodeNotSendable),
        ("code 999",             idle, |c| c.close(close_frame(999, ""), NOW),        Misuse::CloseCodeNotSendable),
        ("code 1004",            idle, |c| c.close(close_frame(1004, ""), NOW),       Misuse::CloseCodeNotSendable),
        ("code 1005",            idle, |c| c.close(close_frame(1005, ""), NOW),       Misuse::CloseCodeNotSendable),
        ("code 1006",            idle, |c| c.close(close_frame(1006, ""), NOW),       Misuse::CloseCodeNotSendable),
        ("code 1015",            idle, |c| c.close(close_frame(1015, ""), NOW),       Misuse::CloseCodeNotSendable),
        ("code 2999",            idle, |c| c.close(close_frame(2999, ""), NOW),       Misuse::CloseCodeNotSendable),
        ("code 5000",            idle, |c| c.close(close_frame(5000, ""), NOW),       Misuse::CloseCodeNotSendable),
        ("code 65535",           idle, |c| c.close(close_frame(65535, ""), NOW),      Misuse::CloseCodeNotSendable),
        ("a message inside",     open, |c| c.send(&Message::text("x")),               Misuse::MessageOpen),
        ("a text inside",        open, |c| c.send_text("x"),                          Misuse::MessageOpen),
        ("a binary inside",      open, |c| c.send_binary(b"x"),                       Misuse::MessageOpen),
        ("a prepared one inside", open, |c| c.send_prepared(&PreparedMessage::new(&Message::text("x"))), Misuse::MessageOpen),
        ("another kind inside",  open, |c| c.send_fragment(Binary, b"x", true),       Misuse::MessageKindChanged),
    ];
    for &(name, before, call, misuse) in table {
        for role in BOTH_ROLES {
            let mut driver = Driver::plain(role);
            let c = &mut driver.connection;
            before(c).unwrap();
            c.ping(b"queued").unwrap();
            let wire = queued(c);
            assert_eq!(call(c), Err(misuse), "{name} as {role:?}");
            assert_eq!(queued(c), wire, "{name} as {role:?}");
            assert_eq!((c.may_send(), c.poll_timeout()), (true, None), "{name} as {role:?}");
            // As usable as before, and for the message that is open, too.
            c.send_fragment(Text, b"end", true).expect(name);
            c.send_text("next").expect(name);
            c.close(close_frame(1000, "bye"), NOW).expect(name);
            driver.write_all();
            assert_eq!(driver.frames().last(), Some(&Frame::close(1000, "bye")), "{name}");
        }
    }
}

#[test]
fn a01_nothing_is_sent_after_a_close() {
    let ours: Call = |c| c.close(None, NOW);
    let theirs_or_breach: [&[Frame]; 2] = [&[Frame::close(1000, "")], &[text("").rsv(7)]];
    for role in BOTH_ROLES {
        let mut ended = vec![Driver::plain(role)];
        ours(&mut ended[0].connection).unwrap();
        for frames in theirs_or_breach {
            let mut driver = Driver::plain(role);
            driver.feed_silently(&oracle::wire_to(role, frames));
            ended.push(driver);
        }
        for mut driver in ended {
            let c = &mut driver.connection;
            let wire = queued(c);
            assert!(!c.may_send());
            for (call, frame) in all_calls() {
                assert_eq!(call(c), Err(Misuse::SendAfterClose), "{frame:?} as {role:?}");
            }
            assert_eq!(ours(c), Err(Misuse::SendAfterClose));
            assert_eq!(queued(c), wire);
            driver.write_all();
            assert_eq!(driver.frames().len(), 1, "the Close alone");
        }
    }
}

#[test]
fn a04_a_full_write_buffer_refuses_and_gives_the_message_back() {
    for role in BOTH_ROLES {
        let mut driver = Driver::new(role, with_write_buffer(1000));
        let c = &mut driver.connection;
        let message = Message::binary(vec![7; 100]);
        let mut sent = 0;
        while c.has_room(100) {
            c.send(&message).unwrap();
            sent += 1;
        }
        assert!((8..=9).contains(&sent), "{sent} messages of 100 octets fit 1000");
        assert!(c.output_len() <= 1000);
        let wire = queued(c);
        let refused: [Call; 5] = [
            |c| c.send_text(&"x".repeat(100)),
            |c| c.send_binary(&[7; 100]),
            |c| c.send_prepared(&PreparedMessage::new(&Message::binary(vec![7; 100]))),
            |c| c.send_fragment(Binary, &[7; 100], false),
            |c| c.ping(&[7; 100]),
        ];
        for call in refused {
            assert_eq!(call(c), Err(Misuse::WriteBufferFull), "{role:?}");
        }
        assert_eq!(c.send(&message), Err(Misuse::WriteBufferFull));
        assert_eq!(queued(c), wire, "the wire is untouched");
        // Part of it written: room again, and the same message goes.
        driver.write_some(200);
        driver.connection.send(&message).unwrap();
        driver.write_all();
        assert_eq!(driver.frames(), vec![binary(&[7; 100]); sent + 1], "{role:?}");
    }
}

#[test]
fn a04_has_room_tells_what_send_does() {
    for role in BOTH_ROLES {
        for queued_len in [0, 1, 50, 84, 85, 86, 90, 99, 100, 101] {
            for len in 0..=120 {
                let mut driver = Driver::new(role, with_write_buffer(100));
                let c = &mut driver.connection;
                c.send_binary(&vec![0; queued_len]).unwrap();
                let (had_room, before) = (c.has_room(len), c.output_len());
                let sent = c.send_binary(&vec![0; len]);
                assert_eq!(sent.is_ok(), had_room, "{len} behind {queued_len}");
                let grown = c.output_len();
                assert!(if had_room { grown <= 100 } else { grown == before }, "{len}");
            }
        }
    }
}

#[test]
fn a05_one_longer_message_may_pass_an_empty_buffer() {
    for role in BOTH_ROLES {
        let long = Bytes::from(vec![7; 50_000]);
        let mut driver = Driver::new(role, with_write_buffer(1000));
        let c = &mut driver.connection;
        c.send(&Message::Binary(long.clone())).unwrap();
        assert_eq!(c.send_binary(b""), Err(Misuse::WriteBufferFull));
        assert_eq!(c.ping(b""), Err(Misuse::WriteBufferFull));
        driver.write_some(40_000);
        assert_eq!(driver.connection.ping(b""), Err(Misuse::WriteBufferFull));
        // A Close always goes.
        driver.connection.close(None, NOW).unwrap();
        driver.write_all();
        assert_eq!(driver.frames(), [binary(&long), Frame::new(true, CLOSE, [])], "{role:?}");
    }
}

#[test]
fn a06_limits_that_contradict_each_other_are_not_built() {
    const ZERO: Duration = Duration::ZERO;
    type Change = fn(LimitsBuilder) -> LimitsBuilder;
    #[rustfmt::skip]
    let refused: &[(&str, Change)] = &[
        ("max_message_len",      |l| l.max_message_len(0)),
        ("max_frame_len",        |l| l.max_frame_len(0)),
        ("max_fragments",        |l| l.max_fragments(0)),
        ("max_pings",            |l| l.max_pings(0)),
        ("ping_window",          |l| l.ping_window(ZERO)),
        ("max_write_buffer",     |l| l.max_write_buffer(0)),
        ("close_timeout",        |l| l.close_timeout(ZERO)),
        ("fin_timeout",          |l| l.fin_timeout(ZERO)),
        ("max_head_len",         |l| l.max_head_len(0)),
        ("max_request_line_len", |l| l.max_request_line_len(0)),
        ("max_header_fields",    |l| l.max_header_fields(0)),
        ("handshake_timeout",    |l| l.handshake_timeout(ZERO)),
        ("frame over message",   |l| l.max_message_len(10).max_frame_len(11)),
        ("line over head",       |l| l.max_head_len(10).max_request_line_len(11)),
    ];
    for (name, change) in refused {
        let built = change(Limits::builder()).build();
        assert_eq!(built, Err(Misuse::LimitsContradict), "{name}");
    }
    let built = Limits::builder().max_message_len(10).max_frame_len(10).max_pings(1).build();
    let built = built.unwrap();
    assert_eq!((built.max_message_len(), built.max_frame_len(), built.max_pings()), (10, 10, 1));
    assert_eq!(Limits::builder().build(), Ok(Limits::default()));
    // Section 5 of the acceptance list, in numbers.
    let limits = Limits::default();
    assert_eq!((limits.max_message_len(), limits.max_frame_len()), (16 << 20, 16 << 20));
    assert_eq!((limits.max_fragments(), limits.max_write_buffer()), (131_072, 1 << 20));
    assert_eq!((limits.max_pings(), limits.ping_window()), (1000, Duration::from_secs(10)));
    assert_eq!(limits.close_timeout(), Duration::from_secs(5));
    assert_eq!(limits.fin_timeout(), Duration::from_secs(2));
}
