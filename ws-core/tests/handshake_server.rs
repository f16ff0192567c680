//! The server's half of the opening handshake, what a request must say: rows H01 to H11 and H33 of
//! the acceptance table, and the server rows (HS) of the list of checks that Autobahn lacks.
//!
//! Every head of every table is fed whole, octet by octet, and cut in two at every place; all must
//! say the same. The shape of heads is in `handshake_server_head.rs`.
#![cfg(feature = "alloc")]

mod handshake_support;

use handshake_support::{
    ACCEPT, FIELDS, REQUEST_LINE, accepted, answer, head, plus, refused, verdict, with,
    with_request_line,
};
use ws_core::handshake::{HeadError, Rejection};

#[test]
fn rfc_1_3_the_sample_is_accepted() {
    let input = head(
        REQUEST_LINE,
        &[
            "Host: server.example.com",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Origin: http://example.com",
            "Sec-WebSocket-Protocol: chat, superchat",
            "Sec-WebSocket-Version: 13",
        ],
    );
    let accepted = accepted(&input);
    assert_eq!(accepted.path, "/chat");
    assert_eq!(accepted.host, "server.example.com");
    // HS-54, HS-55: no framing of a body, no subprotocol.
    assert_eq!(
        accepted.response,
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    );
}

/// The status line of each status, whole, and the fields that stand with it alone.
#[test]
fn every_refusal_says_its_status_in_words() {
    let table: [(Rejection, &str, &[&str]); 7] = [
        (Rejection::RequestLine, "400 Bad Request", &[]),
        (Rejection::Method, "405 Method Not Allowed", &["Allow: GET"]),
        (Rejection::Timeout, "408 Request Timeout", &[]),
        (Rejection::Head(HeadError::StartLineTooLong), "414 URI Too Long", &[]),
        (
            Rejection::VersionUnsupported,
            "426 Upgrade Required",
            &["Upgrade: websocket", "Sec-WebSocket-Version: 13"],
        ),
        (Rejection::Head(HeadError::TooLong), "431 Request Header Fields Too Large", &[]),
        (Rejection::HttpVersion, "505 HTTP Version Not Supported", &[]),
    ];
    for (rejection, status, own) in table {
        let (head, _) = answer(rejection);
        assert_eq!(head[0], format!("HTTP/1.1 {status}"), "{rejection:?}");
        let stands = |line: &str| head.iter().any(|there| there == line);
        assert!(own.iter().all(|line| stands(line)), "{rejection:?}: {head:?}");
        let others = ["Allow: GET", "Upgrade: websocket", "Sec-WebSocket-Version: 13"];
        assert_eq!(others.iter().filter(|line| stands(line)).count(), own.len(), "{rejection:?}");
    }
}

#[test]
fn h01_a_method_other_than_get_is_405() {
    for method in ["POST", "PUT", "HEAD", "OPTIONS", "DELETE", "get", "Get", "GETT", "G"] {
        refused(&with_request_line(&format!("{method} / HTTP/1.1")), 405, Rejection::Method);
    }
    let (head, body) = answer(Rejection::Method);
    assert!(head.contains(&"Allow: GET".to_owned()), "{head:?}");
    assert_eq!(body, "", "a response to HEAD has no body");
}

#[test]
fn h02_another_version_of_http_is_505() {
    for line in [
        "GET / HTTP/1.0",
        "GET / HTTP/0.9",
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET / HTTP/9.9",
        "POST / HTTP/1.0",
        "GET /",
    ] {
        refused(&with_request_line(line), 505, Rejection::HttpVersion);
    }
    refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, Rejection::HttpVersion);
    // A client of HTTP/0.9 sends no more than this, and waits.
    refused(b"GET /\r\n", 505, Rejection::HttpVersion);
}

#[test]
fn h02_what_is_no_version_is_400() {
    for line in [
        "GET / HTTP/1.1 ",
        "GET / HTTP/1.11",
        "GET / HTTP/11",
        "GET / http/1.1",
        "GET / HTTP/1,1",
        "GET / HTTPS/1.1",
        "GET / ",
        "GET  HTTP/1.1",
        "GET  / HTTP/1.1",
        " GET / HTTP/1.1",
        "GET\t/\tHTTP/1.1",
        " / HTTP/1.1",
        "G@T / HTTP/1.1",
        "GET",
        "HELO example.com",
        "GET / index HTTP/1.1",
        "GET /\u{e9} HTTP/1.1",
        "GET /\0 HTTP/1.1",
        "GET /\r HTTP/1.1",
        "GET /\u{7f} HTTP/1.1",
    ] {
        refused(&with_request_line(line), 400, Rejection::RequestLine);
    }
    refused(b"\x16\x03\x01\x02\x00\x01\r\n", 400, Rejection::RequestLine);
}

