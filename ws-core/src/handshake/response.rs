//! The server's answer: how a server writes it, and what a client reads of it (RFC 6455 §4.2.2,
//! §4.1).
//!
//! In: a whole head and the accept value that must stand in it. Out: a [`Response`] that borrows
//! from the head, or the [`HandshakeError`]. Every rule that a 101 can break is in this file.

use alloc::vec::Vec;
use core::fmt;

use super::answer::push_decimal;
use super::dial::{Dialer, MAX_OFFERS};
use super::error::{HandshakeError, Rejection};
use super::extensions::{Extension, Extensions};
use super::fields::{FieldLines, Fields, HeaderField, tokens};
use super::key::ACCEPT_LEN;
use super::scan::is_value;
#[cfg(feature = "deflate")]
use crate::deflate::{self, DeflateParams, Terms};

/// A server's 101 that opened the connection, borrowed from the caller's buffer.
#[derive(Clone)]
pub struct Response<'a> {
    field_lines: &'a [u8],
    subprotocol: Option<&'a str>,
    #[cfg(feature = "deflate")]
    deflate: Option<DeflateParams>,
    head_len: usize,
}

impl<'a> Response<'a> {
    /// All header fields, in the order they were sent.
    #[must_use]
    pub const fn fields(&self) -> Fields<'a> {
        Fields::new(self.field_lines)
    }

    /// The subprotocol that the server chose of those offered (§1.9).
    #[must_use]
    pub const fn subprotocol(&self) -> Option<&'a str> {
        self.subprotocol
    }

    /// The extensions that the server chose of those offered, each with its parameters as sent, in
    /// the order of its answer. Their parameters are not judged here, but those of
    /// `Dialer::deflate`.
    pub fn extensions(&self) -> impl Iterator<Item = &'a [u8]> + Clone {
        let chosen = self.fields().filter(|field| field.is("Sec-WebSocket-Extensions"));
        chosen.flat_map(|field| tokens(field.value))
    }

    /// What the server agreed to of [`Dialer::deflate`]'s offer.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn deflate(&self) -> Option<DeflateParams> {
        self.deflate
    }

    /// Octets of the input that the response took, interim responses before it included. Octets of
    /// the input behind them are frames.
    #[must_use]
    pub const fn head_len(&self) -> usize {
        self.head_len
    }

    /// Checks the `field_lines` of a 101, the empty line included, against the answer to our key and
    /// what was offered.
    pub(super) fn parse(
        field_lines: &'a [u8],
        accept: &[u8; ACCEPT_LEN],
        offer: &Dialer<'_>,
        head_len: usize,
    ) -> Result<Self, HandshakeError> {
        let mut seen = Seen::default();
        for field in FieldLines::new(field_lines) {
            seen.note(&field?, offer)?;
        }
        seen.check(accept)?;
        Ok(Self {
            field_lines,
            subprotocol: seen.subprotocol,
            #[cfg(feature = "deflate")]
            deflate: seen.deflate,
            head_len,
        })
    }
}

/// Without the header fields: they hold cookies.
impl fmt::Debug for Response<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("head_len", &self.head_len).finish_non_exhaustive()
    }
}

/// Parses `HTTP/1.1 101 reason` and gives the status; the reason may be missing with its blank.
///
/// A refusal in HTTP/1.0 is still a refusal; nothing else is taken from another version than 1.1.
pub(super) fn parse_status_line(line: &[u8]) -> Result<u16, HandshakeError> {
    let [b'H', b'T', b'T', b'P', b'/', major, b'.', minor, b' ', hundreds, tens, units, rest @ ..] =
        line
    else {
        return Err(HandshakeError::StatusLine);
    };
    let digit = |octet: &u8| char::from(*octet).to_digit(10);
    let mut status = 0_u16;
    for octet in [hundreds, tens, units] {
        let value = digit(octet).and_then(|value| u16::try_from(value).ok());
        let value = value.ok_or(HandshakeError::StatusLine)?;
        status = status.saturating_mul(10).saturating_add(value);
    }
    let reason = match rest {
        [] => rest,
        [b' ', reason @ ..] => reason,
        _ => return Err(HandshakeError::StatusLine),
    };
    if status < 100 || !reason.iter().all(|&octet| is_value(octet)) {
        return Err(HandshakeError::StatusLine);
    }
    match (digit(major), digit(minor)) {
        (Some(1), Some(1)) => Ok(status),
        (Some(1), Some(0)) if status >= 200 => Ok(status),
        (Some(_), Some(_)) => Err(HandshakeError::HttpVersion),
        _ => Err(HandshakeError::StatusLine),
    }
}

/// Checks the field lines of a response that opens nothing.
pub(super) fn check_fields(field_lines: &[u8], interim: bool) -> Result<(), HandshakeError> {
    for field in FieldLines::new(field_lines) {
        let field = field?;
        if interim && announces_body(&field) {
            return Err(HandshakeError::Body);
        }
    }
    Ok(())
}

/// RFC 9110 §8.6, RFC 9112 §6.1: a server must not send either in a 1xx, and whoever believes them
/// takes frames for a body.
fn announces_body(field: &HeaderField<'_>) -> bool {
    field.is("Content-Length") || field.is("Transfer-Encoding")
}

/// What the header fields of a 101 have said so far.
#[derive(Debug, Default)]
struct Seen<'a> {
    upgrade: bool,
    connection: bool,
    accept: Option<&'a [u8]>,
    subprotocol: Option<&'a str>,
    /// The names of the extensions chosen so far.
    extensions: [&'a str; MAX_OFFERS],
    #[cfg(feature = "deflate")]
    deflate: Option<DeflateParams>,
}

