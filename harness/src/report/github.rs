//! Annotations of GitHub Actions: workflow commands on standard output, one line each.
//!
//! With a baseline, what changed; without one, every case that is not clean; and one of a report that
//! lacks cases that were asked for. GitHub shows ten of
//! each level on a step; the job's summary, which is [`super::markdown`], has them all.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::diff::Difference;
use super::schema::{Case, Verdict};
use super::shown::Shown;
use super::table;
use crate::parity::known::shown as verdict;

/// GitHub shows so many of each level on a step, and drops the others without a word.
const SHOWN: usize = 10;

/// An annotation is one of three kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Error,
    Warning,
    Notice,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// The annotations of these reports. Where there are more of a level than GitHub shows, its last
/// says how many it stands for, and that they are in the job's summary.
#[must_use]
pub fn annotations(reports: &[Shown]) -> String {
    let mut all: Vec<(Level, String)> = Vec::new();
    for shown in reports {
        match &shown.differences {
            Some(differences) => all.extend(differences.iter().map(|one| change(shown, one))),
            None => all.extend(shown.unclean().map(|case| finding(shown, case))),
        }
        let untold = shown.untold();
        if !untold.is_empty() {
            let message = table::untold(shown.report.role, &untold);
            all.push((Level::Error, command(Level::Error, &shown.title(), &message, None)));
        }
    }
    let mut counts: BTreeMap<Level, usize> = BTreeMap::new();
    all.iter().for_each(|(level, _)| *counts.entry(*level).or_default() += 1);
    let mut text = String::new();
    let mut told: BTreeMap<Level, usize> = BTreeMap::new();
    for (level, line) in &all {
        let told = told.entry(*level).or_default();
        if *told < room(counts[level]) {
            *told += 1;
            text.push_str(line);
        }
    }
    for (level, count) in counts {
        let more = count - room(count);
        if more > 0 {
            let message = format!("{more} more: the summary of this job has them all");
            text.push_str(&command(level, "WebSocket conformance", &message, None));
        }
    }
    text
}

/// How many of `count` annotations of a level are told one by one.
fn room(count: usize) -> usize {
    if count > SHOWN { SHOWN - 1 } else { count }
}

fn change(shown: &Shown, difference: &Difference) -> (Level, String) {
    let level = if difference.kind.is_loss() { Level::Error } else { Level::Notice };
    let (from, to) = (verdict(difference.expected), verdict(difference.found));
    let message = format!("{}: expected {from}, found {to}", difference.kind.name());
    let why = shown.case(difference).and_then(|case| case.explanation.as_deref());
    (level, command(level, &title(shown, &difference.id), &message, why))
}

fn finding(shown: &Shown, case: &Case) -> (Level, String) {
    let found: Verdict = case.verdict();
    let level = if found.is_failure() { Level::Error } else { Level::Warning };
    let why = case.explanation.as_deref();
    (level, command(level, &title(shown, &case.id), &found.to_string(), why))
}

fn title(shown: &Shown, id: &crate::conformance::CaseId) -> String {
    format!("{}: case {id}", shown.title())
}

fn command(level: Level, title: &str, message: &str, why: Option<&str>) -> String {
    let mut whole = message.to_owned();
    if let Some(why) = why {
        let _ = write!(whole, "\n{why}");
    }
    format!("::{} title={}::{}\n", level.name(), property(title), data(&whole))
}

/// Text behind the second `::`: a line break would end the command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text of a property: `,` and `:` would end it as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
