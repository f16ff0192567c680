//! Verdicts in four columns, as the tables for people show them.

use super::schema::{Behavior, Verdict};

/// How many cases of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// As demanded.
    pub ok: usize,
    /// Nothing is demanded.
    pub informational: usize,
    /// Allowed, but not strict.
    pub non_strict: usize,
    /// One half is neither of these: UNIMPLEMENTED and an unclean close among them.
    pub failed: usize,
}

impl Counts {
    /// Counts `verdicts`.
    #[must_use]
    pub fn of(verdicts: impl Iterator<Item = Verdict>) -> Self {
        let mut counts = Self::default();
        for verdict in verdicts {
            let count = match verdict.behavior {
                _ if verdict.is_failure() => &mut counts.failed,
                Behavior::Ok => &mut counts.ok,
                Behavior::Informational => &mut counts.informational,
                _ => &mut counts.non_strict,
            };
            *count += 1;
        }
        counts
    }

    /// All of them.
    #[must_use]
    pub fn total(self) -> usize {
        self.ok + self.informational + self.non_strict + self.failed
    }
}
