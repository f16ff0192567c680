//! Why an opening handshake ended without a WebSocket connection.
//!
//! [`HeadError`]: one HTTP head is bad, whoever sent it. [`Rejection`]: what the server answers.
//! [`HandshakeError`]: what an endpoint tells its application. All are `Copy` and hold no octet of
//! the peer, so none can leak into a response or a log.

use core::fmt;

use super::dial::OfferError;
use super::url::UrlError;
#[cfg(feature = "deflate")]
use crate::deflate::TermsError;

/// An HTTP head that breaks the grammar of HTTP/1.1 or exceeds a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeadError {
    /// The first line exceeds
    /// [`Limits::max_request_line_len`](crate::Limits::max_request_line_len).
    StartLineTooLong,
    /// The head exceeds [`Limits::max_head_len`](crate::Limits::max_head_len).
    TooLong,
    /// More header fields than [`Limits::max_header_fields`](crate::Limits::max_header_fields).
    TooManyFields,
    /// A line ends with LF alone.
    BareLf,
    /// A CR that no LF follows.
    BareCr,
    /// A line begins with a blank: a folded value (obs-fold).
    FoldedLine,
    /// A line begins with its colon.
    NameEmpty,
    /// A field name holds an octet that no token holds.
    NameNotToken,
    /// Blanks between a field name and its colon.
    BlankBeforeColon,
    /// A line without a colon.
    ColonMissing,
    /// A field value holds NUL or another control octet.
    ValueControl,
}

impl HeadError {
    /// What is wrong: constant, ASCII.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::StartLineTooLong => "first line over the length limit",
            Self::TooLong => "header section over the length limit",
            Self::TooManyFields => "too many header fields",
            Self::BareLf => "line ends with LF instead of CRLF",
            Self::BareCr => "CR without LF",
            Self::FoldedLine => "folded header field",
            Self::NameEmpty => "header field without a name",
            Self::NameNotToken => "header field name is not a token",
            Self::BlankBeforeColon => "blank between header field name and colon",
            Self::ColonMissing => "header field without a colon",
            Self::ValueControl => "control octet in a header field value",
        }
    }

    /// The RFC and section that hold the rule.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::StartLineTooLong => "RFC 9112 section 3",
            Self::TooLong | Self::TooManyFields => "RFC 6585 section 5",
            Self::BareLf | Self::BareCr => "RFC 9112 section 2.2",
            Self::FoldedLine => "RFC 9112 section 5.2",
            Self::NameEmpty | Self::NameNotToken | Self::BlankBeforeColon | Self::ColonMissing => {
                "RFC 9112 section 5.1"
            }
            Self::ValueControl => "RFC 9110 section 5.5",
        }
    }
}

impl fmt::Display for HeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason(), self.section())
    }
}

impl core::error::Error for HeadError {}

/// The request cannot be accepted. [`write`](Self::write) answers it; TCP ends after the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// The head is not HTTP/1.1, or exceeds a limit: 400, 414 or 431.
    Head(HeadError),
    /// The first line is not a request line: 400.
    RequestLine,
    /// A version of HTTP other than 1.1, HTTP/0.9 included: 505.
    HttpVersion,
    /// A method other than GET: 405.
    Method,
    /// A request target that names no resource: `*`, an authority (CONNECT), another scheme: 400.
    TargetForm,
    /// A request target with a fragment: 400.
    TargetFragment,
    /// No Host: 400.
    HostMissing,
    /// More than one Host: 400.
    HostDuplicated,
    /// A Host, or an authority in the target, that is not a host with an optional port: 400.
    HostMalformed,
    /// A Content-Length other than 0, or a Transfer-Encoding: 400, the body unread.
    Body,
    /// No Upgrade with the value `websocket`: 426.
    UpgradeMissing,
    /// No Connection with the token `upgrade`: 400.
    ConnectionMissing,
    /// No Sec-WebSocket-Version: 400.
    VersionMissing,
    /// More than one Sec-WebSocket-Version: 400.
    VersionDuplicated,
    /// A Sec-WebSocket-Version other than 13: 426.
    VersionUnsupported,
    /// No Sec-WebSocket-Key: 400.
    KeyMissing,
    /// More than one Sec-WebSocket-Key: 400.
    KeyDuplicated,
    /// A Sec-WebSocket-Key that is not 16 octets in base64: 400.
    KeyMalformed,
    /// A Sec-WebSocket-Protocol that is not a list of tokens: 400.
    SubprotocolMalformed,
    /// A subprotocol that is offered twice: 400.
    SubprotocolDuplicated,
    /// A Sec-WebSocket-Extensions that is not a list of extensions: 400.
    ExtensionsMalformed,
    /// Octets behind the head, before the 101 that lets a client send any: 400.
    OctetsAfterHead,
    /// The head did not arrive within
    /// [`Limits::handshake_timeout`](crate::Limits::handshake_timeout): 408.
    Timeout,
}

