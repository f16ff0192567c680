//! Markdown for a comment on a pull request or a job's summary: totals first, then what is not as
//! expected, folded when long.

use std::fmt::Write as _;

use super::class::{Class, count};
use super::diff::Difference;
use super::schema::Case;
use super::shown::Shown;
use crate::parity::known::shown as verdict;

/// More rows than this are folded.
const LONG: usize = 10;

/// All reports in one text.
#[must_use]
pub fn markdown(reports: &[Shown]) -> String {
    let mut text = "## WebSocket conformance\n\n".to_owned();
    let heads = Class::ALL.map(Class::name).join(" | ");
    let _ = writeln!(text, "| testee | role | suite | {heads} | changed |");
    let _ = writeln!(text, "|---|---|---|{}", "---:|".repeat(Class::ALL.len() + 1));
    for shown in reports {
        let counts = count(&shown.report.cases).map(|count| count.to_string()).join(" | ");
        let changed = shown.differences.as_ref().map_or("".to_owned(), |all| all.len().to_string());
        let _ = writeln!(
            text,
            "| {} | {} | {} | {counts} | {changed} |",
            code(&shown.report.testee.agent),
            shown.report.role.name(),
            escaped(&shown.suite()),
        );
    }
    for shown in reports {
        if let Some(differences) = &shown.differences {
            let rows = differences.iter().map(|one| change(shown, one)).collect();
            section(&mut text, shown, "changed", "| case | expected | now | what | why |", rows);
        }
        let rows = shown.untold().iter().map(|id| format!("| {id} |\n")).collect();
        section(&mut text, shown, "without a verdict", "| case |", rows);
        let rows = shown.unclean().map(finding).collect();
        section(&mut text, shown, "not OK", "| case | verdict | close code | why |", rows);
    }
    text
}

fn section(text: &mut String, shown: &Shown, what: &str, head: &str, rows: Vec<String>) {
    if rows.is_empty() {
        return;
    }
    let (agent, role) = (code(&shown.report.testee.agent), shown.report.role.name());
    let title = format!("{agent} as {role}: {} {what}", rows.len());
    let columns = "|---".repeat(head.matches('|').count() - 1);
    let table = format!("{head}\n{columns}|\n{}", rows.concat());
    let _ = match rows.len() > LONG {
        true => write!(text, "\n<details><summary>{title}</summary>\n\n{table}\n</details>\n"),
        false => write!(text, "\n**{title}**\n\n{table}"),
    };
}

fn change(shown: &Shown, difference: &Difference) -> String {
    let (from, to) = (verdict(difference.expected), verdict(difference.found));
    let (id, kind) = (&difference.id, difference.kind.name());
    let why = shown.case(difference).and_then(|case| case.explanation.as_deref());
    format!("| {id} | {from} | {to} | {kind} | {} |\n", escaped(why.unwrap_or_default()))
}

fn finding(case: &Case) -> String {
    let code = case.remote_close_code.map_or("-".to_owned(), |code| code.to_string());
    let why = escaped(case.explanation.as_deref().unwrap_or_default());
    format!("| {} | {} | {code} | {why} |\n", case.id, case.verdict())
}

/// A name that is shown as it is: GitHub neither links nor notifies anybody inside of code.
fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(text))
}

/// Whatever means something to Markdown, HTML or GitHub becomes a character reference; a control
/// character, a line break among them, becomes a blank.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::new();
    for c in text.chars() {
        match c {
            c if c.is_control() => safe.push(' '),
            ' ' | '.' | ',' | '-' | '(' | ')' | ':' | ';' => safe.push(c),
            c if c.is_ascii_punctuation() => {
                let _ = write!(safe, "&#{};", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}
