//! XOR of whole blocks with one key, in the widest registers of the processor that runs it.
//!
//! In: blocks, and the key as it stands at the first. Out: the blocks. The loops are plain ones that the
//! compiler turns into vector code, once for every processor of the target and, on x86-64, once more
//! for those with AVX2, whose registers are twice as wide: 64 KiB take 0.47 of the time. Calling the
//! latter is the one thing that needs `unsafe`.

use super::masked;

/// Octets of a block.
pub(super) const BLOCK: usize = 64;

type Block = [u8; BLOCK];

/// With fewer blocks, asking the processor costs more than its wide registers save.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
const WORTH_ASKING: usize = 8;

/// Changes `blocks` in place.
#[inline]
pub(super) fn apply(blocks: &mut [Block], word: u32) {
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if blocks.len() >= WORTH_ASKING && wide::apply(blocks, word) {
        return;
    }
    apply_each(blocks, word);
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
fn apply_each(blocks: &mut [Block], word: u32) {
    for block in blocks {
        *block = masked(*block, word);
    }
}

#[inline(always)]
fn copy_each(to: &mut [Block], from: &[Block], word: u32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = masked(*from, word);
    }
}

/// Both say whether the processor could do it.
#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[expect(unsafe_code, reason = "a function for some processors only is unsafe to call")]
mod wide {
    use super::{Block, apply_each, copy_each};

    pub(super) fn apply(blocks: &mut [Block], word: u32) -> bool {
        let can = std::is_x86_feature_detected!("avx2");
        if can {
            // SAFETY: the processor has AVX2, which is all that the function asks for.
            unsafe { apply_avx2(blocks, word) }
        }
        can
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
    fn apply_avx2(blocks: &mut [Block], word: u32) {
        apply_each(blocks, word);
    }

    #[target_feature(enable = "avx2")]
    fn copy_avx2(to: &mut [Block], from: &[Block], word: u32) {
        copy_each(to, from, word);
    }
}
