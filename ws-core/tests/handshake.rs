//! Both halves of the opening handshake together, keys, URLs, and arbitrary octets.
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use ws_core::Limits;
use ws_core::handshake::{
    ClientHandshake, Dialer, HandshakeError, Key, Rejection, ServerHandshake, Url, UrlError, tokens,
};

#[test]
fn key_vectors() {
    // RFC 6455 §1.3, then two computed with another implementation (Python hashlib).
    for (key, accept) in [
        ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("x3JJHMbDL1EzLkh9GBhXDw==", "HSmrc0sMlYUkAGmm5OPpG2HaGWk="),
        ("AAAAAAAAAAAAAAAAAAAAAA==", "ICX+Yqv66kxgM0FcWaLWlFLwTAI="),
    ] {
        let key = Key::parse(key.as_bytes()).unwrap();
        assert_eq!(key.accept().escape_ascii().to_string(), accept);
    }
    assert_eq!(Key::from_random([0; 16]).as_bytes(), b"AAAAAAAAAAAAAAAAAAAAAA==");
    assert_eq!(Key::from_random([0xFF; 16]).as_bytes(), b"/////////////////////w==");
    assert_eq!(format!("{:?}", Key::from_random([0; 16])), "Key(AAAAAAAAAAAAAAAAAAAAAA==)");
}

#[test]
fn token_lists() {
    for (list, elements) in [
        ("", &[][..]),
        (" \t,, ,", &[]),
        ("a", &["a"]),
        ("a,b", &["a", "b"]),
        ("\ta , b\t,", &["a", "b"]),
        ("a b, c", &["a b", "c"]),
    ] {
        let elements = elements.iter().map(|element: &&str| element.as_bytes());
        assert!(tokens(list.as_bytes()).eq(elements), "{list:?}");
    }
}

#[test]
fn hc37_urls_that_can_be_dialed() {
    for (url, host, port, host_field, path, query) in [
        ("ws://a", "a", 80, "a", "/", None),
        ("ws://a/", "a", 80, "a", "/", None),
        ("WS://a:80/x", "a", 80, "a", "/x", None),
        ("ws://a:/x", "a", 80, "a", "/x", None),
        ("ws://a:9001", "a", 9001, "a:9001", "/", None),
        ("ws://a:65535?q", "a", 65535, "a:65535", "/", Some("q")),
        ("ws://a?", "a", 80, "a", "/", None),
        ("ws://a/b?c=d?e/@:", "a", 80, "a", "/b", Some("c=d?e/@:")),
        ("ws://a//b/@c", "a", 80, "a", "//b/@c", None),
        (
            "ws://127.0.0.1:9001/runCase?case=1&agent=x",
            "127.0.0.1",
            9001,
            "127.0.0.1:9001",
            "/runCase",
            Some("case=1&agent=x"),
        ),
        ("ws://[::1]", "::1", 80, "[::1]", "/", None),
        ("ws://[::1]:80/", "::1", 80, "[::1]", "/", None),
        ("ws://[2001:db8::1]:8080/x", "2001:db8::1", 8080, "[2001:db8::1]:8080", "/x", None),
        (
            "ws://xn--bcher-kva.example/%C3%A9",
            "xn--bcher-kva.example",
            80,
            "xn--bcher-kva.example",
            "/%C3%A9",
            None,
        ),
    ] {
        let parsed = Url::parse(url).unwrap();
        assert_eq!(
            (parsed.host(), parsed.port(), parsed.host_field()),
            (host, port, host_field),
            "{url}"
        );
        assert_eq!((parsed.path(), parsed.query()), (path, query), "{url}");
    }
}

#[test]
fn c12_a03_urls_that_cannot_be_dialed() {
    use UrlError::{Fragment, Host, IllegalOctet, Port, Scheme, UserInfo};
    for (url, error) in [
        ("", Scheme),
        ("a", Scheme),
        ("/chat", Scheme),
        ("ws:", Scheme),
        ("ws:/a", Scheme),
        ("ws:a", Scheme),
        ("http://a/", Scheme),
        ("https://a/", Scheme),
        ("xws://a/", Scheme),
        ("wsss://a/", Scheme),
        ("wss:a", Scheme),
        ("ws://a/#", Fragment),
        ("ws://a#b", Fragment),
        ("ws://a/b?c#d", Fragment),
        ("ws://user@a/", UserInfo),
        ("ws://user:pass@a/", UserInfo),
        ("ws://@a/", UserInfo),
        ("ws://", Host),
        ("ws:///chat", Host),
        ("ws://?x", Host),
        ("ws://:80/", Host),
        ("ws://::1/", Host),
        ("ws://[::1/", Host),
        ("ws://[a]/", Host),
        ("ws://a\\b/", Host),
        ("ws://%00/", Host),
        ("ws://a:0/", Port),
        ("ws://a:65536/", Port),
        ("ws://a:-1/", Port),
        ("ws://a:+80/", Port),
        ("ws://a:abc/", Port),
        ("ws://a:80:80/", Port),
        ("ws://[::1]80/", Port),
        ("ws://a/\r\nX: y", IllegalOctet),
        ("ws://a/\rx", IllegalOctet),
        ("ws://a/\nx", IllegalOctet),
        ("ws://a\r\n/", IllegalOctet),
        ("ws://a/\0", IllegalOctet),
        ("ws://a/b c", IllegalOctet),
        ("ws://a/?\t", IllegalOctet),
        (" ws://a/", IllegalOctet),
        ("ws://a/\u{7f}", IllegalOctet),
        ("ws://b\u{fc}cher.example/", IllegalOctet),
        ("ws://a/\u{e9}", IllegalOctet),
    ] {
        assert_eq!(Url::parse(url), Err(error), "{url:?}");
        assert!(error.to_string().contains("URL"));
    }
}

