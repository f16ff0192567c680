//! The ready-made policies: rows H30 and H31 of the acceptance table, HS-51; host lists, cookies,
//! the recorder, tuples; and what [`Upgrader`] accepts, held against httparse.
#![cfg(feature = "alloc")]

mod handshake_support;

use handshake_support::{FIELDS, REQUEST_LINE, head, plus, with, with_request_line};
use proptest::prelude::*;
use ws_core::Limits;
use ws_core::handshake::policy::{ChooseSubprotocol, HostList, OriginPolicy, Recorder};
use ws_core::handshake::{
    HandshakeError, HeaderField, Refusal, Rejection, Request, RequestLine, Upgrade, Upgrader,
    cookies,
};

/// The status that answers.
fn status(input: &[u8], mut policy: impl Upgrade) -> u16 {
    let mut out = Vec::new();
    let mut upgrader = Upgrader::new(&Limits::default());
    let outcome = upgrader.handle_input(input, &mut policy, &mut out);
    match outcome {
        Ok(Some(_)) => 101,
        Ok(None) => panic!("the head is whole"),
        Err(HandshakeError::Refused(status)) => status,
        Err(error) => panic!("{error}"),
    }
}

fn from_origin(origin: &str) -> Vec<u8> {
    plus(&[&format!("Origin: {origin}")])
}

#[test]
fn h30_hs51_an_origin_out_of_the_list_is_403() {
    let list = ["https://good.example", "http://localhost:3000", "https://[::1]:8443"];
    let policy = OriginPolicy::list(&list);
    for origin in [
        "https://good.example",
        "https://good.example:443",
        "https://GOOD.example",
        "http://localhost:3000",
        "https://[::1]:8443",
    ] {
        assert_eq!(status(&from_origin(origin), policy), 101, "{origin}");
    }
    for origin in [
        "https://good.example.evil",
        "https://evil-good.example",
        "https://evil.example/https://good.example",
        "https://good.example/",
        "https://good.example@evil.example",
        "https://user@good.example",
        "http://good.example",
        "http://good.example:443",
        "ws://good.example",
        "wss://good.example",
        "HTTPS://good.example",
        "https://good.example:8443",
        "https://good.example:80",
        "https://good.example:",
        "https://good.example.",
        "https:good.example",
        "good.example",
        "localhost:3000",
        "http://localhost",
        "http://localhost:30000",
        "https://good.example, https://good.example",
        "https://good.example https://good.example",
        "https://xgood.example",
        "https://*",
        "https://",
        "null",
        "",
        "*",
        "https://caf\u{e9}",
    ] {
        // An empty port is no port (RFC 3986 §3.2.3).
        let expected = if origin.ends_with("example:") { 101 } else { 403 };
        assert_eq!(status(&from_origin(origin), policy), expected, "{origin}");
    }
    let line = "Origin: https://good.example";
    assert_eq!(status(&plus(&[line, line]), policy), 403, "two of them");
    assert_eq!(status(&plus(&[line, "origin: https://evil.example"]), policy), 403);
    assert_eq!(status(&from_origin("https://good.example"), OriginPolicy::list(&[])), 403);
}

#[test]
fn h30_the_same_origin_is_host_and_port() {
    let policy = OriginPolicy::default();
    for (host, origin, expected) in [
        ("a.example", "https://a.example", 101),
        ("a.example", "http://a.example", 101),
        ("A.example", "https://a.EXAMPLE", 101),
        ("a.example:443", "https://a.example", 101),
        ("a.example", "https://a.example:443", 101),
        ("a.example:8080", "http://a.example:8080", 101),
        ("[::1]:9001", "http://[::1]:9001", 101),
        ("a.example:443", "http://a.example", 403),
        ("a.example:8080", "http://a.example", 403),
        ("a.example", "http://a.example:8080", 403),
        ("a.example", "https://b.example", 403),
        ("a.example", "https://a.example.evil", 403),
        ("a.example", "https://x.a.example", 403),
        ("a.example", "null", 403),
        ("a.example", "file://a.example", 403),
    ] {
        let mut lines = FIELDS.to_vec();
        let (host_line, origin_line) = (format!("Host: {host}"), format!("Origin: {origin}"));
        lines[0] = &host_line;
        // Whichever comes first.
        for origin_at in [0, lines.len()] {
            let mut lines = lines.clone();
            lines.insert(origin_at, &origin_line);
            let input = head(REQUEST_LINE, &lines);
            assert_eq!(status(&input, policy), expected, "{host} {origin}");
        }
    }
    // A whole URI in the request line says which host is meant, not `Host`.
    let uri = with_request_line("GET http://b.example/ HTTP/1.1");
    let input = [&uri[..uri.len() - 2], b"Origin: http://b.example\r\n\r\n"].concat();
    assert_eq!(status(&input, policy), 101);
    assert_eq!(status(&input, HostList(&["b.example"])), 101);
    assert_eq!(status(&input, HostList(&["server.example.com"])), 421);
}

