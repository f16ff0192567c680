//! What an application answers instead of the 101: status, reason, header fields, body (RFC 6455
//! §4.2.2, RFC 9110 §15).
//!
//! Checked when it is made, so what is written never breaks out of its lines, and says always that
//! the connection closes.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::answer::{check_field, push_decimal, push_field};
use super::error::{HandshakeError, Rejection};
use super::response::UPGRADE_REQUIRED;
use super::scan::is_value;
use crate::error::Misuse;

/// Why a request is not accepted: by the application's own choice, or by a rule of HTTP or
/// WebSocket ([`Rejection`]).
///
/// ```
/// use ws_core::handshake::Refusal;
/// # use ws_core::Misuse;
///
/// let refusal = Refusal::new(401)?.with_field("WWW-Authenticate", "Basic realm=\"chat\"")?;
/// assert_eq!(refusal.status(), 401);
/// assert!(Refusal::not_found().with_field("X-Path", "/a\r\nSet-Cookie: b=c").is_err());
/// # Ok::<(), Misuse>(())
/// ```
///
/// In a callback that returns `Result<(), Refusal>`, `?` makes a [`Misuse`] a 500.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Rule(Rejection),
    Own(Own),
}

#[derive(Clone, PartialEq, Eq)]
struct Own {
    status: u16,
    reason: Cow<'static, str>,
    /// Lines, each with its CRLF.
    fields: Vec<u8>,
    /// Without: the reason, as plain text.
    body: Option<(Cow<'static, str>, Cow<'static, [u8]>)>,
}

impl Refusal {
    /// A refusal with this status and the reason that belongs to it.
    ///
    /// # Errors
    ///
    /// [`Misuse::StatusNotRefusal`]: not 400 to 599.
    pub const fn new(status: u16) -> Result<Self, Misuse> {
        if status < 400 || status > 599 {
            return Err(Misuse::StatusNotRefusal);
        }
        Ok(Self::of(status))
    }

    /// 400 Bad Request.
    #[must_use]
    pub const fn bad_request() -> Self {
        Self::of(400)
    }

    /// 403 Forbidden: another origin, another user.
    #[must_use]
    pub const fn forbidden() -> Self {
        Self::of(403)
    }

    /// 404 Not Found: no such resource.
    #[must_use]
    pub const fn not_found() -> Self {
        Self::of(404)
    }

    /// 503 Service Unavailable with `Retry-After`, in whole seconds, rounded up: as many connections
    /// as there may be.
    #[must_use]
    pub fn service_unavailable(retry_after: Duration) -> Self {
        let seconds =
            retry_after.as_secs().saturating_add(u64::from(retry_after.subsec_nanos() > 0));
        let mut own = Own::of(503);
        own.fields.extend_from_slice(b"Retry-After: ");
        push_decimal(seconds, &mut own.fields);
        own.fields.extend_from_slice(b"\r\n");
        Self(Kind::Own(own))
    }

    /// With another reason phrase; may be empty.
    ///
    /// # Errors
    ///
    /// [`Misuse::FieldMalformed`]: a control octet in it.
    pub fn with_reason(self, reason: impl Into<Cow<'static, str>>) -> Result<Self, Misuse> {
        let reason = reason.into();
        if !reason.bytes().all(is_value) {
            return Err(Misuse::FieldMalformed);
        }
        Ok(Self(Kind::Own(Own { reason, ..self.into_own() })))
    }

    /// With one more header field.
    ///
    /// # Errors
    ///
    /// - [`Misuse::FieldMalformed`]: a name that is no token, or a control octet in the value.
    /// - [`Misuse::FieldReserved`]: a field that is the handshake's own: see
    ///   [`ResponseFields::add`](super::ResponseFields::add).
    pub fn with_field(self, name: &str, value: impl AsRef<[u8]>) -> Result<Self, Misuse> {
        let value = value.as_ref();
        check_field(name, value)?;
        let mut own = self.into_own();
        push_field(name, value, &mut own.fields);
        Ok(Self(Kind::Own(own)))
    }

