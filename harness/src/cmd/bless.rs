//! `wsconf bless`: what the latest reports found becomes what is expected.

use clap::Args;

use super::exit::Exit;
use super::judged::{Judged, One};
use crate::Error;
use crate::report::diff::{self, Kind};
use crate::report::schema::Baseline;
use crate::report::{store, table};
use crate::talk::{self, counted, say};

/// Options of `wsconf bless`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf autobahn; wsconf bless    then read `git diff reports/` before a commit
  wsconf bless --role server       one direction
  wsconf bless out/report.json --baseline expected.json")]
pub struct Options {
    #[command(flatten)]
    judged: Judged,
    /// Also take a report that lacks cases, of its baseline or of those that it was asked for.
    #[arg(long)]
    allow_missing: bool,
}

impl Options {
    /// Rewrites the baselines and prints what changed in them.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: there is no report.
    /// - [`Error::Unusable`]: a file is malformed, a baseline is of another role, or cases would be
    ///   dropped, or never be missed.
    pub fn run(&self) -> Result<Exit, Error> {
        let mut blessed = 0;
        for One { role, path, report, baseline: place } in self.judged.each()? {
            let Some(report) = report else {
                say!("{}: no report at {}", role.name(), path.display());
                continue;
            };
            if report.cases.is_empty() {
                return Err(Error::NothingRan(format!("{} holds no case", path.display())));
            }
            let before = store::load_baseline(&place)?;
            if let Some(before) = before.as_ref().filter(|before| before.role != role) {
                return Err(Error::Unusable(format!(
                    "{}: it is the baseline of a {}, and the report is of a {}",
                    place.display(),
                    before.role.name(),
                    role.name()
                )));
            }
            let before = before.map_or(Vec::new(), |before| before.cases);
            let changes = diff::changes(&before, &report.cases);
            let missing = changes.iter().filter(|change| change.kind == Kind::Missing).count();
            if missing > 0 && !self.allow_missing {
                return Err(Error::Unusable(format!(
                    "{}: the report lacks {} of the baseline: run the whole selection, \
                     or drop them with --allow-missing",
                    role.name(),
                    counted(missing, "case")
                )));
            }
            // What ended in the middle would be what is expected from now on.
            let untold = report.without_verdict();
            if !untold.is_empty() && !self.allow_missing {
                return Err(Error::Unusable(format!(
                    "{}: play them with `wsconf test --failed-in` and `wsconf merge --rerun`, or take \
                     what is there with --allow-missing",
                    table::untold(role, &untold)
                )));
            }
            if !changes.is_empty() && !before.is_empty() {
                talk::text(&talk::tint(&table::differences(role, &changes)));
            }
            store::save_baseline(&place, &Baseline::from(&report))?;
            say!(
                "{}, {} changed: {}",
                table::totals(role, &report.cases),
                changes.len(),
                place.display()
            );
            let not_clean = report.cases.iter().filter(|case| !case.verdict().is_clean()).count();
            if not_clean > 0 {
                say!(
                    "{}: {not_clean} of them are not OK: the gate wants a waiver for each",
                    role.name()
                );
            }
            blessed += 1;
        }
        if blessed == 0 {
            return Err(Error::NothingRan(
                "nothing to bless: run `wsconf autobahn` first, or name a report".to_owned(),
            ));
        }
        Ok(Exit::Same)
    }
}
