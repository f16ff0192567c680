//! What a run found, told on standard output.

use crate::report::schema::Report;
use crate::report::table;
use crate::talk::{self, say};

/// Prints failures by name, cases without a verdict, the totals. Returns whether any case failed
/// or has no verdict.
pub(super) fn tell(report: &Report) -> bool {
    let failed: Vec<_> = report.cases.iter().filter(|case| !case.verdict().is_clean()).collect();
    if !failed.is_empty() {
        talk::text(&talk::tint(&table::cases(report.role, failed.iter().copied())));
    }
    let untold = report.without_verdict();
    if !untold.is_empty() {
        say!("{}", table::untold(report.role, &untold));
    }
    say!("{}", talk::tint(&table::totals(report.role, &report.cases)));
    failed.iter().any(|case| case.verdict().is_failure()) || !untold.is_empty()
}