#[test]
fn h31_no_origin_is_accepted_unless_required() {
    for policy in [OriginPolicy::same_origin(), OriginPolicy::list(&["https://a"])] {
        assert_eq!(status(&plus(&[]), policy), 101);
        assert_eq!(status(&plus(&[]), policy.required()), 403);
    }
    assert_eq!(
        status(&from_origin("https://a"), OriginPolicy::list(&["https://a"]).required()),
        101
    );
}

#[test]
fn a_host_out_of_the_list_is_421() {
    let list = HostList(&["a.example", "b.example:8080", "[::1]"]);
    for (host, expected) in [
        ("a.example", 101),
        ("A.EXAMPLE:9001", 101),
        ("b.example:8080", 101),
        ("[::1]:1", 101),
        ("b.example", 421),
        ("b.example:80", 421),
        ("a.example.evil", 421),
        ("xa.example", 421),
        ("[::2]", 421),
        ("127.0.0.1", 421),
    ] {
        let input = with("Host", &[&format!("Host: {host}")]);
        assert_eq!(status(&input, list), expected, "{host}");
    }
}

#[test]
fn cookies_are_scanned() {
    let found = |value: &str| -> Vec<String> {
        let text = |octets: &[u8]| octets.escape_ascii().to_string();
        cookies(value.as_bytes())
            .map(|(name, value)| format!("{}={}", text(name), text(value)))
            .collect()
    };
    assert_eq!(found("a=b; c=d"), ["a=b", "c=d"]);
    assert_eq!(found(" a = b ;c=\"d\";e=;f=\"\";g=h=i;"), ["a=b", "c=d", "e=", "f=", "g=h=i"]);
    assert_eq!(found("junk; =x; a=b; ;; \t"), ["a=b"]);
    assert_eq!(found("a=\"b"), ["a=\\\"b"]);
    assert_eq!(found(""), [""; 0]);
}

#[test]
fn the_recorder_keeps_both_octet_for_octet() {
    let good = plus(&["Cookie: a=b"]);
    let bad = b"POST / HTTP/1.1\r\n";
    for (input, line, refused) in [
        (&good[..], "HTTP/1.1 101 ", None),
        (bad, "HTTP/1.1 405 ", Some(HandshakeError::Rejected(Rejection::Method))),
    ] {
        let mut recorder = Recorder::default();
        let mut out = Vec::new();
        let mut upgrader = Upgrader::new(&Limits::default());
        let _ = upgrader.handle_input(input, &mut recorder, &mut out);
        assert_eq!((&recorder.request[..], &recorder.response), (input, &out));
        assert!(out.starts_with(line.as_bytes()));
        assert_eq!(recorder.refused, refused);
    }
    let mut recorder = Recorder::default();
    let mut out = Vec::new();
    let error = Upgrader::new(&Limits::default()).handle_timeout(b"GET", &mut recorder, &mut out);
    assert_eq!(error, HandshakeError::Rejected(Rejection::Timeout));
    assert!(recorder.request == b"GET" && out.starts_with(b"HTTP/1.1 408 "));
}

