//! What a client asks for, and what it lets the server choose: rows C05, C07, C12 and A03 of the
//! acceptance table, and HC-01, HC-19 to HC-24, HC-37 and HC-38.
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use ws_core::Limits;
use ws_core::handshake::{
    ClientHandshake, Dialer, HandshakeError, MAX_OFFERS, OfferError, ServerHandshake, UrlError,
};

const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

fn plain() -> Dialer<'static> {
    Dialer::new("ws://server.example.com/chat").expect("a URL")
}

fn dial<'a>(dialer: &Dialer<'a>) -> (ClientHandshake<'a>, String) {
    let mut out = Vec::new();
    let client = ClientHandshake::new(dialer, &Limits::default(), *b"the sample nonce", &mut out);
    (client, String::from_utf8(out).expect("UTF-8"))
}

fn request(dialer: &Dialer<'_>) -> String {
    dial(dialer).1
}

/// The subprotocol and the extensions that an answer with `lines` chooses: whole, octet by octet,
/// and cut in two at every place.
fn choose(
    dialer: &Dialer<'_>,
    lines: &str,
) -> Result<(Option<String>, Vec<String>), HandshakeError> {
    let answer = format!("{ANSWER}{lines}\r\n").into_bytes();
    let feed = |cuts: &[usize]| {
        let mut client = dial(dialer).0;
        for &cut in cuts {
            assert!(matches!(client.handle_input(&answer[..cut]), Ok(None)), "{lines:?} at {cut}");
        }
        let response = client.handle_input(&answer)?.expect("a whole answer");
        assert_eq!(response.head_len(), answer.len());
        let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).expect("UTF-8");
        let extensions = response.extensions().map(text).collect();
        Ok((response.subprotocol().map(str::to_owned), extensions))
    };
    let whole = feed(&[]);
    assert_eq!(feed(&(0..answer.len()).collect::<Vec<_>>()), whole, "{lines:?}");
    for cut in 0..answer.len() {
        assert_eq!(feed(&[cut]), whole, "{lines:?} cut at {cut}");
    }
    whole
}

