//! Redirects and proxies on the way to a server: row C11 of the acceptance table, and HC-06.
#![cfg(feature = "tokio")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use ws_core::handshake::{ClientHandshake, Dialer, HandshakeError, Proxies, Proxy, Redirect, Url};
use ws_core::tokio::{Connector, Error};
use ws_core::{Config, Limits, Message};

/// Answers every request with what `answer` gives for its request line; `None` is a 101. Keeps what
/// was asked for.
struct Server {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

type Answer = fn(&str, u16) -> Option<String>;

impl Server {
    async fn start(other: u16, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        tokio::spawn(async move {
            loop {
                let (io, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(io, other, answer, Arc::clone(&kept)));
            }
        });
        Self { port, requests }
    }

    fn url(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }

    fn requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

async fn read_head(io: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        assert_ne!(io.read_buf(&mut head).await.unwrap(), 0);
    }
    String::from_utf8(head).unwrap()
}

async fn serve(mut io: TcpStream, other: u16, answer: Answer, kept: Arc<Mutex<Vec<String>>>) {
    let request = read_head(&mut io).await;
    kept.lock().unwrap().push(request.clone());
    if let Some(answer) = answer(request.lines().next().unwrap(), other) {
        io.write_all(answer.as_bytes()).await.unwrap();
        return;
    }
    let limits = Limits::default();
    let mut handshake = ws_core::handshake::ServerHandshake::new(&limits);
    let mut out = Vec::new();
    handshake.handle_input(request.as_bytes()).unwrap().unwrap().accept(&mut out);
    out.extend_from_slice(b"\x81\x02Hi");
    io.write_all(&out).await.unwrap();
    let _ = io.read(&mut [0]).await;
}

fn to(location: &str) -> Option<String> {
    Some(format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"))
}

const SECRETS: [(&str, &str); 4] = [
    ("Authorization", "Bearer s3cret"),
    ("cookie", "a=s3cret"),
    ("Proxy-Authorization", "s3cret"),
    ("X-Mine", "kept"),
];

/// `/loop` leads to itself, `/n` to `/n-1`, `/cross` to the other server's `/0`, `/cross1`
/// to its `/1`; `/0` opens.
fn answers(line: &str, other: u16) -> Option<String> {
    match line.split(' ').nth(1).unwrap() {
        "/loop" => to("/loop"),
        "/cross" => to(&format!("http://127.0.0.1:{other}/0")),
        "/cross1" => to(&format!("http://127.0.0.1:{other}/1")),
        "/none" => Some("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n".into()),
        "/0" => None,
        path => to(&format!("/{}", path[1..].parse::<u8>().unwrap() - 1)),
    }
}

#[tokio::test]
async fn c11_hc06_redirects_are_off_unless_asked_for() {
    let server = Server::start(0, answers).await;
    let result = ws_core::tokio::connect(&server.url("/1"), Config::default()).await;
    let Err(Error::Refused(refused)) = result else { panic!("{:?}", result.map(|_| ())) };
    assert_eq!(refused.status(), 302);
    let location = refused.fields().find(|field| field.is("location")).unwrap();
    assert_eq!(location.value_str(), Some("/0"));
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn c11_redirects_stop_at_the_limit() {
    let server = Server::start(0, answers).await;
    for (path, max, opens, asked) in [
        ("/0", 3, true, 1),
        ("/3", 3, true, 4),
        ("/4", 3, false, 4),
        ("/loop", 3, false, 4),
        ("/loop", 20, false, 21),
        ("/none", 3, false, 1),
    ] {
        let url = server.url(path);
        let dialer = Dialer::new(&url).unwrap().header_fields(&SECRETS).unwrap();
        let result = Connector::new().redirects(max).connect(&dialer, Config::default()).await;
        match result {
            Ok(mut socket) => {
                assert!(opens, "{path}");
                assert_eq!(socket.recv().await.unwrap(), Some(Message::text("Hi")));
            }
            Err(Error::Refused(refused)) => assert!(!opens && refused.status() == 302, "{path}"),
            Err(error) => panic!("{path}: {error}"),
        }
        // Within one origin nothing is taken away.
        let requests = server.requests();
        assert_eq!(requests.len(), asked, "{path}");
        assert!(requests.iter().all(|request| request.matches("s3cret").count() == 3));
    }
}

#[tokio::test]
async fn c11_credentials_do_not_go_to_another_origin() {
    let other = Server::start(0, answers).await;
    let server = Server::start(other.port, answers).await;
    let url = server.url("/cross");
    let dialer = Dialer::new(&url)
        .unwrap()
        .host("name.example")
        .unwrap()
        .subprotocols(&["chat"])
        .unwrap()
        .header_fields(&SECRETS)
        .unwrap();
    let mut socket =
        Connector::new().redirects(1).connect(&dialer, Config::default()).await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::text("Hi")));
    let first = server.requests().remove(0);
    assert!(first.matches("s3cret").count() == 3 && first.contains("Host: name.example\r\n"));
    let second = other.requests().remove(0);
    assert!(!second.contains("s3cret"), "{second}");
    let host = format!("Host: 127.0.0.1:{}\r\n", other.port);
    for kept in ["X-Mine: kept\r\n", "Sec-WebSocket-Protocol: chat\r\n", &host] {
        assert!(second.contains(kept), "{second}");
    }
    // Each request has its own key.
    let key = |request: &str| {
        request.lines().find(|line| line.starts_with("Sec-WebSocket-Key")).unwrap().to_owned()
    };
    assert_ne!(key(&first), key(&second));
}

#[tokio::test]
async fn c11_credentials_stay_away_on_the_way_back() {
    fn back(line: &str, other: u16) -> Option<String> {
        if line.contains("/0") { to(&format!("http://127.0.0.1:{other}/0")) } else { None }
    }
    // first /cross ─▶ other /0 ─▶ third /0, which is asked without them as well.
    let third = Server::start(0, answers).await;
    let other = Server::start(third.port, back).await;
    let first = Server::start(other.port, answers).await;
    let url = first.url("/cross");
    let dialer = Dialer::new(&url).unwrap().header_fields(&SECRETS).unwrap();
    Connector::new().redirects(2).connect(&dialer, Config::default()).await.unwrap();
    assert!(!other.requests().remove(0).contains("s3cret"));
    assert!(!third.requests().remove(0).contains("s3cret"));
}

#[tokio::test]
async fn c11_a_location_is_relative_to_where_it_came_from() {
    let other = Server::start(0, answers).await;
    let server = Server::start(other.port, answers).await;
    let url = server.url("/cross1");
    let dialer = Dialer::new(&url).unwrap().header_fields(&SECRETS).unwrap();
    Connector::new().redirects(2).connect(&dialer, Config::default()).await.unwrap();
    assert_eq!(server.requests().len(), 1);
    let requests = other.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| !request.contains("s3cret")), "{requests:?}");
}

