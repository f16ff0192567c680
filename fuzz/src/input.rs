//! From a fuzzer's octets to what a property is about.

use arbitrary::{Result, Unstructured};
use ws_core::MessageKind;

/// Cuts of one to some dozen octets, all lengths reachable from the seed.
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

/// Up to some hundred octets, most of them fewer; text as often as not.
pub(crate) fn octets(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let len = match input.int_in_range(0..=7)? {
        0 => 0,
        1 => input.int_in_range(0..=3)?,
        2 => input.int_in_range(120..=130)?,
        3 => input.int_in_range(0..=700)?,
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
