//! From a fuzzer's octets to what a property is about.

use arbitrary::{Result, Unstructured};
use ws_core::MessageKind;

/// Cuts of one octet to half as many as the seed says, and one; the same for the same seed.
pub(crate) fn pieces(seed: u8, octets: &[u8]) -> Vec<&[u8]> {
    let mut state = u32::from(seed) | 0x100;
    let mut pieces = Vec::new();
    let mut rest = octets;
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let len = 1 + (state >> 24) as usize % (1 + usize::from(seed) / 2);
        let (piece, behind) = rest.split_at(len.min(rest.len()));
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Few octets mostly, seldom so many that they are sent in another way: shared with the caller from
/// 8 KiB on, past the queue and with a length of 64 bits from 64 KiB on; text as often as not.
pub(crate) fn octets(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let choice: u8 = input.arbitrary()?;
    let len = match (choice >> 3, choice & 7) {
        (31, 6) => input.int_in_range(8_190..=8_300)?,
        (31, 7) => input.int_in_range(65_530..=65_700)?,
        (_, 0) => 0,
        (_, 1) => input.int_in_range(0..=3)?,
        (_, 2) => input.int_in_range(120..=130)?,
        (_, 3) => input.int_in_range(0..=700)?,
        _ => input.int_in_range(0..=20)?,
    };
    // Long payloads need not cost the fuzzer as many octets.
    let seen = input.bytes(input.len().min(len).min(24))?;
    Ok(seen.iter().chain(b"abcdefghijklmnop".iter().cycle()).take(len).copied().collect())
}

/// Text or binary.
pub(crate) fn kind(input: &mut Unstructured<'_>) -> Result<MessageKind> {
    Ok(if input.arbitrary()? { MessageKind::Text } else { MessageKind::Binary })
}
