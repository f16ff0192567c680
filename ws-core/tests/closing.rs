//! RFC 6455 §5.5.1, §7.1: the closing handshake step by step, who ends what and until when, in both
//! roles. (F28, F29, F36, C: both Close frames, A01 after the end)
#![cfg(feature = "alloc")]

use std::time::Duration;

use ws_core::connection::{Config, Delivery, Failure, Transport};
use ws_core::frame::CloseFrame;
use ws_core::{CloseCode, Misuse, Role, Violation};

use oracle::{BINARY, Frame, TEXT, binary, continuation, ping, text, text_start, wire_to};
use support::{BOTH_ROLES, Driver, NOW, Seen, delivering, seen_close, seen_text, seen_violation};

mod oracle;
mod support;

#[derive(Debug, Clone, Copy)]
enum Do {
    /// We call `close` with 1000 and "ours".
    Ours,
    /// The peer's Close with 1001 and "theirs" arrives.
    Theirs,
    Data,
    Ping,
    /// A frame with RSV3.
    Breach,
    /// The transport takes all that is queued.
    Write,
    /// The peer's stream ends.
    End,
    Lost,
    /// So many milliseconds have passed since the start.
    At(u64),
}

const OURS: CloseFrame<'_> = CloseFrame { code: CloseCode::NORMAL, reason: "ours" };

fn act(driver: &mut Driver, role: Role, step: Do) {
    let mut feed = |frame: Frame| driver.feed_silently(&wire_to(role, &[frame]));
    match step {
        Do::Theirs => feed(Frame::close(1001, "theirs")),
        Do::Data => feed(text("data")),
        Do::Ping => feed(ping(b"ping")),
        Do::Breach => feed(text("").rsv(1)),
        Do::Ours => driver.connection.close(Some(OURS), driver.now).unwrap(),
        Do::Write => drop(driver.write_all()),
        Do::End => driver.end_of_stream_silently(),
        Do::Lost => drop(driver.transport_lost()),
        Do::At(millis) => drop(driver.timeout_at(NOW + Duration::from_millis(millis))),
    }
}

/// A step, the transport it leaves a server and a client, and the deadline in milliseconds.
type Step = (Do, Transport, Transport, Option<u64>);

/// What may be seen at the end: events, and what was written.
type Seens = (fn() -> Vec<Seen>, fn() -> Vec<Frame>);

fn ours() -> Vec<Frame> {
    vec![Frame::close(1000, "ours")]
}

fn echo() -> Vec<Frame> {
    vec![Frame::close(1001, "")]
}

fn clean() -> Vec<Seen> {
    vec![seen_close(1001, "theirs")]
}

fn ended() -> Vec<Seen> {
    vec![Seen::Failed(Failure::EndOfStream)]
}

fn breach() -> Vec<Seen> {
    vec![seen_violation(Violation::ReservedBits)]
}

fn told() -> Vec<Frame> {
    vec![Frame::close(1002, Violation::ReservedBits.reason())]
}

fn play(name: &str, steps: &[Step], (events, output): Seens) {
    for role in BOTH_ROLES {
        let mut driver = Driver::plain(role);
        for (at, &(step, server, client, deadline)) in steps.iter().enumerate() {
            act(&mut driver, role, step);
            let transport = if role == Role::Server { server } else { client };
            let seen = format!("{name} as {role:?}, step {at}, {step:?}");
            assert_eq!(driver.connection.poll_transport(), transport, "{seen}");
            let deadline = deadline.map(|millis| NOW + Duration::from_millis(millis));
            assert_eq!(driver.connection.poll_timeout(), deadline, "{seen}");
        }
        let log = driver.log();
        assert_eq!((log.events, log.output), (events(), output()), "{name} as {role:?}");
        // A01: the connection has ended, one way or the other.
        assert_eq!(driver.connection.send_text("x"), Err(Misuse::SendAfterClose), "{name}");
        assert_eq!(driver.connection.close(None, NOW), Err(Misuse::SendAfterClose), "{name}");
    }
}

