//! `wsconf list`: the cases, a line each.

use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::print;
use super::select::known;
use crate::Error;
use crate::conformance::CaseId;
use crate::conformance::case::Case;

/// Options of `wsconf list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf list                 all 517
  wsconf list '6.4.*' 7.5.1   some
  wsconf list '12.*' --json   for a script: id, group, about, rule, …")]
pub struct Options {
    /// Cases to list, as the suite writes patterns. Without any: all.
    #[arg(value_name = "PATTERN", default_value = "*")]
    cases: Vec<String>,
    /// Cases to leave out of these.
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// As a JSON array.
    #[arg(long)]
    json: bool,
}

/// One case in the array.
#[derive(Debug, Serialize)]
struct Row<'a> {
    id: &'a CaseId,
    group: &'a str,
    subgroup: &'a str,
    about: &'a str,
    section: &'a str,
    rule: &'a str,
}

impl Options {
    /// Prints the cases in the order in which they run.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: a pattern matches nothing, or nothing is left.
    pub fn run(&self) -> Result<Exit, Error> {
        let cases = known(&self.cases, &self.exclude)?;
        if self.json {
            let rows: Vec<Row<'_>> = cases.into_iter().map(Row::from).collect();
            let json = serde_json::to_string_pretty(&rows).expect("strings become JSON");
            return Ok(print(&(json + "\n")));
        }
        let line = |case: &Case| format!("{:<8} {}\n", case.id, case.about);
        Ok(print(&cases.into_iter().map(line).collect::<String>()))
    }
}

impl<'a> From<&'a Case> for Row<'a> {
    fn from(case: &'a Case) -> Self {
        let Case { id, group, subgroup, about, rule, .. } = case;
        Self { id, group, subgroup, about, section: rule.section, rule: rule.text }
    }
}
