//! Compressed messages through the tokio adapter: is every one of them whole, however reads, writes
//! and futures are cut? (T04, T05, T08, #54)
#![cfg(all(feature = "tokio", feature = "deflate"))]

use futures_util::{SinkExt, StreamExt};
use tokio::io::duplex;
use ws_core::connection::{Budget, Failure};
use ws_core::deflate::DeflateParams;
use ws_core::tokio::{Error, Event, WebSocket};
use ws_core::{Config, Limits, Message, PreparedMessage, Role, Violation};

use deflate_adapter_support::{
    about_a_piece, agreements, cut_texts, messages_of, of_lengths, plain_of, session, takes_over,
    to_send,
};
use deflate_support::{RSV1, Zlib, always, coded, params, records};
use oracle::{BINARY, Frame, PONG, continuation, parse_extended, wire_to};
use tokio_support::{BOTH_ROLES, Remote, Wire, poll_once, poll_times, run};

mod deflate_adapter_support;
mod deflate_support;
#[path = "oracle/inflate.rs"]
mod naive;
mod oracle;
mod support;
mod tokio_support;

fn socket(role: Role, config: Config, params: &DeflateParams) -> (WebSocket<Wire>, Remote) {
    let (mut socket, remote) = tokio_support::socket(role, config);
    socket.connection_mut().set_deflate(&always(), *params);
    (socket, remote)
}

fn plain(role: Role, params: &DeflateParams) -> (WebSocket<Wire>, Remote) {
    socket(role, Config::default(), params)
}

/// Pending before every operation, `limit` octets at a time.
fn restless(role: Role, params: &DeflateParams, limit: usize) -> (WebSocket<Wire>, Remote) {
    let (socket, remote) = plain(role, params);
    remote.with(|state| {
        state.restless = true;
        state.limit = limit;
    });
    (socket, remote)
}

fn frames(role: Role, remote: &Remote) -> Vec<Frame> {
    remote.with(|state| parse_extended(role, &state.output))
}

/// How a receiving method is called.
#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    Messages,
    Events,
    Pieces,
    /// A message that began under one goes on under the other.
    Turns,
}

const ALL: [By; 4] = [By::Messages, By::Events, By::Pieces, By::Turns];

/// Messages as they are told, pieces being joined.
#[derive(Debug, Default)]
struct Told {
    messages: Vec<Message>,
    open: Option<Vec<u8>>,
    turn: usize,
}

impl Told {
    /// Calls one method for at most `polls` polls. Whether there is more to come.
    fn receive(&mut self, socket: &mut WebSocket<Wire>, by: By, polls: usize) -> bool {
        self.turn += 1;
        let pieces = by == By::Pieces || by == By::Turns && self.turn.is_multiple_of(2);
        // The rest of a message that was begun in pieces is skipped by the others.
        if pieces || by == By::Turns && self.open.is_some() {
            let Some(piece) = poll_times(socket.recv_piece(), polls) else { return true };
            let Some(piece) = piece.unwrap() else { return false };
            assert_eq!(piece.starts_message, self.open.is_none());
            self.open.get_or_insert_default().extend_from_slice(&piece.octets);
            if piece.ends_message {
                let payload = self.open.take().unwrap();
                self.messages.push(match piece.kind {
                    ws_core::MessageKind::Text => {
                        Message::text(String::from_utf8(payload).unwrap())
                    }
                    ws_core::MessageKind::Binary => Message::binary(payload),
                });
            }
            return true;
        }
        let message = if by == By::Events {
            let Some(event) = poll_times(socket.recv_event(), polls) else { return true };
            match event.unwrap() {
                Some(Event::Message(message)) => Some(message),
                Some(_) => return true,
                None => None,
            }
        } else {
            let Some(message) = poll_times(socket.recv(), polls) else { return true };
            message.unwrap()
        };
        let more = message.is_some();
        self.messages.extend(message);
        more
    }
}