    /// With a body, which is otherwise the reason, or nothing for [`Rejection::Method`]: an answer to
    /// HEAD has none.
    ///
    /// # Errors
    ///
    /// [`Misuse::FieldMalformed`]: a control octet in `content_type`.
    pub fn with_body(
        self,
        content_type: impl Into<Cow<'static, str>>,
        body: impl Into<Cow<'static, [u8]>>,
    ) -> Result<Self, Misuse> {
        let content_type = content_type.into();
        if !content_type.bytes().all(is_value) {
            return Err(Misuse::FieldMalformed);
        }
        let body = Some((content_type, body.into()));
        Ok(Self(Kind::Own(Own { body, ..self.into_own() })))
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match &self.0 {
            Kind::Rule(rejection) => rejection.status(),
            Kind::Own(own) => own.status,
        }
    }

    /// Appends the response to `out`. It says `Connection: close`: see [`Rejection::write`]. A 426 has
    /// `Upgrade: websocket` and `Sec-WebSocket-Version: 13` as well, whoever refuses.
    pub fn write(&self, out: &mut Vec<u8>) {
        let own = match &self.0 {
            Kind::Rule(rejection) => return rejection.write(out),
            Kind::Own(own) => own,
        };
        let plain = (Cow::Borrowed("text/plain"), Cow::Borrowed(own.reason.as_bytes()));
        let (content_type, body) = own.body.as_ref().unwrap_or(&plain);
        out.extend_from_slice(b"HTTP/1.1 ");
        push_decimal(u64::from(own.status), out);
        out.push(b' ');
        out.extend_from_slice(own.reason.as_bytes());
        out.extend_from_slice(b"\r\nConnection: ");
        let connection = if own.status == 426 { UPGRADE_REQUIRED } else { "close" };
        out.extend_from_slice(connection.as_bytes());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&own.fields);
        out.extend_from_slice(b"Content-Type: ");
        out.extend_from_slice(content_type.as_bytes());
        out.extend_from_slice(b"\r\nContent-Length: ");
        push_decimal(u64::try_from(body.len()).unwrap_or(u64::MAX), out);
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(body);
    }

    /// As an endpoint tells its application.
    pub(super) const fn error(&self) -> HandshakeError {
        match &self.0 {
            Kind::Rule(rejection) => HandshakeError::Rejected(*rejection),
            Kind::Own(own) => HandshakeError::Refused(own.status),
        }
    }

    const fn of(status: u16) -> Self {
        Self(Kind::Own(Own::of(status)))
    }

    /// The application's own; a rule's refusal that is changed becomes one, with what its status
    /// must have.
    fn into_own(self) -> Own {
        match self.0 {
            // RFC 9110 §15.5.6. The request may be HEAD, whose answer has no body.
            Kind::Rule(Rejection::Method) => Own {
                fields: b"Allow: GET\r\n".to_vec(),
                body: Some((Cow::Borrowed("text/plain"), Cow::Borrowed(b""))),
                ..Own::of(Rejection::Method.status())
            },
            Kind::Rule(rejection) => Own::of(rejection.status()),
            Kind::Own(own) => own,
        }
    }
}

impl Own {
    const fn of(status: u16) -> Self {
        let reason = Cow::Borrowed(reason(status));
        Self { status, reason, fields: Vec::new(), body: None }
    }
}

/// Without fields and body: they may hold secrets.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Rule(rejection) => f.debug_tuple("Refusal").field(rejection).finish(),
            Kind::Own(own) => f.debug_tuple("Refusal").field(&own.status).finish(),
        }
    }
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self(Kind::Rule(rejection))
    }
}

/// A server that cannot write its own answer has an internal error.
impl From<Misuse> for Refusal {
    fn from(_: Misuse) -> Self {
        Self::of(500)
    }
}

/// RFC 9110 §15.5, §15.6, RFC 6585; empty if the status is in neither.
const fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        511 => "Network Authentication Required",
        _ => "",
    }
}
