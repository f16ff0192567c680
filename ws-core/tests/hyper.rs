//! [`upgrade`] under real servers over loopback: hyper alone, and axum with the example's routes.
#![cfg(feature = "hyper")]

mod handshake_support;

#[path = "../examples/chat_axum.rs"]
#[allow(dead_code, reason = "its `main` is not called here")]
mod chat_axum;

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use handshake_support::{ACCEPT, head, plus, with, with_request_line};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use ws_core::handshake::policy::Recorder;
use ws_core::handshake::{
    Answer, Extension, HandshakeError, Refusal, Request, ResponseFields, Upgrade,
};
use ws_core::tokio::Error;
use ws_core::tokio::hyper::upgrade;
use ws_core::{CloseCode, Config, Message};

const PATIENCE: Duration = Duration::from_secs(5);

/// Accepts one extension, adds a field, and refuses who asks for it.
struct Policy;

impl Upgrade for Policy {
    fn on_request(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        assert_eq!(request.host, "server.example.com");
        if request.path == "/full" {
            return Err(Refusal::service_unavailable(Duration::from_secs(7)));
        }
        Ok(())
    }
    fn on_extension(
        &mut self,
        offer: &Extension<'_>,
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        if offer.name == "x-a" {
            answer.param("p", Some("1"))?;
        }
        Ok(())
    }
    fn on_before_upgrade(
        &mut self,
        _request: &Request<'_>,
        response: &mut ResponseFields<'_>,
    ) -> Result<(), Refusal> {
        response.add("Set-Cookie", "a=b")?.add("Set-Cookie", "c=d")?;
        Ok(())
    }
}

/// hyper alone; tells how each opening handshake ended: the agreed extensions, or the error.
async fn serve_hyper() -> (SocketAddr, mpsc::Receiver<Result<String, Error>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tell = tell.clone();
            let service = service_fn(move |mut request| {
                // The policy ends with the call: the future borrows nothing of it.
                let mut recorder = Recorder::default();
                let policy = (Policy, &mut recorder);
                let (response, opening) =
                    upgrade::<_, Full<Bytes>, _>(&mut request, Config::default(), policy);
                assert!(recorder.response.starts_with(b"HTTP/1.1 "));
                let tell = tell.clone();
                tokio::spawn(async move {
                    match opening.await {
                        Ok((mut socket, agreed)) => {
                            tell.send(Ok(agreed.extensions)).unwrap();
                            while let Ok(Some(message)) = socket.recv().await {
                                socket.feed(message).await.unwrap();
                            }
                        }
                        Err(error) => tell.send(Err(error)).unwrap(),
                    }
                });
                async { Ok::<_, Infallible>(response) }
            });
            let builder = hyper::server::conn::http1::Builder::new();
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection.with_upgrades());
        }
    });
    (address, told)
}

/// An upgrade that is dropped after so many polls, before or after hyper has written the answer.
#[tokio::test]
async fn t08_hyper_an_opening_dropped_after_any_poll_drops_the_connection() {
    for polls in 0..4 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let opened = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&opened);
        let (tell, told) = mpsc::channel();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service_fn(move |mut request| {
                let (response, mut opening) =
                    upgrade::<_, Full<Bytes>, _>(&mut request, Config::default(), ());
                let (seen, tell) = (Arc::clone(&seen), tell.clone());
                tokio::spawn(async move {
                    let mut left = polls;
                    let opened = poll_fn(|cx| {
                        if left == 0 {
                            return Poll::Ready(false);
                        }
                        left -= 1;
                        Pin::new(&mut opening).poll(cx).map(|_| true)
                    });
                    seen.store(opened.await, Ordering::SeqCst);
                    drop(opening);
                    let _ = tell.send(());
                });
                async { Ok::<_, Infallible>(response) }
            });
            let builder = hyper::server::conn::http1::Builder::new();
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            let _ = connection.with_upgrades().await;
        });
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(&plus(&[])).await.unwrap();
        let mut answer = Vec::new();
        // The client keeps its own half open: the end is the server's.
        let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        let _ = read.unwrap_or_else(|_| panic!("{polls} polls: the connection stays"));
        told.recv_timeout(PATIENCE).unwrap();
        // How many polls it takes is hyper's affair; none is too few, and two are enough.
        let opened = opened.load(Ordering::SeqCst);
        assert!(if polls == 0 { !opened } else { polls == 1 || opened }, "{polls} polls");
    }
}

/// Sends these octets, ends, and reads to the end.
async fn exchange(address: SocketAddr, octets: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(octets).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server ends").unwrap();
    answer.escape_ascii().to_string()
}