#[test]
fn h03_host_is_there_once_and_well_formed() {
    refused(&with("Host", &[]), 400, Rejection::HostMissing);
    refused(&with("Host", &["Host: a", "Host: a"]), 400, Rejection::HostDuplicated);
    refused(&with("Host", &["Host: a", "host: b"]), 400, Rejection::HostDuplicated);
    for host in [
        "",
        "a b",
        "::::",
        ":80",
        "%00",
        "%0d%0aX",
        "%",
        "%4",
        "%zz",
        "%20",
        "a/b",
        "a?b",
        "a#b",
        "a@b",
        "a\\b",
        "a:b",
        "a:80:80",
        "a:-1",
        "a:+80",
        "a:65536",
        "a:99999999999999999999",
        "[::1",
        "::1",
        "[::1]x",
        "[::1]80",
        "[]",
        "[1.2.3.4]",
        "[g::]",
        "[fe80::1%25eth0]",
        "b\u{fc}cher.example",
        "a,b:80,c:81",
        "a, b",
    ] {
        let input = with("Host", &[&format!("Host: {host}")]);
        refused(&input, 400, Rejection::HostMalformed);
    }
    refused(&head_octets(b"Host: \xff"), 400, Rejection::HostMalformed);
    for host in [
        "a",
        "a:80",
        "a:",
        "a:0",
        "127.0.0.1:9001",
        "[::1]",
        "[::1]:9001",
        "[::ffff:1.2.3.4]",
        "xn--bcher-kva.example",
        "a_b.example.",
        "%41%C3%A9",
        "a,b",
    ] {
        let input = with("Host", &[&format!("Host: {host}")]);
        assert_eq!(accepted(&input).host, host);
    }
}

/// The good head with this line, which is not UTF-8, in the place of Host.
fn head_octets(line: &[u8]) -> Vec<u8> {
    let text = with("Host", &["Host: @"]);
    let at = text.windows(7).position(|window| window == b"Host: @").expect("the line");
    [&text[..at], line, &text[at + 7..]].concat()
}

#[test]
fn h04_upgrade_without_websocket_is_426() {
    refused(&with("Upgrade", &[]), 426, Rejection::UpgradeMissing);
    for value in
        ["", "h2c", "websocket2", "xwebsocket", "web socket", "\"websocket\"", "websocket/13"]
    {
        let input = with("Upgrade", &[&format!("Upgrade: {value}")]);
        refused(&input, 426, Rejection::UpgradeMissing);
    }
    let (head, _) = answer(Rejection::UpgradeMissing);
    assert!(head.contains(&"Upgrade: websocket".to_owned()), "{head:?}");
    assert!(head.contains(&"Connection: Upgrade, close".to_owned()), "{head:?}");
}

#[test]
fn h05_upgrade_is_a_list_in_any_case() {
    for lines in [
        &["Upgrade: h2c, WebSocket"][..],
        &["Upgrade: WEBSOCKET , h2c"],
        &["Upgrade:websocket"],
        &["Upgrade: \t ,, websocket ,\t"],
        &["Upgrade: h2c", "UPGRADE: websocket"],
        &["Upgrade: websocket", "Upgrade: h2c"],
    ] {
        accepted(&with("Upgrade", lines));
    }
}

#[test]
fn h06_connection_without_upgrade_is_400() {
    refused(&with("Connection", &[]), 400, Rejection::ConnectionMissing);
    for value in ["", "close", "keep-alive", "Upgraded", "Up grade", "upgrade;x"] {
        let input = with("Connection", &[&format!("Connection: {value}")]);
        refused(&input, 400, Rejection::ConnectionMissing);
    }
}

#[test]
fn h07_connection_is_a_list_in_any_case() {
    for lines in [
        &["Connection: keep-alive, Upgrade"][..],
        &["Connection: upgrade"],
        &["Connection: UPGRADE , close"],
        &["Connection: keep-alive", "Connection: Upgrade"],
        &["Connection: Upgrade", "Connection: keep-alive"],
    ] {
        accepted(&with("Connection", lines));
    }
}

#[test]
fn h08_version_missing_is_400() {
    refused(&with("Sec-WebSocket-Version", &[]), 400, Rejection::VersionMissing);
}

#[test]
fn h09_another_version_is_426_and_names_13() {
    for version in
        ["0", "7", "8", "12", "14", "25", "013", "+13", "13, 8", "13.0", "abc", "", "1 3"]
    {
        let input = with("Sec-WebSocket-Version", &[&format!("Sec-WebSocket-Version: {version}")]);
        refused(&input, 426, Rejection::VersionUnsupported);
    }
    let (head, _) = answer(Rejection::VersionUnsupported);
    assert!(head.contains(&"Sec-WebSocket-Version: 13".to_owned()), "{head:?}");
    assert!(head.contains(&"Upgrade: websocket".to_owned()), "{head:?}");
    let twice = ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13"];
    refused(&with("Sec-WebSocket-Version", &twice), 400, Rejection::VersionDuplicated);
}

