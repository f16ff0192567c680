//! Every async method of the tokio layer, dropped after every number of polls and called again: what
//! is seen must be what an undisturbed run gives. (T08)
//!
//! | row | methods | what a dropped future may have done |
//! |---|---|---|
//! | receiving | `recv`, `recv_event`, `recv_piece` | nothing that the next one does not tell |
//! | sending | `feed*`, `send`, `ping`, `pong` | queued all of it, or nothing |
//! | writing | `flush` | written some; the rest stays queued |
//! | closing | `close` | queued the one Close |
//!
//! Each on a whole connection, on the halves of one, and, where there is such a thing, as `Stream`
//! and `Sink`. The opening handshakes own the transport and drop it: `tokio_handshake.rs`.
#![cfg(feature = "tokio")]

use futures_util::{SinkExt, StreamExt};
use ws_core::tokio::{Error, Event, ReadHalf, WebSocket, WriteHalf};
use ws_core::{CloseCode, Config, Limits, Message, PreparedMessage, Role};

use oracle::{Frame, binary, continuation, ping, pong, text, text_start};
use tokio_support::{BOTH_ROLES, Remote, Wire, poll_times, run, socket};

mod oracle;
mod tokio_support;

/// How the connection is held.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Held {
    Whole,
    Halves,
    StreamAndSink,
}

const HELD: [Held; 3] = [Held::Whole, Held::Halves, Held::StreamAndSink];