/// All redirects share one deadline, however soon each of them comes.
#[tokio::test]
async fn c11_redirects_do_not_move_the_deadline() {
    let server = Server::start(0, |_, _| {
        std::thread::sleep(Duration::from_millis(30));
        to("/loop")
    });
    let server = server.await;
    let url = server.url("/loop");
    let dialer = Dialer::new(&url).unwrap();
    let limits = Limits::builder().handshake_timeout(Duration::from_millis(200)).build().unwrap();
    let connector = Connector::new().redirects(20);
    let result = connector.connect(&dialer, Config::with_limits(limits)).await.map(|_| ());
    assert!(matches!(result, Err(Error::Handshake(HandshakeError::Timeout))), "{result:?}");
    let asked = server.requests().len();
    assert!((1..15).contains(&asked), "{asked}");
}

#[test]
fn c11_hc06_where_a_location_leads() {
    let follow = |from: &str, status: u16, lines: &str| {
        let dialer = Dialer::new(from).unwrap();
        let limits = Limits::default();
        let mut client = ClientHandshake::new(&dialer, &limits, [7; 16], &mut Vec::new());
        let answer = format!("HTTP/1.1 {status} x\r\n{lines}\r\n");
        assert!(client.handle_input(answer.as_bytes()).is_err());
        let refusal = client.refusal(answer.as_bytes()).unwrap();
        let redirect = Redirect::of(dialer.url(), status, refusal.fields())?;
        assert!(Url::parse(&redirect.url).is_ok());
        Some((redirect.url, redirect.same_origin))
    };
    for (from, location, url, same_origin) in [
        ("ws://a/b?c", "/d?e", "ws://a/d?e", true),
        ("ws://a/b?c", "?e", "ws://a/b?e", true),
        ("ws://a:9001/b", "/d", "ws://a:9001/d", true),
        ("ws://[::1]:9001/b", "/d", "ws://[::1]:9001/d", true),
        ("ws://a/b", "//c/d", "ws://c/d", false),
        ("wss://a/b", "//a/d", "wss://a/d", true),
        ("ws://a/b", "ws://A:80/d", "ws://A:80/d", true),
        ("ws://a/b", "http://a/d#frag", "ws://a/d", true),
        ("ws://a/b", "https://a/d", "wss://a/d", false), // another scheme
        ("ws://a/b", "WSS://a/d", "wss://a/d", false),
        ("ws://a/b", "ws://a:81/d", "ws://a:81/d", false), // another port
        ("ws://a/b", "ws://b.a/d", "ws://b.a/d", false),   // another host
        ("wss://a/b", "https://a/d", "wss://a/d", true),
        // A URL in the path or the query is not the scheme of the reference (RFC 3986 §4.2).
        ("ws://a/b", "/login?next=https://c/", "ws://a/login?next=https://c/", true),
        ("wss://a/b", "/https://c/", "wss://a/https://c/", true),
        ("ws://a/b?c", "?u=ws://x", "ws://a/b?u=ws://x", true),
        ("ws://a/b", "//c/d?u=http://x", "ws://c/d?u=http://x", false),
        ("ws://a/b", "http://a/d?u=ftp://x", "ws://a/d?u=ftp://x", true),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let followed = follow(from, status, &format!("Location: {location}\r\n"));
            assert_eq!(followed, Some((url.to_owned(), same_origin)), "{from} {location}");
        }
        for status in [200, 300, 304, 305, 400] {
            assert_eq!(follow(from, status, &format!("Location: {location}\r\n")), None);
        }
    }
    for location in [
        "",
        "d",
        "../d",
        "d?u=ws://a/",
        "ftp://a/",
        "javascript:x",
        "ws://u:p@a/",
        "ws://",
        "ws://a:0/",
        "/a b",
        "ws://a/\u{e9}",
        "//",
    ] {
        assert_eq!(
            follow("ws://a/b", 302, &format!("Location: {location}\r\n")),
            None,
            "{location}"
        );
    }
    // From TLS never to no TLS.
    for location in ["ws://a/d", "http://a/d"] {
        assert_eq!(follow("wss://a/b", 302, &format!("Location: {location}\r\n")), None);
    }
    assert_eq!(follow("ws://a/b", 302, ""), None);
    assert_eq!(follow("ws://a/b", 302, "Location: /c\r\nLocation: /d\r\n"), None);
    for name in ["authorization", "COOKIE", "Proxy-Authorization"] {
        assert!(Redirect::is_credential(name));
    }
    assert!(!Redirect::is_credential("Origin"));
}

