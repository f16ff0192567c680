//! Heads of the opening handshake from anybody, however they are cut (RFC 6455 §4, RFC 9112).

use allocation_counter::measure;
use ws_core::Limits;
use ws_core::deflate::Deflate;
use ws_core::handshake::{
    ClientHandshake, Dialer, Fields, HandshakeError, HeaderField, Key, Rejection, ServerHandshake,
};

use crate::counted::head_is_read_in_linear_steps;
use crate::input::pieces;

/// The random octets of our client's key.
const RANDOM: [u8; 16] = *b"the sample nonce";

/// The answer to its key (RFC 6455 §1.3).
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Small, so that the fuzzer meets them.
pub(crate) fn limits() -> Limits {
    Limits::builder()
        .max_head_len(1500)
        .max_request_line_len(200)
        .max_header_fields(20)
        .build()
        .expect("limits that fit together")
}

/// Header fields, copied.
pub(crate) type Owned = Vec<(String, Vec<u8>)>;

fn owned(fields: Fields<'_>) -> Owned {
    fields.map(|HeaderField { name, value }| (name.to_owned(), value.to_vec())).collect()
}

/// What a server understands of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) target: String,
    pub(crate) host: String,
    pub(crate) key: Key,
    pub(crate) fields: Owned,
    /// Subprotocols and extensions, as they are printed for a reader of tests.
    offers: String,
    pub(crate) head_len: usize,
}

/// What a server makes of a request that arrives in these pieces.
pub(crate) fn ask(pieces: &[&[u8]]) -> Result<Option<Asked>, Rejection> {
    let mut server = ServerHandshake::new(&limits());
    let mut input = Vec::new();
    for piece in pieces {
        input.extend_from_slice(piece);
        let mut said = None;
        let allocated = measure(|| said = Some(server.handle_input(&input).map(|r| r.is_some())));
        assert_eq!(allocated.count_total, 0, "reading a head allocates nothing");
        match server.handle_input(&input) {
            Ok(None) => assert_eq!(said, Some(Ok(false))),
            Err(rejection) => {
                assert_eq!(said, Some(Err(rejection)), "asked again, it says the same");
                return Err(rejection);
            }
            Ok(Some(request)) => {
                assert_eq!(said, Some(Ok(true)));
                let subprotocols = request.subprotocols();
                let subprotocols: Vec<_> = subprotocols.iter().collect();
                let extensions: Vec<_> = request.extensions().collect();
                return Ok(Some(Asked {
                    target: request.target.to_owned(),
                    host: request.host.to_owned(),
                    key: request.key,
                    fields: owned(request.fields()),
                    offers: format!("{subprotocols:?} {extensions:?}"),
                    head_len: request.head_len(),
                }));
            }
        }
    }
    Ok(None)
}

/// A request means the same however it is cut, its reading allocates nothing, and what is accepted
/// has no body and all that §4.2.1 demands. A rejection is an HTTP response that ends the connection.
/// The steps are linear: octets are looked at a fixed number of times. The first octet seeds the cuts.
pub fn http_request_head(octets: &[u8]) {
    let Some((&seed, input)) = octets.split_first() else { return };
    let whole = ask(&[input]);
    let singly: Vec<&[u8]> = input.chunks(1).collect();
    for cut in [&[input][..], &singly, &pieces(seed, input)] {
        head_is_read_in_linear_steps(&limits(), cut);
    }
    assert_eq!(ask_showing_little(input), ask(&singly).map(|asked| asked.map(|a| a.head_len)));
    for cut in [ask(&singly), ask(&pieces(seed, input))] {
        // Octets behind the head are told apart from frames only in one read with its end.
        let early = whole == Err(Rejection::OctetsAfterHead) && cut.is_ok();
        assert!(early || cut == whole, "{cut:?} in pieces, {whole:?} whole");
    }
    match whole {
        Ok(None) => {}
        Ok(Some(asked)) => accepted(&asked, input),
        Err(rejection) => rejected(rejection),
    }
}

/// What a server says of a request that comes octet by octet, if it is shown no octet more than three
/// times: as it comes, with its line's end, and with the head's end. `Some` is the length of the head.
fn ask_showing_little(input: &[u8]) -> Result<Option<usize>, Rejection> {
    let mut server = ServerHandshake::new(&limits());
    showing_little(input, |shown| {
        server.handle_input(shown).map(|request| request.map(|request| request.head_len()))
    })
}

