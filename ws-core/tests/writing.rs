//! However little the transport takes at a time: do the octets on the wire stay the same? (T05)
#![cfg(feature = "alloc")]

use bytes::Bytes;
use proptest::prelude::*;
use ws_core::connection::{Config, Connection};
use ws_core::{Limits, Message, MessageKind, PreparedMessage, Role};

use oracle::{Frame, binary, continuation, ping, pong, text};
use support::{BOTH_ROLES, Driver, NOW};

mod oracle;
mod support;

/// From this length on a server refers to a payload instead of copying it.
const SHARED: usize = 8 * 1024;

fn roomy() -> Config {
    let limits = Limits::builder().max_write_buffer(1 << 30).build();
    Config::with_limits(limits.expect("consistent"))
}

/// Octets that differ from their neighbours, and from those of another message.
fn octets(len: usize, seed: u8) -> Vec<u8> {
    (0..len).map(|i| (i % 251).to_le_bytes()[0].wrapping_add(seed)).collect()
}

/// Queues short and long, shared and copied payloads next to each other; the frames they make.
fn queue(connection: &mut Connection) -> Vec<Frame> {
    let mut frames = Vec::new();
    for (seed, len) in (1_u8..).zip([0, 3, SHARED - 1, SHARED, 0, SHARED, SHARED + 1, 20_000, 5]) {
        let payload = octets(len, seed);
        connection.send(&Message::binary(payload.clone())).unwrap();
        frames.push(binary(&payload));
    }
    connection.ping(b"between").unwrap();
    let prepared = octets(SHARED, 99);
    connection.send_prepared(&PreparedMessage::new(&Message::binary(prepared.clone()))).unwrap();
    connection.send_prepared(&PreparedMessage::new(&Message::text("short"))).unwrap();
    connection.send_fragment(MessageKind::Text, b"fr", false).unwrap();
    connection.pong(b"between").unwrap();
    connection.send_fragment(MessageKind::Text, &[b'x'; SHARED], true).unwrap();
    frames.extend([ping(b"between"), binary(&prepared), text("short")]);
    frames.extend([Frame::new(false, oracle::TEXT, *b"fr"), pong(b"between")]);
    frames.push(continuation(true, &[b'x'; SHARED]));
    connection.close(None, NOW).unwrap();
    frames.push(Frame::new(true, oracle::CLOSE, []));
    frames
}

#[test]
fn t05_partial_writes_of_every_length() {
    for role in BOTH_ROLES {
        let mut whole = Driver::new(role, roomy());
        let frames = queue(&mut whole.connection);
        whole.write_all();
        assert_eq!(whole.frames(), frames, "{role:?}");
        let steps = (1..=20).map(|n| n * 37).chain([1000, SHARED - 1, SHARED, SHARED + 1, 30_000]);
        for step in steps {
            let mut driver = Driver::new(role, roomy());
            queue(&mut driver.connection);
            let total = driver.connection.output_len();
            while driver.write_some(step) > 0 {
                let left = driver.connection.output_len();
                assert_eq!(left, total - driver.written.len());
                let slices: Vec<_> = driver.connection.poll_output().map(<[u8]>::len).collect();
                assert_eq!(slices.iter().sum::<usize>(), left);
                assert!(!slices.contains(&0), "no empty slices: {slices:?}");
            }
            assert!(driver.written == whole.written, "{step} octets at a time as {role:?}");
        }
    }
}

#[test]
fn t05_octet_by_octet() {
    for role in BOTH_ROLES {
        let mut driver = Driver::new(role, roomy());
        let mut frames = Vec::new();
        for len in [0, 5, SHARED] {
            let payload = octets(len, 7);
            driver.connection.send(&Message::binary(payload.clone())).unwrap();
            frames.push(binary(&payload));
        }
        while driver.connection.output_len() > 0 {
            let first = driver.connection.poll_output().next().unwrap()[0];
            driver.written.push(first);
            driver.connection.handle_written(1, NOW);
        }
        assert_eq!(driver.frames(), frames, "{role:?}");
    }
}

#[test]
fn more_than_there_is_cannot_be_written() {
    for role in BOTH_ROLES {
        let mut driver = Driver::plain(role);
        driver.connection.send_text("a").unwrap();
        driver.write_all();
        driver.connection.handle_written(1000, NOW);
        driver.connection.send_text("b").unwrap();
        driver.write_all();
        assert_eq!(driver.frames(), [text("a"), text("b")]);
    }
}

#[test]
fn storage_is_lent_while_nothing_is_queued() {
    for role in BOTH_ROLES {
        let mut driver = Driver::plain(role);
        driver.connection.send_text("a").unwrap();
        assert_eq!(driver.connection.take_output_storage().capacity(), 0, "it holds octets");
        driver.write_all();
        let storage = driver.connection.take_output_storage();
        assert!(storage.capacity() > 0);
        // Storage full of somebody else's octets: none of them may reach the wire.
        let dirty = vec![0xEE; storage.capacity()];
        let at = dirty.as_ptr();
        driver.connection.give_output_storage(dirty);
        driver.connection.send_text("b").unwrap();
        let slice = driver.connection.poll_output().next().unwrap();
        assert_eq!(slice.as_ptr(), at, "the storage given is used");
        // Storage given while there is some changes nothing.
        driver.connection.give_output_storage(vec![0xDD; 5000]);
        driver.write_all();
        assert_eq!(driver.frames(), [text("a"), text("b")], "{role:?}");
    }
}

/// What an application and its transport may do in turn.
#[derive(Debug, Clone)]
enum Step {
    Send(usize),
    Copy(usize),
    Prepared(usize),
    Ping(usize),
    Write(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let len = || prop_oneof![3 => 0..200_usize, 1 => 8_000..8_400_usize, 1 => 60_000..70_000_usize];
    prop_oneof![
        2 => len().prop_map(Step::Send),
        2 => len().prop_map(Step::Copy),
        1 => len().prop_map(Step::Prepared),
        1 => (0..=125_usize).prop_map(Step::Ping),
        4 => (0..20_000_usize).prop_map(Step::Write),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Queueing and writing in any order, over the storage's compaction and back to its start.
    #[test]
    fn t05_any_script_of_sends_and_writes(
        client: bool,
        steps in prop::collection::vec(any_step(), 1..40),
    ) {
        let role = if client { Role::Client } else { Role::Server };
        let mut driver = Driver::new(role, roomy());
        let mut frames = Vec::new();
        for (seed, step) in (0_u8..).zip(steps) {
            let c = &mut driver.connection;
            match step {
                Step::Send(len) => {
                    c.send(&Message::Binary(Bytes::from(octets(len, seed)))).unwrap();
                    frames.push(binary(&octets(len, seed)));
                }
                Step::Copy(len) => {
                    c.send_binary(&octets(len, seed)).unwrap();
                    frames.push(binary(&octets(len, seed)));
                }
                Step::Prepared(len) => {
                    let message = Message::binary(octets(len, seed));
                    c.send_prepared(&PreparedMessage::new(&message)).unwrap();
                    frames.push(binary(&octets(len, seed)));
                }
                Step::Ping(len) => {
                    c.ping(&octets(len, seed)).unwrap();
                    frames.push(ping(&octets(len, seed)));
                }
                Step::Write(len) => drop(driver.write_some(len)),
            }
        }
        driver.write_all();
        prop_assert!(driver.frames() == frames);
    }
}
