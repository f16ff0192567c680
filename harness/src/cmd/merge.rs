//! `wsconf merge`: one report of the parts of a run that was split with `--shard`, or of a run and
//! those that played cases of it again.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::report::report_at;
use crate::Error;
use crate::report::merge::{Twice, merge};
use crate::report::{store, table};
use crate::talk::say;

/// Options of `wsconf merge`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf test server ws://127.0.0.1:9001 --shard 1/2 --out one
  wsconf test server ws://127.0.0.1:9001 --shard 2/2 --out two
  wsconf merge one/report.json two/report.json --out report.json

  wsconf test server ws://127.0.0.1:9001 --failed-in report.json --out again
  wsconf merge --rerun report.json again/report.json --out report.json

With --rerun the verdict of the run that began last counts, whatever the order
of the files. The others stay in the report, as the case's `earlier`, and
`parts` says which run brought what.")]
pub struct Options {
    /// The reports to put together.
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<PathBuf>,
    /// Where the whole goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Cases may be in several reports: the run that began last counts.
    #[arg(long)]
    rerun: bool,
}

impl Options {
    /// Writes the whole report and tells its totals. Whether it is good, `wsconf gate` says.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: a report is missing or malformed, or they are not of one run.
    pub fn run(&self) -> Result<Exit, Error> {
        let parts = self.reports.iter().map(|path| report_at(path));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        let twice = if self.rerun { Twice::LastCounts } else { Twice::Refused };
        let whole = merge(parts, twice).map_err(Error::Unusable)?;
        store::save_report(&self.out, &whole)?;
        say!("{}", table::totals(whole.role, &whole.cases));
        Ok(Exit::Same)
    }
}
