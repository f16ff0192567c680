//! `wsconf diff`: what changed from one report to another.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::gate::same_suite;
use super::report::report_at;
use super::{differs, print};
use crate::Error;
use crate::report::schema::Baseline;
use crate::report::{diff, table};
use crate::talk::counted;

/// Options of `wsconf diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wsconf diff before/report.json after/report.json

Verdicts are compared; close codes and durations are not. The testees may be
different ones.")]
pub struct Options {
    /// The report to compare with.
    #[arg(value_name = "A")]
    before: PathBuf,
    /// The report that may differ.
    #[arg(value_name = "B")]
    after: PathBuf,
}

impl Options {
    /// Prints every difference.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: neither report holds a case.
    /// - [`Error::Unusable`]: a file is missing or malformed, or they are of different suites or
    ///   roles.
    pub fn run(&self) -> Result<Exit, Error> {
        let (before, after) = (report_at(&self.before)?, report_at(&self.after)?);
        if before.cases.is_empty() && after.cases.is_empty() {
            return Err(Error::NothingRan("neither report holds a case".to_owned()));
        }
        let before = Baseline::from(&before);
        same_suite(after.role, Some(&after), Some(&before))?;
        let differences = diff::changes(&before.cases, &after.cases);
        let mut text = String::new();
        if !differences.is_empty() {
            text = table::differences(after.role, &differences);
        }
        text.push_str(&match differences.len() {
            0 => format!("diff: {} compared: same\n", counted(after.cases.len(), "case")),
            count => format!("diff: {count} differ\n"),
        });
        print(&text);
        Ok(differs(!differences.is_empty()))
    }
}
