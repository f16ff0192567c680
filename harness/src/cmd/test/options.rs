//! The options that both directions have: which cases, how patiently, where the results go.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::Error;
use crate::cmd::report::report_at;
use crate::conformance::CaseId;
use crate::conformance::case::Case;
use crate::conformance::cases;
use crate::conformance::connection::Pace;
use crate::conformance::corpus::Corpus;
use crate::conformance::play::Patience;
use crate::conformance::run::{Settings, quick};
use crate::conformance::select::split;
use crate::report::asked;
use crate::report::schema::{Selection, Shard};
use crate::talk::{note, say};

/// Messages of a case of groups 12 and 13 with `--quick`: enough for the longest window to roll
/// over, a thirtieth of the full count.
const QUICK: usize = 32;

/// The longest patience, in seconds: a clock has an end.
const DAY: u64 = 24 * 60 * 60;

/// What both directions have.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Cases to take, as the suite writes patterns: `1.*`, `6.4.3`; repeat it, or separate by
    /// blanks. Without it: all.
    #[arg(long, value_name = "PATTERN")]
    pub(super) cases: Vec<String>,
    /// Cases to leave out of these.
    #[arg(long, value_name = "PATTERN")]
    pub(super) exclude: Vec<String>,
    /// Take the cases that failed in this report, and those that it was asked for and has no verdict
    /// on; `wsconf merge --rerun` puts the two together.
    #[arg(long, value_name = "REPORT", conflicts_with_all = ["cases", "spec"])]
    failed_in: Option<PathBuf>,
    /// Take the I-th of N parts of these cases, to run the parts on several machines.
    #[arg(long, value_name = "I/N")]
    pub(super) shard: Option<Shard>,
    /// Send 32 messages in each case of 12.* and 13.*, not 1000. The report says so.
    #[arg(long)]
    quick: bool,
    /// The folder with the suite's own payload files for 12.* and 13.*, in the stead of stand-ins.
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// zlib's level for what the engine sends in 12.* and 13.*; the suite's is 6.
    #[arg(long, value_name = "LEVEL", default_value_t = 6, value_parser = clap::value_parser!(i32).range(0..=9))]
    deflate_level: i32,
    /// Make every timer longer by this factor, for slow machines; --idle as well.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = factor)]
    timeout_scale: f64,
    /// Without an octet either way for so long, a case's next timer fires at once. The suite waits
    /// on, for up to 1000 s.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=DAY))]
    idle: u64,
    /// Print a page on each case that failed: what was expected, what came, the wire log.
    #[arg(long)]
    pub(super) explain: bool,
    /// Say on standard output which case begins, as the suite does.
    #[arg(long, hide = true)]
    suite_output: bool,
    /// Exit with 100 when a case fails, or leave that to others.
    #[arg(long, value_enum, default_value = "failed")]
    pub(super) fail_on: FailOn,
}

/// When a run itself fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// A case is FAILED or UNIMPLEMENTED, its close is not OK, or it has no verdict.
    Failed,
    /// Never.
    Never,
}

fn factor(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(factor) if (0.01..=1000.0).contains(&factor) => Ok(factor),
        _ => Err("a number from 0.01 to 1000".to_owned()),
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .split_once('/')
            .and_then(|(part, of)| Some(Self { part: part.parse().ok()?, of: of.parse().ok()? }));
        parts
            .filter(|shard| (1..=shard.of).contains(&shard.part))
            .ok_or_else(|| format!("`{text}` is no part such as 1/4"))
    }
}

/// The cases of a report that failed or have no verdict, by their ids.
fn failed_in(path: &Path) -> Result<Vec<String>, Error> {
    let report = report_at(path)?;
    let failed = report.cases.iter().filter(|case| case.verdict().is_failure());
    let mut ids: BTreeSet<CaseId> = failed.map(|case| case.id.clone()).collect();
    ids.extend(report.without_verdict());
    match ids.is_empty() {
        true => Err(Error::NothingRan(format!("no case failed in {}", path.display()))),
        false => Ok(ids.iter().map(CaseId::to_string).collect()),
    }
}

