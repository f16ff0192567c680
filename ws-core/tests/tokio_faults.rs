//! A tokio connection over a transport that cuts, delays and fails: one terminal result, a prefix?
#![cfg(feature = "tokio")]

use std::io::ErrorKind;
use std::time::Duration;

use ws_core::connection::Failure;
use ws_core::tokio::{Error, Event, WebSocket};
use ws_core::{Config, Message, Misuse, Role};

use oracle::{Frame, binary, pong, session, text, wire_to};
use tokio_support::{BOTH_ROLES, Remote, State, Task, Wire, plain, run, socket};

mod oracle;
mod tokio_support;

/// What an echoing endpoint has seen and done, however the octets were cut.
#[derive(Debug, PartialEq)]
struct Log {
    events: Vec<Event>,
    result: Result<(), String>,
    output: Vec<Frame>,
}

fn expected() -> Log {
    let message = |message: Message| Event::Message(message);
    Log {
        events: vec![
            message("Hello".into()),
            Event::Ping(b"1".to_vec().into()),
            message("κόσμε".into()),
            message(Message::binary(vec![0xFE; 300])),
            Event::Pong(Vec::new().into()),
            message("".into()),
        ],
        result: Ok(()),
        output: vec![
            text("Hello"),
            pong(b"1"),
            text("κόσμε"),
            binary(&[0xFE; 300]),
            text(""),
            Frame::close(1000, ""),
        ],
    }
}