/// As [`ask_showing_little`], what a client says of an answer; an interim response is a head of its own.
fn answer_showing_little(input: &[u8]) -> Result<Option<usize>, HandshakeError> {
    let dialer = dialer();
    let mut client = ClientHandshake::new(&dialer, &limits(), RANDOM, &mut Vec::new());
    showing_little(input, |shown| {
        client.handle_input(shown).map(|response| response.map(|response| response.head_len()))
    })
}

/// Asks about all octets so far at each one that comes. What must not be looked at any more, or not
/// again yet, is LF there: whoever looked would take it for a line's end.
fn showing_little<T, E>(
    input: &[u8],
    mut ask: impl FnMut(&[u8]) -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let mut shown = vec![b'\n'; input.len()];
    let (mut head_start, mut line_start) = (0, 0);
    for (at, &octet) in input.iter().enumerate() {
        // An empty line ends a head, or stands before one.
        let ends_line = octet == b'\n';
        let ends_head = ends_line && matches!(input[line_start..at], [] | [b'\r']);
        let from = match (ends_head, ends_line) {
            (true, _) => head_start,
            (false, true) => line_start,
            (false, false) => at,
        };
        shown[from..=at].copy_from_slice(&input[from..=at]);
        let said = ask(&shown[..=at])?;
        if said.is_some() {
            return Ok(said);
        }
        shown[from..=at].fill(b'\n');
        if ends_line {
            line_start = at + 1;
        }
        if ends_head {
            head_start = at + 1;
        }
    }
    Ok(None)
}

fn accepted(asked: &Asked, input: &[u8]) {
    assert_eq!(asked.head_len, input.len(), "nothing behind the head");
    assert!(input.ends_with(b"\r\n\r\n"));
    let values = |name: &str| -> Vec<&[u8]> {
        let of_name = asked.fields.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| &value[..]).collect()
    };
    let lists = |name: &str, token: &str| {
        let elements = values(name).into_iter().flat_map(|value| value.split(|&o| o == b','));
        elements.into_iter().any(|e| e.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    };
    assert_eq!(values("Host").len(), 1, "RFC 9112 §3.2");
    assert!(lists("Upgrade", "websocket"), "§4.2.1 item 3");
    assert!(lists("Connection", "upgrade"), "§4.2.1 item 4");
    assert_eq!(values("Sec-WebSocket-Key"), [asked.key.as_bytes()], "§4.2.1 item 5");
    assert_eq!(values("Sec-WebSocket-Version"), [b"13"], "§4.2.1 item 6");
    assert_eq!(values("Transfer-Encoding").len(), 0, "no body");
    assert!(values("Content-Length").iter().all(|len| len.iter().all(|&o| o == b'0')), "no body");
    assert!(input.starts_with(b"GET ") || input.starts_with(b"\r\nGET "));
    assert!(asked.target.bytes().all(|octet| octet.is_ascii_graphic()));
    assert!(!asked.host.is_empty() && asked.fields.len() <= limits().max_header_fields());
}

fn rejected(rejection: Rejection) {
    let mut response = Vec::new();
    rejection.write(&mut response);
    let mut fields = [httparse::EMPTY_HEADER; 16];
    let mut head = httparse::Response::new(&mut fields);
    let parsed = head.parse(&response).expect("a response");
    assert!(parsed.is_complete());
    assert_eq!(head.code, Some(rejection.status()));
    let of_name = |name: &str| {
        head.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|f| f.value)
    };
    assert!(of_name("Connection").is_some_and(|value| value.ends_with(b"close")));
    let body = response.len() - parsed.unwrap();
    assert_eq!(of_name("Content-Length"), Some(body.to_string().as_bytes()));
}

/// What a client understands of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) fields: Owned,
    pub(crate) said: String,
    pub(crate) head_len: usize,
}

fn dialer() -> Dialer<'static> {
    let dialer = Dialer::new("ws://server.example.com/chat").expect("a URL");
    let dialer = dialer.subprotocols(&["chat", "superchat"]).expect("tokens");
    dialer.deflate(Deflate::default()).expect("not offered before")
}

