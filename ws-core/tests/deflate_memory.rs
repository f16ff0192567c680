//! What does a connection hold for permessage-deflate? The table of the documentation, and the
//! memory of bombs on many connections. (D18, T19)
#![cfg(feature = "deflate")]

use allocation_counter::{AllocationInfo, measure};
use ws_core::connection::{Budget, Config, Connection, Event, Failure};
use ws_core::{Limits, Role, Violation};

use deflate_support::{RSV1, Zlib, always, coded, connect_deflate, params, records, with};
use oracle::{BINARY, Frame, wire_to};
use support::{BOTH_ROLES, NOW};

mod deflate_support;
mod oracle;
mod support;

const KIB: usize = 1024;

fn held(allocated: AllocationInfo) -> usize {
    usize::try_from(allocated.bytes_current).unwrap_or(0)
}

/// Receives `wire` to its end, drops the payloads, and gives back the storage, as an adapter does.
fn receive(connection: &mut Connection, mut wire: Vec<u8>) -> Option<Failure> {
    let mut start = 0;
    loop {
        let received = connection.handle_input(&mut wire[start..], NOW);
        start += received.discard;
        match received.event {
            Some(Event::Failed(failure)) => return Some(failure),
            Some(_) => {}
            None => break,
        }
    }
    drop(connection.take_decoded_storage());
    None
}

fn send(connection: &mut Connection, payload: &[u8]) {
    connection.send_binary(payload).unwrap();
    let written = connection.output_len();
    connection.handle_written(written, NOW);
    drop(connection.take_output_storage());
}

/// Octets in KiB, rounded up.
const fn kib(octets: usize) -> usize {
    octets.div_ceil(KIB)
}

/// The table in the documentation of `ws_core::deflate`: what its text says, row by row.
fn documented() -> Vec<[usize; 3]> {
    include_str!("../src/deflate/mod.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "))
        .filter_map(|line| {
            let cells: Vec<_> =
                line.split('|').map(str::trim).filter_map(|cell| cell.parse().ok()).collect();
            cells.try_into().ok()
        })
        .collect()
}

#[test]
fn the_table_of_what_a_compressor_holds_is_as_documented() {
    let rows = documented();
    let all: Vec<[usize; 2]> =
        [15, 12, 10, 9].iter().flat_map(|w| [9, 8, 5, 1].map(|m| [*w, m])).collect();
    assert_eq!(rows.iter().map(|[w, m, _]| [*w, *m]).collect::<Vec<_>>(), all);
    for [window_bits, memory_level, octets] in rows {
        let deflate = with(|d| d.memory_level(u8::try_from(memory_level).unwrap()));
        let agreed = params(u8::try_from(window_bits).unwrap(), true);
        let payload = records(100_000, 1);
        let mut connection = connect_deflate(Role::Server, Config::default(), &agreed, &deflate);
        let allocated = measure(|| send(&mut connection, &payload));
        // Debug builds hold a shadow inflater, too; no message before this one has made it.
        let shadow = if cfg!(debug_assertions) { inflater(window_bits) } else { 0 };
        let compressor = kib(held(allocated) - shadow);
        assert_eq!(compressor, octets, "window of {window_bits} bits, memory level {memory_level}");
    }
}

/// What an inflater with takeover holds.
fn inflater(window_bits: usize) -> usize {
    let bits = u8::try_from(window_bits).unwrap();
    let agreed = params(bits, true);
    let mut connection = connect_deflate(Role::Client, Config::default(), &agreed, &always());
    // Makes the decoder, which is not the inflater.
    connection.give_decoded_storage(Vec::new());
    let message = coded(BINARY, &Zlib::new(6, bits, true).message(&records(100_000, 1)));
    let wire = wire_to(Role::Client, &[message]);
    held(measure(|| assert_eq!(receive(&mut connection, wire.clone()), None)))
}

#[test]
fn an_inflater_holds_what_is_documented() {
    let documented = include_str!("../src/deflate/mod.rs");
    for window_bits in 9..=15 {
        // zlib's own window is 32 KiB whatever was agreed; the history has the agreed one.
        let history = 1 << window_bits;
        assert_eq!(kib(inflater(window_bits) - history), 47, "window of {window_bits} bits");
    }
    assert!(documented.contains("An inflater holds 47 KiB and the agreed window"));
}

#[test]
fn t19_agreed_but_unused_it_holds_next_to_nothing() {
    for role in BOTH_ROLES {
        for takeover in [true, false] {
            let agreed = params(15, takeover);
            let connect = || connect_deflate(role, Config::default(), &agreed, &always());
            let plain = measure(|| std::mem::forget(support::connect(role, Config::default())));
            let allocated = measure(|| std::mem::forget(connect()));
            let more = held(allocated) - held(plain);
            assert!(more <= 320, "{more} octets, {role:?}, takeover {takeover}");
        }
    }
}

#[test]
fn t19_without_takeover_an_idle_connection_holds_no_context() {
    for role in BOTH_ROLES {
        let payload = records(5000, 1);
        let message = coded(BINARY, &Zlib::new(6, 15, false).message(&payload));
        let wire = wire_to(role, &[message]);
        let agreed = params(15, false);
        let use_once = |connection: &mut Connection| {
            assert_eq!(receive(connection, wire.clone()), None);
            send(connection, &payload);
        };
        // Another connection fills the thread's pool.
        let mut first = connect_deflate(role, Config::default(), &agreed, &always());
        use_once(&mut first);
        let mut connection = connect_deflate(role, Config::default(), &agreed, &always());
        // Coders are made for the first message, with the shadow inflater of debug builds.
        use_once(&mut connection);
        let allocated = measure(|| use_once(&mut connection));
        assert_eq!(held(allocated), 0, "{role:?}");
    }
}

