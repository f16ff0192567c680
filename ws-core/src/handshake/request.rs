//! The client's GET, as a server reads it (RFC 6455 §4.2.1). [`super::dial`] writes it.
//!
//! In: lines of a head, one after the other. Out: a [`Request`] that borrows from them, or the
//! [`Rejection`] that answers it. Every rule that a request can break is in this file.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::answer::Draft;
use super::authority::Authority;
use super::error::Rejection;
use super::extensions::{Extension, Extensions};
use super::fields::{Fields, HeaderField};
use super::key::Key;
use super::octets::Octets;
use super::scan::is_token;
use super::subprotocols::{self, Subprotocols};

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
    subprotocol_lines: &'a [u8],
    extension_lines: &'a [u8],
    field_lines: &'a [u8],
    head_len: usize,
}

impl<'a> Request<'a> {
    /// All header fields, in the order they were sent.
    #[must_use]
    pub const fn fields(&self) -> Fields<'a> {
        Fields::new(self.field_lines)
    }

    /// Whether the client offers any subprotocol; a name that is not there is not looked for.
    pub(super) const fn offers_subprotocols(&self) -> bool {
        !self.subprotocol_lines.is_empty()
    }

    /// The subprotocols that the client offers.
    #[must_use]
    pub fn subprotocols(&self) -> Subprotocols<'a> {
        // No name occurs twice, so there is always a list.
        Subprotocols::parse(Fields::new(self.subprotocol_lines)).unwrap_or_default()
    }

    /// The extensions that the client offers, the first
    /// [`MAX_EXTENSIONS`](super::MAX_EXTENSIONS) of them; several fields are one list.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        // Each line was checked when it came, so there is no error left.
        Extensions::of_fields(Fields::new(self.extension_lines)).filter_map(Result::ok)
    }

    /// Octets of the input that the request took.
    #[must_use]
    pub const fn head_len(&self) -> usize {
        self.head_len
    }

    /// Appends the 101 that opens the connection to `out`: no subprotocol, no extension. Frames may
    /// follow it at once.
    ///
    /// RFC 6455 §4.2.2, item 5.
    pub fn accept(&self, out: &mut Vec<u8>) {
        Draft::begin(&self.key, out).finish();
    }

    /// Puts together what was `seen` of the head at the front of `input`; `lines` are the places of
    /// the request line, without its CRLF, and of the field lines. `None` if the caller took octets
    /// of it away.
    pub(super) fn assemble(
        input: &Octets<'a>,
        [request_line, fields]: [Range<usize>; 2],
        seen: &Seen,
    ) -> Result<Option<Self>, Rejection> {
        let head_len = fields.end;
        if input.all().len() < head_len {
            return Ok(None);
        }
        let key = seen.check()?;
        let target = parse_request_line(input, request_line)?;
        let subprotocol_lines = input.get(seen.subprotocols.range());
        if !subprotocol_lines.is_empty()
            && Subprotocols::parse(Fields::new(subprotocol_lines)).is_none()
        {
            return Err(Rejection::SubprotocolDuplicated);
        }
        Ok(Some(Self {
            target: target.whole,
            path: target.path,
            query: target.query,
            host: target.host.or_else(|| seen.host(input)).ok_or(Rejection::HostMissing)?,
            key,
            subprotocol_lines,
            extension_lines: input.get(seen.extensions.range()),
            field_lines: input.get(fields),
            head_len,
        }))
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
    pub(super) whole: &'a str,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    /// Host and port, if the target is a whole URI.
    pub(super) host: Option<&'a str>,
}

/// Parses `GET target HTTP/1.1`, whose place is `line`.
pub(super) fn parse_request_line<'a>(
    input: &Octets<'a>,
    line: Range<usize>,
) -> Result<Target<'a>, Rejection> {
    const BEFORE: &[u8] = b"GET ";
    const BEHIND: &[u8] = b" HTTP/1.1";
    let octets = input.get(line.clone());
    let Some(target) = octets.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix(BEHIND))
    else {
        return Err(what_is_wrong(octets));
    };
    let start = line.start.saturating_add(BEFORE.len());
    Target::parse(input.text(start..start.saturating_add(target.len())))
}

/// Of a line that is not `GET target HTTP/1.1`. The version is judged first: what the rest means depends
/// on it.
fn what_is_wrong(line: &[u8]) -> Rejection {
    let mut words = line.split(|&octet| octet == b' ');
    let method = match (words.next(), words.next(), words.next(), words.next()) {
        (Some(method), Some(_), Some(version), None) => match version {
            b"HTTP/1.1" => method,
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => {
                return Rejection::HttpVersion;
            }
            _ => return Rejection::RequestLine,
        },
        (Some(b"GET"), Some(_), None, None) => return Rejection::HttpVersion, // HTTP/0.9
        _ => return Rejection::RequestLine,
    };
    if method.is_empty() || !method.iter().all(|&octet| is_token(octet)) {
        return Rejection::RequestLine;
    }
    match method {
        b"CONNECT" => Rejection::TargetForm,
        _ => Rejection::Method,
    }
}

