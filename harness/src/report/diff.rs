//! Judges a fresh run by its baseline, both ways: nothing may be worse, better, missing or new.
//!
//! In: what was expected, what was found, the waivers of this role, the ids to look at. Out: one
//! [`Difference`] for each case that is not as expected, and how many were looked at. What is not
//! OK needs a waiver even when the baseline holds it, so that blessing alone hides no failure.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::schema::{Case, Expected, Verdict};
use super::waiver::Waiver;
use crate::conformance::CaseId;

/// What is wrong with one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A lesser verdict than expected.
    Worse,
    /// A better verdict than expected: bless it.
    Better,
    /// Expected, but not run.
    Missing,
    /// Run, but not expected: bless it.
    New,
    /// As in the baseline, but not OK and without a waiver.
    NotWaived,
    /// A waiver for a verdict that the case does not have.
    UnusedWaiver,
}

impl Kind {
    /// The testee does less than it did, as far as anybody can tell.
    #[must_use]
    pub fn is_loss(self) -> bool {
        matches!(self, Self::Worse | Self::Missing)
    }

    /// As shown in a table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Better => "better: bless it",
            Self::Missing => "missing: not run",
            Self::New => "new: bless it",
            Self::NotWaived => "not OK and not waived",
            Self::UnusedWaiver => "waiver not used",
        }
    }
}

/// One case that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which case.
    pub id: CaseId,
    /// What baseline or waiver expects.
    pub expected: Option<Verdict>,
    /// What the run found.
    pub found: Option<Verdict>,
    /// What is wrong.
    pub kind: Kind,
}

/// A run against its baseline.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// How many cases were looked at: those of either side.
    pub compared: usize,
    /// How many of them have the verdict of a waiver.
    pub waived: usize,
    /// Those not as expected, ascending.
    pub differences: Vec<Difference>,
}

/// Compares `found` with `expected`, for the ids of `only`, or all of them.
#[must_use]
pub fn compare(
    expected: &[Expected],
    found: &[Case],
    waivers: &[Waiver],
    only: Option<&BTreeSet<CaseId>>,
) -> Comparison {
    let looked_at = |id: &CaseId| only.is_none_or(|only| only.contains(id));
    let mut cases: BTreeMap<&CaseId, Row<'_>> = BTreeMap::new();
    for case in expected.iter().filter(|case| looked_at(&case.id)) {
        cases.entry(&case.id).or_default().expected = Some(case.verdict());
    }
    for case in found.iter().filter(|case| looked_at(&case.id)) {
        cases.entry(&case.id).or_default().found = Some(case.verdict());
    }
    let mut comparison = Comparison { compared: cases.len(), ..Comparison::default() };
    for waiver in waivers.iter().filter(|waiver| looked_at(&waiver.id)) {
        cases.entry(&waiver.id).or_default().waiver = Some(waiver);
    }
    for (id, row) in cases {
        match row.judge() {
            Outcome::AsExpected => {}
            Outcome::Waived => comparison.waived += 1,
            Outcome::Differs(kind, expected) => {
                let difference = Difference { id: id.clone(), expected, found: row.found, kind };
                comparison.differences.push(difference);
            }
        }
    }
    comparison
}

/// What changed, whether waived or not.
#[must_use]
pub fn changes(expected: &[Expected], found: &[Case]) -> Vec<Difference> {
    let mut differences = compare(expected, found, &[], None).differences;
    differences.retain(|difference| difference.kind != Kind::NotWaived);
    differences
}

#[derive(Default)]
struct Row<'a> {
    expected: Option<Verdict>,
    found: Option<Verdict>,
    waiver: Option<&'a Waiver>,
}

enum Outcome {
    AsExpected,
    Waived,
    Differs(Kind, Option<Verdict>),
}

impl Row<'_> {
    fn judge(&self) -> Outcome {
        let waived = self.waiver.map(Waiver::verdict);
        match (self.expected, self.found) {
            (None, None) => Outcome::Differs(Kind::UnusedWaiver, waived),
            (Some(expected), None) => Outcome::Differs(Kind::Missing, Some(expected)),
            (None, Some(_)) => Outcome::Differs(Kind::New, None),
            (Some(_), Some(found)) if waived == Some(found) => Outcome::Waived,
            (Some(expected), Some(found)) if expected == found => match waived {
                Some(_) => Outcome::Differs(Kind::UnusedWaiver, waived),
                None if found.is_clean() => Outcome::AsExpected,
                None => Outcome::Differs(Kind::NotWaived, Some(expected)),
            },
            (Some(expected), Some(found)) => {
                Outcome::Differs(direction(expected, found), Some(expected))
            }
        }
    }
}

/// Worse if either half is: a better close does not make up for a worse behaviour.
pub(super) fn direction(expected: Verdict, found: Verdict) -> Kind {
    let worse =
        found.behavior > expected.behavior || found.behavior_close > expected.behavior_close;
    if worse { Kind::Worse } else { Kind::Better }
}