const CLOSE: &[u8] = b"\x88\x82\0\0\0\0\x03\xe8";

#[tokio::test]
async fn hyper_upgrades_negotiates_and_frames_flow() {
    let (address, told) = serve_hyper().await;
    let mut input = plus(&["Sec-WebSocket-Extensions: x-a, x-b"]);
    input.extend([b"\x81\x82\0\0\0\0Hi", CLOSE].concat());
    let answer = exchange(address, &input).await;
    assert!(answer.starts_with("HTTP/1.1 101 Switching Protocols\\r\\n"), "{answer}");
    let lower = answer.to_ascii_lowercase();
    for line in [
        ACCEPT.trim_end(),
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Extensions: x-a; p=1",
        "Set-Cookie: a=b",
        "Set-Cookie: c=d",
    ] {
        let line = format!("\\r\\n{}\\r\\n", line.to_ascii_lowercase());
        assert_eq!(lower.matches(&line).count(), 1, "{line} in {answer}");
    }
    assert!(!lower.contains("content-length") && !lower.contains("transfer-encoding"), "{answer}");
    assert!(answer.ends_with("\\r\\n\\r\\n\\x81\\x02Hi\\x88\\x02\\x03\\xe8"), "{answer}");
    assert_eq!(told.recv().unwrap().unwrap(), "x-a; p=1");
}

#[tokio::test]
async fn hyper_sends_refusals_and_closes() {
    let (address, told) = serve_hyper().await;
    for (input, status, field, error) in [
        (with_request_line("GET /full HTTP/1.1"), 503, "retry-after: 7", "Refused(503)"),
        (with("Upgrade", &[]), 426, "upgrade: websocket", "UpgradeMissing"),
        (
            with("Sec-WebSocket-Version", &["Sec-WebSocket-Version: 8"]),
            426,
            "sec-websocket-version: 13",
            "VersionUnsupported",
        ),
        (with_request_line("POST / HTTP/1.1"), 405, "allow: get", "Method"),
        (with_request_line("GET / HTTP/1.0"), 505, "", "HttpVersion"),
        (plus(&["Sec-WebSocket-Protocol: a b"]), 400, "", "SubprotocolMalformed"),
        (with("Sec-WebSocket-Key", &[]), 400, "", "KeyMissing"),
    ] {
        let answer = exchange(address, &input).await; // reads to the end: it closes
        assert_eq!(answer.split(' ').nth(1), Some(status.to_string().as_str()), "{answer}");
        assert!(answer.to_ascii_lowercase().contains(field), "{field} in {answer}");
        match told.recv().unwrap() {
            Err(Error::Handshake(told)) => {
                assert!(format!("{told:?}").contains(error), "{told:?}");
                assert!(matches!(told, HandshakeError::Rejected(_) | HandshakeError::Refused(503)));
            }
            told => panic!("{told:?}"),
        }
    }
}

async fn serve_axum() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, chat_axum::router()).await });
    address
}

#[tokio::test]
async fn axum_speaks_with_our_client() {
    let address = serve_axum().await;
    let url = format!("ws://{address}/room/blue");
    let mut socket = ws_core::tokio::connect(&url, Config::default()).await.unwrap();
    let hello = Message::text("room blue, speaking none");
    assert_eq!(socket.recv().await.unwrap(), Some(hello));
    for message in [Message::text("\u{e9}"), Message::binary(vec![7; 1 << 20])] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some(message));
    }
    socket.close(CloseCode::NORMAL, "bye").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), None);
    let elsewhere = format!("ws://{address}/elsewhere");
    match ws_core::tokio::connect(&elsewhere, Config::default()).await {
        Err(Error::Refused(refused)) => assert_eq!(refused.status(), 404),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn axum_chooses_a_subprotocol_and_refuses_other_origins() {
    let address = serve_axum().await;
    let room = |line: &str| {
        let fields = [&handshake_support::FIELDS[..], &[line]].concat();
        head("GET /room/red HTTP/1.1", &fields)
    };
    let input = [room("Sec-WebSocket-Protocol: x, chat"), CLOSE.to_vec()].concat();
    let answer = exchange(address, &input).await;
    assert!(answer.to_ascii_lowercase().contains("sec-websocket-protocol: chat\\r\\n"), "{answer}");
    assert!(answer.contains("room red, speaking chat"), "{answer}");
    let answer = exchange(address, &room("Origin: https://evil.example")).await;
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\\r\\n"), "{answer}");
    assert!(answer.ends_with("Forbidden"), "{answer}");
}
