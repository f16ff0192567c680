//! What became of each case over many runs: a log of one line a run, and what it says.
//!
//! [`Run`] is one line, [`log`] reads lines and appends them, [`changes`] tells regressions from
//! cases that come and go. A line holds what changed against the lines before it and nothing that
//! did not, so a year of runs stays a file that one can commit.

pub mod changes;

pub mod log;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::schema::{BaselineSuite, Behavior, BehaviorClose, Report, Role, Selection, Verdict};
use crate::conformance::{CaseId, cases, select};

/// The value of `format` in each line.
pub const HISTORY_FORMAT: &str = "ws-conformance-history/1";

/// In [`Run::changed`], in a verdict's stead: asked for, but without a verdict.
const MISSING: &str = "missing";

/// The last that is known of each case; `None` if it was asked for and has no verdict.
pub type State = BTreeMap<CaseId, Option<Verdict>>;

/// The sources that a run judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// As version control names it.
    #[serde(rename = "commit")]
    pub id: String,
    /// There were changes on top of it, so nothing is known of the commit itself.
    pub dirty: bool,
}

/// One line of a log: one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// [`HISTORY_FORMAT`].
    pub format: String,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// How long it took, in milliseconds.
    #[serde(rename = "durationMs")]
    pub duration_ms: u64,
    /// What was judged.
    #[serde(flatten)]
    pub commit: Commit,
    /// The testee's name.
    pub testee: String,
    /// What it was.
    pub role: Role,
    /// Who judged; with another suite or release everything begins anew.
    pub suite: BaselineSuite,
    /// What ran it.
    pub engine: String,
    /// What was asked for; other cases keep what was known of them.
    pub asked: Selection,
    /// How many cases of this run have which verdict.
    pub counts: BTreeMap<String, usize>,
    /// The cases whose verdict is another than before, by the verdict that they have now.
    pub changed: BTreeMap<String, Vec<CaseId>>,
    /// A digest of all cases' verdicts after this line: a lost line does not go unnoticed.
    pub after: String,
}

impl Run {
    /// The line for `report`, behind `before`: the last line, if any, and the state after it.
    fn of(
        report: &Report,
        commit: Commit,
        before: (Option<&Self>, &State),
    ) -> Result<Self, String> {
        let suite = BaselineSuite {
            name: report.suite.name.clone(),
            version: report.suite.version.clone(),
        };
        let mut state = match before {
            (Some(last), state) if last.suite == suite => state.clone(),
            _ => State::new(),
        };
        let mut found: State =
            select::select(cases::ids(), &report.selection.cases, &report.selection.exclude)
                .map_err(|error| format!("its selection: {error}"))?
                .into_iter()
                .map(|id| (id, None))
                .collect();
        found.extend(report.cases.iter().map(|case| (case.id.clone(), Some(case.verdict()))));
        let mut counts = BTreeMap::new();
        let mut changed = BTreeMap::<String, Vec<CaseId>>::new();
        for (id, verdict) in found {
            *counts.entry(written(verdict)).or_default() += 1;
            if state.get(&id) != Some(&verdict) {
                changed.entry(written(verdict)).or_default().push(id.clone());
            }
            state.insert(id, verdict);
        }
        Ok(Self {
            format: HISTORY_FORMAT.to_owned(),
            started: report.started.clone(),
            duration_ms: report.duration_ms,
            commit,
            testee: report.testee.agent.clone(),
            role: report.role,
            suite,
            engine: report.suite.engine.clone(),
            asked: report.selection.clone(),
            counts,
            changed,
            after: digest(&state),
        })
    }

    /// The verdicts that cases changed to, `None` for none, each with its cases.
    pub fn verdicts(&self) -> impl Iterator<Item = (Option<Verdict>, &[CaseId])> {
        self.changed.iter().filter_map(|(name, ids)| Some((read(name)?, ids.as_slice())))
    }

    /// How many cases of this run have which verdict, `None` for those without one.
    pub fn totals(&self) -> impl Iterator<Item = (Option<Verdict>, usize)> {
        self.counts.iter().filter_map(|(name, count)| Some((read(name)?, *count)))
    }

    /// Brings `state`, that of the line `before`, to what it is after this line.
    fn apply(&self, before: Option<&Self>, state: &mut State) -> Result<(), String> {
        if self.format != HISTORY_FORMAT {
            return Err(format!("format is `{}`, expected `{HISTORY_FORMAT}`", self.format));
        }
        if before.is_some_and(|before| (&before.testee, before.role) != (&self.testee, self.role)) {
            let testee = self.testee.escape_debug();
            return Err(format!("it is of {testee} as {}", self.role.name()));
        }
        if before.is_some_and(|before| before.suite != self.suite) {
            state.clear();
        }
        for (name, ids) in &self.changed {
            let verdict = read(name).ok_or_else(|| format!("`{name}` is no verdict"))?;
            state.extend(ids.iter().map(|id| (id.clone(), verdict)));
        }
        if digest(state) != self.after {
            return Err("it does not follow from the lines before it: some are lost or from \
                        another branch"
                .to_owned());
        }
        Ok(())
    }

    /// How many cases changed.
    #[must_use]
    pub fn changed_cases(&self) -> usize {
        self.changed.values().map(Vec::len).sum()
    }

    /// The cases that this run was about.
    fn ran(&self, id: &CaseId) -> bool {
        let id = id.to_string();
        let any =
            |patterns: &[String]| patterns.iter().any(|pattern| select::matches(pattern, &id));
        any(&self.asked.cases) && !any(&self.asked.exclude)
    }
}

/// A verdict as a key of the line.
fn written(verdict: Option<Verdict>) -> String {
    verdict.map_or(MISSING.to_owned(), |verdict| verdict.to_string())
}

/// What [`written`] wrote.
fn read(text: &str) -> Option<Option<Verdict>> {
    use {Behavior as B, BehaviorClose as C};
    if text == MISSING {
        return Some(None);
    }
    let behaviors = [B::Ok, B::Informational, B::NonStrict, B::Unimplemented, B::Failed];
    let closes = [C::Ok, C::Informational, C::FailedByClient, C::WrongCode, C::Unclean, C::Failed];
    let of = |behavior| closes.map(|behavior_close| Verdict { behavior, behavior_close });
    let mut all = behaviors.into_iter().flat_map(of);
    all.find(|verdict| verdict.to_string() == text).map(Some)
}

fn digest(state: &State) -> String {
    let lines = state.iter().map(|(id, verdict)| format!("{id} {}\n", written(*verdict)));
    let digest = Sha256::digest(lines.collect::<String>());
    digest.iter().take(8).map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_reads_back() {
        let ok = Verdict { behavior: Behavior::Ok, behavior_close: BehaviorClose::FailedByClient };
        let note = Verdict {
            behavior: Behavior::Informational,
            behavior_close: BehaviorClose::Informational,
        };
        for verdict in [None, Some(ok), Some(note)] {
            assert_eq!(read(&written(verdict)), Some(verdict));
        }
        assert_eq!(read("FINE"), None);
    }
}
