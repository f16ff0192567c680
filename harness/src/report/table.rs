//! Reports and differences as plain text, columns under their heads.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::diff::Difference;
use super::schema::{Case, Role, Verdict};
use super::shown::Shown;
use crate::conformance::CaseId;
use crate::parity::known::shown;
use crate::talk::counted;

/// `server: 301 cases: 298 OK/OK, 3 INFORMATIONAL`, best verdict first.
#[must_use]
pub fn totals(role: Role, cases: &[Case]) -> String {
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for case in cases {
        *counts.entry(case.verdict()).or_default() += 1;
    }
    let shown: Vec<String> =
        counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    format!("{}: {}: {}", role.name(), counted(cases.len(), "case"), shown.join(", "))
}

/// `server: no verdict on 2 cases: 9.1.5 9.1.6`, of cases that were asked for.
#[must_use]
pub fn untold(role: Role, ids: &[CaseId]) -> String {
    let names: Vec<String> = ids.iter().map(CaseId::to_string).collect();
    format!("{}: no verdict on {}: {}", role.name(), counted(ids.len(), "case"), names.join(" "))
}

/// One row for each case that differs.
#[must_use]
pub fn differences(role: Role, differences: &[Difference]) -> String {
    let verdict = |verdict: Option<Verdict>| verdict.map_or("-".to_owned(), |v| v.to_string());
    let rows = differences.iter().map(|difference| {
        [
            role.name().to_owned(),
            difference.id.to_string(),
            verdict(difference.expected),
            verdict(difference.found),
            difference.kind.name().to_owned(),
        ]
    });
    columns(["role", "case", "expected", "now", "what"], rows)
}

/// Each report: what is not OK, what changed since its baseline, what has no verdict, the totals.
#[must_use]
pub fn reports(reports: &[Shown]) -> String {
    let mut text = String::new();
    for shown in reports {
        let role = shown.report.role;
        let _ = writeln!(text, "{} by {}", shown.title().escape_debug(), shown.suite());
        if shown.unclean().next().is_some() {
            text.push_str(&cases(role, shown.unclean()));
        }
        if let Some(changes) = &shown.differences {
            if !changes.is_empty() {
                text.push_str(&differences(role, changes));
            }
            let _ = writeln!(text, "{}: {} differ from the baseline", role.name(), changes.len());
        }
        let lacking = shown.report.without_verdict();
        if !lacking.is_empty() {
            let _ = writeln!(text, "{}", untold(role, &lacking));
        }
        let _ = writeln!(text, "{}", totals(role, &shown.report.cases));
    }
    text
}

/// One row for each case with the verdict it has.
#[must_use]
pub fn cases<'a>(role: Role, cases: impl Iterator<Item = &'a Case>) -> String {
    let rows = cases.map(|case| {
        [
            role.name().to_owned(),
            case.id.to_string(),
            case.behavior.name().to_owned(),
            case.behavior_close.name().to_owned(),
            case.remote_close_code.map_or("-".to_owned(), |code| code.to_string()),
        ]
    });
    columns(["role", "case", "behavior", "behaviorClose", "close code"], rows)
}

/// Left-aligned columns, two blanks between, nothing behind the last.
pub(crate) fn columns<const N: usize>(
    head: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> String {
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows);
    let widths: [usize; N] = std::array::from_fn(|column| {
        lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)
    });
    let mut text = String::new();
    for line in &lines {
        let mut row = String::new();
        for (cell, width) in line.iter().zip(widths) {
            let _ = write!(row, "{cell:width$}  ");
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// What both judges said of one testee in one role, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParityRow {
    /// The testee.
    pub name: String,
    /// Its role.
    pub role: Role,
    /// Cases that both were asked to judge.
    pub compared: usize,
    /// Those on which they do not agree, and nobody says why.
    pub differing: usize,
    /// Those on which they do not agree for a reason that is known.
    pub explained: usize,
    /// Those on which they agreed only when played again.
    pub unsteady: usize,
    /// Differences that are known, and are none.
    pub not_used: usize,
}

/// One row for each testee and role.
#[must_use]
pub fn parity(rows: &[ParityRow]) -> String {
    let rows = rows.iter().map(|row| {
        let name = (row.name.clone(), row.role.name().to_owned());
        let numbers = [row.compared, row.differing, row.explained, row.unsteady, row.not_used];
        let [compared, differing, explained, unsteady, not_used] = numbers.map(|n| n.to_string());
        [name.0, name.1, compared, differing, explained, unsteady, not_used]
    });
    columns(["testee", "role", "compared", "differ", "known", "unsteady", "not used"], rows)
}

/// One row for each case on which suite and engine do not agree; nothing if they do.
#[must_use]
pub fn parity_differences(
    name: &str,
    role: Role,
    differences: &[crate::parity::diff::Difference],
) -> String {
    if differences.is_empty() {
        return String::new();
    }
    let rows = differences.iter().map(|one| {
        let (suite, engine) = (shown(one.suite), shown(one.engine));
        [name.to_owned(), role.name().to_owned(), one.id.to_string(), suite, engine]
    });
    columns(["testee", "role", "case", "suite", "engine"], rows)
}
