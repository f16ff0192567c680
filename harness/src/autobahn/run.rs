//! One direction of the suite from start to end: spec written, suite and testee started, watched
//! and ended, verdicts read.
//!
//! In: a [`Plan`] and an engine. Out: a report. Dropping the future ends all it has started.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use super::engine::{Engine, Mode};
use super::progress::Progress;
use super::spec::{FuzzingClient, FuzzingServer};
use super::suite::{Line, Suite, last_lines};
use super::{SUITE, index, testee};
use crate::Error;
use crate::conformance::CaseId;
use crate::error::io;
use crate::group::Group;
use crate::report::schema::{self, Case, Platform, REPORT_FORMAT, Report, Role, Selection};
use crate::scratch::Scratch;

/// The suite listens this soon after it said it would, or not at all.
const LISTENS: Duration = Duration::from_secs(10);
/// Somebody else's server is given this long to accept a first connection.
const FOREIGN: Duration = Duration::from_secs(5);
/// How long a testee may take to end after a SIGTERM.
const GRACE: Duration = Duration::from_secs(3);
/// Ports tried for the suite, each free a moment before.
const PORTS: usize = 5;

/// What to run.
#[derive(Debug)]
pub struct Plan {
    /// The testee.
    pub testee: Testee,
    /// Its name in the report.
    pub agent: String,
    /// The cases, resolved.
    pub cases: BTreeSet<CaseId>,
    /// The patterns they came from.
    pub selection: Selection,
    /// Without a sign of life for this long, the suite is taken to hang.
    pub patience: Duration,
    /// Where the suite's own report and the logs are kept, replaced by each run.
    pub keep: PathBuf,
}

/// Who is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Testee {
    /// `ws-server`, started beside this program.
    OurServer,
    /// `ws-client`, started beside this program.
    OurClient,
    /// A server that runs already, at this URL.
    ServerAt(String),
    /// A client started with `sh -c`.
    ClientCommand(String),
}

impl Testee {
    /// Its role.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::OurServer | Self::ServerAt(_) => Role::Server,
            Self::OurClient | Self::ClientCommand(_) => Role::Client,
        }
    }

    /// It is of this workspace.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::OurServer | Self::OurClient)
    }
}

/// Runs `plan` with `engine`.
///
/// # Errors
///
/// - [`Error::NothingRan`]: no verdict was reached: testee or suite did not start, died or hung.
/// - [`Error::Unusable`]: the machine refused a file or a process.
pub async fn run(plan: &Plan, engine: &Engine, progress: Progress) -> Result<Report, Error> {
    let started = SystemTime::now();
    let clock = Instant::now();
    let keeping = || format!("cannot write {}", plan.keep.display());
    let scratch = Scratch::beside(&plan.keep).map_err(io(keeping()))?;
    let mut room = Room { plan, engine, dir: scratch.path(), progress };
    let outcome = match plan.testee.role() {
        Role::Server => room.judge_server().await,
        Role::Client => room.judge_client().await,
    };
    scratch.replace().map_err(io(keeping()))?;
    let kept = |error| match error {
        Error::NothingRan(why) => {
            Error::NothingRan(format!("{why}\n  (logs: {})", plan.keep.display()))
        }
        other => other,
    };
    let (cases, version) = outcome.map_err(kept)?;
    Ok(Report {
        format: REPORT_FORMAT.to_owned(),
        suite: schema::Suite { name: SUITE.to_owned(), version, engine: engine.name().to_owned() },
        role: plan.testee.role(),
        testee: schema::Testee {
            agent: plan.agent.clone(),
            version: plan.testee.is_ours().then(|| env!("CARGO_PKG_VERSION").to_owned()),
        },
        platform: Platform::here(),
        started: rfc3339(started),
        duration_ms: u64::try_from(clock.elapsed().as_millis()).unwrap_or(u64::MAX),
        selection: plan.selection.clone(),
        shard: None,
        parts: Vec::new(),
        cases,
    })
}

/// The folder of one run and all that is needed in it.
struct Room<'a> {
    plan: &'a Plan,
    engine: &'a Engine,
    dir: &'a Path,
    progress: Progress,
}

type Outcome = Result<(Vec<Case>, Option<String>), Error>;