impl Rejection {
    /// The HTTP status that answers.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Head(HeadError::StartLineTooLong) => 414,
            Self::Head(HeadError::TooLong | HeadError::TooManyFields) => 431,
            Self::Head(
                HeadError::BareLf
                | HeadError::BareCr
                | HeadError::FoldedLine
                | HeadError::NameEmpty
                | HeadError::NameNotToken
                | HeadError::BlankBeforeColon
                | HeadError::ColonMissing
                | HeadError::ValueControl,
            )
            | Self::RequestLine
            | Self::TargetForm
            | Self::TargetFragment
            | Self::HostMissing
            | Self::HostDuplicated
            | Self::HostMalformed
            | Self::Body
            | Self::ConnectionMissing
            | Self::VersionMissing
            | Self::VersionDuplicated
            | Self::KeyMissing
            | Self::KeyDuplicated
            | Self::KeyMalformed
            | Self::SubprotocolMalformed
            | Self::SubprotocolDuplicated
            | Self::ExtensionsMalformed
            | Self::OctetsAfterHead => 400,
            Self::Method => 405,
            Self::Timeout => 408,
            Self::UpgradeMissing | Self::VersionUnsupported => 426,
            Self::HttpVersion => 505,
        }
    }

    /// What is wrong, and the body of the answer: constant, ASCII.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Head(error) => error.reason(),
            Self::RequestLine => "malformed request line",
            Self::HttpVersion => "HTTP/1.1 is required",
            Self::Method => "the method must be GET",
            Self::TargetForm => "the request target must be a path or an http URI",
            Self::TargetFragment => "the request target must not have a fragment",
            Self::HostMissing => "Host is missing",
            Self::HostDuplicated => "Host must occur once",
            Self::HostMalformed => "Host is malformed",
            Self::Body => "an upgrade request must not have a body",
            Self::UpgradeMissing => "this is a WebSocket endpoint: Upgrade: websocket is required",
            Self::ConnectionMissing => "Connection: Upgrade is required",
            Self::VersionMissing => "Sec-WebSocket-Version is missing",
            Self::VersionDuplicated => "Sec-WebSocket-Version must occur once",
            Self::VersionUnsupported => "Sec-WebSocket-Version must be 13",
            Self::KeyMissing => "Sec-WebSocket-Key is missing",
            Self::KeyDuplicated => "Sec-WebSocket-Key must occur once",
            Self::KeyMalformed => "Sec-WebSocket-Key must be 16 octets in base64",
            Self::SubprotocolMalformed => "Sec-WebSocket-Protocol must be a list of tokens",
            Self::SubprotocolDuplicated => "Sec-WebSocket-Protocol must name each protocol once",
            Self::ExtensionsMalformed => "Sec-WebSocket-Extensions is malformed",
            Self::OctetsAfterHead => "octets after the request, before it was answered",
            Self::Timeout => "the request did not arrive in time",
        }
    }

    /// The RFC and section that hold the rule.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::Head(error) => error.section(),
            Self::RequestLine => "RFC 9112 section 3",
            Self::TargetForm => "RFC 9112 section 3.2",
            Self::HttpVersion | Self::Method => "RFC 6455 section 4.1, item 2",
            Self::TargetFragment => "RFC 6455 section 3",
            Self::HostMissing | Self::HostDuplicated | Self::HostMalformed => {
                "RFC 9112 section 3.2"
            }
            Self::Body => "RFC 9112 section 6",
            Self::UpgradeMissing => "RFC 6455 section 4.2.1, item 3",
            Self::ConnectionMissing => "RFC 6455 section 4.2.1, item 4",
            Self::KeyMissing | Self::KeyMalformed => "RFC 6455 section 4.2.1, item 5",
            Self::VersionMissing => "RFC 6455 section 4.2.1, item 6",
            Self::VersionUnsupported => "RFC 6455 section 4.4",
            Self::SubprotocolMalformed | Self::SubprotocolDuplicated => {
                "RFC 6455 section 4.1, item 10"
            }
            Self::ExtensionsMalformed => "RFC 6455 section 9.1",
            Self::KeyDuplicated => "RFC 6455 section 11.3.1",
            Self::VersionDuplicated => "RFC 6455 section 11.3.5",
            Self::OctetsAfterHead => "RFC 6455 section 4.1",
            Self::Timeout => "RFC 9110 section 15.5.9",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (status, reason, section) = (self.status(), self.reason(), self.section());
        write!(f, "request refused with {status}: {reason} ({section})")
    }
}

impl core::error::Error for Rejection {}

