//! What other crates do otherwise, and why ours does not follow them.
//!
//! A difference is explained by what both made of the octets, not by its cause alone: one that is
//! wider than its explanation is a finding. `tests/differences.rs` fails on an entry that the corpus
//! does not show.

use ws_core::Role;

use crate::frames::Frames;
use crate::peers::{Compared, End, MAX_LEN};
use crate::support::Seen;

/// One thing that another crate does otherwise.
#[derive(Debug)]
pub struct Difference {
    /// What it does, and what we do.
    pub behaviour: &'static str,
    /// The rule in question.
    pub section: &'static str,
    /// Whether this is such a difference.
    pub explains: fn(&Compared<'_>) -> bool,
}

/// The differences of one crate; the first that explains one counts.
pub type Known = &'static [Difference];

/// tungstenite 0.30.
pub const TUNGSTENITE: Known = &[
    Difference {
        behaviour: "a frame is judged once it is whole; we fail at the octet that breaks a rule",
        section: "RFC 6455 §7.1.7, §8.1, §10.4",
        explains: |c| waits(c) && fails_once_whole(c),
    },
    Difference {
        behaviour: "a length in more octets than it needs is taken; we fail with 1002",
        section: "RFC 6455 §5.2",
        explains: |c| {
            let headers = Frames::of(c.wire).headers;
            let Some(longer) = headers.iter().find(|header| !header.is_shortest) else {
                return false;
            };
            // All frames before it are told, and they break no rule.
            let before = (c.peer)(c.role, &c.wire[..longer.at]);
            let same = before.told == c.ours.told && before.end == End::Open;
            same && c.ours.end == End::Failed && c.theirs.told.starts_with(&c.ours.told)
        },
    },
    Difference {
        behaviour: "a close code that must not be on the wire is told as 1002; we fail with 1002",
        section: "RFC 6455 §7.4",
        explains: |c| c.ours.end == End::Failed && replaced(c),
    },
    Difference {
        behaviour: "close code 1014 is taken for one that is not assigned; we tell it",
        section: "RFC 6455 §7.4.1 and the registry it founds",
        explains: |c| matches!(c.ours.end, End::Closed(Some((1014, _)))) && replaced(c),
    },
];

/// tokio-websockets 0.13.
pub const TOKIO_WEBSOCKETS: Known = &[
    Difference {
        behaviour: "a header is judged once it is whole; we fail at the octet that breaks a rule",
        section: "RFC 6455 §7.1.7",
        explains: |c| waits(c) && fails_once_whole(c),
    },
    Difference {
        behaviour: "a Close of one octet is refused by its length; we wait for that octet",
        section: "RFC 6455 §5.5.1",
        explains: |c| {
            let last = Frames::of(c.wire).headers.pop();
            last.is_some_and(|last| (last.first, last.len) == (0x88, 1)) && is_ahead(c)
        },
    },
    Difference {
        behaviour: "a frame that is too long is refused before its masking key; we wait for that",
        section: "RFC 6455 §10.4",
        explains: |c| {
            let last = Frames::of(c.wire).headers.pop();
            last.is_some_and(|last| last.len > MAX_LEN as u64) && is_ahead(c)
        },
    },
    Difference {
        behaviour: "text that an empty last fragment ends inside a code point is told; we fail",
        section: "RFC 6455 §8.1",
        explains: |c| {
            let told = c.theirs.told.strip_prefix(&c.ours.told[..]);
            let Some([Seen::Text(text), ..]) = told else { return false };
            c.ours.end == End::Failed && std::str::from_utf8(text).is_err()
        },
    },
];

/// They have failed the connection, we wait for the rest of the frame, and until then all is the same.
fn is_ahead(c: &Compared<'_>) -> bool {
    let same = c.ours.told == c.theirs.told;
    let ends = (&c.ours.end, &c.theirs.end) == (&End::Open, &End::Failed);
    Frames::of(c.wire).are_cut && same && ends
}

/// We have failed the connection, they wait for more, and until then all is the same.
fn waits(c: &Compared<'_>) -> bool {
    c.ours.told == c.theirs.told && c.ours.end == End::Failed && c.theirs.end == End::Open
}

/// The frame that the octets end in, filled up with zeros, is one that they fail at, too.
fn fails_once_whole(c: &Compared<'_>) -> bool {
    let mut wire = c.wire.to_vec();
    let from = Frames::of(&wire).whole_len;
    for _ in 0..MAX_LEN + 14 {
        if !Frames::of(&wire).are_cut {
            break;
        }
        // The mask bit is as it must be, and a length in its shortest form, if in 16 bits.
        let length_end = match wire.get(from + 1).map(|second| second & 0x7F) {
            Some(126) => 3,
            Some(127) => 9,
            _ => 0,
        };
        let at = wire.len() - from;
        let high = at == 1 && c.role == Role::Server || at == length_end;
        wire.push(if high { 0x80 } else { 0 });
    }
    wire.len() > c.wire.len() && {
        let theirs = (c.peer)(c.role, &wire);
        let ended = theirs.end == End::Failed || is_1002(&theirs.end);
        ended && theirs.told == c.ours.told
    }
}

/// They tell 1002 in the place of the code that was sent.
fn replaced(c: &Compared<'_>) -> bool {
    is_1002(&c.theirs.end) && c.ours.told == c.theirs.told
}

fn is_1002(end: &End) -> bool {
    matches!(end, End::Closed(Some((1002, reason))) if reason == "Protocol violation")
}