#[test]
fn hc01_everything_that_can_be_asked_for() {
    let dialer = Dialer::new("wss://example.com/chat?room=7")
        .unwrap()
        .host("other.example:8443")
        .unwrap()
        .subprotocols(&["chat.v2", "chat.v1"])
        .unwrap()
        .extensions(&["permessage-deflate; client_max_window_bits", "x-b"])
        .unwrap()
        .header_fields(&[("Origin", "https://example.com"), ("X-Empty", ""), ("X-Name", "J\u{e9}")])
        .unwrap();
    assert_eq!(
        request(&dialer),
        "GET /chat?room=7 HTTP/1.1\r\n\
         Host: other.example:8443\r\n\
         Upgrade: websocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: chat.v2, chat.v1\r\n\
         Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-b\r\n\
         Origin: https://example.com\r\n\
         X-Empty: \r\n\
         X-Name: J\u{e9}\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    let request = request(&dialer);
    let mut server = ServerHandshake::new(&Limits::default());
    let request = server.handle_input(request.as_bytes()).unwrap().expect("a whole request");
    assert_eq!(request.host, "other.example:8443");
}

/// Default ports by scheme, IPv6 literals, and what `Host` says of them.
#[test]
fn c12_hc37_hc38_what_a_url_says() {
    for (url, secure, host, port, host_field) in [
        ("ws://a", false, "a", 80, "a"),
        ("wss://a", true, "a", 443, "a"),
        ("WSS://a/", true, "a", 443, "a"),
        ("ws://a:443", false, "a", 443, "a:443"),
        ("wss://a:80", true, "a", 80, "a:80"),
        ("wss://a:443", true, "a", 443, "a"),
        ("ws://a:80", false, "a", 80, "a"),
        ("wss://[::1]", true, "::1", 443, "[::1]"),
        ("wss://[::1]:9001/x", true, "::1", 9001, "[::1]:9001"),
    ] {
        let dialer = Dialer::new(url).unwrap();
        let parsed = dialer.url();
        assert_eq!(
            (parsed.is_secure(), parsed.host(), parsed.port()),
            (secure, host, port),
            "{url}"
        );
        assert!(request(&dialer).contains(&format!("\r\nHost: {host_field}\r\n")), "{url}");
    }
    for (url, error) in [
        ("wss://a/#b", UrlError::Fragment),
        ("wss://user:pass@a/", UrlError::UserInfo), // HC-38
        ("wss://b\u{fc}cher.example/", UrlError::IllegalOctet), // HC-38
        ("wss://a/\r\nX: y", UrlError::IllegalOctet),
        ("wss://a:0/", UrlError::Port),
        ("https://a/", UrlError::Scheme),
    ] {
        assert_eq!(Dialer::new(url).err(), Some(error), "{url:?}");
    }
}

#[test]
fn a03_no_text_of_the_callers_breaks_out_of_its_line() {
    for bad in ["\r", "\n", "\0", "\r\n", "a\r\nX: y", "a\nb", "\u{7f}", "\u{1b}"] {
        let error = |dialer: Result<Dialer<'_>, OfferError>| dialer.err();
        assert_eq!(error(plain().host(bad)), Some(OfferError::Host), "{bad:?}");
        assert_eq!(error(plain().header_fields(&[(bad, "")])), Some(OfferError::FieldName));
        let fields = [("X", "y"), ("X", bad)];
        assert_eq!(error(plain().header_fields(&fields)), Some(OfferError::FieldValue), "{bad:?}");
        assert_eq!(error(plain().subprotocols(&[bad])), Some(OfferError::Subprotocol), "{bad:?}");
        let extension = format!("x; y={bad}");
        assert_eq!(error(plain().extensions(&[&extension])), Some(OfferError::Extension));
        assert!(Dialer::new(&format!("ws://a/{bad}")).is_err());
    }
    for name in ["", "X Y", "X:", "(x)", "J\u{e9}"] {
        assert_eq!(plain().header_fields(&[(name, "")]).err(), Some(OfferError::FieldName));
    }
    for name in [
        "Host",
        "upgrade",
        "CONNECTION",
        "Content-Length",
        "transfer-encoding",
        "Expect",
        "TE",
        "Sec-WebSocket-Key",
        "sec-websocket-anything",
        "Sec-WebSocket-",
        "Trailer",
        "keep-alive",
    ] {
        assert_eq!(plain().header_fields(&[(name, "")]).err(), Some(OfferError::FieldReserved));
    }
    assert!(
        plain().header_fields(&[("Sec-WebSocke", ""), ("Hosts", "\t "), ("Origin", "a")]).is_ok()
    );
    for host in ["", "a b", "user@a", "a:b", "a/b", "[::1"] {
        assert_eq!(plain().host(host).err(), Some(OfferError::Host), "{host:?}");
    }
}

#[test]
fn offers_are_tokens_and_not_too_many() {
    for bad in ["", "a b", "a,b", "a;b", "\"a\"", "\u{e9}"] {
        assert_eq!(plain().subprotocols(&["x", bad]).err(), Some(OfferError::Subprotocol));
    }
    let twice = plain().subprotocols(&["a", "b", "a"]);
    assert_eq!(twice.err(), Some(OfferError::SubprotocolDuplicated));
    assert!(plain().subprotocols(&["a", "A"]).is_ok());
    for bad in ["", ";", "; x", "a b; c", "a, b", "a; b=\"c,d\"", "a\u{e9}"] {
        assert_eq!(plain().extensions(&[bad]).err(), Some(OfferError::Extension), "{bad:?}");
    }
    let names: Vec<String> = (0..=MAX_OFFERS).map(|n| format!("p{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(MAX_OFFERS, 16);
    assert!(plain().subprotocols(&names[..16]).unwrap().extensions(&names[..16]).is_ok());
    assert_eq!(plain().subprotocols(&names).err(), Some(OfferError::TooMany));
    assert_eq!(plain().extensions(&names).err(), Some(OfferError::TooMany));
    // All sixteen may be chosen.
    let all = plain().extensions(&names[..16]).unwrap();
    let line = format!("Sec-WebSocket-Extensions: {}\r\n", names[..16].join(","));
    assert_eq!(choose(&all, &line).unwrap().1, names[..16]);
}

#[test]
fn c07_hc20_hc21_hc22_the_subprotocol_is_one_of_those_offered() {
    let dialer = plain().subprotocols(&["chat.v2", "chat.v1"]).unwrap();
    let chosen = |lines: &str| choose(&dialer, lines).map(|chosen| chosen.0);
    assert_eq!(chosen(""), Ok(None)); // HC-21
    assert_eq!(chosen("Sec-WebSocket-Protocol: chat.v1\r\n"), Ok(Some("chat.v1".into())));
    assert_eq!(chosen("sec-websocket-PROTOCOL: \tchat.v2 \r\n"), Ok(Some("chat.v2".into())));
    for value in ["", "chat", "Chat.v1", "CHAT.V1", "chat.v1, chat.v2", "chat.v1,", "\"chat.v1\""] {
        let refused = chosen(&format!("Sec-WebSocket-Protocol: {value}\r\n"));
        assert_eq!(refused, Err(HandshakeError::SubprotocolNotOffered), "{value:?}");
    }
    for two in [["chat.v1", "chat.v2"], ["chat.v1", "chat.v1"]] {
        let [one, other] = two.map(|value| format!("Sec-WebSocket-Protocol: {value}\r\n"));
        let refused = chosen(&(one + &other));
        assert_eq!(refused, Err(HandshakeError::SubprotocolDuplicated), "{two:?}");
    }
    let none = choose(&plain(), "Sec-WebSocket-Protocol: chat.v1\r\n");
    assert_eq!(none, Err(HandshakeError::SubprotocolNotOffered));
}

#[test]
fn c05_hc19_hc23_hc24_extensions_are_among_those_offered_and_once() {
    let dialer = plain().extensions(&["x-a; p", "x-b", "x-a"]).unwrap();
    let chosen = |lines: &str| choose(&dialer, lines).map(|chosen| chosen.1);
    let line = |value: &str| format!("Sec-WebSocket-Extensions: {value}\r\n");
    assert_eq!(chosen(""), Ok(vec![]));
    assert_eq!(chosen(&line("x-b")), Ok(vec!["x-b".into()]));
    assert_eq!(chosen(&line("x-b, x-a; p=1")), Ok(vec!["x-b".into(), "x-a; p=1".into()]));
    // HC-23
    let two_lines = line("x-a ; p") + &line("x-b");
    assert_eq!(chosen(&two_lines), Ok(vec!["x-a ; p".into(), "x-b".into()]));
    for value in ["", ",", "x-c", "x-b, x-c", "X-B", "x-b x-a", "x-bb", "; p", "x-a; q=\"1,2\""] {
        assert_eq!(chosen(&line(value)), Err(HandshakeError::ExtensionNotOffered), "{value:?}");
    }
    // HC-24, also where it was offered twice.
    for lines in [line("x-b, x-b"), line("x-a; p, x-b, x-a"), line("x-b") + &line("x-b")] {
        assert_eq!(chosen(&lines), Err(HandshakeError::ExtensionDuplicated), "{lines:?}");
    }
    let none = choose(&plain(), &line("x-a"));
    assert_eq!(none, Err(HandshakeError::ExtensionNotOffered));
}

#[test]
fn dialing_allocates_nothing_when_the_buffers_are_given() {
    let answer = format!(
        "{ANSWER}Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Extensions: x-a; p, x-b\r\n\r\n"
    );
    let refusal = "HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let (mut out, mut body) = (Vec::with_capacity(1024), Vec::with_capacity(64));
    let dialled = allocation_counter::measure(|| {
        let dialer = Dialer::new("wss://[::1]:9001/chat?room=7")
            .and_then(|dialer| dialer.host("a").map_err(|_| UrlError::Host))
            .unwrap()
            .header_fields(&[("Authorization", "Bearer 0123")])
            .unwrap()
            .subprotocols(&["chat", "b"])
            .unwrap()
            .extensions(&["x-a; p", "x-b"])
            .unwrap();
        let nonce = *b"the sample nonce";
        let mut client = ClientHandshake::new(&dialer, &Limits::default(), nonce, &mut out);
        assert!(client.handle_input(&answer.as_bytes()[..40]).unwrap().is_none());
        let response = client.handle_input(answer.as_bytes()).unwrap().unwrap();
        assert_eq!((response.subprotocol(), response.extensions().count()), (Some("chat"), 2));

        out.clear();
        let mut client = ClientHandshake::new(&dialer, &Limits::default(), nonce, &mut out);
        assert!(client.handle_input(refusal.as_bytes()).is_err());
        let refused = client.refusal(refusal.as_bytes()).unwrap();
        let mut reader = refused.body();
        reader.feed(&refusal.as_bytes()[refused.head_len()..], &mut body);
        assert!(reader.is_done());
    });
    assert_eq!(body, b"hello");
    assert_eq!(dialled.count_total, 0, "{dialled:?}");
    // It counts: without the caller's buffer there is something to allocate.
    assert!(allocation_counter::measure(|| drop(dial(&plain()))).count_total > 0);
}

/// G5: octets of header fields are searched for the head's end as they arrive, and never again: here
/// all but the newest become LFs once they were fed, and no line is seen to end there.
#[test]
fn g5_no_octet_of_a_head_is_searched_twice() {
    let interim = "HTTP/1.1 103 x\r\n\r\n";
    let fields_start = interim.len() + ANSWER.find("Upgrade").unwrap();
    let lines = "X: 0123456789abcdef\r\n".repeat(90) + &format!("Y: {}\r\n", "y".repeat(9000));
    let whole = format!("{interim}{ANSWER}{lines}\r\n").into_bytes();
    let mut client = dial(&plain()).0;
    let mut input = Vec::new();
    for &octet in &whole[..whole.len() - 1] {
        if let Some((_, fed)) = input.get_mut(fields_start..).and_then(<[u8]>::split_last_mut) {
            fed.fill(b'\n');
        }
        input.push(octet);
        assert!(matches!(client.handle_input(&input), Ok(None)), "at {}", input.len());
    }
    let response = client.handle_input(&whole).unwrap().expect("a whole answer");
    assert_eq!(response.head_len(), whole.len());
}

#[test]
fn values_of_header_fields_are_not_shown() {
    let dialer = plain().header_fields(&[("Authorization", "secret")]).unwrap();
    let shown = format!("{dialer:?}");
    assert!(shown.contains("Authorization") && !shown.contains("secret"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a dialer takes, it writes as exactly those lines; a server reads them back.
    #[test]
    fn a03_any_text_is_refused_or_stays_in_its_line(
        name in "[A-Za-z-]{1,8}|[ -~\r\n\0\u{e9}]{0,6}",
        value in "[ -~\t\r\n\0\u{e9}]{0,10}|[ -~]{0,10}",
        subprotocol in "[a-z.]{1,4}|[ -~\r\n]{0,4}",
        extension in "[a-z]{1,3}(; [a-z=]{1,3})?|[ -~\r\n]{0,4}",
    ) {
        let fields = [(&*name, &*value)];
        let (subprotocols, extensions) = ([&*subprotocol], [&*extension]);
        let mut dialer = plain();
        let mut lines = 7;
        if let Ok(with) = dialer.header_fields(&fields) {
            (dialer, lines) = (with, lines + 1);
        }
        if let Ok(with) = dialer.subprotocols(&subprotocols) {
            (dialer, lines) = (with, lines + 1);
        }
        if let Ok(with) = dialer.extensions(&extensions) {
            (dialer, lines) = (with, lines + 1);
        }
        let request = request(&dialer);
        prop_assert_eq!(request.matches("\r\n").count(), lines);
        prop_assert_eq!(request.matches(['\r', '\n']).count(), 2 * lines);
        prop_assert!(!request.contains('\0'));
        let mut server = ServerHandshake::new(&Limits::default());
        let request = server.handle_input(request.as_bytes());
        let request = request.expect("a good request").expect("a whole request");
        prop_assert_eq!(request.fields().count(), lines - 2);
    }
}
