//! Frames made once: compiled into the caller's buffer, or prepared to be sent to many. (A09)
#![cfg(feature = "alloc")]

use bytes::Bytes;
use ws_core::frame::{FrameHeader, Opcode, Rsv, compile};
use ws_core::{Message, MessageKind, Misuse, PreparedMessage, Role};

use oracle::{Form, Frame, KEY, TEXT};
use support::{BOTH_ROLES, Driver};

mod oracle;
mod support;

const LENGTHS: [usize; 9] = [0, 1, 125, 126, 8_189, 8_192, 65_535, 65_536, 70_001];

fn payload(len: usize) -> Vec<u8> {
    b"0123456789".iter().copied().cycle().take(len).collect()
}

#[test]
fn compiled_frames_are_the_judges_frames() {
    for len in LENGTHS {
        for masking_key in [None, Some(KEY)] {
            let payload = payload(len);
            let header = FrameHeader {
                fin: false,
                rsv: Rsv::RSV1,
                masking_key,
                ..FrameHeader::new(Opcode::Text, len as u64)
            };
            let expected = Frame::new(false, TEXT, payload.clone()).rsv(0b100).octets(masking_key);
            // Exactly long enough, and longer: the octets behind are left alone.
            for spare in [0, 1, 14, 100] {
                let mut output = vec![0xEE; expected.len() + spare];
                assert_eq!(compile(&header, &payload, &mut output), Ok(expected.len()));
                assert_eq!(output[..expected.len()], expected, "{len}");
                assert!(output[expected.len()..].iter().all(|&octet| octet == 0xEE), "{len}");
            }
        }
    }
}

#[test]
fn compile_errors_leave_the_output_unchanged() {
    let masked =
        |len| FrameHeader { masking_key: Some(KEY), ..FrameHeader::new(Opcode::Binary, len) };
    let unmasked = |len| FrameHeader::new(Opcode::Binary, len);
    #[rustfmt::skip]
    let table = [
        ("payload longer than told",  unmasked(4),        5, 100, Misuse::PayloadLenMismatch),
        ("payload shorter than told", unmasked(6),        5, 100, Misuse::PayloadLenMismatch),
        ("a length of 2⁶³",           unmasked(1 << 63),  5, 100, Misuse::PayloadLenMismatch),
        ("no room at all",            unmasked(5),        5,   0, Misuse::BufferTooShort),
        ("half a header",             unmasked(200),    200,   3, Misuse::BufferTooShort),
        ("a header without a key",    masked(5),          5,   5, Misuse::BufferTooShort),
        ("one octet missing",         unmasked(5),        5,   6, Misuse::BufferTooShort),
        ("one octet missing, masked", masked(5),          5,  10, Misuse::BufferTooShort),
        ("both",                      unmasked(6),        5,   0, Misuse::PayloadLenMismatch),
    ];
    for (name, header, payload_len, room, misuse) in table {
        let mut output = vec![0xEE; room];
        assert_eq!(compile(&header, &payload(payload_len), &mut output), Err(misuse), "{name}");
        assert_eq!(output, vec![0xEE; room], "{name}");
    }
}

#[test]
fn a_prepared_message_is_the_servers_frame() {
    for len in LENGTHS {
        let octets = payload(len);
        let text = String::from_utf8(octets.clone()).unwrap();
        for message in [Message::text(text), Message::binary(octets.clone())] {
            let prepared = PreparedMessage::new(&message);
            let opcode = message.kind().opcode().bits();
            let expected = oracle::header(0x80 | opcode, None, Form::Shortest, len as u64);
            assert_eq!(prepared.kind(), message.kind());
            assert_eq!(prepared.payload(), octets, "{len}");
            assert_eq!(prepared.frame()[..], [expected, octets.clone()].concat(), "{len}");
        }
    }
}

/// Whoever sends it: the same message arrives, masked afresh by a client.
#[test]
fn a_prepared_message_sent_to_many() {
    for len in LENGTHS {
        let prepared = PreparedMessage::new(&Message::binary(payload(len)));
        let before = prepared.frame().clone();
        for role in BOTH_ROLES {
            for _ in 0..3 {
                let mut driver = Driver::plain(role);
                driver.connection.send_prepared(&prepared).unwrap();
                driver.write_all();
                driver.connection.send_prepared(&prepared).unwrap();
                driver.connection.ping(b"behind").unwrap();
                driver.write_all();
                let message = oracle::binary(&payload(len));
                let expected = [message.clone(), message, oracle::ping(b"behind")];
                assert_eq!(driver.frames(), expected, "{len} as {role:?}");
            }
        }
        assert_eq!(prepared.frame(), &before, "the shared frame is unchanged");
    }
}

#[test]
fn a09_shared_octets_sent_twice_stay_unmasked() {
    for len in LENGTHS {
        for role in BOTH_ROLES {
            let shared = Bytes::from(payload(len));
            let message = Message::binary(shared.clone());
            let mut driver = Driver::plain(role);
            for _ in 0..2 {
                driver.connection.send(&message).unwrap();
                driver.write_all();
            }
            let frame = oracle::binary(&payload(len));
            assert_eq!(driver.frames(), [frame.clone(), frame], "{len} as {role:?}");
            assert_eq!(shared, payload(len), "the caller's octets, {len} as {role:?}");
        }
    }
}

/// A server refers to a long payload (8 KiB or more), a client copies and masks it in one pass.
#[test]
fn a_server_shares_long_payloads() {
    for (role, len, is_shared) in [
        (Role::Server, 8_191, false),
        (Role::Server, 8_192, true),
        (Role::Server, 1 << 20, true),
        (Role::Client, 8_192, false),
    ] {
        let octets = Bytes::from(payload(len));
        let mut driver = Driver::plain(role);
        driver.connection.send(&Message::binary(octets.clone())).unwrap();
        let found = driver.connection.poll_output().any(|slice| slice.as_ptr() == octets.as_ptr());
        assert_eq!(found, is_shared, "{len} as {role:?}");
        driver.write_all();
        // Nothing keeps the payload once it is written.
        assert!(octets.is_unique(), "{len} as {role:?}");
    }
}

#[test]
fn messages_know_their_kind_and_share_their_payload() {
    let octets = Bytes::from_static("κόσμε".as_bytes());
    let text = ws_core::Text::try_from(octets.clone()).unwrap();
    assert_eq!((text.as_str(), text.as_bytes()), ("κόσμε", &octets));
    let message = Message::from(text);
    assert_eq!((message.kind(), message.as_text()), (MessageKind::Text, Some("κόσμε")));
    assert_eq!(message.clone().into_payload().as_ptr(), octets.as_ptr(), "no copy");
    let message = Message::from(octets.clone());
    assert_eq!((message.kind(), message.as_text()), (MessageKind::Binary, None));
    assert_eq!(message.payload().as_ptr(), octets.as_ptr(), "no copy");
    for bad in [&b"\xFF"[..], b"a\xE2\x82", b"\xED\xA0\x80"] {
        let refused = ws_core::Text::try_from(Bytes::from_static(bad));
        assert_eq!(refused, Err(Misuse::TextNotUtf8), "{bad:02x?}");
    }
}
