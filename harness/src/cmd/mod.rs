//! The command line: one file per subcommand, its options and what it does side by side.

pub mod exit;
pub mod program;

pub mod autobahn;
pub mod bless;
pub mod collect;
pub mod compare;
pub mod completions;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod gate;
pub mod history;
pub mod list;
pub mod load;
pub mod man;
pub mod merge;
pub mod page;
pub mod parity;
pub mod report;
pub mod seeds;
pub mod spec;
pub mod summary;
pub mod test;

mod judged;
mod select;
mod tell;
mod wrap;

use std::future::Future;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use crate::error;
use crate::report::schema::Role;
use crate::talk::{self, say};
use crate::{Error, StopSignals};
use exit::Exit;

/// What `wsconf` can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run Autobahn|Testsuite against a testee and write a report.
    Autobahn(autobahn::Options),
    /// Run the suite's cases with the engine of this program, against a server or for clients.
    #[command(subcommand)]
    Test(test::Test),
    /// Judge testees with the suite and with the engine of this program, and compare verdicts.
    Parity(parity::Options),
    /// Judge published implementations with the engine of this program, and show them side by side.
    Compare(compare::Options),
    /// Make one page, to look at, of the reports of any number of runs.
    Page(page::Options),
    /// Compare reports with their baselines: worse, better, missing and new cases all fail.
    Gate(gate::Options),
    /// Make the latest reports the baselines.
    Bless(bless::Options),
    /// Write the suite's spec files, to run it by other means.
    Spec(spec::Options),
    /// Make a report of an `index.json` that the suite has written.
    Collect(collect::Options),
    /// Make one report of several: the parts of a run that was split, or a run and its re-runs.
    Merge(merge::Options),
    /// Write the octets of the cases as seeds for a fuzzer.
    Seeds(seeds::Options),
    /// Show reports: as a table, JSON, Markdown, JUnit XML, or annotations of GitHub Actions.
    Report(report::Options),
    /// Compare two reports.
    Diff(diff::Options),
    /// Write the page and the README's table of what the baselines promise.
    Summary(summary::Options),
    /// List the cases, a line each.
    List(list::Options),
    /// Put load on an echo server: throughput, latencies, and what it costs the server.
    Load(load::Options),
    /// Explain a case: what is sent and expected, the rule, and how it is usually failed.
    Explain(explain::Options),
    /// Keep a log of runs, and show when each case changed and at which commit.
    #[command(subcommand)]
    History(history::History),
    /// Tell which engines can run here, and what the others lack.
    Doctor(doctor::Options),
    /// Write the completions of a shell.
    Completions(completions::Options),
    /// Write the manual pages.
    Man(man::Options),
}

/// Runs what was asked for; its error, if any, goes to standard error.
#[must_use]
pub fn run(program: &program::Program) -> ExitCode {
    program.talk.set();
    let ended = match &program.command {
        Command::Autobahn(options) => options.run(),
        Command::Test(test) => test.run(),
        Command::Parity(options) => options.run(),
        Command::Compare(options) => options.run(),
        Command::Page(options) => options.run(),
        Command::Gate(options) => options.run(),
        Command::Bless(options) => options.run(),
        Command::Spec(options) => options.run(),
        Command::Collect(options) => options.run(),
        Command::Merge(options) => options.run(),
        Command::Seeds(options) => options.run(),
        Command::Report(options) => options.run(),
        Command::Diff(options) => options.run(),
        Command::Summary(options) => options.run(),
        Command::List(options) => options.run(),
        Command::Load(options) => options.run(),
        Command::Explain(options) => options.run(),
        Command::History(history) => history.run(),
        Command::Doctor(options) => options.run(),
        Command::Completions(options) => options.run(),
        Command::Man(options) => options.run(),
    };
    exit::code(ended)
}

/// Which directions a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Roles {
    /// The testee is a server.
    Server,
    /// The testee is a client.
    Client,
    /// Both.
    Both,
}

impl Roles {
    /// The roles meant.
    #[must_use]
    pub fn each(self) -> &'static [Role] {
        match self {
            Self::Server => &[Role::Server],
            Self::Client => &[Role::Client],
            Self::Both => &Role::ALL,
        }
    }
}

/// What a command that only shows something ends with.
fn print(text: &str) -> Exit {
    talk::text(text);
    Exit::Same
}

/// A line on standard output; a reader that has seen enough is no error.
pub fn say(line: &str) {
    say!("{line}");
}

/// `Same` unless any part differs.
fn differs(differs: bool) -> Exit {
    if differs { Exit::Differs } else { Exit::Same }
}

/// Runs `work` until it ends or a signal asks to stop; then `work` is dropped.
///
/// # Errors
///
/// That of `work`, or [`Error::Interrupted`].
pub async fn until_signal<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let mut signals = StopSignals::install().map_err(error::io("cannot wait for signals"))?;
    tokio::select! {
        ended = work => ended,
        number = signals.asked() => Err(Error::Interrupted(number)),
    }
}
