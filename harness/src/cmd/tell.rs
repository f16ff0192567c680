//! What a run found, told on standard output.

use std::collections::BTreeSet;

use crate::conformance::CaseId;
use crate::report::schema::Report;
use crate::report::table;
use crate::talk::{self, counted, say};

/// Prints failures by name, cases without a verdict, the totals. Returns whether any case failed
/// or has no verdict.
pub(super) fn tell(report: &Report, asked: &BTreeSet<CaseId>) -> bool {
    let failed: Vec<_> = report.cases.iter().filter(|case| !case.verdict().is_clean()).collect();
    if !failed.is_empty() {
        talk::text(&talk::tint(&table::cases(report.role, failed.iter().copied())));
    }
    let told: BTreeSet<&CaseId> = report.cases.iter().map(|case| &case.id).collect();
    let untold: Vec<String> =
        asked.iter().filter(|id| !told.contains(id)).map(CaseId::to_string).collect();
    if !untold.is_empty() {
        let role = report.role.name();
        say!("{role}: no verdict on {}: {}", counted(untold.len(), "case"), untold.join(" "));
    }
    say!("{}", talk::tint(&table::totals(report.role, &report.cases)));
    failed.iter().any(|case| case.verdict().is_failure()) || !untold.is_empty()
}
