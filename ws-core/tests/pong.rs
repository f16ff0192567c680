//! Pings and their answers: all while the peer reads, the latest while it does not, none over the
//! budget. (F31, F32, F33, F34; RFC 6455 §5.5.2, §5.5.3)
#![cfg(feature = "alloc")]

use std::time::Duration;

use ws_core::connection::{Config, Connection, Event, Transport};
use ws_core::{Limits, Role, Violation};

use oracle::{Frame, binary, ping, pong, text, wire_to};
use support::{BOTH_ROLES, Driver, NOW, Seen, seen_violation};

mod oracle;
mod support;

fn numbered(numbers: std::ops::Range<u32>) -> Vec<Frame> {
    numbers.map(|n| ping(&n.to_be_bytes())).collect()
}

fn answers(numbers: std::ops::Range<u32>) -> Vec<Frame> {
    numbers.map(|n| pong(&n.to_be_bytes())).collect()
}

fn with_pings(max_pings: u32, window: Duration) -> Config {
    let limits = Limits::builder().max_pings(max_pings).ping_window(window).build();
    Config::with_limits(limits.expect("consistent"))
}

#[test]
fn f32_ten_pings_at_once_have_ten_pongs_in_order() {
    for role in BOTH_ROLES {
        let wire = wire_to(role, &numbered(0..10));
        let at_once = Driver::plain(role).feed(&wire).log();
        assert_eq!(at_once.output, answers(0..10), "{role:?}");
        let cuts: Vec<_> = (0..wire.len()).collect();
        let by_octets = Driver::plain(role).feed_cut(&wire, &cuts).log();
        assert_eq!(by_octets.output, answers(0..10), "{role:?}");
    }
}

#[test]
fn f32_any_payload_comes_back_and_takes_its_turn() {
    for role in BOTH_ROLES {
        for len in [0, 1, 124, 125] {
            let mut driver = Driver::plain(role);
            driver.connection.send_text("before").unwrap();
            driver.feed_silently(&wire_to(role, &[ping(&vec![7; len])]));
            driver.connection.send_text("behind").unwrap();
            driver.write_all();
            let expected = [text("before"), pong(&vec![7; len]), text("behind")];
            assert_eq!(driver.frames(), expected, "{len} as {role:?}");
        }
    }
}

#[test]
fn f31_a_short_pong_for_which_there_is_room_takes_the_place_of_a_long_one_that_waits() {
    for role in BOTH_ROLES {
        let limits = Limits::builder().max_write_buffer(300).build().expect("consistent");
        let mut driver = Driver::new(role, Config::with_limits(limits));
        driver.connection.send_binary(&[0; 200]).unwrap();
        driver.feed_silently(&wire_to(role, &[ping(&[1; 100])]));
        driver.feed_silently(&wire_to(role, &[ping(&[2; 10])]));
        driver.write_all();
        driver.write_all();
        assert_eq!(driver.frames(), [binary(&[0; 200]), pong(&[2; 10])], "{role:?}");
    }
}

/// Blocked is whoever took less than was offered, be it nothing.
#[test]
fn f31_while_blocked_only_the_latest_pong_waits() {
    for role in BOTH_ROLES {
        for taken in [0, 1, 5, 6] {
            let mut driver = Driver::plain(role);
            driver.connection.send_text("queued").unwrap();
            driver.write_some(taken);
            let before = driver.connection.output_len();
            driver.feed_silently(&wire_to(role, &numbered(0..500)));
            assert_eq!(driver.connection.output_len(), before, "pongs wait outside the output");
            // A little more is written: still blocked.
            driver.write_some(1);
            driver.feed_silently(&wire_to(role, &numbered(500..600)));
            assert_eq!(driver.connection.output_len(), before - 1);
            driver.write_all();
            driver.write_all();
            let expected = [vec![text("queued")], answers(599..600)].concat();
            assert_eq!(driver.frames(), expected, "{taken} as {role:?}");
            // The peer reads again: every Ping is answered again.
            driver.feed(&wire_to(role, &numbered(600..603)));
            driver.write_all();
            assert_eq!(driver.frames()[2..], answers(600..603), "{role:?}");
            assert_eq!(driver.notes.events.len(), 603, "each Ping was told");
        }
    }
}

#[test]
fn f31_pongs_queued_before_the_block_stay() {
    for role in BOTH_ROLES {
        let mut driver = Driver::plain(role);
        driver.feed_silently(&wire_to(role, &numbered(0..3)));
        driver.write_some(1);
        driver.feed_silently(&wire_to(role, &numbered(3..8)));
        driver.write_all();
        driver.write_all();
        let expected = [answers(0..3), answers(7..8)].concat();
        assert_eq!(driver.frames(), expected, "{role:?}");
    }
}

/// The peer never reads and nothing is ever written: the output stays within its limit.
#[test]
fn f31_a_full_write_buffer_keeps_the_latest_too() {
    let limits = Limits::builder().max_write_buffer(1000).max_pings(u32::MAX).build().unwrap();
    for role in BOTH_ROLES {
        let mut driver = Driver::new(role, Config::with_limits(limits));
        driver.feed_silently(&wire_to(role, &numbered(0..100_000)));
        let queued = driver.connection.output_len();
        assert!(queued <= 1000, "{queued}");
        driver.write_all();
        driver.write_all();
        let frames = driver.frames();
        let (last, first) = frames.split_last().unwrap();
        assert!(first.len() >= 900 / 14, "as many as the buffer holds");
        assert_eq!(first, answers(0..u32::try_from(first.len()).unwrap()), "in order");
        assert_eq!(*last, pong(&99_999_u32.to_be_bytes()), "and the latest");
    }
}

