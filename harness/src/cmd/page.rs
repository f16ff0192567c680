//! `wsconf page`: the reports of any number of runs as one HTML page.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use crate::Error;
use crate::error::io;
use crate::report::history::log;
use crate::report::html::past::Past;
use crate::report::html::{Page, load, page};
use crate::report::schema::{Report, Role};
use crate::report::store;
use crate::talk::{counted, say};

/// Options of `wsconf page`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf page reports/latest --out page.html      all reports below a folder
  wsconf page ours/report.json theirs/report.json --out page.html
  wsconf page ours --baseline baseline.json --out page.html
  wsconf page today --earlier yesterday --earlier before --out page.html
  wsconf page today --history reports/history --out page.html

The page is one file and needs no network. Of a folder it shows every report in
it and below it, and every index.json of Autobahn|Testsuite that no report
stands for. Where a run has left no file for a case, the case's page shows its
verdict alone.")]
pub struct Options {
    /// What runs have left: folders, reports, or an index.json of the suite.
    #[arg(value_name = "PATH", required = true)]
    runs: Vec<PathBuf>,
    /// A baseline, for the filter that shows what differs from it; one for each role.
    #[arg(long, value_name = "FILE")]
    baseline: Vec<PathBuf>,
    /// What an earlier run has left, for the history of the same agents; repeat it.
    #[arg(long, value_name = "PATH")]
    earlier: Vec<PathBuf>,
    /// The logs of `wsconf history`, for the history of the same agents.
    #[arg(long, value_name = "DIR", conflicts_with = "earlier")]
    history: Option<PathBuf>,
    /// Above everything.
    #[arg(long, value_name = "TEXT", default_value = "WebSocket conformance")]
    title: String,
    /// Where the page goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Options {
    /// Writes the page.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: a folder holds no report.
    /// - [`Error::Unusable`]: a report or baseline is malformed, two baselines are of one role, or
    ///   the page cannot be written.
    pub fn run(&self) -> Result<Exit, Error> {
        let load_all = |paths: &[PathBuf]| {
            let each = paths.iter().map(|path| load::implementations(path));
            each.collect::<Result<Vec<_>, _>>().map(|found| found.concat())
        };
        let mut shown = load_all(&self.runs)?;
        let earlier: Vec<Report> =
            load_all(&self.earlier)?.into_iter().map(|earlier| earlier.report).collect();
        for one in &mut shown {
            if let Some(dir) = &self.history {
                let path = log::path(dir, &one.report.testee.agent, one.report.role);
                one.past =
                    log::load(&path)?.map_or_else(Past::default, |log| Past::of_log(&log.runs));
            }
            let same = |report: &&Report| {
                report.testee.agent == one.report.testee.agent && report.role == one.report.role
            };
            let mut runs: Vec<&Report> = earlier.iter().filter(same).collect();
            if !runs.is_empty() {
                runs.push(&one.report);
                one.past = Past::of(&runs);
            }
        }
        let mut baselines = Vec::new();
        for path in &self.baseline {
            let baseline = store::load_baseline(path)?
                .ok_or_else(|| Error::Unusable(format!("{} is not there", path.display())))?;
            baselines.push(baseline);
        }
        for role in Role::ALL {
            if baselines.iter().filter(|baseline| baseline.role == role).count() > 1 {
                let role = role.name();
                return Err(Error::Unusable(format!("--baseline: two of them are of {role}s")));
            }
        }
        let all = Page { title: self.title.clone(), shown, baselines, notes: Vec::new() };
        let text = page(&all);
        let out = self.out.display();
        std::fs::write(&self.out, &text).map_err(io(format!("cannot write {out}")))?;
        let reports = counted(all.shown.len(), "report");
        say!("page: {out}: {reports}, {} KiB", text.len() >> 10);
        Ok(Exit::Same)
    }
}
