//! A blocking connection over a transport that fails: is every end told once, and nothing lost?
#![cfg(feature = "std")]

use std::io::ErrorKind;

use ws_core::connection::Failure;
use ws_core::io::{Error, Plain, WebSocket};
use ws_core::{CloseCode, Config, Message, Misuse, Role};

use io_support::{BOTH_ROLES, Script, Step};
use oracle::{Frame, binary, pong, session, text, wire_to};

mod io_support;
mod oracle;

fn delivered() -> [Message; 4] {
    [
        Message::text("Hello"),
        Message::text("κόσμε"),
        Message::binary(vec![0xFE; 300]),
        Message::text(""),
    ]
}

/// What the session makes an echoing endpoint write.
fn echoed() -> [Frame; 6] {
    [
        text("Hello"),
        pong(b"1"),
        text("κόσμε"),
        binary(&[0xFE; 300]),
        text(""),
        Frame::close(1000, ""),
    ]
}

/// Echoes to the end, calling again after what is resumable. The messages, and the terminal result.
fn run(socket: &mut WebSocket<Plain<Script>>) -> (Vec<Message>, Result<(), Error>, usize) {
    let mut messages = Vec::new();
    let mut resumed = 0;
    let result = loop {
        assert!(resumed < 10_000, "no progress");
        match socket.recv() {
            Ok(Some(message)) => {
                messages.push(message.clone());
                match socket.feed(message) {
                    Ok(()) | Err(Error::Misuse(Misuse::SendAfterClose)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            Ok(None) => break Ok(()),
            Err(Error::Io(error)) if is_late(error.kind()) => resumed += 1,
            Err(error) => break Err(error),
        }
    };
    for _ in 0..3 {
        assert!(matches!(socket.recv(), Ok(None)), "A08: the terminal result is told once");
    }
    (messages, result, resumed)
}

fn is_late(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// The frames of `octets` as far as they are whole.
fn whole_frames(role: Role, octets: &[u8], expected: &[Frame]) -> usize {
    let key = oracle::key_to(role.peer());
    let mut len = 0;
    let ends = expected.iter().map(|frame| {
        len += frame.octets(key).len();
        len
    });
    ends.take_while(|&end| end <= octets.len()).count()
}

#[test]
fn t07_would_block_timed_out_and_interrupted_before_each_octet_lose_nothing() {
    for role in BOTH_ROLES {
        let wire = wire_to(role, &session());
        for kind in [ErrorKind::WouldBlock, ErrorKind::TimedOut, ErrorKind::Interrupted] {
            let script = Script::failing_before_each(&wire, kind);
            let (messages, result, resumed) = run(&mut script.socket(role, Config::default()));
            assert_eq!(messages, delivered(), "{role:?}, {kind:?}");
            assert!(result.is_ok());
            assert_eq!(resumed, if is_late(kind) { wire.len() } else { 0 });
            assert_eq!(script.frames(role), echoed());
        }
    }
}

#[test]
fn t05_t07_partial_and_resumed_writes_give_the_same_output() {
    for role in BOTH_ROLES {
        for limit in [1, 2, 7] {
            for kind in [ErrorKind::WouldBlock, ErrorKind::TimedOut, ErrorKind::Interrupted] {
                let script = Script::of(&wire_to(role, &session()));
                script.with(|state| {
                    state.limit = limit;
                    let steps = [Step::Fail(kind), Step::Take(1), Step::Take(2), Step::Fail(kind)];
                    state.writes = steps.into_iter().cycle().take(60).collect();
                    state.flushes = vec![kind; 5].into();
                });
                let (messages, result, _) = run(&mut script.socket(role, Config::default()));
                assert_eq!(messages, delivered(), "{role:?}, {limit} octets, {kind:?}");
                assert!(result.is_ok(), "{result:?}");
                assert_eq!(script.frames(role), echoed());
            }
        }
    }
}

#[test]
fn t01_f36_end_of_stream_at_every_octet_gives_a_prefix_and_one_terminal_result() {
    for role in BOTH_ROLES {
        let wire = wire_to(role, &session());
        for cut in 0..=wire.len() {
            let script = Script::of(&wire[..cut]);
            let (messages, result, _) = run(&mut script.socket(role, Config::default()));
            assert_eq!(messages, delivered()[..messages.len()], "cut at {cut}");
            match result {
                Ok(()) => assert_eq!(cut, wire.len(), "clean only if both Closes were seen"),
                Err(Error::Failed(Failure::EndOfStream)) => assert!(cut < wire.len()),
                Err(error) => panic!("cut at {cut}: {error}"),
            }
        }
    }
}

#[test]
fn t02_reset_at_every_octet_gives_a_prefix_and_one_terminal_result() {
    for role in BOTH_ROLES {
        let wire = wire_to(role, &session());
        for cut in 0..=wire.len() {
            let reset = Step::Fail(ErrorKind::ConnectionReset);
            let script = Script::of(&wire[..cut]).then(reset);
            let (messages, result, _) = run(&mut script.socket(role, Config::default()));
            assert_eq!(messages, delivered()[..messages.len()], "cut at {cut}");
            match result {
                Ok(()) => assert_eq!(cut, wire.len(), "after both Closes a reset is no error"),
                Err(Error::Io(error)) => {
                    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                    assert!(cut < wire.len());
                }
                Err(error) => panic!("cut at {cut}: {error}"),
            }
        }
    }
}

#[test]
fn t06_failing_from_the_nth_call_on_ends_with_one_error_until_it_passes() {
    for role in BOTH_ROLES {
        let wire = wire_to(role, &session());
        let mut passed = None;
        for from in 0..500 {
            let script = Script::of(&wire);
            script.with(|state| {
                state.limit = 5;
                state.fail_from = Some(from);
            });
            let (messages, result, _) = run(&mut script.socket(role, Config::default()));
            assert_eq!(messages, delivered()[..messages.len()], "failing from call {from}");
            let output = script.with(|state| state.output.clone());
            let whole = whole_frames(role, &output, &echoed());
            match result {
                Ok(()) => {
                    assert_eq!(whole, echoed().len(), "clean, so our Close was written");
                    passed = Some(from);
                    break;
                }
                Err(Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
                Err(error) => panic!("failing from call {from}: {error}"),
            }
        }
        assert!(passed.is_some(), "the loop ends");
    }
}

#[test]
fn a07_t07_a_write_of_zero_octets_is_write_zero_once_then_fused() {
    for role in BOTH_ROLES {
        for before in [0, 1, 5] {
            let script = Script::default();
            script.with(|state| state.writes = [Step::Take(before), Step::Take(0)].into());
            if before == 0 {
                script.with(|state| state.writes.pop_front());
            }
            let mut socket = script.socket(role, Config::default());
            match socket.send("Hello") {
                Err(Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::WriteZero),
                other => panic!("{other:?}"),
            }
            let writes = script.with(|state| state.write_calls);
            for again in [socket.send("x"), socket.feed("x"), socket.flush(), socket.ping(b"")] {
                assert!(matches!(again, Err(Error::Misuse(Misuse::SendAfterClose))), "{again:?}");
            }
            assert_eq!(script.with(|state| state.write_calls), writes, "nothing more is tried");
            // Whoever receives, in another task perhaps, is told as well.
            let told = socket.recv();
            assert!(matches!(told, Err(Error::Io(e)) if e.kind() == ErrorKind::WriteZero));
            assert!(matches!(socket.recv(), Ok(None)));
        }
    }
}

#[test]
fn a_write_that_fails_inside_recv_still_gives_what_the_peer_sent_before() {
    for role in BOTH_ROLES {
        let script = Script::of(&wire_to(role, &session()));
        script.with(|state| {
            state.limit = 100;
            state.writes = [Step::Fail(ErrorKind::BrokenPipe)].into();
        });
        let mut socket = script.socket(role, Config::default());
        socket.feed("ours").unwrap();
        let (messages, result, _) = run(&mut socket);
        assert_eq!(messages, delivered(), "{role:?}");
        assert!(matches!(result, Err(Error::Io(error)) if error.kind() == ErrorKind::BrokenPipe));
    }
}

#[test]
fn t14_closing_over_a_transport_that_never_blocks_gives_control_back_instead_of_spinning() {
    for role in BOTH_ROLES {
        let script = Script::default();
        script.with(|state| state.idle = Some(ErrorKind::WouldBlock));
        let mut socket = script.socket(role, Config::default());
        for calls in 1..=3 {
            match socket.close(CloseCode::NORMAL, "") {
                Err(Error::Io(error)) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
                other => panic!("{other:?}"),
            }
            assert_eq!(script.with(|state| state.read_calls), calls, "one read a call");
        }
        assert_eq!(script.frames(role), [Frame::close(1000, "")], "one Close");
        script.clone().then(Step::Octets(wire_to(role, &[Frame::close(1000, "")])));
        script.with(|state| state.idle = None);
        socket.close(CloseCode::NORMAL, "").unwrap();
    }
}

#[test]
fn t14_closing_ends_at_its_deadline_though_nothing_can_be_written() {
    let limits = ws_core::Limits::builder().close_timeout(std::time::Duration::from_nanos(1));
    for role in BOTH_ROLES {
        let script = Script::default();
        script.with(|state| {
            state.idle = Some(ErrorKind::WouldBlock);
            state.writes = vec![Step::Fail(ErrorKind::WouldBlock); 10].into();
        });
        let mut socket = script.socket(role, Config::with_limits(limits.build().unwrap()));
        let closed = socket.close(CloseCode::NORMAL, "");
        assert!(matches!(closed, Err(Error::Failed(Failure::CloseTimeout))), "{closed:?}");
        assert!(matches!(socket.recv(), Ok(None)));
    }
}
