//! [`accept_with`] over transports, tokio and blocking: row H17 and T26 of the acceptance tables,
//! HS-16, HS-22, and the example.
#![cfg(feature = "tokio")]

mod handshake_support;

#[path = "../examples/upgrade_callbacks.rs"]
#[allow(dead_code, reason = "its `main` is not called here")]
mod upgrade_callbacks;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use handshake_support::plus;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use ws_core::handshake::policy::{ChooseSubprotocol, EarlyFrames, Recorder};
use ws_core::handshake::{HandshakeError, Refusal, Rejection, RequestLine, Upgrade, Upgrader};
use ws_core::io::{read_frame, write_frame};
use ws_core::tokio::{Error, accept, accept_with};
use ws_core::{Config, FrameHeader, Limits, Message, Opcode};

fn handshake_error<T>(result: Result<T, Error>) -> HandshakeError {
    match result {
        Err(Error::Handshake(error)) => error,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("accepted"),
    }
}

#[tokio::test(start_paused = true)]
async fn h17_hs22_one_octet_a_second_is_408_at_the_absolute_deadline() {
    let input = plus(&[]);
    let (mut client, server) = duplex(1024);
    let start = tokio::time::Instant::now();
    let server = tokio::spawn(async move {
        let result = accept(server, Config::default()).await;
        (handshake_error(result), start.elapsed())
    });
    let dribble = async {
        for octet in &input {
            if client.write_all(&[*octet]).await.is_err() {
                break;
            }
            let mut answer = [0; 64];
            let read = tokio::time::timeout(Duration::from_secs(1), client.read(&mut answer)).await;
            if let Ok(read) = read {
                return (answer[..read.unwrap()].to_vec(), start.elapsed());
            }
        }
        panic!("no answer");
    };
    let (answer, told) = dribble.await;
    assert!(answer.starts_with(b"HTTP/1.1 408 Request Timeout\r\n"));
    let timeout = Limits::default().handshake_timeout();
    assert_eq!(timeout, Duration::from_secs(10));
    assert!(told >= timeout && told - timeout <= Duration::from_millis(100), "{told:?}");
    drop(client);
    let (error, ended) = server.await.unwrap();
    assert_eq!(error, HandshakeError::Rejected(Rejection::Timeout));
    assert!(ended - timeout <= Duration::from_millis(100), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn h17_silence_and_an_unread_answer_end_as_well() {
    // A client that says nothing, nor reads, nor ends.
    let (_client, server) = duplex(1);
    let start = tokio::time::Instant::now();
    let error = handshake_error(accept(server, Config::default()).await);
    assert_eq!(error, HandshakeError::Rejected(Rejection::Timeout));
    let limits = Limits::default();
    let most = limits.handshake_timeout() + limits.fin_timeout() + Duration::from_millis(100);
    assert!(start.elapsed() <= most, "{:?}", start.elapsed());
    // One whose request is good but who does not read the 101.
    let start = tokio::time::Instant::now();
    let (mut client, server) = duplex(8);
    let input = plus(&[]);
    let (error, ()) =
        tokio::join!(async { handshake_error(accept(server, Config::default()).await) }, async {
            client.write_all(&input).await.unwrap()
        },);
    assert_eq!(error, HandshakeError::Timeout);
    let late = start.elapsed() - limits.handshake_timeout();
    assert!(late <= Duration::from_millis(100), "{late:?}");
}

#[tokio::test]
async fn what_was_agreed_comes_with_the_socket() {
    let (mut client, server) = duplex(4096);
    let input = plus(&["Sec-WebSocket-Protocol: v1, v2"]);
    client.write_all(&input).await.unwrap();
    let mut recorder = Recorder::default();
    let policy = (ChooseSubprotocol::server_prefers(&["v2"]), &mut recorder);
    let (mut socket, agreed) = accept_with(server, Config::default(), policy).await.unwrap();
    assert_eq!((agreed.subprotocol.as_deref(), agreed.extensions.as_str()), (Some("v2"), ""));
    let mut answer = vec![0; recorder.response.len()];
    let read = tokio::time::timeout(PATIENCE, client.read_exact(&mut answer)).await;
    read.expect("as long as recorded").unwrap();
    assert_eq!((recorder.request, recorder.response), (input, answer));
    client.write_all(b"\x81\x82\0\0\0\0Hi").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::text("Hi")));
}