#[test]
fn t04_every_split_and_pending_before_every_octet_tell_the_same_messages() {
    for (role, params) in BOTH_ROLES.into_iter().flat_map(|r| agreements().map(|p| (r, p))) {
        let (sent, messages) = session(takes_over(&params));
        let wire = wire_to(role, &sent);
        for by in ALL {
            for cut in 0..=wire.len() {
                let (mut socket, remote) = plain(role, &params);
                let mut told = Told::default();
                remote.push(&wire[..cut]);
                // All that these octets mean, then a poll that is pending.
                for _ in 0..20 {
                    told.receive(&mut socket, by, 1);
                }
                remote.push(&wire[cut..]);
                remote.end();
                while told.receive(&mut socket, by, usize::MAX) {}
                assert!(told.messages == messages, "{role:?}, {by:?}, cut at {cut}");
            }
            for limit in [1, 2, 7] {
                let (mut socket, remote) = restless(role, &params, limit);
                remote.push(&wire);
                remote.end();
                let mut told = Told::default();
                while told.receive(&mut socket, by, usize::MAX) {}
                assert!(told.messages == messages, "{role:?}, {by:?}, {limit} at a time");
                let pongs = frames(role, &remote).iter().filter(|f| f.opcode == PONG).count();
                assert!(pongs >= 1, "pings between messages and fragments are answered");
            }
        }
    }
}

#[test]
fn t08_receiving_dropped_after_every_poll_tells_the_same_messages() {
    for (role, params) in BOTH_ROLES.into_iter().flat_map(|r| agreements().map(|p| (r, p))) {
        let (sent, messages) = session(takes_over(&params));
        for by in ALL {
            for (limit, polls) in [(1, 1), (1, 2), (3, 1), (3, 3), (usize::MAX, 1), (40, 2)] {
                let (mut socket, remote) = restless(role, &params, limit);
                remote.push_frames(role, &sent);
                remote.end();
                let mut told = Told::default();
                while told.receive(&mut socket, by, polls) {}
                assert!(told.messages == messages, "{role:?}, {by:?}, {limit}, {polls} polls");
            }
        }
    }
}

#[test]
fn t05_a_few_octets_per_write_give_the_same_output() {
    for (role, params) in BOTH_ROLES.into_iter().flat_map(|r| agreements().map(|p| (r, p))) {
        let output = |limit| {
            let (mut socket, remote) = restless(role, &params, limit);
            for message in to_send() {
                run(socket.send(message)).unwrap();
            }
            remote.with(|state| state.output.clone())
        };
        let reference = output(usize::MAX);
        let told = messages_of(&params, role, &parse_extended(role, &reference));
        assert_eq!(told.iter().map(|(m, _)| m.clone()).collect::<Vec<_>>(), to_send());
        // Noise goes as it is, but where that would cost the window.
        let (_, takeover) = params.of_sender(role);
        let coded = told.iter().filter(|(_, compressed)| *compressed).count();
        assert_eq!(coded, if takeover { 6 } else { 5 }, "{role:?}, takeover {takeover}");
        for limit in [1, 2, 13, 100] {
            assert!(output(limit) == reference, "{role:?}, {limit} octets per write");
        }
    }
}

/// #54: a send that was dropped has compressed, framed and queued its message, or has not begun.
#[test]
fn t08_send_dropped_after_any_poll_leaves_the_compressor_with_the_peer() {
    for (role, params) in BOTH_ROLES.into_iter().flat_map(|r| agreements().map(|p| (r, p))) {
        for limit in [5, 100, usize::MAX] {
            for at in 0..to_send().len() {
                for polls in [0, 1, 2, 3, 5, 8, 30, 300] {
                    let (mut socket, remote) = restless(role, &params, limit);
                    for (i, message) in to_send().into_iter().enumerate() {
                        let polls = if i == at { polls } else { usize::MAX };
                        if let Some(sent) = poll_times(socket.send(message), polls) {
                            sent.unwrap();
                        }
                    }
                    run(socket.flush()).unwrap();
                    let mut expected = to_send();
                    if polls == 0 {
                        expected.remove(at);
                    }
                    // With takeover, one message too few or too many in our window, and the peer
                    // could not inflate what follows.
                    let told = plain_of(&params, role, &frames(role, &remote));
                    assert!(told == expected, "{role:?}, message {at}, {polls} polls");
                }
            }
        }
    }
}

