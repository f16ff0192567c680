//! Too many contexts are held: what a connection holds then, and that its messages are the same.
//! (T19)
#![cfg(feature = "deflate")]

use std::sync::{Mutex, PoisonError};
use std::thread;

use allocation_counter::measure;
use ws_core::connection::{Config, Connection, Event};
use ws_core::deflate::Deflate;
use ws_core::{Message, MessageKind, Role};

use deflate_support::{connect_deflate, params, records, with};
use support::NOW;

mod deflate_support;
mod oracle;
mod support;

const KIB: usize = 1024;

/// What `from` has queued, taken by `to`: its messages.
fn pass(from: &mut Connection, to: &mut Connection) -> Vec<Message> {
    let mut wire: Vec<u8> = from.poll_output().flatten().copied().collect();
    from.handle_written(wire.len(), NOW);
    let mut messages = Vec::new();
    let mut start = 0;
    loop {
        let received = to.handle_input(&mut wire[start..], NOW);
        start += received.discard;
        match received.event {
            Some(Event::Message { payload, .. }) => {
                messages.push(Message::binary(payload.to_vec()));
            }
            Some(event) => panic!("{event:?}"),
            None => break,
        }
    }
    drop(to.take_decoded_storage());
    drop(from.take_output_storage());
    messages
}

fn pair(window_bits: u8, deflate: &Deflate) -> [Connection; 2] {
    let agreed = params(window_bits, true);
    [Role::Client, Role::Server]
        .map(|role| connect_deflate(role, Config::default(), &agreed, deflate))
}

#[test]
fn t19_between_messages_only_the_windows_are_held() {
    let deflate = with(|d| d.window_bits(12).memory_level(5).max_held_contexts(0));
    // The thread keeps some contexts, which are made before.
    let [mut client, mut server] = pair(12, &deflate);
    for _ in 0..3 {
        client.send_binary(&records(5000, 1)).unwrap();
        assert_eq!(pass(&mut client, &mut server).len(), 1);
        server.send_binary(&records(5000, 2)).unwrap();
        assert_eq!(pass(&mut server, &mut client).len(), 1);
    }
    let mut pairs = Vec::new();
    let allocated = measure(|| {
        for _ in 0..10 {
            let [mut client, mut server] = pair(12, &deflate);
            client.send_binary(&records(5000, 1)).unwrap();
            assert_eq!(pass(&mut client, &mut server).len(), 1);
            server.send_binary(&records(5000, 2)).unwrap();
            assert_eq!(pass(&mut server, &mut client).len(), 1);
            pairs.push([client, server]);
        }
    });
    let each = usize::try_from(allocated.bytes_current).unwrap() / 20;
    // A window each way; and the state, and the shadow inflater of debug builds.
    let shadow = if cfg!(debug_assertions) { 60 * KIB } else { 0 };
    assert!(each <= 2 * 4 * KIB + 2 * KIB + shadow, "{each} octets each");
}

/// Those that hold a context count it in one place, for all the process: one test at a time.
static HOLDING: Mutex<()> = Mutex::new(());

#[test]
fn t19_as_many_contexts_are_held_as_may_be() {
    let _alone = HOLDING.lock().unwrap_or_else(PoisonError::into_inner);
    let octets = |max| {
        let deflate = with(|d| d.window_bits(12).memory_level(5).max_held_contexts(max));
        let mut pairs = Vec::new();
        let allocated = measure(|| {
            for _ in 0..4 {
                let [mut client, mut server] = pair(12, &deflate);
                for to_server in [true, false] {
                    let (from, to) = if to_server {
                        (&mut client, &mut server)
                    } else {
                        (&mut server, &mut client)
                    };
                    from.send_binary(&records(5000, 1)).unwrap();
                    assert_eq!(pass(from, to).len(), 1);
                }
                pairs.push([client, server]);
            }
        });
        allocated.bytes_current
    };
    // A thread keeps some contexts that nobody holds: of a thread of its own it is known which.
    let with_held = |max| {
        thread::scope(|scope| {
            let own = scope.spawn(|| {
                octets(0);
                octets(max)
            });
            own.join().unwrap()
        })
    };
    let none = with_held(0);
    let (inflater, compressor) = (45 * KIB as i64, 165 * KIB as i64);
    for max in [1, 2, 5, 16] {
        let held = with_held(max) - none;
        // Four connections each way, at both ends: eight compressors and eight inflaters at most.
        let max = i64::try_from(max).unwrap();
        assert!(held >= max * inflater, "{held} octets for {max} contexts");
        assert!(held <= max * compressor, "{held} octets for {max} contexts");
    }
}

/// A message and its answer on each of some connections, in turn, for some rounds.
fn converse(window_bits: u8, deflate: &Deflate, rounds: u64) -> u64 {
    let mut pairs: Vec<_> = (0..3).map(|_| pair(window_bits, deflate)).collect();
    let mut written = 0;
    for round in 0..rounds {
        for (nth, [client, server]) in (0_u64..).zip(&mut pairs) {
            // What was sent before comes again, in part: there is something to refer to.
            let len = [3000, 200, 0, 9000, 1][usize::try_from((round + nth) % 5).unwrap()];
            let payload = records(len, round / 2);
            for to_server in [true, false] {
                let (from, to) = if to_server {
                    (&mut *client, &mut *server)
                } else {
                    (&mut *server, &mut *client)
                };
                from.send_binary(&payload).unwrap();
                written += from.output_len() as u64;
                assert_eq!(pass(from, to), [Message::binary(payload.clone())]);
                // In fragments.
                for piece in payload.chunks(700) {
                    from.send_fragment(MessageKind::Binary, piece, false).unwrap();
                }
                from.send_fragment(MessageKind::Binary, b"", true).unwrap();
                written += from.output_len() as u64;
                assert_eq!(pass(from, to), [Message::binary(payload.clone())]);
            }
        }
    }
    written
}

#[test]
fn messages_are_the_same_however_many_contexts_are_held() {
    let _alone = HOLDING.lock().unwrap_or_else(PoisonError::into_inner);
    for window_bits in [9, 12, 15] {
        let with_held = |max| {
            let deflate = with(|d| d.window_bits(window_bits).max_held_contexts(max));
            converse(window_bits, &deflate, 20)
        };
        let all = with_held(usize::MAX);
        for max in [0, 1, 5] {
            let some = with_held(max);
            // The octets that a message refers to are there either way.
            assert!(some.abs_diff(all) < all / 20, "window {window_bits}: {some} of {all}");
        }
    }
}
