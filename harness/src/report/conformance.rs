//! `reports/conformance.md`, and the table in the README: what the baselines promise, for people.
//!
//! In: baselines and waivers. Out: Markdown. Nothing in it depends on when or where it is made, so
//! that it is stale exactly when a baseline has changed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::counts::Counts;
use super::markdown::escaped;
use super::schema::{Baseline, Expected, Verdict};
use super::waiver::Waiver;
use crate::conformance::{CaseId, cases};

/// The line in the README before the table.
pub const BEGIN: &str = "<!-- made by `make summary` from reports/baseline -->";
/// The line behind it.
pub const END: &str = "<!-- end of what `make summary` makes -->";

/// The README's table: a row for each baseline.
#[must_use]
pub fn totals(baselines: &[Baseline]) -> String {
    let mut text = "| testee | OK | INFORMATIONAL | NON-STRICT | FAILED |\n".to_owned();
    text.push_str("|---|---|---|---|---|\n");
    for baseline in baselines {
        let Counts { ok, informational, non_strict, failed } =
            Counts::of(baseline.cases.iter().map(Expected::verdict));
        let role = baseline.role.name();
        let _ = writeln!(text, "| {role} | {ok} | {informational} | {non_strict} | {failed} |");
    }
    text
}

/// `readme` with [`totals`] between its two markers.
///
/// # Errors
///
/// A marker is missing, there twice, or they are in the wrong order.
pub fn readme(readme: &str, baselines: &[Baseline]) -> Result<String, String> {
    let bad = || format!("it needs one line `{BEGIN}` and one `{END}` behind it");
    let (before, rest) = readme.split_once(BEGIN).ok_or_else(bad)?;
    let (between, after) = rest.split_once(END).ok_or_else(bad)?;
    if [before, between, after].iter().any(|part| part.contains(BEGIN) || part.contains(END)) {
        return Err(bad());
    }
    Ok(format!("{before}{BEGIN}\n\n{}\n{END}{after}", totals(baselines)))
}

/// The page: totals, groups, and each case that is not OK.
#[must_use]
pub fn page(baselines: &[Baseline], waivers: &[Waiver]) -> String {
    let mut text = "# Conformance of ws-core\n\n".to_owned();
    text.push_str(
        "Made by `make summary` from the [baselines](baseline), which every run of CI is ",
    );
    text.push_str("held against; do not edit.\n\n");
    for baseline in baselines {
        let (role, suite) = (baseline.role.name(), &baseline.suite);
        let version = suite.version.as_deref().unwrap_or("of unknown release");
        let (cases, name) = (baseline.cases.len(), escaped(&suite.name));
        let _ = writeln!(text, "- {role}: {cases} cases of {name} {}", escaped(version));
    }
    let _ = write!(text, "\n{}", totals(baselines));
    let heads: String = baselines.iter().map(|one| format!(" {} |", one.role.name())).collect();
    let lines = "---|".repeat(baselines.len());
    let _ = write!(text, "\n## Groups\n\n| group | about |{heads}\n|---:|---|{lines}\n");
    for group in ids(baselines).iter().map(|id| id.group()).collect::<BTreeSet<_>>() {
        let cells: String = baselines.iter().map(|one| in_group(one, group)).collect();
        let about = cases::all().iter().find(|case| case.id.group() == group);
        let about = about.map_or("", |case| case.group);
        let _ = writeln!(text, "| {group} | {} |{cells}", escaped(about));
    }
    text.push_str("\n## Cases judged other than OK\n\n");
    let _ = write!(text, "| case | what it does |{heads} waived because |\n|---|---|{lines}---|\n");
    for id in ids(baselines) {
        let verdicts: Vec<_> = baselines.iter().map(|one| verdict(one, id)).collect();
        if verdicts.iter().all(|verdict| verdict.is_some_and(is_ok)) {
            continue;
        }
        let cells: String = verdicts
            .iter()
            .map(|verdict| format!(" {} |", crate::parity::known::shown(*verdict)))
            .collect();
        let about = cases::find(id).map_or("", |case| case.about.as_str());
        let reasons = waivers.iter().filter(|waiver| waiver.id == *id);
        let reasons: Vec<String> = reasons
            .map(|waiver| format!("{}: {}", waiver.role.name(), waiver.reason.trim()))
            .collect();
        let reasons = escaped(&reasons.join("; "));
        let _ = writeln!(text, "| {id} | {} |{cells} {reasons} |", escaped(about));
    }
    text
}

fn ids(baselines: &[Baseline]) -> BTreeSet<&CaseId> {
    baselines.iter().flat_map(|baseline| &baseline.cases).map(|case| &case.id).collect()
}

fn verdict(baseline: &Baseline, id: &CaseId) -> Option<Verdict> {
    baseline.cases.iter().find(|case| case.id == *id).map(Expected::verdict)
}

fn is_ok(verdict: Verdict) -> bool {
    verdict.explained("behaviour", "close").is_none()
}

/// ` 16 OK/OK |`, best verdict first.
fn in_group(baseline: &Baseline, group: u16) -> String {
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for case in baseline.cases.iter().filter(|case| case.id.group() == group) {
        *counts.entry(case.verdict()).or_default() += 1;
    }
    let shown: Vec<String> =
        counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    format!(" {} |", shown.join(", "))
}