impl From<HeadError> for Rejection {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

/// An opening handshake failed. No Close frame is sent for it: TCP just ends (RFC 6455 §7.1.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HandshakeError {
    /// Client: the URL cannot be dialed. Nothing was sent.
    Url(UrlError),
    /// Client: the request cannot be written. Nothing was sent.
    Offer(OfferError),
    /// Server: the request was refused.
    Rejected(Rejection),
    /// Server: the application refused the request with this status.
    Refused(u16),
    /// Client: the head of the response is not HTTP/1.1, or exceeds a limit.
    Head(HeadError),
    /// Client: the first line is not a status line. Whoever answers does not speak HTTP/1.
    StatusLine,
    /// Client: the response is not HTTP/1.1.
    HttpVersion,
    /// Client: the server answered with this status instead of 101.
    Status(u16),
    /// Client: the proxy answered CONNECT with this status instead of 2xx.
    Proxy(u16),
    /// Client: octets behind the proxy's answer, before anything was sent through the tunnel.
    ProxyOctets,
    /// Client: more than [`MAX_INTERIM_RESPONSES`](super::MAX_INTERIM_RESPONSES) interim responses.
    TooManyInterimResponses,
    /// Client: Upgrade is missing, or names another protocol than `websocket`.
    Upgrade,
    /// Client: Connection is missing, or lacks the token `upgrade`.
    Connection,
    /// Client: no Sec-WebSocket-Accept.
    AcceptMissing,
    /// Client: more than one Sec-WebSocket-Accept.
    AcceptDuplicated,
    /// Client: Sec-WebSocket-Accept belongs to another key.
    AcceptMismatch,
    /// Client: the server chose an extension that was not offered.
    ExtensionNotOffered,
    /// Client: the server chose the same extension twice.
    ExtensionDuplicated,
    /// Client: the server chose permessage-deflate with parameters that do not answer the offer.
    #[cfg(feature = "deflate")]
    Deflate(TermsError),
    /// Client: the server chose a subprotocol that was not offered.
    SubprotocolNotOffered,
    /// Client: more than one Sec-WebSocket-Protocol.
    SubprotocolDuplicated,
    /// Client: an interim response or the 101 announces a body: Content-Length or Transfer-Encoding.
    Body,
    /// The peer's stream ended before its head did.
    Incomplete,
    /// The handshake took longer than
    /// [`Limits::handshake_timeout`](crate::Limits::handshake_timeout).
    Timeout,
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Url(error) => return error.fmt(f),
            Self::Offer(error) => return error.fmt(f),
            Self::Rejected(rejection) => return rejection.fmt(f),
            Self::Refused(status) => {
                return write!(f, "the application refused the request with {status}");
            }
            Self::Head(error) => return write!(f, "bad response head: {error}"),
            #[cfg(feature = "deflate")]
            Self::Deflate(error) => return write!(f, "bad answer to an offer: {error}"),
            Self::Status(status) => {
                return write!(
                    f,
                    "server answered with status {status} instead of 101; check host, path and \
                     credentials (RFC 6455 section 4.1)"
                );
            }
            Self::Proxy(status) => {
                return write!(
                    f,
                    "proxy answered CONNECT with status {status}; check its credentials and rules \
                     (RFC 9110 section 9.3.6)"
                );
            }
            Self::ProxyOctets => "octets behind the proxy's answer (RFC 9110 section 9.3.6)",
            Self::StatusLine => "response is not HTTP; check host and port (RFC 9112 section 4)",
            Self::HttpVersion => {
                "response is not HTTP/1.1; check for a proxy in between (RFC 9112 section 2.3)"
            }
            Self::TooManyInterimResponses => {
                "too many 1xx responses before the final one (RFC 9110 section 15.2)"
            }
            Self::Upgrade => {
                "101 response without Upgrade: websocket (RFC 6455 section 4.1, response item 2)"
            }
            Self::Connection => {
                "101 response without Connection: Upgrade (RFC 6455 section 4.1, response item 3)"
            }
            Self::AcceptMissing => {
                "101 response without Sec-WebSocket-Accept (RFC 6455 section 4.1, response item 4)"
            }
            Self::AcceptDuplicated => "Sec-WebSocket-Accept occurs twice (RFC 6455 section 11.3.3)",
            Self::AcceptMismatch => {
                "Sec-WebSocket-Accept belongs to another key; the answer may come from a cache \
                 (RFC 6455 section 4.1, response item 4)"
            }
            Self::ExtensionNotOffered => {
                "server chose an extension that was not offered (RFC 6455 section 4.1, response \
                 item 5)"
            }
            Self::ExtensionDuplicated => {
                "server chose the same extension twice (RFC 6455 section 9.1)"
            }
            Self::SubprotocolDuplicated => {
                "server chose more than one subprotocol (RFC 6455 section 11.3.4)"
            }
            Self::SubprotocolNotOffered => {
                "server chose a subprotocol that was not offered (RFC 6455 section 4.1, response \
                 item 6)"
            }
            Self::Body => "1xx response announces a body (RFC 9112 section 6.3)",
            Self::Incomplete => "connection ended inside the opening handshake",
            Self::Timeout => {
                "opening handshake timed out; check the network, or raise handshake_timeout"
            }
        };
        f.write_str(text)
    }
}

impl core::error::Error for HandshakeError {}

impl From<HeadError> for HandshakeError {
    fn from(error: HeadError) -> Self {
        Self::Head(error)
    }
}

impl From<Rejection> for HandshakeError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<UrlError> for HandshakeError {
    fn from(error: UrlError) -> Self {
        Self::Url(error)
    }
}

impl From<OfferError> for HandshakeError {
    fn from(error: OfferError) -> Self {
        Self::Offer(error)
    }
}
