//! A client masks every frame, each with a fresh key that nobody can guess. (A10; RFC 6455 §5.3,
//! §10.3)
#![cfg(feature = "alloc")]

use std::cell::Cell;

use ws_core::connection::{Config, Connection};
use ws_core::{Message, MessageKind, PreparedMessage, Role};

use oracle::{parse_keyed, ping, wire_to};
use support::NOW;

mod oracle;
mod support;

fn counted() -> [u8; 4] {
    thread_local!(static NEXT: Cell<u32> = const { Cell::new(1) });
    let next = NEXT.get();
    NEXT.set(next + 1);
    next.to_be_bytes()
}

#[test]
fn each_frame_takes_one_key() {
    let mut client = Connection::client_with_keys(Config::default(), counted);
    let message = Message::binary(vec![7; 20_000]);
    client.send(&message).unwrap();
    client.send(&message).unwrap();
    client.send_text("c").unwrap();
    client.send_binary(b"d").unwrap();
    client.send_prepared(&PreparedMessage::new(&message)).unwrap();
    client.send_fragment(MessageKind::Text, b"e", false).unwrap();
    client.send_fragment(MessageKind::Text, b"f", true).unwrap();
    client.ping(b"g").unwrap();
    client.handle_input(&mut wire_to(Role::Client, &[ping(b"answer me")]), NOW);
    client.close(None, NOW).unwrap();
    let wire: Vec<u8> = client.poll_output().flatten().copied().collect();
    let keys: Vec<_> =
        parse_keyed(Role::Client, &wire).into_iter().map(|(_, key)| key.unwrap()).collect();
    let expected: Vec<_> = (1..=10_u32).map(u32::to_be_bytes).collect();
    assert_eq!(keys, expected);
}

#[test]
fn a_server_masks_nothing() {
    let mut server = Connection::server(Config::default());
    server.send_text("plain").unwrap();
    let wire: Vec<u8> = server.poll_output().flatten().copied().collect();
    assert_eq!(wire, b"\x81\x05plain");
}

/// A million frames of a client with the default keys.
#[cfg(feature = "std")]
#[test]
fn a10_a_million_default_keys() {
    const FRAMES: usize = 1_000_000;
    const HEADER_LEN: usize = 6;
    let mut client = Connection::client(Config::default());
    let mut keys = Vec::with_capacity(FRAMES);
    while keys.len() < FRAMES {
        for _ in 0..1000 {
            client.send_binary(b"").unwrap();
        }
        for slice in client.poll_output() {
            keys.extend(
                slice.chunks_exact(HEADER_LEN).map(|frame| <[u8; 4]>::try_from(&frame[2..])),
            );
        }
        client.handle_written(client.output_len(), NOW);
    }
    let keys: Vec<[u8; 4]> = keys.into_iter().map(Result::unwrap).collect();

    // One pair of neighbours in 4300 runs is equal by chance, two in 37 million.
    let repeated = keys.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(repeated <= 1, "{repeated} keys equal the one before");

    // Chi-square over each octet of the key: mean 255, standard deviation 22.6.
    for place in 0..4 {
        let mut seen = [0_u32; 256];
        keys.iter().for_each(|key| seen[usize::from(key[place])] += 1);
        let expected = f64::from(1_000_000_u32) / 256.0;
        let off = |n: u32| (f64::from(n) - expected).powi(2) / expected;
        let chi_square: f64 = seen.iter().map(|&n| off(n)).sum();
        assert!((120.0..420.0).contains(&chi_square), "octet {place}: {chi_square}");
    }

    let mut distinct = keys;
    distinct.sort_unstable();
    distinct.dedup();
    assert!(distinct.len() >= 999_800, "{} distinct", distinct.len());
}
