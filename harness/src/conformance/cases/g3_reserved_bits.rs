//! Group 3, reserved bits without an extension that gives them a meaning (RFC 6455 §5.2).

use super::words::{
    HELLO, NOT_TEXT, Topic, binary, frame, frames, frames_as, manner, ping, text, text_back,
};
use crate::conformance::case::{Case, Opcode, Rule, Write};

const RSV: Topic = Topic {
    group: "reserved bits",
    subgroup: "bits that no extension uses",
    rule: Rule {
        section: "RFC 6455 §5.2",
        text: "RSV1, RSV2 and RSV3 are 0 unless an extension was agreed that uses them; else the \
               connection is failed.",
    },
};

pub(super) fn cases() -> Vec<Case> {
    let alone = |id, about: &str, frame| {
        RSV.violation(id, about, 1002, frames([frame]), []).kill_after(1.0)
    };
    // A testee that fails the connection before it has echoed the good text is only NON-STRICT.
    let behind_good_text = |id, name: &str, rsv, write| {
        let about = format!(
            "A text comes back, one with {name} behind it fails the connection, and the Ping \
             behind that is not answered{}.",
            manner(write)
        );
        let send = frames_as(write, [text(HELLO), text(HELLO).rsv(rsv), ping("")]);
        RSV.violation(id, about, 1002, send, [text_back(HELLO)]).or_non_strict([]).kill_after(1.0)
    };
    vec![
        alone("3.1", "A text with RSV3 fails the connection.", text(HELLO).rsv(1)),
        behind_good_text("3.2", "RSV2", 2, Write::Plain),
        behind_good_text("3.3", "RSV2 and RSV3", 3, Write::Sync),
        behind_good_text("3.4", "RSV1", 4, Write::Chop(1)),
        alone("3.5", "Octets with RSV1 and RSV3 fail the connection.", binary(NOT_TEXT).rsv(5)),
        // The suite calls this one a Ping.
        alone("3.6", "Octets with RSV1 and RSV2 fail the connection.", binary(HELLO).rsv(6)),
        alone("3.7", "A Close with all three fails it.", frame(Opcode::CLOSE.0, "").rsv(7)),
    ]
}