impl<'a> Seen<'a> {
    /// Takes one field in: the rules about a field alone, and about fields that may stand only once.
    fn note(&mut self, field: &HeaderField<'a>, offer: &Dialer<'_>) -> Result<(), HandshakeError> {
        if field.is("Upgrade") {
            // Every protocol that the connection now speaks; ours must be the only one.
            if !tokens(field.value).all(|token| token.eq_ignore_ascii_case(b"websocket")) {
                return Err(HandshakeError::Upgrade);
            }
            self.upgrade |= field.says("websocket");
        } else if field.is("Connection") {
            self.connection |= field.says("upgrade");
        } else if field.is("Sec-WebSocket-Accept") {
            if self.accept.replace(field.value).is_some() {
                return Err(HandshakeError::AcceptDuplicated);
            }
        } else if field.is("Sec-WebSocket-Extensions") {
            // What is no list of extensions, or a longer one than any offer, chooses what nobody
            // has offered.
            if tokens(field.value).nth(MAX_OFFERS).is_some() {
                return Err(HandshakeError::ExtensionNotOffered);
            }
            for chosen in Extensions::of_value(field.value) {
                let chosen = chosen.map_err(|_| HandshakeError::ExtensionNotOffered)?;
                self.note_extension(&chosen, offer)?;
            }
        } else if field.is("Sec-WebSocket-Protocol") {
            // Compared octet by octet, the case of letters included (§4.1, response item 6).
            let chosen = field.value_str().filter(|chosen| offer.offers_subprotocol(chosen));
            let chosen = chosen.ok_or(HandshakeError::SubprotocolNotOffered)?;
            if self.subprotocol.replace(chosen).is_some() {
                return Err(HandshakeError::SubprotocolDuplicated);
            }
        } else if announces_body(field) {
            return Err(HandshakeError::Body);
        }
        Ok(())
    }

    fn note_extension(
        &mut self,
        chosen: &Extension<'a>,
        offer: &Dialer<'_>,
    ) -> Result<(), HandshakeError> {
        let name = chosen.name;
        #[cfg(feature = "deflate")]
        if let Some(deflate) = offer.offered_deflate().filter(|_| name == deflate::NAME) {
            let agreed = Terms::parse(chosen).and_then(|answer| deflate.offer().agree(&answer));
            let params = agreed.map_err(HandshakeError::Deflate)?;
            return match self.deflate.replace(params) {
                None => Ok(()),
                Some(_) => Err(HandshakeError::ExtensionDuplicated),
            };
        }
        if !offer.names_extension(name) {
            return Err(HandshakeError::ExtensionNotOffered);
        }
        // Each is offered and none stands twice, so there are never more than were offered.
        for seen in &mut self.extensions {
            if seen.is_empty() {
                *seen = name;
                break;
            }
            if *seen == name {
                return Err(HandshakeError::ExtensionDuplicated);
            }
        }
        Ok(())
    }

    /// The rules about all fields together (§4.1, what the client does with the response).
    fn check(&self, accept: &[u8; ACCEPT_LEN]) -> Result<(), HandshakeError> {
        if !self.upgrade {
            return Err(HandshakeError::Upgrade);
        }
        if !self.connection {
            return Err(HandshakeError::Connection);
        }
        match self.accept {
            Some(sent) if sent == accept => Ok(()),
            Some(_) => Err(HandshakeError::AcceptMismatch),
            None => Err(HandshakeError::AcceptMissing),
        }
    }
}

/// The value of `Connection` in a 426, with the fields behind it that a 426 must have: RFC 9110
/// §15.5.22, RFC 6455 §4.4.
pub(super) const UPGRADE_REQUIRED: &str =
    "Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";

impl Rejection {
    /// Appends the response that refuses the request to `out`: constant text, no octet of the peer.
    ///
    /// It says `Connection: close`: once it is written, end the stream. The peer may still be
    /// sending; an endpoint that closes TCP over unread octets can make the peer lose the response,
    /// so shut down writing first and give the peer a moment to end.
    ///
    /// RFC 6455 §4.2.2, RFC 9112 §9.6.
    pub fn write(self, out: &mut Vec<u8>) {
        let (status_line, fields) = self.template();
        // A response to HEAD has no body, and this may be one.
        let body = if matches!(self, Self::Method) { "" } else { self.reason() };
        for text in [status_line, "\r\nConnection: ", fields] {
            out.extend_from_slice(text.as_bytes());
        }
        out.extend_from_slice(b"\r\nContent-Type: text/plain\r\nContent-Length: ");
        push_decimal(u64::try_from(body.len()).unwrap_or(u64::MAX), out);
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(body.as_bytes());
    }

    /// The status line, and the value of `Connection` with the header fields that only this status
    /// has behind it.
    const fn template(self) -> (&'static str, &'static str) {
        match self.status() {
            405 => ("HTTP/1.1 405 Method Not Allowed", "close\r\nAllow: GET"),
            408 => ("HTTP/1.1 408 Request Timeout", "close"),
            414 => ("HTTP/1.1 414 URI Too Long", "close"),
            426 => ("HTTP/1.1 426 Upgrade Required", UPGRADE_REQUIRED),
            431 => ("HTTP/1.1 431 Request Header Fields Too Large", "close"),
            505 => ("HTTP/1.1 505 HTTP Version Not Supported", "close"),
            _ => ("HTTP/1.1 400 Bad Request", "close"),
        }
    }
}
