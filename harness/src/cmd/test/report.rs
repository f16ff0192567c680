//! The report of a run, and the end of the command.

use std::path::Path;
use std::time::{Instant, SystemTime};

use super::options::{Common, FailOn};
use crate::Error;
use crate::autobahn::run::rfc3339;
use crate::autobahn::{SUITE, VERSION};
use crate::cmd::exit::Exit;
use crate::cmd::tell::tell;
use crate::conformance::results::Results;
use crate::conformance::run::milliseconds;
use crate::error::io;
use crate::report::html::{self, Implementation, Page};
use crate::report::schema::{Platform, REPORT_FORMAT, Report, Role, Selection, Suite, Testee};
use crate::report::store;
use crate::talk::say;

/// When a run began, by both clocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began {
    at: SystemTime,
    clock: Instant,
}

impl Began {
    pub(super) fn now() -> Self {
        Self { at: SystemTime::now(), clock: Instant::now() }
    }
}

/// What a run was to do.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) role: Role,
    pub(super) selection: Selection,
    pub(super) began: Began,
}

/// Writes what the run found about `agent`, one of `several` or the only one, and tells it.
///
/// # Errors
///
/// [`Error::Unusable`]: a file cannot be written.
pub(super) fn conclude(
    common: &Common,
    asked: &Asked,
    agent: &str,
    several: bool,
    results: &Results,
    out: Option<&Path>,
) -> Result<Concluded, Error> {
    let report = Report {
        format: REPORT_FORMAT.to_owned(),
        suite: Suite {
            name: SUITE.to_owned(),
            version: Some(VERSION.to_owned()),
            engine: common.engine().to_owned(),
        },
        role: asked.role,
        testee: Testee { agent: agent.to_owned(), version: None },
        platform: Platform::here(),
        started: rfc3339(asked.began.at),
        duration_ms: milliseconds(asked.began.clock.elapsed()),
        selection: asked.selection.clone(),
        shard: common.shard,
        parts: Vec::new(),
        cases: results.lines(agent),
    };
    if several {
        say!("{}:", agent.escape_debug());
    }
    if let Some(out) = out {
        let name = match results.stem(agent).filter(|_| several) {
            Some(stem) => format!("report-{stem}.json"),
            None => "report.json".to_owned(),
        };
        store::save_report(&out.join(name), &report)?;
    }
    let pages = results.failures(agent);
    if common.explain {
        for page in &pages {
            say!("{page}");
        }
    }
    let fails = tell(&report);
    if let Some(out) = out
        && !common.explain
        && !pages.is_empty()
    {
        say!("why, case by case: {}", out.join("failures.txt").display());
    }
    let exit = if fails && common.fail_on == FailOn::Failed { Exit::Differs } else { Exit::Same };
    Ok(Concluded { report, exit })
}

/// How a run ended, for one agent.
#[derive(Debug)]
pub(super) struct Concluded {
    pub(super) report: Report,
    pub(super) exit: Exit,
}

impl Concluded {
    /// A case failed, whatever that is to mean for the end of the command.
    pub(super) fn has_failure(&self) -> bool {
        self.report.cases.iter().any(|case| case.verdict().is_failure())
    }
}

/// Writes the page of all agents of a run into its folder, and returns the worst end of them.
///
/// # Errors
///
/// [`Error::Unusable`]: the page cannot be written.
pub(super) fn sum_up(concluded: Vec<Concluded>, out: Option<&Path>) -> Result<Exit, Error> {
    let worst = if concluded.iter().any(|one| one.exit == Exit::Differs) {
        Exit::Differs
    } else {
        Exit::Same
    };
    let Some(out) = out else { return Ok(worst) };
    let shown = concluded.into_iter().map(|one| {
        let details = html::load::details(out, &one.report);
        Implementation { details, ..Implementation::from(one.report) }
    });
    let title = "WebSocket conformance".to_owned();
    let page = Page { title, shown: shown.collect(), ..Page::default() };
    let path = out.join("index.html");
    std::fs::write(&path, html::page(&page))
        .map_err(io(format!("cannot write {}", path.display())))?;
    Ok(worst)
}
