//! The client's half of the opening handshake: rows C01 to C13 of the acceptance table, as far as
//! nothing is offered (`dialer.rs` has the rest), and the client rows (HC) of the list of checks that Autobahn lacks.
//!
//! Every answer of every table is fed whole, octet by octet, and cut in two at every place; all must
//! say the same.
#![cfg(feature = "alloc")]

use ws_core::Limits;
use ws_core::handshake::{
    ClientHandshake, Dialer, HandshakeError, HeadError, MAX_INTERIM_RESPONSES,
};

/// `Ok(Some(n))`: open, and frames begin at octet `n`.
type Verdict = Result<Option<usize>, HandshakeError>;

/// A client that has sent the key of RFC 6455 §1.3.
fn client() -> ClientHandshake<'static> {
    let url = Dialer::new("ws://server.example.com/chat").expect("a URL");
    let mut request = Vec::new();
    let client = ClientHandshake::new(&url, &Limits::default(), *b"the sample nonce", &mut request);
    let key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    assert!(request.windows(key.len()).any(|window| window == key));
    client
}

/// Feeds `input` up to each of `cuts`, then whole, until there is a verdict.
fn feed(input: &[u8], cuts: impl IntoIterator<Item = usize>) -> Verdict {
    let mut client = client();
    for cut in cuts.into_iter().chain([input.len()]) {
        match client.handle_input(&input[..cut]) {
            Ok(None) => {}
            verdict => return verdict.map(|response| response.map(|response| response.head_len())),
        }
    }
    Ok(None)
}

/// The verdict, once it is shown not to depend on the reads.
fn verdict(input: &[u8]) -> Verdict {
    let whole = feed(input, []);
    assert_eq!(feed(input, 0..input.len()), whole, "octet by octet: {}", input.escape_ascii());
    for cut in 0..input.len() {
        assert_eq!(feed(input, [cut]), whole, "cut at {cut}: {}", input.escape_ascii());
    }
    whole
}

const STATUS_LINE: &str = "HTTP/1.1 101 Switching Protocols";
const FIELDS: [&str; 3] = [
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
];

