//! The checks of a server's opening handshake that Autobahn lacks (HS-01 to HS-76), by id: those that
//! concern a library. HS-62 to HS-72, permessage-deflate: `deflate_offers.rs`.
//!
//! Every request is fed to both machines whole, octet by octet and cut in two everywhere (HS-15); the
//! acceptance rows of the same rules, in `handshake_server*.rs`, have more of each.
#![cfg(feature = "alloc")]

mod handshake_support;

use handshake_support::{
    FIELDS, REQUEST_LINE, accepted, answer, feed, head, plus, upgrade, verdict, with,
    with_request_line,
};
use ws_core::handshake::policy::ChooseSubprotocol;
use ws_core::handshake::{HandshakeError, Key, Refusal, Rejection, RequestLine, Upgrade};

/// Each of `inputs` is answered with this status.
#[track_caller]
fn answered<I: AsRef<[u8]>>(status: u16, inputs: impl IntoIterator<Item = I>) {
    for input in inputs {
        let input = input.as_ref();
        let told = match verdict(input) {
            Ok(Some(_)) => 101,
            Ok(None) => 0,
            Err(rejection) => rejection.status(),
        };
        assert_eq!(told, status, "{}", input.escape_ascii());
    }
}

/// The good head with each of `values` as its only field called `name`.
fn values(name: &str, values: &[&str]) -> Vec<Vec<u8>> {
    values.iter().map(|value| with(name, &[&format!("{name}: {value}")])).collect()
}

fn request_lines(lines: &[&str]) -> Vec<Vec<u8>> {
    lines.iter().map(|line| with_request_line(line)).collect()
}

/// The good head with `line`, of whatever octets, behind its fields.
fn octets(line: &[u8]) -> Vec<u8> {
    let good = plus(&[]);
    [&good[..good.len() - 2], line, b"\r\n\r\n"].concat()
}

macro_rules! checks {
    ($($id:ident: $status:literal $inputs:expr;)*) => {$(
        #[test]
        fn $id() {
            answered($status, $inputs);
        }
    )*};
}

