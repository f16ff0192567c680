//! The deadlines of an open connection on a simulated clock: silence, keepalive, stalled writes, slow
//! messages, and a clock that jumps. (T11, T13, T15, T16, T17, A06)
#![cfg(feature = "alloc")]

use std::time::Duration;

use ws_core::connection::{Config, Deadlines, DeadlinesBuilder, Delivery, Failure, Transport};
use ws_core::{CloseCode, Misuse, Role, Violation};

use oracle::{Frame, PING, binary, ping, pong, text, text_start, wire_to};
use support::{BOTH_ROLES, Driver, NOW, Seen, seen_violation};

mod oracle;
mod support;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

type Build = fn(DeadlinesBuilder) -> DeadlinesBuilder;

fn with(build: Build) -> Config {
    let mut config = Config::default();
    config.deadlines = build(Deadlines::builder()).build().unwrap();
    config
}

/// Ping after 30 s, 20 s for its Pong.
fn keepalive() -> Config {
    with(|d| d.ping_interval(30 * SECOND))
}

/// A connection that was told the time.
fn driver(role: Role, config: Config) -> Driver {
    let mut driver = Driver::new(role, config);
    assert_eq!(driver.connection.poll_timeout(), Some(Duration::ZERO), "it asks for the time");
    driver.timeout_at(NOW);
    driver
}

/// Whether the transport takes what is queued.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Peer {
    Reads,
    DoesNotRead,
}

/// Sleeps as a driver does, from deadline to deadline, until this long after the start. Returns how
/// often it was woken.
fn sleep_until(driver: &mut Driver, after: Duration, peer: Peer) -> usize {
    let mut wakes = 0;
    while let Some(next) = driver.connection.poll_timeout().filter(|next| *next <= NOW + after) {
        assert!(next >= driver.now, "no deadline lies in the past once the time was told");
        driver.timeout_at(next);
        match peer {
            Peer::Reads => drop(driver.write_all()),
            Peer::DoesNotRead => driver.connection.handle_blocked(next),
        }
        wakes += 1;
        assert!(wakes < 10_000, "a deadline that does not move on");
    }
    driver.now = NOW + after;
    wakes
}

fn pings(driver: &Driver) -> Vec<Frame> {
    driver.frames().into_iter().filter(|frame| frame.opcode == PING).collect()
}

fn failed(failure: Failure) -> Vec<Seen> {
    vec![Seen::Failed(failure)]
}

#[test]
fn off_by_default_there_is_nothing_to_wait_for() {
    for role in BOTH_ROLES {
        let mut driver = Driver::plain(role);
        assert_eq!(driver.connection.poll_timeout(), None);
        driver.timeout_at(NOW + HOUR).feed(&wire_to(role, &[text_start(b"half")]));
        driver.timeout_at(NOW + 2 * HOUR);
        assert_eq!((driver.connection.poll_timeout(), driver.written.len()), (None, 0));
        assert!(driver.log().events.is_empty());
    }
}

#[test]
fn a06_deadlines_that_make_no_sense_are_refused() {
    const ZERO: Duration = Duration::ZERO;
    #[rustfmt::skip]
    let refused: [(&str, Build); 7] = [
        ("idle",              |d| d.idle(ZERO)),
        ("ping_interval",     |d| d.ping_interval(ZERO)),
        ("pong_timeout",      |d| d.pong_timeout(ZERO)),
        ("write_timeout",     |d| d.write_timeout(ZERO)),
        ("no octets",         |d| d.min_rate(0, SECOND)),
        ("in no time",        |d| d.min_rate(1, ZERO)),
        ("idle before asked", |d| d.idle(SECOND).ping_interval(SECOND)),
    ];
    for (name, build) in refused {
        let built = build(Deadlines::builder()).build();
        assert_eq!(built, Err(Misuse::DeadlinesContradict), "{name}");
    }
    assert_eq!(Deadlines::builder().build(), Ok(Deadlines::OFF));
    assert_eq!(Config::default().deadlines, Deadlines::OFF);
    // Section 5 of the acceptance list, in numbers.
    let server = Deadlines::SERVER;
    assert_eq!(server.ping_interval(), Some(30 * SECOND));
    assert_eq!(server.pong_timeout(), 20 * SECOND);
}

