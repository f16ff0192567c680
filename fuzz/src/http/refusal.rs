//! Refusals: their bodies, where they send us, and those of a proxy.

use std::collections::BTreeMap;

use allocation_counter::measure;
use http::Uri;
use ws_core::handshake::{
    ClientHandshake, Dialer, Fields, HandshakeError, MAX_REFUSAL_BODY_LEN, Proxy, ProxyHandshake,
    Redirect, Url,
};

use super::response::{Answered, dialer};
use super::{RANDOM, limits};
use crate::input::pieces;

/// Octets that are read for a body, with the framing of its chunks.
const MAX_READ: usize = 2 * MAX_REFUSAL_BODY_LEN;

/// What a client reads of a refusal. With 255 for a seed, the octets behind its head come over and
/// over, past the limits.
pub(super) fn refused(input: &[u8], seed: u8) {
    let dialer = dialer();
    let mut client = ClientHandshake::new(&dialer, &limits(), RANDOM, &mut Vec::new());
    let error = client.handle_input(input).map(drop);
    let refusal = client.refusal(input).expect("the head of a refusal");
    assert_eq!(error, Err(HandshakeError::Status(refusal.status())));
    let fields: Vec<_> = refusal.fields().map(|field| (field.name, field.value)).collect();
    assert!(refusal.status() >= 200);

    let behind = &input[refusal.head_len()..];
    let times = if seed == 255 { 3 * MAX_READ / (behind.len() + 1) } else { 1 };
    let behind = behind.repeat(times);
    let expected = body(refusal.status(), &fields, &behind);
    let long: Vec<&[u8]> = behind.chunks(9973).collect();
    let mut cuts = vec![vec![&behind[..]], long];
    if times == 1 {
        cuts.extend([behind.chunks(1).collect(), pieces(seed, &behind)]);
    }
    for cut in cuts {
        let (mut reader, mut read) = (refusal.body(), Vec::new());
        for piece in cut {
            reader.feed(piece, &mut read);
        }
        assert!(read.len() <= MAX_REFUSAL_BODY_LEN);
        assert!((reader.is_done(), &read) == (expected.1, &expected.0), "the naive reader's body");
    }

    for from in ["ws://server.example.com/chat?a", "wss://[::1]:444/"] {
        redirected(from, refusal.status(), refusal.fields());
    }
}

/// A body within its limits, read octet by octet as RFC 9112 §6.3 and §7.1 say, and whether it is
/// known to have ended.
fn body(status: u16, fields: &[(&str, &[u8])], octets: &[u8]) -> (Vec<u8>, bool) {
    let values = |name: &str| -> Vec<String> {
        let of_name = fields.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| String::from_utf8_lossy(value).to_ascii_lowercase()).collect()
    };
    let (codings, lengths) = (values("Transfer-Encoding"), values("Content-Length"));
    let octets = &octets[..octets.len().min(MAX_READ)];
    let (mut body, mut done) = if matches!(status, 204 | 304) {
        (Vec::new(), true)
    } else if let Some(last) = codings.last() {
        let last = last.split(',').map(str::trim_ascii).rfind(|coding| !coding.is_empty());
        if last == Some("chunked") { chunks(octets) } else { (octets.to_vec(), false) }
    } else {
        match &lengths[..] {
            [len] if !len.is_empty() && len.bytes().all(|octet| octet.is_ascii_digit()) => {
                let len = len.parse().unwrap_or(usize::MAX);
                (octets[..len.min(octets.len())].to_vec(), octets.len() >= len)
            }
            _ => (octets.to_vec(), false),
        }
    };
    done |= octets.len() == MAX_READ || body.len() >= MAX_REFUSAL_BODY_LEN;
    body.truncate(MAX_REFUSAL_BODY_LEN);
    (body, done)
}

fn chunks(mut octets: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let digits = octets.iter().take_while(|octet| octet.is_ascii_hexdigit()).count();
        let (len, rest) = octets.split_at(digits);
        let len = std::str::from_utf8(len).expect("digits").trim_start_matches('0');
        let len = match len.len() {
            0 => 0,
            1..=15 => usize::from_str_radix(len, 16).expect("digits"),
            _ => usize::MAX,
        };
        match rest.first() {
            None => return (body, false),
            Some(b';' | b' ' | b'\t' | b'\r') => {}
            Some(_) => return (body, true),
        }
        let Some(end) = rest.iter().position(|&octet| octet == b'\n') else { return (body, false) };
        if len == 0 {
            return (body, true);
        }
        let data = &rest[end + 1..];
        if data.len() < len {
            body.extend_from_slice(data);
            return (body, false);
        }
        body.extend_from_slice(&data[..len]);
        let behind = &data[len..];
        let returns = behind.iter().take_while(|&&octet| octet == b'\r').count();
        match behind.get(returns) {
            None => return (body, false),
            Some(b'\n') => octets = &behind[returns + 1..],
            Some(_) => return (body, true),
        }
    }
}