checks! {
    hs01_minimal: 101 [plus(&[])];
    hs02_other_methods: 405 request_lines(&[
        "POST / HTTP/1.1", "PUT / HTTP/1.1", "HEAD / HTTP/1.1", "OPTIONS / HTTP/1.1",
    ]);
    hs03_lower_case_get: 405 request_lines(&["get / HTTP/1.1"]);
    hs04_http_1_0: 505 request_lines(&["GET / HTTP/1.0"]);
    hs05_other_versions: 505 request_lines(&["GET / HTTP/1.2", "GET / HTTP/2.0"]);
    hs06_absolute_form: 101 request_lines(&["GET http://a/path HTTP/1.1"]);
    hs07_fragment: 400 request_lines(&["GET /a#b HTTP/1.1"]);
    hs10_bare_lf: 400 [octets(b"X: y\nZ: z")];
    hs11_bare_cr: 400 [octets(b"X: a\rb")];
    hs12_blank_before_colon: 400 [octets(b"X : a")];
    hs13_folded: 400 [octets(b"X: a\r\n b")];
    hs14_empty_line_first: 101 [[b"\r\n", &plus(&[])[..]].concat()];
    hs19_chunked_and_length: 400 [plus(&["Transfer-Encoding: chunked", "Content-Length: 5"])];
    hs23_control_octets: 400 [octets(b"X: a\0b"), octets(b"X: \x01"), octets(b"X: \x7f")];
    hs24_latin_1_and_utf_8: 101 [octets(b"X: caf\xe9"), octets(b"X: caf\xc3\xa9")];
    hs25_no_host: 400 [with("Host", &[])];
    hs26_two_hosts: 400 [with("Host", &["Host: a", "Host: a"])];
    hs27_host_without_port: 101 values("Host", &["a"]);
    hs28_no_upgrade: 426 [with("Upgrade", &[])];
    hs29_upgrade_in_any_case: 101 values("Upgrade", &["WebSocket", "WEBSOCKET"]);
    hs30_upgrade_list: 101 values("Upgrade", &["h2c, websocket", "websocket, h2c"]);
    hs31_upgrade_like_websocket: 426 values("Upgrade", &["websocket2", "xwebsocket"]);
    hs32_no_connection: 400 [with("Connection", &[])];
    hs33_connection_list: 101 values("Connection", &[
        "keep-alive, Upgrade", "upgrade", "UPGRADE , close",
    ]);
    hs34_two_connection_lines: 101 [
        with("Connection", &["Connection: keep-alive", "Connection: Upgrade"]),
    ];
    hs35_connection_upgraded: 400 values("Connection", &["Upgraded"]);
    hs36_names_in_any_case_and_padded_values: 101 [head(REQUEST_LINE, &[
        "hOST:\t a \t", "UPGRADE:websocket ", "connection: \tUpgrade",
        "SEC-websocket-KEY:  dGhlIHNhbXBsZSBub25jZQ==\t", "sec-WebSocket-version:\t13 ",
    ])];
    hs37_no_key: 400 [with("Sec-WebSocket-Key", &[])];
    hs38_keys_of_other_lengths: 400 values("Sec-WebSocket-Key", &[
        "", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZTE=", "dGhlIHNhbXBsZSBub25jZQ",
    ]);
    hs39_key_not_base64: 400 values("Sec-WebSocket-Key", &["!!!!!!!!!!!!!!!!!!!!!!=="]);
    hs40_key_with_pad_bits: 101 values("Sec-WebSocket-Key", &["dGhlIHNhbXBsZSBub25jZR=="]);
    hs41_two_keys: 400 [with("Sec-WebSocket-Key", &[FIELDS[3], FIELDS[3]])];
    hs42_padded_key: 101 values("Sec-WebSocket-Key", &["  dGhlIHNhbXBsZSBub25jZQ==\t "]);
    hs43_no_version: 400 [with("Sec-WebSocket-Version", &[])];
    hs44_newer_versions: 426 values("Sec-WebSocket-Version", &["14", "25"]);
    hs45_older_versions: 426 values("Sec-WebSocket-Version", &["0", "7", "8"]);
    hs46_versions_not_13: 426 values("Sec-WebSocket-Version", &["13, 8", "+13", "13.0", "abc"]);
    hs47_two_versions: 400 [with("Sec-WebSocket-Version", &[FIELDS[4], FIELDS[4]])];
    hs52_unknown_fields: 101 [plus(&["Cookie: a=b", "Authorization: Basic YTpi", "X-Y: z"])];
    hs58_subprotocol_rubbish: 400 [
        plus(&["Sec-WebSocket-Protocol: a, a"]), plus(&["Sec-WebSocket-Protocol: a,,b"]),
        plus(&["Sec-WebSocket-Protocol: a b"]),
    ];
    hs59_unknown_extension: 101 [plus(&["Sec-WebSocket-Extensions: x-unknown; a=b"])];
    hs60_malformed_extensions: 400 [
        plus(&["Sec-WebSocket-Extensions: a;;b"]), plus(&["Sec-WebSocket-Extensions: a; b="]),
        plus(&["Sec-WebSocket-Extensions: a; b=\"c"]),
    ];
}

#[test]
fn hs08_path_and_query_come_unchanged() {
    let accepted = accepted(&with_request_line("GET /a%20b/c?d=%C3%A9&e HTTP/1.1"));
    assert_eq!(
        (accepted.path.as_str(), accepted.query.as_deref()),
        ("/a%20b/c", Some("d=%C3%A9&e"))
    );
}

