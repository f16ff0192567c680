//! [`Upgrader`]: callbacks, negotiation, refusals, and what they cost: rows H19 to H24, H28, H29, H32
//! and H34 of the acceptance table, A03, T26; HS-16, HS-17, HS-55 to HS-61, HS-74.
//!
//! `handshake_server.rs` and `handshake_server_head.rs` hold [`Upgrader`] to the other rows.
#![cfg(feature = "alloc")]

mod handshake_support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use handshake_support::{FIELDS, plus, refused, with};
use ws_core::handshake::policy::{ChooseSubprotocol, EarlyFrames};
use ws_core::handshake::{
    Answer, Extension, HandshakeError, HeaderField, Refusal, Rejection, Request, RequestLine,
    ResponseFields, Subprotocols, Upgrade, Upgrader,
};
use ws_core::{Limits, Misuse};

/// One call, as it came, and what is answered at which of them.
#[derive(Default)]
struct Script {
    calls: Vec<String>,
    /// Refuse with 418 at the call that begins so.
    refuse_at: &'static str,
    panic_at: &'static str,
}

impl Script {
    fn call(&mut self, call: String) -> Result<(), Refusal> {
        assert!(self.panic_at.is_empty() || !call.starts_with(self.panic_at), "as told");
        let refuse = !self.refuse_at.is_empty() && call.starts_with(self.refuse_at);
        self.calls.push(call);
        if refuse {
            let refusal = Refusal::new(418)?.with_reason("I'm a teapot")?;
            return Err(refusal
                .with_field("X-Pot", "short")?
                .with_body("text/html", b"<p>".to_vec())?);
        }
        Ok(())
    }
}

impl Upgrade for Script {
    fn on_request_line(&mut self, line: &RequestLine<'_>) -> Result<(), Refusal> {
        self.call(format!("line {} {} {:?}", line.method, line.path, line.query))
    }
    fn on_host(&mut self, host: &str) -> Result<(), Refusal> {
        self.call(format!("host {host}"))
    }
    fn on_field(&mut self, field: &HeaderField<'_>) -> Result<(), Refusal> {
        self.call(format!("field {}", field.name))
    }
    fn on_request(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        self.call(format!("request {}", request.target))
    }
    fn on_subprotocols<'a>(
        &mut self,
        offered: &Subprotocols<'a>,
    ) -> Result<Option<&'a str>, Refusal> {
        self.call(format!("subprotocols {offered:?}"))?;
        Ok(offered.iter().last())
    }
    fn on_extension(
        &mut self,
        offer: &Extension<'_>,
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        self.call(format!("extension {offer:?}"))?;
        if offer.name.starts_with("x-") {
            answer.param("mode", Some("fast"))?.param("deep", None)?;
        }
        Ok(())
    }
    fn on_before_upgrade(
        &mut self,
        _request: &Request<'_>,
        response: &mut ResponseFields<'_>,
    ) -> Result<(), Refusal> {
        response.add("Set-Cookie", "a=b")?.add("X-Latin", b"\xe9")?;
        self.call("before".into())
    }
    fn on_answered(&mut self, _input: &[u8], answer: &[u8], refused: Option<HandshakeError>) {
        let line = answer.split(|&octet| octet == b'\r').next().unwrap();
        self.calls.push(format!("answered {} {refused:?}", line.escape_ascii()));
    }
}

const OFFER: [&str; 3] = [
    "Sec-WebSocket-Protocol: v1, v2",
    "Sec-WebSocket-Extensions: x-a; p=\"1\", b",
    "Sec-WebSocket-Extensions: x-c, x-a; again",
];

const CALLS: [&str; 16] = [
    "line GET /chat None",
    "field Host",
    "host server.example.com",
    "field Upgrade",
    "field Connection",
    "field Sec-WebSocket-Key",
    "field Sec-WebSocket-Version",
    "field Sec-WebSocket-Protocol",
    "field Sec-WebSocket-Extensions",
    "field Sec-WebSocket-Extensions",
    "request /chat",
    "subprotocols [\"v1\", \"v2\"]",
    "extension x-a; p=1",
    "extension b",
    "extension x-c",
    "before",
];