/// A redirect is one of RFC 9110 §15.4 to one place that can be dialled, never from TLS to none, and
/// the same origin only if it is.
fn redirected(from: &str, status: u16, fields: Fields<'_>) {
    let from = Url::parse(from).expect("our own");
    let locations: Vec<_> = fields.clone().filter(|f| f.is("Location")).map(|f| f.value).collect();
    for location in &locations {
        if let Ok(text) = std::str::from_utf8(location) {
            url_is_read_back(text);
        }
    }
    let redirect = Redirect::of(&from, status, fields);
    let redirects = [301, 302, 303, 307, 308].contains(&status);
    let ([location], true) = (&locations[..], redirects) else {
        assert_eq!(redirect, None, "RFC 9110 §15.4");
        return;
    };
    let Some(Redirect { url, same_origin }) = redirect else { return };
    url_is_read_back(&url);
    let to = Url::parse(&url).expect("a URL to dial");
    assert!(to.is_secure() || !from.is_secure(), "from TLS to none");
    let uri: Uri = match url.parse() {
        Ok(uri) => uri,
        // Visible ASCII that no URI has, such as <, is handed on.
        Err(_) => return,
    };
    let scheme = uri.scheme_str().expect("a scheme").to_ascii_lowercase();
    let port = uri.port_u16().unwrap_or(if scheme == "wss" { 443 } else { 80 });
    let host = uri.host().expect("a host").trim_matches(['[', ']']).to_ascii_lowercase();
    let dialled = (if from.is_secure() { "wss" } else { "ws" }, from.host(), from.port());
    assert_eq!(same_origin, (&*scheme, &*host, port) == dialled, "{url}");
    let location = std::str::from_utf8(location).expect("of a URL");
    let location = location.split('#').next().unwrap_or_default();
    if location.starts_with('/') && !location.starts_with("//") {
        assert!(same_origin && url.ends_with(location), "{location} on the same server");
    }
}

/// A URL that parses is one that means the same when its parts are put together again, and its
/// request has no line that is not ours.
fn url_is_read_back(text: &str) {
    let Ok(url) = Url::parse(text) else { return };
    let scheme = if url.is_secure() { "wss" } else { "ws" };
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let again = format!("{scheme}://{}{}{query}", url.host_field(), url.path());
    assert_eq!(Url::parse(&again), Ok(url), "{text}");
    let dialer = Dialer::new(text).expect("it parses");
    let mut request = Vec::new();
    drop(ClientHandshake::new(&dialer, &limits(), RANDOM, &mut request));
    let request = String::from_utf8(request).expect("ASCII");
    let lines: Vec<_> = request.split("\r\n").collect();
    assert_eq!(lines[0], format!("GET {}{query} HTTP/1.1", url.path()));
    let mut names = BTreeMap::new();
    for line in lines[1..].iter().take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").expect("a field");
        assert_eq!(names.insert(name, value), None, "{name} twice");
    }
    assert_eq!(names.get("Host"), Some(&url.host_field()));
    assert_eq!(names.len(), 5, "{request}");
    assert!(request.ends_with("\r\n\r\n"));
}

/// The same octets, from a proxy that was asked for a tunnel: 2xx alone opens one, nothing lies behind
/// it, and all else is what a client says of it.
pub(super) fn as_a_proxys(
    input: &[u8],
    seed: u8,
    as_answer: &Result<Option<Answered>, HandshakeError>,
) {
    let whole = tunnel(&[input]);
    let singly: Vec<&[u8]> = input.chunks(1).collect();
    for cut in [singly, pieces(seed, input)] {
        let cut = tunnel(&cut);
        // Octets behind the head are told apart only in one read with its end.
        let early = whole == Err(HandshakeError::ProxyOctets) && cut.is_ok();
        assert!(early || cut == whole, "{cut:?} in pieces, {whole:?} whole");
    }
    use HandshakeError::{
        Body, Head, HttpVersion, ProxyOctets, Status, StatusLine, TooManyInterimResponses,
    };
    match *as_answer {
        Ok(None) => assert_eq!(whole, Ok(false)),
        Ok(Some(_)) => assert_eq!(whole, Err(HandshakeError::Proxy(101)), "no tunnel"),
        Err(Status(200..=299)) => assert!(matches!(whole, Ok(true) | Err(ProxyOctets))),
        Err(Status(status)) => assert_eq!(whole, Err(HandshakeError::Proxy(status))),
        Err(error @ (Head(_) | StatusLine | HttpVersion | Body)) => assert_eq!(whole, Err(error)),
        // Of interim responses a proxy may send as many as fit.
        Err(TooManyInterimResponses) => {}
        Err(_) => assert!(whole.is_err(), "a bad 101 is no tunnel: {whole:?}"),
    }
    if whole == Ok(true) {
        assert!(input.ends_with(b"\r\n\r\n"), "nothing behind the head");
    }
}

fn tunnel(pieces: &[&[u8]]) -> Result<bool, HandshakeError> {
    let proxy = Proxy::parse("http://a:b@proxy.example").expect("a URL");
    let url = Url::parse("ws://server.example.com/chat").expect("a URL");
    let mut proxy = ProxyHandshake::new(&proxy, &url, &limits(), &mut Vec::new());
    let mut input = Vec::new();
    for piece in pieces {
        input.extend_from_slice(piece);
        let mut said = Ok(false);
        let allocated = measure(|| said = proxy.handle_input(&input));
        assert_eq!(allocated.count_total, 0, "reading a head allocates nothing");
        if said.is_err() {
            assert_eq!(proxy.handle_input(&input), said, "asked again, it says the same");
        }
        if said != Ok(false) {
            return said;
        }
    }
    Ok(false)
}
