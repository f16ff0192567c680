//! Group 10: a message that the suite's own connection cuts into fragments (RFC 6455 §5.4).

use super::words::{Topic, message, text_back};
use crate::conformance::case::{Adjust, Case, Opcode, Rule};
use crate::conformance::payload::Payload;

const AUTO: Topic = Topic {
    group: "automatic fragments",
    subgroup: "fragments that the engine makes",
    rule: Rule {
        section: "RFC 6455 §5.4",
        text: "A sender may cut a message into fragments of any length; the receiver sees one \
               message.",
    },
};

pub(super) fn cases() -> Vec<Case> {
    let payload = || Payload::repeat(b"*", 65_536);
    vec![
        AUTO.legal(
            "10.1.1",
            "A text of 65536 octets in fragments of 1300 comes back.",
            [message(Opcode::TEXT, payload(), Some(1300))],
            [text_back(payload())],
        )
        .adjust(Adjust::SentFrames { text: 1, continuation: 50 })
        .kill_after(10.0),
    ]
}
