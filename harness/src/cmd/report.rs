//! `wsconf report`: report files in the form that a reader, a program or a CI system wants.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::gate::same_suite;
use super::print;
use crate::Error;
use crate::error::io;
use crate::report::html::{self, Page};
use crate::report::schema::{Baseline, Report};
use crate::report::shown::Shown;
use crate::report::{badge, diff, github, json, junit, markdown, store, table};

/// Options of `wsconf report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf report out                       of `wsconf test ... --out out`
  wsconf report report.json
  wsconf report report.json --format junit > junit.xml
  wsconf report server.json client.json --format github --badge badge.json
  wsconf report report.json --format markdown --baseline baseline.json

It shows and does not judge: it exits with 0 whatever the cases did; `gate` and
`diff` judge. With --format github the job's summary is appended to
$GITHUB_STEP_SUMMARY, if that is set.")]
pub struct Options {
    /// The reports, as `wsconf test --out`, `wsconf autobahn` and `wsconf merge` write them.
    #[arg(value_name = "FILE", required = true)]
    reports: Vec<PathBuf>,
    /// How to show them.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Show what changed since this baseline; repeat it for the other role.
    #[arg(long, value_name = "FILE")]
    baseline: Vec<PathBuf>,
    /// Also write the JSON of a shields.io endpoint badge.
    #[arg(long, value_name = "FILE")]
    badge: Option<PathBuf>,
}

/// How reports are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Columns for a terminal: what is not OK, and the totals.
    Table,
    /// The reports and their differences, for programs.
    Json,
    /// For a comment on a pull request.
    Markdown,
    /// JUnit XML, for CI systems.
    Junit,
    /// Annotations of GitHub Actions, and the job's summary.
    Github,
    /// A page to look at; `wsconf page` makes one with what was on the wire.
    Html,
}

impl Options {
    /// Writes the reports to standard output.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: the reports hold no case.
    /// - [`Error::Unusable`]: a file is missing, malformed or cannot be written, or a baseline is of
    ///   another suite or of a role that no report has.
    pub fn run(&self) -> Result<Exit, Error> {
        let reports = self.reports.iter().map(|path| report_at(path));
        let reports = reports.collect::<Result<Vec<Report>, _>>()?;
        if reports.iter().all(|report| report.cases.is_empty()) {
            return Err(Error::NothingRan("the reports hold no case".to_owned()));
        }
        let baselines = self.baseline.iter().map(|path| baseline_at(path));
        let baselines = baselines.collect::<Result<Vec<Baseline>, _>>()?;
        self.every_baseline_is_used(&reports, &baselines)?;
        let badge = badge::badge(&reports);
        let shown = reports.into_iter().map(|report| compared(report, &baselines));
        let shown = shown.collect::<Result<Vec<Shown>, _>>()?;
        let text = match self.format {
            Format::Table => table::reports(&shown),
            Format::Json => json::json(&shown).map_err(Error::Unusable)?,
            Format::Markdown => markdown::markdown(&shown),
            Format::Junit => junit::junit(&shown).map_err(Error::Unusable)?,
            Format::Github => {
                append_summary(&markdown::markdown(&shown))?;
                github::annotations(&shown)
            }
            Format::Html => html::page(&Page {
                title: "WebSocket conformance".to_owned(),
                shown: shown.into_iter().map(|shown| shown.report.into()).collect(),
                baselines,
                ..Page::default()
            }),
        };
        if let Some(path) = &self.badge {
            std::fs::write(path, badge).map_err(io(format!("cannot write {}", path.display())))?;
        }
        Ok(print(&text))
    }

    fn every_baseline_is_used(
        &self,
        reports: &[Report],
        baselines: &[Baseline],
    ) -> Result<(), Error> {
        for (nth, (path, baseline)) in self.baseline.iter().zip(baselines).enumerate() {
            let (role, shown) = (baseline.role, path.display());
            if !reports.iter().any(|report| report.role == role) {
                let role = role.name();
                return Err(Error::Unusable(format!("{shown}: no report is of a {role}")));
            }
            if baselines.iter().take(nth).any(|other| other.role == role) {
                let role = role.name();
                return Err(Error::Unusable(format!("{shown}: a second baseline for a {role}")));
            }
        }
        Ok(())
    }
}

fn compared(report: Report, baselines: &[Baseline]) -> Result<Shown, Error> {
    let Some(baseline) = baselines.iter().find(|baseline| baseline.role == report.role) else {
        return Ok(Shown { report, differences: None });
    };
    same_suite(report.role, Some(&report), Some(baseline))?;
    let differences = Some(diff::changes(&baseline.cases, &report.cases));
    Ok(Shown { report, differences })
}

/// The report in a file that has to be there, or in the folder of `--out`.
pub(in crate::cmd) fn report_at(path: &Path) -> Result<Report, Error> {
    let within = path.join("report.json");
    let path = if path.is_dir() { &within } else { path };
    store::load_report(path)?.ok_or_else(|| absent(path))
}

fn baseline_at(path: &Path) -> Result<Baseline, Error> {
    store::load_baseline(path)?.ok_or_else(|| absent(path))
}

fn absent(path: &Path) -> Error {
    Error::Unusable(format!("{} is not there", path.display()))
}

/// Other steps of the job write to the same file, so it is never replaced.
fn append_summary(text: &str) -> Result<(), Error> {
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return Ok(());
    };
    let path = PathBuf::from(path);
    let file = OpenOptions::new().append(true).create(true).open(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(io(format!("cannot write {}", path.display())))
}