#[test]
fn the_two_halves_agree_octet_by_octet() {
    let limits = Limits::default();
    for (url, random) in [("ws://a", [0; 16]), ("ws://[::1]:9001/x?y=z", [0xFF; 16])] {
        let dialer = Dialer::new(url).unwrap();
        let url = dialer.url();
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let mut client = ClientHandshake::new(&dialer, &limits, random, &mut up);
        let mut server = ServerHandshake::new(&limits);
        for len in 0..up.len() {
            assert!(server.handle_input(&up[..len]).unwrap().is_none());
        }
        let request = server.handle_input(&up).unwrap().unwrap();
        assert_eq!((request.path, request.query), (url.path(), url.query()));
        assert_eq!(request.host, url.host_field());
        assert_eq!(request.key, Key::from_random(random));
        assert_eq!(request.head_len(), up.len());
        request.accept(&mut down);
        for len in 0..down.len() {
            assert!(client.handle_input(&down[..len]).unwrap().is_none());
        }
        assert_eq!(client.handle_input(&down).unwrap().unwrap().head_len(), down.len());
    }
}

#[test]
fn a_refusal_by_the_one_is_a_status_for_the_other() {
    let url = Dialer::new("ws://a").unwrap();
    for rejection in [Rejection::Method, Rejection::UpgradeMissing, Rejection::Timeout] {
        let mut client = ClientHandshake::new(&url, &Limits::default(), [1; 16], &mut Vec::new());
        let mut answer = Vec::new();
        rejection.write(&mut answer);
        let status = HandshakeError::Status(rejection.status());
        assert_eq!(client.handle_input(&answer).map(|_| ()), Err(status));
    }
}

#[test]
fn nothing_is_allocated_when_the_buffers_are_given() {
    let (mut up, mut down) = (Vec::with_capacity(512), Vec::with_capacity(512));
    let mut open = 0;
    let allocations = allocation_counter::measure(|| {
        let limits = Limits::default();
        let url = Dialer::new("ws://[::1]:9001/chat?room=7").unwrap();
        let mut client = ClientHandshake::new(&url, &limits, [7; 16], &mut up);
        let mut server = ServerHandshake::new(&limits);
        assert!(server.handle_input(&up[..40]).unwrap().is_none());
        let request = server.handle_input(&up).unwrap().unwrap();
        assert_eq!(request.fields().count(), 5);
        request.accept(&mut down);
        open = client.handle_input(&down).unwrap().unwrap().head_len();
        down.clear();
        Rejection::VersionUnsupported.write(&mut down);
    });
    assert_eq!(open, 129);
    assert_eq!(allocations.count_total, 0);
    // It counts: without the caller's buffers there is something to allocate.
    let allocations = allocation_counter::measure(|| Rejection::Method.write(&mut Vec::new()));
    assert!(allocations.count_total > 0);
}

#[test]
fn small_limits_hold_too() {
    let limits =
        Limits::builder().max_head_len(100).max_request_line_len(100).build().expect("limits");
    for len in [1, 99, 100, 101, 1000] {
        let octets = vec![b'x'; len];
        let mut server = ServerHandshake::new(&limits);
        assert_eq!(server.handle_input(&octets).is_err(), len >= 100, "{len}");
    }
}

/// Octets that come near to a head: lines of good heads, broken, repeated and cut.
fn near_head(
    first: &'static str,
    fields: &'static [&'static str],
) -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        8 => prop::sample::select(fields).prop_map(|line| line.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
        1 => prop::sample::select(&[": ", " x", "x", "x : y", "\0", "x:\ty\r"][..])
            .prop_map(|line| line.as_bytes().to_vec()),
    ];
    let end = prop::sample::select(&["\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n\r\n"][..]);
    let lines = prop::collection::vec((line, end), 0..10);
    let good = prop::bool::weighted(0.7);
    (good, lines, prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..2))
        .prop_map(move |(good, lines, edits)| {
            let mut octets = format!("{first}\r\n").into_bytes();
            if good {
                octets.extend(fields.iter().flat_map(|field| [field.as_bytes(), b"\r\n"].concat()));
            }
            octets.extend(lines.iter().flat_map(|(line, end)| [line, end.as_bytes()].concat()));
            octets.extend_from_slice(b"\r\n");
            for (at, octet) in edits {
                let at = at.index(octets.len());
                octets[at] = octet;
            }
            octets
        })
}

