//! Halves that are put together again, or lose each other, at any moment: is any octet lost? (T25)
#![cfg(feature = "tokio")]

use std::pin::Pin;
use std::task::Poll;

use futures_util::Sink;
use ws_core::tokio::{ReadHalf, WriteHalf};
use ws_core::{CloseCode, Config, Limits, Message, Role};

use oracle::{Frame, binary, ping, pong, text};
use tokio_support::{BOTH_ROLES, Remote, Task, Wire, plain, poll_once, run, socket};

mod oracle;
mod tokio_support;

/// Octets that the transport takes before it is blocked: none, within a header, within a payload, all.
const ROOMS: [usize; 5] = [0, 1, 3, 9, usize::MAX];

/// What has happened to two halves before they part or meet.
struct State {
    reader: ReadHalf<Wire>,
    writer: WriteHalf<Wire>,
    remote: Remote,
    /// What is still to arrive.
    rest: Vec<u8>,
    received: Vec<Message>,
    closes: bool,
    name: String,
}

fn incoming() -> [Frame; 4] {
    [text("one"), ping(b"p"), binary(&[7; 40]), text("two")]
}

fn messages() -> [Message; 3] {
    [Message::text("one"), Message::binary(vec![7; 40]), Message::text("two")]
}

/// Every state of a small conversation: what was read of it, how many messages were told, how much
/// could be written, whether our Close is under way.
fn each_state(mut check: impl FnMut(Role, State)) {
    for role in BOTH_ROLES {
        let wire = oracle::wire_to(role, &incoming());
        for cut in 0..=wire.len() {
            for (room, told, closes) in ROOMS
                .into_iter()
                .flat_map(|room| (0..=2).map(move |told| (room, told)))
                .flat_map(|(room, told)| [false, true].map(|closes| (room, told, closes)))
            {
                let (socket, remote) = plain(role);
                remote.set_room(room);
                let (mut reader, mut writer) = socket.split();
                remote.push(&wire[..cut]);
                let mut received = Vec::new();
                while received.len() < told
                    && let Poll::Ready(message) = poll_once(reader.recv())
                {
                    received.push(message.unwrap().expect("the peer does not close"));
                }
                assert!(poll_once(writer.feed("fed")).is_ready());
                if closes {
                    let _ = poll_once(writer.close(CloseCode::NORMAL, ""));
                }
                // Whoever waits is dropped in the middle of it.
                let task = Task::new();
                let mut recv = Box::pin(reader.recv());
                let message = if cut % 2 == 0 { task.poll(&mut recv) } else { Poll::Pending };
                drop(recv);
                if let Poll::Ready(message) = message {
                    received.extend(message.unwrap());
                }
                let name = format!(
                    "{role:?}, {cut} octets in, room for {room}, {told} told, closes: {closes}"
                );
                let rest = wire[cut..].to_vec();
                check(role, State { reader, writer, remote, rest, received, closes, name });
            }
        }
    }
}

/// Each frame once: which one is queued first depends on what was read first.
fn assert_sent(name: &str, remote: &Remote, role: Role, mut expected: Vec<Frame>) {
    let mut sent = remote.frames(role);
    let key = |frame: &Frame| format!("{frame:?}");
    sent.sort_by_key(key);
    expected.sort_by_key(key);
    assert_eq!(sent, expected, "{name}");
}

#[test]
fn reunited_in_every_state_nothing_is_lost() {
    each_state(|role, state| {
        let State { reader, writer, remote, rest, mut received, closes, name } = state;
        let pong_queued = closes && received.len() > 1;
        let mut socket = reader.reunite(writer).expect("its own");
        remote.set_room(usize::MAX);
        remote.push(&rest);
        if closes {
            remote.push_frames(role, &[Frame::close(1000, "")]);
            remote.end();
        }
        while received.len() < 3
            && let Poll::Ready(message) = poll_once(socket.recv())
            && let Some(message) = message.unwrap()
        {
            received.push(message);
        }
        let _ = run(socket.flush());
        let mut expected = vec![text("fed")];
        if closes {
            // Messages under way are dropped; those before them are not.
            assert_eq!(received, messages()[..received.len()], "{name}");
            expected.push(Frame::close(1000, ""));
            let sent = remote.frames(role);
            let answered = sent.contains(&pong(b"p"));
            assert!(answered || !pong_queued, "{name}");
            expected.extend(answered.then(|| pong(b"p")));
            assert!(matches!(run(socket.recv()), Ok(None)), "{name}");
        } else {
            assert_eq!(received, messages(), "{name}");
            expected.push(pong(b"p"));
        }
        assert_sent(&name, &remote, role, expected);
    });
}

#[test]
fn t25_a_reader_alone_receives_all_and_writes_what_was_queued() {
    each_state(|role, state| {
        let State { mut reader, writer, remote, rest, mut received, closes, name } = state;
        drop(writer);
        remote.set_room(usize::MAX);
        remote.push(&rest);
        if closes {
            remote.push_frames(role, &[Frame::close(1000, "")]);
            remote.end();
            assert!(matches!(run(reader.recv()), Ok(None)), "{name}");
            let sent = remote.frames(role);
            let of_ours: Vec<_> = sent.iter().filter(|frame| **frame != pong(b"p")).collect();
            assert_eq!(of_ours, [&text("fed"), &Frame::close(1000, "")], "{name}");
            return;
        }
        while let Poll::Ready(message) = poll_once(reader.recv()) {
            received.extend(message.unwrap());
        }
        assert_eq!(received, messages(), "{name}");
        assert_sent(&name, &remote, role, vec![text("fed"), pong(b"p")]);
        assert!(!remote.with(|state| state.is_dropped));
        drop(reader);
        assert!(remote.with(|state| state.is_dropped));
    });
}

#[test]
fn t25_a_writer_alone_sends_all_that_was_queued() {
    each_state(|role, state| {
        let State { reader, mut writer, remote, closes, name, .. } = state;
        drop(reader);
        remote.set_room(usize::MAX);
        run(writer.flush()).unwrap();
        let mut expected = vec![text("fed")];
        if closes {
            expected.push(Frame::close(1000, ""));
        } else {
            run(writer.send("more")).unwrap();
            expected.push(text("more"));
        }
        let sent = remote.frames(role);
        let of_ours: Vec<_> = sent.into_iter().filter(|frame| *frame != pong(b"p")).collect();
        assert_eq!(of_ours, expected, "{name}");
        assert!(!remote.with(|state| state.is_dropped));
        drop(writer);
        assert!(remote.with(|state| state.is_dropped));
    });
}

/// Who sends a message that a `Sink` has taken and that waits for room.
#[test]
fn what_waits_in_a_sink_is_sent_by_either_half_or_by_both_again() {
    let config = Config::with_limits(Limits::builder().max_write_buffer(1000).build().unwrap());
    for role in BOTH_ROLES {
        for who in 0..3 {
            let (mut socket, remote) = socket(role, config);
            remote.set_room(0);
            for fill in [1, 2] {
                let message = Message::binary(vec![fill; 900]);
                Pin::new(&mut socket).start_send(message).unwrap();
            }
            let (mut reader, mut writer) = socket.split();
            remote.set_room(usize::MAX);
            match who {
                0 => run(writer.flush()).unwrap(),
                1 => assert!(poll_once(reader.recv()).is_pending()),
                _ => run(reader.reunite(writer).expect("its own").flush()).unwrap(),
            }
            assert_eq!(remote.frames(role), [binary(&[1; 900]), binary(&[2; 900])], "{role:?}");
        }
    }
}
