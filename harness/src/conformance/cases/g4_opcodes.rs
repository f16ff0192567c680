//! Group 4, opcodes that are reserved (RFC 6455 §5.2).

use super::words::{HELLO, Topic, frame, frames, frames_as, manner, ping, text, text_back};
use crate::conformance::case::{Case, Rule, Write};

const DATA: Topic = Topic {
    group: "opcodes",
    subgroup: "opcodes 3 to 7",
    rule: Rule {
        section: "RFC 6455 §5.2",
        text: "Opcodes 3 to 7 are reserved for data frames to come, 11 to 15 for control frames; \
               an unknown one fails the connection.",
    },
};

const CONTROL: Topic = Topic { subgroup: "opcodes 11 to 15", ..DATA };

pub(super) fn cases() -> Vec<Case> {
    [five(DATA, "4.1", [3, 4, 5, 6, 7]), five(CONTROL, "4.2", [11, 12, 13, 14, 15])].concat()
}

/// Two alone, three between a good text and a Ping. A testee that fails the connection before it
/// has echoed the good text is only NON-STRICT.
fn five(topic: Topic, subgroup: &str, opcodes: [u8; 5]) -> Vec<Case> {
    let alone = |n: u16, opcode: u8, payload: &'static str, with: &str| {
        let about = format!("Opcode {opcode} {with} fails the connection.");
        let send = frames([frame(opcode, payload)]);
        topic.violation(&format!("{subgroup}.{n}"), about, 1002, send, []).kill_after(1.0)
    };
    let behind_good_text = |n: u16, opcode: u8, payload: &'static str, write| {
        let about = format!(
            "A text comes back, opcode {opcode} behind it fails the connection, and the Ping \
             behind that is not answered{}.",
            manner(write)
        );
        let send = frames_as(write, [text(HELLO), frame(opcode, payload), ping("")]);
        topic
            .violation(&format!("{subgroup}.{n}"), about, 1002, send, [text_back(HELLO)])
            .or_non_strict([])
            .kill_after(1.0)
    };
    vec![
        alone(1, opcodes[0], "", "without a payload"),
        alone(2, opcodes[1], "reserved opcode payload", "with a payload"),
        behind_good_text(3, opcodes[2], "", Write::Plain),
        behind_good_text(4, opcodes[3], HELLO, Write::Plain),
        behind_good_text(5, opcodes[4], HELLO, Write::Chop(1)),
    ]
}
