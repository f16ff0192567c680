//! A tokio connection: do messages, pieces and control frames pass, in as few writes as they need?
#![cfg(feature = "tokio")]

use tokio::io::duplex;
use tokio::net::{TcpListener, TcpStream};
use ws_core::connection::Failure;
use ws_core::tokio::{ClientStream, Error, Event, Piece, WebSocket, accept, connect};
use ws_core::{CloseCode, Config, Message, MessageKind, Misuse, PreparedMessage, Role, Violation};

use oracle::{BINARY, Frame, binary, continuation, ping, pong, text, text_start, wire_to};
use tokio_support::{BOTH_ROLES, frame_of, plain, poll_once, run};

mod oracle;
mod tokio_support;

const SIZES: [usize; 10] = [0, 1, 125, 126, 127, 4096, 65_535, 65_536, 65_537, 1024 * 1024];

fn messages() -> impl Iterator<Item = Message> {
    let texts = SIZES.map(|len| Message::text("x".repeat(len)));
    let binaries = SIZES.map(|len| Message::binary(vec![0xA5; len]));
    texts.into_iter().chain(binaries)
}

async fn echo<S>(mut socket: WebSocket<S>) -> Result<Option<CloseCode>, Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(socket.peer_close().map(|close| close.code))
}

async fn assert_echo<S>(mut client: WebSocket<S>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    for message in messages() {
        client.send(message.clone()).await.unwrap();
        assert_eq!(client.recv().await.unwrap(), Some(message));
    }
    client.close(CloseCode::GOING_AWAY, "bye").await.unwrap();
    assert_eq!(client.peer_close().map(|close| close.code), Some(CloseCode::GOING_AWAY));
    assert_eq!(client.recv().await.unwrap(), None, "A08: fused");
}

async fn tcp() -> (WebSocket<TcpStream>, WebSocket<ClientStream>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let server = async { accept(listener.accept().await.unwrap().0, Config::default()).await };
    let (server, client) = tokio::join!(server, connect(&url, Config::default()));
    (server.unwrap(), client.unwrap())
}

#[tokio::test]
async fn echo_over_tcp_both_kinds_and_all_sizes_then_the_client_closes() {
    let (server, client) = tcp().await;
    assert_eq!((server.role(), client.role()), (Role::Server, Role::Client));
    let server = tokio::spawn(echo(server));
    assert_echo(client).await;
    assert_eq!(server.await.unwrap().unwrap(), Some(CloseCode::GOING_AWAY));
}

#[tokio::test]
async fn echo_over_a_narrow_duplex_in_both_roles() {
    for width in [1000, 64 * 1024] {
        for role in BOTH_ROLES {
            let (ours, theirs) = duplex(width);
            let server = WebSocket::server(ours, Config::default());
            let client = WebSocket::client(theirs, Config::default(), &[]);
            let (near, far) = match role {
                Role::Server => (client, server),
                Role::Client => (server, client),
            };
            let far = tokio::spawn(echo(far));
            assert_echo(near).await;
            assert_eq!(far.await.unwrap().unwrap(), Some(CloseCode::GOING_AWAY));
        }
    }
}

#[tokio::test]
async fn the_server_closes_over_tcp_while_the_client_still_sends() {
    let (mut server, mut client) = tcp().await;
    let server = tokio::spawn(async move {
        server.feed("first").await.unwrap();
        server.close(CloseCode::NORMAL, "enough").await
    });
    client.feed("late").await.unwrap();
    assert_eq!(client.recv().await.unwrap(), Some(Message::text("first")));
    assert_eq!(client.recv().await.unwrap(), None);
    let close = client.peer_close().unwrap();
    assert_eq!((close.code, close.reason.as_str()), (CloseCode::NORMAL, "enough"));
    let after = client.send("after").await;
    assert!(matches!(after, Err(Error::Misuse(Misuse::SendAfterClose))), "A01");
    server.await.unwrap().unwrap();
}

