//! HC-03: no second connection to a remote host while one is CONNECTING, if a [`Connector`] is asked
//! for that (RFC 6455 §4.1, item 2).
#![cfg(feature = "tokio")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use ws_core::handshake::{Dialer, HandshakeError, Proxies, Proxy};
use ws_core::tokio::{Connector, Error};
use ws_core::{Config, Limits};

use connect_support::{HEAD_END, answer_to};

mod connect_support;

/// How long a server takes to answer: a second connection that does not wait comes well before.
const THINKING: Duration = Duration::from_millis(100);

/// Connections that servers have accepted and not yet answered.
#[derive(Debug, Default)]
struct Connecting {
    now: AtomicUsize,
    most: AtomicUsize,
    ever: AtomicUsize,
}

impl Connecting {
    fn at_most_one(&self) -> bool {
        self.most.load(Ordering::SeqCst) == 1
    }
}

/// A server, or a proxy that is one behind its tunnel. `refusing`: every other answer is a 503.
async fn server(connecting: &Arc<Connecting>, refusing: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connecting = connecting.clone();
    tokio::spawn(async move {
        while let Ok((io, _)) = listener.accept().await {
            tokio::spawn(answer(io, connecting.clone(), refusing));
        }
    });
    port
}

async fn answer(mut io: TcpStream, connecting: Arc<Connecting>, refusing: bool) {
    let now = connecting.now.fetch_add(1, Ordering::SeqCst) + 1;
    connecting.most.fetch_max(now, Ordering::SeqCst);
    let nth = connecting.ever.fetch_add(1, Ordering::SeqCst);
    let mut request = head(&mut io).await;
    if request.starts_with(b"CONNECT ") {
        io.write_all(b"HTTP/1.1 200 x\r\n\r\n").await.unwrap();
        request = head(&mut io).await;
    }
    tokio::time::sleep(THINKING).await;
    connecting.now.fetch_sub(1, Ordering::SeqCst);
    if refusing && nth.is_multiple_of(2) {
        io.write_all(b"HTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    } else {
        io.write_all(&answer_to(&request, "")).await.unwrap();
    }
    let _ = io.read(&mut [0]).await;
}

async fn head(io: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    while !head.ends_with(HEAD_END) {
        assert!(io.read_buf(&mut head).await.unwrap() > 0);
    }
    head
}

/// Dials all of `urls` at the same time; how many are open at last, each still so.
async fn dial(connector: &Connector, urls: Vec<String>) -> usize {
    let mut dialling = JoinSet::new();
    for url in urls {
        let connector = connector.clone();
        dialling.spawn(async move {
            let dialer = Dialer::new(&url).unwrap();
            connector.connect(&dialer, Config::default()).await.ok()
        });
    }
    dialling.join_all().await.into_iter().flatten().count()
}

#[tokio::test]
async fn hc03_one_connection_is_connecting_to_an_address_at_a_time() {
    let one = || Connector::new().one_connecting_per_host();
    for (connector, refusing, waits) in [
        // Nobody asked: several at once, as this test is able to see.
        (Connector::new(), false, false),
        (one(), false, true),
        // A connection that has failed makes way as well.
        (one(), true, true),
    ] {
        let connecting = Arc::<Connecting>::default();
        let ports = [server(&connecting, refusing).await, server(&connecting, refusing).await];
        // Another name of the address, and another port, make no other host.
        let urls = ["127.0.0.1", "localhost"]
            .iter()
            .flat_map(|host| ports.map(|port| format!("ws://{host}:{port}/")))
            .collect();
        let open = dial(&connector, urls).await;
        assert_eq!(open, if refusing { 2 } else { 4 });
        assert_eq!(connecting.at_most_one(), waits, "refusing: {refusing}");
    }
}

#[tokio::test]
async fn hc03_behind_a_proxy_every_name_is_a_host() {
    for (names, waits) in
        [(["a.example", "A.example:81"], true), (["a.example", "b.example"], false)]
    {
        let connecting = Arc::<Connecting>::default();
        let proxy = format!("http://127.0.0.1:{}", server(&connecting, false).await);
        let proxies = Proxies { ws: Some(Proxy::parse(&proxy).unwrap()), ..Proxies::default() };
        let connector = Connector::new().proxies(proxies).one_connecting_per_host();
        let urls = names.map(|name| format!("ws://{name}/")).to_vec();
        assert_eq!(dial(&connector, urls).await, 2);
        assert_eq!(connecting.at_most_one(), waits, "{names:?}");
    }
}

/// Whoever waits does so within its own deadline, and is not in the way of others afterwards.
#[tokio::test]
async fn hc03_t12_waiting_ends_with_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let connector = Connector::new().one_connecting_per_host();
    let dialer = Dialer::new(&url).unwrap();
    let limits = |timeout| Limits::builder().handshake_timeout(timeout).build().unwrap();
    let patient = Config::with_limits(limits(Duration::from_secs(1)));
    let hasty = Config::with_limits(limits(Duration::from_millis(100)));
    // A server that never answers, though TCP does: the first one is CONNECTING all the time.
    let first = connector.connect(&dialer, patient);
    let second = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let start = tokio::time::Instant::now();
        (connector.connect(&dialer, hasty).await, start.elapsed())
    };
    let (first, (second, waited)) = tokio::join!(first, second);
    let timeout = |error| matches!(error, Some(Error::Handshake(HandshakeError::Timeout)));
    assert!(timeout(first.err()) && timeout(second.err()));
    assert!(waited < Duration::from_millis(800), "not until the first one's: {waited:?}");
    let (_first, _) = listener.accept().await.unwrap();
    let none = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(none.is_err(), "the second one has not even begun TCP");
}