/// Feeds `input` in these cuts; the error, or what was agreed.
fn upgrade(
    input: &[u8],
    cuts: impl IntoIterator<Item = usize>,
    policy: &mut dyn Upgrade,
) -> (Result<Option<(Option<String>, String)>, HandshakeError>, Vec<u8>) {
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

#[test]
fn hs56_hs61_hs74_h29_callbacks_come_in_order_however_the_head_is_cut() {
    let input = plus(&OFFER);
    let whole: Vec<usize> = Vec::new();
    let mut every_cut = vec![whole, (0..input.len()).collect()];
    every_cut.extend((0..input.len()).map(|cut| vec![cut]));
    for cuts in every_cut {
        let mut script = Script::default();
        let (agreed, out) = upgrade(&input, cuts, &mut script);
        let extensions = "x-a; mode=fast; deep, x-c; mode=fast; deep".to_owned();
        assert_eq!(agreed, Ok(Some((Some("v2".to_owned()), extensions.clone()))));
        assert_eq!(script.calls[..16], CALLS);
        assert_eq!(script.calls[16..], ["answered HTTP/1.1 101 Switching Protocols None"]);
        let expected = format!(
            "beforeHTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
             Sec-WebSocket-Protocol: v2\r\nSec-WebSocket-Extensions: {extensions}\r\n\
             Set-Cookie: a=b\r\nX-Latin: "
        );
        assert_eq!(out, [expected.as_bytes(), b"\xe9\r\n\r\n"].concat());
    }
}

#[test]
fn a_line_is_handed_out_as_soon_as_it_is_whole() {
    let input = plus(&OFFER);
    let mut script = Script::default();
    let mut upgrader = Upgrader::new(&Limits::default());
    let mut out = Vec::new();
    for cut in 0..input.len() {
        assert!(upgrader.handle_input(&input[..cut], &mut script, &mut out).unwrap().is_none());
        let lines = input[..cut].iter().filter(|&&octet| octet == b'\n').count();
        let hosts = usize::from(lines > 1);
        assert_eq!(script.calls.len(), lines + hosts, "{cut}");
    }
}

/// G5: what has been handed out is not looked at again, but for the request line, Host and the offer.
#[test]
fn lines_that_were_handed_out_may_be_scribbled_over() {
    let mut input = plus(&["X-A: b", "Cookie: c=d", "X-B: e"]);
    let keep = input.windows(10).position(|window| window == b"Upgrade: w").unwrap();
    let mut upgrader = Upgrader::new(&Limits::default());
    let mut out = Vec::new();
    for cut in 0..input.len() {
        assert!(upgrader.handle_input(&input[..cut], &mut (), &mut out).unwrap().is_none());
        if cut > keep && input[cut - 1] == b'\n' {
            input[keep..cut].fill(b'\n');
        }
    }
    let accepted = upgrader.handle_input(&input, &mut (), &mut out).unwrap().unwrap();
    assert_eq!(accepted.request.host, "server.example.com");
}

#[test]
fn every_callback_can_refuse() {
    let input = plus(&OFFER);
    for (at, call) in CALLS.iter().enumerate() {
        for cuts in [vec![], (0..input.len()).collect::<Vec<_>>()] {
            let mut script = Script { refuse_at: call, ..Script::default() };
            let (error, out) = upgrade(&input, cuts, &mut script);
            assert_eq!(error, Err(HandshakeError::Refused(418)), "{call}");
            // The second Extensions line is the same call as the first.
            assert_eq!(script.calls.len(), if at == 9 { 10 } else { at + 2 }, "{call}");
            assert_eq!(
                script.calls.last().unwrap(),
                "answered HTTP/1.1 418 I\\'m a teapot Some(Refused(418))"
            );
            assert_eq!(
                out.escape_ascii().to_string(),
                "beforeHTTP/1.1 418 I\\'m a teapot\\r\\nConnection: close\\r\\nX-Pot: short\\r\\n\
                 Content-Type: text/html\\r\\nContent-Length: 3\\r\\n\\r\\n<p>",
                "nothing of a 101 is left"
            );
        }
    }
}

#[test]
fn t26_a_panic_in_a_callback_poisons_nothing() {
    let input = plus(&OFFER);
    for call in CALLS {
        let mut script = Script { panic_at: call, ..Script::default() };
        let mut upgrader = Upgrader::new(&Limits::default());
        let mut out = b"before".to_vec();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _ = upgrader.handle_input(&input, &mut script, &mut out);
        }));
        assert!(panicked.is_err());
        assert_eq!(out, b"before", "{call}: no half of an answer");
        let again = upgrader.handle_input(&input, &mut (), &mut out).err();
        assert_eq!(again, Some(HandshakeError::Refused(500)));
        assert_eq!(upgrader.handle_end_of_stream(), HandshakeError::Refused(500));
    }
}

