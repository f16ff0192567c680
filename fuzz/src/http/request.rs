//! Requests: what our server makes of them.

use allocation_counter::measure;
use ws_core::handshake::{Key, Rejection, ServerHandshake};

use super::{Owned, limits, owned, showing_little, upgrade};
use crate::counted::head_is_read_in_linear_steps;
use crate::input::pieces;

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
/// A server that negotiates says the same, as `upgrade.rs` holds it to. The same octets are lists, too.
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
    upgrade::is_as_asked(input, seed, &whole);
    upgrade::lists_are_read(input);
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