#[test]
fn f31_a_waiting_pong_never_follows_a_close() {
    let closes: [fn(&mut Driver, Role); 3] = [
        |driver, _| driver.connection.close(None, NOW).unwrap(),
        |driver, role| driver.feed_silently(&wire_to(role, &[Frame::close(1000, "")])),
        |driver, role| driver.feed_silently(&wire_to(role, &[text("").rsv(7)])),
    ];
    for role in BOTH_ROLES {
        for close in closes {
            let mut driver = Driver::plain(role);
            driver.connection.send_text("queued").unwrap();
            driver.write_some(3);
            driver.feed_silently(&wire_to(role, &[ping(b"too late")]));
            close(&mut driver, role);
            driver.write_some(5);
            driver.write_all();
            driver.write_all();
            let opcodes: Vec<_> = driver.frames().iter().map(|frame| frame.opcode).collect();
            assert_eq!(opcodes, [oracle::TEXT, oracle::CLOSE], "{role:?}");
        }
    }
}

fn ping_at(driver: &mut Driver, role: Role, millis: u64) -> bool {
    driver.now = NOW + Duration::from_millis(millis);
    driver.feed(&wire_to(role, &[ping(b"")]));
    driver.connection.may_send()
}

/// F33: a window begins with the first Ping in it.
#[test]
fn f33_the_budget_is_for_a_window_of_time() {
    let window = Duration::from_secs(10);
    // The budget is 3: times in milliseconds, and whether the last Ping is over it.
    #[rustfmt::skip]
    let table: &[(&[u64], bool)] = &[
        (&[0, 0, 0],                        false),
        (&[0, 0, 0, 0],                     true),
        (&[0, 0, 0, 9_999],                 true),
        (&[0, 0, 0, 10_000],                false),
        (&[0, 9_999, 9_999, 9_999],         true),
        (&[0, 9_999, 9_999, 10_000],        false),
        (&[5_000, 5_000, 5_000, 14_999],    true),
        (&[5_000, 5_000, 5_000, 15_000],    false),
        (&[0, 10_000, 10_000, 10_000],      false),
        (&[0, 10_000, 10_000, 10_000, 19_999], true),
    ];
    for &(times, over) in table {
        for role in BOTH_ROLES {
            let mut driver = Driver::new(role, with_pings(3, window));
            let (last, first) = times.split_last().unwrap();
            for &time in first {
                assert!(ping_at(&mut driver, role, time), "{times:?} as {role:?}");
            }
            assert_eq!(!ping_at(&mut driver, role, *last), over, "{times:?} as {role:?}");
            let failed =
                driver.notes.events.last() == Some(&seen_violation(Violation::TooManyPings));
            assert_eq!(failed, over, "{times:?} as {role:?}");
        }
    }
}

#[test]
fn f33_the_default_budget_is_1000_in_10_seconds() {
    for role in BOTH_ROLES {
        let mut driver = Driver::plain(role);
        driver.feed(&wire_to(role, &numbered(0..1000)));
        assert_eq!(driver.log().output, answers(0..1000), "{role:?}");
        driver.feed(&wire_to(role, &numbered(1000..1002)));
        let log = driver.log();
        assert_eq!(log.events.last(), Some(&seen_violation(Violation::TooManyPings)));
        let reason = Violation::TooManyPings.reason();
        assert_eq!(log.output[1000..], [Frame::close(1008, reason)], "{role:?}");
        assert_eq!(log.transport, Transport::ShutDown);
    }
}

#[test]
fn f33_counts_with_auto_pong_off_too() {
    for role in BOTH_ROLES {
        let mut config = with_pings(5, Duration::from_secs(1));
        config.auto_pong = false;
        let log = Driver::new(role, config).feed(&wire_to(role, &numbered(0..6))).log();
        assert_eq!(log.events.last(), Some(&seen_violation(Violation::TooManyPings)));
    }
}

/// F34: pongs nobody asked for cost nothing, however many.
#[test]
fn f34_pongs_are_told_and_never_answered() {
    for role in BOTH_ROLES {
        let mut connection: Connection = support::connect(role, Config::default());
        let one = wire_to(role, &[pong(b"again")]);
        for _ in 0..100_000 {
            let mut wire = one.clone();
            let received = connection.handle_input(&mut wire, NOW);
            let Some(Event::Pong(payload)) = received.event else { panic!("a pong") };
            assert_eq!((payload.octets(), received.discard), (&b"again"[..], one.len()));
        }
        assert_eq!((connection.output_len(), connection.may_send()), (0, true), "{role:?}");
    }
    for role in BOTH_ROLES {
        let frames = [pong(b"a"), binary(b"x"), pong(b"a"), pong(b"")];
        let log = support::log_of(role, &frames);
        assert_eq!(log.events.iter().filter(|seen| matches!(seen, Seen::Pong(_))).count(), 3);
        assert_eq!(log.output, []);
    }
}