#[test]
fn h19_h20_hs58_a_subprotocol_list_is_tokens_each_once() {
    let line = |value: &str| plus(&[&format!("Sec-WebSocket-Protocol: {value}")]);
    for value in ["", "a b", "a,,b", ",a", "a,", ",", "a;b", "\"a\"", "a/b", "caf\u{e9}"] {
        refused(&line(value), 400, Rejection::SubprotocolMalformed);
    }
    for value in ["a,a", "a, b ,a", "chat,superchat,chat"] {
        refused(&line(value), 400, Rejection::SubprotocolDuplicated);
    }
    let two = ["Sec-WebSocket-Protocol: a", "X: y", "sec-websocket-protocol: b, a"];
    refused(&plus(&two), 400, Rejection::SubprotocolDuplicated);
    let mut octets = line("@@");
    let at = octets.windows(2).position(|window| window == b"@@").unwrap();
    octets[at..at + 2].copy_from_slice(b"\x80\xff");
    refused(&octets, 400, Rejection::SubprotocolMalformed);
    // 8 KiB of blanks between tokens are blanks; without a comma, they are in a token.
    let blanks = " ".repeat(8192);
    let mut choose = ChooseSubprotocol::server_prefers(&["b"]);
    let (agreed, _) = upgrade(&line(&format!("a,{blanks}b")), [], &mut choose);
    assert_eq!(agreed, Ok(Some((Some("b".to_owned()), String::new()))));
    let (error, _) = upgrade(&line(&format!("a{blanks}b")), [], &mut ());
    assert_eq!(error, Err(HandshakeError::Rejected(Rejection::SubprotocolMalformed)));
    // The first 16 are handed out.
    let names: Vec<String> = (0..20).map(|n| format!("v{n}")).collect();
    let mut script = Script::default();
    let (agreed, _) = upgrade(&line(&names.join(",")), [], &mut script);
    assert_eq!(agreed.unwrap().unwrap().0.as_deref(), Some("v15"));
}

#[test]
fn h21_h22_hs55_hs57_no_subprotocol_in_common_is_none() {
    let offer = |value: &str| plus(&[&format!("Sec-WebSocket-Protocol: {value}")]);
    let two_lines = plus(&["Sec-WebSocket-Protocol: a", "Sec-WebSocket-Protocol: b"]);
    for (input, supported, server, client) in [
        (plus(&[]), &["a"][..], None, None),
        (offer("b"), &["a"], None, None),
        (offer("A, aa"), &["a"], None, None),
        (offer("a"), &["A"], None, None),
        (offer("a, b"), &[], None, None),
        (offer("a, b"), &["a", "b"], Some("a"), Some("a")),
        (offer("a, b"), &["c", "b", "a"], Some("b"), Some("a")),
        (two_lines, &["b", "a"], Some("b"), Some("a")), // HS-56
    ] {
        for (policy, chosen) in [
            (ChooseSubprotocol::server_prefers(supported), server),
            (ChooseSubprotocol::client_prefers(supported), client),
        ] {
            let (agreed, out) = upgrade(&input, [], &mut { policy });
            assert_eq!(agreed, Ok(Some((chosen.map(str::to_owned), String::new()))));
            let out = String::from_utf8(out).unwrap();
            let lines = out.lines().filter(|line| line.starts_with("Sec-WebSocket-Protocol"));
            let expected = chosen.map(|name| format!("Sec-WebSocket-Protocol: {name}"));
            assert!(lines.eq(expected.iter()), "{out}");
            // H21: by policy, 400.
            let (required, _) = upgrade(&input, [], &mut policy.required());
            assert_eq!(required.err(), chosen.is_none().then_some(HandshakeError::Refused(400)));
        }
    }
}

#[test]
fn h23_hs60_malformed_extensions_are_400() {
    let line = |value: &str| plus(&[&format!("Sec-WebSocket-Extensions: {value}")]);
    for value in ["", "a;;b", "a;b=", "a;b=\"c", "a;b=\"\\c\\c\\c", "a b", "a, b;"] {
        refused(&line(value), 400, Rejection::ExtensionsMalformed);
    }
    let long = line(&format!("a;b=\"{}", "\\c".repeat(4096)));
    let (error, _) = upgrade(&long, [], &mut ());
    assert_eq!(error, Err(HandshakeError::Rejected(Rejection::ExtensionsMalformed)));
}

/// Accepts everything it is asked about.
struct AcceptAll(Vec<String>);

impl Upgrade for AcceptAll {
    fn on_extension(
        &mut self,
        offer: &Extension<'_>,
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        self.0.push(offer.name.to_owned());
        answer.accept().accept();
        Ok(())
    }
}

#[test]
fn h24_hs59_hs73_unknown_extensions_are_declined() {
    let line = "Sec-WebSocket-Extensions: constructor, x-webkit-deflate-frame, permessage-deflate";
    for input in [plus(&[line]), plus(&[])] {
        let (agreed, out) = upgrade(&input, [], &mut ());
        assert_eq!(agreed, Ok(Some((None, String::new()))));
        assert!(!String::from_utf8(out).unwrap().contains("Extensions"));
    }
}

