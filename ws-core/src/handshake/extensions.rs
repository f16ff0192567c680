//! The grammar of `Sec-WebSocket-Extensions`: a list of names with parameters (RFC 6455 §9.1).
//!
//! In: the value of one header field, or all fields of a head in their order. Out: an [`Extension`]
//! an element, borrowed, in one pass. Knows the grammar, not what any extension or parameter means,
//! nor whether the list is a client's offer or a server's answer.
//!
//! ```text
//! permessage-deflate; client_max_window_bits; server_max_window_bits="10", x-other
//! └──────name──────┘  └───────param────────┘  └────────param, value─────┘  └─name─┘
//! ```
//!
//! Blanks may stand between any two of these. Empty elements are left out (RFC 9110 §5.6.1.2).

use core::fmt;

use super::fields::Fields;
use super::scan::is_token;

/// Elements of a list, and parameters of an element, that are looked at; the others are left out.
pub const MAX_EXTENSIONS: usize = 16;

const FIELD_NAME: &str = "Sec-WebSocket-Extensions";

/// One element of the list: what a client offers, or a server answers.
#[derive(Clone, Copy)]
pub struct Extension<'a> {
    /// The name as sent, a token. Names are compared exactly.
    pub name: &'a str,
    params: [Param<'a>; MAX_EXTENSIONS],
    len: usize,
    more: bool,
}

impl<'a> Extension<'a> {
    /// The parameters in the order they were sent, the first [`MAX_EXTENSIONS`] of them. One that
    /// occurs twice is in it twice.
    #[must_use]
    pub fn params(&self) -> &[Param<'a>] {
        self.params.get(..self.len).unwrap_or_default()
    }

    /// Whether there were more parameters than [`MAX_EXTENSIONS`]. Decline such an offer: nobody
    /// can agree to what was not looked at.
    #[must_use]
    pub const fn has_more_params(&self) -> bool {
        self.more
    }
}

impl fmt::Debug for Extension<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.params().iter().try_for_each(|param| write!(f, "; {param:?}"))
    }
}

/// A parameter of an [`Extension`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name as sent, a token. Names are compared exactly.
    pub name: &'a str,
    /// The value, if there is one.
    pub value: Option<ParamValue<'a>>,
}

impl fmt::Debug for Param<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.value.map_or(Ok(()), |value| write!(f, "={value}"))
    }
}

/// The value of a [`Param`]: a token, whether it was sent in quotes or not; or nothing, sent as
/// `""`, which no extension accepts.
///
/// Compare it with a `str`, or take it apart with [`chars`](Self::chars).
#[derive(Clone, Copy)]
pub struct ParamValue<'a> {
    /// Without the quotes. No token holds `\`, so every one of them escapes the octet behind it.
    raw: &'a str,
}

impl<'a> ParamValue<'a> {
    /// The value, if no octet of it was sent behind a `\`; nobody sends a token so.
    #[must_use]
    pub fn as_str(&self) -> Option<&'a str> {
        (!self.raw.contains('\\')).then_some(self.raw)
    }

    /// The characters of the value: ASCII, and such as a token may hold.
    pub fn chars(&self) -> impl Iterator<Item = char> + Clone + use<'a> {
        self.raw.chars().filter(|&char| char != '\\')
    }
}

impl PartialEq for ParamValue<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.chars().eq(other.chars())
    }
}

impl Eq for ParamValue<'_> {}

impl PartialEq<str> for ParamValue<'_> {
    fn eq(&self, other: &str) -> bool {
        self.chars().eq(other.chars())
    }
}

impl PartialEq<&str> for ParamValue<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Display for ParamValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.chars().try_for_each(|char| fmt::Write::write_char(f, char))
    }
}

impl fmt::Debug for ParamValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The value is not a list of extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MalformedExtensions;

impl fmt::Display for MalformedExtensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sec-WebSocket-Extensions is malformed (RFC 6455 section 9.1)")
    }
}

impl core::error::Error for MalformedExtensions {}

/// The elements of one list or of several in order, at most [`MAX_EXTENSIONS`]. Ends with the first
/// error. Every octet is looked at once, and none behind the last element given.
///
/// ```
/// use ws_core::handshake::Extensions;
///
/// let mut offers = Extensions::of_value(br#"x-a; mode=fast; bits="10", x-b"#);
/// let offer = offers.next().expect("two offers")?;
/// assert_eq!(offer.name, "x-a");
/// assert!(offer.params()[1].value.is_some_and(|bits| bits == "10"));
/// assert_eq!(offers.next().expect("two offers")?.name, "x-b");
/// assert!(offers.next().is_none());
/// # Ok::<(), ws_core::handshake::MalformedExtensions>(())
/// ```
#[derive(Debug, Clone)]
pub struct Extensions<'a> {
    /// Where the next list comes from.
    fields: Fields<'a>,
    rest: &'a [u8],
    /// Whether an element of this list was given.
    started: bool,
    left: usize,
}

