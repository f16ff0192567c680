//! What does a connection allocate? Nothing per message, nothing for a claim, and never more than
//! its limits. (G2, F07, F09, F10, F11, F15, F31; the buffer is the caller's, so its growth is too)
//!
//! `allocation-counter` counts this thread's allocations.
#![cfg(feature = "alloc")]

use allocation_counter::{AllocationInfo, measure};
use ws_core::connection::{Config, Connection, Delivery, Event, Failure};
use ws_core::{Limits, Message, MessageKind, PreparedMessage, Violation};

use oracle::{BINARY, Form, Frame, binary, continuation, key_to, ping, pong, text, text_start};
use support::{BOTH_ROLES, MAX_UNREAD, NOW, connect, delivering};

mod oracle;
mod support;

/// A Close frame and the storage it lies in: idle state plus the one answer.
const ONE_ANSWER: u64 = 1024;

/// Reads `wire`, `read` octets at a time, into a buffer that has room, and writes what is due.
fn receive(connection: &mut Connection, buffer: &mut Vec<u8>, wire: &[u8], read: usize) -> usize {
    let mut events = 0;
    for octets in wire.chunks(read) {
        buffer.extend_from_slice(octets);
        let mut start = 0;
        loop {
            let received = connection.handle_input(&mut buffer[start..], NOW);
            let (discard, keep, last) = (received.discard, received.keep, received.event.is_none());
            events += usize::from(!last);
            buffer.truncate(start + discard + keep);
            start += discard;
            if last {
                break;
            }
        }
        buffer.drain(..start);
        write(connection);
    }
    events
}

fn write(connection: &mut Connection) {
    let queued = connection.poll_output().map(<[u8]>::len).sum();
    connection.handle_written(queued, NOW);
}

/// Once to warm up, then 20 times under the counter.
fn in_steady_state(mut once: impl FnMut()) -> AllocationInfo {
    once();
    measure(|| (0..20).for_each(|_| once()))
}

fn unbounded_pings() -> Limits {
    Limits::builder().max_pings(u32::MAX).build().unwrap()
}

#[test]
fn the_counter_counts() {
    let seen = measure(|| drop(std::hint::black_box(vec![0_u8; 100])));
    assert_eq!((seen.count_total, seen.bytes_max), (1, 100));
}

#[test]
fn an_idle_connection_has_its_two_halves_on_the_heap() {
    for role in BOTH_ROLES {
        // What it has in common with others, the first one makes.
        let first = connect(role, Config::default());
        let made = measure(|| drop(std::hint::black_box(connect(role, Config::default()))));
        assert_eq!((made.count_total, made.bytes_max <= 208), (2, true), "{role:?}: {made:?}");
        drop(first);
        // And again after use, once its storage is lent to others.
        let mut connection = connect(role, Config::default());
        let used = measure(|| {
            connection.send_text("x").unwrap();
            write(&mut connection);
            drop(connection.take_output_storage());
        });
        assert_eq!((used.count_total, used.bytes_current), (1, 0), "{role:?}");
    }
}

#[test]
fn receiving_allocates_nothing_per_message() {
    let fragmented =
        vec![text_start(b"a"), ping(b"p"), continuation(false, b"b"), continuation(true, b"c")];
    #[rustfmt::skip]
    let table: &[(&str, Vec<Frame>, usize)] = &[
        ("text",              vec![text("κόσμε")],               1),
        ("binary",            vec![binary(&[7; 1000])],          1),
        ("long text",         vec![text(&"κόσμε".repeat(2000))], 1),
        ("ping and its pong", vec![ping(&[1; 125])],             1),
        ("pong",              vec![pong(&[1; 125])],             1),
        ("fragmented",        fragmented,                        2),
        ("a batch",           vec![text("x"); 50],               50),
    ];
    for (name, frames, events) in table {
        for role in BOTH_ROLES {
            for read in [1, 7, 1000, 100_000] {
                let mut connection = connect(role, Config::with_limits(unbounded_pings()));
                let wire = oracle::wire_to(role, frames);
                let mut buffer = Vec::with_capacity(2 * wire.len());
                // A long message octet by octet takes too long, and shows nothing more.
                let read = read.max(wire.len() / 100);
                let seen = in_steady_state(|| {
                    assert_eq!(receive(&mut connection, &mut buffer, &wire, read), *events);
                });
                assert_eq!(seen.count_total, 0, "{name} as {role:?}, {read} at a time");
            }
        }
    }
}