/// What our client makes of an answer that arrives in these pieces.
pub(crate) fn answer(pieces: &[&[u8]]) -> Result<Option<Answered>, HandshakeError> {
    let dialer = dialer();
    let mut client = ClientHandshake::new(&dialer, &limits(), RANDOM, &mut Vec::new());
    let mut input = Vec::new();
    for piece in pieces {
        input.extend_from_slice(piece);
        let mut said = None;
        let allocated = measure(|| said = Some(client.handle_input(&input).map(|r| r.is_some())));
        assert_eq!(allocated.count_total, 0, "reading a head allocates nothing");
        match client.handle_input(&input) {
            Ok(None) => assert_eq!(said, Some(Ok(false))),
            Err(error) => {
                assert_eq!(said, Some(Err(error)), "asked again, it says the same");
                if let (HandshakeError::Status(status), refusal) = (error, client.refusal(&input)) {
                    let refusal = refusal.expect("the head of a refusal");
                    assert_eq!(refusal.status(), status);
                    assert!(refusal.head_len() <= input.len());
                }
                return Err(error);
            }
            Ok(Some(response)) => {
                assert_eq!(said, Some(Ok(true)));
                let extensions: Vec<_> = response.extensions().collect();
                let deflate = response.deflate();
                return Ok(Some(Answered {
                    fields: owned(response.fields()),
                    said: format!("{:?} {extensions:?} {deflate:?}", response.subprotocol()),
                    head_len: response.head_len(),
                }));
            }
        }
    }
    Ok(None)
}

/// An answer means the same however it is cut, its reading allocates nothing, and what is taken for a
/// 101 is one: the answer to our key, nothing that was not offered, no body. The steps are linear, as
/// in [`http_request_head`]. The first octet seeds the cuts.
pub fn http_response_head(octets: &[u8]) {
    let Some((&seed, input)) = octets.split_first() else { return };
    let whole = answer(&[input]);
    let singly: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(answer(&singly), whole, "cut into octets");
    assert_eq!(answer(&pieces(seed, input)), whole, "cut at random");
    for cut in [&[input][..], &singly, &pieces(seed, input)] {
        head_is_read_in_linear_steps(&limits(), cut);
    }
    let head_len = whole.as_ref().map(|answered| answered.as_ref().map(|a| a.head_len));
    assert_eq!(answer_showing_little(input), head_len.map_err(|error| *error));
    let Ok(Some(answered)) = whole else { return };
    assert!(input[..answered.head_len].ends_with(b"\r\n\r\n"));
    let values = |name: &str| -> Vec<&[u8]> {
        let of_name = answered.fields.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| &value[..]).collect()
    };
    assert_eq!(values("Sec-WebSocket-Accept"), [ACCEPT.as_bytes()], "§4.1 item 4");
    // A list (RFC 9110 §7.8), in which members that are empty mean nothing (§5.6.1.2).
    let protocols = values("Upgrade").into_iter().flat_map(|value| value.split(|&o| o == b','));
    let mut protocols =
        protocols.map(<[u8]>::trim_ascii).filter(|name| !name.is_empty()).peekable();
    assert!(protocols.peek().is_some(), "§4.1 item 2");
    assert!(protocols.all(|name| name.eq_ignore_ascii_case(b"websocket")), "§4.1 item 2");
    assert!(!values("Connection").is_empty(), "§4.1 item 3");
    let subprotocols = values("Sec-WebSocket-Protocol");
    assert!(
        subprotocols.is_empty() || [[&b"chat"[..]], [b"superchat"]].contains(&[subprotocols[0]])
    );
    for name in ["Transfer-Encoding", "Content-Length"] {
        assert_eq!(values(name).len(), 0, "frames taken for a body");
    }
}

/// A 101 with any field lines among its own, then frames: if it is taken, the frames are what lies
/// behind its head, to the octet. The first octet seeds the cuts, the second is the length of the
/// lines.
pub fn client_handshake(octets: &[u8]) {
    let Some((&[seed, len], rest)) = octets.split_first_chunk() else { return };
    let (lines, frames) = rest.split_at(usize::from(len).min(rest.len()));
    let mut input = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n".to_vec();
    input.extend_from_slice(lines);
    let tail = format!("Connection: Upgrade\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n");
    input.extend_from_slice(tail.as_bytes());
    input.extend_from_slice(frames);
    // Lines from anybody may end the head themselves.
    let end = input.windows(4).position(|octets| octets == b"\r\n\r\n").expect("an empty line");
    let (head, frames) = input.split_at(end + 4);
    let whole = answer(&[&input]);
    let singly: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(answer(&singly), whole, "cut into octets");
    assert_eq!(answer(&pieces(seed, &input)), whole, "cut at random");
    match whole {
        Ok(Some(answered)) => {
            assert_eq!(answered.head_len, head.len());
            assert_eq!(input[answered.head_len..], *frames);
        }
        // The head is there: it is good, or it is not.
        Ok(None) => panic!("an empty line ends a head"),
        Err(_) => assert!(!lines.is_empty(), "nothing is wrong with our own lines"),
    }
}