#[tokio::test]
async fn a_proxy_is_asked_for_a_tunnel_and_the_handshake_goes_through_it() {
    let server = Server::start(0, answers).await;
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxies = Proxies {
        ws: Some(Proxy::parse(&format!("http://u:p@{}", proxy.local_addr().unwrap())).unwrap()),
        ..Proxies::default()
    };
    let relay = tokio::spawn(async move {
        let mut heads = Vec::new();
        let (mut io, _) = proxy.accept().await.unwrap();
        let head = read_head(&mut io).await;
        let target = head.split(' ').nth(1).unwrap().to_owned();
        heads.push(head);
        let mut up = TcpStream::connect(target).await.unwrap();
        io.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut io, &mut up).await;
        // The next one is refused.
        let (mut io, _) = proxy.accept().await.unwrap();
        heads.push(read_head(&mut io).await);
        io.write_all(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        heads
    });
    let url = server.url("/0");
    let dialer = Dialer::new(&url).unwrap();
    let connector = Connector::new().proxies(proxies.clone());
    let mut socket = connector.connect(&dialer, Config::default()).await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), Some(Message::text("Hi")));
    drop(socket);
    let result = connector.connect(&dialer, Config::default()).await.map(|_| ());
    assert!(matches!(result, Err(Error::Handshake(HandshakeError::Proxy(407)))), "{result:?}");
    let heads = relay.await.unwrap();
    for head in heads {
        assert!(head.starts_with(&format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\n", server.port)));
        assert!(head.contains("Proxy-Authorization: Basic dTpw\r\n"));
    }
    // What the proxy is told is not the server's business, and the other way round.
    let request = server.requests().remove(0);
    assert!(request.starts_with("GET /0 HTTP/1.1\r\n") && !request.contains("dTpw"), "{request}");
    // Hosts of no_proxy are asked directly; the proxy is gone by now.
    let direct = Proxies { no_proxy: "127.0.0.1".into(), ..proxies };
    let connector = Connector::new().proxies(direct);
    assert!(connector.connect(&dialer, Config::default()).await.is_ok());
}

#[tokio::test]
async fn a_proxy_that_does_not_answer_is_late() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    let proxies = Proxies { ws: Some(Proxy::parse(&url).unwrap()), ..Proxies::default() };
    let limits = Limits::builder().handshake_timeout(Duration::from_millis(200)).build().unwrap();
    let dialer = Dialer::new("ws://server.example/").unwrap();
    let connector = Connector::new().proxies(proxies);
    let began = Instant::now();
    let result = connector.connect(&dialer, Config::with_limits(limits)).await.map(|_| ());
    assert!(matches!(result, Err(Error::Handshake(HandshakeError::Timeout))), "{result:?}");
    assert!(began.elapsed() < Duration::from_secs(3));
    // One that ends instead is not.
    let ending = tokio::spawn(async move {
        for _ in 0..2 {
            let (mut io, _) = proxy.accept().await.unwrap();
            read_head(&mut io).await;
        }
    });
    let result = connector.connect(&dialer, Config::default()).await.map(|_| ());
    assert!(matches!(result, Err(Error::Handshake(HandshakeError::Incomplete))), "{result:?}");
    ending.await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever a server writes there: a URL that can be dialled, its origin told apart, or nothing.
    #[test]
    fn c11_any_location_leads_to_a_good_url_or_nowhere(
        from in prop::sample::select(vec!["ws://a/b?c", "wss://a:9001", "ws://[::1]:80/"]),
        location in "(http|https|ws|wss)?:?(//)?(a|b|\\[::1\\])?(:[0-9]{1,5})?[/?#][ -~\u{e9}]{0,8}|[ -~]{0,12}",
    ) {
        let dialer = Dialer::new(from).unwrap();
        let answer = format!("HTTP/1.1 302 x\r\nLocation: {location}\r\n\r\n");
        let mut client = ClientHandshake::new(&dialer, &Limits::default(), [7; 16], &mut Vec::new());
        prop_assert_eq!(client.handle_input(answer.as_bytes()).map(|_| ()), Err(HandshakeError::Status(302)));
        let refusal = client.refusal(answer.as_bytes()).unwrap();
        if let Some(redirect) = Redirect::of(dialer.url(), 302, refusal.fields()) {
            let to = Url::parse(&redirect.url).unwrap();
            let origin = |url: &Url<'_>| (url.is_secure(), url.host().to_ascii_lowercase(), url.port());
            prop_assert_eq!(redirect.same_origin, origin(&to) == origin(dialer.url()));
            prop_assert!(to.is_secure() || !dialer.url().is_secure());
        }
    }
}