#[test]
#[rustfmt::skip]
fn clean_ends() {
    use Transport::{AwaitEnd, Close, Flush, Open, ShutDown};
    play("the peer closes first", &[
        (Do::Data,   Open,     Open,     None),
        (Do::Theirs, Flush,    Flush,    Some(5000)),
        (Do::Write,  ShutDown, AwaitEnd, Some(2000)),
        (Do::End,    Close,    Close,    None),
    ], (|| vec![seen_text("data"), seen_close(1001, "theirs")], echo));
    play("we close first", &[
        (Do::Ours,   Open,     Open,     Some(5000)),
        (Do::Write,  Open,     Open,     Some(5000)),
        (Do::At(4999), Open,   Open,     Some(5000)),
        (Do::Theirs, ShutDown, AwaitEnd, Some(6999)),
        (Do::End,    Close,    Close,    None),
    ], (clean, ours));
    play("both at once: theirs comes while ours is not written", &[
        (Do::Ours,   Open,     Open,     Some(5000)),
        (Do::Theirs, Flush,    Flush,    Some(5000)),
        (Do::Write,  ShutDown, AwaitEnd, Some(2000)),
        (Do::End,    Close,    Close,    None),
    ], (clean, ours));
    play("the peer ends its stream right behind its Close", &[
        (Do::Theirs, Flush,    Flush,    Some(5000)),
        (Do::End,    Flush,    Flush,    Some(5000)),
        (Do::Write,  Close,    Close,    None),
    ], (clean, echo));
    play("F28: data, ping and Close behind the peer's Close", &[
        (Do::Theirs, Flush,    Flush,    Some(5000)),
        (Do::Data,   Flush,    Flush,    Some(5000)),
        (Do::Ping,   Flush,    Flush,    Some(5000)),
        (Do::Theirs, Flush,    Flush,    Some(5000)),
        (Do::Breach, Flush,    Flush,    Some(5000)),
        (Do::Write,  ShutDown, AwaitEnd, Some(2000)),
        (Do::Data,   ShutDown, AwaitEnd, Some(2000)),
        (Do::End,    Close,    Close,    None),
    ], (clean, echo));
    play("F29: data and ping behind our Close", &[
        (Do::Ours,   Open,     Open,     Some(5000)),
        (Do::Data,   Open,     Open,     Some(5000)),
        (Do::Ping,   Open,     Open,     Some(5000)),
        (Do::Write,  Open,     Open,     Some(5000)),
        (Do::Theirs, ShutDown, AwaitEnd, Some(2000)),
    ], (clean, ours));
}

#[test]
#[rustfmt::skip]
fn ends_that_are_not_clean() {
    use Transport::{Close, Flush, Open, ShutDown};
    play("F36: the end without a Close", &[
        (Do::End,    Close,    Close,    None),
        (Do::End,    Close,    Close,    None),
        (Do::Data,   Close,    Close,    None),
    ], (ended, Vec::new));
    play("F36: the end behind our Close", &[
        (Do::Ours,   Open,     Open,     Some(5000)),
        (Do::Write,  Open,     Open,     Some(5000)),
        (Do::End,    Close,    Close,    None),
    ], (ended, ours));
    play("F36: the end while our Close is not written", &[
        (Do::Ours,   Open,     Open,     Some(5000)),
        (Do::End,    Flush,    Flush,    Some(5000)),
        (Do::Write,  Close,    Close,    None),
    ], (ended, ours));
    play("a violation", &[
        (Do::Breach, Flush,    Flush,    Some(5000)),
        (Do::Write,  ShutDown, ShutDown, Some(2000)),
        (Do::End,    Close,    Close,    None),
    ], (breach, told));
    play("G3: a violation behind our Close brings no second one", &[
        (Do::Ours,   Open,     Open,     Some(5000)),
        (Do::Write,  Open,     Open,     Some(5000)),
        (Do::Breach, ShutDown, ShutDown, Some(2000)),
        (Do::End,    Close,    Close,    None),
    ], (breach, ours));
    play("lost while open", &[
        (Do::Lost,   Close,    Close,    None),
        (Do::Lost,   Close,    Close,    None),
        (Do::End,    Close,    Close,    None),
    ], (ended, Vec::new));
    play("lost behind our Close", &[
        (Do::Ours,   Open,     Open,     Some(5000)),
        (Do::Lost,   Close,    Close,    None),
    ], (ended, Vec::new));
    play("lost behind the peer's Close: that end was clean already", &[
        (Do::Theirs, Flush,    Flush,    Some(5000)),
        (Do::Lost,   Close,    Close,    None),
    ], (clean, Vec::new));
}

