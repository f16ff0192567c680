//! Futures dropped after any number of polls: is what follows as if they had never been? (T08, T09)
//!
//! The transport is pending before every operation and wakes at once, and takes and gives few octets
//! at a time, so that each poll gets a little further. The promises are those of the method's
//! documentation; `accept` and `connect` promise nothing but to drop the transport
//! (`tokio_handshake.rs`).
#![cfg(feature = "tokio")]

use std::time::Duration;

use tokio::io::{AsyncWriteExt, duplex};
use tokio::time::{interval, sleep};
use ws_core::tokio::{Error, Event, WebSocket};
use ws_core::{CloseCode, Config, Limits, Message, Role};

use oracle::{Frame, binary, continuation, ping, pong, text, text_start, wire_to};
use tokio_support::{BOTH_ROLES, Remote, Wire, frame_of, plain, poll_times, run, socket};

mod oracle;
mod tokio_support;

const LIMITS: [usize; 3] = [1, 9, usize::MAX];

fn session() -> Vec<Frame> {
    vec![
        text("Hello"),
        text_start("κό".as_bytes()),
        ping(b"1"),
        continuation(false, b""),
        continuation(true, "σμε".as_bytes()),
        binary(&[0xFE; 150]),
        pong(b"x"),
        text(""),
        Frame::close(1000, "fin"),
    ]
}

fn restless(role: Role, limit: usize) -> (WebSocket<Wire>, Remote) {
    let (socket, remote) = plain(role);
    remote.with(|state| {
        state.restless = true;
        state.limit = limit;
    });
    (socket, remote)
}

/// How a receiving method is called; pieces are told as they are.
#[derive(Debug, Clone, Copy)]
enum Receive {
    Messages,
    Events,
    Pieces,
}

async fn receive(socket: &mut WebSocket<Wire>, by: Receive) -> Result<Option<Seen>, Error> {
    Ok(match by {
        Receive::Messages => {
            socket.recv().await?.map(|message| Seen::Event(Event::Message(message)))
        }
        Receive::Events => socket.recv_event().await?.map(Seen::Event),
        Receive::Pieces => socket
            .recv_piece()
            .await?
            .map(|piece| Seen::Octets(piece.octets.to_vec(), piece.starts_message)),
    })
}

#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Event(Event),
    Octets(Vec<u8>, bool),
}

/// What is received when the futures are dropped after as many polls as `drops` says in turn, then
/// after none; and what was written meanwhile.
fn received(role: Role, by: Receive, limit: usize, drops: &[usize]) -> (Vec<Seen>, Vec<Frame>) {
    let (mut socket, remote) = restless(role, limit);
    remote.push_frames(role, &session());
    remote.end();
    let mut drops = drops.iter().copied();
    let mut seen = Vec::new();
    loop {
        let polls = drops.next().unwrap_or(usize::MAX);
        match poll_times(receive(&mut socket, by), polls) {
            None => {}
            Some(Ok(Some(event))) => seen.push(event),
            Some(Ok(None)) => return (seen, remote.frames(role)),
            Some(Err(error)) => panic!("{error}"),
        }
    }
}

#[test]
fn t08_receiving_dropped_after_any_poll_and_after_every_poll() {
    for role in BOTH_ROLES {
        for by in [Receive::Messages, Receive::Events, Receive::Pieces] {
            for limit in LIMITS {
                let reference = received(role, by, limit, &[]);
                assert_eq!(reference.1, [pong(b"1"), Frame::close(1000, "")]);
                for polls in 0..100 {
                    let seen = || format!("{role:?}, {by:?}, {limit} octets, {polls} polls");
                    assert_eq!(received(role, by, limit, &[polls]), reference, "{}", seen());
                    // Each future in turn, again and again.
                    if (1..5).contains(&polls) {
                        let every = vec![polls; 5000];
                        assert_eq!(received(role, by, limit, &every), reference, "{}", seen());
                    }
                }
            }
        }
    }
}

fn to_send() -> [Message; 3] {
    [Message::text("first"), Message::binary(vec![2; 300]), Message::binary(vec![3; 9000])]
}

/// Sends all three, the one at `at` dropped after `polls`. What is written after that, and whether
/// the send was through.
fn sent(role: Role, limit: usize, at: usize, polls: usize) -> (Vec<Frame>, bool) {
    let (mut socket, remote) = restless(role, limit);
    let mut done = true;
    for (i, message) in to_send().into_iter().enumerate() {
        let polls = if i == at { polls } else { usize::MAX };
        match poll_times(socket.send(message), polls) {
            Some(result) => result.unwrap(),
            None => done = false,
        }
    }
    run(socket.flush()).unwrap();
    (remote.frames(role), done)
}

#[test]
fn t08_send_dropped_after_any_poll_sends_the_whole_message_or_nothing() {
    let all: Vec<_> = to_send().iter().map(frame_of).collect();
    for role in BOTH_ROLES {
        for limit in [7, 500, usize::MAX] {
            for at in 0..3 {
                let mut polls = 0;
                loop {
                    let (frames, done) = sent(role, limit, at, polls);
                    let mut without = all.clone();
                    without.remove(at);
                    // Queued by its first poll, as there is room.
                    let expected = if polls == 0 { &without } else { &all };
                    assert!(frames == *expected, "{role:?}, message {at}, {polls} polls");
                    if done {
                        break;
                    }
                    polls += if polls < 50 { 1 } else { 97 };
                }
            }
        }
    }
}

