//! A whole session against the reference, the receiving endpoint in the RFC's words.

use ws_core::connection::{Config, Delivery, Failure};
use ws_core::frame::CloseFrame;
use ws_core::{CloseCode, Limits, Role};

use crate::input::pieces;
use crate::oracle::{CLOSE, Frame};
use crate::reference::{Closes, Endpoint, NO_CLOSE, Session, Told};
use crate::support::{Driver, NOW, Seen};

const MAX_MESSAGE_LEN: u64 = 300;
const MAX_FRAME_LEN: u64 = 200;
const MAX_FRAGMENTS: usize = 5;
const MAX_PINGS: usize = 4;

/// Any octets mean to a connection what they mean to the reference endpoint, and are answered as it
/// answers them. The first octet seeds the cuts; the bits of the second are the role, pieces, no
/// automatic Pong, messages told while closing, a Close of ours, the end of the stream, what our Close
/// says; the third is after which piece we close.
pub fn session_oracle(octets: &[u8]) {
    let Some((&[seed, settings, closes], wire)) = octets.split_first_chunk() else { return };
    let bit = |bit: u8| settings >> bit & 1 != 0;
    let is_server = !bit(0);
    let pieces = pieces(seed, wire);
    let closes = bit(4).then_some(usize::from(closes) % (pieces.len() + 1));
    let close = bit(6).then_some(CloseFrame {
        code: if bit(7) { CloseCode::NORMAL } else { CloseCode::new(4999) },
        reason: if bit(7) { "" } else { "enough" },
    });
    let endpoint = Endpoint {
        is_server,
        max_message_len: MAX_MESSAGE_LEN,
        max_frame_len: MAX_FRAME_LEN,
        max_fragments: MAX_FRAGMENTS,
        max_pings: MAX_PINGS,
        auto_pong: !bit(2),
        closes: closes.map(|closes| Closes {
            behind: pieces[..closes].iter().map(|piece| piece.len()).sum(),
            saying: close.map(|close| (close.code.get(), close.reason)),
        }),
        tells_while_closing: bit(3),
        ends: bit(5),
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
    let mut closed_first = false;
    for i in 0..=pieces.len() {
        if closes == Some(i) {
            closed_first = driver.frames().iter().all(|frame| frame.opcode != CLOSE);
            let closed = driver.connection.close(close, NOW);
            assert_eq!(closed.is_ok(), closed_first, "once, and not behind an answer: {closed:?}");
            driver.write_all();
        }
        if let Some(piece) = pieces.get(i) {
            driver.feed(piece);
        }
    }
    if endpoint.ends {
        driver.end_of_stream();
    }
    assert_eq!(session(&driver, closed_first), endpoint.receive(wire));
}

/// What can be seen of the connection, as the reference says it.
fn session(driver: &Driver, closed_first: bool) -> Session {
    let log = driver.log();
    let reports = !closed_first && matches!(log.events.last(), Some(Seen::Failed(_)));
    let told = log.events.into_iter().map(told).collect();
    let mut answers = log.output;
    // The reason of a failure is the connection's own; the code is the RFC's.
    if let (true, Some(Frame { opcode: CLOSE, payload, .. })) = (reports, answers.last_mut()) {
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
    match failure {
        Failure::Violation(violation) => violation.close_code().get(),
        Failure::EndOfStream => NO_CLOSE,
        failure => panic!("no time passed: {failure:?}"),
    }
}
