//! What a server says when it refuses: row C01 of the acceptance table, HC-05 to HC-09 and HC-36.
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use ws_core::Limits;
use ws_core::handshake::{
    BodyReader, ClientHandshake, Dialer, HandshakeError, MAX_REFUSAL_BODY_LEN,
};

fn client() -> ClientHandshake<'static> {
    let dialer = Dialer::new("ws://a").expect("a URL");
    ClientHandshake::new(&dialer, &Limits::default(), *b"the sample nonce", &mut Vec::new())
}

/// The body of `answer`, whose octets arrive up to each of `cuts`, then to the end; whether it was
/// seen to be whole; and how many octets of `answer` had been read by then.
fn read(answer: &[u8], cuts: impl IntoIterator<Item = usize>) -> (Vec<u8>, bool, usize) {
    let mut client = client();
    let mut body: Option<BodyReader> = None;
    let mut out = Vec::new();
    let mut read = 0;
    for cut in cuts.into_iter().chain([answer.len()]) {
        match &mut body {
            Some(body) => body.feed(&answer[read..cut], &mut out),
            None => match client.handle_input(&answer[..cut]) {
                Ok(None) => {}
                Err(HandshakeError::Status(status)) => {
                    let refusal = client.refusal(&answer[..cut]).expect("a refusal");
                    assert_eq!(refusal.status(), status);
                    assert_eq!(client.handle_end_of_stream(), HandshakeError::Status(status));
                    let mut reader = refusal.body();
                    reader.feed(&answer[refusal.head_len()..cut], &mut out);
                    body = Some(reader);
                }
                other => panic!("{other:?}"),
            },
        }
        read = cut;
        if body.as_ref().is_some_and(BodyReader::is_done) {
            break;
        }
    }
    (out, body.expect("a whole head").is_done(), read)
}

#[track_caller]
fn gives(answer: &[u8], body: &[u8], whole: bool) {
    let expected = (body.to_vec(), whole);
    let (seen, done, _) = read(answer, []);
    assert_eq!((seen, done), expected, "{}", answer.escape_ascii());
    let (seen, done, _) = read(answer, 0..answer.len());
    assert_eq!((seen, done), expected, "octet by octet: {}", answer.escape_ascii());
    for cut in 0..answer.len() {
        let (seen, done, _) = read(answer, [cut]);
        assert_eq!((seen, done), expected, "cut at {cut}: {}", answer.escape_ascii());
    }
}

fn answer(status: u16, fields: &str, rest: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} x\r\n{fields}\r\n{rest}").into_bytes()
}

#[test]
fn c01_hc05_hc06_hc07_hc08_hc09_hc36_status_fields_and_body_of_a_refusal() {
    for status in [200, 204, 301, 302, 304, 307, 308, 400, 401, 404, 407, 426, 500, 503] {
        let fields = "Content-Length: 5\r\nWWW-Authenticate: Basic\r\nSec-WebSocket-Version: 8, 7\r\n\
                      Set-Cookie: a=b\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
        let answer = answer(status, fields, "hello and more");
        let body: &[u8] = if matches!(status, 204 | 304) { b"" } else { b"hello" };
        gives(&answer, body, true);
        let mut client = client();
        let refused = client.handle_input(&answer).map(|_| ());
        assert_eq!(refused, Err(HandshakeError::Status(status)));
        // Said again, and still there: no later input makes a connection of it (#66).
        assert_eq!(client.handle_input(&answer).map(|_| ()), refused);
        assert_eq!(client.handle_timeout(), HandshakeError::Status(status));
        let refusal = client.refusal(&answer).expect("a refusal");
        let field = refusal.fields().find(|field| field.is("www-authenticate")).unwrap();
        assert_eq!(field.value_str(), Some("Basic")); // HC-07
        assert!(!format!("{refusal:?}").contains("Basic"));
    }
    assert!(client().refusal(b"").is_none());
}

