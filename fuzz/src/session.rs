//! A whole session against the reference, the receiving endpoint in the RFC's words.

use ws_core::connection::{Config, Delivery, Failure};
use ws_core::{Limits, Role};

use crate::input::pieces;
use crate::oracle::{CLOSE, Frame};
use crate::reference::{Endpoint, Session, Told};
use crate::support::{Driver, NOW, Seen};

const MAX_MESSAGE_LEN: u64 = 300;
const MAX_FRAME_LEN: u64 = 200;
const MAX_FRAGMENTS: usize = 5;
const MAX_PINGS: usize = 4;

/// Any octets mean to a connection what they mean to the reference endpoint, and are answered as it
/// answers them. The first octet seeds the cuts; the bits of the second are the role, pieces, no
/// automatic Pong, messages told while closing, our Close sent first.
pub fn session_oracle(octets: &[u8]) {
    let Some((&[seed, settings], wire)) = octets.split_first_chunk() else { return };
    let bit = |bit: u8| settings >> bit & 1 != 0;
    let (is_server, has_closed) = (!bit(0), bit(4));
    let endpoint = Endpoint {
        is_server,
        max_message_len: MAX_MESSAGE_LEN,
        max_frame_len: MAX_FRAME_LEN,
        max_fragments: MAX_FRAGMENTS,
        max_pings: MAX_PINGS,
        auto_pong: !bit(2),
        has_closed,
        tells_while_closing: bit(3),
    };
    let limits = Limits::builder()
        .max_message_len(MAX_MESSAGE_LEN)
        .max_frame_len(MAX_FRAME_LEN)
        .max_fragments(MAX_FRAGMENTS as u32)
        .max_pings(MAX_PINGS as u32)
        .build()
        .expect("limits that fit together");
    let mut config = Config::with_limits(limits);
    config.delivery = if bit(1) { Delivery::Pieces } else { Delivery::Messages };
    config.auto_pong = endpoint.auto_pong;
    config.deliver_while_closing = endpoint.tells_while_closing;

    let mut driver = Driver::new(if is_server { Role::Server } else { Role::Client }, config);
    if has_closed {
        driver.connection.close(None, NOW).expect("nothing was sent before");
        driver.write_all();
    }
    for piece in pieces(seed, wire) {
        driver.feed(piece);
    }
    assert_eq!(session(&driver, has_closed), endpoint.receive(wire));
}

/// What can be seen of the connection, as the reference says it.
fn session(driver: &Driver, has_closed: bool) -> Session {
    let log = driver.log();
    let told = log.events.into_iter().map(told).collect();
    let mut answers = log.output;
    if has_closed {
        assert_eq!(answers, [Frame::new(true, CLOSE, "")], "one Close, and nothing after it");
        answers.clear();
    }
    // The reason of a failure is the connection's own; the code is the RFC's.
    if let Some(Frame { opcode: CLOSE, payload, .. }) = answers.last_mut() {
        payload.truncate(2);
    }
    Session { told, answers }
}

fn told(seen: Seen) -> Told {
    match seen {
        Seen::Text(text) => Told::Text(text),
        Seen::Binary(octets) => Told::Binary(octets),
        Seen::Ping(payload) => Told::Ping(payload),
        Seen::Pong(payload) => Told::Pong(payload),
        Seen::Close(frame) => Told::Close(frame),
        Seen::Failed(failure) => Told::Failed(code(failure)),
    }
}

fn code(failure: Failure) -> u16 {
    let Failure::Violation(violation) = failure else {
        panic!("the stream did not end, and no time passed: {failure:?}")
    };
    violation.close_code().get()
}
