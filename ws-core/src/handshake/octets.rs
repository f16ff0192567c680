//! The octets of a request, of which many parts are asked for as text.
//!
//! In: all octets so far. Out: parts of them, as octets or as text. What the first read brings, nearly
//! always the whole request, is checked for UTF-8 in one go: name by name it would cost five times as
//! much. What comes later is checked part by part, so that no octet is checked again for each read.

use core::ops::Range;

/// All octets of a request so far.
#[derive(Clone, Copy)]
pub(super) struct Octets<'b> {
    all: &'b [u8],
    /// Octets at the front, as text.
    text: &'b str,
}

impl<'b> Octets<'b> {
    /// `new`: how many octets at the front may be checked now, none of them having been here before.
    pub(super) fn new(all: &'b [u8], new: usize) -> Self {
        let front = all.get(..new.min(all.len())).unwrap_or_default();
        Self { all, text: simdutf8::basic::from_utf8(front).unwrap_or_default() }
    }

    pub(super) const fn all(&self) -> &'b [u8] {
        self.all
    }

    /// The octets at `place`; none if the caller took them away.
    #[inline]
    pub(super) fn get(&self, place: Range<usize>) -> &'b [u8] {
        self.all.get(place).unwrap_or_default()
    }

    /// The octets at `place`, if they are UTF-8.
    #[inline]
    pub(super) fn text(&self, place: Range<usize>) -> Option<&'b str> {
        match self.text.get(place.clone()) {
            Some(text) => Some(text),
            None => core::str::from_utf8(self.all.get(place)?).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever of it is checked in one go: a part is text if it is UTF-8 itself.
    #[test]
    fn a_part_is_text_whether_or_not_the_rest_is() {
        for (all, good) in [(&b"ab\xC3\xA9cd"[..], true), (b"ab\xC3cd", false), (b"abcd", true)] {
            for new in 0..all.len() + 2 {
                let octets = Octets::new(all, new);
                for start in 0..=all.len() {
                    for end in start..=all.len() {
                        let part = &all[start..end];
                        assert_eq!(octets.get(start..end), part);
                        assert_eq!(octets.text(start..end), core::str::from_utf8(part).ok());
                    }
                }
                assert_eq!(octets.text(0..all.len()).is_some(), good);
                assert_eq!(octets.text(1..all.len() + 1), None, "beyond the end");
                assert_eq!(octets.get(1..all.len() + 1), b"");
            }
        }
    }
}
