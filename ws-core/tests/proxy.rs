//! Through an HTTP proxy: whose turn it is, CONNECT, and its answer at every split. Rows C08, C10
//! and C12 of the acceptance table hold for a proxy's answer and URL too.
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use ws_core::Limits;
use ws_core::handshake::{
    HandshakeError, HeadError, Proxies, Proxy, ProxyHandshake, Url, UrlError,
};

fn proxy() -> Proxy {
    Proxy::parse("http://proxy.example:3128").unwrap()
}

fn connect(proxy: &Proxy, url: &str) -> (ProxyHandshake, String) {
    let mut out = Vec::new();
    let url = Url::parse(url).unwrap();
    let handshake = ProxyHandshake::new(proxy, &url, &Limits::default(), &mut out);
    (handshake, String::from_utf8(out).unwrap())
}

fn feed(input: &[u8], cuts: impl IntoIterator<Item = usize>) -> Result<bool, HandshakeError> {
    let mut handshake = connect(&proxy(), "ws://a").0;
    for cut in cuts.into_iter().chain([input.len()]) {
        if handshake.handle_input(&input[..cut])? {
            return Ok(true);
        }
    }
    Ok(false)
}

#[track_caller]
fn gives(answer: &str, verdict: Result<bool, HandshakeError>) {
    let answer = answer.as_bytes();
    assert_eq!(feed(answer, []), verdict, "{}", answer.escape_ascii());
    assert_eq!(feed(answer, 0..answer.len()), verdict, "octet by octet");
    for cut in 0..answer.len() {
        assert_eq!(feed(answer, [cut]), verdict, "{} cut at {cut}", answer.escape_ascii());
    }
}

#[test]
fn a_tunnel_is_asked_for() {
    let request = |proxy: &str, url| connect(&Proxy::parse(proxy).unwrap(), url).1;
    assert_eq!(
        request("http://proxy.example:3128", "ws://server.example/chat?x"),
        "CONNECT server.example:80 HTTP/1.1\r\nHost: server.example:80\r\n\r\n"
    );
    assert_eq!(
        request("http://us%65r:p%40ss@proxy.example/", "wss://[::1]:9001"),
        "CONNECT [::1]:9001 HTTP/1.1\r\nHost: [::1]:9001\r\n\
         Proxy-Authorization: Basic dXNlcjpwQHNz\r\n\r\n"
    );
    // RFC 7617 §2: user-id ":" password, whichever of them is empty; `%3A` is no colon of the URL's.
    for (user_info, credentials) in [
        ("token@", Some("dG9rZW46")),
        ("token:@", Some("dG9rZW46")),
        ("to%3Aken@", Some("dG86a2VuOg==")),
        (":p@", Some("OnA=")),
        ("u:p:q@", Some("dTpwOnE=")),
        ("@", None),
        ("", None),
    ] {
        let request = request(&format!("http://{user_info}proxy.example"), "ws://a");
        let field = request.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
        let expected = credentials.map(|credentials| format!("Basic {credentials}"));
        assert_eq!(field, expected.as_deref(), "{user_info}");
    }
    // A03: whatever is decoded is encoded again.
    let request = request("http://a%0d%0aX:%00@p", "wss://a");
    assert_eq!(request.matches("\r\n").count(), 4);
    assert!(!request.contains('\0'));
}

#[test]
fn c12_urls_of_proxies() {
    use UrlError::{Host, IllegalOctet, Port, ProxyScheme, UserInfo};
    for (url, host, port) in
        [("http://a", "a", 80), ("HTTP://a:1/", "a", 1), ("http://u:p@[::1]:8080", "::1", 8080)]
    {
        let proxy = Proxy::parse(url).unwrap();
        assert_eq!((proxy.host(), proxy.port()), (host, port));
        assert!(!format!("{proxy:?}").contains("cred"), "{proxy:?}");
    }
    for (url, error) in [
        ("", ProxyScheme),
        ("proxy.example:3128", ProxyScheme),
        ("https://a", ProxyScheme),
        ("socks5://a", ProxyScheme),
        ("http://", Host),
        ("http://a/b", Host),
        ("http://a:0", Port),
        ("http://a:x", Port),
        ("http://%4@a", UserInfo),
        ("http://%zz@a", UserInfo),
        ("http://a\r\n", IllegalOctet),
        ("http://a b", IllegalOctet),
    ] {
        assert_eq!(Proxy::parse(url), Err(error), "{url:?}");
    }
    assert!(UrlError::ProxyScheme.to_string().contains("http://"));
}

#[test]
fn the_answer_opens_the_tunnel_or_says_why_not() {
    gives("HTTP/1.1 200 Connection established\r\n\r\n", Ok(true));
    gives("HTTP/1.0 200 Connection established\r\nVia: x\r\n\r\n", Ok(true));
    gives("HTTP/1.1 204 \r\nContent-Length: 5\r\n\r\n", Ok(true));
    gives("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\n\r\n", Ok(true));
    let refused = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\n\r\n";
    gives(refused, Err(HandshakeError::Proxy(403)));
    gives("HTTP/1.1 200 OK\r\n", Ok(false));
    for status in [101, 300, 302, 400, 403, 407, 502, 504] {
        let answer = format!("HTTP/1.1 {status} x\r\nProxy-Authenticate: Basic\r\n\r\n");
        gives(&answer, Err(HandshakeError::Proxy(status)));
        assert!(HandshakeError::Proxy(status).to_string().contains(&status.to_string()));
    }
    gives("SSH-2.0-OpenSSH\r\n", Err(HandshakeError::StatusLine));
    gives("HTTP/2.0 200 OK\r\n", Err(HandshakeError::HttpVersion));
    gives("HTTP/1.1 200 OK\n\n", Err(HandshakeError::Head(HeadError::BareLf)));
    let folded = "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n";
    gives(folded, Err(HandshakeError::Head(HeadError::FoldedLine)));
    // Octets behind the answer, in the read that ends it.
    let answer = b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101";
    for cut in 20..answer.len() {
        assert_eq!(feed(&answer[..cut], []), Err(HandshakeError::ProxyOctets));
    }
}

