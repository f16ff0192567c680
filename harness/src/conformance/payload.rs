//! A payload by description: its octets, or a pattern and a length.
//!
//! Two payloads are equal if their octets are, however they are described.

use std::borrow::Cow;

/// What a frame or message holds, unmasked and uncompressed.
#[derive(Debug, Clone)]
pub enum Payload {
    /// These octets.
    Octets(Cow<'static, [u8]>),
    /// The pattern over and over, cut off at the length; the pattern is not empty.
    Repeat {
        /// What is repeated.
        pattern: &'static [u8],
        /// Octets in all.
        len: usize,
    },
}

impl Payload {
    /// No octet at all.
    pub const EMPTY: Self = Self::Octets(Cow::Borrowed(&[]));

    /// The pattern over and over, cut off at `len` octets.
    #[must_use]
    pub const fn repeat(pattern: &'static [u8], len: usize) -> Self {
        Self::Repeat { pattern, len }
    }

    /// How many octets.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Octets(octets) => octets.len(),
            Self::Repeat { len, .. } => *len,
        }
    }

    /// No octet at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, in memory.
    #[must_use]
    pub fn octets(&self) -> Cow<'_, [u8]> {
        match self {
            Self::Octets(octets) => Cow::Borrowed(octets),
            Self::Repeat { pattern, len } => {
                let mut octets = pattern.repeat(len.div_ceil(pattern.len()));
                octets.truncate(*len);
                Cow::Owned(octets)
            }
        }
    }

    /// These octets are the payload.
    #[must_use]
    pub fn is(&self, octets: &[u8]) -> bool {
        match self {
            Self::Octets(own) => **own == *octets,
            Self::Repeat { pattern, len } => {
                octets.len() == *len
                    && octets.chunks(pattern.len()).all(|chunk| *chunk == pattern[..chunk.len()])
            }
        }
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Octets(octets), payload) | (payload, Self::Octets(octets)) => payload.is(octets),
            (repeat, other) => repeat.len() == other.len() && repeat.octets() == other.octets(),
        }
    }
}

impl Eq for Payload {}

impl From<&'static str> for Payload {
    fn from(text: &'static str) -> Self {
        Self::Octets(Cow::Borrowed(text.as_bytes()))
    }
}

impl From<&'static [u8]> for Payload {
    fn from(octets: &'static [u8]) -> Self {
        Self::Octets(Cow::Borrowed(octets))
    }
}

impl<const N: usize> From<&'static [u8; N]> for Payload {
    fn from(octets: &'static [u8; N]) -> Self {
        Self::Octets(Cow::Borrowed(octets))
    }
}

impl From<Vec<u8>> for Payload {
    fn from(octets: Vec<u8>) -> Self {
        Self::Octets(Cow::Owned(octets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_cut_off_at_the_length() {
        for (len, expected) in [(0, ""), (2, "ab"), (3, "abc"), (7, "abcabca")] {
            let payload = Payload::repeat(b"abc", len);
            assert_eq!(*payload.octets(), *expected.as_bytes());
            assert_eq!((payload.len(), payload.is_empty()), (len, len == 0));
            assert!(payload.is(expected.as_bytes()));
        }
    }

    #[test]
    fn equal_if_the_octets_are() {
        let repeat = || Payload::repeat(b"ab", 4);
        for (other, equal) in [
            (Payload::from("abab"), true),
            (Payload::from(b"abab".to_vec()), true),
            (Payload::repeat(b"abab", 4), true),
            (Payload::repeat(b"ab", 5), false),
            (Payload::repeat(b"aba", 4), false),
            (Payload::from("abaa"), false),
            (Payload::from("ababa"), false),
            (Payload::EMPTY, false),
        ] {
            assert_eq!(repeat() == other, equal, "{other:?}");
            assert_eq!(other == repeat(), equal, "{other:?}");
        }
    }
}
