//! What other implementations do otherwise, and why ours does not follow them.
//!
//! A difference is explained by what both made of the octets, not by its cause alone: one that is
//! wider than its explanation is a finding. `tests/differences.rs`, and `tests/others.rs` for those in
//! other languages, fail on an entry that the corpus does not show.

use ws_core::Role;

use crate::frames::{Frames, Header};
use crate::oracle;
use crate::peers::{Compared, End, Heard, MAX_LEN, ours};
use crate::support::Seen;

/// One thing that another implementation does otherwise.
#[derive(Debug)]
pub struct Difference {
    /// What it does, and what we do.
    pub behaviour: &'static str,
    /// The rule in question.
    pub section: &'static str,
    /// Whether this is such a difference.
    pub explains: fn(&Compared<'_>) -> bool,
}

/// The differences of one implementation; the first that explains one counts.
pub type Known = &'static [Difference];

/// tungstenite 0.30.
pub const TUNGSTENITE: Known = &[
    Difference {
        behaviour: "a frame is judged once it is whole; we fail at the octet that breaks a rule",
        section: "RFC 6455 §7.1.7, §8.1, §10.4",
        explains: |c| waits(c) && fails_once_whole(c),
    },
    LONGER_LENGTHS,
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
    CLOSE_OF_ONE_OCTET,
    TOO_LONG_BEFORE_THE_KEY,
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

/// `websockets` 17, of Python.
pub const WEBSOCKETS: Known = &[
    Difference {
        behaviour: "a frame is judged once it is whole; we fail at the octet that breaks a rule",
        section: "RFC 6455 §7.1.7, §10.4",
        explains: |c| waits(c) && fails_once_whole(c),
    },
    TEXT_ONCE_WHOLE,
    LONGER_LENGTHS,
    TOO_LONG_BEFORE_THE_KEY,
    Difference {
        behaviour: "a Close between the fragments of a message is refused; we tell it",
        section: "RFC 6455 §5.4, §5.5.1",
        explains: |c| {
            let headers = Frames::of(c.wire).headers;
            let Some(close) = headers.iter().find(|header| header.first == 0x88) else {
                return false;
            };
            // By itself it is a Close that they take, and so is all that came before it.
            let (before, close) = c.wire.split_at(close.at);
            let [before_it, alone] = [before, close].map(|wire| (c.peer)(c.role, wire));
            let good = before_it.told == c.ours.told && before_it.end == End::Open;
            let failed = c.theirs.told == c.ours.told && c.theirs.end == End::Failed;
            good && failed && ends_inside_a_message(before) && alone.end == c.ours.end
        },
    },
];

/// `ws` 8, of npm.
pub const WS: Known = &[
    Difference {
        behaviour: "a frame is judged once it is whole; we fail at the octet that breaks a rule",
        section: "RFC 6455 §7.1.7",
        explains: |c| waits(c) && fails_once_whole(c),
    },
    TEXT_ONCE_WHOLE,
    LONGER_LENGTHS,
    CLOSE_OF_ONE_OCTET,
    TOO_LONG_BEFORE_THE_KEY,
];

// What several of them do.

const TEXT_ONCE_WHOLE: Difference = Difference {
    behaviour: "text is judged once its message is whole; we fail at the octet that is wrong",
    section: "RFC 6455 §8.1",
    explains: |c| waits(c) && fails_once_the_message_is_whole(c),
};

const LONGER_LENGTHS: Difference = Difference {
    behaviour: "a length in more octets than it needs is taken; we fail with 1002",
    section: "RFC 6455 §5.2",
    explains: takes_longer_lengths,
};

const TOO_LONG_BEFORE_THE_KEY: Difference = Difference {
    behaviour: "a frame that is too long is refused before its masking key; we wait for that",
    section: "RFC 6455 §10.4",
    explains: refuses_a_length_before_the_key,
};

const CLOSE_OF_ONE_OCTET: Difference = Difference {
    behaviour: "a Close of one octet is refused by its length; we wait for that octet",
    section: "RFC 6455 §5.5.1",
    explains: refuses_a_close_of_one_octet_by_its_length,
};

/// What is told of the frames before the one with the longer length is the same, and both go on.
fn takes_longer_lengths(c: &Compared<'_>) -> bool {
    let headers = Frames::of(c.wire).headers;
    let Some(longer) = headers.iter().find(|header| !header.is_shortest) else { return false };
    // All frames before it are told, and they break no rule.
    let before = &c.wire[..longer.at];
    let good = |heard: Heard| heard.told == c.ours.told && heard.end == End::Open;
    let same = good((c.peer)(c.role, before)) && good(ours(c.role, before));
    same && c.ours.end == End::Failed && c.theirs.told.starts_with(&c.ours.told)
}

fn refuses_a_close_of_one_octet_by_its_length(c: &Compared<'_>) -> bool {
    let last = Frames::of(c.wire).headers.pop();
    last.is_some_and(|last| (last.first, last.len) == (0x88, 1)) && is_ahead(c)
}

fn refuses_a_length_before_the_key(c: &Compared<'_>) -> bool {
    let last = Frames::of(c.wire).headers.pop();
    let lacks_key = |last: Header| c.wire.len() < last.at + last.header_len;
    last.is_some_and(|last| last.len > MAX_LEN as u64 && lacks_key(last)) && is_ahead(c)
}

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

/// What may complete a code point or a close code, whatever it is: what is wrong only for want of more
/// octets is right behind one of them.
const COMPLETIONS: [&[u8]; 10] = [
    &[],
    &[0x80],
    &[0x90],
    &[0xA0],
    &[0x80, 0x80],
    &[0xA0, 0x80],
    &[0x80, 0x80, 0x80],
    &[0x90, 0x80, 0x80],
    &[0xE8],
    &[0xB8],
];

/// The frame that the octets end in is one that they fail at, too, whatever it is filled up with.
fn fails_once_whole(c: &Compared<'_>) -> bool {
    COMPLETIONS.into_iter().all(|completion| {
        let wire = filled_up(c, completion);
        wire.len() > c.wire.len() && fails_behind_the_same(c, &wire)
    })
}

/// The message that the octets end in is one that they fail at, too, whatever it ends with.
fn fails_once_the_message_is_whole(c: &Compared<'_>) -> bool {
    COMPLETIONS.into_iter().all(|completion| {
        let mut wire = filled_up(c, completion);
        ends_inside_a_message(&wire) && {
            // What the open frame has been filled up with completes it already.
            let completion = if wire.len() > c.wire.len() { &[] } else { completion };
            let masked = c.role == Role::Server;
            wire.extend(oracle::continuation(true, completion).octets(masked.then_some([0; 4])));
            fails_behind_the_same(c, &wire)
        }
    })
}

/// All frames whole: the payload of the last one ends with `completion`, and zeros.
fn filled_up(c: &Compared<'_>, completion: &[u8]) -> Vec<u8> {
    let mut wire = c.wire.to_vec();
    let from = Frames::of(&wire).whole_len;
    let mut completion = completion.iter();
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
        let place =
            Header::read(&wire[from..]).and_then(|header| at.checked_sub(header.header_len));
        let octet = match place {
            Some(place) => {
                // A frame may be masked that must not be.
                let is_masked = wire[from + 1] & 0x80 != 0;
                let mask = if is_masked { wire[wire.len() - place - 4 + place % 4] } else { 0 };
                completion.next().unwrap_or(&0) ^ mask
            }
            None if high => 0x80,
            None => 0,
        };
        wire.push(octet);
    }
    wire
}

/// Of these octets, which are longer, they tell what was told of the others, and fail.
fn fails_behind_the_same(c: &Compared<'_>, wire: &[u8]) -> bool {
    let theirs = (c.peer)(c.role, wire);
    let ended = theirs.end == End::Failed || is_1002(&theirs.end);
    ended && theirs.told == c.ours.told
}

/// The last data frame is not the last one of its message.
fn ends_inside_a_message(wire: &[u8]) -> bool {
    let data = |header: &&Header| header.first & 0x08 == 0;
    Frames::of(wire).headers.iter().rfind(data).is_some_and(|header| header.first & 0x80 == 0)
}

/// They tell 1002 in the place of the code that was sent.
fn replaced(c: &Compared<'_>) -> bool {
    is_1002(&c.theirs.end) && c.ours.told == c.theirs.told
}

fn is_1002(end: &End) -> bool {
    matches!(end, End::Closed(Some((1002, reason))) if reason == "Protocol violation")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::tungstenite_hears;

    /// From a client, with a key of zeros: octets at which we would be wrong to fail, or to wait.
    #[test]
    fn what_is_wrong_only_for_want_of_more_octets_is_not_excused() {
        let peer = |role, wire: &[u8]| tungstenite_hears(role, wire, MAX_LEN);
        let wires: [(&[u8], End, End); 4] = [
            // A fragment that ends inside a code point, and a frame that is cut there.
            (&[0x01, 0x81, 0, 0, 0, 0, 0xC3], End::Failed, End::Open),
            (&[0x81, 0x82, 0, 0, 0, 0, 0xC3], End::Failed, End::Open),
            // A Close that is cut inside its code.
            (&[0x88, 0x82, 0, 0, 0, 0, 0x03], End::Failed, End::Open),
            // A frame that is too long, and its key is there.
            (&[0x82, 0xFE, 0x7F, 0xFF, 0, 0, 0, 0], End::Open, End::Failed),
        ];
        for (wire, ours, theirs) in wires {
            for known in [TUNGSTENITE, TOKIO_WEBSOCKETS, WEBSOCKETS, WS] {
                let heard = |end: &End| Heard { told: Vec::new(), end: end.clone() };
                let (ours, theirs) = (heard(&ours), heard(&theirs));
                let c = Compared { role: Role::Server, wire, peer, ours, theirs };
                let excuse = known.iter().find(|difference| (difference.explains)(&c));
                assert!(excuse.is_none(), "{wire:02x?}: {excuse:?}");
            }
        }
    }
}