#[test]
fn h10_the_key_is_there_once_and_well_formed() {
    const NAME: &str = "Sec-WebSocket-Key";
    refused(&with(NAME, &[]), 400, Rejection::KeyMissing);
    let sample = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    refused(&with(NAME, &[sample, sample]), 400, Rejection::KeyDuplicated);
    for key in [
        "",
        "dGhlIHNhbXBsZSBub25jZQ",    // 22 characters
        "dGhlIHNhbXBsZSBub25jZQ=",   // 23
        "dGhlIHNhbXBsZSBub25jZQ==a", // 25
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25j",     // 15 octets
        "dGhlIHNhbXBsZSBub25jZTE=", // 17 octets
        "dGhlIHNhbXBsZSBub25jZTEy", // 18 octets
        "dGhlIHNhbXBsZSBub25jZ-==", // another alphabet
        "dGhlIHNhbXBsZSBub25jZ_==",
        "dGhlIHNhbXBsZSBu\tb25jZ==",
        "dGhlIHNhbXBsZSBu b25jZ==",
        "dGhlIHNhbXBs=SBub25jZQ==",
        "========================",
        "!!!!!!!!!!!!!!!!!!!!!!==",
    ] {
        let input = with(NAME, &[&format!("{NAME}: {key}")]);
        refused(&input, 400, Rejection::KeyMalformed);
    }
    // HS-40: bits behind the 128 are the client's own affair; the text as sent is answered.
    let input = with(NAME, &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR=="]);
    assert!(matches!(verdict(&input), Ok(Some(accepted)) if !accepted.response.contains(ACCEPT)));
    // HS-42: blanks around the value are not part of it.
    accepted(&with(NAME, &["sec-websocket-KEY: \t dGhlIHNhbXBsZSBub25jZQ== \t "]));
}

#[test]
fn h11_a_body_is_400() {
    for lines in [
        &["Content-Length: 5"][..],
        &["Content-Length: 00"],
        &["Content-Length: -1"],
        &["Content-Length:"],
        &["Content-Length: 0, 5"],
        &["Content-Length: 0", "content-length: 5"],
        &["Transfer-Encoding: chunked"],
        &["transfer-encoding: identity"],
        &["Transfer-Encoding:"],
        &["Content-Length: 5", "Transfer-Encoding: chunked"],
    ] {
        refused(&plus(lines), 400, Rejection::Body);
    }
    accepted(&plus(&["Content-Length: 0"]));
    // The body is not read, nor taken for a mistake of its own.
    let with_body = [plus(&["Content-Length: 5"]), b"hello".to_vec()].concat();
    refused(&with_body, 400, Rejection::Body);
}

#[test]
fn h33_the_target_is_a_path_or_a_whole_uri() {
    for (target, path, query, host) in [
        ("/", "/", None, "server.example.com"),
        ("/chat?", "/chat", Some(""), "server.example.com"),
        ("/a%20b/%C3%A9?x=1&y=?/", "/a%20b/%C3%A9", Some("x=1&y=?/"), "server.example.com"),
        ("//host/x", "//host/x", None, "server.example.com"),
        ("/{|}\"<>^`\\", "/{|}\"<>^`\\", None, "server.example.com"),
        ("/http://x", "/http://x", None, "server.example.com"),
        ("http://other.example/chat?x", "/chat", Some("x"), "other.example"),
        ("HTTP://other.example/", "/", None, "other.example"),
        ("HTTPS://other.example:8443", "/", None, "other.example:8443"),
        ("http://[::1]:80?x", "/", Some("x"), "[::1]:80"),
    ] {
        let accepted = accepted(&with_request_line(&format!("GET {target} HTTP/1.1")));
        assert_eq!(accepted.target, target);
        assert_eq!((accepted.path.as_str(), accepted.query.as_deref()), (path, query), "{target}");
        assert_eq!(accepted.host, host, "{target}");
    }
    for (target, rejection) in [
        ("*", Rejection::TargetForm),
        ("chat", Rejection::TargetForm),
        ("server.example.com:80", Rejection::TargetForm),
        ("?x", Rejection::TargetForm),
        ("ftp://a/", Rejection::TargetForm),
        ("ws://a/", Rejection::TargetForm),
        ("http:/a", Rejection::TargetForm),
        ("/chat#top", Rejection::TargetFragment),
        ("http://a/#", Rejection::TargetFragment),
        ("#", Rejection::TargetFragment),
        ("http://", Rejection::HostMalformed),
        ("http:///chat", Rejection::HostMalformed),
        ("http://user@a/", Rejection::HostMalformed),
        ("http://a:port/", Rejection::HostMalformed),
    ] {
        refused(&with_request_line(&format!("GET {target} HTTP/1.1")), 400, rejection);
    }
    let connect = with_request_line("CONNECT server.example.com:80 HTTP/1.1");
    refused(&connect, 400, Rejection::TargetForm);
    // Host must be there, and be well formed, even where the target overrides it.
    let lines: Vec<&str> = FIELDS[1..].to_vec();
    refused(&head("GET http://a/ HTTP/1.1", &lines), 400, Rejection::HostMissing);
}