fn head(status_line: &str, lines: &[&str]) -> Vec<u8> {
    let mut head = format!("{status_line}\r\n");
    for line in lines {
        head.push_str(line);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// The good 101, with `lines` in the place of the field called `name`.
fn with(name: &str, lines: &[&str]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut found = false;
    for field in FIELDS {
        if field.split(':').next() == Some(name) {
            found = true;
            all.extend_from_slice(lines);
        } else {
            all.push(field);
        }
    }
    assert!(found, "no field {name}");
    head(STATUS_LINE, &all)
}

/// The good 101 with `lines` behind its fields.
fn plus(lines: &[&str]) -> Vec<u8> {
    head(STATUS_LINE, &[&FIELDS[..], lines].concat())
}

#[track_caller]
fn opens(input: &[u8]) {
    assert_eq!(verdict(input), Ok(Some(input.len())), "{}", input.escape_ascii());
}

#[track_caller]
fn fails(input: &[u8], error: HandshakeError) {
    assert_eq!(verdict(input), Err(error), "{}", input.escape_ascii());
}

#[test]
fn hc01_the_request_says_everything_once() {
    let url = Dialer::new("ws://server.example.com:9001/chat?room=7&x=%20").expect("a URL");
    let mut out = b"before".to_vec();
    let _ = ClientHandshake::new(&url, &Limits::default(), *b"the sample nonce", &mut out);
    assert_eq!(
        out.escape_ascii().to_string(),
        b"beforeGET /chat?room=7&x=%20 HTTP/1.1\r\n\
          Host: server.example.com:9001\r\n\
          Upgrade: websocket\r\n\
          Connection: Upgrade\r\n\
          Sec-WebSocket-Version: 13\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            .escape_ascii()
            .to_string()
    );
}

#[test]
fn c01_hc05_hc08_hc09_another_status_than_101_is_an_error_with_the_status() {
    for status in [200, 204, 301, 302, 307, 308, 400, 401, 404, 407, 426, 500, 503, 999] {
        let line = format!("HTTP/1.1 {status} Whatever");
        // HC-05: whatever fields stand there.
        fails(&head(&line, &FIELDS), HandshakeError::Status(status));
        fails(&head(&line, &[]), HandshakeError::Status(status));
        // A body is announced, and may follow.
        let mut input = head(&line, &["Content-Length: 5", "Sec-WebSocket-Version: 8, 7"]);
        input.extend_from_slice(b"hello");
        fails(&input, HandshakeError::Status(status));
    }
    // A refusal in HTTP/1.0, as many a small server and proxy sends, is a refusal.
    fails(&head("HTTP/1.0 404 Not Found", &[]), HandshakeError::Status(404));
    let text = HandshakeError::Status(401).to_string();
    assert!(text.contains("401"), "{text}");
}

#[test]
fn c02_hc10_eight_interim_responses_are_skipped_and_no_more() {
    let interim = [
        head("HTTP/1.1 100 Continue", &[]),
        head("HTTP/1.1 103 Early Hints", &["Link: </style.css>; rel=preload"]),
        head("HTTP/1.1 102", &[]),
    ];
    for count in 0..=usize::from(MAX_INTERIM_RESPONSES) + 1 {
        let mut input: Vec<u8> = interim.iter().cycle().take(count).flatten().copied().collect();
        input.extend_from_slice(&plus(&[]));
        if count <= usize::from(MAX_INTERIM_RESPONSES) {
            opens(&input);
        } else {
            fails(&input, HandshakeError::TooManyInterimResponses);
        }
    }
    assert_eq!(MAX_INTERIM_RESPONSES, 8);
    // A refusal behind an interim response.
    let input = [&interim[0], &head("HTTP/1.1 503 Busy", &[])[..]].concat();
    fails(&input, HandshakeError::Status(503));
    // The limit on fields is for each head.
    let hints = vec!["Link: x"; 100];
    opens(&[head("HTTP/1.1 103 Early Hints", &hints), plus(&hints[..97])].concat());
}

#[test]
fn c03_hc13_hc14_upgrade_and_connection_must_be_there() {
    fails(&with("Upgrade", &[]), HandshakeError::Upgrade);
    for value in ["", "websocket2", "h2c", "websocket, h2c", "h2c, websocket", "web socket"] {
        let input = with("Upgrade", &[&format!("Upgrade: {value}")]);
        fails(&input, HandshakeError::Upgrade);
    }
    fails(&with("Connection", &[]), HandshakeError::Connection);
    for value in ["", "close", "keep-alive", "upgraded"] {
        let input = with("Connection", &[&format!("Connection: {value}")]);
        fails(&input, HandshakeError::Connection);
    }
    opens(&with("Upgrade", &["UPGRADE:\tWebSocket "]));
    opens(&with("Connection", &["Connection: keep-alive, Upgrade"]));
    opens(&with("Connection", &["Connection: keep-alive", "connection: upgrade"]));
    opens(&with("Connection", &["Connection: upgrade", "Connection: keep-alive"]));
    opens(&with("Upgrade", &["Upgrade: websocket", "Upgrade: websocket"]));
}

#[test]
fn c04_hc15_hc16_hc17_hc18_accept_must_be_there_once_and_right() {
    const NAME: &str = "Sec-WebSocket-Accept";
    let right = FIELDS[2];
    fails(&with(NAME, &[]), HandshakeError::AcceptMissing);
    for value in [
        "",
        "S3PPLMBITXAQ9KYGZZHZRBK+XOO=", // other case
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo",  // cut
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo==",
        "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=, s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
        "HSmrc0sMlYUkAGmm5OPpG2HaGWk=", // for another key
        "dGhlIHNhbXBsZSBub25jZQ==",     // the key itself
    ] {
        let input = with(NAME, &[&format!("{NAME}: {value}")]);
        fails(&input, HandshakeError::AcceptMismatch);
    }
    let wrong = "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=";
    for lines in [[right, right], [right, wrong], [wrong, right]] {
        fails(&with(NAME, &lines), HandshakeError::AcceptDuplicated);
    }
    // HC-16, HC-18: blanks around it, and the case of the name, do not matter.
    opens(&with(NAME, &["sec-WEBSOCKET-accept: \t s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \t"]));
}

#[test]
fn c05_c07_hc19_hc20_what_was_not_offered_cannot_be_chosen() {
    for line in ["Sec-WebSocket-Extensions: permessage-deflate", "sec-websocket-extensions:"] {
        fails(&plus(&[line]), HandshakeError::ExtensionNotOffered);
    }
    for line in
        ["Sec-WebSocket-Protocol: chat", "sec-websocket-protocol: a, b", "Sec-WebSocket-Protocol:"]
    {
        fails(&plus(&[line]), HandshakeError::SubprotocolNotOffered);
    }
}

#[test]
fn c08_hc31_endless_heads_are_cut_off() {
    let limit = 16 * 1024;
    let too_long = Err(HandshakeError::Head(HeadError::TooLong));
    let input = |len: usize| {
        let rest = plus(&["X: "]).len();
        plus(&[&format!("X: {}", "x".repeat(len - rest))])
    };
    assert_eq!(feed(&input(limit), []), Ok(Some(limit)));
    assert_eq!(feed(&input(limit), 0..limit), Ok(Some(limit)));
    for len in [limit + 1, 1_000_000] {
        assert_eq!(feed(&input(len), []), too_long);
        assert_eq!(feed(&input(len), 0..limit + 1), too_long);
    }
    // For all heads together: what the caller must keep is one head's worth.
    let long = head("HTTP/1.1 103 Early Hints", &[&format!("Link: {}", "x".repeat(9000))]);
    let input = [&long, &long[..], &plus(&[])].concat();
    assert_eq!(feed(&input, []), too_long);
    assert_eq!(feed(&input, 0..input.len()), too_long);

    let status_line = format!("HTTP/1.1 101 {}", "x".repeat(8 * 1024));
    let too_long = Err(HandshakeError::Head(HeadError::StartLineTooLong));
    assert_eq!(feed(&head(&status_line, &FIELDS), []), too_long);

    opens(&plus(&vec!["X: y"; 100 - FIELDS.len()]));
    let too_many = HandshakeError::Head(HeadError::TooManyFields);
    fails(&plus(&vec!["X: y"; 101 - FIELDS.len()]), too_many);
    fails(&head("HTTP/1.1 404 Not Found", &vec!["X: y"; 101]), too_many);
}

#[test]
fn c09_hc04_frames_behind_the_101_are_left_exactly() {
    let frames = b"\x81\x05Hello\x89\x00\x82\x03\x00\r\n";
    for before in [vec![], head("HTTP/1.1 100 Continue", &[])] {
        let response = [before, plus(&[])].concat();
        let input = [&response[..], frames].concat();
        assert_eq!(verdict(&input), Ok(Some(response.len())));
        for len in response.len()..input.len() {
            assert_eq!(feed(&input[..len], []), Ok(Some(response.len())), "{len}");
        }
    }
    // Octets that look like more of a head are none.
    let response = plus(&[]);
    let input = [&response[..], b"X: y\r\n\r\n"].concat();
    assert_eq!(verdict(&input), Ok(Some(response.len())));
}

#[test]
fn c10_hc11_hc12_the_status_line_is_http_1_1() {
    for line in ["HTTP/1.0 101 Switching Protocols", "HTTP/1.2 101 x", "HTTP/2.0 101 x"] {
        fails(&head(line, &FIELDS), HandshakeError::HttpVersion);
    }
    fails(&head("HTTP/1.0 100 Continue", &[]), HandshakeError::HttpVersion);
    fails(&head("HTTP/2.0 200 OK", &[]), HandshakeError::HttpVersion);
    for line in [
        "",
        "HTTP",
        "HTTP/1.1",
        "HTTP/1.1 ",
        "HTTP/1.1 10",
        "HTTP/1.1 1011",
        "HTTP/1.1  101 x",
        "HTTP/1.1 +01 x",
        "HTTP/1.1 1O1 x",
        "HTTP/1.1 099 x",
        "HTTP/2 101 x",
        "http/1.1 101 x",
        "HTTP/1.1\t101 x",
        "HTTP/x.1 101 x",
        "HTTP/1.1 101\tx",
        "HTTP/1.1 101 \0",
        "HTTP/1.1 101 a\rb",
        "SSH-2.0-OpenSSH_9.2",
        " HTTP/1.1 101 x",
    ] {
        fails(&head(line, &FIELDS), HandshakeError::StatusLine);
    }
    // Told at once: who does not speak HTTP may never send an empty line.
    fails(b"SSH-2.0-OpenSSH_9.2\r\n", HandshakeError::StatusLine);
    // HC-12: the reason may be missing, with its blank or without, or be anything.
    for line in ["HTTP/1.1 101", "HTTP/1.1 101 ", "HTTP/1.1 101 Web Socket Protocol Handshake"] {
        opens(&head(line, &FIELDS));
    }
    let mut latin = head("HTTP/1.1 101 @", &FIELDS);
    latin[13] = 0xe9;
    opens(&latin);
}

#[test]
fn c10_hc33_hc36_what_is_not_the_grammar_of_http_fails() {
    let bad = |line: &[u8], error| {
        let input = [&plus(&[])[..plus(&[]).len() - 2], line, b"\r\n"].concat();
        fails(&input, HandshakeError::Head(error));
    };
    bad(b"X: a\n", HeadError::BareLf);
    bad(b" folded\r\n", HeadError::FoldedLine);
    bad(b"X : a\r\n", HeadError::BlankBeforeColon);
    bad(b": a\r\n", HeadError::NameEmpty);
    bad(b"X\r\n", HeadError::ColonMissing);
    bad(b"X@: a\r\n", HeadError::NameNotToken);
    bad(b"X: a\rb\r\n", HeadError::BareCr);
    bad(b"X: a\0b\r\n", HeadError::ValueControl);
    let lf_only: Vec<u8> = plus(&[]).into_iter().filter(|&octet| octet != b'\r').collect();
    fails(&lf_only, HandshakeError::Head(HeadError::BareLf));
    // Also where the status says no, and before an empty line that a request might have.
    let input = b"HTTP/1.1 404 Not Found\r\nX : y\r\n\r\n";
    fails(input, HandshakeError::Head(HeadError::BlankBeforeColon));
    fails(&[b"\r\n", &plus(&[])[..]].concat(), HandshakeError::StatusLine);
    // HC-36 and other fields that mean nothing here.
    opens(&plus(&["Set-Cookie: a=b", "Server: x", "Date: now", "Sec-WebSocket-Version: 13"]));
}

#[test]
fn c13_hc34_a_101_has_no_body() {
    for line in ["Content-Length: 0", "content-length: 5", "Transfer-Encoding: chunked"] {
        fails(&plus(&[line]), HandshakeError::Body);
        let input = [head("HTTP/1.1 100 Continue", &[line]), plus(&[])].concat();
        fails(&input, HandshakeError::Body);
    }
}

#[test]
fn hc32_the_end_of_the_stream_before_the_101_is_incomplete() {
    let input = plus(&[]);
    for len in 0..input.len() {
        let mut client = client();
        assert!(matches!(client.handle_input(&input[..len]), Ok(None)), "{len}");
        assert_eq!(client.handle_end_of_stream(), HandshakeError::Incomplete);
    }
}

#[test]
fn an_error_and_an_answer_are_said_again_when_asked_again() {
    let mut failed = client();
    let input = with("Upgrade", &[]);
    assert!(matches!(failed.handle_input(&input), Err(HandshakeError::Upgrade)));
    assert!(matches!(failed.handle_input(&plus(&[])), Err(HandshakeError::Upgrade)));
    assert_eq!(failed.handle_end_of_stream(), HandshakeError::Upgrade);
    assert_eq!(failed.handle_timeout(), HandshakeError::Upgrade);

    let mut late = client();
    assert_eq!(late.handle_timeout(), HandshakeError::Timeout);
    assert!(matches!(late.handle_input(&plus(&[])), Err(HandshakeError::Timeout)));

    let mut open = client();
    let mut input = plus(&["Server: x"]);
    let len = input.len();
    assert!(matches!(open.handle_input(&input), Ok(Some(response)) if response.head_len() == len));
    input.extend_from_slice(b"\x81\x00");
    let response = open.handle_input(&input).unwrap().unwrap();
    assert_eq!(response.head_len(), len);
    let server = response.fields().find(|field| field.is("server")).unwrap();
    assert_eq!(server.value_str(), Some("x"));
    let debug = format!("{response:?}");
    assert_eq!(debug, format!("Response {{ head_len: {len}, .. }}"));
}
