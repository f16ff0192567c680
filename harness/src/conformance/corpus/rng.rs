//! Numbers that look random and are the same on every machine (SplitMix64).

/// A sequence of numbers, given by its seed.
#[derive(Debug, Clone)]
pub(super) struct Rng(u64);

impl Rng {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Below `limit`, which is not zero.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        // The remainder is below a usize.
        usize::try_from(self.next() % limit as u64).unwrap_or(0)
    }

    /// True once in `times`.
    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One octet.
    pub(super) fn octet(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// An index below `2^levels - 1`; each power of two's range is as likely as the next, so that
    /// small ones come often, as the rank of a word in a language does.
    pub(super) fn rank(&mut self, levels: u32) -> usize {
        let level = self.below(levels as usize);
        (1 << level) - 1 + self.below(1 << level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference implementation's first numbers for seed 1234567.
    #[test]
    fn is_splitmix64() {
        let mut rng = Rng::new(1_234_567);
        let first: Vec<u64> = (0..5).map(|_| rng.next()).collect();
        assert_eq!(
            first,
            [
                6_457_827_717_110_365_317,
                3_203_168_211_198_807_973,
                9_817_491_932_198_370_423,
                4_593_380_528_125_082_431,
                16_408_922_859_458_223_821,
            ]
        );
    }

    #[test]
    fn ranks_stay_below_their_bound_and_small_ones_come_often() {
        let mut rng = Rng::new(1);
        let ranks: Vec<usize> = (0..10_000).map(|_| rng.rank(8)).collect();
        assert!(ranks.iter().all(|rank| *rank < 255));
        let most_common = ranks.iter().filter(|rank| **rank == 0).count();
        assert!((1000..1500).contains(&most_common), "an eighth of them: {most_common}");
    }
}
