//! Any offers, any policies: do both ends agree on the same parameters, within what each has said,
//! and can they talk then? (RFC 7692 §7.1; shrinks to the offer and the policy that matter)
#![cfg(feature = "deflate")]

use proptest::prelude::*;
use ws_core::connection::Config;
use ws_core::deflate::{ClientWindow, Deflate, DeflateParams, NAME, Terms};
use ws_core::handshake::Extensions;
use ws_core::{Message, Role};

use oracle::parse_extended;
use support::{Driver, Seen};

#[path = "oracle/inflate.rs"]
mod naive;
mod oracle;
mod support;

/// An offer as a client may write it, and one of our own policies for either end.
fn offer() -> impl Strategy<Value = String> {
    let flag = |name: &'static str| prop_oneof![Just(String::new()), Just(format!("; {name}"))];
    let bits = |name: &'static str, bare: bool| {
        let least = if bare { 6 } else { 7 };
        // One less than the least window stands for the parameter that is not there, or is bare.
        (least..=15_u8).prop_map(move |bits| match bits {
            6 => format!("; {name}"),
            7 => String::new(),
            bits => format!("; {name}={bits}"),
        })
    };
    (
        flag("server_no_context_takeover"),
        flag("client_no_context_takeover"),
        bits("server_max_window_bits", false),
        bits("client_max_window_bits", true),
    )
        .prop_map(|(a, b, c, d)| format!("{NAME}{a}{b}{c}{d}"))
}

fn policy() -> impl Strategy<Value = Deflate> {
    (9..=15_u8, 8..=15_u8, any::<bool>(), any::<bool>()).prop_map(|(own, peer, ours, theirs)| {
        Deflate::builder()
            .window_bits(own)
            .peer_max_window_bits(peer)
            .no_context_takeover(ours)
            .peer_no_context_takeover(theirs)
            .build()
            .expect("all within their ranges")
    })
}

fn terms(text: &str) -> Terms {
    let element = Extensions::of_value(text.as_bytes()).next().expect("an element");
    Terms::parse(&element.expect("well-formed")).expect("good terms")
}

/// What RFC 7692 §7.1 lets an answer to this offer say, parameter by parameter.
fn is_allowed(offer: &Terms, answer: &Terms) -> bool {
    let server_forgets = !offer.server_no_context_takeover || answer.server_no_context_takeover;
    let server_window = match (offer.server_max_window_bits, answer.server_max_window_bits) {
        (Some(most), Some(said)) => said <= most,
        (Some(_), None) => false,
        (None, _) => true,
    };
    let client_window = match (offer.client_max_window_bits, answer.client_max_window_bits) {
        (None, said) => said.is_none(),
        (_, Some(ClientWindow::Any)) => false,
        (Some(ClientWindow::UpTo(most)), Some(ClientWindow::UpTo(said))) => said <= most,
        (Some(_), _) => true,
    };
    server_forgets && server_window && client_window
}

/// Three messages from one end to the other; the naive inflater holds the sender to its window.
fn talk(from: Role, own: &Deflate, peers: &Deflate, params: DeflateParams) {
    let mut sender = Driver::new(from, Config::default());
    sender.connection.set_deflate(own, params);
    let mut receiver = Driver::new(from.peer(), Config::default());
    receiver.connection.set_deflate(peers, params);
    let (window_bits, takeover) = match from {
        Role::Server => (params.server_max_window_bits, !params.server_no_context_takeover),
        Role::Client => (params.client_max_window_bits, !params.client_no_context_takeover),
    };
    let mut naive = naive::Inflate::new(window_bits.get(), takeover);
    // Longer than the shortest window, so that one too long would be made use of.
    let message: Vec<u8> = (0..1536_u32).map(|i| (i % 700 * 31).to_be_bytes()[2]).collect();
    for round in 0..3 {
        sender.connection.send(&Message::binary(message.clone())).expect("there is room");
        let before = sender.written.len();
        sender.write_all();
        let octets = sender.written[before..].to_vec();
        receiver.feed(&octets);
        assert_eq!(receiver.notes.events.get(round), Some(&Seen::Binary(message.clone())));
        let frames = parse_extended(from, &octets);
        if frames[0].rsv == 4 {
            assert_eq!(naive.message(&frames[0].payload), Ok(message.clone()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_offers_to_any_policy(
        offers in prop::collection::vec(offer(), 1..4),
        server in policy(),
    ) {
        let list = offers.join(", ");
        let elements = Extensions::of_value(list.as_bytes()).map(|e| e.expect("well-formed"));
        let answered = server.answer_any(elements);
        let allows = |text: &String| server.answer(&terms(text)).is_some();
        let first = offers.iter().find(|text| allows(text));
        prop_assert_eq!(answered.is_some(), first.is_some());
        let (Some((answer, params)), Some(offer)) = (answered, first) else { return Ok(()) };
        let offer = terms(offer);
        prop_assert!(is_allowed(&offer, &answer), "{} to {:?}", answer, offer);
        prop_assert_eq!(offer.agree(&terms(&answer.to_string())), Ok(params));
        talk(Role::Server, &server, &Deflate::default(), params);
        talk(Role::Client, &Deflate::default(), &server, params);
    }

    #[test]
    fn our_own_two_ends(client in policy(), server in policy()) {
        let offer = client.offer();
        let read = terms(&offer.to_string());
        prop_assert_eq!(read, offer, "as it is written");
        let Some((answer, params)) = server.answer(&read) else { return Ok(()) };
        prop_assert!(is_allowed(&offer, &answer), "{} to {}", answer, offer);
        prop_assert_eq!(offer.agree(&answer), Ok(params));
        prop_assert!(!client.peer_no_context_takeover() || params.server_no_context_takeover);
        prop_assert!(params.server_max_window_bits <= client.peer_max_window_bits());
        talk(Role::Server, &server, &client, params);
        talk(Role::Client, &client, &server, params);
    }
}