#[test]
fn messages_of_one_read_are_answered_in_one_write_before_recv_waits() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        let frames = vec![text("m"); 16];
        remote.push_frames(role, &frames);
        for _ in 0..16 {
            let message = run(socket.recv()).unwrap().unwrap();
            run(socket.feed(message)).unwrap();
            assert_eq!(remote.counts().writes, 0, "nothing before it waits");
        }
        assert!(poll_once(socket.recv()).is_pending());
        let counts = remote.counts();
        assert_eq!((counts.writes, counts.flushes, counts.reads), (1, 1, 2));
        assert_eq!(remote.frames(role), frames);
        assert!(poll_once(socket.recv()).is_pending());
        assert_eq!(remote.counts().writes, 1, "nothing twice");
    }
}

#[test]
fn a_long_queue_is_written_from_feed_already() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        for fed in 1..=7 {
            run(socket.feed(Message::binary(vec![7; 10_000]))).unwrap();
            assert_eq!(remote.counts().writes, fed / 7, "from 64 KiB on");
        }
        assert_eq!(socket.output_len(), 0);
    }
}

#[test]
fn f14_f32_ten_pings_and_a_fragmented_message_among_them() {
    for role in BOTH_ROLES {
        for events in [false, true] {
            let (mut socket, remote) = plain(role);
            let pings: Vec<_> = (0..10).map(|i| ping(&[i; 9])).collect();
            remote.push_frames(role, &[text_start(b"a"), pong(b"not asked")]);
            remote.push_frames(role, &pings);
            remote.push_frames(role, &[continuation(true, b"b")]);
            if events {
                let mut seen = Vec::new();
                for _ in 0..12 {
                    seen.push(run(socket.recv_event()).unwrap().unwrap());
                }
                assert_eq!(seen[0], Event::Pong(b"not asked".to_vec().into()));
                for (i, event) in (0..10).zip(&seen[1..]) {
                    assert_eq!(event, &Event::Ping(vec![i; 9].into()));
                }
                assert_eq!(seen[11], Event::Message(Message::text("ab")));
            } else {
                assert_eq!(run(socket.recv()).unwrap(), Some(Message::text("ab")));
            }
            assert!(poll_once(socket.recv()).is_pending());
            let pongs: Vec<_> = (0..10).map(|i| pong(&[i; 9])).collect();
            assert_eq!(remote.frames(role), pongs, "all ten, in order");
        }
    }
}

#[test]
fn pieces_are_handed_out_as_they_arrive() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        let key = oracle::key_to(role);
        let head = oracle::header(0x82, key, oracle::Form::Shortest, 1 << 20);
        remote.push(&head);
        assert!(poll_once(socket.recv_piece()).is_pending());
        for (i, len) in [1_usize, 4, 1000].into_iter().enumerate() {
            remote.push(&vec![0; len]);
            let piece = run(socket.recv_piece()).unwrap().unwrap();
            assert_eq!((piece.octets.len(), piece.starts_message), (len, i == 0));
            assert!(!piece.ends_message);
        }
    }
}

/// Two messages in fragments; every piece of the first, then the second by each method.
fn two_messages() -> Vec<Frame> {
    vec![
        Frame::new(false, BINARY, *b"one"),
        ping(b"p"),
        continuation(false, b"two"),
        continuation(true, b"three"),
        text_start(b"se"),
        continuation(true, b"cond"),
        Frame::close(1000, ""),
    ]
}

