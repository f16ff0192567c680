//! One report of several: the parts of a run that was split with `--shard`.

use std::collections::BTreeSet;

use super::schema::{Part, Report, Selection};

/// Puts the cases of all parts into one report, ascending, and says which part brought which. It
/// began with the first part, and took as long as all together.
///
/// # Errors
///
/// Why the parts are not of one run: another suite, role or testee, or a case twice.
pub fn merge(parts: Vec<Report>) -> Result<Report, String> {
    let mut parts = parts.into_iter();
    let mut whole = parts.next().ok_or("there is nothing to merge")?;
    whole.parts = runs(&whole);
    whole.shard = None;
    for part in parts {
        let same = |what: &str, same: bool| {
            if same { Ok(()) } else { Err(format!("the reports are of different {what}")) }
        };
        same("suites", whole.suite == part.suite)?;
        same("roles", whole.role == part.role)?;
        same("testees", whole.testee == part.testee)?;
        whole.parts.extend(runs(&part));
        whole.duration_ms += part.duration_ms;
        whole.started = whole.started.min(part.started);
        whole.selection = joined(&whole.selection, &part.selection);
        whole.cases.extend(part.cases);
    }
    whole.parts.sort_by(|a, b| a.cases.cmp(&b.cases));
    whole.cases.sort_by(|a, b| a.id.cmp(&b.id));
    match whole.cases.windows(2).find(|two| two[0].id == two[1].id) {
        Some(twice) => Err(format!("case {} is in two of the reports", twice[0].id)),
        None => Ok(whole),
    }
}

/// The runs that `report` is of: itself, unless it was merged before.
fn runs(report: &Report) -> Vec<Part> {
    if !report.parts.is_empty() {
        return report.parts.clone();
    }
    vec![Part {
        platform: report.platform.clone(),
        started: report.started.clone(),
        duration_ms: report.duration_ms,
        selection: report.selection.clone(),
        shard: report.shard,
        cases: report.cases.iter().map(|case| case.id.clone()).collect(),
    }]
}

/// The parts of a split run have the same selection; others are put side by side.
fn joined(a: &Selection, b: &Selection) -> Selection {
    let join = |a: &[String], b: &[String]| {
        let mut seen = BTreeSet::new();
        a.iter().chain(b).filter(|pattern| seen.insert(*pattern)).cloned().collect()
    };
    Selection { cases: join(&a.cases, &b.cases), exclude: join(&a.exclude, &b.exclude) }
}
