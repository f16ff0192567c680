//! Compressed messages through the blocking adapter: is every one of them whole, however reads and
//! writes are cut? (T04, T05)
#![cfg(feature = "deflate")]

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use ws_core::connection::{Budget, Failure};
use ws_core::deflate::DeflateParams;
use ws_core::io::{Error, Plain, WebSocket};
use ws_core::{Config, Limits, Message, MessageKind, PreparedMessage, Role, Violation};

use deflate_adapter_support::{
    about_a_piece, agreements, cut_texts, messages_of, of_lengths, session, takes_over, to_send,
};
use deflate_support::{RSV1, Zlib, always, coded, params, records};
use io_support::{BOTH_ROLES, Script, Step};
use oracle::{BINARY, Frame, PONG, continuation, parse_extended, wire_to};

mod deflate_adapter_support;
mod deflate_support;
mod io_support;
#[path = "oracle/inflate.rs"]
mod naive;
mod oracle;
mod support;

type Socket = WebSocket<Plain<Script>>;

fn socket(script: &Script, role: Role, params: &DeflateParams) -> Socket {
    let mut socket = script.socket(role, Config::default());
    socket.connection_mut().set_deflate(&always(), *params);
    socket
}

fn frames(role: Role, script: &Script) -> Vec<Frame> {
    script.with(|state| parse_extended(role, &state.output))
}

/// How messages are received.
#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    Messages,
    Reader,
    /// A message that began under one goes on under the other.
    Turns,
}

/// All messages, a read that would block being tried again.
fn received(socket: &mut Socket, by: By) -> Vec<Message> {
    let mut messages = Vec::new();
    for turn in 0.. {
        let received = if by == By::Reader || by == By::Turns && turn % 2 == 0 {
            read(socket)
        } else {
            socket.recv()
        };
        match received {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => break,
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("{error}"),
        }
    }
    messages
}

