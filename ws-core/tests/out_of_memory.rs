//! Every allocation whose length a peer decides may fail: the connection does then, and nothing else
//! (T28).
#![cfg(all(feature = "fault-injection", feature = "deflate", feature = "tokio"))]

use std::future::Future;
use std::io::ErrorKind;

use tokio::io::AsyncWriteExt;
use ws_core::connection::Failure;
use ws_core::handshake::Dialer;
use ws_core::io::{Error, Plain, read_frame};
use ws_core::{Config, FrameHeader, Opcode, Role, Violation, faults};

use deflate_support::{Zlib, always, coded, params, records};
use io_support::{BOTH_ROLES, Script};
use oracle::{BINARY, Frame, TEXT, binary, continuation, ping, wire_to};

mod deflate_support;
mod io_support;
mod oracle;
mod support;

/// Plain and compressed, whole and in fragments, with a Ping between; each makes some buffer grow.
fn session(role: Role) -> (Vec<u8>, Vec<Vec<u8>>) {
    let [plain, parted, text, zeros] =
        [records(300_000, 1), records(200_000, 2), records(50_000, 3), vec![0; 500_000]];
    let (start, end) = parted.split_at(130_000);
    let mut zlib = Zlib::new(6, 15, true);
    let frames = [
        binary(&plain),
        Frame::new(false, BINARY, start.to_vec()),
        ping(b"?"),
        continuation(true, end),
        coded(TEXT, &zlib.message(&text)),
        coded(BINARY, &zlib.message(&zeros)),
        Frame::close(1000, ""),
    ];
    (wire_to(role, &frames), vec![plain, parted, text, zeros])
}

/// Whether it is what a lack of memory may lead to; `told` is what an endpoint in this role has written.
fn is_refused(error: &Error, role: Role, told: &[u8]) -> bool {
    match error {
        Error::Io(error) => error.kind() == ErrorKind::OutOfMemory,
        Error::Failed(failure) => {
            let too_long = *failure == Failure::Violation(Violation::MessageTooLong);
            let last = oracle::parse(role, told).pop().expect("a Close");
            too_long && last.payload.starts_with(&1009_u16.to_be_bytes())
        }
        _ => false,
    }
}

/// Runs `session` with every allocation failing in turn, until none is left to. It gives the messages
/// received, how it ended, and what was written. How often it failed, by 1009 and otherwise.
fn each_fails(
    role: Role,
    expected: &[Vec<u8>],
    session: impl Fn() -> (Vec<Vec<u8>>, Result<(), Error>, Vec<u8>) + Sync,
) -> (usize, usize) {
    let (mut closed, mut others) = (0, 0);
    for nth in 0..1000 {
        // A thread of its own has no buffers that grew before.
        let run = || {
            faults::fail_behind(Some(nth));
            (session(), faults::has_failed())
        };
        let run = std::thread::scope(|scope| scope.spawn(run).join());
        let ((messages, ended, told), failed) = run.expect("no panic");
        assert_eq!(messages[..], expected[..messages.len()], "allocation {nth}");
        match ended {
            Ok(()) if !failed => {
                assert_eq!(messages.len(), expected.len());
                return (closed, others);
            }
            Ok(()) => panic!("allocation {nth} was not needed"),
            Err(error) => {
                assert!(failed && is_refused(&error, role, &told), "allocation {nth}: {error:?}");
                if matches!(error, Error::Io(_)) { others += 1 } else { closed += 1 }
            }
        }
    }
    panic!("there is no end to it");
}

