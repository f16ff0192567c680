//! Compressed messages and limits: what a message inflates to, what it takes on the wire, and lengths
//! around every step; then ten thousand messages from zlib. (D01 to D03, D12, D16)
#![cfg(feature = "deflate")]

use allocation_counter::measure;
use ws_core::connection::{Config, Delivery, Event, Failure};
use ws_core::{Limits, Violation};

use deflate_support::{
    END, RSV1, Zlib, always, coded, connect_deflate, driver, noise, params, records, stored,
};
use oracle::{BINARY, Frame, continuation, ping, wire_to};
use support::{BOTH_ROLES, NOW, Seen, delivering, seen_violation};

mod deflate_support;
mod oracle;
mod support;

const DELIVERIES: [Delivery; 2] = [Delivery::Messages, Delivery::Pieces];

fn limited(max_message_len: u64, delivery: Delivery) -> Config {
    let limits = Limits::builder().max_message_len(max_message_len).build().unwrap();
    let mut config = Config::with_limits(limits);
    config.delivery = delivery;
    config
}

#[test]
fn d01_a_bomb_of_1_gib_is_stopped_at_the_limit() {
    const MAX: u64 = 1024 * 1024;
    // Zeros, a thousand to one: 1 GiB on 1 MiB of wire.
    let mut zlib = Zlib::new(9, 15, true);
    let mut bomb = Vec::new();
    let zeros = vec![0; 1 << 20];
    let first = zlib.message(&zeros);
    let next = zlib.message(&zeros);
    bomb.extend([&first[..], &[0, 0, 0xFF, 0xFF]].concat());
    for _ in 0..1022 {
        bomb.extend([&next[..], &[0, 0, 0xFF, 0xFF]].concat());
    }
    bomb.extend(next);
    let limits = |d| {
        let l = Limits::builder().max_message_len(MAX).max_coded_message_len(4 * MAX);
        let mut config = Config::with_limits(l.build().unwrap());
        config.delivery = d;
        config
    };
    for (role, delivery) in BOTH_ROLES.into_iter().flat_map(|r| DELIVERIES.map(|d| (r, d))) {
        let mut wire = wire_to(role, &[coded(BINARY, &bomb)]);
        let mut connection = connect_deflate(role, limits(delivery), &params(15, true), &always());
        let mut plain = 0;
        let mut last = None;
        let allocated = measure(|| {
            let mut start = 0;
            loop {
                let received = connection.handle_input(&mut wire[start..], NOW);
                start += received.discard;
                match received.event {
                    Some(Event::Piece(piece)) => plain += piece.octets.len(),
                    Some(Event::Failed(failure)) => last = Some(failure),
                    Some(event) => panic!("{event:?}"),
                    None => break,
                }
            }
        });
        assert_eq!(last, Some(Failure::Violation(Violation::MessageTooLong)), "{role:?}");
        let told = if delivery == Delivery::Pieces { 1 << 20 } else { 0 };
        assert_eq!(plain, told, "{role:?}, {delivery:?}: nothing beyond the limit");
        // The message, the context, and the Close.
        let held = match delivery {
            Delivery::Messages => MAX + 64 * 1024,
            Delivery::Pieces => 16 * 1024,
        };
        // Growing where it lies is a copy to the counter.
        let most = 2 * held + 128 * 1024;
        assert!(allocated.bytes_max < most, "{role:?}, {delivery:?}: {allocated:?}");
    }
}

#[test]
fn d02_the_limit_is_on_what_a_message_inflates_to() {
    const N: usize = 100_000;
    for (role, delivery) in BOTH_ROLES.into_iter().flat_map(|r| DELIVERIES.map(|d| (r, d))) {
        for (kind, plain) in [("zeros", vec![0; N + 1]), ("noise", noise(N + 1, 7))] {
            for len in [N - 1, N, N + 1] {
                let message = coded(BINARY, &Zlib::new(6, 15, false).message(&plain[..len]));
                for read in [1 << 20, 4096, 7] {
                    let mut driver = driver(role, limited(N as u64, delivery), &params(15, true));
                    for octets in wire_to(role, std::slice::from_ref(&message)).chunks(read) {
                        driver.feed(octets);
                    }
                    let events = driver.log().events;
                    let expected = if len <= N {
                        Seen::Binary(plain[..len].to_vec())
                    } else {
                        seen_violation(Violation::MessageTooLong)
                    };
                    assert!(
                        events == [expected],
                        "{kind}, {len} octets, {role:?}, {delivery:?}, {read}"
                    );
                }
            }
        }
    }
}

#[test]
fn d02_the_wire_has_a_limit_of_its_own() {
    let limits = Limits::builder().max_message_len(1000).max_coded_message_len(100);
    let config = Config::with_limits(limits.build().unwrap());
    let plain = stored(false, &[7; 94]);
    for (extra, ok) in [(0, true), (1, false)] {
        let payload = [&plain[..], &vec![0; extra], &END].concat();
        assert_eq!(payload.len(), 100 + extra);
        for role in BOTH_ROLES {
            let wire = wire_to(role, &[coded(BINARY, &payload)]);
            let events = driver(role, config, &params(15, true)).feed(&wire).log().events;
            let expected = if ok {
                Seen::Binary(vec![7; 94])
            } else {
                seen_violation(Violation::FrameTooLong)
            };
            assert_eq!(events, [expected], "{role:?}, {extra}");
        }
    }
}