/// Echoes to the end and sees that the terminal result is told once.
async fn echo(socket: &mut WebSocket<Wire>) -> (Vec<Event>, Result<(), Error>) {
    let mut events = Vec::new();
    let result = loop {
        match socket.recv_event().await {
            Ok(Some(event)) => {
                events.push(event.clone());
                if let Event::Message(message) = event {
                    match socket.feed(message).await {
                        Ok(()) | Err(Error::Io(_) | Error::Misuse(Misuse::SendAfterClose)) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    for _ in 0..3 {
        assert!(matches!(socket.recv_event().await, Ok(None)), "A08: told once");
    }
    (events, result)
}

/// The log of the session under `change`.
fn log(role: Role, change: impl FnOnce(&mut State)) -> Log {
    let (mut socket, remote) = plain(role);
    remote.push_frames(role, &session());
    remote.end();
    remote.with(change);
    let (events, result) = run(echo(&mut socket));
    let result = result.map_err(|error| error.to_string());
    Log { events, result, output: remote.frames(role) }
}

#[test]
fn t04_t05_pending_before_every_octet_and_short_reads_and_writes_give_the_same_log() {
    for role in BOTH_ROLES {
        for restless in [false, true] {
            for limit in [1, 2, 3, 5, 64, usize::MAX] {
                let log = log(role, |state| {
                    state.limit = limit;
                    state.restless = restless;
                });
                assert_eq!(log, expected(), "{role:?}, {limit} octets, restless: {restless}");
            }
        }
    }
}

#[test]
fn t04_spurious_wakes_change_nothing_and_cause_no_work() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.set_room(0);
        run(socket.feed("waiting")).unwrap();
        let task = Task::new();
        let mut recv = Box::pin(socket.recv());
        for polls in 1..=5 {
            assert!(task.poll(&mut recv).is_pending());
            let counts = remote.counts();
            assert_eq!((counts.reads, counts.writes), (polls, polls), "one try each a poll");
        }
        assert_eq!(task.take_wakes(), 0, "T10: nothing wakes itself");
        drop(recv);

        // With the stream ended and output pending, too.
        remote.end();
        let mut recv = Box::pin(socket.recv());
        let before = remote.counts();
        for _ in 0..5 {
            assert!(task.poll(&mut recv).is_pending());
        }
        let after = remote.counts();
        assert!(after.reads - before.reads <= 1 && after.writes - before.writes <= 7);
        // One of them is the end of the stream, which came before the poll.
        assert!(task.take_wakes() <= 1, "no busy loop behind the end");
        remote.set_room(usize::MAX);
        assert_eq!(task.take_wakes(), 1);
        assert!(task.poll(&mut recv).is_ready());
    }
}

#[test]
fn t01_t02_f36_the_stream_cut_at_every_octet() {
    for role in BOTH_ROLES {
        let wire = wire_to(role, &session());
        for cut in 0..=wire.len() {
            for reset in [false, true] {
                let (mut socket, remote) = plain(role);
                remote.push(&wire[..cut]);
                if reset {
                    remote.with(|state| state.read_error = Some(ErrorKind::ConnectionReset));
                } else {
                    remote.end();
                }
                let (events, result) = run(echo(&mut socket));
                let seen = || format!("{role:?}, cut at {cut}, reset: {reset}");
                assert_eq!(events, expected().events[..events.len()], "{}", seen());
                let output = remote.frames(role);
                assert_eq!(output, expected().output[..output.len()], "{}", seen());
                match result {
                    Ok(()) => assert_eq!(cut, wire.len(), "clean only with both Closes"),
                    Err(Error::Failed(Failure::EndOfStream)) => {
                        assert!(!reset && cut < wire.len(), "{}", seen());
                        assert_eq!(output.len(), answers(&events), "what was due was written");
                    }
                    Err(Error::Io(error)) => {
                        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                        assert!(reset && cut < wire.len(), "{}", seen());
                    }
                    Err(error) => panic!("{}: {error}", seen()),
                }
            }
        }
    }
}

fn answers(events: &[Event]) -> usize {
    events.iter().filter(|event| !matches!(event, Event::Pong(_))).count()
}

#[test]
fn t06_failing_from_the_nth_operation_on_ends_with_one_error_until_it_passes() {
    for role in BOTH_ROLES {
        for limit in [7, usize::MAX] {
            let mut passed = false;
            let all = wire_to(role.peer(), &expected().output);
            for from in 0..1000 {
                let (mut socket, remote) = plain(role);
                remote.push_frames(role, &session());
                remote.end();
                remote.with(|state| {
                    state.limit = limit;
                    state.restless = true;
                    state.fail_from = Some(from);
                });
                let (events, result) = run(echo(&mut socket));
                assert_eq!(events, expected().events[..events.len()], "failing from {from}");
                let seen = || format!("{role:?}, {limit} octets, failing from {from}");
                match result {
                    Ok(()) if remote.with(|state| state.output.clone()) == all => passed = true,
                    Ok(()) => panic!("clean, but our Close was not written: {}", seen()),
                    Err(Error::Io(error)) => {
                        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                        assert!(!passed);
                    }
                    Err(error) => panic!("{}: {error}", seen()),
                }
                if remote.counts().operations <= from {
                    break;
                }
            }
            assert!(passed, "the loop ends");
        }
    }
}

#[test]
fn a07_t07_a_write_of_zero_octets_is_write_zero_once_then_fused() {
    for role in BOTH_ROLES {
        for room in [0, 1, 5] {
            // Told to whoever writes …
            let (mut socket, remote) = plain(role);
            remote.set_room(room);
            remote.with(|state| state.write_zero = true);
            match run(socket.send("Hello")) {
                Err(Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::WriteZero),
                other => panic!("{other:?}"),
            }
            let writes = remote.counts().writes;
            let again = [
                run(socket.send("x")),
                run(socket.feed("x")),
                run(socket.flush()),
                run(socket.ping(b"")),
            ];
            for again in again {
                assert!(matches!(again, Err(Error::Misuse(Misuse::SendAfterClose))), "{again:?}");
            }
            assert_eq!(remote.counts().writes, writes, "nothing more is tried");
            // Whoever receives, in another task perhaps, is told as well, once no more can come.
            remote.end();
            let told = run(socket.recv());
            assert!(matches!(told, Err(Error::Io(e)) if e.kind() == ErrorKind::WriteZero));
            assert!(matches!(run(socket.recv()), Ok(None)));

            // Or to whoever reads.
            let (mut socket, remote) = plain(role);
            remote.set_room(room);
            remote.with(|state| state.write_zero = true);
            remote.push_frames(role, &[text("was there")]);
            run(socket.feed("Hello")).unwrap();
            assert_eq!(run(socket.recv()).unwrap(), Some(Message::text("was there")));
            remote.end();
            let failed = run(socket.recv());
            assert!(matches!(failed, Err(Error::Io(e)) if e.kind() == ErrorKind::WriteZero));
            assert!(matches!(run(socket.recv()), Ok(None)));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_time_that_nobody_can_count_is_no_panic() {
    let limits = ws_core::Limits::builder()
        .close_timeout(Duration::MAX)
        .fin_timeout(Duration::MAX)
        .handshake_timeout(Duration::MAX)
        .build()
        .unwrap();
    for role in BOTH_ROLES {
        let (mut socket, remote) = socket(role, Config::with_limits(limits));
        let task = Task::new();
        let mut close = Box::pin(socket.close(ws_core::CloseCode::NORMAL, ""));
        assert!(task.poll(&mut close).is_pending());
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert!(task.poll(&mut close).is_pending());
        assert_eq!(task.take_wakes(), 0, "no timer that has passed already");
        drop(close);
        answer(&remote, role);
        socket.close(ws_core::CloseCode::NORMAL, "").await.unwrap();
    }
}

fn answer(remote: &Remote, role: Role) {
    remote.push_frames(role, &[Frame::close(1000, "")]);
    remote.end();
}
