//! `accept` and `connect` over tokio transports: does it end in time, and is no octet lost?
#![cfg(feature = "tokio")]

use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};
use ws_core::handshake::{Dialer, HandshakeError, Rejection};
use ws_core::tokio::{
    Connector, Error, Record, accept, accept_with, connect, connect_over, connect_recorded,
};
use ws_core::{CloseCode, Config, Message};

use oracle::{Frame, binary, text, wire_to};
use tokio_support::{Wire, poll_times, wire};

mod oracle;
mod tokio_support;

const URL: &str = "ws://server.example.com/chat";

fn dialer() -> &'static Dialer<'static> {
    Box::leak(Box::new(Dialer::new(URL).expect("a URL that can be dialled")))
}
const HANDSHAKE: Duration = Duration::from_secs(10);
const FIN: Duration = Duration::from_secs(2);

const REQUEST: &str = "GET /chat HTTP/1.1\r\n\
    Host: server.example.com\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// What a server of this crate answers to the request that arrives on `io`.
async fn answer_to(io: &mut DuplexStream) -> Vec<u8> {
    let mut request = vec![0; 4096];
    let len = io.read(&mut request).await.unwrap();
    let mut server = ws_core::handshake::ServerHandshake::new(&ws_core::Limits::default());
    let mut answer = Vec::new();
    server.handle_input(&request[..len]).unwrap().unwrap().accept(&mut answer);
    answer
}

