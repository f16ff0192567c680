//! Answers: what our client makes of them.

use allocation_counter::measure;
use ws_core::deflate::{Deflate, DeflateParams, WindowBits};
use ws_core::handshake::{ClientHandshake, Dialer, HandshakeError};

use super::{ACCEPT, Owned, RANDOM, limits, owned, refusal, showing_little};
use crate::counted::head_is_read_in_linear_steps;
use crate::input::pieces;

/// What a client understands of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) fields: Owned,
    subprotocol: Option<String>,
    pub(super) deflate: Option<DeflateParams>,
    /// Extensions, as they are printed for a reader of tests.
    said: String,
    pub(super) head_len: usize,
}

pub(super) fn dialer() -> Dialer<'static> {
    let dialer = Dialer::new("ws://server.example.com/chat").expect("a URL");
    let dialer = dialer.subprotocols(&["chat", "superchat"]).expect("tokens");
    dialer.deflate(Deflate::default()).expect("not offered before")
}

/// What our client makes of an answer that arrives in these pieces.
pub(super) fn answer(pieces: &[&[u8]]) -> Result<Option<Answered>, HandshakeError> {
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
                return Ok(Some(Answered {
                    fields: owned(response.fields()),
                    subprotocol: response.subprotocol().map(str::to_owned),
                    deflate: response.deflate(),
                    said: format!("{extensions:?}"),
                    head_len: response.head_len(),
                }));
            }
        }
    }
    Ok(None)
}

/// An answer means the same however it is cut, its reading allocates nothing, and what is taken for a
/// 101 is one: the answer to our key, nothing that was not offered, no body; httparse reads the same.
/// What is refused instead, `refusal.rs` holds against its own rules. The steps are linear, as in
/// [`http_request_head`](super::http_request_head). The first octet seeds the cuts; where it is 255,
/// a refusal's body comes over and over.
pub fn http_response_head(octets: &[u8]) {
    let Some((&seed, input)) = octets.split_first() else { return };
    let whole = answer(&[input]);
    let singly: Vec<&[u8]> = input.chunks(1).collect();
    let random = pieces(seed, input);
    assert_eq!(answer(&singly), whole, "cut into octets");
    assert_eq!(answer(&random), whole, "cut at random");
    for cut in [&[input][..], &singly, &random] {
        head_is_read_in_linear_steps(&limits(), cut);
    }
    let head_len = whole.as_ref().map(|answered| answered.as_ref().map(|a| a.head_len));
    assert_eq!(answer_showing_little(input), head_len.map_err(|error| *error));
    refusal::as_a_proxys(input, seed, &whole);
    match whole {
        Ok(None) => {}
        Ok(Some(answered)) => taken(&answered, input),
        Err(HandshakeError::Status(_)) => refusal::refused(input, seed),
        Err(_) => {}
    }
}

/// RFC 6455 §4.1, what a client requires of the answer, rule by rule.
fn taken(answered: &Answered, input: &[u8]) {
    assert!(input[..answered.head_len].ends_with(b"\r\n\r\n"));
    let values = |name: &str| -> Vec<&[u8]> {
        let of_name = answered.fields.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| &value[..]).collect()
    };
    // Members of a list that are empty mean nothing (RFC 9110 §5.6.1.2).
    let members = |name: &str| -> Vec<&[u8]> {
        let members = values(name).into_iter().flat_map(|value| value.split(|&o| o == b','));
        members.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty()).collect()
    };
    assert_eq!(values("Sec-WebSocket-Accept"), [ACCEPT.as_bytes()], "item 4");
    let protocols = members("Upgrade");
    assert!(!protocols.is_empty(), "item 2");
    assert!(protocols.iter().all(|name| name.eq_ignore_ascii_case(b"websocket")), "item 2");
    let options = members("Connection");
    assert!(options.iter().any(|option| option.eq_ignore_ascii_case(b"upgrade")), "item 3");
    let extensions = members("Sec-WebSocket-Extensions");
    assert!(extensions.len() <= 1, "item 5: one was offered");
    assert_eq!(extensions.first().map(|element| within_the_offer(element)), answered.deflate);
    match (&values("Sec-WebSocket-Protocol")[..], &answered.subprotocol) {
        ([], None) => {}
        ([sent], Some(said)) => {
            assert_eq!(*sent, said.as_bytes());
            assert!([&b"chat"[..], b"superchat"].contains(sent), "item 6");
        }
        other => panic!("item 6: {other:?}"),
    }
    for name in ["Transfer-Encoding", "Content-Length"] {
        assert_eq!(values(name).len(), 0, "frames taken for a body");
    }
    assert_eq!(httparse_reads(&input[..answered.head_len]), answered.fields);
}

