//! When each case changed and at which commit, and whether it comes and goes by itself.
//!
//! In: the runs of a log. Out: one [`Course`] for each case that ever changed. A case is *flaky* if
//! runs of one commit differ on it, or if it went back twice to a verdict that it had left; once
//! there and back is a regression that was mended.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Commit, Run, State, written};
use crate::conformance::CaseId;
use crate::report::diff::{Kind, direction};
use crate::report::schema::Verdict;

/// How a case got where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Trend {
    /// Its last change made it worse, and it has stayed so.
    Regressed,
    /// Asked for in the last run about it, and without a verdict.
    Missing,
    /// It differs between runs of the same sources, or goes back and forth.
    Flaky,
    /// Its last change made it better, and it has stayed so.
    Improved,
    /// Not in the first run, and the same ever since.
    New,
}

impl Trend {
    /// As shown in a table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Missing => "missing",
            Self::Flaky => "flaky",
            Self::Improved => "improved",
            Self::New => "new",
        }
    }
}

/// One change of one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The run that found it, from 0.
    pub run: usize,
    /// When that run began.
    pub started: String,
    /// What that run judged.
    #[serde(flatten)]
    pub commit: Commit,
    /// As before, `missing`, or nothing if the case was not known.
    pub from: Option<String>,
    /// As it is now, or `missing`.
    pub to: String,
}

/// A case that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Course {
    /// Which case.
    pub id: CaseId,
    /// How it got where it is.
    pub trend: Trend,
    /// Every change, oldest first.
    pub changes: Vec<Change>,
}

/// What is seen of one case while the runs pass.
#[derive(Default)]
struct Seen {
    changes: Vec<Change>,
    /// The verdicts at each commit without changes on top.
    at: BTreeMap<String, BTreeSet<String>>,
    /// Every verdict it ever had.
    had: BTreeSet<String>,
    /// How often it went back to one that it had before.
    returns: usize,
    last: Option<(Option<Verdict>, Option<Verdict>)>,
}

/// The cases that changed within the suite and release of the last run, in order.
#[must_use]
pub fn courses(runs: &[Run]) -> Vec<Course> {
    let Some(last) = runs.last() else { return Vec::new() };
    let others = runs.iter().rposition(|run| run.suite != last.suite);
    let first = others.map_or(0, |at| at + 1);
    let mut state = State::new();
    let mut all = BTreeMap::<CaseId, Seen>::new();
    for (number, run) in runs.iter().enumerate().skip(first) {
        let before = state.clone();
        // Whoever read the runs has applied them all once.
        let _ = run.apply(None, &mut state);
        for (id, now) in &state {
            if !run.ran(id) {
                continue;
            }
            let seen = all.entry(id.clone()).or_default();
            if !run.commit.dirty {
                let at = seen.at.entry(run.commit.id.clone()).or_default();
                at.insert(written(*now));
            }
            let was = before.get(id);
            if was == Some(now) {
                continue;
            }
            let known = !seen.had.insert(written(*now));
            seen.returns += usize::from(known);
            if number == first {
                continue;
            }
            seen.last = Some((was.copied().flatten(), *now));
            seen.changes.push(Change {
                run: number,
                started: run.started.clone(),
                commit: run.commit.clone(),
                from: was.map(|was| written(*was)),
                to: written(*now),
            });
        }
    }
    let course = |(id, seen): (CaseId, Seen)| {
        Some(Course { id, trend: seen.trend()?, changes: seen.changes })
    };
    all.into_iter().filter_map(course).collect()
}

impl Seen {
    /// `None` if it never changed.
    fn trend(&self) -> Option<Trend> {
        let (was, now) = self.last?;
        let both = self.at.values().any(|verdicts| verdicts.len() > 1);
        Some(match (was, now) {
            _ if both || self.returns > 1 => Trend::Flaky,
            (_, None) => Trend::Missing,
            (Some(was), Some(now)) if direction(was, now) == Kind::Worse => Trend::Regressed,
            (Some(_), Some(_)) => Trend::Improved,
            (None, Some(_)) if self.had.len() > 1 => Trend::Improved,
            (None, Some(_)) => Trend::New,
        })
    }
}
