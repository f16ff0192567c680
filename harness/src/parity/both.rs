//! One testee in one role, judged by the suite and then by the engine.
//!
//! The suite runs as `wsconf autobahn` runs it; the engine as a process of its own,
//! `wsconf test … --out DIR`, as anybody would run it. A server is started anew for each of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::Error;
use crate::autobahn::engine::Engine;
use crate::autobahn::progress::Board;
use crate::autobahn::run::{self, Plan, Testee};
use crate::autobahn::testee::{accepts, free_port, path_with_us};
use crate::conformance::CaseId;
use crate::error::io;
use crate::group::Group;
use crate::report::schema::{Case, Role, Selection};
use crate::report::store;

/// A server is given this long to listen.
const START: Duration = Duration::from_secs(10);
/// How long a server may take to end after a SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

/// Who is judged, by what.
#[derive(Debug)]
pub struct Pair<'a> {
    /// Its name in both reports.
    pub agent: &'a str,
    /// How it is reached.
    pub who: Who,
    /// The suite.
    pub suite: &'a Engine,
    /// Without a sign of life for this long, the suite is taken to hang.
    pub patience: Duration,
    /// Options for the engine besides those that are needed.
    pub engine_options: Vec<String>,
    /// Where logs and reports are kept: the suite's in `suite`, the engine's in `engine`.
    pub keep: PathBuf,
}

/// How the testee is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A server that runs already, at this URL.
    ServerAt(String),
    /// A server that this shell command starts, at `$WS_PORT`.
    ServerCommand(String),
    /// A client that this shell command runs, with `$WS_URL` and `$WS_AGENT`.
    ClientCommand(String),
}

impl Who {
    /// Its role.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::ServerAt(_) | Self::ServerCommand(_) => Role::Server,
            Self::ClientCommand(_) => Role::Client,
        }
    }
}

impl Pair<'_> {
    /// The suite's cases, and the engine's.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: the testee does not start, or one of them reached no verdict.
    /// - [`Error::Unusable`]: the machine refused a file or a process.
    pub async fn judge(&self, ids: &BTreeSet<CaseId>) -> Result<(Vec<Case>, Vec<Case>), Error> {
        fs::create_dir_all(&self.keep)
            .map_err(io(format!("cannot make {}", self.keep.display())))?;
        let (mut server, testee) = self.start().await?;
        let suite = self.by_suite(testee, ids).await;
        stop(&mut server).await;
        let (mut server, testee) = self.start().await?;
        let engine = self.by_engine(&testee, ids).await;
        stop(&mut server).await;
        Ok((suite?, engine?))
    }

    async fn start(&self) -> Result<(Option<Group>, Testee), Error> {
        match &self.who {
            Who::ServerAt(url) => Ok((None, Testee::ServerAt(url.clone()))),
            Who::ClientCommand(line) => Ok((None, Testee::ClientCommand(line.clone()))),
            Who::ServerCommand(line) => {
                let port = free_port().await?;
                let log = self.keep.join("testee.log");
                let log = || {
                    fs::OpenOptions::new()
                        .create(true)
                        .append(true)
                        .open(&log)
                        .map_err(io(format!("cannot write {}", log.display())))
                };
                let mut command = Command::new("sh");
                command.args(["-c", line]).env("WS_PORT", port.to_string());
                command.env("PATH", path_with_us());
                command.stdin(Stdio::null()).stdout(log()?).stderr(log()?);
                let mut server =
                    Group::spawn(&mut command).map_err(io(format!("cannot start `{line}`")))?;
                let address = format!("127.0.0.1:{port}");
                tokio::select! {
                    accepting = accepts(&address, START) => accepting?,
                    ended = server.wait() => {
                        let how = ended.map_or_else(|error| error.to_string(), |how| how.to_string());
                        return Err(Error::NothingRan(format!("`{line}` ended: {how}")));
                    }
                }
                Ok((Some(server), Testee::ServerAt(format!("ws://{address}/"))))
            }
        }
    }

    async fn by_suite(&self, testee: Testee, ids: &BTreeSet<CaseId>) -> Result<Vec<Case>, Error> {
        let progress = Board::new().run(testee.role(), ids.len());
        let plan = Plan {
            testee,
            agent: self.agent.to_owned(),
            cases: ids.clone(),
            selection: Selection { cases: patterns(ids), exclude: Vec::new() },
            patience: self.patience,
            keep: self.keep.join("suite"),
        };
        Ok(run::run(&plan, self.suite, progress).await?.cases)
    }

    async fn by_engine(&self, testee: &Testee, ids: &BTreeSet<CaseId>) -> Result<Vec<Case>, Error> {
        let out = self.keep.join("engine");
        let us = std::env::current_exe().map_err(io("cannot tell where this program is"))?;
        let mut command = Command::new(us);
        command.env("PATH", path_with_us());
        match testee {
            Testee::ClientCommand(line) => command.args(["test", "client", "--command", line]),
            Testee::ServerAt(url) => command.args(["test", "server", url]),
            Testee::OurServer | Testee::OurClient => {
                return Err(Error::Unusable("a testee here has a command or a URL".to_owned()));
            }
        };
        command.args(["--agent", self.agent, "--fail-on", "never", "--out"]).arg(&out);
        command.args(["--cases", &patterns(ids).join(" ")]).args(&self.engine_options);
        let log = self.keep.join("engine.log");
        let writing = || format!("cannot write {}", log.display());
        let file = fs::File::create(&log).map_err(io(writing()))?;
        let errors = file.try_clone().map_err(io(writing()))?;
        command.stdin(Stdio::null()).stdout(file).stderr(errors);
        let mut engine = Group::spawn(&mut command).map_err(io("cannot start the engine"))?;
        let ended = engine.wait().await.map_err(io("cannot wait for the engine"))?;
        let report = match ended.success() {
            true => store::load_report(&out.join("report.json"))?,
            false => None,
        };
        report.map(|report| report.cases).ok_or_else(|| {
            let said = fs::read_to_string(&log).unwrap_or_default();
            Error::NothingRan(format!("the engine ended without a report: {ended}\n{said}"))
        })
    }
}

/// The ids as patterns: one without `*` matches itself alone.
fn patterns(ids: &BTreeSet<CaseId>) -> Vec<String> {
    ids.iter().map(CaseId::to_string).collect()
}

async fn stop(server: &mut Option<Group>) {
    if let Some(server) = server {
        // It has served; how it ends is not judged here.
        let _ = server.stop(GRACE).await;
    }
}
