//! UTF-8 as it arrives: fails at the first octet that cannot go on (RFC 6455 §8.1, RFC 3629).

/// What has been fed so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Utf8 {
    state: State,
    /// Accepts the code points D800 to DFFF too, as the suite's platform does in close reasons.
    surrogates: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    /// Between two characters.
    #[default]
    Between,
    /// So many octets are missing; the next is in this range.
    Inside { missing: u8, low: u8, high: u8 },
    /// An octet could not go on; no other can after it.
    Failed,
}

impl Utf8 {
    /// One that lets surrogates pass.
    #[must_use]
    pub fn with_surrogates() -> Self {
        Self { surrogates: true, ..Self::default() }
    }

    /// Takes the next octets; `false` if one of them, or one before, cannot be.
    ///
    /// No octets are always fine, even after a failure: that is the suite's rule.
    pub fn feed(&mut self, octets: &[u8]) -> bool {
        for octet in octets {
            self.state = self.next(*octet);
            if self.state == State::Failed {
                return false;
            }
        }
        true
    }

    /// The text may end here.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.state == State::Between
    }

    fn next(self, octet: u8) -> State {
        let inside = |missing, low, high| State::Inside { missing, low, high };
        match self.state {
            State::Between => match octet {
                0x00..=0x7f => State::Between,
                0xc2..=0xdf => inside(1, 0x80, 0xbf),
                0xe0 => inside(2, 0xa0, 0xbf),
                0xed if !self.surrogates => inside(2, 0x80, 0x9f),
                0xe1..=0xef => inside(2, 0x80, 0xbf),
                0xf0 => inside(3, 0x90, 0xbf),
                0xf1..=0xf3 => inside(3, 0x80, 0xbf),
                0xf4 => inside(3, 0x80, 0x8f),
                _ => State::Failed,
            },
            State::Inside { missing, low, high } if (low..=high).contains(&octet) => {
                match missing {
                    1 => State::Between,
                    _ => inside(missing - 1, 0x80, 0xbf),
                }
            }
            _ => State::Failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every sequence of up to three octets that matter, against the standard library's validator.
    #[test]
    fn agrees_with_the_standard_library_octet_by_octet() {
        let edges = [
            0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0,
            0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
        ];
        for a in edges {
            for b in edges {
                for c in edges {
                    for d in edges {
                        let text = [a, b, c, d];
                        let mut ours = Utf8::default();
                        let fits = ours.feed(&text);
                        let (valid, whole) = match std::str::from_utf8(&text) {
                            Ok(_) => (true, true),
                            Err(error) => (error.error_len().is_none(), false),
                        };
                        assert_eq!((fits, ours.is_whole()), (valid, whole), "{text:02x?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_failure_stays_and_nothing_is_never_one() {
        let mut utf8 = Utf8::default();
        assert!(!utf8.feed(b"ok\xffok"));
        assert!(!utf8.feed(b"ok") && utf8.feed(b"") && !utf8.is_whole());
    }

    #[test]
    fn surrogates_pass_only_if_asked_for() {
        let surrogate = b"\xed\xa0\x80";
        assert!(!Utf8::default().feed(surrogate));
        let mut lenient = Utf8::with_surrogates();
        assert!(lenient.feed(surrogate) && lenient.is_whole());
        assert!(!Utf8::with_surrogates().feed(b"\xf4\x90\x80\x80"));
    }
}