fn read(socket: &mut Socket) -> Result<Option<Message>, Error> {
    let Some(mut reader) = socket.reader()? else { return Ok(None) };
    let mut payload = Vec::new();
    let mut some = [0; 100];
    loop {
        match reader.read(&mut some) {
            Ok(0) => break,
            Ok(len) => payload.extend_from_slice(&some[..len]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Some(match reader.kind() {
        MessageKind::Text => Message::text(String::from_utf8(payload).unwrap()),
        MessageKind::Binary => Message::binary(payload),
    }))
}

#[test]
fn t04_every_split_and_a_read_that_would_block_before_every_octet() {
    for (role, params) in BOTH_ROLES.into_iter().flat_map(|r| agreements().map(|p| (r, p))) {
        let (sent, messages) = session(takes_over(&params));
        let wire = wire_to(role, &sent);
        for by in [By::Messages, By::Reader, By::Turns] {
            for cut in 0..=wire.len() {
                let script = [&wire[..cut], &wire[cut..]]
                    .into_iter()
                    .filter(|octets| !octets.is_empty())
                    .fold(Script::default(), |script, octets| {
                        script
                            .then(Step::Octets(octets.to_vec()))
                            .then(Step::Fail(ErrorKind::WouldBlock))
                    });
                let told = received(&mut socket(&script, role, &params), by);
                assert!(told == messages, "{role:?}, {by:?}, cut at {cut}");
            }
            let script = Script::failing_before_each(&wire, ErrorKind::WouldBlock);
            let told = received(&mut socket(&script, role, &params), by);
            assert!(told == messages, "{role:?}, {by:?}, octet by octet");
            let pongs = frames(role, &script).iter().filter(|f| f.opcode == PONG).count();
            assert!(pongs >= 1, "pings between messages and fragments are answered");
        }
    }
}

#[test]
fn t05_a_few_octets_per_write_give_the_same_output() {
    for (role, params) in BOTH_ROLES.into_iter().flat_map(|r| agreements().map(|p| (r, p))) {
        let output = |limit| {
            let script = Script::default();
            script.with(|state| state.limit = limit);
            let mut socket = socket(&script, role, &params);
            for message in to_send() {
                socket.send(message).unwrap();
            }
            script.with(|state| state.output.clone())
        };
        let reference = output(0);
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

/// All of the wire has come and no octet follows: nothing may wait for one.
#[test]
fn pieces_and_violations_are_told_without_another_octet() {
    let idle = |role, frame: Frame| {
        let script = Script::of(&wire_to(role, &[frame]));
        script.with(|state| state.idle = Some(ErrorKind::WouldBlock));
        script
    };
    for role in BOTH_ROLES {
        for (len, frame) in about_a_piece() {
            let script = idle(role, frame);
            let mut socket = socket(&script, role, &params(15, true));
            let mut reader = socket.reader().unwrap().unwrap();
            let mut payload = Vec::new();
            let read = reader.read_to_end(&mut payload);
            assert_eq!(read.ok(), Some(len), "{role:?}: {} octets told", payload.len());
        }
        for frame in cut_texts() {
            let script = idle(role, frame);
            let mut socket = socket(&script, role, &params(15, true));
            let mut reader = socket.reader().unwrap().unwrap();
            let failed = reader.read_to_end(&mut Vec::new()).unwrap_err();
            assert_eq!(failed.kind(), ErrorKind::InvalidData, "{failed}");
            let last = frames(role, &script).pop().unwrap();
            assert_eq!(last.payload[..2], 1007_u16.to_be_bytes(), "{role:?}");
        }
    }
}

#[test]
fn echo_of_all_lengths_and_kinds_over_tcp() {
    for params in agreements() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let dialled = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut server = WebSocket::server(listener.accept().unwrap().0, Config::default());
        let mut client = WebSocket::client(dialled, Config::default(), &[]);
        for socket in [&mut server, &mut client] {
            socket.connection_mut().set_deflate(&always(), params);
        }
        let echo = thread::spawn(move || {
            while let Some(message) = server.recv().unwrap() {
                server.feed(message).unwrap();
            }
        });
        for message in of_lengths() {
            client.send(message.clone()).unwrap();
            let len = message.payload().len();
            assert!(client.recv().unwrap() == Some(message), "{len} octets");
        }
        client.close(ws_core::CloseCode::NORMAL, "").unwrap();
        echo.join().unwrap();
    }
}

#[test]
fn uncoded_and_prepared_messages_and_writers_to_several_windows() {
    let body = records(50_000, 1);
    let message = Message::binary(body.clone());
    // Longer than the others: a reference across it goes further back for the peer.
    let news_body = records(70_000, 5);
    let news = PreparedMessage::new(&Message::binary(news_body.clone()));
    for role in BOTH_ROLES {
        for params in [params(15, true), params(9, true), params(12, false), params(15, false)] {
            let script = Script::default();
            let mut socket = socket(&script, role, &params);
            for _ in 0..2 {
                socket.feed(message.clone()).unwrap();
                socket.feed_uncoded(message.clone()).unwrap();
                socket.feed_prepared(&news).unwrap();
                for coded in [true, false] {
                    let writer = socket.writer(MessageKind::Binary);
                    let mut writer = if coded { writer } else { writer.uncoded() };
                    writer.write_all(&body[..20_000]).unwrap();
                    writer.flush_fragment().unwrap();
                    writer.write_all(&body[20_000..]).unwrap();
                    writer.finish().unwrap();
                }
            }
            let told = messages_of(&params, role, &frames(role, &script));
            let expected = [true, false, true, true, false].repeat(2);
            assert_eq!(told.iter().map(|(_, c)| *c).collect::<Vec<_>>(), expected);
            for (i, (told, _)) in told.iter().enumerate() {
                let expected = if i % 5 == 2 { &news_body } else { &body };
                assert!(told.payload() == expected, "{role:?}, {params:?}, message {i}");
            }
        }
    }
}

/// A reader that is dropped leaves the rest to be skipped, and the window as the peer has it.
#[test]
fn the_rest_of_a_message_is_skipped_and_later_ones_refer_to_it() {
    let params = params(15, true);
    let mut zlib = Zlib::new(9, 15, true);
    let long = records(100_000, 1);
    let sent =
        [&long[..], &long[99_000..], &long[99_500..]].map(|m| coded(BINARY, &zlib.message(m)));
    assert!(sent[1].payload.len() < 50, "by reference");
    for role in BOTH_ROLES {
        let script = Script::of(&wire_to(role, &sent));
        let mut socket = socket(&script, role, &params);
        let mut first = [0; 10];
        socket.reader().unwrap().unwrap().read_exact(&mut first).unwrap();
        assert_eq!(first, long[..10]);
        assert_eq!(read(&mut socket).unwrap(), Some(Message::binary(long[99_000..].to_vec())));
        assert_eq!(socket.recv().unwrap(), Some(Message::binary(long[99_500..].to_vec())));
    }
}

#[test]
fn d18_a_budget_set_on_the_socket() {
    let limits = Limits::builder().max_message_len(1 << 20).build().unwrap();
    let budget = Budget::new(128 * 1024);
    let start = Zlib::new(9, 15, true).message(&vec![0; 400_000]);
    let start = [Frame::new(false, BINARY, start).rsv(RSV1), continuation(false, b"")];
    for role in BOTH_ROLES {
        let script = Script::of(&wire_to(role, &start));
        let mut socket = script.socket(role, Config::with_limits(limits));
        socket.connection_mut().set_deflate(&always(), params(15, true));
        socket.connection_mut().set_budget(budget.clone());
        let failed = socket.recv();
        assert!(
            matches!(failed, Err(Error::Failed(Failure::Violation(Violation::OverBudget)))),
            "{failed:?}"
        );
        assert_eq!(budget.in_use(), 0);
    }
}
