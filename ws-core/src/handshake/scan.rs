//! Where something ends in the octets of a head, found several octets at a time.
//!
//! In: octets. Out: a place among them. Knows the three sets of octets that lines are made of, not
//! what a line is. An octet is judged alone, so how octets are grouped changes nothing.

/// Where the first LF is.
#[inline]
pub(super) fn line_feed(octets: &[u8]) -> Option<usize> {
    let (words, rest) = octets.as_chunks::<8>();
    let mut base = 0_usize;
    for word in words {
        let marks = zeros(u64::from_le_bytes(*word) ^ each(b'\n'));
        if marks != 0 {
            // The first mark is never one above a zero.
            let place = marks.trailing_zeros().wrapping_div(8);
            return Some(base.saturating_add(usize::try_from(place).unwrap_or(0)));
        }
        base = base.saturating_add(word.len());
    }
    let place = rest.iter().position(|&octet| octet == b'\n')?;
    Some(base.saturating_add(place))
}

/// Whether a field value may hold all of these octets, and no HTAB is among them.
#[inline]
pub(super) fn is_printable(octets: &[u8]) -> bool {
    let Some(last) = octets.last_chunk::<8>() else {
        return octets.iter().all(|&octet| octet != b'\t' && is_value(octet));
    };
    let (words, _) = octets.as_chunks::<8>();
    let marks = |word: &[u8; 8]| controls(u64::from_le_bytes(*word));
    // The last octets may be looked at twice: that costs less than one at a time.
    words.iter().fold(marks(last), |seen, word| seen | marks(word)) == 0
}

/// Octets at the front that a field value or a reason phrase may hold.
#[inline]
pub(super) fn value_len(octets: &[u8]) -> usize {
    position(octets, controls, |octet| !is_value(octet)).unwrap_or(octets.len())
}

/// Octets at the front that a token may hold. Tokens are short: one octet at a time.
#[inline]
pub(super) fn token_len(octets: &[u8]) -> usize {
    octets.iter().position(|&octet| !is_token(octet)).unwrap_or(octets.len())
}

/// Whether a token may hold this octet (RFC 9110 §5.6.2).
#[expect(clippy::indexing_slicing, reason = "an octet is one of 256 places")]
pub(super) const fn is_token(octet: u8) -> bool {
    TOKEN[octet as usize]
}

/// Whether a field value or a reason phrase may hold this octet (RFC 9110 §5.5).
pub(super) const fn is_value(octet: u8) -> bool {
    matches!(octet, b'\t' | b' '..=b'~' | 0x80..)
}

/// A place an octet: a token has too many kinds of them to compare each octet with all.
static TOKEN: [bool; 256] = token_table();

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "256 places")]
const fn token_table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut octet = 0;
    while octet < table.len() {
        table[octet] = matches!(
            octet as u8,
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
            | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z'
        );
        octet = octet.saturating_add(1);
    }
    table
}

/// The first octet that `is` accepts. `suspects` marks, by its most significant bit, every such octet
/// of a word, and may mark others: those are looked at again.
#[inline]
fn position(
    octets: &[u8],
    suspects: impl Fn(u64) -> u64,
    is: impl Fn(u8) -> bool,
) -> Option<usize> {
    let (words, rest) = octets.as_chunks::<8>();
    let mut base = 0_usize;
    for word in words {
        if suspects(u64::from_le_bytes(*word)) != 0
            && let Some(place) = word.iter().position(|&octet| is(octet))
        {
            return Some(base.saturating_add(place));
        }
        base = base.saturating_add(word.len());
    }
    let place = rest.iter().position(|&octet| is(octet))?;
    Some(base.saturating_add(place))
}

/// `octet`, in each octet of a word.
const fn each(octet: u8) -> u64 {
    u64::from_le_bytes([octet; 8])
}

/// Marks every octet that is zero. A borrow may mark one above a zero besides.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(each(1)) & !word & each(0x80)
}

/// Marks every octet below SP, and DEL. A borrow may mark others above.
const fn controls(word: u64) -> u64 {
    (word.wrapping_sub(each(b' ')) & !word & each(0x80)) | zeros(word ^ each(0x7F))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every octet at every place, in front of every octet: against one octet at a time.
    #[test]
    fn words_find_what_single_octets_find() {
        for octet in 0..=u8::MAX {
            for behind in 0..=u8::MAX {
                for place in 0..20 {
                    let mut octets = [b'x'; 21];
                    (octets[place], octets[place + 1]) = (octet, behind);
                    let lf = octets.iter().position(|&octet| octet == b'\n');
                    assert_eq!(line_feed(&octets), lf, "{octets:?}");
                    let value = octets.iter().take_while(|&&octet| is_value(octet)).count();
                    assert_eq!(value_len(&octets), value, "{octets:?}");
                    for len in [21, 16, place + 1] {
                        let octets = &octets[..len];
                        let bad = octets.iter().any(|&octet| octet == b'\t' || !is_value(octet));
                        assert_eq!(is_printable(octets), !bad, "{octets:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn token_octets_are_those_of_the_grammar() {
        // RFC 9110 §5.6.2: visible ASCII but delimiters.
        for octet in 0..=u8::MAX {
            let delimiter = b"\"(),/:;<=>?@[\\]{}".contains(&octet);
            assert_eq!(is_token(octet), octet.is_ascii_graphic() && !delimiter, "{octet}");
        }
    }
}
