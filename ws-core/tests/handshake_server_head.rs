//! The server's half of the opening handshake, the shape of heads whatever they say: rows H12 to H18,
//! H32 and H35 of the acceptance table: grammar, limits, reads, ends and answers.
//!
//! Every head that is not too long is fed whole, octet by octet, and cut in two at every place; all
//! must say the same.
#![cfg(feature = "alloc")]

mod handshake_support;

use handshake_support::{
    FIELDS, REQUEST_LINE, accepted, answer, feed, head, plus, refused, step, with,
    with_request_line,
};
use ws_core::Limits;
use ws_core::handshake::{HandshakeError, HeadError, Rejection, ServerHandshake};

#[test]
fn h12_what_is_not_the_grammar_of_http_is_400() {
    let bad = |line: &[u8], error| {
        let input = [&plus(&[])[..plus(&[]).len() - 2], line, b"\r\n"].concat();
        refused(&input, 400, Rejection::Head(error));
    };
    bad(b" folded\r\n", HeadError::FoldedLine);
    bad(b"X: a\r\n\tfolded: b\r\n", HeadError::FoldedLine);
    bad(b"X : a\r\n", HeadError::BlankBeforeColon);
    bad(b"X\t: a\r\n", HeadError::BlankBeforeColon);
    bad(b"X Y: a\r\n", HeadError::BlankBeforeColon);
    bad(b": a\r\n", HeadError::NameEmpty);
    bad(b"X\r\n", HeadError::ColonMissing);
    bad(b"X@Y: a\r\n", HeadError::NameNotToken);
    bad(b"X\xe9: a\r\n", HeadError::NameNotToken);
    bad(b"X\0: a\r\n", HeadError::NameNotToken);
    bad(b"\"X\": a\r\n", HeadError::NameNotToken);
    bad(b"X: a\rb\r\n", HeadError::BareCr);
    bad(b"X: a\r\r\n", HeadError::BareCr);
    bad(b"X\r: a\r\n", HeadError::BareCr);
    bad(b"X: a\0b\r\n", HeadError::ValueControl);
    bad(b"X: \x01\r\n", HeadError::ValueControl);
    bad(b"X: \x0b\r\n", HeadError::ValueControl);
    bad(b"X: \x1f\r\n", HeadError::ValueControl);
    bad(b"X: \x7f\r\n", HeadError::ValueControl);
    bad(b"X: a\n", HeadError::BareLf);
    bad(b"X: a\nY: b\r\n", HeadError::BareLf);
    bad(b"\n", HeadError::BareLf);
    refused(b"GET / HTTP/1.1\n", 400, Rejection::Head(HeadError::BareLf));
    refused(b"\nGET / HTTP/1.1\r\n", 400, Rejection::Head(HeadError::BareLf));
    // A field before the first line of fields has nothing to be folded onto either.
    let folded = head(REQUEST_LINE, &[" Host: a"]);
    refused(&folded, 400, Rejection::Head(HeadError::FoldedLine));
}

#[test]
fn h12_hs24_what_is_the_grammar_of_http_is_accepted() {
    let mut input =
        plus(&["X:", "X: \t", "X:a:b", "!#$%&'*+-.^_`|~09AZaz: v", "Cookie: a=b; c=\"d\""]);
    input.truncate(input.len() - 2);
    input.extend_from_slice(b"X-Latin: caf\xe9 \x80\xff\r\nX-Tab: a\tb\r\n\r\n");
    accepted(&input);

    let mut server = ServerHandshake::new(&Limits::default());
    let request = server.handle_input(&input).unwrap().unwrap();
    let fields: Vec<_> = request.fields().map(|field| (field.name, field.value)).collect();
    assert_eq!(fields.len(), 12);
    assert_eq!(fields[0], ("Host", &b"server.example.com"[..]));
    assert_eq!(fields[5..8], [("X", &b""[..]), ("X", b""), ("X", b"a:b")]);
    assert_eq!(fields[10..], [("X-Latin", &b"caf\xe9 \x80\xff"[..]), ("X-Tab", b"a\tb")]);
    let debug = format!("{request:?}");
    assert!(debug.contains("/chat") && !debug.contains("Cookie"), "fields in {debug}");
    let names = format!("{:?}", request.fields());
    assert!(names.contains("Cookie") && !names.contains("a=b"), "values in {names}");
    let field = request.fields().find(|field| field.is("x-latin")).expect("the field");
    assert_eq!(format!("{field:?}"), r"X-Latin: caf\xe9 \x80\xff");
    assert_eq!(field.value_str(), None);
}

