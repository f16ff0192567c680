//! The client's GET, as a server reads it (RFC 6455 §4.2.1). [`super::dial`] writes it.
//!
//! In: a whole head. Out: a [`Request`] that borrows from it, or the [`Rejection`] that answers it.
//! Every rule that a request can break is in this file.

use alloc::vec::Vec;
use core::fmt;

use super::authority::Authority;
use super::error::Rejection;
use super::fields::{FieldLines, Fields, HeaderField, is_token};
use super::key::Key;
use super::response;

/// A client's opening handshake that may be accepted, borrowed from the caller's buffer.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request<'a> {
    /// The request target as sent: visible ASCII.
    pub target: &'a str,
    /// The path of the target, escapes as sent; begins with `/`.
    pub path: &'a str,
    /// The query of the target, without its `?`.
    pub query: Option<&'a str>,
    /// Host and port that the client wants: from the target if it is a whole URI, else from `Host`
    /// (RFC 9112 §3.2.2). An IPv6 literal has its brackets.
    pub host: &'a str,
    /// The key to answer.
    pub key: Key,
    field_lines: &'a [u8],
    head_len: usize,
}

impl<'a> Request<'a> {
    /// All header fields, in the order they were sent.
    #[must_use]
    pub const fn fields(&self) -> Fields<'a> {
        Fields::new(self.field_lines)
    }

    /// Octets of the input that the request took; there are none behind them.
    #[must_use]
    pub const fn head_len(&self) -> usize {
        self.head_len
    }

    /// Appends the 101 that opens the connection to `out`: no subprotocol, no extension. Frames may
    /// follow it at once.
    ///
    /// RFC 6455 §4.2.2, item 5.
    pub fn accept(&self, out: &mut Vec<u8>) {
        response::write_accepted(&self.key, out);
    }

    /// Parses `request_line`, without its CRLF, and the `field_lines` behind it, the empty line
    /// included.
    pub(super) fn parse(
        request_line: &'a [u8],
        field_lines: &'a [u8],
        head_len: usize,
    ) -> Result<Self, Rejection> {
        let target = parse_request_line(request_line)?;
        let mut seen = Seen::default();
        for field in FieldLines::new(field_lines) {
            seen.note(&field?)?;
        }
        let host = seen.host.ok_or(Rejection::HostMissing)?;
        let key = seen.check()?;
        Ok(Self {
            target: target.whole,
            path: target.path,
            query: target.query,
            host: target.host.unwrap_or(host),
            key,
            field_lines,
            head_len,
        })
    }
}

/// Without the header fields: they hold cookies and credentials.
impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("target", &self.target)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// The request target, taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    whole: &'a str,
    path: &'a str,
    query: Option<&'a str>,
    /// Host and port, if the target is a whole URI.
    host: Option<&'a str>,
}

/// Parses `GET target HTTP/1.1`. The version is judged first: what the rest means depends on it.
pub(super) fn parse_request_line(line: &[u8]) -> Result<Target<'_>, Rejection> {
    let mut words = line.split(|&octet| octet == b' ');
    let (method, target) = match (words.next(), words.next(), words.next(), words.next()) {
        (Some(method), Some(target), Some(version), None) => match version {
            b"HTTP/1.1" => (method, target),
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
                return Err(Rejection::HttpVersion);
            }
            _ => return Err(Rejection::RequestLine),
        },
        (Some(b"GET"), Some(_), None, None) => return Err(Rejection::HttpVersion), // HTTP/0.9
        _ => return Err(Rejection::RequestLine),
    };
    if method.is_empty() || !method.iter().all(|&octet| is_token(octet)) {
        return Err(Rejection::RequestLine);
    }
    match method {
        b"GET" => Target::parse(target),
        b"CONNECT" => Err(Rejection::TargetForm),
        _ => Err(Rejection::Method),
    }
}

impl<'a> Target<'a> {
    /// Parses the origin form or the absolute form (RFC 9112 §3.2). Visible ASCII is all that is
    /// asked of path and query: browsers send octets there that RFC 3986 does not allow.
    fn parse(target: &'a [u8]) -> Result<Self, Rejection> {
        if target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
            return Err(Rejection::RequestLine);
        }
        let whole = core::str::from_utf8(target).map_err(|_| Rejection::RequestLine)?;
        if whole.contains('#') {
            return Err(Rejection::TargetFragment);
        }
        let (host, resource) = if whole.starts_with('/') {
            (None, whole)
        } else {
            let (scheme, rest) = whole.split_once("://").ok_or(Rejection::TargetForm)?;
            // §4.1: "an absolute http/https URI".
            if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
                return Err(Rejection::TargetForm);
            }
            let host_len = rest.find(['/', '?']).unwrap_or(rest.len());
            let (host, resource) = rest.split_at_checked(host_len).unwrap_or((rest, ""));
            Authority::parse(host).map_err(|_| Rejection::HostMalformed)?;
            (Some(host), resource)
        };
        let (path, query) = split_query(resource);
        Ok(Self { whole, path, query, host })
    }
}

/// Path and query of a resource name; an empty path is `/`.
pub(super) fn split_query(resource: &str) -> (&str, Option<&str>) {
    let (path, query) = match resource.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (resource, None),
    };
    (if path.is_empty() { "/" } else { path }, query)
}

/// What the header fields have said so far.
#[derive(Debug, Default)]
struct Seen<'a> {
    host: Option<&'a str>,
    upgrade: bool,
    connection: bool,
    version: Option<&'a [u8]>,
    key: Option<&'a [u8]>,
}

impl<'a> Seen<'a> {
    /// Takes one field in: the rules about a field alone, and about fields that may stand only once.
    fn note(&mut self, field: &HeaderField<'a>) -> Result<(), Rejection> {
        if field.is("Host") {
            let host = field.value_str().ok_or(Rejection::HostMalformed)?;
            Authority::parse(host).map_err(|_| Rejection::HostMalformed)?;
            once(&mut self.host, host, Rejection::HostDuplicated)
        } else if field.is("Upgrade") {
            self.upgrade |= field.has_token("websocket");
            Ok(())
        } else if field.is("Connection") {
            self.connection |= field.has_token("upgrade");
            Ok(())
        } else if field.is("Sec-WebSocket-Version") {
            once(&mut self.version, field.value, Rejection::VersionDuplicated)
        } else if field.is("Sec-WebSocket-Key") {
            once(&mut self.key, field.value, Rejection::KeyDuplicated)
        } else if field.is("Transfer-Encoding") || field.is("Content-Length") && field.value != b"0"
        {
            Err(Rejection::Body)
        } else {
            Ok(())
        }
    }

    /// The rules about all fields together (§4.2.1). What the client is comes before its details: a
    /// browser that just navigates here is told to upgrade, an old client which version to speak.
    fn check(&self) -> Result<Key, Rejection> {
        if !self.upgrade {
            return Err(Rejection::UpgradeMissing);
        }
        if !self.connection {
            return Err(Rejection::ConnectionMissing);
        }
        match self.version {
            Some(b"13") => {}
            Some(_) => return Err(Rejection::VersionUnsupported),
            None => return Err(Rejection::VersionMissing),
        }
        let key = self.key.ok_or(Rejection::KeyMissing)?;
        Key::parse(key).ok_or(Rejection::KeyMalformed)
    }
}

fn once<T>(place: &mut Option<T>, value: T, twice: Rejection) -> Result<(), Rejection> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(twice),
    }
}
