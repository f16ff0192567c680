//! Negotiation in every combination: each parameter absent, bare or 8 to 15, in offer and answer,
//! with every policy. The judge states RFC 7692 §7.1 over names and numbers, and looks at every
//! answer there is; it knows nothing of how one is found.
#![cfg(feature = "deflate")]

mod deflate_params_support;

use std::collections::BTreeMap;

use deflate_params_support::{all_policies, all_terms, terms};
use ws_core::Misuse;
use ws_core::deflate::{Deflate, DeflateBuilder, Terms, TermsError, WindowBits};

/// Names and values, as they stand in the element's text.
struct Said(BTreeMap<String, Option<u8>>);

impl Said {
    fn read(text: &str) -> Self {
        let mut params = text.split("; ");
        assert_eq!(params.next(), Some("permessage-deflate"));
        Self(
            params
                .map(|param| match param.split_once('=') {
                    None => (param.to_owned(), None),
                    Some((name, value)) => (name.to_owned(), Some(value.parse().unwrap())),
                })
                .collect(),
        )
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn number(&self, name: &str) -> Option<u8> {
        self.0.get(name).copied().flatten()
    }

    /// The window that this answer has the endpoint keep to.
    fn window(&self, endpoint: &str) -> u8 {
        self.number(&format!("{endpoint}_max_window_bits")).unwrap_or(15)
    }
}

/// Whether the RFC lets this answer stand behind that offer.
fn is_allowed(offer: &Said, answer: &Said) -> bool {
    // §7.1.1.1: "A server accepts … by including the parameter in the response."
    let server_takeover =
        !offer.has("server_no_context_takeover") || answer.has("server_no_context_takeover");
    // §7.1.2.1: with "the same or smaller value".
    let server_window = match offer.number("server_max_window_bits") {
        None => true,
        Some(asked) => {
            answer.number("server_max_window_bits").is_some_and(|window| window <= asked)
        }
    };
    // §7.1.2.2: only if it is in the offer, with a value, and that no larger than one in the offer.
    let client_window = !answer.has("client_max_window_bits")
        || offer.has("client_max_window_bits")
            && answer.number("client_max_window_bits").is_some_and(|window| {
                window <= offer.number("client_max_window_bits").unwrap_or(15)
            });
    server_takeover && server_window && client_window
}

/// Whether a server with this policy can and may give this answer, to whatever offer.
fn is_wanted(policy: &Deflate, answer: &Said) -> bool {
    let says = |wanted: bool, name: &str| !wanted || answer.has(name);
    says(policy.no_context_takeover(), "server_no_context_takeover")
        && says(policy.peer_no_context_takeover(), "client_no_context_takeover")
        && (9..=policy.window_bits().get()).contains(&answer.window("server"))
        && answer.window("client") <= policy.peer_max_window_bits().get()
}

fn texts() -> (Vec<Terms>, Vec<Said>) {
    let all: Vec<_> = all_terms().collect();
    let said = all.iter().map(|terms| Said::read(&terms.to_string())).collect();
    (all, said)
}

#[test]
fn a_policy_is_within_what_zlib_and_the_rfc_have() {
    type Set = fn(DeflateBuilder, u8) -> DeflateBuilder;
    let table: [(&str, Set, std::ops::RangeInclusive<u8>); 4] = [
        ("window_bits", DeflateBuilder::window_bits, 9..=15),
        ("peer_max_window_bits", DeflateBuilder::peer_max_window_bits, 8..=15),
        ("level", DeflateBuilder::level, 0..=9),
        ("memory_level", DeflateBuilder::memory_level, 1..=9),
    ];
    for (name, set, range) in table {
        for value in 0..=u8::MAX {
            let built = set(Deflate::builder(), value).build();
            assert_eq!(built.is_ok(), range.contains(&value), "{name} {value}");
            assert!(built.is_ok() || built == Err(Misuse::DeflateOutOfRange));
        }
    }
    let set = Deflate::builder().level(7).memory_level(8).threshold(9).build().unwrap();
    assert_eq!((set.level(), set.memory_level(), set.threshold()), (7, 8, 9));
    let default = Deflate::default();
    assert_eq!((Deflate::builder().build(), default.level()), (Ok(default), 6));
    assert_eq!((default.window_bits().get(), default.memory_level()), (12, 5));
    assert_eq!((default.peer_max_window_bits().get(), default.threshold()), (15, 1024));
}

#[test]
fn terms_are_written_as_they_are_read() {
    let mut seen = std::collections::BTreeSet::new();
    for element in all_terms() {
        let text = element.to_string();
        assert_eq!(terms(&text), Ok(element), "{text}");
        assert!(seen.insert(text), "two ways to read {element}");
    }
    assert_eq!(seen.len(), 360);
}

#[test]
fn what_is_wrong_is_said_with_its_rule() {
    for (error, rule) in [
        (TermsError::Unknown, "unknown parameter"),
        (TermsError::Duplicated, "twice"),
        (TermsError::Value, "bad value"),
        (TermsError::ServerContextTakeover, "7.1.1.1"),
        (TermsError::ServerWindow, "7.1.2.1"),
        (TermsError::ClientWindow, "7.1.2.2"),
    ] {
        let text = error.to_string();
        assert!(text.contains(rule) && text.contains("RFC 7692"), "{text}");
    }
    assert_eq!(WindowBits::MAX.to_string(), "15");
}

#[test]
fn a_server_answers_whenever_there_is_an_answer_and_with_the_best_one() {
    let (all, said) = texts();
    let policies: Vec<_> = all_policies().collect();
    assert_eq!(policies.len(), 224);
    for policy in &policies {
        let wanted: Vec<_> =
            said.iter().enumerate().filter(|(_, answer)| is_wanted(policy, answer)).collect();
        for (offer, offered) in all.iter().zip(&said) {
            let context = || format!("{policy:?}, offered {offer}");
            let mut possible =
                wanted.iter().filter(|(_, answer)| is_allowed(offered, answer)).peekable();
            let Some((answer, params)) = policy.answer(offer) else {
                assert!(possible.peek().is_none(), "{}", context());
                continue;
            };
            let at = all.iter().position(|terms| *terms == answer).unwrap();
            let given = &said[at];
            assert!(is_allowed(offered, given) && is_wanted(policy, given), "{}", context());
            // No larger window could be had, but for what the client says of itself.
            let most = |endpoint: &str| {
                possible.clone().map(|(_, answer)| answer.window(endpoint)).max().unwrap()
            };
            let hint = offered.number("client_max_window_bits").unwrap_or(15);
            assert_eq!(given.window("server"), most("server"), "{}", context());
            assert_eq!(given.window("client"), most("client").min(hint), "{}", context());
            // Contexts are given up for a reason alone.
            let (server, client) = ("server_no_context_takeover", "client_no_context_takeover");
            let reason = offered.has(server) || policy.no_context_takeover();
            assert_eq!(given.has(server), reason, "{}", context());
            let reason = offered.has(client) || policy.peer_no_context_takeover();
            assert_eq!(given.has(client), reason, "{}", context());
            // And what it takes for agreed is what it says.
            assert_eq!(params.server_max_window_bits.get(), given.window("server"));
            assert_eq!(params.client_max_window_bits.get(), given.window("client"));
            assert_eq!(params.server_no_context_takeover, given.has(server));
            assert_eq!(params.client_no_context_takeover, given.has(client));
        }
    }
}

#[test]
fn a_client_agrees_to_exactly_what_the_rfc_allows() {
    let (all, said) = texts();
    let mut agreed = 0;
    for (offer, offered) in all.iter().zip(&said) {
        for (answer, answered) in all.iter().zip(&said) {
            let params = offer.agree(answer);
            let allowed = is_allowed(offered, answered);
            assert_eq!(params.is_ok(), allowed, "offered {offer}, answered {answer}");
            let Ok(params) = params else { continue };
            agreed += 1;
            let has = |name| answered.has(name);
            assert_eq!(params.server_no_context_takeover, has("server_no_context_takeover"));
            assert_eq!(params.client_no_context_takeover, has("client_no_context_takeover"));
            assert_eq!(params.server_max_window_bits.get(), answered.window("server"));
            assert_eq!(params.client_max_window_bits.get(), answered.window("client"));
        }
    }
    assert!(agreed > 10_000, "{agreed}");
}

#[test]
fn our_client_and_our_server_agree_on_the_same() {
    let policies: Vec<_> = all_policies().collect();
    let (mut opened, mut declined) = (0, 0);
    for client in &policies {
        let offer = client.offer();
        for server in &policies {
            // Over the text of both.
            let Some((answer, params)) = server.answer(&terms(&offer.to_string()).unwrap()) else {
                assert_eq!(client.peer_max_window_bits().get(), 8, "{client:?}, {server:?}");
                declined += 1;
                continue;
            };
            let told = terms(&answer.to_string()).unwrap();
            assert_eq!(client.offer().agree(&told), Ok(params), "{client:?}, {server:?}");
            opened += 1;
        }
    }
    // Each eighth client demands windows of 8.
    assert_eq!((opened, declined), (224 * 224 / 8 * 7, 224 * 224 / 8));
}
