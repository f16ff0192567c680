//! A report as it is to be shown: with what changed since its baseline, if there is one.

use std::collections::BTreeSet;

use serde::Serialize;

use super::diff::Difference;
use super::schema::{Case, Report};
use crate::conformance::CaseId;

/// What every format gets.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// The report.
    pub report: Report,
    /// How it differs from its baseline; `None` if it was not compared with one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differences: Option<Vec<Difference>>,
}

impl Shown {
    /// Agent and role: `ws-core (server)`.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} ({})", self.report.testee.agent, self.report.role.name())
    }

    /// Suite and release: `Autobahn|Testsuite 25.10.1`.
    #[must_use]
    pub fn suite(&self) -> String {
        let suite = &self.report.suite;
        match &suite.version {
            Some(version) => format!("{} {version}", suite.name),
            None => suite.name.clone(),
        }
    }

    /// Cases with a half that is neither OK nor INFORMATIONAL.
    pub fn unclean(&self) -> impl Iterator<Item = &Case> {
        self.report.cases.iter().filter(|case| !case.verdict().is_clean())
    }

    /// The cases that were asked for and have no verdict, but for those that a difference speaks of.
    #[must_use]
    pub fn untold(&self) -> Vec<CaseId> {
        let mut untold = self.report.without_verdict();
        let told: BTreeSet<&CaseId> =
            self.differences.iter().flatten().map(|one| &one.id).collect();
        untold.retain(|id| !told.contains(id));
        untold
    }

    /// The case that a difference is of, if it was run.
    #[must_use]
    pub fn case(&self, difference: &Difference) -> Option<&Case> {
        self.report.cases.iter().find(|case| case.id == difference.id)
    }
}