#[test]
fn t08_feed_dropped_while_it_waits_for_room_queues_nothing() {
    let limits = Limits::builder().max_write_buffer(500).build().unwrap();
    for role in BOTH_ROLES {
        for polls in 0..5 {
            let (mut socket, remote) = socket(role, Config::with_limits(limits));
            remote.set_room(3);
            run(socket.feed(Message::binary(vec![1; 400]))).unwrap();
            for _ in 0..3 {
                let fed = poll_times(socket.feed(Message::binary(vec![2; 400])), polls);
                assert!(fed.is_none());
                assert!(poll_times(socket.ping(&[9; 125]), polls).is_none());
            }
            remote.set_room(usize::MAX);
            run(socket.send(Message::text("last"))).unwrap();
            assert_eq!(remote.frames(role), [binary(&[1; 400]), text("last")]);
        }
    }
}

#[test]
fn t08_flush_dropped_after_any_poll_loses_and_doubles_nothing() {
    for role in BOTH_ROLES {
        for limit in [1, 50, usize::MAX] {
            for polls in 0..30 {
                let (mut socket, remote) = restless(role, limit);
                for message in &to_send()[..2] {
                    run(socket.feed(message.clone())).unwrap();
                }
                for _ in 0..10 {
                    let _ = poll_times(socket.flush(), polls);
                }
                run(socket.flush()).unwrap();
                assert_eq!(remote.frames(role), [text("first"), binary(&[2; 300])]);
                assert_eq!(socket.output_len(), 0);
            }
        }
    }
}

#[test]
fn t08_close_dropped_after_any_poll_leaves_one_close_and_ends_clean() {
    for role in BOTH_ROLES {
        for limit in LIMITS {
            for polls in 0..60 {
                for by_recv in [false, true] {
                    let (mut socket, remote) = restless(role, limit);
                    run(socket.feed("queued")).unwrap();
                    remote.push_frames(role, &[text("late"), Frame::close(1000, "")]);
                    remote.end();
                    let first = poll_times(socket.close(CloseCode::NORMAL, ""), polls);
                    if by_recv && polls > 0 {
                        assert!(run(socket.recv()).unwrap().is_none());
                    } else {
                        run(socket.close(CloseCode::NORMAL, "")).unwrap();
                    }
                    assert!(matches!(first, None | Some(Ok(()))), "{first:?}");
                    let frames = remote.frames(role);
                    assert_eq!(frames, [text("queued"), Frame::close(1000, "")], "{polls} polls");
                }
            }
        }
    }
}

#[test]
fn t08_both_halves_of_a_split_connection() {
    for role in BOTH_ROLES {
        for polls in 1..6 {
            let (socket, remote) = restless(role, 5);
            remote.push_frames(role, &session()[..6]);
            let (mut reader, mut writer) = socket.split();
            let mut seen = Vec::new();
            let mut sent = Vec::new();
            while seen.len() < 3 {
                if let Some(message) = poll_times(reader.recv(), polls) {
                    seen.push(message.unwrap().unwrap());
                }
                // Queued by its first poll, dropped or not.
                let message = Message::binary(vec![u8::try_from(sent.len() % 251).unwrap(); 20]);
                sent.push(frame_of(&message));
                let _ = poll_times(writer.send(message), polls);
            }
            run(writer.flush()).unwrap();
            let expected = ["Hello".into(), "κόσμε".into(), Message::binary(vec![0xFE; 150])];
            assert_eq!(seen, expected);
            let frames = remote.frames(role);
            let (pongs, messages): (Vec<_>, Vec<_>) =
                frames.into_iter().partition(|frame| frame.opcode == oracle::PONG);
            assert!(messages == sent, "{polls} polls");
            assert_eq!(pongs, [pong(b"1")]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn t09_select_with_a_ticker_over_ten_thousand_messages_loses_and_doubles_none() {
    const MESSAGES: u32 = 10_000;
    for role in BOTH_ROLES {
        for chunk in [1, 13, 1000] {
            let (ours, mut theirs) = duplex(64);
            let mut socket = match role {
                Role::Server => WebSocket::server(ours, Config::default()),
                Role::Client => WebSocket::client(ours, Config::default(), &[]),
            };
            let frames: Vec<_> = (0..MESSAGES).map(|i| binary(&i.to_be_bytes())).collect();
            let wire = wire_to(role, &frames);
            let peer = tokio::spawn(async move {
                for (i, octets) in wire.chunks(chunk).enumerate() {
                    theirs.write_all(octets).await.unwrap();
                    if i % 3 == 0 {
                        sleep(Duration::from_micros(700)).await;
                    }
                }
                theirs
            });
            let mut ticker = interval(Duration::from_millis(1));
            let (mut next, mut ticks) = (0, 0);
            while next < MESSAGES {
                tokio::select! {
                    biased;
                    _ = ticker.tick() => ticks += 1,
                    message = socket.recv() => {
                        let payload = message.unwrap().unwrap().into_payload();
                        assert_eq!(&payload[..], next.to_be_bytes(), "{chunk} octets at a time");
                        next += 1;
                    }
                }
            }
            assert!(ticks > 5, "the ticker had its turns: {ticks}");
            drop(peer.await.unwrap());
        }
    }
}
