//! Group 6, first half: text is UTF-8 as a whole, however it is cut into frames (RFC 6455 §8.1).

use super::words::{KOSME, NOT_UTF8, Topic, continuation, frames, message, text, text_back, wait};
use crate::conformance::case::{Adjust, Case, Opcode, Rule, Step};
use crate::conformance::payload::Payload;

const EMPTY: Topic = Topic {
    group: "UTF-8",
    subgroup: "empty fragments",
    rule: Rule {
        section: "RFC 6455 §5.4, §5.6",
        text: "A text, and each fragment of it, may be empty.",
    },
};

const SPLIT: Topic = Topic {
    subgroup: "characters cut in two",
    rule: Rule {
        section: "RFC 6455 §5.6",
        text: "A text message as a whole is UTF-8; a fragment of it may end inside a character.",
    },
    ..EMPTY
};

const INVALID: Topic = Topic {
    subgroup: "a surrogate in a text",
    rule: Rule {
        section: "RFC 6455 §8.1",
        text: "Octets in a text message that are not UTF-8 fail the connection.",
    },
    ..EMPTY
};

const EARLY: Topic = Topic {
    subgroup: "how soon a bad octet is noticed",
    rule: Rule {
        section: "RFC 6455 §8.1",
        text: "Octets in a text message that are not UTF-8 fail the connection; nothing says that \
               the message has to end first, and the octet after which it can no longer become \
               UTF-8 is known when it arrives.",
    },
    ..EMPTY
};

const MIXED: &str = "Hello-µ@ßöäüàá-UTF-8!!";

pub(super) fn cases() -> Vec<Case> {
    let split = |id, about: &str, send: Vec<Step>, back: &'static str| {
        SPLIT.legal(id, about, send, [text_back(back)]).close_after(1)
    };
    let invalid = |id, about: &str, fragment| {
        let send = [message(Opcode::TEXT, NOT_UTF8.into(), fragment)];
        INVALID
            .violation(id, about, 1007, send, [])
            .adjust(Adjust::WrongCloserFails)
            .kill_after(1.0)
    };
    let [before, after] = ["Hello-µ@ßöä", "üàá-UTF-8!!"];
    vec![
        EMPTY
            .legal("6.1.1", "An empty text comes back.", frames([text("")]), [text_back("")])
            .close_after(1),
        EMPTY
            .legal(
                "6.1.2",
                "A text of three empty fragments comes back empty.",
                frames([text("").more(), continuation("").more(), continuation("")]),
                [text_back("")],
            )
            .close_after(1),
        EMPTY
            .legal(
                "6.1.3",
                "A text comes back whose first and last fragments are empty.",
                frames([
                    text("").more(),
                    continuation("middle frame payload").more(),
                    continuation(""),
                ]),
                [text_back("middle frame payload")],
            )
            .close_after(1),
        split(
            "6.2.1",
            "A text with characters of two octets comes back.",
            vec![message(Opcode::TEXT, MIXED.into(), None)],
            MIXED,
        ),
        split(
            "6.2.2",
            "The same text comes back when it is cut between two characters.",
            frames([text(before).more(), continuation(after)]),
            MIXED,
        ),
        split(
            "6.2.3",
            "The same text comes back when each fragment is one octet.",
            vec![message(Opcode::TEXT, MIXED.into(), Some(1))],
            MIXED,
        ),
        split(
            "6.2.4",
            "A Greek word comes back when each fragment is one octet.",
            vec![message(Opcode::TEXT, KOSME.into(), Some(1))],
            KOSME,
        ),
        invalid("6.3.1", "A surrogate inside a text fails the connection.", None),
        invalid("6.3.2", "So it does when each fragment is one octet.", Some(1)),
        early(
            "6.4.1",
            "A text in three fragments, a second apart; the second holds a code past U+10FFFF and \
             fails the connection before the third is sent.",
            in_fragments([KOSME.into(), b"\xf4\x90\x80\x80".into(), "edited".into()]),
        ),
        early(
            "6.4.2",
            "The same octets, cut so that the first fragment ends inside the bad code: its lead \
             octet is still good, the one behind it is not.",
            in_fragments(inside_the_code()),
        ),
        early(
            "6.4.3",
            "As 6.4.1, but the three are pieces of one frame's payload.",
            in_pieces([KOSME.into(), b"\xf4\x90\x80\x80".into(), "edited".into()]),
        ),
        early(
            "6.4.4",
            "As 6.4.2, but the three are pieces of one frame's payload.",
            in_pieces(inside_the_code()),
        ),
    ]
}

fn inside_the_code() -> [Payload; 3] {
    let first = b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4";
    [first.into(), b"\x90".into(), b"\x80\x80edited".into()]
}

fn in_fragments([first, second, third]: [Payload; 3]) -> Vec<Step> {
    vec![
        text(first).more().into(),
        wait('A'),
        continuation(second).more().into(),
        wait('B'),
        continuation(third).into(),
    ]
}

/// One frame in three pieces, and an empty last fragment.
fn in_pieces(pieces: [Payload; 3]) -> Vec<Step> {
    let payload_len = pieces.iter().map(|piece| piece.len() as u64).sum();
    let header = Step::FrameHeader { opcode: Opcode::TEXT, fin: false, rsv: 0, payload_len };
    let [first, second, third] = pieces.map(Step::FramePiece);
    vec![header, first, wait('A'), second, wait('B'), third, continuation("").into()]
}

/// To fail only when the message is whole is NON-STRICT.
fn early(id: &str, about: &str, send: Vec<Step>) -> Case {
    use crate::conformance::case::Event::Timeout;
    EARLY
        .violation(id, about, 1007, send, [Timeout('A')])
        .or_non_strict([Timeout('A'), Timeout('B')])
        .adjust(Adjust::WrongCloserFails)
        .kill_after(1.0)
}
