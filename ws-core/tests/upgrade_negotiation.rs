//! What [`ws_core::handshake::Upgrader`] agrees to: rows H19 to H24 and H28 of the acceptance table;
//! HS-55 to HS-60, HS-73.
#![cfg(feature = "alloc")]

mod handshake_support;

use handshake_support::{plus, refused, upgrade};
use ws_core::handshake::policy::ChooseSubprotocol;
use ws_core::handshake::{Answer, Extension, HandshakeError, Refusal, Rejection, Request, Upgrade};

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
    for (supported, chosen) in [("v15", Some("v15".to_owned())), ("v16", None)] {
        let supported = [supported];
        let mut choose = ChooseSubprotocol::server_prefers(&supported);
        let (agreed, _) = upgrade(&line(&names.join(",")), [], &mut choose);
        assert_eq!(agreed.unwrap().unwrap().0, chosen);
    }
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

/// Looks at what is offered before it is asked to choose.
#[derive(Default)]
struct Offered {
    printed: String,
    is_empty: bool,
    found: Vec<Option<String>>,
}

impl Upgrade for Offered {
    fn on_request(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        let offered = request.subprotocols();
        self.printed = format!("{offered:?}");
        self.is_empty = offered.is_empty();
        self.found = ["a", "B", "b"].map(|name| offered.find(name).map(str::to_owned)).to_vec();
        Ok(())
    }
}

#[test]
fn hs56_offers_of_several_lines_are_one_list_in_order() {
    let (a, b) = (Some("a".to_owned()), Some("b".to_owned()));
    for (lines, printed, found) in [
        (&[][..], "[]", [None, None, None]),
        (&["Sec-WebSocket-Protocol: b\t, a"], "[\"b\", \"a\"]", [a.clone(), None, b.clone()]),
        (
            &["Sec-WebSocket-Protocol: c", "Sec-WebSocket-Protocol: b,a"],
            "[\"c\", \"b\", \"a\"]",
            [a, None, b],
        ),
    ] {
        let mut offered = Offered::default();
        upgrade(&plus(lines), [], &mut offered).0.unwrap();
        assert_eq!((&*offered.printed, offered.is_empty), (printed, lines.is_empty()));
        assert_eq!(offered.found, found);
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
    let line = format!("Sec-WebSocket-Extensions: a{}, b{}", "; p".repeat(17), "; p".repeat(16));
    let mut policy = AcceptAll(Vec::new());
    let (agreed, _) = upgrade(&plus(&[&line]), [], &mut policy);
    assert_eq!((policy.0, agreed.unwrap().unwrap().1.as_str()), (vec!["b".to_owned()], "b"));
}
