//! What an application may answer, and what it may not: row H34 of the acceptance table, A03.
#![cfg(feature = "alloc")]

mod handshake_support;

use std::time::Duration;

use handshake_support::{OFFER, plus, upgrade};
use ws_core::Misuse;
use ws_core::handshake::{
    Answer, Extension, HandshakeError, Refusal, Rejection, Request, ResponseFields, Subprotocols,
    Upgrade,
};

#[test]
fn h34_a_server_that_is_full_says_503_and_when_to_come_back() {
    for (after, seconds) in [
        (Duration::ZERO, "0"),
        (Duration::from_millis(1), "1"),
        (Duration::from_secs(30), "30"),
        (Duration::MAX, "18446744073709551615"),
    ] {
        struct Full(Duration);
        impl Upgrade for Full {
            fn on_request(&mut self, _: &Request<'_>) -> Result<(), Refusal> {
                Err(Refusal::service_unavailable(self.0))
            }
        }
        let (error, out) = upgrade(&plus(&[]), [], &mut Full(after));
        assert_eq!(error, Err(HandshakeError::Refused(503)));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!(
                "beforeHTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\
                 Retry-After: {seconds}\r\nContent-Type: text/plain\r\nContent-Length: 19\r\n\r\n\
                 Service Unavailable"
            )
        );
    }
}

#[test]
fn a03_nothing_breaks_out_of_its_line() {
    for bad in ["a\rb", "a\nb", "a\r\nX: y", "a\0b", "\u{7f}", "\u{1b}[0m"] {
        let refusal = Refusal::not_found;
        let malformed = |result: Result<Refusal, Misuse>| {
            assert_eq!(result.err(), Some(Misuse::FieldMalformed), "{bad:?}");
        };
        malformed(refusal().with_field("X", bad));
        malformed(refusal().with_field(bad, "x"));
        malformed(refusal().with_reason(bad.to_owned()));
        malformed(refusal().with_body(bad.to_owned(), &b""[..]));
        struct Add<'a>(&'a str, u8);
        impl Upgrade for Add<'_> {
            fn on_extension(
                &mut self,
                _offer: &Extension<'_>,
                answer: &mut Answer<'_>,
            ) -> Result<(), Refusal> {
                match self.1 {
                    0 => answer.param(self.0, None)?,
                    1 => answer.param("p", Some(self.0))?,
                    _ => answer,
                };
                Ok(())
            }
            fn on_subprotocols<'a>(
                &mut self,
                _offered: &Subprotocols<'a>,
            ) -> Result<Option<&'a str>, Refusal> {
                Ok((self.1 == 4).then_some("a\r\nX: y"))
            }
            fn on_before_upgrade(
                &mut self,
                _request: &Request<'_>,
                response: &mut ResponseFields<'_>,
            ) -> Result<(), Refusal> {
                match self.1 {
                    2 => response.add(self.0, "x")?,
                    3 => response.add("X", self.0)?,
                    _ => response,
                };
                Ok(())
            }
        }
        for place in 0..5 {
            // An answer that cannot be written is a 500, and not a word of it is sent.
            let (error, out) = upgrade(&plus(&OFFER), [], &mut Add(bad, place));
            assert_eq!(error, Err(HandshakeError::Refused(500)));
            assert!(out.starts_with(b"beforeHTTP/1.1 500 Internal Server Error\r\n"));
            assert!(!out.windows(bad.len()).any(|window| window == bad.as_bytes()));
        }
    }
    for own in
        ["Connection", "upgrade", "CONTENT-LENGTH", "Transfer-Encoding", "Sec-WebSocket-Accept"]
    {
        let refusal = Refusal::forbidden().with_field(own, "x");
        assert_eq!(refusal.err(), Some(Misuse::FieldReserved), "{own}");
    }
    for name in ["", " ", "a b", "a:", "caf\u{e9}"] {
        let refusal = Refusal::forbidden().with_field(name, "x");
        assert_eq!(refusal.err(), Some(Misuse::FieldMalformed), "{name:?}");
    }
    for status in [0, 101, 200, 302, 399, 600, u16::MAX] {
        assert_eq!(Refusal::new(status).err(), Some(Misuse::StatusNotRefusal), "{status}");
    }
    for status in 400..600 {
        let mut out = Vec::new();
        Refusal::new(status).unwrap().write(&mut out);
        let head = String::from_utf8(out).unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        // What a client may upgrade to, a 426 says always (RFC 9110 §15.5.22).
        let connection = if status == 426 { "Upgrade, close" } else { "close" };
        assert!(head.contains(&format!("\r\nConnection: {connection}\r\n")), "{head}");
    }
}

