//! `wsconf autobahn`: the real suite against a testee, one direction or both at once.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::select::Cases;
use super::tell::tell;
use super::{Roles, until_signal};
use crate::Error;
use crate::autobahn::engine::{self, Places, Wanted};
use crate::autobahn::progress::Board;
use crate::autobahn::run::{self, Plan, Testee};
use crate::conformance::CaseId;
use crate::error::io;
use crate::report::schema::Role;
use crate::report::store;
use crate::scratch::hold;
use crate::talk::{self, note};

/// The name of this workspace's testees.
const OURS: &str = "ws-core";

/// Options of `wsconf autobahn`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf autobahn                                     our server and our client
  wsconf autobahn --role server --cases '1.* 6.4.3'   some cases
  wsconf autobahn --engine native --quick             all, without the suite
  wsconf autobahn --role server --url ws://127.0.0.1:8080/echo --agent theirs
  wsconf autobahn --role client --client-command 'node echo.js \"$WS_URL\"'")]
pub struct Options {
    /// What the testee is.
    #[arg(long, value_enum, default_value = "both")]
    role: Roles,
    /// Who runs the suite.
    #[arg(long, value_enum, default_value = "auto")]
    engine: Wanted,
    /// With our own engine: 32 messages in each case of 12.* and 13.*, not 1000.
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    cases: Cases,
    /// Where reports go: DIR/autobahn-ROLE.json, and the suite's own in DIR/autobahn-ROLE/.
    #[arg(long, value_name = "DIR", default_value = "reports/latest")]
    out: PathBuf,
    /// The wstest program to use.
    #[arg(long, value_name = "PATH")]
    wstest: Option<PathBuf>,
    /// The compose file with the suite; without it docker-compose.yml here or above.
    #[arg(long, value_name = "FILE")]
    compose_file: Option<PathBuf>,
    /// Judge a server that runs already instead of ours.
    #[arg(long, value_name = "URL", conflicts_with = "client_command")]
    url: Option<String>,
    /// Judge a client started by this shell command instead of ours; it gets the fuzzing server in
    /// $WS_URL and its name in $WS_AGENT, runs all cases and asks for the report.
    #[arg(long, value_name = "COMMAND")]
    client_command: Option<String>,
    /// The testee's name in the report.
    #[arg(long, value_name = "NAME")]
    agent: Option<String>,
    /// Exit with 100 when a case fails, or leave that to `wsconf gate`.
    #[arg(long, value_enum, default_value = "failed")]
    fail_on: FailOn,
    /// Without a sign of life for so long, the suite is taken to hang (default: 180; with cases of
    /// 12.* or 13.*: 600).
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    stall_timeout: Option<u64>,
}

/// When a run itself fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A case is FAILED or UNIMPLEMENTED, its close is not OK, or it has no verdict.
    Failed,
    /// Never: `wsconf gate` judges.
    Never,
}

impl Options {
    /// Runs the suite and writes the reports.
    ///
    /// # Errors
    ///
    /// As [`run::run`] and [`engine::choose`]; every direction is run before any error is told.
    pub fn run(&self) -> Result<Exit, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime
            .map_err(|error| Error::Unusable(format!("cannot start: {error}")))?
            .block_on(until_signal(self.run_async()))
    }

    async fn run_async(&self) -> Result<Exit, Error> {
        let (selection, ids) = self.cases.resolve()?;
        let testees = self.testees()?;
        let foreign = testees.iter().any(|testee| !testee.is_ours());
        let default_agent = if foreign { "testee" } else { OURS };
        let agent = self.agent.clone().unwrap_or_else(|| default_agent.to_owned());
        if agent.trim().is_empty() {
            return Err(Error::Unusable("--agent must not be empty".to_owned()));
        }
        let doing = || format!("cannot write into {}", self.out.display());
        let hold = || hold(&self.out).map_err(io(doing()));
        let there = self.out.is_dir().then(hold).transpose()?;
        let file_agent = foreign.then_some(agent.as_str());
        for testee in &testees {
            // From here on no earlier run's report can be taken for this one's.
            store::forget(&store::path(&self.out, testee.role(), file_agent))?;
        }
        let places = Places {
            wstest: self.wstest.clone(),
            compose_file: self.compose_file.clone(),
            tools: Places::tools(),
            quick: self.quick,
        };
        let engine = engine::choose(self.engine, &places, talk::remark).await?;
        // Without an engine no folder is made.
        let _held = match there {
            Some(held) => held,
            None => {
                std::fs::create_dir_all(&self.out).map_err(io(doing()))?;
                hold()?
            }
        };
        let plans: Vec<Plan> = testees
            .into_iter()
            .map(|testee| Plan {
                keep: self.out.join(store::stem(testee.role(), file_agent)),
                testee,
                agent: agent.clone(),
                cases: ids.clone(),
                selection: selection.clone(),
                patience: self.patience(&ids),
            })
            .collect();
        let board = Board::new();
        let one = async |plan: Option<&Plan>| match plan {
            Some(plan) => {
                let progress = board.run(plan.testee.role(), ids.len());
                Some(run::run(plan, &engine, progress).await)
            }
            None => None,
        };
        let (first, second) = tokio::join!(one(plans.first()), one(plans.get(1)));
        drop(board);
        let mut failed = Ok(());
        let mut exit = Exit::Same;
        for report in [first, second].into_iter().flatten() {
            match report {
                Ok(report) => {
                    let path = store::path(&self.out, report.role, file_agent);
                    store::save_report(&path, &report)?;
                    if tell(&report) && self.fail_on == FailOn::Failed {
                        exit = Exit::Differs;
                    }
                }
                Err(error) if failed.is_ok() => failed = Err(error),
                Err(error) => note!("error: {error}"),
            }
        }
        failed.map(|()| exit)
    }

    /// Who is judged, by role.
    fn testees(&self) -> Result<Vec<Testee>, Error> {
        let only = |role: Role, flag: &str| {
            if self.role.each() == [role] {
                return Ok(());
            }
            let name = role.name();
            Err(Error::Unusable(format!("{flag} judges a {name}: add --role {name}")))
        };
        if let Some(url) = &self.url {
            only(Role::Server, "--url")?;
            return Ok(vec![Testee::ServerAt(url.clone())]);
        }
        if let Some(command) = &self.client_command {
            only(Role::Client, "--client-command")?;
            return Ok(vec![Testee::ClientCommand(command.clone())]);
        }
        let ours = |role: &Role| match role {
            Role::Server => Testee::OurServer,
            Role::Client => Testee::OurClient,
        };
        Ok(self.role.each().iter().map(ours).collect())
    }

    fn patience(&self, ids: &BTreeSet<CaseId>) -> Duration {
        let compressed = ids.iter().any(|id| matches!(id.group(), 12 | 13));
        let default = if compressed { 600 } else { 180 };
        Duration::from_secs(self.stall_timeout.unwrap_or(default))
    }
}