#[tokio::test]
async fn hs16_a_frame_in_one_write_with_the_request() {
    let input = [plus(&[]), b"\x81\x82\0\0\0\0Hi".to_vec()].concat();
    let (mut client, server) = duplex(4096);
    client.write_all(&input).await.unwrap();
    let (mut socket, _) = accept_with(server, Config::default(), EarlyFrames).await.unwrap();
    let received = tokio::time::timeout(PATIENCE, socket.recv()).await.expect("it is there");
    assert_eq!(received.unwrap(), Some(Message::text("Hi")));
    // Without being asked to: 400.
    let (mut client, server) = duplex(4096);
    client.write_all(&input).await.unwrap();
    client.shutdown().await.unwrap();
    let error = handshake_error(accept(server, Config::default()).await);
    assert_eq!(error, HandshakeError::Rejected(Rejection::OctetsAfterHead));
}

/// The handshake alone: the stream stays the caller's, and frames are read and written by hand.
#[test]
fn hs16_a_stream_that_is_upgraded_stays_the_callers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let frame = b"\x81\x82\0\0\0\0Hi";
    client.write_all(&[&plus(&["Sec-WebSocket-Protocol: v1, v2"])[..], frame].concat()).unwrap();

    let policy = (ChooseSubprotocol::server_prefers(&["v2"]), EarlyFrames);
    let (agreed, received) = Upgrader::upgrade(&mut server, &Limits::default(), policy).unwrap();
    assert_eq!((agreed.subprotocol.as_deref(), &received[..]), (Some("v2"), &frame[..]));
    client.write_all(frame).unwrap();
    let mut payload = Vec::new();
    let mut octets = Read::chain(received.as_slice(), &mut server);
    for _ in 0..2 {
        read_frame(&mut octets, 100, &mut payload).unwrap();
    }
    assert_eq!(payload, b"HiHi");
    write_frame(&mut server, &FrameHeader::new(Opcode::Text, 4), &payload).unwrap();
    drop(server);
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 101 ") && answer.ends_with(b"\r\n\r\n\x81\x04HiHi"));
}

#[tokio::test]
async fn hs73_hs76_a_frame_that_breaks_a_rule_right_behind_the_101_is_1002() {
    // Unmasked; RSV1 where no extension was agreed, though one was offered.
    for frame in [&b"\x81\x02Hi"[..], b"\xc1\x82\0\0\0\0Hi"] {
        let (mut client, server) = duplex(4096);
        let input = plus(&["Sec-WebSocket-Extensions: permessage-deflate"]);
        client.write_all(&input).await.unwrap();
        let mut socket = accept(server, Config::default()).await.unwrap();
        client.write_all(frame).await.unwrap();
        client.shutdown().await.unwrap();
        assert!(matches!(socket.recv().await, Err(Error::Failed(_))));
        drop(socket);
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        let head_len = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        let close = &answer[head_len..];
        assert!(close[0] == 0x88 && close[2..4] == [0x03, 0xEA], "{}", close.escape_ascii());
    }
}

/// One path panics, one is refused.
struct Paths;

impl Upgrade for Paths {
    fn on_request_line(&mut self, line: &RequestLine<'_>) -> Result<(), Refusal> {
        match line.path {
            "/panic" => panic!("as asked"),
            "/chat" => Ok(()),
            _ => Err(Refusal::not_found()),
        }
    }
}

#[tokio::test]
async fn t26_a_panic_drops_that_connection_and_no_other() {
    let serve = |path: &str| {
        let (mut client, server) = duplex(4096);
        let request = String::from_utf8(plus(&[])).unwrap().replace("/chat", path);
        async move {
            let server = tokio::spawn(accept_with(server, Config::default(), Paths));
            client.write_all(request.as_bytes()).await.unwrap();
            client.shutdown().await.unwrap();
            let outcome = server.await;
            let mut answer = String::new();
            // The accepted socket is dropped with the outcome.
            let outcome = outcome.map(|accepted| accepted.map(|(_, agreed)| agreed));
            client.read_to_string(&mut answer).await.unwrap();
            (outcome, answer)
        }
    };
    let (outcome, answer) = serve("/panic").await;
    assert!(outcome.unwrap_err().is_panic());
    assert_eq!(answer, "");
    let (outcome, answer) = serve("/other").await;
    assert_eq!(handshake_error(outcome.unwrap()), HandshakeError::Refused(404));
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\nConnection: close\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nNot Found"), "{answer}");
    let (outcome, answer) = serve("/chat").await;
    assert!(outcome.unwrap().is_ok() && answer.starts_with("HTTP/1.1 101 "));
}