#[test]
fn h13_a_request_line_over_8_kib_is_414() {
    let line = |len: usize| format!("GET /{} HTTP/1.1", "x".repeat(len - 14));
    let limit = 8 * 1024;
    let too_long = Rejection::Head(HeadError::StartLineTooLong);
    assert_eq!(too_long.status(), 414);

    let input = with_request_line(&line(limit));
    assert!(matches!(feed(&input, []), Ok(Some(_))));
    assert!(matches!(feed(&input, 0..input.len()), Ok(Some(_))));
    // HS-14: the empty line before does not count.
    assert!(matches!(feed(&[b"\r\n", &input[..]].concat(), []), Ok(Some(_))));

    for len in [limit + 1, limit + 2, 64 * 1024, 20_000_000] {
        let input = with_request_line(&line(len));
        assert_eq!(feed(&input, []), Err(too_long), "{len}");
        assert_eq!(feed(&input, (0..=len).take(limit + 10)), Err(too_long), "{len}");
    }
}

#[test]
fn h14_a_head_over_16_kib_is_431() {
    let limit = 16 * 1024;
    let too_long = Rejection::Head(HeadError::TooLong);
    assert_eq!(too_long.status(), 431);
    let input = |len: usize| {
        let rest = plus(&["X: "]).len();
        plus(&[&format!("X: {}", "x".repeat(len - rest))])
    };
    assert_eq!(input(limit).len(), limit);
    assert!(matches!(feed(&input(limit), []), Ok(Some(_))));
    assert!(matches!(feed(&input(limit), 0..limit), Ok(Some(_))));

    assert_eq!(feed(&input(limit + 1), []), Err(too_long));
    assert_eq!(feed(&input(limit + 1), 0..limit + 1), Err(too_long));
    // Without an end, the verdict comes with the last octet that could have held it.
    let endless = input(limit + 100);
    assert_eq!(feed(&endless[..limit - 1], []), Ok(None));
    assert_eq!(feed(&endless[..limit], []), Err(too_long));
    // In many lines, too.
    let lines: Vec<String> = (0..90).map(|n| format!("X-{n}: {}", "x".repeat(200))).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_eq!(feed(&plus(&lines), []), Err(too_long));
}

#[test]
fn h15_the_101st_header_field_is_431() {
    let too_many = Rejection::Head(HeadError::TooManyFields);
    let input = |fields: usize| plus(&vec!["X: y"; fields - FIELDS.len()]);
    accepted(&input(100));
    refused(&input(101), 431, too_many);
    refused(&input(1000), 431, too_many);
}

#[test]
fn h16_a_20_mb_header_field_is_looked_at_once_and_16_kib_far() {
    let mut input = plus(&["X: "]);
    input.truncate(input.len() - 4);
    input.resize(20_000_000, b'x');
    for read in [1460, 1] {
        let mut server = ServerHandshake::new(&Limits::default());
        let mut reads = 0;
        let verdict = loop {
            reads += 1;
            match step(&mut server, &input[..reads * read]) {
                Ok(None) => {}
                verdict => break verdict,
            }
        };
        assert_eq!(verdict, Err(Rejection::Head(HeadError::TooLong)));
        assert_eq!(reads, (16 * 1024_usize).div_ceil(read));
    }

    // No octet is looked at again: of the long line, those given before are made line ends each
    // time. Whoever looked again would find the head's end, or a bare LF.
    let line_start = input.len() - 20_000_000 + plus(&[]).len() - 2;
    let mut server = ServerHandshake::new(&Limits::default());
    for len in 1..16 * 1024 {
        assert_eq!(step(&mut server, &input[..len]), Ok(None), "at {len}");
        if len > line_start {
            input[len - 1] = b'\n';
        }
    }
    let last = step(&mut server, &input[..16 * 1024]);
    assert_eq!(last, Err(Rejection::Head(HeadError::TooLong)));
}

#[test]
fn h18_hs15_every_split_of_a_valid_head_is_accepted() {
    // `accepted` feeds it octet by octet, and cut in two everywhere; here, in three.
    let input = plus(&["Origin: http://example.com"]);
    let whole = feed(&input, []);
    assert!(matches!(whole, Ok(Some(_))));
    for first in 0..input.len() {
        for second in first..input.len() {
            assert_eq!(feed(&input, [first, second]), whole, "cut at {first} and {second}");
        }
    }
}

