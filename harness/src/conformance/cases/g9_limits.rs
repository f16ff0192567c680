//! Group 9, limits and performance: long messages, many frames, many writes, many messages.
//!
//! The suite looks at type and length of what comes back, never at its content.

use std::time::Duration;

use super::words::{Topic, binary, message, text};
use crate::conformance::case::{
    Case, Compare, Expect, Frame, Opcode, RoundTrips, Rule, Source, Step, Timer, Write,
};
use crate::conformance::payload::Payload;

const LONG_TEXT: Topic = Topic {
    group: "limits and performance",
    subgroup: "long text",
    rule: Rule {
        section: "RFC 6455 §5.2, §10.4",
        text: "A frame may be as long as 63 bits can say; an endpoint may set a limit of its own, \
               which for these cases has to be above 16 MiB.",
    },
};

const LONG_BINARY: Topic = Topic { subgroup: "long binary", ..LONG_TEXT };

const FRAGMENTED_TEXT: Topic = Topic {
    subgroup: "text of 4 MiB, by fragment",
    rule: Rule {
        section: "RFC 6455 §5.4", text: "A message may come in any number of fragments."
    },
    ..LONG_TEXT
};

const FRAGMENTED_BINARY: Topic =
    Topic { subgroup: "binary of 4 MiB, by fragment", ..FRAGMENTED_TEXT };

const CHOPPED_TEXT: Topic = Topic {
    subgroup: "text of 1 MiB, by write",
    rule: Rule {
        section: "RFC 6455 §5.2",
        text: "TCP is a stream: a frame may arrive in any pieces.",
    },
    ..LONG_TEXT
};

const CHOPPED_BINARY: Topic = Topic { subgroup: "binary of 1 MiB, by write", ..CHOPPED_TEXT };

const TEXT_TRIPS: Topic = Topic {
    subgroup: "a thousand texts",
    rule: Rule {
        section: "RFC 6455 §6",
        text: "Each message is answered for itself; nothing is held back for the next one.",
    },
    ..LONG_TEXT
};

const BINARY_TRIPS: Topic = Topic { subgroup: "a thousand binary messages", ..TEXT_TRIPS };

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

const TEXT_PATTERN: &[u8] = b"BAsd7&jh23";
const BINARY_PATTERN: &[u8] = b"\x00\xfe\x23\xfa\xf0";

pub(super) fn cases() -> Vec<Case> {
    [
        long("9.1", LONG_TEXT, [10, 10, 100, 100, 100, 100]),
        long("9.2", LONG_BINARY, [10, 10, 10, 10, 100, 100]),
        fragmented("9.3", FRAGMENTED_TEXT),
        fragmented("9.4", FRAGMENTED_BINARY),
        chopped("9.5", CHOPPED_TEXT),
        chopped("9.6", CHOPPED_BINARY),
        round_trips("9.7", TEXT_TRIPS),
        round_trips("9.8", BINARY_TRIPS),
    ]
    .concat()
}

/// The even subgroups repeat the odd ones with binary messages.
fn is_binary(subgroup: &str) -> bool {
    matches!(subgroup, "9.2" | "9.4" | "9.6" | "9.8")
}

fn kind(subgroup: &str) -> &'static str {
    if is_binary(subgroup) { "binary message" } else { "text" }
}

fn one_message(
    subgroup: &str,
    topic: Topic,
    n: u16,
    about: String,
    len: usize,
    step: Step,
) -> Case {
    let expect = Expect::Length { binary: is_binary(subgroup), len };
    topic.legal(&format!("{subgroup}.{n}"), about, [step], []).expect(expect)
}

fn one_frame(subgroup: &str, len: usize) -> Frame {
    if is_binary(subgroup) {
        binary(Payload::repeat(BINARY_PATTERN, len))
    } else {
        text(Payload::repeat(TEXT_PATTERN, len))
    }
}

fn long(subgroup: &str, topic: Topic, seconds: [u64; 6]) -> Vec<Case> {
    let lengths = [64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB];
    let case = |(n, (len, seconds))| {
        let about = format!("A {} of {len} octets in one frame comes back.", kind(subgroup));
        let step = one_frame(subgroup, len).into();
        one_message(subgroup, topic, n, about, len, step).close_after(seconds)
    };
    (1..).zip(lengths.into_iter().zip(seconds)).map(case).collect()
}

/// 9.4.1 alone of the binary ones sends 0xFE; the others send the text's asterisk.
fn fragmented(subgroup: &str, topic: Topic) -> Vec<Case> {
    let opcode = if is_binary(subgroup) { Opcode::BINARY } else { Opcode::TEXT };
    let fragments = (0..9).map(|power| 64 * 4_usize.pow(power));
    let case = |(n, fragment): (u16, usize)| {
        let pattern: &[u8] = if is_binary(subgroup) && n == 1 { b"\xfe" } else { b"*" };
        let about = format!(
            "A {} of {} octets in fragments of {fragment} comes back.",
            kind(subgroup),
            4 * MIB
        );
        let step = message(opcode, Payload::repeat(pattern, 4 * MIB), Some(fragment));
        one_message(subgroup, topic, n, about, 4 * MIB, step).close_after(100)
    };
    (1..).zip(fragments).map(case).collect()
}

fn chopped(subgroup: &str, topic: Topic) -> Vec<Case> {
    let case = |(n, octets)| {
        let about = format!("A {} of {MIB} octets, {octets} a write, comes back.", kind(subgroup));
        let step = one_frame(subgroup, MIB).write(Write::Chop(octets)).into();
        one_message(subgroup, topic, n, about, MIB, step).close_after(1000)
    };
    (1..).zip([64, 128, 256, 512, 1024, 2048]).map(case).collect()
}

fn round_trips(subgroup: &str, topic: Topic) -> Vec<Case> {
    let rows = [(0, 60), (16, 60), (64, 60), (256, 120), (1024, 240), (4096, 480)];
    let (opcode, pattern): (_, &[u8]) =
        if is_binary(subgroup) { (Opcode::BINARY, b"\xfe") } else { (Opcode::TEXT, b"*") };
    let case = |(n, (len, seconds)): (u16, (usize, u64))| {
        let count = 1000;
        let about = format!(
            "{count} times a {} of {len} octets, each after the echo of the one before.",
            kind(subgroup)
        );
        let source = Source::Same(Payload::repeat(pattern, len));
        let send = [
            Step::Arm(Timer::Close(Duration::from_secs(seconds))),
            Step::RoundTrips(RoundTrips { count, opcode, source }),
        ];
        topic
            .legal(&format!("{subgroup}.{n}"), about, send, [])
            .expect(Expect::Echoes { compare: Compare::Length })
    };
    (1..).zip(rows).map(case).collect()
}
