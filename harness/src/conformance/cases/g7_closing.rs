//! Group 7, the closing handshake (RFC 6455 §5.5.1, §7).

use super::words::{NOT_UTF8, Topic, close, continuation, frame, ping, text, text_back};
use crate::conformance::case::{Adjust, Case, Opcode, Rule, Step};
use crate::conformance::payload::Payload;

const BASIC: Topic = Topic {
    group: "closing handshake",
    subgroup: "what is sent behind a Close",
    rule: Rule {
        section: "RFC 6455 §5.5.1",
        text: "A Close is answered with a Close, as soon as is practical; nothing that arrives \
               behind a Close is looked at.",
    },
};

const PAYLOADS: Topic = Topic {
    subgroup: "lengths of a Close",
    rule: Rule {
        section: "RFC 6455 §5.5, §5.5.1",
        text: "A Close is empty, or holds a code of two octets and a reason of up to 123.",
    },
    ..BASIC
};

const REASON: Topic = Topic {
    subgroup: "a reason that is not UTF-8",
    rule: Rule {
        section: "RFC 6455 §5.5.1, §8.1",
        text: "The reason in a Close is UTF-8; one that is not fails the connection.",
    },
    ..BASIC
};

const LEGAL: Topic = Topic {
    subgroup: "codes that may be sent",
    rule: Rule {
        section: "RFC 6455 §7.4",
        text: "1000 to 1003 and 1007 to 1011 are codes for the wire, 3000 to 3999 are registered, \
               4000 to 4999 are private; a Close with one of them is answered.",
    },
    ..BASIC
};

const ILLEGAL: Topic = Topic {
    subgroup: "codes that may not be sent",
    rule: Rule {
        section: "RFC 6455 §7.4",
        text: "Codes below 1000 are not used, 1004 is reserved, 1005, 1006 and 1015 are never \
               sent, and the rest up to 2999 is kept for the protocol's future.",
    },
    ..BASIC
};

const ABOVE: Topic = Topic {
    subgroup: "codes of 5000 and more",
    rule: Rule {
        section: "RFC 6455 §7.4.2",
        text: "Nothing is said about codes of 5000 and more.",
    },
    ..BASIC
};

const GREETING: &str = "Hello World!";

pub(super) fn cases() -> Vec<Case> {
    [basic(), payloads(), vec![reason()], legal_codes(), illegal_codes(), codes_above()].concat()
}

fn normal() -> Step {
    close(Some(1000), None)
}

fn basic() -> Vec<Case> {
    let scripted = |id, about: &str, send: Vec<Step>| {
        BASIC
            .legal(id, about, send, [])
            .script_closes()
            .adjust(Adjust::WrongCodeFails)
            .kill_after(1.0)
    };
    vec![
        BASIC
            .legal(
                "7.1.1",
                "A text comes back, then the closing handshake is completed.",
                [text(GREETING).into()],
                [text_back(GREETING)],
            )
            .adjust(Adjust::WrongCodeFails)
            .kill_after(1.0),
        scripted(
            "7.1.2",
            "A second Close behind the first is not answered.",
            vec![normal(), frame(Opcode::CLOSE.0, "").into()],
        ),
        scripted(
            "7.1.3",
            "A Ping behind a Close is not answered.",
            vec![normal(), ping("").into()],
        ),
        scripted(
            "7.1.4",
            "A text behind a Close does not come back.",
            vec![normal(), text(GREETING).into()],
        ),
        scripted(
            "7.1.5",
            "A Close between two fragments of a text is answered, and the text does not come back.",
            vec![text("fragment1").more().into(), normal(), continuation("fragment2").into()],
        ),
        // The suite lists the second text alone, which no honest echo can match.
        BASIC
            .legal(
                "7.1.6",
                "Two texts, the first of 262,144 octets, a Close and a Ping: for information, \
                 what comes back before the Close is answered.",
                [
                    text(Payload::repeat(b"BAsd7&jh23", 262_144)).into(),
                    text(GREETING).into(),
                    normal(),
                    ping("").into(),
                ],
                [text_back(GREETING)],
            )
            .or_non_strict([])
            .script_closes()
            .adjust(Adjust::Informational)
            .kill_after(1.0),
    ]
}

/// One Close alone, which the script sends.
fn alone(topic: Topic, id: &str, about: impl Into<String>, close: Step) -> Case {
    topic.legal(id, about, [close], []).adjust(Adjust::WrongCodeFails).kill_after(1.0)
}

fn payloads() -> Vec<Case> {
    let long = |len| Some(Payload::repeat(b"*", len));
    let one = |id, about: &str, code, reason| {
        alone(PAYLOADS, id, about, close(code, reason)).script_closes()
    };
    vec![
        one("7.3.1", "An empty Close is answered.", None, None),
        one("7.3.2", "A Close of one octet is a violation.", None, Some("a".into()))
            .codes(&[1002])
            .or_unclean(),
        one("7.3.3", "A Close with a code is answered.", Some(1000), None),
        one("7.3.4", "A Close with a reason is answered.", Some(1000), Some(GREETING.into())),
        one("7.3.5", "The longest reason, 123 octets, is answered.", Some(1000), long(123)),
        one("7.3.6", "A reason of 124 octets is a violation.", Some(1000), long(124))
            .codes(&[1002])
            .or_unclean(),
    ]
}

fn reason() -> Case {
    let close = close(Some(1000), Some(NOT_UTF8.into()));
    alone(REASON, "7.5.1", "A reason with a surrogate in it is a violation.", close)
        .script_closes()
        .codes(&[1002, 1007])
        .or_unclean()
}

/// 1010 is for clients to send, but the suite sends it in both roles.
fn legal_codes() -> Vec<Case> {
    let codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
    let case = |(n, code): (u16, u16)| {
        let about = match code {
            1000 => "A Close with code 1000 is answered with it.".to_owned(),
            code => format!("A Close with code {code} is answered with it or with 1000."),
        };
        alone(LEGAL, &format!("7.7.{n}"), about, close(Some(code), None)).codes(&[1000, code])
    };
    (1..).zip(codes).map(case).collect()
}

fn illegal_codes() -> Vec<Case> {
    let codes = [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999];
    let case = |(n, code): (u16, u16)| {
        let about = format!("A Close with code {code} is a violation.");
        alone(ILLEGAL, &format!("7.9.{n}"), about, close(Some(code), None))
            .codes(&[1002])
            .or_unclean()
    };
    (1..).zip(codes).map(case).collect()
}

fn codes_above() -> Vec<Case> {
    let case = |(n, code): (u16, u16)| {
        let about = format!("A Close with code {code}: for information, what is answered.");
        alone(ABOVE, &format!("7.13.{n}"), about, close(Some(code), None))
            .script_closes()
            .codes(&[1000, code, 1002])
            .or_unclean()
            .adjust(Adjust::Informational)
    };
    (1..).zip([5000, 65_535]).map(case).collect()
}