/// A connection in one of these ways.
enum End {
    Whole(WebSocket<Wire>),
    Halves(ReadHalf<Wire>, WriteHalf<Wire>),
    StreamAndSink(WebSocket<Wire>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Receive {
    Messages,
    Events,
    Pieces,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Sending {
    Feed,
    FeedUncoded,
    FeedPrepared,
    FeedAndFlush,
    Ping,
    Pong,
}

const SENDS: [Sending; 6] = [
    Sending::Feed,
    Sending::FeedUncoded,
    Sending::FeedPrepared,
    Sending::FeedAndFlush,
    Sending::Ping,
    Sending::Pong,
];

const PAYLOAD: [u8; 100] = [7; 100];

#[derive(Debug, Clone, PartialEq)]
enum Seen {
    Event(Event),
    Octets(Vec<u8>, bool),
}

impl End {
    fn new(held: Held, socket: WebSocket<Wire>) -> Self {
        match held {
            Held::Whole => Self::Whole(socket),
            Held::Halves => {
                let (reader, writer) = socket.split();
                Self::Halves(reader, writer)
            }
            Held::StreamAndSink => Self::StreamAndSink(socket),
        }
    }

    async fn receive(&mut self, by: Receive) -> Result<Option<Seen>, Error> {
        let message = |message| Seen::Event(Event::Message(message));
        let piece = |piece: ws_core::tokio::Piece| {
            Seen::Octets(piece.octets.to_vec(), piece.starts_message)
        };
        Ok(match (self, by) {
            (Self::Whole(whole), Receive::Messages) => whole.recv().await?.map(message),
            (Self::Whole(whole), Receive::Events) => whole.recv_event().await?.map(Seen::Event),
            (Self::Whole(whole), Receive::Pieces) => whole.recv_piece().await?.map(piece),
            (Self::Halves(half, _), Receive::Messages) => half.recv().await?.map(message),
            (Self::Halves(half, _), Receive::Events) => half.recv_event().await?.map(Seen::Event),
            (Self::Halves(half, _), Receive::Pieces) => half.recv_piece().await?.map(piece),
            (Self::StreamAndSink(stream), _) => stream.next().await.transpose()?.map(message),
        })
    }

    async fn send(&mut self, by: Sending) -> Result<(), Error> {
        let message = || Message::binary(PAYLOAD.to_vec());
        let prepared = PreparedMessage::new(&message());
        match (self, by) {
            (Self::Whole(whole), Sending::Feed) => whole.feed(message()).await,
            (Self::Whole(whole), Sending::FeedUncoded) => whole.feed_uncoded(message()).await,
            (Self::Whole(whole), Sending::FeedPrepared) => whole.feed_prepared(&prepared).await,
            (Self::Whole(whole), Sending::FeedAndFlush) => whole.send(message()).await,
            (Self::Whole(whole), Sending::Ping) => whole.ping(&PAYLOAD).await,
            (Self::Whole(whole), Sending::Pong) => whole.pong(&PAYLOAD).await,
            (Self::Halves(_, half), Sending::Feed) => half.feed(message()).await,
            (Self::Halves(_, half), Sending::FeedUncoded) => half.feed_uncoded(message()).await,
            (Self::Halves(_, half), Sending::FeedPrepared) => half.feed_prepared(&prepared).await,
            (Self::Halves(_, half), Sending::FeedAndFlush) => half.send(message()).await,
            (Self::Halves(_, half), Sending::Ping) => half.ping(&PAYLOAD).await,
            (Self::Halves(_, half), Sending::Pong) => half.pong(&PAYLOAD).await,
            (Self::StreamAndSink(sink), Sending::Feed) => SinkExt::feed(sink, message()).await,
            (Self::StreamAndSink(sink), _) => SinkExt::send(sink, message()).await,
        }
    }

    async fn flush(&mut self) -> Result<(), Error> {
        match self {
            Self::Whole(whole) => whole.flush().await,
            Self::Halves(_, half) => half.flush().await,
            Self::StreamAndSink(sink) => SinkExt::flush(sink).await,
        }
    }

    /// Closes; the sending half leaves the end to the receiving one.
    async fn close(&mut self) -> Result<(), Error> {
        match self {
            Self::Whole(whole) => whole.close(CloseCode::NORMAL, "").await,
            Self::StreamAndSink(sink) => SinkExt::close(sink).await,
            Self::Halves(reader, writer) => {
                writer.close(CloseCode::NORMAL, "").await?;
                while reader.recv().await?.is_some() {}
                Ok(())
            }
        }
    }
}

fn end(held: Held, role: Role, config: Config, limit: usize) -> (End, Remote) {
    let (socket, remote) = socket(role, config);
    remote.with(|state| {
        state.restless = true;
        state.limit = limit;
    });
    (End::new(held, socket), remote)
}

/// Receives all of a session, each future dropped after `polls` polls, time and again.
fn received(
    held: Held,
    role: Role,
    by: Receive,
    limit: usize,
    polls: usize,
) -> (Vec<Seen>, Vec<Frame>) {
    let (mut end, remote) = end(held, role, Config::default(), limit);
    remote.push_frames(
        role,
        &[
            text("Hello"),
            text_start("κό".as_bytes()),
            ping(b"1"),
            continuation(true, "σμε".as_bytes()),
            pong(b"x"),
            binary(&[0xFE; 150]),
            Frame::close(1000, "fin"),
        ],
    );
    remote.end();
    let mut seen = Vec::new();
    loop {
        match poll_times(end.receive(by), polls) {
            None => {}
            Some(Ok(Some(event))) => seen.push(event),
            Some(Ok(None)) => return (seen, remote.frames(role)),
            Some(Err(error)) => panic!("{error}"),
        }
    }
}

#[test]
fn t08_every_way_to_receive_dropped_after_every_number_of_polls() {
    for held in HELD {
        for role in BOTH_ROLES {
            for by in [Receive::Messages, Receive::Events, Receive::Pieces] {
                for limit in [1, 9, usize::MAX] {
                    let reference = received(held, role, by, limit, usize::MAX);
                    assert_eq!(reference.1, [pong(b"1"), Frame::close(1000, "")]);
                    for polls in 1..40 {
                        let seen = received(held, role, by, limit, polls);
                        assert_eq!(seen, reference, "{held:?} {role:?} {by:?} {limit} {polls}");
                    }
                }
            }
        }
    }
}

fn frame_of(held: Held, by: Sending) -> Frame {
    match by {
        Sending::Ping if held != Held::StreamAndSink => ping(&PAYLOAD),
        Sending::Pong if held != Held::StreamAndSink => pong(&PAYLOAD),
        _ => binary(&PAYLOAD),
    }
}

/// Between two others, with room for it or without: whole, or not at all.
#[test]
fn t08_every_way_to_send_dropped_after_every_number_of_polls() {
    let narrow = Limits::builder().max_write_buffer(150).build().unwrap();
    for held in HELD {
        for role in BOTH_ROLES {
            for by in SENDS {
                for (config, limit) in [
                    (Config::default(), 7),
                    (Config::with_limits(narrow), 7),
                    (Config::default(), 500),
                ] {
                    let (mut done, mut dropped) = (0, 0);
                    for polls in 0.. {
                        let case = || format!("{held:?} {role:?} {by:?} {limit} {polls}");
                        let (mut end, remote) = end(held, role, config, limit);
                        run(end.send(Sending::Feed)).unwrap();
                        let sent = poll_times(end.send(by), polls);
                        let is_done = sent.is_some();
                        sent.transpose().unwrap();
                        run(end.flush()).unwrap();
                        run(end.send(Sending::FeedAndFlush)).unwrap();
                        let frames = remote.frames(role);
                        let (around, it) = (binary(&PAYLOAD), frame_of(held, by));
                        let all = [around.clone(), it, around.clone()];
                        let without = [around.clone(), around];
                        if is_done {
                            assert!(frames == all, "{}", case());
                            done += 1;
                        } else {
                            assert!(frames == all || frames == without, "{}", case());
                            dropped += usize::from(frames == without);
                        }
                        if done == 2 {
                            break;
                        }
                        assert!(polls < 500, "{}", case());
                    }
                    assert!(dropped > 0, "at the least, a future that was never polled");
                }
            }
        }
    }
}

#[test]
fn t08_every_flush_dropped_after_every_number_of_polls() {
    for held in HELD {
        for role in BOTH_ROLES {
            for limit in [1, 50, usize::MAX] {
                for polls in 1..30 {
                    let (mut end, remote) = end(held, role, Config::default(), limit);
                    for _ in 0..2 {
                        run(end.send(Sending::Feed)).unwrap();
                    }
                    while poll_times(end.flush(), polls).is_none() {}
                    let frames = remote.frames(role);
                    assert_eq!(frames, [binary(&PAYLOAD), binary(&PAYLOAD)], "{held:?} {polls}");
                }
            }
        }
    }
}

#[test]
fn t08_every_close_dropped_after_every_number_of_polls() {
    for held in HELD {
        for role in BOTH_ROLES {
            for limit in [1, 9, usize::MAX] {
                for polls in 1..60 {
                    let (mut end, remote) = end(held, role, Config::default(), limit);
                    run(end.send(Sending::Feed)).unwrap();
                    remote.push_frames(role, &[text("late"), Frame::close(1000, "")]);
                    remote.end();
                    let first = poll_times(end.close(), polls);
                    assert!(matches!(first, None | Some(Ok(()))), "{first:?}");
                    if first.is_none() {
                        // Whoever received all the time sees the end.
                        while run(end.receive(Receive::Messages)).unwrap().is_some() {}
                    }
                    let frames = remote.frames(role);
                    let expected = [binary(&PAYLOAD), Frame::close(1000, "")];
                    assert_eq!(frames, expected, "{held:?} {role:?} {limit} {polls}");
                }
            }
        }
    }
}

#[test]
fn pieces_of_the_halves_are_those_of_the_whole() {
    for role in BOTH_ROLES {
        let whole = received(Held::Whole, role, Receive::Pieces, 9, usize::MAX);
        assert_eq!(whole, received(Held::Halves, role, Receive::Pieces, 9, usize::MAX));
        let octets = |seen: &Seen| matches!(seen, Seen::Octets(..));
        assert!(whole.0.iter().all(octets) && whole.0.len() > 3, "{whole:?}");
    }
}