#[test]
#[rustfmt::skip]
fn deadlines() {
    use Transport::{AwaitEnd, Close, Flush, Open, ShutDown};
    let timeout = || vec![Seen::Failed(Failure::CloseTimeout)];
    play("the peer does not answer our Close", &[
        (Do::Ours,     Open,     Open,     Some(5000)),
        (Do::Write,    Open,     Open,     Some(5000)),
        (Do::At(4999), Open,     Open,     Some(5000)),
        (Do::Data,     Open,     Open,     Some(5000)),
        (Do::At(5000), Close,    Close,    None),
        (Do::At(9000), Close,    Close,    None),
        (Do::Theirs,   Close,    Close,    None),
    ], (timeout, ours));
    play("the peer does not read our answer", &[
        (Do::Theirs,   Flush,    Flush,    Some(5000)),
        (Do::At(4999), Flush,    Flush,    Some(5000)),
        (Do::At(5000), Close,    Close,    None),
    ], (clean, Vec::new));
    play("the peer does not end its stream", &[
        (Do::At(3000), Open,     Open,     None),
        (Do::Theirs,   Flush,    Flush,    Some(8000)),
        (Do::At(4000), Flush,    Flush,    Some(8000)),
        (Do::Write,    ShutDown, AwaitEnd, Some(6000)),
        (Do::At(5999), ShutDown, AwaitEnd, Some(6000)),
        (Do::At(6000), Close,    Close,    None),
    ], (clean, echo));
    play("T14: the peer sends data for ever behind our Close", &[
        (Do::Ours,     Open,     Open,     Some(5000)),
        (Do::Write,    Open,     Open,     Some(5000)),
        (Do::At(2000), Open,     Open,     Some(5000)),
        (Do::Data,     Open,     Open,     Some(5000)),
        (Do::At(4000), Open,     Open,     Some(5000)),
        (Do::Data,     Open,     Open,     Some(5000)),
        (Do::At(5000), Close,    Close,    None),
    ], (timeout, ours));
}

/// F29, the policies: whole messages and pieces, from before our Close and from behind it.
#[test]
fn f29_deliver_while_closing() {
    let before = [text_start(b"o"), continuation(false, b"pe")];
    let behind = [continuation(true, b"n"), binary(b"x"), ping(b"p"), Frame::close(1000, "bye")];
    let close = seen_close(1000, "bye");
    let all =
        [seen_text("open"), Seen::Binary(b"x".into()), Seen::Ping(b"p".into()), close.clone()];
    for role in BOTH_ROLES {
        for delivery in [Delivery::Messages, Delivery::Pieces] {
            for (deliver_while_closing, expected) in [(false, &all[3..]), (true, &all[..])] {
                let mut config = delivering(delivery);
                config.deliver_while_closing = deliver_while_closing;
                let (before, behind) = (wire_to(role, &before), wire_to(role, &behind));
                for cut in 0..=behind.len() {
                    let mut driver = Driver::new(role, config);
                    driver.feed(&before);
                    driver.connection.close(Some(OURS), NOW).unwrap();
                    driver.feed_cut(&behind, &[cut]);
                    let log = driver.log();
                    assert_eq!(log.events, expected, "{role:?} {delivery:?} cut at {cut}");
                    assert_eq!(log.output, ours(), "no pong behind our Close");
                    assert!(driver.buffer.is_empty(), "dropped octets are not kept");
                }
            }
        }
    }
}

