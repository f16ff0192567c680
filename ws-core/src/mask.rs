//! Masking: XOR of a payload with a four-octet key (RFC 6455 §5.3).
//!
//! In: octets, the key, and the phase: how many octets of this payload the key has already been
//! applied to. Out: the phase behind them and, inside this crate, whether they are ASCII then.
//! Applying it twice from the same phase changes nothing, so the same function masks and unmasks. Knows
//! nothing of frames.

mod blocks;

use blocks::BLOCK;

/// Octets that are changed at a time where there is not a whole block of them.
const LANE: usize = 16;

/// Octets from which on it is worth it that no block spans two lines of the cache.
const ALIGNED_FROM: usize = 1024;

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
    apply_seeing(payload, key, phase).0
}

/// As [`apply`], and what has been seen of the octets as they are then. That costs next to nothing: they
/// are at hand.
#[inline]
pub(crate) fn apply_seeing(payload: &mut [u8], key: [u8; 4], phase: usize) -> (usize, Seen) {
    let word = rotated(u32::from_le_bytes(key), phase);
    let seen = if payload.len() > 2 * LANE {
        apply_long(payload, word)
    } else {
        apply_to_ends::<LANE>(payload, word)
            .or_else(|| apply_to_ends::<8>(payload, word))
            .or_else(|| apply_to_ends::<4>(payload, word))
            .unwrap_or_else(|| apply_to_each(payload, word))
    };
    (next_phase(phase, payload.len()), seen)
}

/// All octets ORed onto four: which of the four an octet is in does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen(u32);

impl Seen {
    const NOTHING: Self = Self(0);

    /// Whether every octet is ASCII: for connections, which need an allocator.
    #[cfg(any(feature = "alloc", test))]
    #[inline]
    pub(crate) const fn is_ascii(self) -> bool {
        self.0 & 0x8080_8080 == 0
    }

    #[inline]
    const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// A multiple of four octets.
    #[inline(always)]
    fn of<const N: usize>(octets: [u8; N]) -> Self {
        const { assert!(N.is_multiple_of(4), "none may be left out") }
        let quads = octets.as_chunks().0.iter();
        Self(quads.fold(0, |seen, &quad| seen | u32::from_ne_bytes(quad)))
    }
}

/// Copies `from` to the front of `to`, masking or unmasking on the way in one pass, and returns the
/// phase (0..=3) for the octets that follow. Copies as much as fits the shorter of the two.
#[inline]
pub fn copy(to: &mut [u8], from: &[u8], key: [u8; 4], phase: usize) -> usize {
    let len = to.len().min(from.len());
    let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) else { return phase & 3 };
    let word = rotated(u32::from_le_bytes(key), phase);
    if let Some(&last) = from.last_chunk::<LANE>() {
        let (to_blocks, to_rest) = to.as_chunks_mut::<BLOCK>();
        let (from_blocks, from_rest) = from.as_chunks::<BLOCK>();
        blocks::copy(to_blocks, from_blocks, word);
        let lanes = to_rest.as_chunks_mut::<LANE>().0.iter_mut().zip(from_rest.as_chunks().0);
        for (to, from) in lanes {
            *to = masked(*from, word);
        }
        put_last(to, masked(last, rotated(word, len.wrapping_sub(LANE))));
    } else {
        to.copy_from_slice(from);
        apply(to, key, phase);
    }
    next_phase(phase, len)
}

/// A fresh masking key, from a cryptographic generator that the operating system seeds (RFC 6455 §5.3,
/// §10.3).
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

/// The key as it stands from `phase` on; its first octet is the lowest one.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "two bits of it count")]
const fn rotated(word: u32, phase: usize) -> u32 {
    word.rotate_right((phase as u32 & 3).wrapping_mul(8))
}

/// A payload of at least a lane.
fn apply_long(payload: &mut [u8], word: u32) -> Seen {
    let Some(&last) = payload.last_chunk::<LANE>() else { return Seen::NOTHING };
    // Read before anything is written, and written last: the octets that it shares with the lanes are
    // changed alike by both, and none is left to be changed by itself.
    let last = masked(last, rotated(word, payload.len().wrapping_sub(LANE)));
    let seen = if payload.len() < ALIGNED_FROM {
        apply_to_lanes(payload, word)
    } else {
        apply_aligned(payload, word)
    };
    put_last(payload, last);
    seen.and(Seen::of(last))
}