#[test]
fn t08_feed_dropped_while_it_waits_for_room_compresses_nothing() {
    let limits = Limits::builder().max_write_buffer(1500).build().unwrap();
    let prepared = PreparedMessage::new(&Message::binary(records(1400, 1)));
    for role in BOTH_ROLES {
        let params = params(15, true);
        for polls in 0..4 {
            let (mut socket, remote) = socket(role, Config::with_limits(limits), &params);
            remote.set_room(3);
            run(socket.feed(Message::binary(records(1400, 1)))).unwrap();
            for _ in 0..3 {
                let again = Message::binary(records(1400, 1));
                assert!(poll_times(socket.feed(again.clone()), polls).is_none());
                assert!(poll_times(socket.feed_uncoded(again), polls).is_none());
                assert!(poll_times(socket.feed_prepared(&prepared), polls).is_none());
            }
            remote.set_room(usize::MAX);
            run(socket.send(Message::binary(records(1400, 1)))).unwrap();
            let expected = vec![Message::binary(records(1400, 1)); 2];
            assert_eq!(plain_of(&params, role, &frames(role, &remote)), expected);
        }
    }
}

/// All of the wire has come and no octet follows: nothing may wait for one.
#[test]
fn pieces_and_violations_are_told_without_another_octet() {
    for role in BOTH_ROLES {
        for (len, frame) in about_a_piece() {
            let (mut socket, remote) = plain(role, &params(15, true));
            remote.push_frames(role, &[frame]);
            let mut told = 0;
            loop {
                let std::task::Poll::Ready(piece) = poll_once(socket.recv_piece()) else {
                    panic!("{role:?}: waits with {told} of {len} octets told");
                };
                let piece = piece.unwrap().unwrap();
                told += piece.octets.len();
                if piece.ends_message {
                    break;
                }
            }
            assert_eq!(told, len);
        }
        for frame in cut_texts() {
            let (mut socket, remote) = plain(role, &params(15, true));
            remote.push_frames(role, &[frame]);
            assert!(poll_once(socket.recv_piece()).is_ready(), "what is good of it");
            assert!(poll_once(socket.recv_piece()).is_pending(), "the peer is to end its stream");
            let last = frames(role, &remote).pop().unwrap();
            assert_eq!(last.payload[..2], 1007_u16.to_be_bytes(), "{role:?}");
        }
    }
}

#[tokio::test]
async fn echo_of_all_lengths_and_kinds() {
    for params in agreements() {
        let (ours, theirs) = duplex(10_000);
        let mut server = WebSocket::server(ours, Config::default());
        let mut client = WebSocket::client(theirs, Config::default(), &[]);
        for socket in [&mut server, &mut client] {
            socket.connection_mut().set_deflate(&always(), params);
        }
        let echo = tokio::spawn(async move {
            while let Some(message) = server.recv().await.unwrap() {
                server.feed(message).await.unwrap();
            }
        });
        for message in of_lengths() {
            let len = message.payload().len();
            let (sent, received) = {
                let sent = message.clone();
                client.feed(sent).await.unwrap();
                (message, client.recv().await.unwrap().unwrap())
            };
            assert!(sent == received, "{len} octets");
        }
        client.close(ws_core::CloseCode::NORMAL, "").await.unwrap();
        echo.await.unwrap();
    }
}

#[test]
fn uncoded_and_prepared_messages_to_several_windows() {
    let body = records(5000, 1);
    // Longer than the others: a reference across it goes further back for the peer.
    let news_body = records(7000, 5);
    let news = PreparedMessage::new(&Message::binary(news_body.clone()));
    for role in BOTH_ROLES {
        for params in [params(15, true), params(9, true), params(12, false), params(15, false)] {
            for split in [false, true] {
                let (mut socket, remote) = plain(role, &params);
                let message = Message::binary(body.clone());
                if split {
                    let (_reader, mut writer) = socket.split();
                    for _ in 0..2 {
                        run(writer.feed(message.clone())).unwrap();
                        run(writer.feed_uncoded(message.clone())).unwrap();
                        run(writer.feed_prepared(&news)).unwrap();
                    }
                    run(writer.flush()).unwrap();
                } else {
                    for _ in 0..2 {
                        run(socket.feed(message.clone())).unwrap();
                        run(socket.feed_uncoded(message.clone())).unwrap();
                        run(socket.feed_prepared(&news)).unwrap();
                    }
                    run(socket.flush()).unwrap();
                }
                let told = messages_of(&params, role, &frames(role, &remote));
                let expected = [true, false, true, true, false, true];
                assert_eq!(told.iter().map(|(_, c)| *c).collect::<Vec<_>>(), expected);
                for (i, (told, _)) in told.iter().enumerate() {
                    let expected = if i % 3 == 2 { &news_body } else { &body };
                    assert!(told.payload() == expected, "{role:?}, {params:?}, message {i}");
                }
            }
        }
    }
}