#[test]
fn hs09_an_unknown_resource_is_what_the_application_says() {
    struct Routes;
    impl Upgrade for Routes {
        fn on_request_line(&mut self, line: &RequestLine<'_>) -> Result<(), Refusal> {
            if line.path == "/chat" { Ok(()) } else { Err(Refusal::not_found()) }
        }
    }
    assert!(matches!(upgrade(&plus(&[]), [], &mut Routes).0, Ok(Some(_))));
    let (error, _) = upgrade(&with_request_line("GET /x HTTP/1.1"), [], &mut Routes);
    assert_eq!(error, Err(HandshakeError::Refused(404)));
}

#[test]
fn hs18_a_body_is_not_read() {
    let input = [plus(&["Content-Length: 5"]), b"hello\x81\x80abcd".to_vec()].concat();
    assert_eq!(verdict(&input), Err(Rejection::Body));
}

#[test]
fn hs20_hs21_long_heads_end_at_their_limits() {
    let line = format!("GET /{} HTTP/1.1", "x".repeat(64 * 1024));
    let long = format!("X: {}", "x".repeat(64 * 1024));
    let many = vec!["X: y"; 1000];
    let mib = vec![long.as_str(); 16];
    for (input, status) in [
        (with_request_line(&line), 414),
        (plus(&[&long]), 431),
        (plus(&many), 431),
        (plus(&mib), 431),
    ] {
        for cuts in [vec![], (0..20_000.min(input.len())).collect()] {
            assert_eq!(feed(&input, cuts).map_err(Rejection::status), Err(status));
        }
    }
}

#[test]
fn hs48_a_fresh_handshake_after_426_opens() {
    answered(426, values("Sec-WebSocket-Version", &["14"]));
    answered(101, [plus(&[])]);
}

#[test]
fn hs44_hs49_426_names_the_version_and_the_protocol() {
    let (head, _) = answer(Rejection::VersionUnsupported);
    for line in ["Sec-WebSocket-Version: 13", "Upgrade: websocket", "Connection: Upgrade, close"] {
        assert!(head.iter().any(|has| has == line), "{line} in {head:?}");
    }
}

#[test]
fn hs53_the_accept_value_for_the_sample_and_others() {
    for (random, expected) in [
        (*b"the sample nonce", Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")),
        ([0; 16], Some("ICX+Yqv66kxgM0FcWaLWlFLwTAI=")),
        ([0xA5; 16], None),
    ] {
        let key = Key::from_random(random);
        let line = format!("Sec-WebSocket-Key: {}", key.as_bytes().escape_ascii());
        let told = verdict(&with("Sec-WebSocket-Key", &[&line])).unwrap().unwrap().response;
        let value = key.accept().escape_ascii().to_string();
        assert!(expected.is_none_or(|expected| expected == value));
        let lines = told.lines().filter(|line| line.starts_with("Sec-WebSocket-Accept"));
        assert!(lines.eq([format!("Sec-WebSocket-Accept: {value}")]), "{told}");
    }
}

#[test]
fn hs54_hs55_hs73_the_101_has_nothing_that_was_not_asked_for() {
    let told = accepted(&plus(&[])).response;
    for absent in ["Content-Length", "Transfer-Encoding", "-Protocol", "-Extensions"] {
        assert!(!told.contains(absent), "{told}");
    }
    assert!(
        told.contains("\r\nUpgrade: websocket\r\n") && told.contains("\r\nConnection: Upgrade\r\n")
    );
}

#[test]
fn hs57_another_case_is_another_subprotocol() {
    let mut choose = ChooseSubprotocol::server_prefers(&["chat"]);
    let (agreed, _) = upgrade(&plus(&["Sec-WebSocket-Protocol: Chat"]), [], &mut choose);
    assert_eq!(agreed, Ok(Some((None, String::new()))));
}

#[test]
fn hs75_a_second_request_is_not_answered() {
    let input = [plus(&[]), plus(&[])].concat();
    assert_eq!(feed(&input, []), Err(Rejection::OctetsAfterHead));
}
