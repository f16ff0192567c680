//! Messages cut from a file: each begins where the one before ended, and the end goes on at the
//! start.

use std::borrow::Cow;

use super::Unit;

/// The messages of one case, without end. Borrowed from the file unless one goes past its end.
#[derive(Debug, Clone)]
pub struct Windows<'a> {
    content: &'a [u8],
    unit: Unit,
    /// Units in each window.
    len: usize,
    /// Where the next one begins, in octets; below the file's length.
    at: usize,
}

impl<'a> Windows<'a> {
    /// The content is not empty, and UTF-8 if it is counted in characters.
    pub(super) fn new(content: &'a [u8], unit: Unit, len: usize) -> Self {
        Self { content, unit, len, at: 0 }
    }

    /// Up to `units` from here to the end of the file, and how many they are.
    fn take(&mut self, units: usize) -> (&'a [u8], usize) {
        let rest = &self.content[self.at..];
        let (octets, taken) = match self.unit {
            Unit::Octet => (units.min(rest.len()), units.min(rest.len())),
            Unit::Character => characters(rest, units),
        };
        self.at = (self.at + octets) % self.content.len();
        (&rest[..octets], taken)
    }
}

impl<'a> Iterator for Windows<'a> {
    type Item = Cow<'a, [u8]>;

    fn next(&mut self) -> Option<Cow<'a, [u8]>> {
        let (first, mut taken) = self.take(self.len);
        let mut window = Cow::Borrowed(first);
        while taken < self.len {
            let (octets, more) = self.take(self.len - taken);
            window.to_mut().extend_from_slice(octets);
            taken += more;
        }
        Some(window)
    }
}

/// The octets of the first `limit` characters, and how many characters there are if fewer.
fn characters(text: &[u8], limit: usize) -> (usize, usize) {
    let begins = |octet: u8| octet & 0xc0 != 0x80;
    let mut seen = 0;
    for (at, octet) in text.iter().enumerate() {
        if begins(*octet) {
            if seen == limit {
                return (at, seen);
            }
            seen += 1;
        }
    }
    (text.len(), seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(count: usize, content: &str, unit: Unit, len: usize) -> Vec<String> {
        Windows::new(content.as_bytes(), unit, len)
            .take(count)
            .map(|window| String::from_utf8(window.into_owned()).unwrap())
            .collect()
    }

    #[test]
    fn each_begins_where_the_last_one_ended_and_the_end_goes_on_at_the_start() {
        for (content, len, expected) in [
            ("abcdefg", 3, ["abc", "def", "gab", "cde"]),
            ("abcdef", 3, ["abc", "def", "abc", "def"]),
            ("abc", 3, ["abc", "abc", "abc", "abc"]),
            ("ab", 5, ["ababa", "babab", "ababa", "babab"]),
            ("a", 0, ["", "", "", ""]),
        ] {
            assert_eq!(first(4, content, Unit::Octet, len), expected, "{content} by {len}");
            assert_eq!(first(4, content, Unit::Character, len), expected, "{content} by {len}");
        }
    }

    #[test]
    fn characters_stay_whole() {
        assert_eq!(
            first(4, "aäb€𝄞", Unit::Character, 2),
            ["aä", "b€", "𝄞a", "äb"],
            "five characters of one to four octets"
        );
    }

    #[test]
    fn only_a_window_past_the_end_is_copied() {
        let borrowed: Vec<bool> = Windows::new(b"abcdefg", Unit::Octet, 3)
            .take(4)
            .map(|window| matches!(window, Cow::Borrowed(_)))
            .collect();
        assert_eq!(borrowed, [true, true, false, true]);
    }
}
