//! Group 2, Ping and Pong (RFC 6455 §5.5.2, §5.5.3).

use super::words::{
    HELLO, NOT_TEXT, Topic, close, frames, frames_as, manner, ping, pong, pong_back,
};
use crate::conformance::case::{Case, Rule, Step, Write};
use crate::conformance::payload::Payload;

const PING: Topic = Topic {
    group: "Ping and Pong",
    subgroup: "what is answered, and with what",
    rule: Rule {
        section: "RFC 6455 §5.5.2, §5.5.3",
        text: "A Ping is answered as soon as is practical with a Pong that holds the same \
               application data, unless a Close has arrived.",
    },
};

const UNASKED: (&str, &str) = ("RFC 6455 §5.5.3", "A Pong may come unasked; nothing answers it.");

const UNASKED_PAYLOAD: &str = "unsolicited pong payload";

pub(super) fn cases() -> Vec<Case> {
    let longest = || Payload::repeat(b"\xfe", 125);
    let answered = |id, about: &str, payload: Payload| {
        let send = frames([ping(payload.clone())]);
        PING.legal(id, about, send, [pong_back(payload)]).close_after(1)
    };
    let unasked = |id, about: &str, payload: &'static str| {
        let send = vec![pong(payload).into(), close(Some(1000), None)];
        PING.legal(id, about, send, []).rule(UNASKED.0, UNASKED.1).close_after(1)
    };
    vec![
        answered("2.1", "An empty Ping is answered.", Payload::EMPTY),
        answered("2.2", "A Ping's text comes back in the Pong.", HELLO.into()),
        answered("2.3", "A Ping's octets come back though they are no text.", NOT_TEXT.into()),
        answered("2.4", "A Ping of 125 octets, the longest, is answered.", longest()),
        PING.violation(
            "2.5",
            "A Ping of 126 octets fails the connection.",
            1002,
            frames([ping(Payload::repeat(b"\xfe", 126))]),
            [],
        )
        .rule("RFC 6455 §5.5", "A control frame's payload is 125 octets at most.")
        .kill_after(1.0),
        PING.legal(
            "2.6",
            "The longest Ping is answered though it arrives octet by octet.",
            frames_as(Write::Chop(1), [ping(longest())]),
            [pong_back(longest())],
        )
        .close_after(2),
        unasked("2.7", "An empty Pong that nobody asked for is ignored.", ""),
        unasked("2.8", "A Pong with a payload that nobody asked for is ignored.", UNASKED_PAYLOAD),
        PING.legal(
            "2.9",
            "A Pong that nobody asked for is ignored, the Ping behind it answered.",
            frames([pong(UNASKED_PAYLOAD), ping("ping payload")]),
            [pong_back("ping payload")],
        )
        .rule(UNASKED.0, UNASKED.1)
        .close_after(1),
        ten("2.10", Write::Plain),
        ten("2.11", Write::Chop(1)),
    ]
}

/// The RFC allows to answer only the latest of several Pings; the suite does not.
fn ten(id: &str, write: Write) -> Case {
    let payloads = || (0..10).map(|n| Payload::from(format!("payload-{n}").into_bytes()));
    let about = format!("Ten Pings get ten Pongs in the same order{}.", manner(write));
    let send: Vec<Step> = payloads().map(|payload| ping(payload).write(write).into()).collect();
    PING.legal(id, about, send, payloads().map(pong_back).collect::<Vec<_>>()).close_after(3)
}