#[test]
fn c08_endless_answers_of_proxies_are_cut_off() {
    let too_long = Err(HandshakeError::Head(HeadError::TooLong));
    let endless = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(100_000));
    assert_eq!(feed(endless.as_bytes(), []), too_long);
    assert_eq!(feed(endless.as_bytes(), (0..20_000).step_by(7)), too_long);
    let interim = "HTTP/1.1 100 x\r\n\r\n".repeat(10_000);
    assert_eq!(feed(interim.as_bytes(), []), too_long);
    // Said again.
    let mut handshake = connect(&proxy(), "ws://a").0;
    assert_eq!(handshake.handle_input(endless.as_bytes()), too_long);
    assert_eq!(handshake.handle_input(b"HTTP/1.1 200 OK\r\n\r\n"), too_long);
}

#[test]
fn the_environment_says_which_proxy() {
    let from = |variables: &'static [(&str, &str)]| {
        Proxies::from_variables(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    let (a, b) = ("http://a", "http://b");
    let proxy = |url| Some(Proxy::parse(url).unwrap());
    let both = from(&[("http_proxy", "http://a"), ("https_proxy", "http://b")]).unwrap();
    assert_eq!((both.ws, both.wss), (proxy(a), proxy(b)));
    // HTTP_PROXY may be a stranger's header field; an empty variable says nothing.
    let upper = [("HTTP_PROXY", "http://a"), ("https_proxy", ""), ("HTTPS_PROXY", "http://b")];
    let upper = Proxies::from_variables(|name| {
        upper.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
    });
    let upper = upper.unwrap();
    assert_eq!((upper.ws, upper.wss), (None, proxy(b)));
    assert_eq!(from(&[]), Ok(Proxies::default()));
    assert_eq!(from(&[("http_proxy", "a:3128")]), Err(UrlError::ProxyScheme));
}

#[test]
fn no_proxy_names_hosts_and_domains() {
    let goes_direct = |no_proxy: &str, url: &str| {
        let proxies =
            Proxies { ws: Some(proxy()), wss: Some(proxy()), no_proxy: no_proxy.to_owned() };
        proxies.choose(&Url::parse(url).unwrap()).is_none()
    };
    for (no_proxy, url) in [
        ("*", "ws://a"),
        ("a.example", "ws://a.example"),
        ("x, A.example ,y", "wss://a.EXAMPLE/"),
        ("example", "ws://a.example"),
        (".example", "ws://a.example"),
        ("*.example", "ws://a.example"),
        (".example", "ws://example"),
        ("a.example:80", "ws://a.example"),
        ("a.example:9001", "ws://a.example:9001"),
        ("127.0.0.1", "ws://127.0.0.1"),
        ("::1", "ws://[::1]"),
        ("[::1]:80", "ws://[::1]"),
    ] {
        assert!(goes_direct(no_proxy, url), "{no_proxy:?} {url}");
    }
    for (no_proxy, url) in [
        ("", "ws://a"),
        (",", "ws://a"),
        ("a.example", "ws://example"),
        ("a.example", "ws://ba.example"),
        ("ample", "ws://a.example"),
        ("a.example:81", "ws://a.example"),
        ("127.0.0.0/8", "ws://127.0.0.1"),
        ("**", "ws://a"),
        ("..", "ws://a"),
    ] {
        assert!(!goes_direct(no_proxy, url), "{no_proxy:?} {url}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_answer_is_judged_alike_however_it_is_cut(
        input in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "HTTP/1.[01] [1-4]00 x\r\n(X ?: [a\r]\r?\n){0,3}(\r\n)?(HTTP/1.1 200\r\n\r\n)?".prop_map(String::into_bytes),
        ],
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut cuts: Vec<usize> = at.iter().map(|at| at.index(input.len() + 1)).collect();
        cuts.sort_unstable();
        match (feed(&input, []), feed(&input, cuts)) {
            // What comes behind the head is seen only in the read that ends it.
            (Err(HandshakeError::ProxyOctets), Ok(true)) => {}
            (whole, cut) => prop_assert_eq!(whole, cut),
        }
    }

    #[test]
    fn a03_any_proxy_is_refused_or_asked_in_its_lines(
        url in "http://((%0[ad]|[!-~]){0,6}@)?[a-c.:\\[\\]]{1,8}/?|[ -~\r\n\u{e9}]{0,20}",
        no_proxy in "[a-c.:,*\\[\\] ]{0,12}",
    ) {
        if let Ok(proxy) = Proxy::parse(&url) {
            let request = connect(&proxy, "wss://a.b/c").1;
            let lines = 3 + request.matches("\r\nProxy-Authorization: Basic ").count();
            prop_assert_eq!(request.matches("\r\n").count(), lines);
            prop_assert_eq!(request.matches(['\r', '\n']).count(), 2 * lines);
            let proxies = Proxies { wss: Some(proxy), no_proxy, ..Proxies::default() };
            let _ = proxies.choose(&Url::parse("wss://a.b/c").unwrap());
        }
    }
}