#[test]
fn t28_every_allocation_of_a_blocking_session() {
    for role in BOTH_ROLES {
        let (wire, expected) = session(role);
        let (closed, others) = each_fails(role, &expected, || {
            let script = Script::of(&wire);
            let mut socket = script.socket(role, Config::default());
            socket.connection_mut().set_deflate(&always(), params(15, true));
            let mut messages = Vec::new();
            let ended = loop {
                match socket.recv() {
                    Ok(Some(message)) => messages.push(message.payload().to_vec()),
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            };
            (messages, ended, script.with(|state| state.output.clone()))
        });
        println!("{role:?}: {closed} closed with 1009, {others} dropped");
        assert!(closed >= 3 && others >= 3, "{role:?}: {closed}, {others}");
    }
}

/// The buffer that a message was received in stays the connection's, so the message is a copy.
#[test]
fn t28_a_message_that_cannot_be_copied_ends_its_connection() {
    for role in BOTH_ROLES {
        let script = Script::of(&wire_to(role, &[binary(b"lent"), binary(b"copied"), binary(b"")]));
        let mut socket = script.socket(role, Config::default());
        assert_eq!(socket.recv_lent().unwrap().expect("a message").payload, b"lent");
        // All is read. Nothing else is allocated to receive what has come.
        faults::fail_behind(Some(0));
        let refused = socket.recv();
        assert!(faults::has_failed());
        assert!(matches!(refused, Err(Error::Io(error)) if error.kind() == ErrorKind::OutOfMemory));
        assert_eq!(socket.recv().unwrap(), None, "told once");
        assert!(socket.send("x").is_err());
    }
}

/// Without a connection: the frame that there is no room for is an error like a transport's.
#[test]
fn t28_every_allocation_of_a_frame_that_is_read() {
    let sent = records(300_000, 1);
    let wire = binary(&sent).octets(None);
    let (_, failed) = each_fails(Role::Client, &[], || {
        let mut received = Vec::new();
        let read = read_frame(&mut &wire[..], u64::MAX, &mut received);
        assert_eq!(received, sent[..received.len()], "what had arrived is kept");
        let header = FrameHeader::new(Opcode::Binary, 300_000);
        (Vec::new(), read.map(|read| assert_eq!(read, header)), Vec::new())
    });
    assert!(failed >= 10, "{failed}");
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

#[test]
fn t28_every_allocation_of_a_tokio_session() {
    for role in BOTH_ROLES {
        let (wire, expected) = session(role);
        let (closed, others) = each_fails(role, &expected, || {
            run(async {
                let io = tokio::io::join(&wire[..], Vec::new());
                let mut socket = match role {
                    Role::Server => ws_core::tokio::WebSocket::server(io, Config::default()),
                    Role::Client => ws_core::tokio::WebSocket::client(io, Config::default(), &[]),
                };
                socket.connection_mut().set_deflate(&always(), params(15, true));
                let mut messages = Vec::new();
                let ended = loop {
                    match socket.recv().await {
                        Ok(Some(message)) => messages.push(message.payload().to_vec()),
                        Ok(None) => break Ok(()),
                        Err(error) => break Err(error),
                    }
                };
                (messages, ended, socket.into_inner().into_inner().1)
            })
        });
        println!("{role:?}: {closed} closed with 1009, {others} dropped");
        assert!(closed >= 3 && others >= 3, "{role:?}: {closed}, {others}");
    }
}

/// A head of some KiB: a field is as long as the limits allow.
fn long_head(first: &str) -> Vec<u8> {
    format!("{first}\r\nX-Long: {}\r\n\r\n", "a".repeat(6000)).into_bytes()
}

fn request() -> Vec<u8> {
    long_head(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
}

#[test]
fn t28_every_allocation_of_an_opening_handshake() {
    let config = Config::default();
    let opened = |ended: Result<(), Error>| (Vec::new(), ended, Vec::new());
    // Servers. The octets come as few at a time as make the head grow.
    let (_, failed) = each_fails(Role::Server, &[], || {
        let script = Script::of(&request());
        script.with(|state| state.limit = 700);
        opened(ws_core::io::accept(Plain(script), config).map(drop))
    });
    assert!(failed >= 3, "{failed}");
    let (_, failed) = each_fails(Role::Server, &[], || {
        opened(run(async {
            let (mut peer, io) = tokio::io::duplex(700);
            let asked = async {
                // The server may be gone before it is all written.
                let _ = peer.write_all(&request()).await;
                Ok(peer)
            };
            tokio::try_join!(asked, async { ws_core::tokio::accept(io, config).await.map(drop) })
                .map(drop)
        }))
    });
    assert!(failed >= 3, "{failed}");
    // Clients: an answer that is none, as far as it comes.
    let answer = long_head("HTTP/1.1 404 Not Found\r\nContent-Length: 0");
    let refused = |ended: Result<(), Error>| match ended {
        Err(Error::Refused(_)) => Ok(()),
        other => other,
    };
    let (_, failed) = each_fails(Role::Client, &[], || {
        let script = Script::of(&answer);
        script.with(|state| state.limit = 700);
        let dialer = Dialer::new("ws://a/").unwrap();
        let dialled = ws_core::io::connect_over(Plain(script), &dialer, config);
        opened(refused(dialled.map(drop)))
    });
    assert!(failed >= 3, "{failed}");
    let (_, failed) = each_fails(Role::Client, &[], || {
        let io = tokio::io::join(&answer[..], Vec::new());
        let dialer = Dialer::new("ws://a/").unwrap();
        let dialled = run(ws_core::tokio::connect_over(io, &dialer, config));
        opened(refused(dialled.map(drop)))
    });
    assert!(failed >= 3, "{failed}");
}
