//! A blocking connection: do messages, control frames and closes pass as they should?
#![cfg(feature = "std")]

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::thread;

use ws_core::connection::Failure;
use ws_core::io::{Error, WebSocket, accept, connect};
use ws_core::{CloseCode, Config, Limits, Message, Misuse, PreparedMessage, Role, Violation};

use io_support::{BOTH_ROLES, Script, Step};
use oracle::{Frame, binary, continuation, header, ping, pong, text, text_start, wire_to};

mod io_support;
mod oracle;

const SIZES: [usize; 10] = [0, 1, 125, 126, 127, 4096, 65_535, 65_536, 65_537, 1024 * 1024];

fn messages() -> impl Iterator<Item = Message> {
    let texts = SIZES.map(|len| Message::text("x".repeat(len)));
    let binaries = SIZES.map(|len| Message::binary(vec![0xA5; len]));
    texts.into_iter().chain(binaries)
}

/// A client and a server, connected over the loopback interface; the server runs in `serve`.
fn over_tcp<T: Send + 'static>(
    serve: impl FnOnce(WebSocket<TcpStream>) -> T + Send + 'static,
) -> (WebSocket<TcpStream>, thread::JoinHandle<T>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let stream = listener.accept().unwrap().0;
        stream.set_nodelay(true).unwrap();
        serve(accept(stream, Config::default()).unwrap())
    });
    (connect(&format!("ws://{address}/"), Config::default()).unwrap(), server)
}

fn echo(mut socket: WebSocket<TcpStream>) -> Result<Option<CloseCode>, Error> {
    while let Some(message) = socket.recv()? {
        socket.feed(message)?;
    }
    Ok(socket.peer_close().map(|close| close.code))
}

#[test]
fn echo_over_tcp_both_kinds_and_all_sizes_then_the_client_closes() {
    let (mut client, server) = over_tcp(echo);
    assert_eq!(client.role(), Role::Client);
    for message in messages() {
        client.send(message.clone()).unwrap();
        assert_eq!(client.recv().unwrap(), Some(message));
    }
    client.close(CloseCode::GOING_AWAY, "bye").unwrap();
    assert_eq!(client.peer_close().map(|close| close.code), Some(CloseCode::GOING_AWAY));
    assert_eq!(client.recv().unwrap(), None, "fused");
    assert_eq!(server.join().unwrap().unwrap(), Some(CloseCode::GOING_AWAY));
}

#[test]
fn the_server_closes_over_tcp_while_the_client_still_sends() {
    let (mut client, server) = over_tcp(|mut socket| {
        socket.feed("first").unwrap();
        let closed = socket.close(CloseCode::NORMAL, "enough");
        (closed.is_ok(), socket.peer_close().map(|close| close.code))
    });
    client.feed("late").unwrap();
    assert_eq!(client.recv().unwrap(), Some(Message::text("first")));
    assert_eq!(client.recv().unwrap(), None);
    let close = client.peer_close().unwrap();
    assert_eq!((close.code, close.reason.as_str()), (CloseCode::NORMAL, "enough"));
    assert!(matches!(client.send("after"), Err(Error::Misuse(Misuse::SendAfterClose))));
    client.close(CloseCode::NORMAL, "again").unwrap();
    assert_eq!(server.join().unwrap(), (true, Some(CloseCode::NORMAL)));
}

#[test]
fn both_roles_send_and_receive_over_a_plain_stream() {
    for role in BOTH_ROLES {
        let frames: Vec<_> = messages()
            .map(|message| match message.as_text() {
                Some(octets) => text(octets),
                None => binary(message.payload()),
            })
            .chain([Frame::close(1000, "fin")])
            .collect();
        let script = Script::of(&wire_to(role, &frames));
        let mut socket = script.socket(role, Config::default());
        for message in messages() {
            assert_eq!(socket.recv().unwrap().as_ref(), Some(&message));
            socket.feed(message).unwrap();
        }
        assert_eq!(socket.recv().unwrap(), None);
        let mut echoed = frames;
        echoed.pop();
        echoed.push(Frame::close(1000, ""));
        assert!(script.frames(role) == echoed, "{role:?}: the echo, whole and in order");
    }
}

#[test]
fn recv_writes_what_is_fed_in_one_write_and_only_when_it_must_wait() {
    let frames = vec![text("m"); 16];
    for role in BOTH_ROLES {
        let script = Script::of(&wire_to(role, &frames));
        let mut socket = script.socket(role, Config::default());
        while let Ok(Some(message)) = socket.recv() {
            assert_eq!(script.with(|state| state.write_calls), 0, "nothing before it waits");
            socket.feed(message).unwrap();
        }
        assert_eq!(script.with(|state| state.write_calls), 1);
        assert_eq!(script.frames(role), frames);
    }
}

#[test]
fn lent_messages_prepared_messages_and_pings() {
    for role in BOTH_ROLES {
        let frames = [
            text_start(b"He"),
            ping(b"1"),
            continuation(true, b"llo"),
            pong(b"unasked"),
            ping(b"2"),
            Frame::close(3000, ""),
        ];
        let script = Script::of(&wire_to(role, &frames));
        let mut socket = script.socket(role, Config::default());
        let lent = socket.recv_lent().unwrap().unwrap();
        assert_eq!(lent.payload, b"Hello");
        socket.feed_prepared(&PreparedMessage::new(&Message::text("for all"))).unwrap();
        socket.ping(b"ours").unwrap();
        assert!(socket.recv().unwrap().is_none());
        let expected =
            [pong(b"1"), text("for all"), ping(b"ours"), pong(b"2"), Frame::close(3000, "")];
        assert_eq!(script.frames(role), expected);
    }
}

