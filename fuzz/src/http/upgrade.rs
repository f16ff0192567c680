//! A server that decides and negotiates: [`Upgrader`] says of a request what [`ask`] says.

use ws_core::deflate::{AcceptDeflate, Deflate, DeflateParams, NAME};
use ws_core::handshake::policy::{ChooseSubprotocol, EarlyFrames, OriginPolicy};
use ws_core::handshake::{
    Agreed, ClientHandshake, Dialer, HandshakeError, Rejection, Upgrade, Upgrader, cookies, tokens,
};

use super::limits;
use super::request::Asked;
use crate::input::pieces;

/// What a server made of a request, and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Verdict {
    accepted: Result<Option<(Agreed, usize)>, HandshakeError>,
    deflate: Option<DeflateParams>,
    out: Vec<u8>,
}

fn upgrade(pieces: &[&[u8]], policy: &mut impl Upgrade) -> Verdict {
    let mut accept = AcceptDeflate::new(Deflate::default());
    let mut upgrader = Upgrader::new(&limits());
    let (mut input, mut out) = (Vec::new(), Vec::new());
    for piece in pieces {
        input.extend_from_slice(piece);
        let mut both = (&mut *policy, &mut accept);
        let said = upgrader.handle_input(&input, &mut both, &mut out);
        let accepted = said.map(|accepted| {
            accepted.map(|accepted| {
                let head_len = accepted.request.head_len();
                assert_eq!(accepted.behind, &input[head_len..]);
                assert_eq!(accepted.agreed().subprotocol.as_deref(), accepted.subprotocol);
                (accepted.agreed(), head_len)
            })
        });
        if accepted != Ok(None) {
            return Verdict { accepted, deflate: accept.agreed(), out };
        }
        assert!(out.is_empty(), "no answer before the head is whole");
    }
    Verdict { accepted: Ok(None), deflate: None, out }
}

/// The verdict is that of a server without policies, however the octets are cut; what it writes is
/// taken by our client, who reads what was agreed. Policies refuse what they say they refuse.
pub(super) fn is_as_asked(input: &[u8], seed: u8, asked: &Result<Option<Asked>, Rejection>) {
    let mut policy = ChooseSubprotocol::server_prefers(&["superchat", "chat"]);
    let whole = upgrade(&[input], &mut policy);
    let singly: Vec<&[u8]> = input.chunks(1).collect();
    for cut in [singly, pieces(seed, input)] {
        let cut = upgrade(&cut, &mut policy);
        let rejected = Err(HandshakeError::Rejected(Rejection::OctetsAfterHead));
        let early = whole.accepted == rejected && cut.accepted.is_ok();
        assert!(early || cut == whole, "{cut:?} in pieces, {whole:?} whole");
    }
    match asked {
        Ok(None) => assert_eq!(whole.accepted, Ok(None)),
        Err(rejection) => {
            assert_eq!(whole.accepted, Err(HandshakeError::Rejected(*rejection)));
            let mut written = Vec::new();
            rejection.write(&mut written);
            assert_eq!(whole.out, written);
        }
        Ok(Some(asked)) => {
            let Ok(Some((agreed, head_len))) = &whole.accepted else { panic!("{whole:?}") };
            assert_eq!(*head_len, asked.head_len);
            is_taken(asked, agreed, &whole);
            origin_is_judged(input, asked);
        }
    }
    if *asked == Err(Rejection::OctetsAfterHead) {
        let early = upgrade(&[input], &mut EarlyFrames);
        assert!(matches!(early.accepted, Ok(Some((_, len))) if len < input.len()), "{early:?}");
    }
}