#[test]
fn h32_octets_behind_the_head_are_400() {
    let good = plus(&[]);
    for behind in [&b"\r\n"[..], b"\0", b"\x81\x80abcd", b"GET / HTTP/1.1\r\n\r\n", &good] {
        let input = [&good, behind].concat();
        let rejection = Rejection::OctetsAfterHead;
        assert_eq!(feed(&input, []), Err(rejection));
        // In whatever reads, if the last of them holds the head's end and more.
        assert_eq!(feed(&input, 0..good.len()), Err(rejection));
        assert_eq!(rejection.status(), 400);
    }
    // A request that is refused anyway keeps its own reason.
    let input = [with("Upgrade", &[]), b"\r\n".to_vec()].concat();
    assert_eq!(feed(&input, []), Err(Rejection::UpgradeMissing));
}

#[test]
fn h35_the_end_of_the_stream_inside_the_head_is_incomplete() {
    let input = plus(&[]);
    for len in 0..input.len() {
        let mut server = ServerHandshake::new(&Limits::default());
        assert_eq!(step(&mut server, &input[..len]), Ok(None), "{len}");
        assert_eq!(server.handle_end_of_stream(), HandshakeError::Incomplete);
    }
}

#[test]
fn h17_a_deadline_that_passed_is_408() {
    let mut server = ServerHandshake::new(&Limits::default());
    assert_eq!(step(&mut server, b"GET / HT"), Ok(None));
    assert_eq!(server.handle_timeout(), Rejection::Timeout);
    assert_eq!(Rejection::Timeout.status(), 408);
    assert_eq!(step(&mut server, &plus(&[])), Err(Rejection::Timeout), "it stays refused");
    assert_eq!(server.handle_end_of_stream(), HandshakeError::Rejected(Rejection::Timeout));
}

#[test]
fn hs14_one_empty_line_before_the_request_is_skipped() {
    let input = [b"\r\n", &plus(&[])[..]].concat();
    assert_eq!(accepted(&input).target, "/chat");
    refused(&[b"\r\n\r\n", &plus(&[])[..]].concat(), 400, Rejection::RequestLine);
}

#[test]
fn a_refusal_and_a_request_are_said_again_when_asked_again() {
    let mut server = ServerHandshake::new(&Limits::default());
    let refusal = step(&mut server, b"POST / HTTP/1.1\r\n");
    assert_eq!(refusal, Err(Rejection::Method));
    assert_eq!(step(&mut server, &plus(&[])), refusal);
    assert_eq!(server.handle_timeout(), Rejection::Method);

    let mut server = ServerHandshake::new(&Limits::default());
    let request = step(&mut server, &plus(&[]));
    assert!(matches!(request, Ok(Some(_))));
    assert_eq!(step(&mut server, &plus(&[])), request);
}

#[test]
fn hs50_every_refusal_is_whole_and_closes() {
    use HeadError as H;
    use Rejection as R;
    let heads = [
        H::StartLineTooLong,
        H::TooLong,
        H::TooManyFields,
        H::BareLf,
        H::BareCr,
        H::FoldedLine,
        H::NameEmpty,
        H::NameNotToken,
        H::BlankBeforeColon,
        H::ColonMissing,
        H::ValueControl,
    ];
    let others = [
        R::RequestLine,
        R::HttpVersion,
        R::Method,
        R::TargetForm,
        R::TargetFragment,
        R::HostMissing,
        R::HostDuplicated,
        R::HostMalformed,
        R::Body,
        R::UpgradeMissing,
        R::ConnectionMissing,
        R::VersionMissing,
        R::VersionDuplicated,
        R::VersionUnsupported,
        R::KeyMissing,
        R::KeyDuplicated,
        R::KeyMalformed,
        R::SubprotocolMalformed,
        R::SubprotocolDuplicated,
        R::ExtensionsMalformed,
        R::OctetsAfterHead,
        R::Timeout,
    ];
    for rejection in heads.map(R::Head).into_iter().chain(others) {
        let (head, body) = answer(rejection);
        let status_line = format!("HTTP/1.1 {} ", rejection.status());
        assert!(head[0].starts_with(&status_line) && head[0].len() > status_line.len(), "{head:?}");
        let closes =
            |line: &String| line == "Connection: close" || line == "Connection: Upgrade, close";
        assert_eq!(head.iter().filter(|line| closes(line)).count(), 1, "{head:?}");
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head:?} {body}");
        assert!(head[1..].iter().all(|line| line.contains(": ")), "{head:?}");
        assert_eq!(body.is_empty(), rejection == R::Method);
        // For people: what, with which status, by which rule.
        let text = rejection.to_string();
        assert!(text.contains(rejection.reason()) && text.contains("RFC "), "{text}");
    }
}