type Feed<'a> = &'a dyn Fn(&mut WebSocket<Wire>);

/// Much that is queued is written from there, by whichever method it was fed.
#[test]
fn what_is_fed_starts_the_writing_once_it_is_much() {
    let long = Message::binary(deflate_support::noise(100_000, 1));
    let prepared = PreparedMessage::new(&long);
    for role in BOTH_ROLES {
        let feeds: [Feed<'_>; 3] = [
            &|socket| run(socket.feed(long.clone())).unwrap(),
            &|socket| run(socket.feed_uncoded(long.clone())).unwrap(),
            &|socket| run(socket.feed_prepared(&prepared)).unwrap(),
        ];
        for (i, feed) in feeds.iter().enumerate() {
            let (mut socket, remote) = plain(role, &params(15, true));
            feed(&mut socket);
            assert!(remote.output_len() > 100_000, "{role:?}, {i}");
        }
    }
}

#[tokio::test]
async fn halves_and_stream_and_sink() {
    for params in agreements() {
        let (ours, theirs) = duplex(1000);
        let mut server = WebSocket::server(ours, Config::default());
        let mut client = WebSocket::client(theirs, Config::default(), &[]);
        for socket in [&mut server, &mut client] {
            socket.connection_mut().set_deflate(&always(), params);
        }
        let all: Vec<_> = of_lengths().into_iter().filter(|m| m.payload().len() < 70_000).collect();
        let (mut reader, mut writer) = server.split();
        let to_client = all.clone();
        let write = tokio::spawn(async move {
            for message in to_client {
                writer.send(message).await.unwrap();
            }
            writer
        });
        let read = tokio::spawn(async move {
            let mut messages = Vec::new();
            while let Some(message) = reader.recv().await.unwrap() {
                messages.push(message);
            }
            messages
        });
        let (mut sink, mut stream) = StreamExt::split(client);
        let to_server = all.clone();
        let send = tokio::spawn(async move {
            for message in to_server {
                sink.send(message).await.unwrap();
            }
            sink
        });
        for message in &all {
            assert!(stream.next().await.unwrap().unwrap() == *message);
        }
        let _writer = write.await.unwrap();
        let mut sink = send.await.unwrap();
        let (closed, rest) = tokio::join!(sink.close(), stream.next());
        closed.unwrap();
        assert!(rest.is_none());
        assert!(read.await.unwrap() == all);
    }
}

#[test]
fn d18_a_budget_set_on_the_socket() {
    let budget = Budget::new(128 * 1024);
    let start = Zlib::new(9, 15, true).message(&vec![0; 400_000]);
    let start = Frame::new(false, BINARY, start).rsv(RSV1);
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role, &params(15, true));
        socket.connection_mut().set_budget(budget.clone());
        // Whole at once, or within the budget, it passes.
        remote.push_frames(role, &[coded(BINARY, &Zlib::new(9, 15, true).message(&[0; 90_000]))]);
        assert_eq!(run(socket.recv()).unwrap(), Some(Message::binary(vec![0; 90_000])));
        assert_eq!(budget.in_use(), 0);
        remote.push_frames(role, &[start.clone(), continuation(false, b"")]);
        remote.end();
        let failed = run(socket.recv());
        assert!(
            matches!(failed, Err(Error::Failed(Failure::Violation(Violation::OverBudget)))),
            "{failed:?}"
        );
        assert_eq!(budget.in_use(), 0);
        let last = frames(role, &remote).pop().unwrap();
        assert_eq!(last.payload[..2], 1013_u16.to_be_bytes());
    }
}