/// F29: what is dropped is not held, and still has to obey the rules.
#[test]
fn f29_dropped_messages_are_checked_and_not_kept() {
    for role in BOTH_ROLES {
        let mut driver = Driver::plain(role);
        driver.feed(&wire_to(role, &[Frame::new(false, BINARY, [1; 5000])]));
        assert_eq!(driver.buffer.len(), 5000, "held, to be delivered");
        driver.connection.close(None, NOW).unwrap();
        driver.feed(&wire_to(role, &[continuation(false, &[2; 5000])]));
        assert_eq!(driver.buffer.len(), 0, "nothing is held any more");
        driver.feed(&wire_to(role, &[continuation(true, b""), Frame::new(false, TEXT, [0xFF])]));
        assert_eq!(driver.log().events, [seen_violation(Violation::TextNotUtf8)]);
        assert_eq!(driver.log().output, [Frame::new(true, 8, [])], "G3: one Close");
    }
}

/// F36: the stream ends inside anything, at any octet.
#[test]
fn f36_the_end_at_every_octet() {
    let frames = [text("a"), text_start(b"b"), ping(b"c"), continuation(true, b"d")];
    let close = Frame::close(1000, "bye");
    for role in BOTH_ROLES {
        let open = wire_to(role, &frames);
        let wire = [open.clone(), wire_to(role, std::slice::from_ref(&close))].concat();
        for end in 0..=wire.len() {
            let mut driver = Driver::plain(role);
            let log = driver.feed(&wire[..end]).end_of_stream().log();
            let last = log.events.last().expect("one terminal event");
            let echoed = log.output.contains(&Frame::close(1000, ""));
            if end == wire.len() {
                assert_eq!((last, echoed), (&seen_close(1000, "bye"), true));
            } else {
                let ended = Seen::Failed(Failure::EndOfStream);
                assert_eq!((last, echoed), (&ended, false), "{role:?} at {end}");
                assert!(log.output.iter().all(|frame| frame.opcode != 8), "1006 is never sent");
            }
            assert_eq!(log.transport, Transport::Close, "{role:?} at {end}");
        }
    }
}

#[test]
fn the_timeouts_are_the_limits() {
    let limits = ws_core::Limits::builder()
        .close_timeout(Duration::from_millis(70))
        .fin_timeout(Duration::from_millis(30))
        .build()
        .unwrap();
    for role in BOTH_ROLES {
        let mut driver = Driver::new(role, Config::with_limits(limits));
        act(&mut driver, role, Do::Ours);
        assert_eq!(driver.connection.poll_timeout(), Some(NOW + Duration::from_millis(70)));
        act(&mut driver, role, Do::Write);
        act(&mut driver, role, Do::Theirs);
        assert_eq!(driver.connection.poll_timeout(), Some(NOW + Duration::from_millis(30)));
    }
}

/// T17: any clock reading is met with saturating arithmetic.
#[test]
fn the_end_of_time_does_not_overflow() {
    for role in BOTH_ROLES {
        let mut driver = Driver::plain(role);
        driver.now = Duration::MAX;
        driver.feed(&wire_to(role, &[ping(b"")]));
        driver.connection.close(None, Duration::MAX).unwrap();
        assert_eq!(driver.connection.poll_timeout(), Some(Duration::from_nanos(u64::MAX)));
        driver.timeout_at(Duration::MAX);
        assert_eq!(driver.log().transport, Transport::Close);
    }
}
