//! What a client makes of a server's answer about permessage-deflate: rows C05 and C06 of the
//! acceptance table, HC-25, HC-26, HC-28 and HC-29, and what Autobahn's server answers.
//!
//! Every answer is put to the pure functions, and to a [`ClientHandshake`] whole, octet by octet,
//! and cut in two everywhere.
#![cfg(feature = "deflate")]

mod deflate_params_support;

use deflate_params_support::{bits, policy, terms};
use ws_core::deflate::{Deflate, DeflateParams, TermsError};
use ws_core::handshake::{ClientHandshake, Dialer, HandshakeError, OfferError};
use ws_core::{Limits, Role};

type Verdict = Result<Option<DeflateParams>, HandshakeError>;

const PMD: &str = "permessage-deflate";

/// What this client makes of a 101 with these `Sec-WebSocket-Extensions` lines.
#[track_caller]
fn verdict(dialer: &Dialer<'_>, values: &[&str]) -> Verdict {
    let mut input = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        .to_owned();
    for value in values {
        input.push_str(&format!("Sec-WebSocket-Extensions: {value}\r\n"));
    }
    input.push_str("\r\n");
    let once = |cuts: &mut dyn Iterator<Item = usize>| {
        let mut request = Vec::new();
        let mut client =
            ClientHandshake::new(dialer, &Limits::default(), *b"the sample nonce", &mut request);
        for cut in cuts.chain([input.len()]) {
            if let Some(response) = client.handle_input(&input.as_bytes()[..cut])? {
                return Ok(response.deflate());
            }
        }
        panic!("a whole response")
    };
    let whole = once(&mut [].into_iter());
    assert_eq!(once(&mut (0..input.len())), whole, "octet by octet: {values:?}");
    for cut in 0..input.len() {
        assert_eq!(once(&mut [cut].into_iter()), whole, "cut at {cut}: {values:?}");
    }
    whole
}

fn dialer(deflate: Deflate) -> Dialer<'static> {
    Dialer::new("ws://server.example.com/chat").unwrap().deflate(deflate).unwrap()
}

/// What a client with this policy makes of an answer with these parameters.
#[track_caller]
fn answered(deflate: Deflate, params: &str) -> Result<DeflateParams, TermsError> {
    let answer = format!("{PMD}{}{params}", if params.is_empty() { "" } else { "; " });
    let pure = terms(&answer).and_then(|answer| deflate.offer().agree(&answer));
    let told = verdict(&dialer(deflate), &[&answer]);
    assert_eq!(told, pure.map(Some).map_err(HandshakeError::Deflate), "{answer}");
    pure
}

#[track_caller]
fn fails(deflate: Deflate, params: &str, error: TermsError) {
    assert_eq!(answered(deflate, params), Err(error), "{params}");
}

/// No context takeover for the server, for the client; the server's window, the client's.
fn agreed(server: bool, client: bool, server_bits: u8, client_bits: u8) -> DeflateParams {
    DeflateParams {
        server_no_context_takeover: server,
        client_no_context_takeover: client,
        server_max_window_bits: bits(server_bits),
        client_max_window_bits: bits(client_bits),
    }
}

#[track_caller]
fn opens(deflate: Deflate, params: &str, expected: DeflateParams) {
    assert_eq!(answered(deflate, params), Ok(expected), "{params}");
}

#[test]
fn the_request_offers_what_the_policy_says() {
    let offers = |dialer: Dialer<'_>| {
        let mut request = Vec::new();
        let _ = ClientHandshake::new(&dialer, &Limits::default(), [7; 16], &mut request);
        let request = String::from_utf8(request).unwrap();
        let lines = request.lines().filter_map(|l| l.strip_prefix("Sec-WebSocket-Extensions: "));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    #[rustfmt::skip]
    let table = [
        (Deflate::default(),                        "client_max_window_bits"),
        (policy(|b| b.peer_max_window_bits(10)),    "server_max_window_bits=10; client_max_window_bits"),
        (policy(|b| b.peer_no_context_takeover(true)),
         "server_no_context_takeover; client_max_window_bits"),
        (policy(|b| b.no_context_takeover(true)),
         "client_no_context_takeover; client_max_window_bits"),
    ];
    for (deflate, params) in table {
        assert_eq!(offers(dialer(deflate)), [format!("{PMD}; {params}")]);
        assert_eq!(deflate.offer().to_string(), format!("{PMD}; {params}"));
    }
    // Behind the extensions that the application speaks itself.
    let both = dialer(Deflate::default()).extensions(&["x-a; p", "x-b"]).unwrap();
    assert_eq!(offers(both), ["x-a; p, x-b", "permessage-deflate; client_max_window_bits"]);
    assert_eq!(offers(Dialer::new("ws://a").unwrap()), [""; 0]);
}

