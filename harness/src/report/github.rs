//! Annotations of GitHub Actions: workflow commands on standard output, one line each.
//!
//! With a baseline, what changed; without one, every case that is not clean. GitHub shows ten of
//! each kind on a step; the job's summary, which is [`super::markdown`], has them all.

use std::fmt::Write as _;

use super::diff::Difference;
use super::schema::{Case, Verdict};
use super::shown::Shown;
use crate::parity::known::shown as verdict;

/// All annotations of these reports.
#[must_use]
pub fn annotations(reports: &[Shown]) -> String {
    let mut text = String::new();
    for shown in reports {
        match &shown.differences {
            Some(differences) => {
                differences.iter().for_each(|one| text.push_str(&change(shown, one)));
            }
            None => shown.unclean().for_each(|case| text.push_str(&finding(shown, case))),
        }
    }
    text
}

fn change(shown: &Shown, difference: &Difference) -> String {
    let level = if difference.kind.is_loss() { "error" } else { "notice" };
    let (from, to) = (verdict(difference.expected), verdict(difference.found));
    let message = format!("{}: expected {from}, found {to}", difference.kind.name());
    let why = shown.case(difference).and_then(|case| case.explanation.as_deref());
    command(level, &title(shown, &difference.id), &message, why)
}

fn finding(shown: &Shown, case: &Case) -> String {
    let found: Verdict = case.verdict();
    let level = if found.is_failure() { "error" } else { "warning" };
    command(level, &title(shown, &case.id), &found.to_string(), case.explanation.as_deref())
}

fn title(shown: &Shown, id: &crate::conformance::CaseId) -> String {
    format!("{}: case {id}", shown.title())
}

fn command(level: &str, title: &str, message: &str, why: Option<&str>) -> String {
    let mut whole = message.to_owned();
    if let Some(why) = why {
        let _ = write!(whole, "\n{why}");
    }
    format!("::{level} title={}::{}\n", property(title), data(&whole))
}

/// Text behind the second `::`: a line break would end the command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Text of a property: `,` and `:` would end it as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
