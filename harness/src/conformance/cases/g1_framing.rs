//! Group 1, framing: unfragmented messages around each of the three length forms (RFC 6455 §5.2).

use super::words::{Topic, binary, binary_back, frames, manner, text, text_back};
use crate::conformance::case::{Case, Rule, Write};
use crate::conformance::payload::Payload;

const TEXT: Topic = Topic {
    group: "framing",
    subgroup: "text, by length of its payload",
    rule: Rule {
        section: "RFC 6455 §5.2, §5.6",
        text: "A payload of up to 125 octets has its length in 7 bits, one of up to 65,535 in 16 \
               more, a larger one in 64 more; TCP may deliver a frame in any pieces.",
    },
};

const BINARY: Topic = Topic { subgroup: "binary, by length of its payload", ..TEXT };

/// Number, octets of payload, how the frame is written, seconds until the connection is failed.
const LENGTHS: [(u16, usize, Write, f64); 8] = [
    (1, 0, Write::Plain, 1.0),
    (2, 125, Write::Plain, 1.0),
    (3, 126, Write::Plain, 1.0),
    (4, 127, Write::Plain, 1.0),
    (5, 128, Write::Plain, 1.0),
    (6, 65_535, Write::Plain, 10.0),
    (7, 65_536, Write::Plain, 10.0),
    (8, 65_536, Write::Chop(997), 10.0),
];

pub(super) fn cases() -> Vec<Case> {
    let text = LENGTHS.map(|(n, len, write, seconds)| {
        let payload = || Payload::repeat(b"*", len);
        let about = format!("A text of {len} octets comes back{}.", manner(write));
        let send = frames([text(payload()).write(write)]);
        TEXT.legal(&format!("1.1.{n}"), about, send, [text_back(payload())]).kill_after(seconds)
    });
    let binary = LENGTHS.map(|(n, len, write, seconds)| {
        let payload = || Payload::repeat(b"\xfe", len);
        let about = format!("A binary message of {len} octets comes back{}.", manner(write));
        let send = frames([binary(payload()).write(write)]);
        BINARY.legal(&format!("1.2.{n}"), about, send, [binary_back(payload())]).kill_after(seconds)
    });
    [text, binary].concat()
}