#[test]
fn d03_a_bomb_in_fragments_and_over_messages() {
    const MAX: u64 = 10_000;
    let mut zlib = Zlib::new(6, 15, true);
    let full = zlib.message(&[0; 10_000]);
    let over = zlib.message(&[0; 10_001]);
    let fragments = |payload: &[u8]| {
        let mut frames: Vec<_> = payload.chunks(3).map(|c| continuation(false, c)).collect();
        frames[0] = Frame::new(false, BINARY, &payload[..3]).rsv(RSV1);
        frames.last_mut().unwrap().fin = true;
        frames
    };
    for role in BOTH_ROLES {
        for frames in [
            vec![coded(BINARY, &full), coded(BINARY, &over)],
            [fragments(&full), fragments(&over)].concat(),
        ] {
            let config = limited(MAX, Delivery::Messages);
            let log = driver(role, config, &params(15, true)).feed(&wire_to(role, &frames)).log();
            let failed = seen_violation(Violation::MessageTooLong);
            assert_eq!(
                log.events,
                [Seen::Binary(vec![0; 10_000]), failed],
                "the first that exceeds"
            );
        }
    }
}

#[test]
fn d12_empty_blocks_cost_time_by_their_octets() {
    // 16 MiB of empty stored blocks: nothing, and within the limit of the wire.
    let payload = [stored(false, b"").repeat(16 * 1024 * 1024 / 5), END.to_vec()].concat();
    for role in BOTH_ROLES {
        let wire = wire_to(role, &[coded(BINARY, &payload)]);
        let mut driver = driver(role, Config::default(), &params(15, true));
        assert_eq!(driver.feed(&wire).log().events, [Seen::Binary(Vec::new())], "{role:?}");
    }
}

/// A block with BFINAL ends its stream, and the next one has the window copied first.
#[test]
fn d12_streams_within_a_message_are_paid_for_by_its_octets() {
    let first = coded(BINARY, &[&stored(false, &noise(32 * 1024, 1))[..], &END].concat());
    let invalid = seen_violation(Violation::CompressedDataInvalid);
    let (nothing, pays) = ([0x03, 0x00], stored(true, b"abc"));
    let table = [
        ("four for nothing, one for ten octets", &nothing[..], 5, Some(Vec::new())),
        ("and no more", &nothing, 6, None),
        ("for 16 MiB", &nothing, 8 * 1024 * 1024, None),
        ("each pays for itself", &pays, 10_000, Some(b"abc".repeat(10_000))),
    ];
    for (name, stream, times, plain) in table {
        let payload = [stream.repeat(times), END.to_vec()].concat();
        let second = plain.map_or_else(|| invalid.clone(), Seen::Binary);
        for (role, delivery) in BOTH_ROLES.into_iter().flat_map(|r| DELIVERIES.map(|d| (r, d))) {
            let wire = wire_to(role, &[first.clone(), coded(BINARY, &payload)]);
            let mut driver = driver(role, delivering(delivery), &params(15, true));
            let events = driver.feed(&wire).log().events;
            assert!(events[1..] == [second.clone()], "{name}, {role:?}, {delivery:?}");
        }
    }
}

#[test]
fn d16_lengths_around_every_step_of_the_output() {
    for step in [512, 1024, 16 * 1024, 32 * 1024, 64 * 1024] {
        for len in (1..=3).flat_map(|k| k * step - 3..=k * step + 3) {
            let plain = records(len, len as u64);
            let frame = coded(BINARY, &Zlib::new(6, 15, false).message(&plain));
            for (role, delivery) in BOTH_ROLES.into_iter().flat_map(|r| DELIVERIES.map(|d| (r, d)))
            {
                let wire = wire_to(role, std::slice::from_ref(&frame));
                let mut driver = driver(role, delivering(delivery), &params(15, true));
                let events = driver.feed(&wire).log().events;
                assert!(
                    events == [Seen::Binary(plain.clone())],
                    "{len} octets, {role:?}, {delivery:?}"
                );
            }
        }
    }
}

#[test]
fn ten_thousand_messages_from_zlib_are_received_in_every_form() {
    let sets: Vec<_> = (9..=15).flat_map(|w| [true, false].map(|t| (w, t))).collect();
    let each = 10_000 / (sets.len() * 2) + 1;
    for role in BOTH_ROLES {
        for &(window_bits, takeover) in &sets {
            let mut zlib = Zlib::new(1 + u32::from(window_bits) % 9, window_bits, takeover);
            let mut driver = driver(role, Config::default(), &params(window_bits, takeover));
            for n in 0..each {
                let len = if n % 50 == 0 { 40_000 } else { n * 7919 % 900 };
                let plain =
                    if n % 4 == 0 { noise(len, n as u64) } else { records(len, n as u64 % 50) };
                let payload = zlib.message(&plain);
                let size = 1 + n * 31 % 400;
                let mut frames: Vec<_> =
                    payload.chunks(size).map(|c| continuation(false, c)).collect();
                frames[0] =
                    Frame::new(false, BINARY, &payload[..size.min(payload.len())]).rsv(RSV1);
                frames.last_mut().unwrap().fin = true;
                if n % 7 == 0 {
                    frames.insert(frames.len() - 1, ping(b"between"));
                }
                let wire = wire_to(role, &frames);
                for read in wire.chunks(1 + n * 17 % 500) {
                    driver.feed(read);
                }
                let events = std::mem::take(&mut driver.notes.events);
                let last = events.last();
                assert!(last == Some(&Seen::Binary(plain)), "{n}, {role:?}, {window_bits} bits");
            }
        }
    }
}