#[test]
fn tuples_ask_from_left_to_right() {
    struct Note<'l>(&'l std::cell::RefCell<Vec<u8>>, u8, bool);
    impl Upgrade for Note<'_> {
        fn on_request_line(&mut self, _: &RequestLine<'_>) -> Result<(), Refusal> {
            self.0.borrow_mut().push(self.1);
            if self.2 { Err(Refusal::not_found()) } else { Ok(()) }
        }
        fn on_answered(&mut self, _: &[u8], _: &[u8], _: Option<HandshakeError>) {
            self.0.borrow_mut().push(self.1 + 10);
        }
    }
    let log = std::cell::RefCell::default();
    let note = |n, refuses| Note(&log, n, refuses);
    let all =
        (note(1, false), note(2, false), (), (note(3, false), note(4, false)), note(5, false), ());
    assert_eq!(status(&plus(&[]), all), 101);
    assert_eq!(log.take(), [1, 2, 3, 4, 5, 11, 12, 13, 14, 15]);
    assert_eq!(status(&plus(&[]), (note(1, false), note(2, true), note(3, false))), 404);
    assert_eq!(log.take(), [1, 2, 11, 12, 13]);
    // The first choice is taken.
    let (a, b) =
        (ChooseSubprotocol::server_prefers(&["a"]), ChooseSubprotocol::server_prefers(&["b"]));
    let input = plus(&["Sec-WebSocket-Protocol: b, a, c"]);
    let mut upgrader = Upgrader::new(&Limits::default());
    let mut out = Vec::new();
    let accepted = upgrader.handle_input(&input, &mut ((), a, b), &mut out).unwrap().unwrap();
    assert_eq!(accepted.subprotocol, Some("a"));
}

/// What was handed out.
#[derive(Default)]
struct Collect {
    target: String,
    fields: Vec<(String, Vec<u8>)>,
    whole: Vec<(String, Vec<u8>)>,
}

impl Upgrade for Collect {
    fn on_request_line(&mut self, line: &RequestLine<'_>) -> Result<(), Refusal> {
        self.target = line.target.to_owned();
        Ok(())
    }
    fn on_field(&mut self, field: &HeaderField<'_>) -> Result<(), Refusal> {
        self.fields.push((field.name.to_owned(), field.value.to_vec()));
        Ok(())
    }
    fn on_request(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        self.whole =
            request.fields().map(|field| (field.name.to_owned(), field.value.to_vec())).collect();
        Ok(())
    }
}

/// Heads that are good but for some lines and one octet.
fn near_request() -> impl Strategy<Value = Vec<u8>> {
    let value = prop::collection::vec(prop_oneof![b' '..=b'~', any::<u8>()], 0..10);
    let name = "[A-Za-z!#$%&'*+.^_`|~-]{0,6}";
    let lines = prop::collection::vec((name, "[: \t]{0,2}", value), 0..5);
    let edit = prop::option::weighted(0.3, (any::<prop::sample::Index>(), any::<u8>()));
    (lines, edit).prop_map(|(lines, edit)| {
        let mut input = plus(&[]);
        input.truncate(input.len() - 2);
        for (name, blanks, value) in lines {
            input.extend([name.as_bytes(), b":", blanks.as_bytes(), &value, b"\r\n"].concat());
        }
        input.extend_from_slice(b"\r\n");
        if let Some((at, octet)) = edit {
            let at = at.index(input.len());
            input[at] = octet;
        }
        input
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Never more than httparse, and never other fields.
    #[test]
    fn what_is_accepted_httparse_accepts_alike(
        input in near_request(),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut collect = Collect::default();
        let mut upgrader = Upgrader::new(&Limits::default());
        let mut out = Vec::new();
        let cut = cut.index(input.len());
        let first = upgrader.handle_input(&input[..cut], &mut collect, &mut out).map(|_| ());
        let accepted = first.is_ok()
            && matches!(upgrader.handle_input(&input, &mut collect, &mut out), Ok(Some(_)));
        if accepted {
            let mut headers = [httparse::EMPTY_HEADER; 100];
            let mut theirs = httparse::Request::new(&mut headers);
            prop_assert_eq!(theirs.parse(&input), Ok(httparse::Status::Complete(input.len())));
            prop_assert_eq!(theirs.path, Some(collect.target.as_str()));
            let theirs: Vec<_> = theirs
                .headers
                .iter()
                .map(|header| (header.name.to_owned(), header.value.to_vec()))
                .collect();
            prop_assert_eq!(&collect.fields, &theirs);
            prop_assert_eq!(&collect.whole, &theirs);
        }
    }
}