impl<'a> Extensions<'a> {
    /// Of one value.
    #[must_use]
    pub const fn of_value(value: &'a [u8]) -> Self {
        Self { fields: Fields::new(b""), rest: value, started: false, left: MAX_EXTENSIONS }
    }

    /// Of every `Sec-WebSocket-Extensions` among `fields`: several are one list, in order.
    #[must_use]
    pub const fn of_fields(fields: Fields<'a>) -> Self {
        Self { fields, rest: b"", started: true, left: MAX_EXTENSIONS }
    }

    /// Whether the value is a list of extensions, as far as it is looked at; keeps nothing of it.
    pub(super) fn check(value: &'a [u8]) -> bool {
        let mut list = Self::of_value(value);
        loop {
            match list.parse_next(|cursor| cursor.element(|_| {})) {
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(MalformedExtensions) => return false,
            }
        }
    }

    fn parse_next<T>(
        &mut self,
        parse: impl FnOnce(&mut Cursor<'a>) -> Result<T, MalformedExtensions>,
    ) -> Result<Option<T>, MalformedExtensions> {
        if self.left == 0 {
            return Ok(None);
        }
        loop {
            let mut cursor = Cursor { rest: self.rest };
            cursor.skip(|octet| matches!(octet, b' ' | b'\t' | b','));
            if !cursor.rest.is_empty() {
                let element = parse(&mut cursor)?;
                self.rest = cursor.rest;
                self.started = true;
                self.left = self.left.saturating_sub(1);
                return Ok(Some(element));
            }
            if !self.started {
                return Err(MalformedExtensions); // A list has one element at least.
            }
            let Some(field) = self.fields.find(|field| field.is(FIELD_NAME)) else {
                self.rest = b"";
                return Ok(None);
            };
            (self.rest, self.started) = (field.value, false);
        }
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = Result<Extension<'a>, MalformedExtensions>;

    fn next(&mut self) -> Option<Self::Item> {
        let parsed = self.parse_next(Cursor::extension);
        if !matches!(parsed, Ok(Some(_))) {
            self.left = 0;
        }
        parsed.transpose()
    }
}

/// What of a value is still to be looked at.
struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// An element, and the comma behind it.
    fn extension(&mut self) -> Result<Extension<'a>, MalformedExtensions> {
        let mut params = [Param { name: "", value: None }; MAX_EXTENSIONS];
        let mut len = 0_usize;
        let mut more = false;
        let name = self.element(|param| match params.get_mut(len) {
            Some(place) => {
                *place = param;
                len = len.saturating_add(1);
            }
            None => more = true,
        })?;
        Ok(Extension { name, params, len, more })
    }

    /// An element, and the comma behind it. Returns its name, and gives its parameters to `take`.
    fn element(&mut self, mut take: impl FnMut(Param<'a>)) -> Result<&'a str, MalformedExtensions> {
        let name = self.token()?;
        while self.eat(b';') {
            let name = self.token()?;
            let value = if self.eat(b'=') { Some(self.value()?) } else { None };
            take(Param { name, value });
        }
        if !self.rest.is_empty() && !self.eat(b',') {
            return Err(MalformedExtensions);
        }
        Ok(name)
    }

    fn value(&mut self) -> Result<ParamValue<'a>, MalformedExtensions> {
        self.blanks();
        if !self.eat(b'"') {
            return Ok(ParamValue { raw: self.token()? });
        }
        let quoted = self.rest;
        let mut escaped = false;
        for (len, &octet) in quoted.iter().enumerate() {
            match octet {
                b'\\' if !escaped => escaped = true,
                b'"' if !escaped => {
                    let (raw, rest) = quoted.split_at_checked(len).ok_or(MalformedExtensions)?;
                    self.rest = rest;
                    self.eat(b'"');
                    self.blanks();
                    return Ok(ParamValue { raw: text(raw)? });
                }
                _ if is_token(octet) => escaped = false,
                _ => return Err(MalformedExtensions),
            }
        }
        Err(MalformedExtensions)
    }

    /// A token, blanks around it.
    fn token(&mut self) -> Result<&'a str, MalformedExtensions> {
        self.blanks();
        let from = self.rest;
        self.skip(is_token);
        let len = from.len().saturating_sub(self.rest.len());
        self.blanks();
        match from.get(..len) {
            None | Some(b"") => Err(MalformedExtensions),
            Some(token) => text(token),
        }
    }

    fn eat(&mut self, octet: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == octet => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn blanks(&mut self) {
        self.skip(|octet| matches!(octet, b' ' | b'\t'));
    }

    fn skip(&mut self, skipped: impl Fn(u8) -> bool) {
        let len = self.rest.iter().position(|&octet| !skipped(octet)).unwrap_or(self.rest.len());
        self.rest = self.rest.get(len..).unwrap_or_default();
    }
}

/// A token is ASCII, so this is never the error.
fn text(token: &[u8]) -> Result<&str, MalformedExtensions> {
    core::str::from_utf8(token).map_err(|_| MalformedExtensions)
}
