//! `wsconf history show`: the last runs, and the course of each case that changed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::Error;
use crate::cmd::exit::Exit;
use crate::cmd::print;
use crate::cmd::select::known;
use crate::cmd::wrap::wrap;
use crate::report::history::changes::{Change, Course, Trend, courses};
use crate::report::history::log::{self, Log};
use crate::report::history::{Commit, Run};
use crate::report::table::columns;
use crate::talk::{self, counted, note};

/// Options of `wsconf history show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf history show                     every log, and every case that changed
  wsconf history show '6.4.*' 7.1.1       these cases only
  wsconf history show --testee ws-core --runs 30
  wsconf history show --json              for a script

A case is flaky if runs of one commit differ on it, or if it went back twice to
a verdict that it had left; regressed or improved if its last change made it
worse or better.")]
pub struct Options {
    /// Cases to show, as the suite writes patterns. Without any: all that changed.
    #[arg(value_name = "PATTERN")]
    cases: Vec<String>,
    /// The logs of this testee only.
    #[arg(long, value_name = "NAME")]
    testee: Option<String>,
    /// How many of the last runs to list.
    #[arg(long, value_name = "N", default_value_t = 10)]
    runs: usize,
    /// Where the logs are.
    #[arg(long, value_name = "DIR", default_value = "reports/history")]
    history: PathBuf,
    /// As a JSON array, one element for each log.
    #[arg(long)]
    json: bool,
}

/// One log in the array.
#[derive(Serialize)]
struct Row<'a> {
    testee: &'a str,
    role: &'a str,
    runs: Vec<RunRow<'a>>,
    cases: &'a [Course],
}

#[derive(Serialize)]
struct RunRow<'a> {
    started: &'a str,
    #[serde(flatten)]
    commit: &'a Commit,
    engine: &'a str,
    counts: &'a std::collections::BTreeMap<String, usize>,
    changed: usize,
}

impl Options {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let only = match self.cases.is_empty() {
            true => None,
            false => Some(known(&self.cases, &[])?),
        };
        let mut logs = Vec::new();
        for path in files(&self.history)? {
            let Some(log) = log::load(&path)? else { continue };
            if log.torn > 0 {
                let path = path.display();
                note!("{path}: its last line is cut off; `wsconf history add` removes it");
            }
            let of = |run: &Run| self.testee.as_ref().is_none_or(|name| *name == run.testee);
            if log.runs.last().is_some_and(of) {
                logs.push(log);
            }
        }
        if logs.is_empty() {
            return Err(Error::NothingRan(format!(
                "no run in {}: `wsconf history add` after a run",
                self.history.display()
            )));
        }
        let courses = |log: &Log| {
            let mut courses = courses(&log.runs);
            courses.retain(|course| {
                only.as_ref().is_none_or(|only| only.iter().any(|case| case.id == course.id))
            });
            courses
        };
        let told: Vec<(&Log, Vec<Course>)> = logs.iter().map(|log| (log, courses(log))).collect();
        if self.json {
            let rows: Vec<Row<'_>> = told.iter().map(|(log, cases)| row(log, cases)).collect();
            let json = serde_json::to_string_pretty(&rows).expect("strings become JSON");
            return Ok(print(&(json + "\n")));
        }
        let one = |(log, courses): &(&Log, Vec<Course>)| self.text(log, courses, only.is_some());
        Ok(print(&talk::tint(&told.iter().map(one).collect::<Vec<_>>().join("\n"))))
    }

    fn text(&self, log: &Log, courses: &[Course], asked: bool) -> String {
        let Some(last) = log.runs.last() else { return String::new() };
        let runs = counted(log.runs.len(), "run");
        let testee = last.testee.escape_debug();
        let mut text = format!("{testee} as {}: {runs}\n", last.role.name());
        let skipped = log.runs.len().saturating_sub(self.runs);
        for (nth, run) in log.runs.iter().enumerate().skip(skipped) {
            let counts: Vec<String> =
                run.counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
            let line = format!(
                "  {}  {:<13} {}: {}; {}",
                run.started,
                short(&run.commit),
                run.engine,
                counts.join(", "),
                if nth == 0 {
                    "the first".to_owned()
                } else {
                    format!("{} changed", run.changed_cases())
                }
            );
            let _ = writeln!(text, "{}", wrap(&line, 24));
        }
        // All that a wider selection brings is new; that is a number, unless it is asked for.
        let is_shown = |course: &&Course| asked || course.trend != Trend::New;
        let shown: Vec<&Course> = courses.iter().filter(is_shown).collect();
        let rows = shown.iter().flat_map(|course| {
            course.changes.iter().enumerate().map(|(nth, change)| cells(course, nth, change))
        });
        if !shown.is_empty() {
            text.push('\n');
            let head = ["case", "trend", "when", "commit", "from", "to"];
            text.push_str(&columns(head, rows));
        }
        let count = |trend| courses.iter().filter(|course| course.trend == trend).count();
        let all = [Trend::Regressed, Trend::Missing, Trend::Flaky, Trend::Improved, Trend::New];
        let counts: Vec<String> = all
            .into_iter()
            .filter(|trend| count(*trend) > 0)
            .map(|trend| format!("{} {}", count(trend), trend.name()))
            .collect();
        let summary =
            if counts.is_empty() { "nothing changed".to_owned() } else { counts.join(", ") };
        let _ = writeln!(text, "{}: {summary}", last.role.name());
        text
    }
}

/// One change of a case; what is said of the case as a whole only once.
fn cells(course: &Course, nth: usize, change: &Change) -> [String; 6] {
    let head = if nth == 0 {
        [course.id.to_string(), course.trend.name().to_owned()]
    } else {
        [String::new(), String::new()]
    };
    let [id, trend] = head;
    let day = change.started.split('T').next().unwrap_or_default().to_owned();
    let from = change.from.clone().unwrap_or_else(|| "-".to_owned());
    [id, trend, day, short(&change.commit), from, change.to.clone()]
}

fn row<'a>(log: &'a Log, cases: &'a [Course]) -> Row<'a> {
    let last = log.runs.last();
    let run = |run: &'a Run| RunRow {
        started: &run.started,
        commit: &run.commit,
        engine: &run.engine,
        counts: &run.counts,
        changed: run.changed_cases(),
    };
    Row {
        testee: last.map_or("", |run| &run.testee),
        role: last.map_or("", |run| run.role.name()),
        runs: log.runs.iter().map(run).collect(),
        cases,
    }
}

/// The first twelve characters, and a plus if there were changes on top.
fn short(commit: &Commit) -> String {
    let id: String = commit.id.chars().take(12).collect();
    if commit.dirty { id + "+" } else { id }
}

/// The logs of a folder, by name.
fn files(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(crate::error::io(format!("cannot read {}", dir.display()))(error));
        }
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    Ok(files)
}
