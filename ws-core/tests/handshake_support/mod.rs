//! Feeds request heads to a [`ServerHandshake`] and to an [`Upgrader`] that accepts all, in every
//! cut, and builds them from a good one.
#![allow(dead_code, reason = "each test file uses some of it")]

use ws_core::Limits;
use ws_core::handshake::{HandshakeError, Rejection, Request, ServerHandshake, Upgrade, Upgrader};

/// What the machine says of an input, without borrowing from it.
pub(crate) type Verdict = Result<Option<Accepted>, Rejection>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) target: String,
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) host: String,
    pub(crate) response: String,
    pub(crate) head_len: usize,
}

pub(crate) fn step(server: &mut ServerHandshake, input: &[u8]) -> Verdict {
    let request = server.handle_input(input)?;
    Ok(request.map(|request| {
        let mut response = Vec::new();
        request.accept(&mut response);
        accepted_of(&request, &response)
    }))
}

fn step_upgrader(upgrader: &mut Upgrader, input: &[u8]) -> Verdict {
    let mut out = Vec::new();
    let verdict = match upgrader.handle_input(input, &mut (), &mut out) {
        Ok(None) => Ok(None),
        Ok(Some(accepted)) => {
            assert_eq!(accepted.behind, b"");
            return Ok(Some(accepted_of(&accepted.request, accepted.response)));
        }
        Err(HandshakeError::Rejected(rejection)) => Err(rejection),
        Err(error) => panic!("{error}"),
    };
    let mut refusal = Vec::new();
    if let Err(rejection) = verdict {
        rejection.write(&mut refusal);
    }
    assert_eq!(out, refusal, "the answer is written");
    verdict
}

fn accepted_of(request: &Request<'_>, response: &[u8]) -> Accepted {
    Accepted {
        target: request.target.to_owned(),
        path: request.path.to_owned(),
        query: request.query.map(str::to_owned),
        host: request.host.to_owned(),
        response: String::from_utf8(response.to_vec()).expect("the 101 is ASCII"),
        head_len: request.head_len(),
    }
}

/// Feeds `input` up to each of `cuts`, then whole, until there is a verdict.
pub(crate) fn feed(input: &[u8], cuts: impl IntoIterator<Item = usize>) -> Verdict {
    let mut server = ServerHandshake::new(&Limits::default());
    let mut upgrader = Upgrader::new(&Limits::default());
    for cut in cuts.into_iter().chain([input.len()]) {
        let verdict = step(&mut server, &input[..cut]);
        assert_eq!(step_upgrader(&mut upgrader, &input[..cut]), verdict, "up to {cut}");
        if !matches!(verdict, Ok(None)) {
            return verdict;
        }
    }
    Ok(None)
}

/// The verdict, once it is shown not to depend on the reads.
pub(crate) fn verdict(input: &[u8]) -> Verdict {
    let whole = feed(input, []);
    assert_eq!(feed(input, 0..input.len()), whole, "octet by octet: {}", input.escape_ascii());
    for cut in 0..input.len() {
        assert_eq!(feed(input, [cut]), whole, "cut at {cut}: {}", input.escape_ascii());
    }
    whole
}

pub(crate) const REQUEST_LINE: &str = "GET /chat HTTP/1.1";
pub(crate) const FIELDS: [&str; 5] = [
    "Host: server.example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
];
pub(crate) const ACCEPT: &str = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

/// A head of these lines.
pub(crate) fn head(request_line: &str, lines: &[&str]) -> Vec<u8> {
    let mut head = format!("{request_line}\r\n");
    for line in lines {
        head.push_str(line);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head.into_bytes()
}

/// The good head, with `lines` in the place of the field called `name`.
pub(crate) fn with(name: &str, lines: &[&str]) -> Vec<u8> {
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
    head(REQUEST_LINE, &all)
}

/// The good head with `lines` behind its fields.
pub(crate) fn plus(lines: &[&str]) -> Vec<u8> {
    head(REQUEST_LINE, &[&FIELDS[..], lines].concat())
}

pub(crate) fn with_request_line(request_line: &str) -> Vec<u8> {
    head(request_line, &FIELDS)
}

#[track_caller]
pub(crate) fn accepted(input: &[u8]) -> Accepted {
    let verdict = verdict(input);
    let Ok(Some(accepted)) = verdict else {
        panic!("{verdict:?} for {}", input.escape_ascii());
    };
    assert_eq!(accepted.head_len, input.len());
    assert!(accepted.response.contains(ACCEPT), "{}", accepted.response);
    accepted
}

#[track_caller]
pub(crate) fn refused(input: &[u8], status: u16, rejection: Rejection) {
    assert_eq!(verdict(input), Err(rejection), "{}", input.escape_ascii());
    assert_eq!(rejection.status(), status, "{rejection:?}");
}

/// The octets that answer, as lines of the head and a body.
pub(crate) fn answer(rejection: Rejection) -> (Vec<String>, String) {
    let mut out = Vec::new();
    rejection.write(&mut out);
    let text = String::from_utf8(out).expect("ASCII");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    (head.split("\r\n").map(str::to_owned).collect(), body.to_owned())
}

pub(crate) const OFFER: [&str; 3] = [
    "Sec-WebSocket-Protocol: v1, v2",
    "Sec-WebSocket-Extensions: x-a; p=\"1\", b",
    "Sec-WebSocket-Extensions: x-c, x-a; again",
];

/// Subprotocol and extensions.
pub(crate) type Agreement = (Option<String>, String);

/// Feeds `input` in these cuts; the error, or what was agreed.
pub(crate) fn upgrade(
    input: &[u8],
    cuts: impl IntoIterator<Item = usize>,
    policy: &mut dyn Upgrade,
) -> (Result<Option<Agreement>, HandshakeError>, Vec<u8>) {
    let mut upgrader = Upgrader::new(&Limits::default());
    let mut out = b"before".to_vec();
    for cut in cuts.into_iter().chain([input.len()]) {
        match upgrader.handle_input(&input[..cut], policy, &mut out) {
            Ok(None) => {}
            Ok(Some(accepted)) => {
                let agreed = accepted.agreed();
                assert_eq!(accepted.extensions_value(), agreed.extensions);
                assert_eq!(accepted.subprotocol, agreed.subprotocol.as_deref());
                return (Ok(Some((agreed.subprotocol, agreed.extensions))), out);
            }
            Err(error) => {
                let written = out.len();
                assert_eq!(upgrader.handle_input(input, policy, &mut out).err(), Some(error));
                assert_eq!(out.len(), written, "the answer is written once");
                return (Err(error), out);
            }
        }
    }
    (Ok(None), out)
}
