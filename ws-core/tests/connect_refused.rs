//! Refusals through the adapters, blocking and tokio: row C01 of the acceptance table, and HC-08.
#![cfg(feature = "tokio")]

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use ws_core::Config;
use ws_core::handshake::Dialer;
use ws_core::tokio::{Error, Record};

use connect_support::{read_request, server, within};

mod connect_support;

/// A server that answers with `refusal` and keeps the connection open for as long as the client.
fn refusing(refusal: impl Into<Vec<u8>>) -> (String, thread::JoinHandle<()>) {
    let refusal = refusal.into();
    server(move |mut io| {
        read_request(&mut io);
        io.write_all(&refusal).unwrap();
        let _ = io.read(&mut [0]);
    })
}

#[track_caller]
fn refused<T>(result: Result<T, Error>) -> (u16, Vec<u8>) {
    match result.map(|_| ()) {
        Err(Error::Refused(refused)) => {
            assert!(refused.fields().any(|field| field.is("x-why")));
            let shown = format!("{refused:?} {}", Error::Refused(refused.clone()));
            assert!(shown.contains("4") && !shown.contains("because"), "{shown}");
            (refused.status(), refused.body().to_vec())
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn c01_hc08_a_refusal_arrives_with_its_body_and_without_a_hang() {
    let head = "HTTP/1.1 403 No\r\nX-Why: because\r\n";
    let chunked =
        format!("{head}Transfer-Encoding: chunked\r\n\r\n3\r\nbec\r\n5\r\nause.\r\n0\r\n");
    let long = format!("{head}\r\n{}", "x".repeat(1 << 20));
    for (answer, body) in [
        (format!("{head}Content-Length: 8\r\n\r\nbecause."), b"because.".to_vec()),
        (chunked, b"because.".to_vec()),
        (long, vec![b'x'; 64 * 1024]),
    ] {
        let config = within(Duration::from_secs(100));
        let began = Instant::now();
        let (url, server) = refusing(answer.clone());
        let result = ws_core::tokio::connect(&url, config).await;
        assert_eq!(refused(result), (403, body.clone()));
        drop(server);
        let (url, _server) = refusing(answer);
        assert_eq!(refused(ws_core::io::connect(&url, config)), (403, body));
        assert!(began.elapsed() < Duration::from_secs(50));
    }
}

#[tokio::test]
async fn c01_a_body_that_never_ends_ends_with_the_deadline() {
    let answer = "HTTP/1.1 403 No\r\nX-Why: because\r\n\r\nbecause";
    let config = within(Duration::from_millis(300));
    let (url, _server) = refusing(answer);
    let began = Instant::now();
    assert_eq!(refused(ws_core::io::connect(&url, config)), (403, b"because".to_vec()));
    let (url, _server) = refusing(answer);
    let result = ws_core::tokio::connect(&url, config).await;
    assert_eq!(refused(result), (403, b"because".to_vec()));
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(600) && took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_record_is_filled_when_the_handshake_fails() {
    let answer = "HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nabc";
    let dialer = Dialer::new("ws://a").unwrap();
    for cut in [answer.len(), answer.len() - 2] {
        let mut record = Record::default();
        let (ours, mut theirs) = tokio::io::duplex(4096);
        let client =
            ws_core::tokio::connect_recorded(ours, &dialer, Config::default(), &mut record);
        let server = async {
            theirs.read_buf(&mut Vec::new()).await.unwrap();
            theirs.write_all(&answer.as_bytes()[..cut]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await; // until the client waits
            theirs.write_all(&answer.as_bytes()[cut..]).await.unwrap();
            theirs
        };
        let (result, _theirs) = tokio::join!(client, server);
        assert!(matches!(result, Err(Error::Refused(_))));
        assert_eq!(record.response, answer.as_bytes());
        assert!(record.request.starts_with(b"GET / HTTP/1.1\r\n"));
    }
}
