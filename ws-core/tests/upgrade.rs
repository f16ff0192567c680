//! [`Upgrader`]: callbacks, their order, their refusals and panics, and what they cost: rows H29 and
//! H32 of the acceptance table, T26; HS-16, HS-17, HS-56, HS-61, HS-74.
//!
//! What is negotiated is in `upgrade_negotiation.rs`, what is refused in `upgrade_refusal.rs`;
//! `handshake_server.rs` and `handshake_server_head.rs` hold [`Upgrader`] to the other rows.
#![cfg(feature = "alloc")]

mod handshake_support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;

use handshake_support::{FIELDS, OFFER, plus, upgrade, with};
use ws_core::Limits;
use ws_core::handshake::policy::{ChooseSubprotocol, EarlyFrames};
use ws_core::handshake::{
    Answer, Extension, HandshakeError, HeaderField, Refusal, Rejection, Request, RequestLine,
    ResponseFields, Subprotocols, Upgrade, Upgrader,
};

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
fn the_rules_come_before_the_application_and_stay_with_it() {
    let mut script = Script::default();
    let input = with("Sec-WebSocket-Key", &["Sec-WebSocket-Key: x"]);
    let (error, _) = upgrade(&input, [], &mut script);
    assert_eq!(error, Err(HandshakeError::Rejected(Rejection::KeyMalformed)));
    assert!(!script.calls.iter().any(|call| call.starts_with("request")), "{:?}", script.calls);
    assert_eq!(script.calls.len(), 1 + FIELDS.len() + 1 + 1);
    assert!(script.calls.last().unwrap().contains("400 Bad Request"));
}

/// Octets that come near to a request: good lines and others, in any order, one octet changed.
fn near_request() -> impl Strategy<Value = Vec<u8>> {
    let odd = ["X : y", "X", " x", "Sec-WebSocket-Protocol: v2,v3", "Sec-WebSocket-Extensions: ;"];
    let lines = [&FIELDS[..], &OFFER, &odd].concat();
    let line = prop::sample::select(lines).prop_map(str::to_owned);
    let edit = prop::option::of((any::<prop::sample::Index>(), any::<u8>()));
    let behind = prop::collection::vec(any::<u8>(), 0..3);
    let extra = prop::collection::vec(line, 0..4);
    (extra, prop::bool::weighted(0.8), edit, behind).prop_map(|(extra, good, edit, behind)| {
        let extra: Vec<&str> = extra.iter().map(String::as_str).collect();
        let line = handshake_support::REQUEST_LINE;
        let mut input = if good { plus(&extra) } else { handshake_support::head(line, &extra) };
        if let Some((at, octet)) = edit {
            let at = at.index(input.len());
            input[at] = octet;
        }
        [input, behind].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    /// G1, G6: no panic, and the same calls, answer and outcome for every cut.
    #[test]
    fn any_octets_make_the_same_calls_however_they_are_cut(
        input in prop_oneof![
            1 => prop::collection::vec(any::<u8>(), 0..200),
            5 => near_request(),
        ],
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..30),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|at| at.index(input.len() + 1)).collect();
        cuts.sort_unstable();
        let (mut whole, mut cut) = (Script::default(), Script::default());
        let told_whole = upgrade(&input, [], &mut whole);
        let told_cut = upgrade(&input, cuts, &mut cut);
        // What comes behind the head is seen only in the read that ends it.
        if told_whole.0 != Err(HandshakeError::Rejected(Rejection::OctetsAfterHead)) {
            prop_assert_eq!(told_whole, told_cut);
            prop_assert_eq!(whole.calls, cut.calls);
        }
    }
}
