//! Masking: XOR of a payload with a four-octet key (RFC 6455 §5.3).
//!
//! In: octets, the key, and the phase: how many octets of this payload the key has already been
//! applied to. Out: the phase behind them. Applying it twice from the same phase changes nothing,
//! so the same function masks and unmasks. Knows nothing of frames.

mod blocks;

use blocks::BLOCK;

/// Masks or unmasks `payload` in place and returns the phase (0..=3) for the octets that follow it.
///
/// `phase` counts octets of the payload already done; only its remainder by four matters.
///
/// ```
/// let key = [0x37, 0xfa, 0x21, 0x3d];
/// let mut payload = *b"Hello";
/// let phase = ws_core::mask::apply(&mut payload[..2], key, 0);
/// ws_core::mask::apply(&mut payload[2..], key, phase);
/// assert_eq!(payload, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
/// ```
#[inline]
pub fn apply(payload: &mut [u8], key: [u8; 4], phase: usize) -> usize {
    let word = rotated(key, phase);
    let pattern = repeated(word);
    let (blocks, rest) = payload.as_chunks_mut::<BLOCK>();
    blocks::apply(blocks, pattern);
    let (words, rest) = rest.as_chunks_mut::<8>();
    let wide = u64::from_ne_bytes(doubled(word));
    for octets in words {
        *octets = (u64::from_ne_bytes(*octets) ^ wide).to_ne_bytes();
    }
    for (octet, mask) in rest.iter_mut().zip(doubled(word)) {
        *octet ^= mask;
    }
    next_phase(phase, payload.len())
}

/// Copies `from` to the front of `to`, masking or unmasking on the way in one pass, and returns the
/// phase (0..=3) for the octets that follow. Copies as much as fits the shorter of the two.
#[inline]
pub fn copy(to: &mut [u8], from: &[u8], key: [u8; 4], phase: usize) -> usize {
    let len = to.len().min(from.len());
    let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) else { return phase & 3 };
    let word = rotated(key, phase);
    let pattern = repeated(word);
    let (to_blocks, to_rest) = to.as_chunks_mut::<BLOCK>();
    let (from_blocks, from_rest) = from.as_chunks::<BLOCK>();
    blocks::copy(to_blocks, from_blocks, pattern);
    let (to_words, to_rest) = to_rest.as_chunks_mut::<8>();
    let (from_words, from_rest) = from_rest.as_chunks::<8>();
    let wide = u64::from_ne_bytes(doubled(word));
    for (to, from) in to_words.iter_mut().zip(from_words) {
        *to = (u64::from_ne_bytes(*from) ^ wide).to_ne_bytes();
    }
    for ((to, from), mask) in to_rest.iter_mut().zip(from_rest).zip(doubled(word)) {
        *to = from ^ mask;
    }
    next_phase(phase, len)
}

/// A fresh masking key from the operating system's seeded generator (RFC 6455 §5.3, §10.3).
///
/// The default key source of every client this crate makes.
#[cfg(feature = "std")]
#[must_use]
pub fn random_key() -> [u8; 4] {
    rand::random()
}

#[inline]
const fn next_phase(phase: usize, len: usize) -> usize {
    (phase & 3).wrapping_add(len) & 3
}

/// The key as it stands from `phase` on.
#[inline]
const fn rotated([a, b, c, d]: [u8; 4], phase: usize) -> [u8; 4] {
    match phase & 3 {
        0 => [a, b, c, d],
        1 => [b, c, d, a],
        2 => [c, d, a, b],
        _ => [d, a, b, c],
    }
}

#[inline]
const fn doubled([a, b, c, d]: [u8; 4]) -> [u8; 8] {
    [a, b, c, d, a, b, c, d]
}

#[inline]
fn repeated(word: [u8; 4]) -> [u8; BLOCK] {
    let mut pattern = [0; BLOCK];
    for quad in pattern.as_chunks_mut::<4>().0 {
        *quad = word;
    }
    pattern
}