const REQUEST: &[&str] = &[
    "Host: a",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
];
const RESPONSE: &[&str] = &[
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    "Sec-WebSocket-Protocol: chat",
    "Sec-WebSocket-Extensions: x-a; b",
];

/// The limits of a test, small enough that some inputs meet them.
fn limits() -> Limits {
    let builder = Limits::builder().max_head_len(300).max_request_line_len(40);
    builder.max_header_fields(9).build().expect("limits")
}

fn serve(input: &[u8], cuts: &[usize]) -> Result<Option<(String, usize)>, Rejection> {
    let mut server = ServerHandshake::new(&limits());
    for &cut in cuts {
        if let Some(request) = server.handle_input(&input[..cut])? {
            return Ok(Some((request.target.to_owned(), request.head_len())));
        }
    }
    Ok(None)
}

fn dial(input: &[u8], cuts: &[usize]) -> Result<Option<usize>, HandshakeError> {
    let url = Dialer::new("ws://a").expect("a URL").subprotocols(&["chat"]).expect("a token");
    let url = url.extensions(&["x-a; b"]).expect("an extension");
    let mut out = Vec::new();
    let mut client = ClientHandshake::new(&url, &limits(), *b"the sample nonce", &mut out);
    for &cut in cuts {
        if let Some(response) = client.handle_input(&input[..cut])? {
            return Ok(Some(response.head_len()));
        }
    }
    Ok(None)
}

fn cuts(input: &[u8], at: &[prop::sample::Index]) -> Vec<usize> {
    let mut cuts: Vec<usize> = at.iter().map(|at| at.index(input.len() + 1)).collect();
    cuts.push(input.len());
    cuts.sort_unstable();
    cuts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_request_is_judged_alike_however_it_is_cut(
        input in prop_oneof![
            1 => prop::collection::vec(any::<u8>(), 0..400),
            4 => near_head("GET / HTTP/1.1", REQUEST),
        ],
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        let whole = serve(&input, &[input.len()]);
        let cut = serve(&input, &cuts(&input, &at));
        match (&whole, &cut) {
            // What comes behind the head is seen only in the read that ends it.
            (Err(Rejection::OctetsAfterHead), Ok(Some((_, head_len)))) => {
                prop_assert!(*head_len < input.len());
                prop_assert_eq!(serve(&input, &[*head_len]), cut);
            }
            _ => prop_assert_eq!(whole, cut),
        }
    }

    #[test]
    fn any_response_is_judged_alike_however_it_is_cut(
        input in prop_oneof![
            1 => prop::collection::vec(any::<u8>(), 0..400),
            4 => near_head("HTTP/1.1 101 Switching Protocols", RESPONSE),
            1 => near_head("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101", RESPONSE),
            1 => near_head("HTTP/1.1 404 Not Found", RESPONSE),
        ],
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..40),
    ) {
        prop_assert_eq!(dial(&input, &[input.len()]), dial(&input, &cuts(&input, &at)));
    }

    #[test]
    fn a_url_that_parses_makes_a_request_that_is_accepted(
        url in "ws://[a-c%.:\\[\\]@]{0,6}[!-~ \r\n\u{e9}]{0,12}",
        random in any::<[u8; 16]>(),
    ) {
        if let Ok(dialer) = Dialer::new(&url) {
            let (url, mut out) = (dialer.url(), Vec::new());
            let _ = ClientHandshake::new(&dialer, &Limits::default(), random, &mut out);
            let mut server = ServerHandshake::new(&Limits::default());
            let request = server.handle_input(&out);
            let request = request.expect("a good request").expect("a whole request");
            prop_assert_eq!((request.path, request.query), (url.path(), url.query()));
            prop_assert_eq!(request.host, url.host_field());
        }
    }

    #[test]
    fn a_key_is_base64_of_16_octets(random in any::<[u8; 16]>(), text in "[A-Za-z0-9+/=]{20,26}") {
        let key = Key::from_random(random);
        prop_assert_eq!(Key::parse(key.as_bytes()), Some(key));
        // The oracle: 24 characters, of which two pad, and only they.
        let good = text.len() == 24 && text.find('=') == Some(22) && text.ends_with("==");
        prop_assert_eq!(Key::parse(text.as_bytes()).is_some(), good);
    }
}