#[test]
fn an_application_cannot_offer_it_a_second_time() {
    let url = Dialer::new("ws://a").unwrap();
    let own = &["x-a", "permessage-deflate; client_max_window_bits"][..];
    let deflate = Deflate::default();
    let twice = Some(OfferError::ExtensionDuplicated);
    assert_eq!(url.extensions(own).unwrap().deflate(deflate).err(), twice);
    assert_eq!(url.deflate(deflate).unwrap().extensions(own).err(), twice);
    let many = &["x-a"; 16][..];
    assert_eq!(url.deflate(deflate).unwrap().extensions(many).err(), Some(OfferError::TooMany));
    assert_eq!(url.extensions(many).unwrap().deflate(deflate).err(), Some(OfferError::TooMany));
    assert!(url.extensions(&many[1..]).unwrap().deflate(deflate).is_ok());
}

#[test]
fn no_answer_is_no_compression() {
    assert_eq!(verdict(&dialer(Deflate::default()), &[]), Ok(None));
    let both = dialer(Deflate::default()).extensions(&["x-a"]).unwrap();
    assert_eq!(verdict(&both, &["x-a"]), Ok(None));
    let params = Some(agreed(false, false, 15, 15));
    assert_eq!(verdict(&both, &["x-a, permessage-deflate"]), Ok(params));
    assert_eq!(verdict(&both, &["permessage-deflate", "x-a"]), Ok(params));
}

#[test]
fn c05_what_was_not_offered_or_stands_twice_fails() {
    let dialer = dialer(Deflate::default());
    let none = Dialer::new("ws://server.example.com/chat").unwrap();
    for (dialer, values, error) in [
        (&none, &[PMD][..], HandshakeError::ExtensionNotOffered),
        (&dialer, &["x-webkit-deflate-frame"], HandshakeError::ExtensionNotOffered),
        (&dialer, &["Permessage-deflate"], HandshakeError::ExtensionNotOffered),
        (&dialer, &["permessage-deflate, x-a"], HandshakeError::ExtensionNotOffered),
        (&dialer, &["permessage-deflate;"], HandshakeError::ExtensionNotOffered),
        (&dialer, &["permessage-deflate, permessage-deflate"], HandshakeError::ExtensionDuplicated),
        (&dialer, &[PMD, PMD], HandshakeError::ExtensionDuplicated),
    ] {
        assert_eq!(verdict(dialer, values), Err(error), "{values:?}");
    }
    // An application's own offer is the application's to judge.
    let own = none.extensions(&["permessage-deflate"]).unwrap();
    assert_eq!(verdict(&own, &["permessage-deflate; unknown"]), Ok(None));
}

#[test]
fn c05_hc25_bad_parameters_fail() {
    use TermsError::{Duplicated, Unknown, Value};
    let longest = vec!["unknown"; 17].join("; ");
    #[rustfmt::skip]
    let table = [
        ("unknown",                                              Unknown),
        ("unknown=1",                                            Unknown),
        ("Server_no_context_takeover",                           Unknown),
        (&longest,                                               Unknown),
        ("server_no_context_takeover; server_no_context_takeover", Duplicated),
        ("client_no_context_takeover; client_no_context_takeover", Duplicated),
        ("server_max_window_bits=9; server_max_window_bits=9",   Duplicated),
        ("client_max_window_bits=9; client_max_window_bits=10",  Duplicated),
        ("server_no_context_takeover=1",                         Value),
        ("client_no_context_takeover=\"\"",                      Value),
        ("server_max_window_bits",                               Value),
        ("server_max_window_bits=7",                             Value),
        ("server_max_window_bits=16",                            Value),
        ("server_max_window_bits=08",                            Value),
        ("server_max_window_bits=015",                           Value),
        ("server_max_window_bits=1000",                          Value),
        ("server_max_window_bits=\"\"",                          Value),
        ("client_max_window_bits",                               Value),
        ("client_max_window_bits=7",                             Value),
        ("client_max_window_bits=16",                            Value),
        ("client_max_window_bits=08",                            Value),
        ("client_max_window_bits=256",                           Value),
        ("client_max_window_bits=-1",                            Value),
        ("client_max_window_bits=abc",                           Value),
    ];
    for (params, error) in table {
        fails(Deflate::default(), params, error);
    }
}

