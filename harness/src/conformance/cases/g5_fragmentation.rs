//! Group 5, fragmentation, with control frames between the fragments (RFC 6455 §5.4).

use super::words::{
    HELLO, Topic, continuation, frames, frames_as, manner, pause, ping, pong, pong_back, text,
    text_back,
};
use crate::conformance::case::{Case, Frame, Rule, Write};

const FRAGMENTS: Topic = Topic {
    group: "fragmentation",
    subgroup: "fragments in and out of order",
    rule: Rule {
        section: "RFC 6455 §5.4",
        text: "A fragmented message is a frame of its opcode without FIN, continuations without \
               FIN, and one with it; control frames may stand between, frames of another message \
               may not.",
    },
};

const CONTROL_WHOLE: (&str, &str) = ("RFC 6455 §5.5", "A control frame is never fragmented.");

const NOTHING_TO_CONTINUE: (&str, &str) =
    ("RFC 6455 §5.4", "A continuation goes on with a message; without one it is a violation.");

const STRAY: &str = "non-continuation payload";

/// The three ways in which the suite writes the same frames.
const WRITES: [Write; 3] = [Write::Plain, Write::Sync, Write::Chop(1)];

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        split_control("5.1", "Ping", ping("fragment1")),
        split_control("5.2", "Pong", pong("fragment1")),
    ];
    cases.extend([3, 4, 5].into_iter().zip(WRITES).map(|(n, write)| two(n, write)));
    cases.extend([6, 7, 8].into_iter().zip(WRITES).map(|(n, write)| ping_between(n, write)));
    cases.extend([9, 10, 11].into_iter().zip(WRITES).map(|(n, write)| stray(n, true, write)));
    cases.extend([12, 13, 14].into_iter().zip(WRITES).map(|(n, write)| stray(n, false, write)));
    cases.extend([
        FRAGMENTS
            .violation(
                "5.15",
                "A text in two fragments comes back, the continuation behind it fails the \
                 connection, and the text behind that is not looked at.",
                1002,
                frames([
                    text("fragment1").more(),
                    continuation("fragment2"),
                    continuation("fragment3").more(),
                    text("fragment4"),
                ]),
                [text_back("fragment1fragment2")],
            )
            .or_non_strict([])
            .rule(NOTHING_TO_CONTINUE.0, NOTHING_TO_CONTINUE.1)
            .kill_after(1.0),
        stray_then_text("5.16", "A continuation without FIN", |frame| frame.more()),
        stray_then_text("5.17", "A continuation with FIN", |frame| frame),
        FRAGMENTS
            .violation(
                "5.18",
                "A text that begins inside a fragmented text fails the connection.",
                1002,
                frames([text("fragment1").more(), text("fragment2")]),
                [],
            )
            .kill_after(1.0),
        five_slowly("5.19", Write::Plain),
        five_slowly("5.20", Write::Sync),
    ]);
    cases
}

fn split_control(id: &str, name: &str, first: Frame) -> Case {
    let about = format!("A {name} in two fragments fails the connection.");
    let send = frames([first.more(), continuation("fragment2")]);
    FRAGMENTS
        .violation(id, about, 1002, send, [])
        .rule(CONTROL_WHOLE.0, CONTROL_WHOLE.1)
        .kill_after(1.0)
}

fn two(n: u16, write: Write) -> Case {
    let about = format!("A text in two fragments comes back whole{}.", manner(write));
    let send = frames_as(write, [text("fragment1").more(), continuation("fragment2")]);
    FRAGMENTS
        .legal(&format!("5.{n}"), about, send, [text_back("fragment1fragment2")])
        .close_after(1)
}

fn ping_between(n: u16, write: Write) -> Case {
    let about = format!(
        "A Ping between two fragments of a text is answered before the text comes back{}.",
        manner(write)
    );
    let send = frames_as(
        write,
        [text("fragment1").more(), ping("ping payload"), continuation("fragment2")],
    );
    let events = [pong_back("ping payload"), text_back("fragment1fragment2")];
    FRAGMENTS.legal(&format!("5.{n}"), about, send, events).close_after(1)
}

fn stray(n: u16, fin: bool, write: Write) -> Case {
    let about = format!(
        "A continuation {} FIN with nothing to go on with fails the connection{}.",
        if fin { "with" } else { "without" },
        manner(write)
    );
    let send = frames_as(write, [Frame { fin, ..continuation(STRAY) }, text(HELLO)]);
    FRAGMENTS
        .violation(&format!("5.{n}"), about, 1002, send, [])
        .rule(NOTHING_TO_CONTINUE.0, NOTHING_TO_CONTINUE.1)
        .kill_after(1.0)
}

/// Twice the same three frames, the first of which is already one too many.
fn stray_then_text(id: &str, what: &str, first: fn(Frame) -> Frame) -> Case {
    let about = format!(
        "{what} with nothing to go on with fails the connection, and the fragmented text behind \
         it is not looked at; all of it twice."
    );
    let three =
        || [first(continuation("fragment1")), text("fragment2").more(), continuation("fragment3")];
    let send = [frames(three()), frames(three())].concat();
    FRAGMENTS
        .violation(id, about, 1002, send, [])
        .rule(NOTHING_TO_CONTINUE.0, NOTHING_TO_CONTINUE.1)
        .kill_after(1.0)
}

fn five_slowly(id: &str, write: Write) -> Case {
    let about = format!(
        "A text in five fragments with two Pings between, a second's pause behind the first: both \
         Pongs, then the text{}.",
        manner(write)
    );
    let before = [text("fragment1").more(), continuation("fragment2").more(), ping("pongme 1!")];
    let behind = [
        continuation("fragment3").more(),
        continuation("fragment4").more(),
        ping("pongme 2!"),
        continuation("fragment5"),
    ];
    let send = [frames_as(write, before), vec![pause()], frames_as(write, behind)].concat();
    let events = [
        pong_back("pongme 1!"),
        pong_back("pongme 2!"),
        text_back("fragment1fragment2fragment3fragment4fragment5"),
    ];
    FRAGMENTS.legal(id, about, send, events).close_after(1)
}