/// The 101 opens our client, if the key is one that a client makes.
fn is_taken(asked: &Asked, agreed: &Agreed, verdict: &Verdict) {
    let values = |name: &str| -> Vec<&[u8]> {
        let of_name = asked.fields.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        of_name.flat_map(|(_, value)| tokens(value)).collect()
    };
    let offered = values("Sec-WebSocket-Protocol");
    let best = ["superchat", "chat"].into_iter().find(|name| offered.contains(&name.as_bytes()));
    assert_eq!(agreed.subprotocol.as_deref(), best);
    assert_eq!(verdict.deflate.is_some(), !agreed.extensions.is_empty());

    let Some(random) = random_of(asked.key.as_bytes()) else { return };
    let dialer = Dialer::new("ws://a").expect("a URL");
    let chosen: Vec<&str> = agreed.subprotocol.as_deref().into_iter().collect();
    let dialer = dialer.subprotocols(&chosen).expect("a token");
    // By its name alone: the offer was not ours.
    let extensions: &[&str] = if verdict.deflate.is_some() { &[NAME] } else { &[] };
    let dialer = dialer.extensions(extensions).expect("a name");
    let mut client = ClientHandshake::new(&dialer, &limits(), random, &mut Vec::new());
    for end in 0..verdict.out.len() {
        assert!(client.handle_input(&verdict.out[..end]).expect("a good start").is_none());
    }
    let response = client.handle_input(&verdict.out).expect("our own 101").expect("a whole one");
    assert_eq!(response.head_len(), verdict.out.len());
    assert_eq!(response.subprotocol(), agreed.subprotocol.as_deref());
    let sent: Vec<&[u8]> = response.extensions().collect();
    let kept: Vec<&[u8]> = tokens(agreed.extensions.as_bytes()).collect();
    assert_eq!(sent, kept);
}

/// The octets that this key is the base64 of, if it is the usual one for them.
fn random_of(key: &[u8]) -> Option<[u8; 16]> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |octet: &u8| DIGITS.iter().position(|digit| digit == octet).map(|at| at as u128);
    let (last, digits) = key.get(..22)?.split_last()?;
    let front = digits.iter().try_fold(0, |all, octet| Some(all << 6 | digit(octet)?))?;
    let last = digit(last)?;
    (last & 15 == 0).then(|| (front << 2 | last >> 4).to_be_bytes())
}

/// No `Origin` is no browser; a page is let in if it may be, and two are none.
fn origin_is_judged(input: &[u8], asked: &Asked) {
    let mut policy = OriginPolicy::same_origin();
    let is_origin = |name: &str| name.eq_ignore_ascii_case("Origin");
    let origins: Vec<_> = asked.fields.iter().filter(|(name, _)| is_origin(name)).collect();
    let allowed = match &origins[..] {
        [] => true,
        [(_, value)] => {
            std::str::from_utf8(value).is_ok_and(|origin| policy.allows(origin, &asked.host))
        }
        _ => false,
    };
    let said = upgrade(&[input], &mut policy).accepted;
    match said {
        Ok(Some(_)) => assert!(allowed, "{origins:?}"),
        Err(HandshakeError::Refused(403)) => assert!(!allowed, "{origins:?}"),
        other => panic!("{other:?}"),
    }
}

/// Lists of any octets are read to their end, and what is given is a part of them, in order, none of
/// it twice.
pub(super) fn lists_are_read(octets: &[u8]) {
    let bounds = |part: &[u8]| {
        let from = part.as_ptr().addr() - octets.as_ptr().addr();
        from..from + part.len()
    };
    let mut end = 0;
    for token in tokens(octets) {
        assert!(!token.is_empty() && token.trim_ascii() == token && !token.contains(&b','));
        let place = bounds(token);
        assert!(place.start >= end && place.end <= octets.len());
        assert!(octets[end..place.start].iter().all(|o| *o == b',' || o.is_ascii_whitespace()));
        end = place.end;
    }
    assert!(octets[end..].iter().all(|o| *o == b',' || o.is_ascii_whitespace()), "none left out");
    let mut end = 0;
    let mut found = 0;
    for (name, value) in cookies(octets) {
        assert!(!name.is_empty() && !name.contains(&b'=') && !name.contains(&b';'));
        assert!(!value.contains(&b';') && name.trim_ascii() == name);
        let (name, value) = (bounds(name), bounds(value));
        assert!(name.start >= end && value.start > name.end && value.end <= octets.len());
        end = value.end;
        found += 1;
    }
    let pairs = octets.split(|&o| o == b';').filter(|pair| {
        let name = pair.split(|&o| o == b'=').next().unwrap_or_default();
        name.len() < pair.len() && !name.trim_ascii().is_empty()
    });
    assert_eq!(found, pairs.count(), "each pair with a name");
}