#[test]
fn receiving_in_pieces_allocates_nothing() {
    for role in BOTH_ROLES {
        let mut connection = connect(role, delivering(Delivery::Pieces));
        let wire = oracle::wire_to(role, &[text_start(&[b'x'; 999]), continuation(true, b"y")]);
        let mut buffer = Vec::with_capacity(wire.len());
        let seen = in_steady_state(|| {
            assert!(receive(&mut connection, &mut buffer, &wire, 100) >= 11);
        });
        assert_eq!(seen.count_total, 0, "{role:?}");
    }
}

#[test]
fn sending_allocates_nothing_per_message() {
    let long = Message::binary(vec![7; 100_000]);
    let short = Message::text("κόσμε");
    let prepared = [&long, &short].map(PreparedMessage::new);
    type Call<'a> = &'a dyn Fn(&mut Connection);
    let table: &[(&str, Call<'_>)] = &[
        ("text", &|c| c.send_text("κόσμε").unwrap()),
        ("binary", &|c| c.send_binary(&[7; 3000]).unwrap()),
        ("a message", &|c| c.send(&short).unwrap()),
        ("a long message", &|c| c.send(&long).unwrap()),
        ("a prepared message", &|c| c.send_prepared(&prepared[1]).unwrap()),
        ("a long prepared message", &|c| c.send_prepared(&prepared[0]).unwrap()),
        ("ping", &|c| c.ping(&[1; 125]).unwrap()),
        ("pong", &|c| c.pong(&[1; 125]).unwrap()),
        ("fragments", &|c| {
            c.send_fragment(MessageKind::Binary, &[1; 500], false).unwrap();
            c.ping(b"between").unwrap();
            c.send_fragment(MessageKind::Binary, &[2; 500], true).unwrap();
        }),
        ("a batch", &|c| (0..100).for_each(|_| c.send_text("x").unwrap())),
    ];
    for (name, call) in table {
        for role in BOTH_ROLES {
            let mut connection = connect(role, Config::default());
            let seen = in_steady_state(|| {
                call(&mut connection);
                write(&mut connection);
            });
            assert_eq!(seen.count_total, 0, "{name} as {role:?}");
        }
    }
}

/// F07, F09: Z. F10: R. A claim costs nothing, refused or not.
#[test]
fn f07_f09_f10_a_claim_allocates_nothing() {
    let limit = Limits::default().max_frame_len();
    let refused = Some(Violation::FrameTooLong);
    #[rustfmt::skip]
    let table = [
        ("F07", (1 << 63) - 1, refused), ("F07", 1 << 32, refused), ("F09", limit + 1, refused),
        ("F10", limit, None),
    ];
    for (id, len, violation) in table {
        for role in BOTH_ROLES {
            for delivery in [Delivery::Messages, Delivery::Pieces] {
                let mut wire = oracle::header(0x80 | BINARY, key_to(role), Form::Shortest, len);
                let mut connection = connect(role, delivering(delivery));
                let seen = measure(|| {
                    let received = connection.handle_input(&mut wire, NOW);
                    let event = violation.map(|v| Event::Failed(Failure::Violation(v)));
                    assert_eq!((received.event, received.keep), (event, 0), "{id}");
                });
                let bound = if violation.is_some() { ONE_ANSWER } else { 0 };
                assert!(seen.bytes_total <= bound, "{id} as {role:?}: {seen:?}");
            }
        }
    }
}

/// F11, F15: M. What the caller is asked to keep is the message so far, whatever the fragments.
#[test]
fn f11_f15_what_is_kept_stays_within_the_message_limit() {
    const LIMIT: usize = 10_000;
    let limits = Limits::builder().max_message_len(10_000).max_fragments(5_000).build().unwrap();
    type Payload = fn(usize) -> Vec<u8>;
    let empty = |_| Vec::new();
    let one = |nth: usize| vec![nth.to_le_bytes()[0]];
    let hundred = |_| vec![7; 100];
    #[rustfmt::skip]
    let table: [(&str, Payload, Violation); 3] = [
        ("F11 fragments of 100", hundred, Violation::MessageTooLong),
        ("F15 empty fragments",  empty,   Violation::TooManyFragments),
        ("F15 single octets",    one,     Violation::TooManyFragments),
    ];
    for (name, payload, violation) in table {
        for role in BOTH_ROLES {
            let mut connection = connect(role, Config::with_limits(limits));
            let mut buffer = Vec::with_capacity(LIMIT + 1000);
            let mut failed = None;
            let mut most = 0;
            let mut connections_own = 0;
            for nth in 0..=5_000 {
                let opcode = if nth == 0 { BINARY } else { oracle::CONTINUATION };
                buffer.extend(Frame::new(false, opcode, payload(nth)).octets(key_to(role)));
                let seen = measure(|| {
                    let received = connection.handle_input(&mut buffer, NOW);
                    let (discard, keep) = (received.discard, received.keep);
                    if let Some(Event::Failed(failure)) = received.event {
                        failed = Some(failure);
                    }
                    most = most.max(keep);
                    buffer.truncate(discard + keep);
                    buffer.drain(..discard);
                });
                connections_own += seen.bytes_total;
                if failed.is_some() {
                    break;
                }
            }
            assert_eq!(failed, Some(Failure::Violation(violation)), "{name} as {role:?}");
            assert!(most <= LIMIT + MAX_UNREAD, "{name} as {role:?}: {most} kept");
            assert!(connections_own <= ONE_ANSWER, "{name} as {role:?}: {connections_own}");
        }
    }
}

/// F31: W, and not a function of how many Pings came.
#[test]
fn f31_pings_while_blocked_allocate_nothing() {
    for role in BOTH_ROLES {
        let mut connection = connect(role, Config::with_limits(unbounded_pings()));
        connection.send_text("queued").unwrap();
        connection.handle_written(1, NOW);
        let one = oracle::wire_to(role, &[ping(&[7; 125])]);
        let mut buffer = one.clone();
        let mut ping = || {
            buffer.copy_from_slice(&one);
            let received = connection.handle_input(&mut buffer, NOW);
            assert!(matches!(received.event, Some(Event::Ping(_))));
        };
        // A place for the one Pong that waits.
        let first = measure(&mut ping);
        assert!(first.bytes_total <= 256, "{role:?}: {first:?}");
        let seen = measure(|| (0..100_000).for_each(|_| ping()));
        assert_eq!(seen.count_total, 0, "{role:?}");
    }
}

/// W: the application keeps the output full, the peer takes a little at a time, for long.
#[test]
fn a_full_output_stays_within_the_write_buffer() {
    const CAP: usize = 200_000;
    const FRAME: usize = 1000;
    let limits = Limits::builder().max_write_buffer(CAP).build().unwrap();
    for role in BOTH_ROLES {
        let mut connection = connect(role, Config::with_limits(limits));
        let mut most = 0;
        for _ in 0..3000 {
            while connection.send_binary(&[7; FRAME]).is_ok() {}
            most = most.max(connection.output_len());
            connection.handle_written(777, NOW);
        }
        assert!(most <= CAP, "{role:?}: {most} queued");
        write(&mut connection);
        let storage = connection.take_output_storage().capacity();
        // A quarter may be written already and not yet moved over, an eighth be grown ahead.
        assert!(storage <= CAP + CAP / 2, "{role:?}: {storage} octets for {CAP} queued");
    }
}