/// Ours always offer it, so this is about the offer of whoever negotiates by hand.
#[test]
fn c05_hc26_a_client_window_that_was_not_offered_fails() {
    let table = [
        ("permessage-deflate", "10", Err(TermsError::ClientWindow)),
        ("permessage-deflate", "15", Err(TermsError::ClientWindow)),
        ("permessage-deflate; client_max_window_bits=10", "11", Err(TermsError::ClientWindow)),
        ("permessage-deflate; client_max_window_bits=10", "10", Ok(10)),
        ("permessage-deflate; client_max_window_bits=10", "8", Ok(8)),
        ("permessage-deflate; client_max_window_bits", "15", Ok(15)),
    ];
    for (offer, window, expected) in table {
        let answer = terms(&format!("{PMD}; client_max_window_bits={window}")).unwrap();
        let agreed = terms(offer).unwrap().agree(&answer);
        assert_eq!(agreed.map(|params| params.client_max_window_bits.get()), expected, "{offer}");
    }
}

#[test]
fn hc28_a_server_must_keep_to_what_it_was_asked() {
    let ten = policy(|builder| builder.peer_max_window_bits(10));
    for params in ["", "server_max_window_bits=11", "server_max_window_bits=15"] {
        fails(ten, params, TermsError::ServerWindow);
    }
    opens(ten, "server_max_window_bits=10", agreed(false, false, 10, 15));
    opens(ten, "server_max_window_bits=8", agreed(false, false, 8, 15));
    let no_takeover = policy(|builder| builder.peer_no_context_takeover(true));
    for params in ["", "client_no_context_takeover", "server_max_window_bits=10"] {
        fails(no_takeover, params, TermsError::ServerContextTakeover);
    }
    opens(no_takeover, "server_no_context_takeover", agreed(true, false, 15, 15));
}

#[test]
fn hc29_a_server_may_do_with_less_unasked() {
    let default = Deflate::default();
    opens(default, "server_no_context_takeover", agreed(true, false, 15, 15));
    opens(default, "client_no_context_takeover", agreed(false, true, 15, 15));
    opens(default, "server_max_window_bits=10", agreed(false, false, 10, 15));
    opens(default, "client_max_window_bits=10", agreed(false, false, 15, 10));
    opens(default, r#"client_max_window_bits="1\0""#, agreed(false, false, 15, 10));
}

/// What the suite answers when it is the server, to a client with the default policy.
#[test]
fn every_answer_of_autobahn_12_and_13_is_accepted() {
    #[rustfmt::skip]
    let table = [
        ("12, 13.1",       "",                                                 (false, 15)),
        ("13.2",           "client_no_context_takeover",                       (true, 15)),
        ("13.3",           "client_max_window_bits=9",                         (false, 9)),
        ("13.4",           "client_max_window_bits=15",                        (false, 15)),
        ("13.5, 13.7",     "client_no_context_takeover; client_max_window_bits=9",  (true, 9)),
        ("13.6",           "client_no_context_takeover; client_max_window_bits=15", (true, 15)),
    ];
    for (group, answer, (no_takeover, window)) in table {
        let expected = Ok(agreed(false, no_takeover, 15, window));
        assert_eq!(answered(Deflate::default(), answer), expected, "{group}");
    }
    // It answers 13.3 to 13.6 only to a client that offers to set its window.
    assert!(Deflate::default().offer().client_max_window_bits.is_some());
}

#[test]
fn c06_windows_of_256_octets_are_agreed_to_and_never_compressed_into() {
    let deflate = Deflate::default();
    opens(deflate, "server_max_window_bits=8", agreed(false, false, 8, 15));
    opens(deflate, "client_max_window_bits=8", agreed(false, false, 15, 8));
    assert_eq!(deflate.compressor(&agreed(false, false, 15, 8), Role::Client), None);
    assert_eq!(deflate.compressor(&agreed(false, false, 8, 15), Role::Server), None);
}

#[test]
fn the_compressor_keeps_to_what_was_agreed_and_to_our_own() {
    let plain = Deflate::default();
    let forgets = policy(|builder| builder.window_bits(10).no_context_takeover(true));
    #[rustfmt::skip]
    let table = [
        (plain,   agreed(false, false, 15, 15), Role::Server, (12, true)),
        (plain,   agreed(true, false, 9, 15),   Role::Server, (9, false)),
        (plain,   agreed(true, false, 9, 15),   Role::Client, (12, true)),
        (plain,   agreed(false, true, 15, 11),  Role::Client, (11, false)),
        (plain,   agreed(false, true, 15, 11),  Role::Server, (12, true)),
        (forgets, agreed(false, false, 15, 15), Role::Client, (10, false)),
        (forgets, agreed(false, false, 15, 9),  Role::Client, (9, false)),
    ];
    for (deflate, params, role, (window, takeover)) in table {
        let expected = Some((bits(window), takeover));
        assert_eq!(deflate.compressor(&params, role), expected, "{params:?} as {role:?}");
    }
}