impl Common {
    /// The patterns in force, with what `spec` has of them, and the cases they stand for.
    ///
    /// # Errors
    ///
    /// - [`Error::Unusable`]: a pattern matches nothing, or nothing is left.
    /// - [`Error::NothingRan`]: no case failed, or lacks, in the report of `--failed-in`.
    pub(super) fn resolve(
        &self,
        spec: Option<&Selection>,
    ) -> Result<(Selection, BTreeSet<CaseId>), Error> {
        let mut patterns = split(&self.cases);
        let mut exclude = split(&self.exclude);
        if let Some(spec) = spec {
            exclude.extend_from_slice(&spec.exclude);
        }
        if self.cases.is_empty() {
            patterns = spec.map_or_else(|| vec!["*".to_owned()], |spec| spec.cases.clone());
        }
        if let Some(path) = &self.failed_in {
            patterns = failed_in(path)?;
        }
        let selection = Selection { cases: patterns, exclude };
        let ids = asked::ids(&selection, self.shard)
            .map_err(|error| Error::Unusable(format!("cases: {error}")))?;
        if ids.is_empty() {
            return Err(Error::Unusable("--shard: this part holds no case".to_owned()));
        }
        Ok((selection, ids))
    }

    /// The report of `--failed-in` is not among what a run into `out` clears away.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: it is.
    pub(super) fn spares(&self, out: Option<&Path>) -> Result<(), Error> {
        let (Some(report), Some(out)) = (&self.failed_in, out) else { return Ok(()) };
        let folder = if report.is_dir() { Some(report.as_path()) } else { report.parent() };
        let real = |path: &Path| if path == Path::new("") { ".".into() } else { path.to_owned() };
        let real = |path: &Path| real(path).canonicalize().ok();
        match folder.and_then(real).is_some_and(|folder| Some(folder) == real(out)) {
            false => Ok(()),
            true => Err(Error::Unusable(format!(
                "--out: {} has the report of --failed-in, and would lose it: name another folder",
                out.display()
            ))),
        }
    }

    /// These cases, with fewer messages if asked for.
    pub(super) fn cases(&self, ids: &BTreeSet<CaseId>) -> Vec<Arc<Case>> {
        let messages = if self.quick { QUICK } else { usize::MAX };
        let cases = ids.iter().filter_map(cases::find);
        cases.map(|case| Arc::new(quick(case, messages))).collect()
    }

    /// Tells that a case begins, to whoever asked for it.
    pub(super) fn tell_begin(&self, id: &CaseId, agent: &str) {
        if self.suite_output {
            say!("Running test case ID {id} for agent {agent}");
        }
    }

    /// What the report says of the engine.
    pub(super) fn engine(&self) -> &'static str {
        if self.quick { "native, --quick" } else { "native" }
    }

    /// # Errors
    ///
    /// [`Error::Unusable`]: the corpus.
    pub(super) fn settings(&self) -> Result<Settings, Error> {
        let corpus = match &self.corpus {
            None => Corpus::standins().clone(),
            Some(dir) => {
                let corpus = Corpus::from_dir(dir)
                    .map_err(|error| Error::Unusable(format!("--corpus: {error}")))?;
                for file in corpus.differing() {
                    note!("--corpus: {} is not the suite's own", file.name());
                }
                corpus
            }
        };
        let pace = Pace { time_scale: self.timeout_scale, deflate_level: self.deflate_level };
        Ok(Settings { pace, patience: self.patience(), corpus: Arc::new(corpus) })
    }

    /// Longer with the timers, and never shorter: silence is no answer to a fast timer.
    fn patience(&self) -> Patience {
        Patience { idle: Duration::from_secs(self.idle).mul_f64(self.timeout_scale.max(1.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_grows_with_the_timers() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            common: Common,
            #[arg(long, id = "spec")]
            _spec: Option<PathBuf>,
        }
        for (arguments, seconds) in [
            ("", Some(20)),
            ("--idle 5", Some(5)),
            ("--timeout-scale 3", Some(60)),
            ("--timeout-scale 0.1 --idle 5", Some(5)),
            ("--timeout-scale 1000 --idle 86400", Some(86_400_000)),
            ("--idle 86401", None),
            ("--idle 18446744073709551615", None),
            ("--idle 0", None),
        ] {
            let line = std::iter::once("x").chain(arguments.split_whitespace());
            let line = <Line as clap::Parser>::try_parse_from(line).ok();
            let idle = line.map(|line| line.common.patience().idle.as_secs());
            assert_eq!(idle, seconds, "{arguments}");
        }
    }

    #[test]
    fn shards_as_typed() {
        assert_eq!("2/4".parse(), Ok(Shard { part: 2, of: 4 }));
        for text in ["", "2", "0/4", "5/4", "1/0", "a/b", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