/// Whole blocks, then whole lanes.
#[inline]
fn apply_to_lanes(octets: &mut [u8], word: u32) -> Seen {
    let (blocks, rest) = octets.as_chunks_mut::<BLOCK>();
    let mut seen = blocks::apply(blocks, word);
    for octets in rest.as_chunks_mut::<LANE>().0 {
        *octets = masked(*octets, word);
        seen = seen.and(Seen::of(*octets));
    }
    seen
}

/// Blocks that begin where a line of the cache does, and the octets before them as the first block, by
/// the same means as the last lane.
fn apply_aligned(payload: &mut [u8], word: u32) -> Seen {
    let Some(&first) = payload.first_chunk::<BLOCK>() else { return Seen::NOTHING };
    let first = masked(first, word);
    let mut seen = Seen::of(first);
    let before = payload.as_ptr().align_offset(BLOCK);
    if let Some((_, aligned)) = payload.split_at_mut_checked(before) {
        seen = seen.and(apply_to_lanes(aligned, rotated(word, before)));
    }
    if let Some(to) = payload.first_chunk_mut() {
        *to = first;
    }
    seen
}

/// Masks a payload of `N` to twice `N` octets by its first and its last `N`, which may overlap; `None` if
/// it is shorter.
#[inline]
fn apply_to_ends<const N: usize>(payload: &mut [u8], word: u32) -> Option<Seen> {
    let (&first, &last) = (payload.first_chunk::<N>()?, payload.last_chunk::<N>()?);
    let first = masked(first, word);
    let last = masked(last, rotated(word, payload.len().wrapping_sub(N)));
    if let Some(to) = payload.first_chunk_mut() {
        *to = first;
    }
    put_last(payload, last);
    Some(Seen::of(first).and(Seen::of(last)))
}

/// Up to three octets.
#[inline]
fn apply_to_each(payload: &mut [u8], word: u32) -> Seen {
    let mut seen = Seen::NOTHING;
    for (octet, mask) in payload.iter_mut().zip(word.to_le_bytes()) {
        *octet ^= mask;
        seen = seen.and(Seen(u32::from(*octet)));
    }
    seen
}

#[inline]
const fn put_last<const N: usize>(payload: &mut [u8], last: [u8; N]) {
    if let Some(to) = payload.last_chunk_mut() {
        *to = last;
    }
}

/// A multiple of four octets, at phase 0 of `word`.
#[inline(always)]
fn masked<const N: usize>(mut octets: [u8; N], word: u32) -> [u8; N] {
    for quad in octets.as_chunks_mut::<4>().0 {
        *quad = (u32::from_le_bytes(*quad) ^ word).to_le_bytes();
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    /// One octet beyond ASCII is seen wherever it is, and none where all are ASCII: after unmasking, and
    /// only in the payload itself.
    #[test]
    fn what_is_not_ascii_is_seen_at_any_length_and_place() {
        let lens = (0..=4 * LANE + 3).chain([8 * BLOCK - 1, 9 * BLOCK + 17]);
        for len in lens.chain([ALIGNED_FROM - 1, ALIGNED_FROM, ALIGNED_FROM + BLOCK + 21]) {
            for offset in [0, 1, 6, 14, 63] {
                let mut plain = [0xFF; ALIGNED_FROM + 3 * BLOCK];
                let end = offset + len;
                (offset..end)
                    .for_each(|at| plain[at] = u8::try_from(at % 128).expect("seven bits"));
                for at in (offset..end).map(Some).chain([None]) {
                    let mut octets = plain;
                    if let Some(at) = at {
                        octets[at] |= 0x80;
                    }
                    let payload = &mut octets[offset..end];
                    apply(payload, KEY, 3);
                    let (phase, seen) = apply_seeing(payload, KEY, 3);
                    assert_eq!(phase, (3 + len) % 4, "{len} octets at {offset}");
                    assert_eq!(seen.is_ascii(), at.is_none(), "{len} octets at {offset}, {at:?}");
                }
            }
        }
    }
}