/// How long a blocking client waits before its test fails.
const PATIENCE: Duration = Duration::from_secs(5);

/// A blocking server with this policy, for one connection; the client's end.
fn blocking(
    limits: Limits,
    policy: impl Upgrade + Send + 'static,
) -> (TcpStream, thread::JoinHandle<Result<Option<String>, HandshakeError>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let (stream, _) = listener.accept().unwrap();
    let server = thread::spawn(move || {
        match ws_core::io::accept_with(stream, Config::with_limits(limits), policy) {
            Ok((mut socket, agreed)) => {
                while let Ok(Some(message)) = socket.recv() {
                    socket.send(message).unwrap();
                }
                Ok(agreed.subprotocol)
            }
            Err(Error::Handshake(error)) => Err(error),
            Err(error) => panic!("{error}"),
        }
    });
    (client, server)
}

#[test]
fn a_blocking_server_agrees_and_takes_early_frames() {
    let policy = (EarlyFrames, ChooseSubprotocol::client_prefers(&["v1", "v2"]));
    let (mut client, server) = blocking(Limits::default(), policy);
    let frames = b"\x81\x82\0\0\0\0Hi\x88\x80\0\0\0\0".to_vec();
    client.write_all(&[plus(&["Sec-WebSocket-Protocol: v2"]), frames].concat()).unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(b"Sec-WebSocket-Protocol: v2\r\n\r\n\x81\x02Hi\x88\x00"));
    assert_eq!(server.join().unwrap(), Ok(Some("v2".to_owned())));
}

#[test]
fn h17_a_blocking_server_has_an_absolute_deadline() {
    let limits = Limits::builder().handshake_timeout(Duration::from_millis(300)).build().unwrap();
    let start = Instant::now();
    let (mut client, server) = blocking(limits, ());
    client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let mut answer = vec![0; 17];
    for octet in plus(&[]) {
        client.write_all(&[octet]).unwrap();
        if client.read_exact(&mut answer).is_ok() {
            break;
        }
    }
    assert_eq!(answer, b"HTTP/1.1 408 Requ");
    let told = start.elapsed();
    assert!(told >= Duration::from_millis(300) && told < Duration::from_secs(2), "{told:?}");
    drop(client);
    assert_eq!(server.join().unwrap(), Err(HandshakeError::Rejected(Rejection::Timeout)));
}

#[test]
fn a_blocking_server_refuses_with_the_application_s_words() {
    let (mut client, server) = blocking(Limits::default(), Paths);
    client.write_all(b"GET /other HTTP/1.1\r\n").unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{answer}");
    drop(client);
    assert_eq!(server.join().unwrap(), Err(HandshakeError::Refused(404)));
}

#[test]
fn the_example_says_what_it_says() {
    let answer = |request: Vec<u8>| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        let (stream, _) = listener.accept().unwrap();
        let server = thread::spawn(move || upgrade_callbacks::serve(stream).is_ok());
        client.write_all(&request).unwrap();
        let mut answer = Vec::new();
        let mut octets = [0; 1024];
        while !answer.ends_with(b"v2.chat") {
            match client.read(&mut octets).unwrap() {
                0 => break,
                read => answer.extend_from_slice(&octets[..read]),
            }
        }
        client.write_all(b"\x88\x82\0\0\0\0\x03\xe8").unwrap_or_default();
        client.read_to_end(&mut answer).unwrap();
        drop(client);
        (server.join().unwrap(), answer.escape_ascii().to_string())
    };
    let lines = ["Cookie: theme=dark; user=Zoe", "Sec-WebSocket-Protocol: v1.chat, v2.chat"];
    let (clean, text) = answer(plus(&lines));
    assert!(clean && text.starts_with("HTTP/1.1 101 "), "{text}");
    assert!(
        text.contains(r"\r\nX-Welcome: Zoe\r\n\r\n\x81\x1bhello Zoe, speaking v2.chat"),
        "{text}"
    );
    for (lines, status) in [
        (&["Cookie: theme=dark"][..], "401 Unauthorized"),
        (&["Cookie: user=Zoe", "Origin: https://evil.example"], "403 Forbidden"),
    ] {
        let (clean, text) = answer(plus(lines));
        assert!(!clean && text.starts_with(&format!("HTTP/1.1 {status}")), "{text}");
    }
    let (clean, text) = answer(b"GET /favicon.ico HTTP/1.1\r\n\r\n".to_vec());
    assert!(!clean && text.starts_with("HTTP/1.1 404 "), "{text}");
}