#[test]
fn t13_nothing_received_for_too_long_is_idle() {
    for role in BOTH_ROLES {
        for answers in [None, Some(ping(b"")), Some(pong(b"")), Some(text(""))] {
            let mut driver = driver(role, with(|d| d.idle(60 * SECOND)));
            let mut end = 60 * SECOND;
            if let Some(frame) = answers {
                // Whatever it is, it is a sign of life.
                sleep_until(&mut driver, 59 * SECOND, Peer::Reads);
                driver.feed(&wire_to(role, &[frame]));
                end = 119 * SECOND;
            }
            sleep_until(&mut driver, end - Duration::from_nanos(1), Peer::Reads);
            assert!(driver.connection.may_send());
            sleep_until(&mut driver, end, Peer::Reads);
            assert_eq!(driver.notes.events.last(), Some(&seen_violation(Violation::Idle)));
            let close = Frame::close(1008, Violation::Idle.reason());
            assert_eq!(driver.frames().last(), Some(&close));
        }
    }
}

/// One octet every ten seconds of something, under "at least 20 octets in 60 s".
#[test]
fn t13_slow_frames_fragments_and_closes_are_too_slow() {
    let mut slow: Vec<(&str, Vec<Frame>)> = vec![
        ("frame", vec![binary(&[0; 200])]),
        ("fragments", vec![text_start(b"a")]),
        ("close", vec![Frame::close(1000, &"reason".repeat(10))]),
        ("ping", vec![ping(&[0; 100])]),
    ];
    slow[1].1.extend((0..100).map(|_| oracle::continuation(false, b"x")));
    for role in BOTH_ROLES {
        for delivery in [Delivery::Messages, Delivery::Pieces] {
            for (name, frames) in &slow {
                let mut config = with(|d| d.min_rate(20, 60 * SECOND));
                config.delivery = delivery;
                let mut driver = driver(role, config);
                // The clock starts with the first octet, not before.
                sleep_until(&mut driver, HOUR, Peer::Reads);
                for (nth, octet) in (0..).zip(wire_to(role, frames)) {
                    sleep_until(&mut driver, HOUR + 10 * nth * SECOND, Peer::Reads);
                    if !driver.connection.may_send() {
                        break;
                    }
                    driver.feed(&[octet]);
                }
                let events = &driver.notes.events;
                assert_eq!(events, &[seen_violation(Violation::TooSlow)], "{role:?}, {name}");
                assert_eq!(driver.now, NOW + HOUR + 60 * SECOND, "{role:?}, {name}");
                let close = Frame::close(1008, Violation::TooSlow.reason());
                assert_eq!(driver.frames(), [close], "{role:?}, {name}");
            }
        }
    }
}

#[test]
fn t13_a_message_that_keeps_the_rate_may_take_all_day() {
    for role in BOTH_ROLES {
        let mut driver = driver(role, with(|d| d.min_rate(20, 60 * SECOND)));
        let octets = wire_to(role, &[binary(&[7; 8000])]);
        for (nth, some) in (0..).zip(octets.chunks(20)) {
            sleep_until(&mut driver, 59 * nth * SECOND, Peer::Reads);
            driver.feed(some);
        }
        assert_eq!(driver.log().events, [Seen::Binary(vec![7; 8000])]);
        assert_eq!(driver.connection.poll_timeout(), None, "nothing is under way");
    }
}

#[test]
fn t15_a_peer_that_is_gone_is_noticed() {
    for role in BOTH_ROLES {
        for peer in [Peer::Reads, Peer::DoesNotRead] {
            for heard in [0, 7, 29, 45] {
                let mut driver = driver(role, keepalive());
                sleep_until(&mut driver, heard * SECOND, Peer::Reads);
                let nonce = pings(&driver).pop().unwrap_or(ping(b"")).payload;
                driver.feed(&wire_to(role, &[pong(&nonce)]));
                driver.notes.events.clear();
                let end = (heard + 50) * SECOND;
                sleep_until(&mut driver, end - Duration::from_nanos(1), peer);
                assert!(driver.connection.may_send(), "{role:?}, {peer:?}, {heard}");
                sleep_until(&mut driver, end, peer);
                assert_eq!(driver.notes.events, failed(Failure::PongTimeout));
                // Who is not there reads no Close, either.
                assert_eq!(driver.connection.poll_transport(), Transport::Close);
                assert!(driver.frames().iter().all(|frame| frame.opcode == PING));
                assert_eq!(driver.connection.poll_timeout(), None);
            }
        }
    }
}

#[test]
fn t16_a_peer_that_is_back_before_the_deadline_stays() {
    for role in BOTH_ROLES {
        // Its Pong, and anything else.
        for answer in [None, Some(text("still here"))] {
            let mut driver = driver(role, keepalive());
            for nth in 1..=20 {
                // 30 s after the last sign of life it was asked; 19.9 s later it answers.
                let at = Duration::from_millis(49_900) * nth;
                sleep_until(&mut driver, at, Peer::Reads);
                assert_eq!(
                    pings(&driver).len(),
                    if answer.is_some() { nth.min(4) } else { nth } as usize
                );
                let nonce = pings(&driver).pop().unwrap().payload;
                let frame = answer.clone().unwrap_or(pong(&nonce));
                driver.feed(&wire_to(role, &[frame]));
            }
            assert!(driver.connection.may_send() && driver.log().events.len() == 20);
        }
    }
}