/// What an element that answers the default offer of permessage-deflate agrees to (RFC 7692 §7.1):
/// each parameter once, with a value where there must be one, and the client's window as it was asked
/// for. Quotes around a value are allowed.
fn within_the_offer(element: &[u8]) -> DeflateParams {
    let element = std::str::from_utf8(element).expect("tokens").to_owned();
    let mut parts = element.split(';').map(str::trim);
    assert_eq!(parts.next(), Some("permessage-deflate"), "nothing else was offered");
    let offer = Deflate::default().offer();
    let mut params = DeflateParams::default();
    let mut seen = Vec::new();
    for param in parts {
        let (name, value) = match param.split_once('=') {
            None => (param, None),
            Some((name, value)) => {
                let value = value.trim();
                let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
                let value = quoted.unwrap_or(value).replace('\\', "");
                (name.trim(), Some(value))
            }
        };
        assert!(!seen.contains(&name), "§7.1: {name} twice");
        seen.push(name);
        let bits = value.as_ref().map(|value| {
            assert!(!value.starts_with('0'), "§7.1.2: {value}");
            let bits = value.parse().ok().and_then(WindowBits::new);
            bits.unwrap_or_else(|| panic!("§7.1.2: {value}"))
        });
        match (name, bits) {
            ("server_no_context_takeover", None) => params.server_no_context_takeover = true,
            ("client_no_context_takeover", None) => params.client_no_context_takeover = true,
            ("server_max_window_bits", Some(bits)) => params.server_max_window_bits = bits,
            ("client_max_window_bits", Some(bits)) => {
                assert!(offer.client_max_window_bits.is_some(), "§7.1.2.2: not offered");
                params.client_max_window_bits = bits;
            }
            other => panic!("not offered: {other:?}"),
        }
    }
    assert!(!offer.server_no_context_takeover || params.server_no_context_takeover);
    assert!(offer.server_max_window_bits.is_none_or(|most| params.server_max_window_bits <= most));
    params
}

/// The fields of the 101 as httparse reads them, behind the interim responses.
fn httparse_reads(mut input: &[u8]) -> Owned {
    loop {
        let mut fields = vec![httparse::EMPTY_HEADER; limits().max_header_fields()];
        let mut head = httparse::Response::new(&mut fields);
        let parsed = head.parse(input).expect("what we take, httparse reads");
        let len = match parsed {
            httparse::Status::Complete(len) => len,
            httparse::Status::Partial => panic!("httparse wants more"),
        };
        assert_eq!(head.version, Some(1));
        if head.code == Some(101) {
            assert_eq!(len, input.len(), "a head of the same length");
            return head.headers.iter().map(|f| (f.name.to_owned(), f.value.to_vec())).collect();
        }
        assert!(head.code.is_some_and(|code| code < 200), "interim: {:?}", head.code);
        input = &input[len..];
    }
}

/// What a client says of an answer that comes as [`showing_little`] shows it; an interim response is a
/// head of its own.
fn answer_showing_little(input: &[u8]) -> Result<Option<usize>, HandshakeError> {
    let dialer = dialer();
    let mut client = ClientHandshake::new(&dialer, &limits(), RANDOM, &mut Vec::new());
    showing_little(input, |shown| {
        client.handle_input(shown).map(|response| response.map(|response| response.head_len()))
    })
}
