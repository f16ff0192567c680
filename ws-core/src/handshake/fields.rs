//! HTTP header fields, borrowed from the head they stand in (RFC 9110 §5, RFC 9112 §5).
//!
//! In: the octets behind a start line. Out: a [`HeaderField`] a line, in order, and the elements of
//! a value that is a list. Knows the grammar, not what any field means. Field values are octets:
//! HTTP allows more than UTF-8 in them.

use core::fmt;
use core::ops::Range;

use super::error::HeadError;
use super::octets::Octets;
use super::scan::{is_printable, token_len, value_len};

/// One header field: `name: value`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HeaderField<'a> {
    /// The name as sent, a token; compare it with [`is`](Self::is).
    pub name: &'a str,
    /// The value without the blanks around it: no control octet but HTAB, not always UTF-8.
    pub value: &'a [u8],
}

impl<'a> HeaderField<'a> {
    /// Whether this is the name, in whatever case (RFC 9110 §5.1).
    #[must_use]
    #[inline]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value, if it is UTF-8.
    #[must_use]
    pub fn value_str(&self) -> Option<&'a str> {
        core::str::from_utf8(self.value).ok()
    }

    /// Whether the value is a list that holds `token`, in whatever case.
    #[must_use]
    pub fn has_token(&self, token: &str) -> bool {
        tokens(self.value).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Whether the value is `token`, in whatever case, or a list that holds it.
    #[inline]
    pub(super) fn says(&self, token: &str) -> bool {
        // Nearly always there is nothing else.
        self.value.eq_ignore_ascii_case(token.as_bytes()) || self.has_token(token)
    }

    /// Parses the line at `place`, its CRLF included, which is not the empty one.
    #[inline]
    pub(super) fn in_line(input: &Octets<'a>, place: Range<usize>) -> Result<Self, HeadError> {
        let line = input.get(place.clone());
        let name_len = token_len(line);
        let name_end = place.start.saturating_add(name_len);
        // Nearly every line, without asking which octet is wrong.
        if name_len > 0
            && let Some([b':', value @ .., b'\r', b'\n']) = line.get(name_len..)
            && is_printable(value)
            && let Some(name) = input.text(place.start..name_end)
        {
            return Ok(Self { name, value: trim(value) });
        }
        let parsed = Self::parse(line)?;
        parsed.map(|(field, _)| field).ok_or(HeadError::ColonMissing)
    }

    /// Parses the line at the front of `input`. Returns the field and what follows its CRLF, or
    /// `None` if the line is the empty one that ends a head. An `input` that ends inside the line
    /// is reported as [`HeadError::ColonMissing`] or [`HeadError::BareCr`]: heads come here whole.
    #[inline]
    pub(super) fn parse(input: &'a [u8]) -> Result<Option<(Self, &'a [u8])>, HeadError> {
        let (name, rest) = input.split_at_checked(token_len(input)).unwrap_or((input, b""));
        let rest = match (name, rest) {
            (b"", [b'\r', b'\n', ..]) => return Ok(None),
            (b"", [b':', ..]) => return Err(HeadError::NameEmpty),
            (b"", [b' ' | b'\t', ..]) => return Err(HeadError::FoldedLine),
            (_, [b':', rest @ ..]) => rest,
            (_, [b' ' | b'\t', ..]) => return Err(HeadError::BlankBeforeColon),
            (_, [b'\r', b'\n', ..] | []) => return Err(HeadError::ColonMissing),
            (_, [b'\r', ..]) => return Err(HeadError::BareCr),
            (_, [b'\n', ..]) => return Err(HeadError::BareLf),
            (_, [_, ..]) => return Err(HeadError::NameNotToken),
        };
        let (value, rest) = rest.split_at_checked(value_len(rest)).unwrap_or((rest, b""));
        let rest = match rest {
            [b'\r', b'\n', rest @ ..] => rest,
            [b'\r', ..] | [] => return Err(HeadError::BareCr),
            [b'\n', ..] => return Err(HeadError::BareLf),
            [_, ..] => return Err(HeadError::ValueControl),
        };
        // A token is ASCII, so this is never the error.
        let name = core::str::from_utf8(name).map_err(|_| HeadError::NameNotToken)?;
        Ok(Some((Self { name, value: trim(value) }, rest)))
    }
}

/// A value without the blanks around it: nearly always there is one in front, and no other.
const fn trim(value: &[u8]) -> &[u8] {
    let rest = match value {
        [b' ', rest @ ..] => rest,
        _ => value,
    };
    match rest {
        [b' ' | b'\t', ..] | [.., b' ' | b'\t'] => rest.trim_ascii(),
        _ => rest,
    }
}

impl fmt::Debug for HeaderField<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.value.escape_ascii())
    }
}

/// The header fields of a head, in order, one pass over its octets. Given by
/// [`Request::fields`](super::Request::fields) and [`Response::fields`](super::Response::fields).
#[derive(Clone)]
pub struct Fields<'a>(FieldLines<'a>);

impl<'a> Fields<'a> {
    /// Of field lines that [`FieldLines`] has accepted.
    pub(crate) const fn new(field_lines: &'a [u8]) -> Self {
        Self(FieldLines::new(field_lines))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = HeaderField<'a>;

    fn next(&mut self) -> Option<HeaderField<'a>> {
        self.0.next()?.ok()
    }
}

/// Names alone: the values hold cookies and credentials.
impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone().map(|field| field.name)).finish()
    }
}

/// The header fields of a head not yet checked: ends at the empty line or with the first error.
#[derive(Debug, Clone)]
pub(super) struct FieldLines<'a> {
    rest: &'a [u8],
}

impl<'a> FieldLines<'a> {
    /// From the octets behind the start line, the empty line included.
    pub(super) const fn new(field_lines: &'a [u8]) -> Self {
        Self { rest: field_lines }
    }
}

impl<'a> Iterator for FieldLines<'a> {
    type Item = Result<HeaderField<'a>, HeadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let parsed = HeaderField::parse(self.rest);
        self.rest = match parsed {
            Ok(Some((_, rest))) => rest,
            Ok(None) | Err(_) => b"",
        };
        parsed.map(|parsed| parsed.map(|(field, _)| field)).transpose()
    }
}

/// The elements of a comma-separated list such as the value of `Connection`: without the blanks
/// around them, empty ones left out, one pass. Whether they are tokens is not checked.
///
/// ```
/// use ws_core::handshake::tokens;
///
/// assert!(tokens(b"keep-alive ,, Upgrade").eq([&b"keep-alive"[..], b"Upgrade"]));
/// ```
///
/// RFC 9110 §5.6.1.
pub fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    value.split(|&octet| octet == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// Whether this is a token and nothing else (RFC 9110 §5.6.2).
pub(super) fn is_token_text(text: &str) -> bool {
    !text.is_empty() && token_len(text.as_bytes()) == text.len()
}

/// Whether a field of this name is the handshake's own: one of `own`, or `Sec-WebSocket-…`.
pub(super) fn is_own(name: &str, own: &[&str]) -> bool {
    const PREFIX: &str = "Sec-WebSocket-";
    own.iter().any(|own| own.eq_ignore_ascii_case(name))
        || name.get(..PREFIX.len()).is_some_and(|front| front.eq_ignore_ascii_case(PREFIX))
}