#[test]
fn keepalive_pings_are_measured_and_at_most_four_unanswered() {
    for role in BOTH_ROLES {
        let config = with(|d| d.ping_interval(10 * SECOND).pong_timeout(HOUR));
        let mut driver = driver(role, config);
        sleep_until(&mut driver, 600 * SECOND, Peer::Reads);
        let sent = pings(&driver);
        assert_eq!(sent.len(), 4, "no fifth");
        assert!(sent.iter().all(|ping| ping.payload.len() == 8));
        assert!(sent.windows(2).all(|two| two[0].payload != two[1].payload), "fresh nonces");
        assert_eq!(driver.connection.round_trip(), None);
        // Nobody's Pong; then the third's, 600 - 30 seconds after it was sent; the first is answered too.
        for (payload, round_trip) in [
            (&b"unasked"[..], None),
            (&sent[2].payload, Some(570 * SECOND)),
            (&sent[0].payload, Some(570 * SECOND)),
            (&sent[3].payload, Some(560 * SECOND)),
        ] {
            driver.feed(&wire_to(role, &[pong(payload)]));
            assert_eq!(driver.connection.round_trip(), round_trip);
        }
        sleep_until(&mut driver, 1000 * SECOND, Peer::Reads);
        assert_eq!(pings(&driver).len(), 8, "four more");
    }
}

#[test]
fn pings_of_the_application_are_nobody_s_keepalive() {
    let mut driver = driver(Role::Server, keepalive());
    driver.connection.ping(b"mine").unwrap();
    driver.write_all();
    driver.feed(&wire_to(Role::Server, &[pong(b"mine")]));
    assert_eq!(driver.connection.round_trip(), None);
    assert_eq!(driver.log().events, [Seen::Pong(b"mine".to_vec())]);
}

#[test]
fn t13_a_long_message_is_as_good_as_a_pong() {
    for role in BOTH_ROLES {
        let mut driver = driver(role, keepalive());
        let octets = wire_to(role, &[binary(&[7; 300])]);
        for (nth, octet) in (0..).zip(octets) {
            sleep_until(&mut driver, 40 * nth * SECOND, Peer::Reads);
            driver.feed(&[octet]);
        }
        // Each was asked for, since it took longer than 30 s; but no Pong came: it is not four that
        // were answered, only four that were sent.
        assert_eq!(driver.log().events, [Seen::Binary(vec![7; 300])]);
        assert_eq!(pings(&driver).len(), 4);
    }
}

#[test]
fn t11_a_slow_reader_that_takes_something_is_not_a_stalled_one() {
    for role in BOTH_ROLES {
        let mut driver = driver(role, with(|d| d.write_timeout(50 * SECOND)));
        driver.connection.send_binary(&[1; 5000]).unwrap();
        for nth in 1..100 {
            driver.connection.handle_blocked(driver.now);
            sleep_until(&mut driver, 49 * nth * SECOND, Peer::DoesNotRead);
            assert!(driver.connection.may_send());
            assert_eq!(driver.write_some(1), 1);
        }
        driver.connection.handle_blocked(driver.now);
        let stalled = driver.now - NOW;
        assert_eq!(driver.connection.poll_write_timeout(), Some(driver.now + 50 * SECOND));
        sleep_until(&mut driver, stalled + 49 * SECOND, Peer::DoesNotRead);
        assert!(driver.connection.may_send());
        sleep_until(&mut driver, stalled + 50 * SECOND, Peer::DoesNotRead);
        assert_eq!(driver.notes.events, failed(Failure::WriteTimeout));
        assert_eq!(driver.connection.poll_transport(), Transport::Close);
    }
}

/// The Ping stands behind megabytes: its deadline counts from when it is written.
#[test]
fn t11_a_slow_reader_that_keeps_silent_is_asked_when_it_gets_there() {
    for role in BOTH_ROLES {
        let mut driver = driver(role, keepalive());
        driver.connection.send_binary(&[1; 100]).unwrap();
        sleep_until(&mut driver, 29 * SECOND, Peer::DoesNotRead);
        assert!(!driver.connection.clocks_writes());
        sleep_until(&mut driver, 30 * SECOND, Peer::DoesNotRead);
        assert!(driver.connection.clocks_writes(), "the Ping is on its way");
        let first = driver.connection.output_len();
        let mut at = 30;
        while driver.written.len() < first {
            at += 19;
            sleep_until(&mut driver, at * SECOND, Peer::DoesNotRead);
            driver.write_some(10);
            assert!(driver.connection.may_send());
        }
        // Those that were queued behind it put nothing off.
        sleep_until(&mut driver, (at + 19) * SECOND, Peer::Reads);
        assert!(driver.connection.may_send());
        sleep_until(&mut driver, (at + 20) * SECOND, Peer::Reads);
        assert_eq!(driver.notes.events, failed(Failure::PongTimeout));
    }
}