#[test]
fn a_refusal_of_the_rules_can_be_dressed_up() {
    type Dress = fn(Refusal) -> Result<Refusal, Misuse>;
    const BODY: &str = "Content-Type: text/plain\r\nContent-Length: ";
    const UPGRADE: &str = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    let field: Dress = |refusal| refusal.with_field("X-Help", "a");
    let reason: Dress = |refusal| refusal.with_reason("No");
    let body: Dress = |refusal| refusal.with_body("text/plain", &b"b"[..]);
    let new_426 = Refusal::new(426).unwrap();
    #[rustfmt::skip]
    let table: [(Refusal, Dress, &str, String); 11] = [
        (Rejection::HostMissing.into(), field, "400 Bad Request\r\nConnection: close",
            format!("X-Help: a\r\n{BODY}11\r\n\r\nBad Request")),
        // RFC 9110 §15.5.6: a 405 has Allow. What it answers may be HEAD, so it has no body.
        (Rejection::Method.into(), field, "405 Method Not Allowed\r\nConnection: close",
            format!("Allow: GET\r\nX-Help: a\r\n{BODY}0\r\n\r\n")),
        (Rejection::Method.into(), reason, "405 No\r\nConnection: close",
            format!("Allow: GET\r\n{BODY}0\r\n\r\n")),
        (Rejection::Method.into(), body, "405 Method Not Allowed\r\nConnection: close",
            format!("Allow: GET\r\n{BODY}1\r\n\r\nb")),
        // RFC 9110 §15.5.22: a 426 has Upgrade; RFC 6455 §4.4: the version that is supported.
        (Rejection::UpgradeMissing.into(), field,
            "426 Upgrade Required\r\nConnection: Upgrade, close",
            format!("{UPGRADE}X-Help: a\r\n{BODY}16\r\n\r\nUpgrade Required")),
        (Rejection::UpgradeMissing.into(), body,
            "426 Upgrade Required\r\nConnection: Upgrade, close",
            format!("{UPGRADE}{BODY}1\r\n\r\nb")),
        (Rejection::VersionUnsupported.into(), field,
            "426 Upgrade Required\r\nConnection: Upgrade, close",
            format!("{UPGRADE}X-Help: a\r\n{BODY}16\r\n\r\nUpgrade Required")),
        (Rejection::VersionUnsupported.into(), reason, "426 No\r\nConnection: Upgrade, close",
            format!("{UPGRADE}{BODY}2\r\n\r\nNo")),
        (new_426.clone(), Ok, "426 Upgrade Required\r\nConnection: Upgrade, close",
            format!("{UPGRADE}{BODY}16\r\n\r\nUpgrade Required")),
        (new_426, field, "426 Upgrade Required\r\nConnection: Upgrade, close",
            format!("{UPGRADE}X-Help: a\r\n{BODY}16\r\n\r\nUpgrade Required")),
        (Refusal::new(405).unwrap(), field, "405 Method Not Allowed\r\nConnection: close",
            format!("X-Help: a\r\n{BODY}18\r\n\r\nMethod Not Allowed")),
    ];
    for (refusal, dress, start, rest) in table {
        let status = refusal.status();
        let dressed = dress(refusal).unwrap();
        let mut out = Vec::new();
        dressed.write(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), format!("HTTP/1.1 {start}\r\n{rest}"));
        assert_eq!(dressed.status(), status);
        assert_eq!(format!("{dressed:?}"), format!("Refusal({status})"));
    }
}
