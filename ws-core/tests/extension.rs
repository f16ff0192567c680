//! Another extension, through the two traits: RSV2 on a message whose octets are all inverted.
#![cfg(feature = "alloc")]

use ws_core::connection::{Config, Connection, Delivery};
use ws_core::extension::{Decoded, Decoder, Encoder, Output};
use ws_core::frame::Rsv;
use ws_core::{Limits, Message, MessageKind, Role, Violation};

use oracle::{BINARY, Frame, TEXT, continuation, parse_extended, ping, text, wire_to};
use support::{BOTH_ROLES, Driver, NOW, Seen, connect, delivering, seen_text, seen_violation};

mod oracle;
mod support;

/// RSV2 as `Frame` has it.
const RSV2: u8 = 2;

/// Inverts every octet, and of binary messages sends none that is not inverted.
#[derive(Debug)]
struct Invert;

fn invert(octets: &[u8]) -> Vec<u8> {
    octets.iter().map(|octet| !octet).collect()
}

impl Decoder for Invert {
    fn rsv(&self) -> Rsv {
        Rsv::RSV2
    }

    fn begin_decode(&mut self, rsv: Rsv) -> bool {
        rsv == Rsv::RSV2
    }

    /// At most three octets at a time: whoever calls must call again.
    fn decode(
        &mut self,
        payload: &[u8],
        _: bool,
        out: &mut Output<'_>,
    ) -> Result<Decoded, Violation> {
        let len = payload.len().min(out.room(3).len()).min(3);
        if payload[..len].contains(&b'!') {
            return Err(Violation::CompressedDataInvalid);
        }
        out.push(&invert(&payload[..len]));
        Ok(Decoded { consumed: len, done: len == payload.len() })
    }
}

impl Encoder for Invert {
    fn encode_message(&mut self, kind: MessageKind, payload: &[u8], out: &mut Output<'_>) -> Rsv {
        self.encode(payload, true, out);
        self.begin_encode(kind)
    }

    fn begin_encode(&mut self, kind: MessageKind) -> Rsv {
        if kind == MessageKind::Binary { Rsv::RSV2 } else { Rsv::NONE }
    }

    fn encode(&mut self, payload: &[u8], _: bool, out: &mut Output<'_>) {
        out.push(&invert(payload));
    }
}

fn driver(role: Role, config: Config) -> Driver {
    let mut driver = Driver::new(role, config);
    driver.connection.set_extension(Invert, Invert);
    driver
}

fn inverted(fin: bool, opcode: u8, plain: &[u8]) -> Frame {
    Frame::new(fin, opcode, invert(plain)).rsv(RSV2)
}

#[test]
fn received_messages_pass_through_it_however_they_are_cut() {
    let frames = [
        inverted(true, TEXT, "κόσμε".as_bytes()),
        text("plain"),
        inverted(false, BINARY, b"abcd"),
        ping(b"between"),
        continuation(true, &invert(b"efgh")),
        inverted(true, BINARY, b""),
    ];
    let seen = [
        seen_text("κόσμε"),
        seen_text("plain"),
        Seen::Ping(b"between".to_vec()),
        Seen::Binary(b"abcdefgh".to_vec()),
        Seen::Binary(Vec::new()),
    ];
    for role in BOTH_ROLES {
        let wire = wire_to(role, &frames);
        for delivery in [Delivery::Messages, Delivery::Pieces] {
            for cut in 0..=wire.len() {
                let log = driver(role, delivering(delivery)).feed_cut(&wire, &[cut]).log();
                assert_eq!(log.events, seen, "{role:?}, {delivery:?}, cut at {cut}");
            }
        }
    }
}

#[test]
fn its_violations_fail_the_connection_and_its_bits_are_the_only_ones() {
    let limits = Limits::builder().max_message_len(5).build().unwrap();
    let cases = [
        ("its own", inverted(true, BINARY, &invert(b"!")), Violation::CompressedDataInvalid),
        ("text", inverted(true, TEXT, b"\xFF"), Violation::TextNotUtf8),
        ("too long", inverted(true, BINARY, b"123456"), Violation::MessageTooLong),
        ("RSV1", Frame::new(true, BINARY, b"").rsv(4), Violation::ReservedBits),
    ];
    for role in BOTH_ROLES {
        for (name, frame, violation) in &cases {
            let wire = wire_to(role, std::slice::from_ref(frame));
            let log = driver(role, Config::with_limits(limits)).feed(&wire).log();
            assert_eq!(log.events, [seen_violation(*violation)], "{name}, {role:?}");
        }
    }
}

#[test]
fn sent_messages_pass_through_it() {
    for role in BOTH_ROLES {
        let mut connection = connect(role, Config::default());
        connection.set_extension(Invert, Invert);
        assert!(connection.has_extension());
        connection.send(&Message::text("text")).unwrap();
        connection.send_binary(b"binary").unwrap();
        connection.send_uncoded(&Message::binary(&b"past it"[..])).unwrap();
        connection.send_fragment(MessageKind::Binary, b"ab", false).unwrap();
        connection.ping(b"p").unwrap();
        connection.send_fragment(MessageKind::Binary, b"", true).unwrap();
        let expected = [
            text("text"),
            inverted(true, BINARY, b"binary"),
            Frame::new(true, BINARY, &b"past it"[..]),
            inverted(false, BINARY, b"ab"),
            ping(b"p"),
            continuation(true, b""),
        ];
        assert_eq!(frames(&mut connection), expected, "{role:?}");
    }
}

fn frames(connection: &mut Connection) -> Vec<Frame> {
    let octets: Vec<u8> = connection.poll_output().flatten().copied().collect();
    connection.handle_written(octets.len(), NOW);
    parse_extended(connection.role(), &octets)
}