#[test]
fn c01_a_body_ends_by_its_length_its_chunks_or_the_stream() {
    gives(&answer(400, "Content-Length: 0\r\n", "x"), b"", true);
    gives(&answer(400, "Content-Length: 5\r\n", "hel"), b"hel", false);
    gives(&answer(400, "", "hello"), b"hello", false);
    // A length that cannot be believed in.
    gives(&answer(400, "Content-Length: 2\r\nContent-Length: 3\r\n", "hello"), b"hello", false);
    gives(&answer(400, "Content-Length: -2\r\n", "hello"), b"hello", false);
    gives(&answer(400, "Content-Length: 99999999999999999999999\r\n", "hello"), b"hello", false);

    let chunked =
        |rest: &str| answer(400, "Content-Length: 1\r\nTransfer-Encoding: Chunked\r\n", rest);
    gives(&chunked("5\r\nhello\r\n0\r\n\r\n"), b"hello", true);
    gives(&chunked("5;a=b\r\nhello\r\n6 \r\n world\r\n00\r\nX: y\r\n\r\n"), b"hello world", true);
    gives(&chunked("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n"), b"01234567890123456789", true);
    gives(&chunked("5\r\nhel"), b"hel", false);
    gives(&chunked("5\r\nhello"), b"hello", false);
    // Not chunks: what came before stands.
    gives(&chunked("hello"), b"", true);
    gives(&chunked("\r\nhello"), b"", true);
    gives(&chunked("5\r\nhelloX"), b"hello", true);
    gives(&chunked("fffffffffffffffff\r\nhello"), b"hello", false);
    gives(&answer(400, "Transfer-Encoding: chunked, gzip\r\n", "0\r\n"), b"0\r\n", false);
    gives(&answer(400, "Transfer-Encoding: gzip, chunked\r\n", "1\r\nx\r\n0\r\n"), b"x", true);
}

#[test]
fn c01_64_kib_of_a_body_and_no_more() {
    const LIMIT: usize = 64 * 1024;
    assert_eq!(MAX_REFUSAL_BODY_LEN, LIMIT);
    let long = "x".repeat(3 * LIMIT);
    let one_chunk = format!("{:x}\r\n{long}", long.len());
    for (fields, rest, overhead) in [
        ("", &long, 0),
        ("Content-Length: 999999999\r\n", &long, 0),
        ("Transfer-Encoding: chunked\r\n", &one_chunk, 7),
    ] {
        let answer = answer(503, fields, rest);
        let head_len = answer.len() - rest.len();
        let (body, done, _) = read(&answer, []);
        assert_eq!((body.len(), done), (LIMIT, true), "{fields:?}");
        let (body, done, read) = read(&answer, (head_len..answer.len()).step_by(100));
        assert_eq!((body.len(), done), (LIMIT, true), "{fields:?}");
        assert!(read <= head_len + overhead + LIMIT + 100, "{fields:?}: {read} read");
    }
    // Framing that carries next to nothing ends as well.
    for waste in ["1\r\nx\r\n".repeat(LIMIT), format!("1;{long}")] {
        let answer = answer(503, "Transfer-Encoding: chunked\r\n", &waste);
        let (body, done, read) = read(&answer, (0..answer.len()).step_by(100));
        assert!(done && body.len() < LIMIT && read <= 2 * LIMIT + 200, "{} {read}", body.len());
        assert!(crate::read(&answer, []).0 == body, "the same body in one read");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn c01_any_body_is_read_alike_however_it_is_cut(
        fields in prop::sample::select(vec![
            "", "Content-Length: 7\r\n", "Transfer-Encoding: chunked\r\n",
        ]),
        rest in prop_oneof!["([0-9a-f]{1,2}(;x)?\r\n[a-z]{0,20}\r\n){0,4}", "[0-3;\r\nx]{0,30}"],
        at in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let answer = answer(400, fields, &rest);
        let mut cuts: Vec<usize> = at.iter().map(|at| at.index(answer.len() + 1)).collect();
        cuts.sort_unstable();
        let (whole, cut) = (read(&answer, []), read(&answer, cuts));
        prop_assert_eq!((whole.0, whole.1), (cut.0, cut.1));
    }

    /// The oracle: chunks that were written are read.
    #[test]
    fn c01_chunks_give_what_was_put_into_them(
        chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..6),
    ) {
        let mut answer = answer(400, "Transfer-Encoding: chunked\r\n", "");
        for chunk in &chunks {
            answer.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            answer.extend_from_slice(chunk);
            answer.extend_from_slice(b"\r\n");
        }
        answer.extend_from_slice(b"0\r\n\r\n");
        let (body, done, _) = read(&answer, 0..answer.len());
        prop_assert_eq!((body, done), (chunks.concat(), true));
    }
}
