//! What errors say to people: what is wrong and, where there is one, what to do or which rule it is.
//!
//! [`Violation`](ws_core::Violation) is in `close.rs`, [`Rejection`] in `handshake_server_head.rs`.
#![cfg(feature = "alloc")]

use std::collections::BTreeSet;
use std::fmt::Display;

use ws_core::connection::Failure;
use ws_core::handshake::{HandshakeError, HeadError, OfferError, Rejection, UrlError};
use ws_core::{Misuse, Violation};

/// Each says its word, in one line that can stand inside another, and no two say the same.
fn say<E: Display>(table: &[(E, &str)]) {
    let mut seen = BTreeSet::new();
    for (error, word) in table {
        let text = error.to_string();
        assert!(text.contains(word), "{word}: {text}");
        assert!(!text.contains(['\n', '\r']) && !text.ends_with('.'), "{text}");
        assert!(seen.insert(text), "{word}");
    }
}

#[test]
fn misuse_says_what_to_do_instead() {
    use Misuse as M;
    say(&[
        (M::SendAfterClose, "after a Close frame"),
        (M::ControlTooLong, "send a message instead"),
        (M::ReasonTooLong, "shorten it"),
        (M::CloseCodeNotSendable, "3000-4999"),
        (M::MessageOpen, "last fragment first"),
        (M::MessageKindChanged, "all be text"),
        (M::TextNotUtf8, "send it as binary"),
        (M::WriteBufferFull, "write the pending output first"),
        (M::BufferTooShort, "too short"),
        (M::PayloadLenMismatch, "payload_len"),
        (M::LengthTopBit, "63 bits"),
        (M::LimitsContradict, "max_frame_len at most max_message_len"),
        (M::DeadlinesContradict, "longer than ping_interval"),
        (M::DeflateOutOfRange, "9 to 15"),
        (M::FieldMalformed, "HTTP cannot carry"),
        (M::FieldReserved, "writes itself"),
        (M::StatusNotRefusal, "400 to 599"),
    ]);
}

#[test]
fn failures_say_who_was_awaited() {
    say(&[
        (Failure::Violation(Violation::Unmasked), "not masked"),
        (Failure::EndOfStream, "without a Close frame"),
        (Failure::CloseTimeout, "did not answer our Close"),
        (Failure::PongTimeout, "after our Ping"),
        (Failure::WriteTimeout, "took nothing"),
    ]);
}

#[test]
fn handshake_errors_say_where_to_look() {
    use HandshakeError as H;
    say(&[
        (H::Url(UrlError::Scheme), "ws:// or wss://"),
        (H::Url(UrlError::Tls), "enable a rustls feature"),
        (H::Offer(OfferError::Host), "Host"),
        (H::Offer(OfferError::FieldName), "RFC 9110 section 5.1"),
        (H::Offer(OfferError::FieldReserved), "use the Dialer's methods"),
        (H::Offer(OfferError::FieldValue), "such as CR or LF"),
        (H::Offer(OfferError::Subprotocol), "not a token"),
        (H::Offer(OfferError::SubprotocolDuplicated), "offered twice"),
        (H::Offer(OfferError::Extension), "RFC 6455 section 9.1"),
        (H::Offer(OfferError::ExtensionDuplicated), "leave it out"),
        (H::Offer(OfferError::TooMany), "more than 16"),
        (H::Rejected(Rejection::Timeout), "408"),
        (H::Refused(403), "403"),
        (H::Head(HeadError::BareLf), "bad response head"),
        (H::Status(401), "status 401 instead of 101"),
        (H::Proxy(407), "check its credentials"),
        (H::ProxyOctets, "behind the proxy's answer"),
        (H::StatusLine, "check host and port"),
        (H::HttpVersion, "not HTTP/1.1"),
        (H::TooManyInterimResponses, "1xx"),
        (H::Upgrade, "response item 2"),
        (H::Connection, "response item 3"),
        (H::AcceptMissing, "response item 4"),
        (H::AcceptDuplicated, "occurs twice"),
        (H::AcceptMismatch, "another key"),
        (H::ExtensionNotOffered, "response item 5"),
        (H::ExtensionDuplicated, "same extension twice"),
        (H::SubprotocolNotOffered, "response item 6"),
        (H::SubprotocolDuplicated, "more than one subprotocol"),
        (H::Body, "announces a body"),
        (H::Incomplete, "connection ended"),
        (H::Timeout, "handshake_timeout"),
    ]);
}

#[cfg(feature = "std")]
#[test]
fn errors_of_io_say_what_they_come_from() {
    use std::error::Error as _;
    use ws_core::io::Error;

    let lost = || std::io::Error::other("cable cut");
    say(&[
        (Error::Io(lost()), "transport: cable cut"),
        (Error::Failed(Failure::EndOfStream), "without a Close frame"),
        (Error::Misuse(Misuse::MessageOpen), "last fragment first"),
        (Error::Handshake(HandshakeError::Timeout), "opening handshake: "),
    ]);
    for error in [
        Error::Io(lost()),
        Error::Failed(Failure::EndOfStream),
        Error::Misuse(Misuse::MessageOpen),
        Error::Handshake(HandshakeError::Timeout),
    ] {
        let source = error.source().expect("what it comes from").to_string();
        assert!(error.to_string().ends_with(&source), "{error}: {source}");
    }
}

#[cfg(feature = "deflate")]
#[test]
fn a_bad_answer_to_deflate_names_its_rule() {
    let error = HandshakeError::Deflate(ws_core::deflate::TermsError::ServerWindow);
    say(&[(error, "RFC 7692 section 7.1.2.1")]);
}