#[test]
fn in_steady_state_compressing_and_inflating_allocate_nothing() {
    for role in BOTH_ROLES {
        for takeover in [true, false] {
            let payload = records(5000, 1);
            let mut zlib = Zlib::new(6, 15, takeover);
            let agreed = params(15, takeover);
            let mut connection = connect_deflate(role, Config::default(), &agreed, &always());
            let wires: Vec<_> =
                (0..12).map(|_| wire_to(role, &[coded(BINARY, &zlib.message(&payload))])).collect();
            let (warm, rest) = wires.split_at(2);
            let mut once = |wire: &[u8], buffer: &mut Vec<u8>| {
                buffer.clear();
                buffer.extend_from_slice(wire);
                let received = connection.handle_input(buffer, NOW);
                assert!(matches!(received.event, Some(Event::Message { .. })));
                assert!(connection.handle_input(&mut [], NOW).event.is_none());
                connection.send_binary(&payload).unwrap();
                connection.handle_written(connection.output_len(), NOW);
            };
            let mut buffer = Vec::with_capacity(8 * KIB);
            warm.iter().for_each(|wire| once(wire, &mut buffer));
            let allocated = measure(|| rest.iter().for_each(|wire| once(wire, &mut buffer)));
            // The shadow inflater of debug builds looks at each message in storage of its own.
            let shadow = if cfg!(debug_assertions) { 8 * 10 } else { 0 };
            assert!(allocated.count_total <= shadow, "{role:?}, {takeover}: {allocated:?}");
        }
    }
}

#[test]
fn d18_a_thousand_half_inflated_messages_share_a_budget() {
    const CONNECTIONS: usize = 1000;
    const BUDGET: usize = 64 * 1024 * 1024;
    const MESSAGE: usize = 1024 * 1024;
    // All of the message but its end: zeros, so that the wire is short.
    let bomb = Zlib::new(9, 15, true).message(&vec![0; MESSAGE]);
    let start = Frame::new(false, BINARY, bomb).rsv(RSV1);
    for role in BOTH_ROLES {
        let wire = wire_to(role, std::slice::from_ref(&start));
        let budget = Budget::new(BUDGET);
        let mut connections = Vec::with_capacity(CONNECTIONS);
        let mut failed = 0;
        let allocated = measure(|| {
            for _ in 0..CONNECTIONS {
                let agreed = params(15, true);
                let mut connection = connect_deflate(role, Config::default(), &agreed, &always());
                connection.set_budget(budget.clone());
                match receive(&mut connection, wire.clone()) {
                    None => {}
                    Some(failure) => {
                        assert_eq!(failure, Failure::Violation(Violation::OverBudget));
                        let close = Violation::OverBudget.close_code();
                        assert_eq!(close.get(), 1013);
                        failed += 1;
                    }
                }
                connections.push(connection);
                assert!(budget.in_use() <= BUDGET);
            }
        });
        // The storage of each is a quarter longer at most than what is in it.
        let alive = CONNECTIONS - failed;
        assert!((BUDGET / MESSAGE..=BUDGET / MESSAGE + 8).contains(&alive), "{alive} fit");
        let window = 73 * KIB;
        let most = BUDGET * 5 / 4 + CONNECTIONS * (window + 64 * KIB);
        assert!(held(allocated) <= most, "{allocated:?}");
        drop(connections);
        assert_eq!(budget.in_use(), 0, "given back");
    }
}

#[test]
fn d18_a_budget_is_given_back_when_a_message_is_whole_and_counts_plain_ones() {
    let limits = Limits::builder().max_message_len(1 << 20).build().unwrap();
    for role in BOTH_ROLES {
        let budget = Budget::new(512 * KIB);
        let mut connection = support::connect(role, Config::with_limits(limits));
        connection.set_budget(budget.clone());
        let start = wire_to(role, &[Frame::new(false, BINARY, vec![7; 300 * KIB])]);
        let end = wire_to(role, &[oracle::continuation(true, b"")]);
        for _ in 0..3 {
            let mut wire = start.clone();
            let received = connection.handle_input(&mut wire, NOW);
            assert_eq!(received.event, None);
            let discard = received.discard;
            wire.drain(..discard);
            assert_eq!(budget.in_use(), 256 * KIB, "but for the first 64 KiB");
            wire.extend(&end);
            let received = connection.handle_input(&mut wire, NOW);
            assert!(matches!(received.event, Some(Event::Message { .. })));
            assert_eq!(budget.in_use(), 0);
            assert!(connection.handle_input(&mut [], NOW).event.is_none());
        }
        // Another connection has the rest, so there is none for this one.
        let mut other = support::connect(role, Config::with_limits(limits));
        other.set_budget(budget.clone());
        let mut wire = wire_to(role, &[Frame::new(false, BINARY, vec![7; 400 * KIB])]);
        assert_eq!(other.handle_input(&mut wire, NOW).event, None);
        let mut wire = start.clone();
        let failed = Event::Failed(Failure::Violation(Violation::OverBudget));
        assert_eq!(connection.handle_input(&mut wire, NOW).event, Some(failed));
        drop(other);
        assert_eq!(budget.in_use(), 0);
    }
}
