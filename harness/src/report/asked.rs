//! Which cases a run was asked for, and which of them have no verdict: a server that dies in the middle,
//! or Ctrl-C, leaves a report of what was done, and what was not is to be seen in it.

use std::collections::BTreeSet;

use super::schema::{Report, Selection, Shard};
use crate::autobahn::SUITE;
use crate::conformance::select::{BadSelection, select};
use crate::conformance::{CaseId, cases};

/// The cases that `selection` stands for; of those the ones of `shard`, if there is one, which may be
/// none. What is left out of a selection moves no case from one shard to another.
///
/// # Errors
///
/// As [`select`]: a pattern that means nothing in the suite, or nothing selected.
pub fn ids(selection: &Selection, shard: Option<Shard>) -> Result<BTreeSet<CaseId>, BadSelection> {
    let left = select(cases::ids(), &selection.cases, &selection.exclude)?;
    let Some(shard) = shard else { return Ok(left) };
    let part = shard.take(select(cases::ids(), &selection.cases, &[])?);
    Ok(&part & &left)
}

impl Shard {
    /// Every `of`-th case, so that the long ones are spread; none of a part that there cannot be.
    fn take(self, ids: BTreeSet<CaseId>) -> BTreeSet<CaseId> {
        let is_in = |n: usize| n.checked_rem(self.of).is_some_and(|rest| rest + 1 == self.part);
        ids.into_iter().enumerate().filter(|(n, _)| is_in(*n)).map(|(_, id)| id).collect()
    }
}

impl Report {
    /// The cases that were asked for and have no verdict, ascending; none of a suite that we do not
    /// know, or where the patterns mean nothing in ours.
    #[must_use]
    pub fn without_verdict(&self) -> Vec<CaseId> {
        if self.suite.name != SUITE {
            return Vec::new();
        }
        let mut asked = BTreeSet::new();
        if self.parts.is_empty() {
            asked = ids(&self.selection, self.shard).unwrap_or_default();
        }
        for part in &self.parts {
            asked.extend(ids(&part.selection, part.shard).unwrap_or_default());
        }
        let found: BTreeSet<CaseId> = self.cases.iter().map(|case| case.id.clone()).collect();
        asked.difference(&found).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(cases: &str, exclude: &str) -> Selection {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Selection { cases: words(cases), exclude: words(exclude) }
    }

    #[test]
    fn shards_are_disjoint_and_together_everything() {
        for (cases, exclude) in [("*", ""), ("1.* 2.*", "1.1.1"), ("1.* 9.*", "9.*")] {
            let all = selection(cases, exclude);
            for of in [1, 2, 3, 7, 40] {
                let mut left = ids(&all, None).unwrap();
                for part in 1..=of {
                    for id in ids(&all, Some(Shard { part, of })).unwrap() {
                        assert!(left.remove(&id), "{id} is in two parts of {of}");
                    }
                }
                assert!(left.is_empty(), "{of}: {left:?}");
            }
        }
    }

    #[test]
    fn what_is_left_out_moves_no_case_to_another_shard() {
        for (exclude, part, wanted) in [
            ("", 1, "1.1.1 1.1.3 1.1.5 1.1.7"),
            ("1.1.1", 1, "1.1.3 1.1.5 1.1.7"),
            ("1.1.1", 2, "1.1.2 1.1.4 1.1.6 1.1.8"),
            ("1.1.1 1.1.3 1.1.5 1.1.7", 1, ""),
            ("", 0, ""),
            ("", 3, ""),
        ] {
            let found = ids(&selection("1.1.*", exclude), Some(Shard { part, of: 2 })).unwrap();
            let found: Vec<String> = found.iter().map(CaseId::to_string).collect();
            assert_eq!(found.join(" "), wanted, "{exclude} {part}");
        }
    }
}