impl<'a> Target<'a> {
    /// Parses the origin form or the absolute form (RFC 9112 §3.2). Visible ASCII is all that is
    /// asked of path and query: browsers send octets there that RFC 3986 does not allow.
    fn parse(target: Option<&'a str>) -> Result<Self, Rejection> {
        let whole = target.filter(|target| !target.is_empty()).ok_or(Rejection::RequestLine)?;
        let mut fragment = false;
        for octet in whole.bytes() {
            if !octet.is_ascii_graphic() {
                return Err(Rejection::RequestLine);
            }
            fragment |= octet == b'#';
        }
        if fragment {
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

/// What the header fields have said so far. Borrows nothing: octets are named by their places.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    host: Option<Range<usize>>,
    upgrade: bool,
    connection: bool,
    version: Option<Version>,
    /// The key, if it is well-formed.
    key: Option<Option<Key>>,
    subprotocols: Span,
    extensions: Span,
}

#[derive(Debug, Clone, Copy)]
enum Version {
    Ours,
    Other,
}

/// From the first to the last line of some kind.
#[derive(Debug, Clone)]
struct Span {
    start: usize,
    end: usize,
}

impl Span {
    fn add(&mut self, line: &Range<usize>) {
        if self.end == 0 {
            self.start = line.start;
        }
        self.end = line.end;
    }

    const fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

impl Seen {
    pub(super) const fn new() -> Self {
        Self {
            host: None,
            upgrade: false,
            connection: false,
            version: None,
            key: None,
            subprotocols: Span { start: 0, end: 0 },
            extensions: Span { start: 0, end: 0 },
        }
    }

    /// Takes one field in, whose `line` is at that place of the input: the rules about a field alone,
    /// and about fields that may stand only once.
    #[inline]
    pub(super) fn note(
        &mut self,
        field: &HeaderField<'_>,
        line: &Range<usize>,
        input: &Octets<'_>,
    ) -> Result<(), Rejection> {
        if field.is("Host") {
            let place = value_place(field, line, input);
            let host = input.text(place.clone()).ok_or(Rejection::HostMalformed)?;
            Authority::parse(host).map_err(|_| Rejection::HostMalformed)?;
            once(&mut self.host, place, Rejection::HostDuplicated)
        } else if field.is("Upgrade") {
            self.upgrade |= field.says("websocket");
            Ok(())
        } else if field.is("Connection") {
            self.connection |= field.says("upgrade");
            Ok(())
        } else if field.is("Sec-WebSocket-Version") {
            let version = if field.value == b"13" { Version::Ours } else { Version::Other };
            once(&mut self.version, version, Rejection::VersionDuplicated)
        } else if field.is("Sec-WebSocket-Key") {
            once(&mut self.key, Key::parse(field.value), Rejection::KeyDuplicated)
        } else if field.is(subprotocols::FIELD_NAME) {
            self.subprotocols.add(line);
            subprotocols::check(field).then_some(()).ok_or(Rejection::SubprotocolMalformed)
        } else if field.is("Sec-WebSocket-Extensions") {
            self.extensions.add(line);
            Extensions::check(field.value).then_some(()).ok_or(Rejection::ExtensionsMalformed)
        } else if field.is("Transfer-Encoding") || field.is("Content-Length") && field.value != b"0"
        {
            Err(Rejection::Body)
        } else {
            Ok(())
        }
    }

    /// The value of `Host`, if that has come.
    pub(super) fn host<'b>(&self, input: &Octets<'b>) -> Option<&'b str> {
        input.text(self.host.clone()?)
    }

    /// The rules about all fields together (§4.2.1). What the client is comes before its details: a
    /// browser that just navigates here is told to upgrade, an old client which version to speak.
    fn check(&self) -> Result<Key, Rejection> {
        if self.host.is_none() {
            return Err(Rejection::HostMissing);
        }
        if !self.upgrade {
            return Err(Rejection::UpgradeMissing);
        }
        if !self.connection {
            return Err(Rejection::ConnectionMissing);
        }
        match self.version {
            Some(Version::Ours) => {}
            Some(Version::Other) => return Err(Rejection::VersionUnsupported),
            None => return Err(Rejection::VersionMissing),
        }
        let key = self.key.ok_or(Rejection::KeyMissing)?;
        key.ok_or(Rejection::KeyMalformed)
    }
}

/// Where in the input the value of the field in `line` is.
fn value_place(field: &HeaderField<'_>, line: &Range<usize>, input: &Octets<'_>) -> Range<usize> {
    let colon_end = line.start.saturating_add(field.name.len()).saturating_add(1);
    let blank = |octet: &&u8| matches!(octet, b' ' | b'\t');
    let blanks = input.get(colon_end..line.end).iter().take_while(blank).count();
    let start = colon_end.saturating_add(blanks);
    start..start.saturating_add(field.value.len())
}

fn once<T>(place: &mut Option<T>, value: T, twice: Rejection) -> Result<(), Rejection> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(twice),
    }
}
