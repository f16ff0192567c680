//! What a server answers to offers of permessage-deflate: rows H23 to H29 of the acceptance table,
//! HS-62 to HS-72 of the checks that Autobahn lacks, and what Autobahn's client offers.
//!
//! Every offer is put to the pure functions, and to an [`Upgrader`] with the request whole, octet by
//! octet, and cut in two everywhere.
#![cfg(feature = "deflate")]

mod deflate_params_support;
mod handshake_support;

use deflate_params_support::{policy, terms};
use handshake_support::{plus, refused, upgrade};
use ws_core::Limits;
use ws_core::deflate::{AcceptDeflate, Deflate, DeflateParams};
use ws_core::handshake::{
    Answer, Extension, Extensions, HandshakeError, Refusal, Rejection, Upgrade, Upgrader,
};

const PMD: &str = "permessage-deflate";

/// What is answered to a request with these lines: the value in the 101, empty if all is declined.
#[track_caller]
fn answer_to_lines(deflate: Deflate, values: &[&str]) -> String {
    let lines: Vec<_> =
        values.iter().map(|value| format!("Sec-WebSocket-Extensions: {value}")).collect();
    let input = plus(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let once = |cuts: &mut dyn Iterator<Item = usize>| {
        let mut accept = AcceptDeflate::new(deflate);
        let (agreed, _) = upgrade(&input, cuts, &mut accept);
        let (_, answer) = agreed.expect("not refused").expect("a whole request");
        (answer, accept.agreed())
    };
    let whole = once(&mut [].into_iter());
    assert_eq!(once(&mut (0..input.len())), whole, "octet by octet: {values:?}");
    for cut in 0..input.len() {
        assert_eq!(once(&mut [cut].into_iter()), whole, "cut at {cut}: {values:?}");
    }
    let list = values.join(",");
    let offers = Extensions::of_value(list.as_bytes()).map(|offer| offer.expect("a list"));
    let pure = deflate.answer_any(offers).map(|(answer, params)| (answer.to_string(), params));
    let (answer, params) = whole;
    assert_eq!(pure, params.map(|params| (answer.clone(), params)), "{values:?}");
    answer
}

#[track_caller]
fn answer(deflate: Deflate, offers: &str) -> String {
    answer_to_lines(deflate, &[offers])
}

/// A policy that leaves everything as it stands in an offer.
fn open() -> Deflate {
    policy(|builder| builder.window_bits(15))
}

/// Short for `permessage-deflate` and these parameters.
fn pmd(params: &str) -> String {
    if params.is_empty() { PMD.to_owned() } else { format!("{PMD}; {params}") }
}

/// Each offer's parameters, and those of the answer; `-`: declined.
#[track_caller]
fn answers(deflate: Deflate, table: &[(&str, &str)]) {
    for &(offer, expected) in table {
        let expected = if expected == "-" { String::new() } else { pmd(expected) };
        assert_eq!(answer(deflate, &pmd(offer)), expected, "to {offer:?}");
    }
}

#[test]
fn hs62_to_hs65_windows_are_never_larger_than_the_client_allows() {
    #[rustfmt::skip]
    answers(open(), &[
        ("", ""),
        ("client_max_window_bits", ""),
        ("client_max_window_bits=15", ""),
        ("client_max_window_bits=10", "client_max_window_bits=10"),
        ("client_max_window_bits=8",  "client_max_window_bits=8"),
        ("server_max_window_bits=15", "server_max_window_bits=15"),
        ("server_max_window_bits=12", "server_max_window_bits=12"),
        ("server_max_window_bits=9",  "server_max_window_bits=9"),
        ("server_max_window_bits=11; client_max_window_bits=9",
         "server_max_window_bits=11; client_max_window_bits=9"),
    ]);
    // Our own window is said when it is not what holds anyway, so that clients can do with less.
    #[rustfmt::skip]
    answers(Deflate::default(), &[
        ("", "server_max_window_bits=12"),
        ("server_max_window_bits=15", "server_max_window_bits=12"),
        ("server_max_window_bits=10", "server_max_window_bits=10"),
    ]);
    // HS-63: so is the client's, if it lets us.
    #[rustfmt::skip]
    answers(policy(|builder| builder.window_bits(15).peer_max_window_bits(10)), &[
        ("client_max_window_bits",    "client_max_window_bits=10"),
        ("client_max_window_bits=15", "client_max_window_bits=10"),
        ("client_max_window_bits=9",  "client_max_window_bits=9"),
    ]);
}

#[test]
fn h26_a_window_of_256_octets_is_declined() {
    for deflate in [open(), Deflate::default()] {
        assert_eq!(answer(deflate, &pmd("server_max_window_bits=8")), "");
        let with_fallback = format!("{}, {PMD}", pmd("server_max_window_bits=8"));
        assert_ne!(answer(deflate, &with_fallback), "");
    }
}

#[test]
fn h27_a_client_that_cannot_set_its_window_is_declined_by_who_needs_a_smaller_one() {
    for peers in 8..15 {
        let deflate = policy(|builder| builder.window_bits(15).peer_max_window_bits(peers));
        for offer in ["", "server_no_context_takeover", "server_max_window_bits=10"] {
            assert_eq!(answer(deflate, &pmd(offer)), "", "{peers} to {offer:?}");
        }
    }
}

#[test]
fn hs67_hs68_no_context_takeover_is_agreed_when_asked_for_or_wanted() {
    let (server, client) = ("server_no_context_takeover", "client_no_context_takeover");
    let both = &format!("{server}; {client}");
    #[rustfmt::skip]
    let table = [
        (open(),                                                 ["", server, client, both]),
        (policy(|b| b.window_bits(15).no_context_takeover(true)), [server, server, both, both]),
        (policy(|b| b.window_bits(15).peer_no_context_takeover(true)), [client, both, client, both]),
    ];
    for (deflate, expected) in table {
        for (offer, expected) in ["", server, client, both].into_iter().zip(expected) {
            answers(deflate, &[(offer, expected)]);
        }
    }
}

/// Parameters that neither an offer nor an answer may have.
const BAD: [&str; 30] = [
    "server_max_window_bits",
    "server_max_window_bits=7",
    "server_max_window_bits=16",
    "server_max_window_bits=08",
    "server_max_window_bits=015",
    "server_max_window_bits=\"\"",
    "server_max_window_bits=abc",
    "server_max_window_bits=-1",
    "server_max_window_bits=+9",
    "server_max_window_bits=256",
    "server_max_window_bits=0",
    "server_max_window_bits=1e1",
    "client_max_window_bits=7",
    "client_max_window_bits=16",
    "client_max_window_bits=08",
    "client_max_window_bits=015",
    "client_max_window_bits=\"\"",
    "client_max_window_bits=abc",
    "client_max_window_bits=-1",
    "client_max_window_bits=256",
    "server_no_context_takeover=1",
    "server_no_context_takeover=\"\"",
    "client_no_context_takeover=true",
    "server_no_context_takeover; server_no_context_takeover",
    "client_no_context_takeover; client_no_context_takeover",
    "server_max_window_bits=10; server_max_window_bits=10",
    "client_max_window_bits; client_max_window_bits=10",
    "constructor",
    "Server_no_context_takeover",
    "x_webkit_deflate=1",
];

#[test]
fn h25_hs66_hs69_hs70_hs71_bad_parameters_decline_that_offer_alone() {
    for bad in BAD {
        assert!(terms(&pmd(bad)).is_err(), "{bad}");
        // Alone; with a good parameter before or behind it; with a good offer behind or before.
        assert_eq!(answer(open(), &pmd(bad)), "", "{bad}");
        for good in ["client_max_window_bits=10", "client_no_context_takeover"] {
            if bad.split(['=', ';']).next() != good.split('=').next() {
                assert_eq!(answer(open(), &pmd(&format!("{bad}; {good}"))), "", "{bad}");
                assert_eq!(answer(open(), &pmd(&format!("{good}; {bad}"))), "", "{bad}");
            }
        }
        let second = pmd("server_max_window_bits=10");
        assert_eq!(answer(open(), &format!("{}, {second}", pmd(bad))), second, "{bad}");
        assert_eq!(answer(open(), &format!("{second}, {}", pmd(bad))), second, "{bad}");
    }
}

#[test]
fn hs66_a_quoted_value_is_the_value() {
    #[rustfmt::skip]
    answers(open(), &[
        (r#"server_max_window_bits="10""#,       "server_max_window_bits=10"),
        (r#"client_max_window_bits = "1\0" "#,   "client_max_window_bits=10"),
        (r#"server_max_window_bits="010""#,      "-"),
        (r#"server_no_context_takeover="true""#, "-"),
    ]);
}

/// H23: what is not in the grammar is no offer to decline, whatever the policy.
#[test]
fn h23_a_malformed_list_is_400() {
    let long = format!("a;b=\"{}", "\\c".repeat(4096));
    for value in [&long, "permessage-deflate; client_max_window_bits=", "permessage-deflate;"] {
        let input = plus(&[&format!("Sec-WebSocket-Extensions: {value}")]);
        let (error, _) = upgrade(&input, [], &mut AcceptDeflate::new(open()));
        assert_eq!(error, Err(HandshakeError::Rejected(Rejection::ExtensionsMalformed)));
    }
    let bad = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\"10";
    refused(&plus(&[bad]), 400, Rejection::ExtensionsMalformed);
}

#[test]
fn h24_other_extensions_are_declined() {
    for name in ["constructor", "x-webkit-deflate-frame", "Permessage-Deflate", "deflate-stream"] {
        assert_eq!(answer(open(), name), "");
        assert_eq!(answer(open(), &format!("{name}; a=b, {PMD}, {name}")), PMD);
    }
}

#[test]
fn h28_the_first_16_offers_and_parameters_are_looked_at() {
    let bad = pmd("unknown");
    let behind = |offers: usize| format!("{}{PMD}", format!("{bad}, ").repeat(offers));
    assert_eq!(answer(open(), &behind(15)), PMD);
    assert_eq!(answer(open(), &behind(16)), "");
    let flags = "; client_no_context_takeover".repeat(17);
    assert_eq!(answer(open(), &format!("{PMD}{flags}")), "");
}

#[test]
fn h29_several_lines_are_one_list_in_order() {
    let (nine, ten) = (pmd("server_max_window_bits=9"), pmd("server_max_window_bits=10"));
    let bad = pmd("server_max_window_bits=7");
    assert_eq!(answer_to_lines(open(), &[&nine, &ten]), nine);
    assert_eq!(answer_to_lines(open(), &[&ten, &nine]), ten);
    assert_eq!(answer_to_lines(open(), &[&format!("x-a, {bad}"), &ten, &nine]), ten);
}

#[test]
fn hs72_the_first_acceptable_offer_is_taken() {
    let [a, b, c] = ["server_max_window_bits=8", "server_max_window_bits=9", ""].map(pmd);
    for (offers, expected) in [
        ([&a, &b, &c], &b),
        ([&a, &c, &b], &c),
        ([&b, &a, &c], &b),
        ([&b, &c, &a], &b),
        ([&c, &a, &b], &c),
        ([&c, &b, &a], &c),
    ] {
        let [first, second, third] = offers;
        assert_eq!(&answer(open(), &format!("{first}, {second}, {third}")), expected);
    }
}

/// What the suite offers when it is the client, group by group.
#[test]
fn every_offer_of_autobahn_12_and_13_is_accepted() {
    const SUITE: &str = "client_no_context_takeover; client_max_window_bits";
    let with = |asked: &str| pmd(&format!("{SUITE}; {asked}"));
    let (alone, no_takeover) = ("", "server_no_context_takeover");
    let (nine, fifteen) = ("server_max_window_bits=9", "server_max_window_bits=15");
    let both = |window: &str| format!("{no_takeover}; {window}");
    let three = format!("{}, {}, {}", with(&both(nine)), with(no_takeover), pmd(SUITE));
    #[rustfmt::skip]
    let table = [
        ("12, 13.1", pmd(SUITE),                    alone,       12),
        ("13.2",     with(no_takeover),             no_takeover, 12),
        ("13.3",     with(nine),                    alone,       9),
        ("13.4",     with(fifteen),                 alone,       12),
        ("13.5",     with(&both(nine)),             no_takeover, 9),
        ("13.6",     with(&both(fifteen)),          no_takeover, 12),
        ("13.7",     three,                         no_takeover, 9),
    ];
    for (group, offers, takeover, window) in table {
        let takeover = if takeover.is_empty() { String::new() } else { format!("{takeover}; ") };
        let expected =
            format!("{PMD}; {takeover}client_no_context_takeover; server_max_window_bits={window}");
        assert_eq!(answer(Deflate::default(), &offers), expected, "{group}");
    }
}

/// An application's own answer comes before ours.
#[test]
fn a_policy_in_front_of_it_may_answer_itself() {
    struct Own;
    impl Upgrade for Own {
        fn on_extension(
            &mut self,
            offer: &Extension<'_>,
            answer: &mut Answer<'_>,
        ) -> Result<(), Refusal> {
            if offer.name == PMD {
                answer.param("server_no_context_takeover", None)?;
            }
            Ok(())
        }
    }
    let input = plus(&["Sec-WebSocket-Extensions: permessage-deflate, x-b"]);
    let mut accept = AcceptDeflate::new(open());
    let (agreed, _) = upgrade(&input, [], &mut (Own, &mut accept));
    assert_eq!(agreed.unwrap().unwrap().1, pmd("server_no_context_takeover"));
    assert_eq!(accept.agreed(), None);
}

#[test]
fn without_a_policy_everything_is_declined() {
    let mut accept = AcceptDeflate::new(None);
    let input = plus(&["Sec-WebSocket-Extensions: permessage-deflate"]);
    let (agreed, _) = upgrade(&input, [], &mut accept);
    assert_eq!((agreed.unwrap().unwrap().1.as_str(), accept.agreed()), ("", None));
}

#[test]
fn accepting_allocates_nothing() {
    let offers = format!("Sec-WebSocket-Extensions: {}, {PMD}", pmd("server_max_window_bits=8"));
    let input = plus(&[&offers]);
    let mut out = Vec::with_capacity(1024);
    let mut agreed = None;
    let seen = allocation_counter::measure(|| {
        let mut accept = AcceptDeflate::new(Deflate::default());
        let mut upgrader = Upgrader::new(&Limits::default());
        let accepted = upgrader.handle_input(&input, &mut accept, &mut out);
        assert!(accepted.unwrap().is_some());
        agreed = accept.agreed();
    });
    assert_eq!(seen.count_total, 0);
    let (twelve, default) = (deflate_params_support::bits(12), DeflateParams::default());
    assert_eq!(agreed, Some(DeflateParams { server_max_window_bits: twelve, ..default }));
}