#[test]
fn recv_and_recv_event_skip_the_rest_of_a_message_read_in_pieces() {
    for role in BOTH_ROLES {
        for limit in [usize::MAX, 1] {
            for event in [false, true] {
                let (mut socket, remote) = plain(role);
                remote.with(|state| state.limit = limit);
                remote.push_frames(role, &two_messages());
                let piece = run(socket.recv_piece()).unwrap().unwrap();
                assert!(piece.starts_message && !piece.ends_message);
                let second = if event {
                    let mut seen = run(socket.recv_event()).unwrap();
                    if matches!(&seen, Some(Event::Ping(_))) {
                        seen = run(socket.recv_event()).unwrap();
                    }
                    match seen {
                        Some(Event::Message(message)) => Some(message),
                        other => panic!("{other:?}, {limit} a read"),
                    }
                } else {
                    run(socket.recv()).unwrap()
                };
                assert_eq!(second, Some(Message::text("second")), "{role:?}, {limit} a read");
            }
        }
    }
}

#[test]
fn a_message_begun_under_recv_comes_whole_from_recv_piece() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.push_frames(role, &[text_start(b"He")]);
        assert!(poll_once(socket.recv()).is_pending());
        remote.push_frames(role, &[continuation(true, b"llo"), binary(b"x")]);
        let piece = |kind, octets: &[u8]| Piece {
            kind,
            octets: octets.to_vec().into(),
            starts_message: true,
            ends_message: true,
        };
        let first = run(socket.recv_piece()).unwrap().unwrap();
        assert_eq!(first, piece(MessageKind::Text, b"Hello"));
        let second = run(socket.recv_piece()).unwrap().unwrap();
        assert_eq!(second, piece(MessageKind::Binary, b"x"));
    }
}

#[test]
fn a_violation_is_told_once_and_its_close_is_written() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.push_frames(role, &[text("good"), Frame::new(true, 1, *b"\xFF"), text("never")]);
        remote.end();
        assert_eq!(run(socket.recv()).unwrap(), Some(Message::text("good")));
        let failed = run(socket.recv());
        let expected = Failure::Violation(Violation::TextNotUtf8);
        assert!(matches!(failed, Err(Error::Failed(failure)) if failure == expected));
        assert!(run(socket.recv()).unwrap().is_none(), "A08");
        assert!(run(socket.recv_event()).unwrap().is_none());
        assert!(run(socket.recv_piece()).unwrap().is_none());
        let written = remote.frames(role);
        assert_eq!((written.len(), &written[0].payload[..2]), (1, &1007_u16.to_be_bytes()[..]));
    }
}

#[test]
fn a02_misuse_leaves_the_wire_and_the_connection_as_they_were() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        for sent in [run(socket.ping(&[0; 126])), run(socket.pong(&[0; 126]))] {
            assert!(matches!(sent, Err(Error::Misuse(Misuse::ControlTooLong))));
        }
        for code in [0, 999, 1005, 1006, 1015, 5000].map(CloseCode::new) {
            let closed = run(socket.close(code, ""));
            assert!(matches!(closed, Err(Error::Misuse(Misuse::CloseCodeNotSendable))));
        }
        let closed = run(socket.close(CloseCode::NORMAL, &"r".repeat(124)));
        assert!(matches!(closed, Err(Error::Misuse(Misuse::ReasonTooLong))));
        assert_eq!(remote.output_len(), 0);
        run(socket.feed_prepared(&PreparedMessage::new(&Message::text("for all")))).unwrap();
        run(socket.ping(b"i")).unwrap();
        run(socket.pong(b"o")).unwrap();
        let sent = [frame_of(&Message::text("for all")), ping(b"i"), pong(b"o")];
        assert_eq!(remote.frames(role), sent);
    }
}

#[test]
fn octets_that_came_with_the_handshake_are_read_first() {
    let wire = wire_to(Role::Client, &[text("a"), text("b")]);
    for cut in 0..=wire.len() {
        let (io, remote) = tokio_support::wire();
        let mut socket = WebSocket::client(io, Config::default(), &wire[..cut]);
        remote.push(&wire[cut..]);
        assert_eq!(run(socket.recv()).unwrap(), Some(Message::text("a")));
        assert_eq!(run(socket.recv()).unwrap(), Some(Message::text("b")));
    }
}
