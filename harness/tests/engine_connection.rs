//! The connection that decides who closed, and how cleanly: corners of the suite's own machine.

use std::time::Duration;

use ws_harness::conformance::case::Opcode;
use ws_harness::conformance::connection::{Alarm, Connection, Fate, Heard, Pace, State};
use ws_harness::conformance::opening::accept;
use ws_harness::conformance::opening::client::Request;
use ws_harness::conformance::wire::{self, Header};
use ws_harness::report::schema::Role::{self, Client, Server};

/// What happens to the connection, in order.
#[derive(Debug, Clone, Copy)]
enum Do {
    /// These octets arrive in one read.
    In(&'static [u8]),
    /// So many milliseconds have passed since the beginning, and what is due fires.
    At(u64),
    /// The case sends Close 1000.
    Close,
    /// The case arms its kill timer of one second.
    Kill,
}
use Do::{At, Close, In, Kill};

/// How it stands after all that.
#[derive(Debug, PartialEq)]
struct Stand {
    closed_by_engine: bool,
    failed: bool,
    dropped: bool,
    clean: bool,
    state: State,
    fate: Fate,
    /// Frames that the engine sent, Close with its code.
    sent: Vec<(Opcode, Option<u16>)>,
    heard: usize,
}

fn key() -> String {
    "dGhlIHNhbXBsZSBub25jZQ==".to_owned()
}

fn opened(role: Role) -> Connection {
    let pace = Pace::default();
    match role {
        Role::Server => Connection::accept(b"request", b"answer".to_vec(), None, pace),
        Role::Client => {
            let request = Request { key: key(), ..Request::default() };
            let mut connection = Connection::dial(request, pace);
            let answer = format!(
                "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\
                 Sec-WebSocket-Accept: {}\r\n\r\n",
                accept(&key())
            );
            connection.handle_input(answer.as_bytes());
            connection
        }
    }
}

fn frames(mut octets: &[u8]) -> Vec<(Opcode, Option<u16>)> {
    let mut frames = Vec::new();
    while let Some((header, header_len)) = Header::read(octets) {
        let len = usize::try_from(header.payload_len).unwrap();
        let mut payload = octets[header_len..header_len + len].to_vec();
        if let Some(key) = header.mask {
            wire::mask(key, 0, &mut payload);
        }
        let code = match (header.opcode, payload.get(..2)) {
            (Opcode::CLOSE, Some(code)) => Some(u16::from_be_bytes([code[0], code[1]])),
            _ => None,
        };
        frames.push((header.opcode, code));
        octets = &octets[header_len + len..];
    }
    frames
}

fn stand(role: Role, doings: &[Do]) -> Stand {
    let mut connection = opened(role);
    let mut now = Duration::ZERO;
    assert_eq!(connection.next(now), Some(Heard::Opened));
    let opening = connection.outgoing().ready().len();
    connection.outgoing().wrote(opening);
    let mut heard = 0;
    for doing in doings {
        match doing {
            // The engine reads no more of a stream that it has given up.
            In(_) if connection.fate() != Fate::Up => {}
            In(octets) => connection.handle_input(octets),
            At(milliseconds) => now = Duration::from_millis(*milliseconds),
            Close => connection.send_close(now, Some(1000), None),
            Kill => connection.arm(now, Duration::from_secs(1), Alarm::Kill),
        }
        assert_eq!(connection.fire(now), None);
        while connection.next(now).is_some() {
            heard += 1;
        }
    }
    let facts = connection.facts.clone();
    Stand {
        closed_by_engine: facts.closed_by_engine,
        failed: facts.failed_by_engine,
        dropped: facts.dropped_by_engine,
        clean: facts.clean,
        state: connection.state(),
        fate: connection.fate(),
        sent: frames(connection.outgoing().ready()),
        heard,
    }
}

const CLOSE_1000: &[u8] = b"\x88\x02\x03\xe8";
const CLOSE_1004: &[u8] = b"\x88\x02\x03\xec";
/// The same masked, with the key that changes nothing.
const MASKED_1000: &[u8] = b"\x88\x82\0\0\0\0\x03\xe8";
const TEXT: &[u8] = b"\x81\x02hi";
const PONG: &[u8] = b"\x8a\x00";
const PING: &[u8] = b"\x89\x00";
const RSV: &[u8] = b"\xa1\x00";

#[test]
fn who_closed_and_how() {
    let sent = |code| (Opcode::CLOSE, Some(code));
    let pong = (Opcode::PONG, None);
    let quiet = || Stand {
        closed_by_engine: false,
        failed: false,
        dropped: false,
        clean: false,
        state: State::Open,
        fate: Fate::Up,
        sent: Vec::new(),
        heard: 0,
    };
    let closing = || Stand { state: State::Closing, ..quiet() };
    let closed = |fate| Stand { state: State::Closed, fate, dropped: true, ..quiet() };
    let ours = |stand| Stand { closed_by_engine: true, ..stand };
    let clean = |stand| Stand { clean: true, ..stand };
    let failed = |stand| Stand { failed: true, ..ours(stand) };
    let says =
        |codes: &[u16], stand| Stand { sent: codes.iter().map(|c| sent(*c)).collect(), ..stand };
    let hears = |heard, stand| Stand { heard, ..stand };
    for (what, role, doings, expected) in [
        ("nothing", Client, &[][..], quiet()),
        ("messages and Pongs are heard", Client, &[In(TEXT), In(PONG)], hears(2, quiet())),
        ("a Ping is answered", Client, &[In(PING)], Stand { sent: vec![pong], ..quiet() }),
        (
            "a Ping in the closing handshake is not",
            Client,
            &[Close, In(PING)],
            says(&[1000], ours(closing())),
        ),
        (
            "the server closes first: no timer, the case ends it",
            Client,
            &[In(CLOSE_1000), At(9000)],
            says(&[1000], clean(closing())),
        ),
        (
            "the client closes first: answered, and TCP closed",
            Server,
            &[In(MASKED_1000)],
            says(&[1000], clean(closed(Fate::Finish))),
        ),
        (
            "the server answers and keeps TCP: a second",
            Client,
            &[Close, In(CLOSE_1000), At(999)],
            says(&[1000], clean(ours(closing()))),
        ),
        (
            "the server answers and keeps TCP: no longer",
            Client,
            &[Close, In(CLOSE_1000), At(1000)],
            says(&[1000], ours(closed(Fate::Abort))),
        ),
        (
            "the client answers: TCP is reset at once",
            Server,
            &[Close, In(MASKED_1000)],
            says(&[1000], clean(ours(closed(Fate::Abort)))),
        ),
        ("nobody answers", Client, &[Close, At(1000)], says(&[1000], ours(closed(Fate::Abort)))),
        (
            "a kill timer armed before the drop timer leaves it clean",
            Client,
            &[Close, Kill, In(CLOSE_1000), At(1000)],
            says(&[1000], clean(failed(closed(Fate::Finish)))),
        ),
        (
            "a kill timer armed behind it comes too late",
            Client,
            &[Close, In(CLOSE_1000), Kill, At(1000)],
            says(&[1000], ours(closed(Fate::Abort))),
        ),
        (
            "the kill timer of an open case",
            Client,
            &[Kill, At(1000)],
            says(&[1001], failed(closing())),
        ),
        (
            "a bad code in the first Close makes the engine the closer",
            Client,
            &[In(CLOSE_1004)],
            says(&[1002], clean(failed(closing()))),
        ),
        (
            "a bad code in the answer drops TCP",
            Client,
            &[Close, In(CLOSE_1004)],
            says(&[1000], failed(closed(Fate::Finish))),
        ),
        (
            "after a failure Pongs are heard, messages are not",
            Client,
            &[In(RSV), In(TEXT), In(PONG)],
            hears(1, says(&[1002], failed(closing()))),
        ),
        (
            "in a closing handshake without failure both are",
            Client,
            &[Close, In(TEXT), In(PONG)],
            hears(2, says(&[1000], ours(closing()))),
        ),
        (
            "a second violation drops TCP",
            Client,
            &[In(RSV), In(RSV)],
            says(&[1002], failed(closed(Fate::Finish))),
        ),
        (
            "a header in two reads is judged twice",
            Client,
            &[In(b"\xa1\x7e"), In(b"\x00\x7e")],
            says(&[1002], failed(closed(Fate::Finish))),
        ),
        (
            "two rules broken at once are two violations",
            Client,
            &[In(b"\xa1\x80\0\0\0\0")],
            says(&[1002], failed(closed(Fate::Finish))),
        ),
        (
            "text that fails is failed again where its message ends",
            Client,
            &[In(b"\x81\x01\xff")],
            says(&[1007], failed(closed(Fate::Finish))),
        ),
        ("and not before", Client, &[In(b"\x01\x01\xff")], says(&[1007], failed(closing()))),
        (
            "text that ends inside a character",
            Client,
            &[In(b"\x81\x01\xc3")],
            says(&[1007], failed(closing())),
        ),
        (
            "a reason that is not UTF-8 tears the connection",
            Client,
            &[In(b"\x88\x03\x03\xe8\xff")],
            Stand { dropped: false, ..says(&[1007], failed(closed(Fate::Tear))) },
        ),
        (
            "one that ends inside a character does so without a word",
            Client,
            &[In(b"\x88\x03\x03\xe8\xc3")],
            Stand { dropped: false, ..closed(Fate::Tear) },
        ),
        (
            "one with a surrogate is failed, and lives on",
            Client,
            &[In(b"\x88\x05\x03\xe8\xed\xa0\x80")],
            says(&[1007], clean(failed(closing()))),
        ),
        (
            "a Close of one octet",
            Client,
            &[In(b"\x88\x01\x03")],
            says(&[1002], clean(failed(closing()))),
        ),
        (
            "a bad code behind a clean end takes that back",
            Client,
            &[Close, In(CLOSE_1000), In(CLOSE_1004)],
            says(&[1000], failed(closed(Fate::Finish))),
        ),
        ("an unmasked frame of a client", Server, &[In(TEXT)], says(&[1002], failed(closing()))),
        (
            "what comes behind a drop is not looked at",
            Client,
            &[In(b"\xa1\x00\xa1\x00\x88\x02\x03\xe8")],
            says(&[1002], failed(closed(Fate::Finish))),
        ),
    ] {
        assert_eq!(stand(role, doings), expected, "{what}");
    }
}

#[test]
fn messages_are_cut_as_the_suite_cuts_them() {
    for (len, fragment, lengths) in [
        (5, None, &[5][..]),
        (5, Some(6), &[5]),
        (5, Some(5), &[5]),
        (5, Some(3), &[3, 2]),
        (4, Some(2), &[2, 2, 0]),
        (3, Some(1), &[1, 1, 1, 0]),
        (0, Some(1), &[0]),
    ] {
        let mut connection = opened(Server);
        assert!(connection.next(Duration::ZERO).is_some());
        let opening = connection.outgoing().ready().len();
        connection.outgoing().wrote(opening);
        connection.send_message(Opcode::TEXT, &vec![b'x'; len], fragment);
        let mut octets = connection.outgoing().ready();
        let mut frames = Vec::new();
        while let Some((header, header_len)) = Header::read(octets) {
            let len = usize::try_from(header.payload_len).unwrap();
            octets = &octets[header_len + len..];
            frames.push((header.opcode, header.fin, len));
        }
        let expected = lengths.iter().enumerate().map(|(n, len)| {
            let opcode = if n == 0 { Opcode::TEXT } else { Opcode::CONTINUATION };
            (opcode, n + 1 == lengths.len(), *len)
        });
        assert_eq!(frames, expected.collect::<Vec<_>>(), "{len} by {fragment:?}");
    }
}

#[test]
fn the_opening_handshake_has_five_seconds() {
    let mut connection = Connection::dial(Request::default(), Pace::default());
    assert_eq!(connection.deadline(), Some(Duration::from_secs(5)));
    connection.fire(Duration::from_secs(5));
    connection.handle_lost();
    let facts = &connection.facts;
    assert!(facts.opening_timeout && facts.dropped_by_engine && !facts.opened);
    assert_eq!(connection.fate(), Fate::Abort);

    let scaled = Pace { time_scale: 2.5, ..Pace::default() };
    let connection = Connection::dial(Request::default(), scaled);
    assert_eq!(connection.deadline(), Some(Duration::from_millis(12_500)));
}

#[test]
fn octets_behind_the_answer_are_frames_already() {
    let mut connection = opened(Client);
    connection.handle_input(TEXT);
    assert_eq!(connection.next(Duration::ZERO), Some(Heard::Opened));
    let heard = connection.next(Duration::ZERO);
    assert_eq!(heard, Some(Heard::Message { binary: false, payload: b"hi".to_vec() }));
}

#[test]
fn a_connection_that_is_lost_says_why_only_if_nobody_else_can() {
    let mut lost = opened(Client);
    assert!(lost.next(Duration::ZERO).is_some());
    lost.handle_lost();
    assert!(lost.facts.not_clean_reason.is_some_and(|why| why.contains("without a closing")));

    let mut clean = opened(Client);
    assert!(clean.next(Duration::ZERO).is_some());
    clean.handle_input(CLOSE_1000);
    assert_eq!(clean.next(Duration::ZERO), None);
    clean.handle_lost();
    assert_eq!((clean.facts.clean, clean.facts.not_clean_reason), (true, None));
}