#[test]
fn t17_whatever_the_clock_does_at_most_one_deadline_fires_and_nothing_overflows() {
    #[rustfmt::skip]
    let builds: [(&str, Build, Option<Failure>); 4] = [
        ("idle",  |d| d.idle(60 * SECOND),                       Some(Failure::Violation(Violation::Idle))),
        ("ping",  |d| d.ping_interval(30 * SECOND),              None),
        ("rate",  |d| d.min_rate(20, SECOND),                    Some(Failure::Violation(Violation::TooSlow))),
        ("write", |d| d.write_timeout(SECOND),                   Some(Failure::WriteTimeout)),
    ];
    for role in BOTH_ROLES {
        for (name, build, expected) in builds {
            for jump in [HOUR, 24 * 365 * HOUR, Duration::MAX - NOW] {
                let mut driver = driver(role, with(build));
                driver.feed(&wire_to(role, &[text_start(b"open")]));
                driver.connection.send_text("queued").unwrap();
                driver.connection.handle_blocked(NOW);
                // One step, looked at several times.
                for _ in 0..3 {
                    driver.timeout_at(NOW + jump);
                }
                let events = driver.log().events;
                assert_eq!(events, expected.map(failed).unwrap_or_default(), "{name}, {jump:?}");
                if expected.is_none() {
                    driver.write_all();
                    assert_eq!(pings(&driver).len(), 1, "one Ping, however long it was");
                }
                // Back by ten years, or to zero: nothing is due that was not, and nothing panics.
                driver.timeout_at(NOW);
                driver.timeout_at(Duration::ZERO);
                driver.feed(&wire_to(role, &[ping(b"")]));
                assert_eq!(
                    driver.notes.events.iter().filter(|seen| seen.is_terminal()).count(),
                    events.len()
                );
            }
        }
    }
}

/// A suspended machine wakes up: the octets that came meanwhile are read first, as the documentation
/// of `handle_timeout` asks.
#[test]
fn t17_what_came_during_a_pause_counts_before_the_deadline() {
    for role in BOTH_ROLES {
        let config = with(|d| d.ping_interval(30 * SECOND).idle(45 * SECOND).write_timeout(HOUR));
        let mut driver = driver(role, config);
        sleep_until(&mut driver, 31 * SECOND, Peer::Reads);
        driver.now = NOW + HOUR;
        driver.feed(&wire_to(role, &[pong(&pings(&driver)[0].payload)]));
        driver.timeout_at(NOW + HOUR);
        assert!(driver.connection.may_send());
        assert_eq!(driver.connection.poll_timeout(), Some(NOW + HOUR + 30 * SECOND));
    }
}

/// Per message nothing is done but to store an instant: the next deadline moves by as much.
#[test]
fn deadlines_move_with_what_is_received_and_not_with_what_is_told() {
    for role in BOTH_ROLES {
        let mut driver = driver(role, with(|d| d.idle(60 * SECOND)));
        driver.now = NOW + SECOND;
        let mut two = wire_to(role, &[text("1"), text("2")]);
        let received = driver.connection.handle_input(&mut two, driver.now);
        let (discard, keep) = (received.discard, received.keep);
        assert_eq!(driver.connection.poll_timeout(), Some(NOW + 61 * SECOND));
        // The application takes its time: the second message is no newer for that.
        let rest = &mut two[discard..discard + keep];
        let received = driver.connection.handle_input(rest, NOW + 50 * SECOND);
        assert!(received.event.is_some());
        assert_eq!(driver.connection.poll_timeout(), Some(NOW + 61 * SECOND));
    }
}

#[test]
fn t14_once_we_close_the_closing_handshake_s_deadline_is_the_only_one() {
    for role in BOTH_ROLES {
        let config = with(|d| d.ping_interval(SECOND).idle(2 * SECOND).min_rate(1, SECOND));
        let mut driver = driver(role, config);
        let frame = ws_core::frame::CloseFrame { code: CloseCode::NORMAL, reason: "" };
        driver.connection.close(Some(frame), NOW).unwrap();
        driver.write_all();
        assert_eq!(sleep_until(&mut driver, 10 * SECOND, Peer::Reads), 1);
        assert_eq!(driver.log().events, failed(Failure::CloseTimeout));
        assert_eq!(driver.frames(), [Frame::close(1000, "")]);
    }
}
