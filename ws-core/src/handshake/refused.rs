//! A server's final answer other than 101: it opens nothing, but may say why (RFC 6455 §4.1).

use core::fmt;

use super::body::{BodyReader, Framing};
use super::fields::{Fields, tokens};

/// The head of a refusal, borrowed from the caller's buffer.
#[derive(Clone)]
pub struct RefusedResponse<'a> {
    status: u16,
    field_lines: &'a [u8],
    head_len: usize,
}

impl<'a> RefusedResponse<'a> {
    /// Of field lines that were checked.
    pub(super) const fn new(status: u16, field_lines: &'a [u8], head_len: usize) -> Self {
        Self { status, field_lines, head_len }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// All header fields, in the order they were sent.
    #[must_use]
    pub const fn fields(&self) -> Fields<'a> {
        Fields::new(self.field_lines)
    }

    /// Octets of the input that the head took, interim responses before it included. Octets of the
    /// input behind them belong to the body.
    #[must_use]
    pub const fn head_len(&self) -> usize {
        self.head_len
    }

    /// Reads the body: feed it the octets behind the head.
    ///
    /// RFC 9112 §6.3.
    #[must_use]
    pub fn body(&self) -> BodyReader {
        BodyReader::new(self.framing())
    }

    #[cfg(feature = "std")]
    pub(crate) const fn field_lines(&self) -> &'a [u8] {
        self.field_lines
    }

    fn framing(&self) -> Framing {
        if matches!(self.status, 204 | 304) {
            return Framing::Length(0);
        }
        let codings = self.fields().filter(|field| field.is("Transfer-Encoding"));
        if let Some(last) = codings.last() {
            let chunked = tokens(last.value)
                .last()
                .is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"));
            return if chunked { Framing::Chunked } else { Framing::UntilEnd };
        }
        let mut lengths = self.fields().filter(|field| field.is("Content-Length"));
        match (lengths.next(), lengths.next()) {
            (None, _) => Framing::UntilEnd,
            // A length nobody can believe in: the body is what comes, within the limit.
            (Some(_), Some(_)) => Framing::UntilEnd,
            (Some(length), None) => {
                decimal(length.value).map_or(Framing::UntilEnd, Framing::Length)
            }
        }
    }
}

/// Without the header fields: they hold cookies.
impl fmt::Debug for RefusedResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefusedResponse")
            .field("status", &self.status)
            .field("head_len", &self.head_len)
            .finish_non_exhaustive()
    }
}

/// `1*DIGIT`; a number that no `u64` holds is as good as endless.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, octet| {
        let digit = char::from(*octet).to_digit(10)?;
        Some(number.saturating_mul(10).saturating_add(u64::from(digit)))
    })
}
