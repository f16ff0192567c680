//! Incremental UTF-8 validation: text arrives cut anywhere (RFC 6455 §8.1, RFC 3629 §4).
//!
//! In: the octets of one text, piece by piece. Out: nothing, or where the first octet stands that
//! no UTF-8 text can have there, even in the middle of a code point. Keeps no octets, only what may
//! follow.
//!
//! ```text
//! Boundary ──lead octet──▶ Inside(n left, range of the next) ──n octets──▶ Boundary
//!    └──────── an octet outside its range ────────▶ error, state unchanged by that octet
//! ```

use core::fmt;
use core::ops::RangeInclusive;

/// Pieces below this length are judged by the standard library: setting up SIMD costs more.
const SIMD_FROM: usize = 64;

/// The validator of one text. [`feed`](Self::feed) it every piece, then [`finish`](Self::finish).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Utf8 {
    /// Continuation octets that the open code point still needs: 0..=3.
    left: u8,
    /// The least and greatest octet that may come next while `left` is not 0.
    low: u8,
    high: u8,
}

/// No UTF-8 text can have this octet at this place, or can end here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotUtf8 {
    /// Where the octet stands in the piece that was fed; the piece's length (0 for
    /// [`Utf8::finish`]) if the text ends inside a code point.
    pub at: usize,
}

impl fmt::Display for NotUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not UTF-8 at octet {}", self.at)
    }
}

impl core::error::Error for NotUtf8 {}

impl Utf8 {
    /// A validator at the start of a text.
    #[must_use]
    pub const fn new() -> Self {
        Self { left: 0, low: 0, high: 0 }
    }

    /// Whether the octets fed so far end between code points.
    #[must_use]
    pub const fn at_boundary(&self) -> bool {
        self.left == 0
    }

    /// Validates the next octets of the text.
    ///
    /// # Errors
    ///
    /// [`NotUtf8`] with the offset in `piece` of the first octet that cannot stand there. Whatever
    /// is fed after an error is judged as if the octets from there on had not been fed.
    #[inline]
    pub fn feed(&mut self, piece: &[u8]) -> Result<(), NotUtf8> {
        let mut done = 0;
        while self.left > 0 {
            let Some(&octet) = piece.get(done) else { return Ok(()) };
            self.step(octet).map_err(|Reject| NotUtf8 { at: done })?;
            done = done.saturating_add(1);
        }
        let rest = piece.get(done..).unwrap_or_default();
        let whole = rest.len().saturating_sub(open_tail(rest));
        let (bulk, tail) = rest.split_at_checked(whole).unwrap_or((rest, &[]));
        if !is_utf8(bulk) {
            // Fails, unless the bulk too ends inside a code point: then the tail does.
            self.feed_slowly(bulk, done)?;
        }
        self.feed_slowly(tail, done.saturating_add(whole))
    }

    /// Ends the text.
    ///
    /// # Errors
    ///
    /// [`NotUtf8`] at 0 if it ends inside a code point.
    pub const fn finish(&self) -> Result<(), NotUtf8> {
        if self.at_boundary() { Ok(()) } else { Err(NotUtf8 { at: 0 }) }
    }

    /// One octet at a time; `before` octets of the piece came first.
    fn feed_slowly(&mut self, octets: &[u8], before: usize) -> Result<(), NotUtf8> {
        for (offset, &octet) in octets.iter().enumerate() {
            self.step(octet).map_err(|Reject| NotUtf8 { at: before.saturating_add(offset) })?;
        }
        Ok(())
    }

    /// The table of RFC 3629 §4, read by the lead octet.
    fn step(&mut self, octet: u8) -> Result<(), Reject> {
        let (left, next): (u8, RangeInclusive<u8>) = match (self.left, octet) {
            (0, 0x00..=0x7F) => (0, 0..=0),
            (0, 0xC2..=0xDF) => (1, 0x80..=0xBF),
            (0, 0xE0) => (2, 0xA0..=0xBF),
            (0, 0xED) => (2, 0x80..=0x9F),
            (0, 0xE1..=0xEF) => (2, 0x80..=0xBF),
            (0, 0xF0) => (3, 0x90..=0xBF),
            (0, 0xF4) => (3, 0x80..=0x8F),
            (0, 0xF1..=0xF3) => (3, 0x80..=0xBF),
            (0, _) => return Err(Reject),
            (left, octet) if (self.low..=self.high).contains(&octet) => {
                (left.saturating_sub(1), 0x80..=0xBF)
            }
            _ => return Err(Reject),
        };
        *self = Self { left, low: *next.start(), high: *next.end() };
        Ok(())
    }
}

impl Default for Utf8 {
    fn default() -> Self {
        Self::new()
    }
}

/// The octet cannot stand here.
struct Reject;

/// Whether these octets are UTF-8 by themselves.
pub(crate) fn is_utf8(octets: &[u8]) -> bool {
    if octets.len() < SIMD_FROM {
        // Short text is ASCII more often than not, and to find out costs next to nothing.
        octets.is_ascii() || core::str::from_utf8(octets).is_ok()
    } else {
        simdutf8::basic::from_utf8(octets).is_ok()
    }
}

/// How many octets at the end (0..=3) begin a code point that is not complete.
fn open_tail(octets: &[u8]) -> usize {
    for (behind, &octet) in octets.iter().rev().take(3).enumerate() {
        let there = behind.saturating_add(1);
        let needed = match octet {
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xFF => 4,
            0x80..=0xBF => continue,
            _ => return 0,
        };
        return if needed > there { there } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both choose what is judged in bulk: no verdict on a text tells when they are wrong, just its
    /// cost.
    #[test]
    fn the_tail_is_the_code_point_that_is_not_complete() {
        for (octets, tail) in [
            (&b""[..], 0),
            (b"abcd", 0),
            (b"ab\xC3", 1),
            (b"a\xC3\xA9", 0),
            (b"\xC3\xA9a", 0),
            (b"a\xE2", 1),
            (b"\xE2\x82", 2),
            (b"\xE2\x82\xAC", 0),
            (b"a\xF0", 1),
            (b"\xF0\x9F", 2),
            (b"\xF0\x9F\x98", 3),
            (b"\xF0\x9F\x98\x80", 0),
            (b"\xC3\x80\x80", 0),
            (b"\x80\x80\x80\x80", 0),
        ] {
            assert_eq!(open_tail(octets), tail, "{octets:02x?}");
        }
    }

    #[test]
    fn whole_text_is_known_at_any_length() {
        for len in [0, 1, SIMD_FROM - 1, SIMD_FROM, SIMD_FROM + 1] {
            let mut octets = [b'x'; SIMD_FROM + 3];
            assert!(is_utf8(&octets[..len]), "{len} octets");
            octets[len..len + 2].copy_from_slice("é".as_bytes());
            assert!(is_utf8(&octets[..len + 2]), "{len} octets and a code point of two");
            assert!(!is_utf8(&octets[..=len]), "{len} octets and half a code point");
        }
    }
}
