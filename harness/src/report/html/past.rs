//! What earlier runs of one implementation found, as a page shows it: a sparkline of each class, and
//! for each case when its verdict changed.

use std::collections::BTreeMap;

use crate::conformance::CaseId;
use crate::report::class::{Class, count};
use crate::report::history;
use crate::report::schema::{Report, Verdict};

/// Earlier runs, oldest first, and the one that is shown as the last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Past {
    /// Each run in numbers.
    pub runs: Vec<Run>,
    /// Of each case that has not always had the same verdict: every change, oldest first. The first
    /// entry is the verdict that it began with.
    pub changes: BTreeMap<CaseId, Vec<Change>>,
}

/// One run in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// RFC 3339.
    pub when: String,
    /// The commit that was judged, if it is known.
    pub commit: Option<String>,
    /// Cases of each [`Class`], best first.
    pub counts: [usize; 6],
}

/// A verdict that a case came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// RFC 3339.
    pub when: String,
    /// The commit that was judged, if it is known.
    pub commit: Option<String>,
    /// From then on; none if the case was not run any more.
    pub verdict: Option<Verdict>,
}

impl Past {
    /// Of whole reports of one implementation in one role, whatever their order.
    #[must_use]
    pub fn of(reports: &[&Report]) -> Self {
        let mut reports = reports.to_vec();
        reports.sort_by(|a, b| a.started.cmp(&b.started));
        let mut changes: BTreeMap<CaseId, Vec<Change>> = BTreeMap::new();
        for report in &reports {
            let verdicts: BTreeMap<&CaseId, Verdict> =
                report.cases.iter().map(|case| (&case.id, case.verdict())).collect();
            let gone: Vec<CaseId> =
                changes.keys().filter(|id| !verdicts.contains_key(id)).cloned().collect();
            let now = verdicts.into_iter().map(|(id, verdict)| (id.clone(), Some(verdict)));
            for (id, verdict) in now.chain(gone.into_iter().map(|id| (id, None))) {
                let seen = changes.entry(id).or_default();
                if seen.last().is_none_or(|last| last.verdict != verdict) {
                    seen.push(Change { when: report.started.clone(), commit: None, verdict });
                }
            }
        }
        changes.retain(|_, seen| seen.len() > 1);
        let run = |report: &&Report| Run {
            when: report.started.clone(),
            commit: None,
            counts: count(&report.cases),
        };
        Self { runs: reports.iter().map(run).collect(), changes }
    }

    /// Of the lines of a log, as far as they are of the suite and release of the last.
    #[must_use]
    pub fn of_log(lines: &[history::Run]) -> Self {
        let Some(last) = lines.last() else { return Self::default() };
        let first = lines.iter().rposition(|line| line.suite != last.suite);
        let lines = &lines[first.map_or(0, |at| at + 1)..];
        let mut past = Self::default();
        for line in lines {
            let (when, commit) = (&line.started, Some(&line.commit.id));
            let mut counts = [0; 6];
            for (verdict, cases) in line.totals() {
                let class = verdict.map(Class::of);
                let at = Class::ALL.iter().position(|one| Some(*one) == class);
                if let Some(at) = at {
                    counts[at] += cases;
                }
            }
            past.runs.push(Run { when: when.clone(), commit: commit.cloned(), counts });
            for (verdict, ids) in line.verdicts() {
                for id in ids {
                    let change = Change { when: when.clone(), commit: commit.cloned(), verdict };
                    past.changes.entry(id.clone()).or_default().push(change);
                }
            }
        }
        past.changes.retain(|_, seen| seen.len() > 1);
        past
    }
}