#[test]
fn a_violation_is_told_once_and_its_close_is_written() {
    for role in BOTH_ROLES {
        let frames = [text("good"), Frame::new(true, 1, *b"\xFF"), text("never")];
        let script = Script::of(&wire_to(role, &frames));
        let mut socket = script.socket(role, Config::default());
        assert_eq!(socket.recv().unwrap(), Some(Message::text("good")));
        let failed = socket.recv();
        let expected = Failure::Violation(Violation::TextNotUtf8);
        assert!(matches!(failed, Err(Error::Failed(failure)) if failure == expected));
        assert_eq!(socket.recv().unwrap(), None, "fused");
        let written = script.frames(role);
        assert_eq!((written.len(), &written[0].payload[..2]), (1, &1007_u16.to_be_bytes()[..]));
    }
}

#[test]
fn misuse_leaves_the_wire_and_the_connection_as_they_were() {
    for role in BOTH_ROLES {
        let script = Script::of(&wire_to(role, &[Frame::close(1000, "")]));
        let mut socket = script.socket(role, Config::default());
        assert!(matches!(socket.ping(&[0; 126]), Err(Error::Misuse(Misuse::ControlTooLong))));
        for code in [0, 999, 1005, 1006, 1015, 5000].map(CloseCode::new) {
            let closed = socket.close(code, "");
            assert!(matches!(closed, Err(Error::Misuse(Misuse::CloseCodeNotSendable))));
        }
        let closed = socket.close(CloseCode::NORMAL, &"r".repeat(124));
        assert!(matches!(closed, Err(Error::Misuse(Misuse::ReasonTooLong))));
        assert!(script.with(|state| state.output.is_empty()));
        socket.send("still usable").unwrap();
        socket.close(CloseCode::NORMAL, "").unwrap();
        assert_eq!(script.frames(role), [text("still usable"), Frame::close(1000, "")]);
    }
}

#[test]
fn a04_a05_a_full_write_buffer_is_written_from_feed_and_one_long_message_passes() {
    let limits = Limits::builder().max_write_buffer(1000).build().unwrap();
    for role in BOTH_ROLES {
        let script = Script::default();
        let mut socket = script.socket(role, Config::with_limits(limits));
        socket.feed(Message::binary(vec![1; 900])).unwrap();
        assert_eq!(script.with(|state| state.write_calls), 0);
        socket.feed(Message::binary(vec![2; 900])).unwrap();
        assert_eq!(script.with(|state| state.write_calls), 1, "room was made");
        socket.feed(Message::binary(vec![3; 5000])).unwrap();
        socket.flush().unwrap();
        let sent = script.frames(role);
        assert_eq!(sent, [binary(&[1; 900]), binary(&[2; 900]), binary(&[3; 5000])]);
    }
}

#[test]
fn f10_a_claimed_16_mib_frame_costs_one_read_buffer() {
    for role in BOTH_ROLES {
        let key = oracle::key_to(role);
        let head = header(0x82, key, oracle::Form::Shortest, 16 * 1024 * 1024);
        for arrived in [1, 100, 9000] {
            let script = Script::of(&head).then(Step::Octets(vec![0; arrived]));
            let mut socket = script.socket(role, Config::default());
            let allocated = allocation_counter::measure(|| {
                assert!(matches!(socket.recv(), Err(Error::Failed(Failure::EndOfStream))));
            });
            let most = if arrived < 8192 { 16 * 1024 } else { 96 * 1024 };
            assert!(allocated.bytes_max <= most, "{} octets", allocated.bytes_max);
        }
    }
}

#[test]
fn f17_half_of_a_long_message_holds_little_more_than_itself() {
    const HALF: usize = 4 * 1024 * 1024;
    for role in BOTH_ROLES {
        let mut wire = wire_to(role, &[binary(&vec![7; 2 * HALF])]);
        let rest = wire.split_off(HALF);
        let script = Script::default();
        script.with(|state| state.idle = Some(ErrorKind::WouldBlock));
        let mut socket = script.socket(role, Config::default());
        let mut held = 0;
        for octets in wire.chunks(30_000) {
            let script = script.clone().then(Step::Octets(octets.to_vec()));
            let allocated = allocation_counter::measure(|| {
                assert!(matches!(socket.recv_lent(), Err(Error::Io(_))));
            });
            assert!(script.with(|state| state.reads.is_empty()));
            // The script frees its octets meanwhile.
            held += allocated.bytes_current + i64::try_from(octets.len()).unwrap();
        }
        let most = i64::try_from(HALF + HALF / 10 + 64 * 1024).unwrap();
        assert!(held <= most, "{held} octets held for {HALF}");
        script.then(Step::Octets(rest));
        assert_eq!(socket.recv_lent().unwrap().map(|lent| lent.payload.len()), Some(2 * HALF));
    }
}
