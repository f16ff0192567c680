//! XOR of whole blocks with one key, in the widest registers of the processor that runs it.
//!
//! In: blocks, and the key as it stands at the first. Out: the blocks, and what was seen of them.
//! The loops are plain ones that the compiler turns into vector code, once for every processor of the
//! target and, on x86-64, once more for those with AVX2, whose registers are twice as wide: 64 KiB take
//! 0.47 of the time. Calling the latter is the one thing that needs `unsafe`.

use super::{Seen, masked};

/// Octets of a block.
pub(super) const BLOCK: usize = 64;

type Block = [u8; BLOCK];

/// With fewer blocks, asking the processor costs more than its wide registers save.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
const WORTH_ASKING: usize = 8;

/// Changes `blocks` in place; what has been seen of them as they are then.
#[inline]
pub(super) fn apply(blocks: &mut [Block], word: u32) -> Seen {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if blocks.len() >= WORTH_ASKING
        && let Some(seen) = wide::apply(blocks, word)
    {
        return seen;
    }
    apply_each(blocks, word)
}

/// Writes `from`, changed, to `to`.
#[inline]
pub(super) fn copy(to: &mut [Block], from: &[Block], word: u32) {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if from.len() >= WORTH_ASKING && wide::copy(to, from, word) {
        return;
    }
    copy_each(to, from, word);
}

#[inline(always)]
fn apply_each(blocks: &mut [Block], word: u32) -> Seen {
    // Octet upon octet, so that nothing passes from one part of a register to another before the end.
    let mut seen = [0; BLOCK];
    for block in blocks {
        *block = masked(*block, word);
        for (seen, octet) in seen.iter_mut().zip(block) {
            *seen |= *octet;
        }
    }
    Seen::of(seen)
}

#[inline(always)]
fn copy_each(to: &mut [Block], from: &[Block], word: u32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = masked(*from, word);
    }
}

/// Both do nothing, and say so, where the processor cannot.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[expect(unsafe_code, reason = "a function for some processors only is unsafe to call")]
mod wide {
    use super::{Block, Seen, apply_each, copy_each};

    pub(super) fn apply(blocks: &mut [Block], word: u32) -> Option<Seen> {
        // SAFETY: the processor has AVX2, which is all that the function asks for.
        std::is_x86_feature_detected!("avx2").then(|| unsafe { apply_avx2(blocks, word) })
    }

    pub(super) fn copy(to: &mut [Block], from: &[Block], word: u32) -> bool {
        let can = std::is_x86_feature_detected!("avx2");
        if can {
            // SAFETY: the processor has AVX2, which is all that the function asks for.
            unsafe { copy_avx2(to, from, word) }
        }
        can
    }

    #[target_feature(enable = "avx2")]
    fn apply_avx2(blocks: &mut [Block], word: u32) -> Seen {
        apply_each(blocks, word)
    }

    #[target_feature(enable = "avx2")]
    fn copy_avx2(to: &mut [Block], from: &[Block], word: u32) {
        copy_each(to, from, word);
    }
}