#[test]
fn h28_the_first_16_offers_are_asked_about() {
    let names: Vec<String> = (0..17).map(|n| format!("x{n}")).collect();
    let lines = names.iter().map(|name| format!("Sec-WebSocket-Extensions: {name}"));
    let lines: Vec<String> = lines.collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut policy = AcceptAll(Vec::new());
    let (agreed, _) = upgrade(&plus(&lines), [], &mut policy);
    assert_eq!(policy.0, names[..16]);
    assert_eq!(agreed.unwrap().unwrap().1, names[..16].join(", "));
    // 17 parameters: nobody agrees to what was not looked at.
    let line = format!("Sec-WebSocket-Extensions: a{}, a{}", "; p".repeat(17), "; p".repeat(16));
    let mut policy = AcceptAll(Vec::new());
    let (agreed, _) = upgrade(&plus(&[&line]), [], &mut policy);
    assert_eq!((policy.0.len(), agreed.unwrap().unwrap().1.as_str()), (1, "a"));
}

#[test]
fn h32_hs16_hs17_octets_behind_the_head_are_frames_only_by_request() {
    let head = plus(&[]);
    let input = [&head[..], b"\x81\x80abcd"].concat();
    let (error, _) = upgrade(&input, [], &mut ());
    assert_eq!(error, Err(HandshakeError::Rejected(Rejection::OctetsAfterHead)));
    for cut in 0..head.len() {
        let mut upgrader = Upgrader::new(&Limits::default());
        let mut policy = ((), EarlyFrames);
        let mut out = Vec::new();
        assert!(upgrader.handle_input(&input[..cut], &mut policy, &mut out).unwrap().is_none());
        let accepted = upgrader.handle_input(&input, &mut policy, &mut out).unwrap().unwrap();
        assert_eq!(accepted.behind, b"\x81\x80abcd");
        assert!(upgrader.handle_input(&input, &mut policy, &mut out).unwrap().is_none());
    }
}

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
                    _ => response.add("X", self.0)?,
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
        assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
    }
}

#[test]
fn accepting_allocates_nothing_when_the_buffers_are_given() {
    struct Policy;
    impl Upgrade for Policy {
        fn on_extension(
            &mut self,
            offer: &Extension<'_>,
            answer: &mut Answer<'_>,
        ) -> Result<(), Refusal> {
            if offer.name == "x-a" {
                answer.param("mode", Some("fast"))?;
            }
            Ok(())
        }
        fn on_before_upgrade(
            &mut self,
            _request: &Request<'_>,
            response: &mut ResponseFields<'_>,
        ) -> Result<(), Refusal> {
            response.add("Set-Cookie", "a=b")?;
            Ok(())
        }
    }
    let input = plus(&[&OFFER[..], &["Origin: http://server.example.com", "Cookie: a=b"]].concat());
    let mut out = Vec::with_capacity(512);
    let mut choose = ChooseSubprotocol::server_prefers(&["v2"]);
    let counted = allocation_counter::measure(|| {
        let mut upgrader = Upgrader::new(&Limits::default());
        let mut policy =
            (ws_core::handshake::policy::OriginPolicy::same_origin(), &mut choose, Policy);
        for cut in 0..input.len() {
            let more = upgrader.handle_input(&input[..cut], &mut policy, &mut out);
            assert!(more.unwrap().is_none());
        }
        let accepted = upgrader.handle_input(&input, &mut policy, &mut out).unwrap().unwrap();
        assert_eq!(accepted.subprotocol, Some("v2"));
        assert_eq!(accepted.extensions().next().unwrap().name, "x-a");
    });
    assert_eq!(counted.count_total, 0);
}

#[test]
fn a_refusal_of_the_rules_can_be_dressed_up() {
    let refusal = Refusal::from(Rejection::HostMissing);
    assert_eq!(refusal.status(), 400);
    let dressed = refusal.with_field("X-Help", "https://example.com").unwrap();
    let mut out = Vec::new();
    dressed.write(&mut out);
    assert!(String::from_utf8(out).unwrap().contains("\r\nX-Help: https://example.com\r\n"));
    assert_eq!(format!("{dressed:?}"), "Refusal(400)");
}

#[test]
fn the_rules_come_before_the_application_and_stay_with_it() {
    let mut script = Script::default();
    let input = with("Sec-WebSocket-Key", &["Sec-WebSocket-Key: x"]);
    let (error, _) = upgrade(&input, [], &mut script);
    assert_eq!(error, Err(HandshakeError::Rejected(Rejection::KeyMalformed)));
    assert!(!script.calls.iter().any(|call| call.starts_with("request")), "{:?}", script.calls);
    assert_eq!(script.calls.len(), 1 + FIELDS.len() + 1 + 1);
    assert!(script.calls.last().unwrap().contains("400 Bad Request"));
}