#[tokio::test(start_paused = true)]
async fn c09_t24_frames_behind_the_101_arrive_however_they_are_cut() {
    let frames = [text("one"), binary(&[2; 200]), text("three"), Frame::close(1000, "")];
    let frames = wire_to(ws_core::Role::Client, &frames);
    let mut cut = 0;
    loop {
        let (ours, mut theirs) = duplex(64 * 1024);
        let server = async {
            let octets = [answer_to(&mut theirs).await, frames.clone()].concat();
            theirs.write_all(&octets[..cut.min(octets.len())]).await.unwrap();
            sleep(Duration::from_millis(1)).await;
            theirs.write_all(&octets[cut.min(octets.len())..]).await.unwrap();
            octets.len()
        };
        let client = async {
            let mut socket = connect_over(ours, dialer(), Config::default()).await.unwrap();
            let mut messages = Vec::new();
            while let Some(message) = socket.recv().await.unwrap() {
                messages.push(message);
            }
            messages
        };
        let (len, messages) = tokio::join!(server, client);
        let expected = [Message::text("one"), Message::binary(vec![2; 200]), "three".into()];
        assert_eq!(messages, expected, "cut at {cut}");
        if cut > len {
            break;
        }
        cut += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn f36_t24_the_stream_ends_at_every_octet_of_a_head() {
    for cut in 0..REQUEST.len() {
        let (ours, mut theirs) = duplex(4096);
        theirs.write_all(&REQUEST.as_bytes()[..cut]).await.unwrap();
        drop(theirs);
        let accepted = accept(ours, Config::default()).await;
        let error = accepted.err();
        assert!(
            matches!(error, Some(Error::Handshake(HandshakeError::Incomplete))),
            "H35: request cut at {cut}: {error:?}"
        );

        let (ours, mut theirs) = duplex(4096);
        let server = async move {
            let answer = answer_to(&mut theirs).await;
            theirs.write_all(&answer[..cut.min(answer.len() - 1)]).await.unwrap();
        };
        let (dialled, ()) = tokio::join!(connect_over(ours, dialer(), Config::default()), server);
        let error = dialled.err();
        assert!(
            matches!(error, Some(Error::Handshake(HandshakeError::Incomplete))),
            "answer cut at {cut}: {error:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn h17_one_octet_a_second_is_cut_off_at_the_absolute_deadline() {
    for silent in [false, true] {
        let (ours, mut theirs) = duplex(4096);
        let start = Instant::now();
        let client = tokio::spawn(async move {
            for octet in REQUEST.bytes().take(if silent { 0 } else { usize::MAX }) {
                if theirs.write_all(&[octet]).await.is_err() {
                    break;
                }
                sleep(Duration::from_secs(1)).await;
            }
            let mut answer = Vec::new();
            theirs.read_to_end(&mut answer).await.unwrap();
            answer
        });
        let error = accept(ours, Config::default()).await.err();
        let expected = HandshakeError::Rejected(Rejection::Timeout);
        assert!(matches!(error, Some(Error::Handshake(told)) if told == expected), "{error:?}");
        let took = start.elapsed();
        // The refusal is told in between; the peer then has its time to read it.
        assert!((HANDSHAKE..=HANDSHAKE + FIN).contains(&took), "{took:?}");
        client.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn t12_a_server_that_answers_slowly_or_never_is_left_at_the_deadline() {
    for silent in [false, true] {
        let (ours, mut theirs) = duplex(4096);
        let start = Instant::now();
        let server = tokio::spawn(async move {
            let answer = answer_to(&mut theirs).await;
            for octet in answer.into_iter().take(if silent { 0 } else { usize::MAX }) {
                if theirs.write_all(&[octet]).await.is_err() {
                    break;
                }
                sleep(Duration::from_secs(1)).await;
            }
            std::future::pending::<()>().await;
        });
        let error = connect_over(ours, dialer(), Config::default()).await.err();
        assert!(matches!(error, Some(Error::Handshake(HandshakeError::Timeout))), "{error:?}");
        assert_eq!(start.elapsed(), HANDSHAKE);
        server.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_the_answer_is_left_at_the_deadline() {
    let (ours, mut theirs) = duplex(64);
    let start = Instant::now();
    let peer = tokio::spawn(async move {
        theirs.write_all(REQUEST.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    let error = accept(ours, Config::default()).await.err();
    assert!(matches!(error, Some(Error::Handshake(HandshakeError::Timeout))), "{error:?}");
    assert_eq!(start.elapsed(), HANDSHAKE);
    peer.abort();
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_sent_whole_and_the_stream_ended_whatever_the_peer_does() {
    for stays in [false, true] {
        let (ours, mut theirs) = duplex(64);
        let start = Instant::now();
        let peer = tokio::spawn(async move {
            let request = REQUEST.replace("13\r\n\r\n", "8\r\n\r\n");
            theirs.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            if stays {
                std::future::pending::<()>().await;
            }
            theirs.read_to_string(&mut answer).await.unwrap();
            answer
        });
        let error = accept(ours, Config::default()).await.err();
        assert!(matches!(error, Some(Error::Handshake(HandshakeError::Rejected(_)))), "{error:?}");
        if stays {
            assert_eq!(start.elapsed(), FIN);
            peer.abort();
        } else {
            let answer = peer.await.unwrap();
            assert!(
                answer.starts_with("HTTP/1.1 426 ") && answer.contains("must be 13"),
                "{answer}"
            );
        }
    }
}

#[test]
fn t08_dropped_in_the_handshake_the_transport_goes_with_it() {
    type Open = fn(Wire, usize) -> bool;
    #[rustfmt::skip]
    let table: [(&str, Open); 4] = [
        ("accept", |io, polls| poll_times(accept(io, Config::default()), polls).is_some()),
        ("accept_with", |io, polls| poll_times(accept_with(io, Config::default(), ()), polls).is_some()),
        ("connect_over", |io, polls| {
            poll_times(connect_over(io, dialer(), Config::default()), polls).is_some()
        }),
        ("connect_recorded", |io, polls| {
            let mut record = Record::default();
            let opening = connect_recorded(io, dialer(), Config::default(), &mut record);
            poll_times(opening, polls).is_some()
        }),
    ];
    for (name, open) in table {
        let mut ended = false;
        for polls in 0..100 {
            let (io, remote) = wire();
            remote.with(|state| {
                state.restless = true;
                state.limit = 7;
            });
            // An answer to nobody's request, if we are the client: refused in the end.
            remote.push(REQUEST.as_bytes());
            remote.end();
            ended |= open(io, polls);
            assert!(remote.with(|state| state.is_dropped), "{name}, {polls} polls");
        }
        assert!(ended, "{name} was seen to its end");
    }
}

/// Over TCP, where the way to the server is part of it, too; and the turn of the next one comes.
#[tokio::test]
async fn t08_connecting_dropped_after_any_poll_leaves_no_connection_and_no_turn_taken() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let dialer = Dialer::new(&url).unwrap();
    let connector = Connector::new().one_connecting_per_host();
    let (mut open, mut dropped) = (0, 0);
    let server = tokio::spawn(async move {
        let mut open = 0;
        while open < 3 {
            let (io, _) = listener.accept().await.unwrap();
            // Dropped before the request was whole, or open and then ended: never a hang.
            let Ok(mut socket) = accept(io, Config::default()).await else { continue };
            open += usize::from(matches!(socket.recv().await, Ok(Some(_))));
        }
    });
    for polls in 0..1000 {
        let mut opening = Box::pin(connector.connect(&dialer, Config::default()));
        let mut left = polls;
        let opened = poll_fn(|cx| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            opening.as_mut().poll(cx).map(Some)
        })
        .await;
        drop(opening);
        match opened {
            None => dropped += 1,
            Some(socket) => {
                socket.unwrap().send("open").await.unwrap();
                open += 1;
            }
        }
        if open == 3 {
            break;
        }
    }
    assert!(open == 3 && dropped > 1, "{open} open, {dropped} dropped");
    tokio::time::timeout(HANDSHAKE, server).await.expect("no connection hangs").unwrap();
}

#[tokio::test]
async fn c12_urls_that_cannot_be_dialled_are_told_before_any_io() {
    for url in ["http://x/", "ws://", "ws://x/\r\ny", "ws://u@x/", "ws://x:99999/", ""] {
        // No dialer for such a URL, so nothing to dial with.
        assert!(Dialer::new(url).is_err(), "{url}");
        let dialled = connect(url, Config::default()).await.err();
        assert!(matches!(dialled, Some(Error::Handshake(HandshakeError::Url(_)))), "{dialled:?}");
    }
}

#[tokio::test]
async fn a_connection_from_both_halves_of_the_handshake_works() {
    let (ours, theirs) = duplex(4096);
    let (server, client) = tokio::join!(
        accept(ours, Config::default()),
        connect_over(theirs, dialer(), Config::default())
    );
    let (mut server, mut client) = (server.unwrap(), client.unwrap());
    client.send("Hello").await.unwrap();
    assert_eq!(server.recv().await.unwrap(), Some(Message::text("Hello")));
    let (closed, ended) = tokio::join!(client.close(CloseCode::NORMAL, ""), server.recv());
    closed.unwrap();
    assert!(ended.unwrap().is_none());
}
