//! What does a message cost a tokio connection, and what of it is held? (G2, #53, #98)
//!
//! Every test has its own thread, so its own pool of buffers, and its own count of allocations.
#![cfg(feature = "tokio")]

use std::task::Poll;

use allocation_counter::measure;
use ws_core::{Message, Role};

use oracle::{Form, Frame, binary, continuation, header, key_to, ping, text, wire_to};
use quiet_support::{BOTH_ROLES, echo, held, poll, socket};

mod oracle;
mod quiet_support;

const READ_BUFFER: usize = 64 * 1024 + 256;

#[test]
fn a_message_costs_no_allocation_in_the_steady_state() {
    let fragments: Vec<_> = [Frame::new(false, 2, [1; 50])]
        .into_iter()
        .chain((0..8).map(|_| continuation(false, &[2; 50])))
        .chain([continuation(true, &[3; 50])])
        .collect();
    let rows: [(&str, Vec<Frame>, usize); 6] = [
        ("small", vec![text("Hello")], 1),
        ("sixteen in one read", vec![text("Hello"); 16], 16),
        ("4 KiB", vec![binary(&[7; 4096])], 1),
        ("64 KiB", vec![binary(&vec![7; 65_536])], 1),
        ("ten fragments", fragments, 1),
        ("ping", vec![ping(b"are you there")], 0),
    ];
    for role in BOTH_ROLES {
        for (name, frames, messages) in &rows {
            let (mut socket, io) = socket(role);
            let wire = wire_to(role, frames);
            let mut rounds = |rounds: usize| {
                for _ in 0..rounds {
                    io.arrive(&wire);
                    assert_eq!(echo(&mut socket), *messages);
                }
            };
            rounds(20);
            let allocated = measure(|| rounds(100));
            assert_eq!(allocated.count_total, 0, "{role:?}, {name}: {allocated:?}");
        }
    }
}

#[test]
fn a_long_message_is_read_into_the_memory_of_the_one_before() {
    const MIB: usize = 1024 * 1024;
    // At most 4 MiB of it stays with the thread: beyond that, each message has memory of its own.
    for (len, is_kept) in [(200_000, true), (MIB, true), (3 * MIB, true), (6 * MIB, false)] {
        let (mut socket, io) = socket(Role::Server);
        let wire = wire_to(Role::Server, &[binary(&vec![7; len])]);
        let mut round = || {
            io.arrive(&wire);
            assert_eq!(echo(&mut socket), 1);
        };
        round();
        round();
        let allocated = measure(&mut round);
        let least = if is_kept { 0 } else { len as u64 };
        let most = if is_kept { 64 * 1024 } else { u64::MAX };
        assert!((least..=most).contains(&allocated.bytes_total), "{len}: {allocated:?}");
        assert!(held(allocated) <= 4 * MIB, "{len}: {allocated:?}");
    }
    // Memory that a message still refers to is not read into.
    let (mut socket, io) = socket(Role::Server);
    let kept: Vec<_> = (0..4_u8)
        .map(|nth| {
            io.arrive(&wire_to(Role::Server, &[binary(&vec![nth; MIB])]));
            let Poll::Ready(Ok(Some(message))) = poll(socket.recv()) else { panic!("a message") };
            assert!(poll(socket.recv()).is_pending());
            message
        })
        .collect();
    for (nth, message) in (0..).zip(&kept) {
        assert!(message.payload().len() == MIB && message.payload().iter().all(|&o| o == nth));
    }
}

#[test]
fn f10_a_claimed_16_mib_message_costs_one_read_buffer() {
    for role in BOTH_ROLES {
        let head = header(0x82, key_to(role), Form::Shortest, 16 * 1024 * 1024);
        for arrived in [0, 1, 1000, 5000] {
            let (mut socket, io) = socket(role);
            io.arrive(&[head.clone(), vec![0; arrived]].concat());
            let allocated = measure(|| assert_eq!(echo(&mut socket), 0));
            assert!(allocated.bytes_max <= READ_BUFFER as u64 + 8 * 1024, "{allocated:?}");
        }
    }
}

#[test]
fn f17_a_long_message_does_not_hold_twice_its_length() {
    const LEN: usize = 8 * 1024 * 1024;
    for role in BOTH_ROLES {
        for step in [1000, 40_000, 1_000_000] {
            let wire = wire_to(role, &[binary(&vec![7; LEN])]);
            let (mut socket, io) = socket(role);
            io.arrive(&wire);
            io.0.borrow_mut().until = 0;
            let mut worst = 0;
            let mut so_far = 0;
            while io.0.borrow().until < wire.len() - step {
                io.0.borrow_mut().until += step;
                so_far += measure(|| assert_eq!(echo(&mut socket), 0)).bytes_current;
                let received = io.0.borrow().read;
                let held = usize::try_from(so_far).unwrap_or(0);
                worst = worst.max(held.saturating_sub(received + received / 10));
            }
            assert!(worst <= READ_BUFFER + 14, "{role:?}: {worst} octets over 1.1 × received");
        }
    }
}

/// A small generator: the same sequence in every run.
struct Sequence(u64);

impl Sequence {
    fn below(&mut self, end: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

#[test]
fn i53_messages_that_are_kept_are_not_touched_by_later_ones_of_any_connection() {
    let mut random = Sequence(53);
    let mut sockets: Vec<_> = (0..6).map(|i| socket(BOTH_ROLES[i % 2])).collect();
    // The octets of each connection that have not arrived yet, and what they are the rest of.
    let mut pending: Vec<(Vec<u8>, Vec<u8>)> = vec![(vec![], vec![]); 6];
    let mut kept: Vec<(Message, Vec<u8>)> = Vec::new();
    for _ in 0..4000 {
        let which = random.below(6);
        let (socket, io) = &mut sockets[which];
        let (rest, payload) = &mut pending[which];
        if rest.is_empty() {
            let len = [10, 500, 5000, 70_000][random.below(4)];
            *payload =
                (0..random.below(len)).map(|_| u8::try_from(random.below(251)).unwrap()).collect();
            *rest = wire_to(socket.role(), &[binary(payload)]);
        }
        let arrived: Vec<_> = rest.drain(..=random.below(rest.len())).collect();
        io.arrive(&arrived);
        match poll(socket.recv()) {
            Poll::Ready(message) => {
                let message = message.unwrap().unwrap();
                assert!(rest.is_empty() && message.payload() == payload, "whole and unmixed");
                kept.push((message, payload.clone()));
            }
            Poll::Pending => assert!(!rest.is_empty()),
        }
        if kept.len() > 40 {
            kept.swap_remove(random.below(40));
        }
        let at = random.below(kept.len().max(1));
        if let Some((message, expected)) = kept.get(at) {
            assert!(message.payload() == expected, "a kept message has changed");
        }
    }
    assert!(kept.iter().all(|(message, expected)| message.payload() == expected));
}

#[test]
fn short_messages_that_are_kept_share_their_read_buffer() {
    let (mut socket, io) = socket(Role::Server);
    let wire = wire_to(Role::Server, &[binary(&[7; 20])]);
    let mut kept = Vec::with_capacity(100);
    let allocated = measure(|| {
        for _ in 0..100 {
            io.arrive(&wire);
            match poll(socket.recv()) {
                Poll::Ready(message) => kept.push(message.unwrap().unwrap()),
                Poll::Pending => panic!(),
            }
            assert!(poll(socket.recv()).is_pending());
        }
    });
    assert!(held(allocated) <= READ_BUFFER + 4096, "{} octets", held(allocated));
}