impl Room<'_> {
    /// The suite dials: server first, and the suite ends by itself.
    async fn judge_server(&mut self) -> Outcome {
        let (mut server, url) = match &self.plan.testee {
            Testee::ServerAt(url) => {
                testee::accepts(&testee::address_of(url)?, FOREIGN).await?;
                (None, url.clone())
            }
            _ => {
                let (group, url) = testee::start_server(&self.testee_log()).await?;
                (Some(group), url)
            }
        };
        let outdir = self.engine.sees(self.dir).join("suite");
        let spec = FuzzingClient::new(&url, &self.plan.agent, &outdir, &self.plan.cases);
        let mut suite = self.start(Mode::FuzzingClient, &spec)?;
        loop {
            let line = tokio::select! {
                line = suite.next(self.plan.patience) => line?,
                status = ended(&mut server) => return Err(self.died("ws-server", &status)),
            };
            match line {
                Some(Line::Running(id)) => self.progress.case(&id),
                Some(_) => {}
                None => break,
            }
        }
        let version = self.version(&suite);
        suite.wait(self.plan.patience).await?;
        if let Some(mut server) = server {
            // It has served; how it ends is not judged here.
            let _ = server.stop(GRACE).await;
        }
        Ok((self.verdicts()?, version))
    }

    /// The suite listens: suite first, and it ends when the client is through.
    async fn judge_client(&mut self) -> Outcome {
        let (mut suite, url) = self.start_fuzzing_server().await?;
        let (log, agent) = (self.testee_log(), &self.plan.agent);
        let (name, client) = match &self.plan.testee {
            Testee::ClientCommand(line) => {
                (line.as_str(), testee::start_command(line, &url, agent, &log)?)
            }
            _ => ("ws-client", testee::start_client(&url, agent, self.engine.jobs(), &log)?),
        };
        let mut client = Some(client);
        let status = loop {
            tokio::select! {
                line = suite.next(self.plan.patience) => match line? {
                    Some(Line::Running(id)) => self.progress.case(&id),
                    Some(_) => {}
                    None => return Err(Error::NothingRan(format!(
                        "the suite ended before the client was through; its last lines:\n{}",
                        suite.last_lines()
                    ))),
                },
                status = ended(&mut client) => break status,
            }
        };
        let version = self.version(&suite);
        suite.stop().await;
        if !status.as_ref().is_ok_and(std::process::ExitStatus::success) {
            return Err(self.died(name, &status));
        }
        Ok((self.verdicts()?, version))
    }

    /// Starts the suite on a port and waits until it accepts connections there.
    async fn start_fuzzing_server(&self) -> Result<(Suite, String), Error> {
        let mut last = String::new();
        for _ in 0..PORTS {
            let port = testee::free_port().await?;
            let outdir = self.engine.sees(self.dir).join("suite");
            let spec = FuzzingServer::new(port, &outdir, &self.plan.cases);
            let mut suite = self.start(Mode::FuzzingServer, &spec)?;
            let address = format!("127.0.0.1:{port}");
            loop {
                match suite.next(self.plan.patience).await? {
                    Some(Line::Ready) => {
                        tokio::select! {
                            accepts = testee::accepts(&address, LISTENS) => match accepts {
                                Ok(()) => return Ok((suite, format!("ws://{address}"))),
                                Err(error) => return Err(error),
                            },
                            () = output_ends(&mut suite, self.plan.patience) => {}
                        }
                        break;
                    }
                    Some(_) => {}
                    None => break,
                }
            }
            // It ended: somebody was faster at the port, or it cannot run at all.
            last = suite.last_lines();
            suite.stop().await;
            if !last.contains("CannotListenError") && !last.contains("cannot listen at ") {
                break;
            }
        }
        Err(Error::NothingRan(format!("the suite does not listen; its last lines:\n{last}")))
    }

    fn start(&self, mode: Mode, spec: &impl Serialize) -> Result<Suite, Error> {
        let path = self.dir.join(format!("{}.json", mode.name()));
        let doing = || format!("cannot write {}", path.display());
        let text = serde_json::to_string_pretty(spec)
            .map_err(|error| Error::Unusable(format!("{}: {error}", doing())))?;
        fs::write(&path, text).map_err(io(doing()))?;
        let (command, container) = self.engine.command(mode, self.dir);
        Suite::start(command, container, &self.dir.join("suite.log"))
    }

    fn version(&self, suite: &Suite) -> Option<String> {
        suite.version().or_else(|| self.engine.version().map(str::to_owned))
    }

    fn testee_log(&self) -> PathBuf {
        self.dir.join("testee.log")
    }

    fn verdicts(&self) -> Result<Vec<Case>, Error> {
        let cases = index::read(&self.dir.join("suite").join("index.json"), &self.plan.agent)?;
        if cases.is_empty() {
            return Err(Error::NothingRan(format!(
                "the suite ran no case; its last lines:\n{}",
                last_lines(&self.dir.join("suite.log"))
            )));
        }
        Ok(cases)
    }

    fn died(&self, name: &str, status: &std::io::Result<std::process::ExitStatus>) -> Error {
        let how = match status {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        Error::NothingRan(format!(
            "the testee ended in the middle of the run, so no verdict can be read: {name}: {how}; \
             its last lines:\n{}",
            last_lines(&self.testee_log())
        ))
    }
}

/// Waits for the end of a testee that we started; for ever if there is none.
async fn ended(testee: &mut Option<Group>) -> std::io::Result<std::process::ExitStatus> {
    match testee {
        Some(group) => group.wait().await,
        None => std::future::pending().await,
    }
}

/// Waits until the suite's output has ended, whatever it says till then.
async fn output_ends(suite: &mut Suite, patience: Duration) {
    while matches!(suite.next(patience).await, Ok(Some(_))) {}
}

/// A time as reports carry it: UTC, to the second.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let seconds = jiff::Timestamp::try_from(time).and_then(|time| time.round(jiff::Unit::Second));
    seconds.map_or_else(|_| "unknown".to_owned(), |time| time.to_string())
}
