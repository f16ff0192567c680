//! `wsconf parity`: the suite and the engine against the same testees, verdict by verdict.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::exit::Exit;
use super::select::Cases;
use super::{Roles, differs, until_signal};
use crate::Error;
use crate::autobahn::engine::{self, Engine, Places, Wanted};
use crate::autobahn::index::file_name_of;
use crate::conformance::CaseId;
use crate::error::io;
use crate::parity::both::Pair;
use crate::parity::diff::{Difference, Said, compare};
use crate::parity::known::{self, Known};
use crate::parity::started::Who;
use crate::parity::testees;
use crate::report::schema::Role;
use crate::report::table::{self, ParityRow};
use crate::talk::{self, counted, note, say};

/// Options of `wsconf parity`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf parity --testees harness/peers/testees.toml --cases '1.* 2.*'
  wsconf parity --testees harness/peers/testees.toml --only ws --role client
  wsconf parity --url ws://127.0.0.1:8080/echo
  wsconf parity --server-command 'node server.js \"$WS_PORT\"'
  wsconf parity --client-command 'node echo.js \"$WS_URL\" \"$WS_AGENT\"'

A case on which they do not agree is played again by both, since some testees
themselves are not the same twice. If then both have said the same of it at some
time, it is told as unsteady, and does not fail.")]
pub struct Options {
    /// The testees of this file, each as a server and as a client.
    #[arg(long, value_name = "FILE", required_unless_present = "who")]
    testees: Option<PathBuf>,
    #[command(flatten)]
    who: OneTestee,
    /// Of the testees of the file, this one; repeat it.
    #[arg(long, value_name = "NAME", requires = "testees")]
    only: Vec<String>,
    /// Testees of the file in which role.
    #[arg(long, value_enum, default_value = "both")]
    role: Roles,
    #[command(flatten)]
    cases: Cases,
    /// Where logs and both reports of each testee are kept.
    #[arg(long, value_name = "DIR", default_value = "reports/latest/parity")]
    out: PathBuf,
    /// Differences that are there for a reason (default: reports/parity.toml, if it is there).
    #[arg(long, value_name = "FILE")]
    known: Option<PathBuf>,
    /// How often a case is played in all before it counts as different.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..))]
    tries: u64,
    /// Cases of the engine side by side, as in `wsconf test server`.
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// Send 32 messages with the engine in each case of 12.* and 13.*, not 1000.
    #[arg(long)]
    quick: bool,
    /// The wstest program to use.
    #[arg(long, value_name = "PATH")]
    wstest: Option<PathBuf>,
    /// Without a sign of life for so long, the suite is taken to hang.
    #[arg(long, value_name = "SECONDS", default_value_t = 1200, value_parser = clap::value_parser!(u64).range(1..))]
    stall_timeout: u64,
}

/// One testee in the stead of a file.
#[derive(Debug, Args)]
#[group(id = "who", multiple = false, conflicts_with_all = ["testees", "role"])]
struct OneTestee {
    /// A server that runs already.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// A server started by this shell command, at the port in $WS_PORT.
    #[arg(long, value_name = "COMMAND")]
    server_command: Option<String>,
    /// A client run by this shell command; it gets the fuzzing server in $WS_URL and its name in
    /// $WS_AGENT, runs all cases and asks for the report.
    #[arg(long, value_name = "COMMAND")]
    client_command: Option<String>,
}

/// One testee in one role.
struct Round {
    name: String,
    who: Who,
    ids: BTreeSet<CaseId>,
}

impl Options {
    /// Judges every testee by both, and prints every case on which they do not agree.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: a testee does not start, or one of both reached no verdict; the
    ///   other testees are judged all the same.
    /// - [`Error::Unusable`]: a file or an option.
    pub fn run(&self) -> Result<Exit, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(io("cannot start"))?.block_on(until_signal(self.run_async()))
    }

    async fn run_async(&self) -> Result<Exit, Error> {
        let (_, ids) = self.cases.resolve()?;
        let rounds = self.rounds(&ids)?;
        let known = known::load(self.known.as_deref())?;
        let places = Places {
            wstest: self.wstest.clone(),
            compose_file: None,
            tools: Places::tools(),
            quick: false,
        };
        // The suite has to reach servers and clients on this machine as the engine does.
        let suite = engine::choose(Wanted::Wstest, &places, talk::remark).await?;
        let mut rows = Vec::new();
        let mut failed = Ok(());
        for round in &rounds {
            match self.judge(round, &suite, &known).await {
                Ok(row) => rows.push(row),
                Err(error @ Error::Unusable(_)) => return Err(error),
                Err(error) => {
                    note!("error: {} as {}: {error}", round.name, round.who.role().name());
                    failed =
                        failed.and(Err(Error::NothingRan("a testee was not judged".to_owned())));
                }
            }
        }
        talk::text(&table::parity(&rows));
        let differing: usize = rows.iter().map(|row| row.differing + row.not_used).sum();
        let compared: usize = rows.iter().map(|row| row.compared).sum();
        let verdict =
            if differing == 0 { "same".to_owned() } else { format!("{differing} differ") };
        say!("parity: {compared} verdicts compared: {verdict}");
        failed.map(|()| differs(differing > 0))
    }

    async fn judge(
        &self,
        round: &Round,
        suite: &Engine,
        known: &[Known],
    ) -> Result<ParityRow, Error> {
        let Round { name, who, ids } = round;
        let role = who.role();
        let pair = |keep: String| Pair {
            agent: name,
            who: who.clone(),
            suite,
            patience: Duration::from_secs(self.stall_timeout),
            engine_options: self.engine_options(role),
            keep: self.out.join(keep),
        };
        let folder = format!("{}-{}", file_name_of(name), role.name());
        say!("{name} as {}: {}", role.name(), counted(ids.len(), "case"));
        let (by_suite, by_engine) = pair(folder.clone()).judge(ids).await?;
        let mut found = compare(ids, &by_suite, &by_engine);
        let of_round: Vec<&Known> = known
            .iter()
            .filter(|known| known.testee == *name && known.role == role && ids.contains(&known.id))
            .collect();
        let mut said = Said::default();
        said.add(&by_suite, &by_engine);
        let mut shaky = Vec::new();
        for try_ in 2..=self.tries {
            let (new, _) = known::split(found.clone(), &of_round);
            let again: BTreeSet<CaseId> = new.iter().map(|one| one.id.clone()).collect();
            if again.is_empty() {
                break;
            }
            let (by_suite, by_engine) = pair(format!("{folder}-try-{try_}")).judge(&again).await?;
            said.add(&by_suite, &by_engine);
            let steady = |one: &Difference| !said.in_common(&one.id);
            shaky.extend(new.iter().filter(|one| !steady(one)).cloned());
            found.retain(|one| !again.contains(&one.id) || steady(one));
        }
        let (new, not_used) = known::split(found, &of_round);
        let explained = of_round.len() - not_used.len();
        talk::text(&table::parity_differences(name, role, &new));
        let path = self.known.as_deref().unwrap_or(Path::new(known::DEFAULT));
        for known in &not_used {
            say!("{}: known as different in {}, and is not", known.id, path.display());
        }
        if !shaky.is_empty() {
            say!(
                "unsteady: differed at first; played again, both have said the same at some time:"
            );
            talk::text(&table::parity_differences(name, role, &shaky));
        }
        Ok(ParityRow {
            name: name.clone(),
            role,
            compared: ids.len(),
            differing: new.len(),
            explained,
            unsteady: shaky.len(),
            not_used: not_used.len(),
        })
    }

    fn engine_options(&self, role: Role) -> Vec<String> {
        let jobs = self.jobs.filter(|_| role == Role::Server);
        let jobs = jobs.into_iter().flat_map(|jobs| ["--jobs".to_owned(), jobs.to_string()]);
        jobs.chain(self.quick.then(|| "--quick".to_owned())).collect()
    }

    /// Who is judged, and by which cases.
    fn rounds(&self, ids: &BTreeSet<CaseId>) -> Result<Vec<Round>, Error> {
        let one = |who: Who| vec![Round { name: "testee".to_owned(), who, ids: ids.clone() }];
        let OneTestee { url, server_command, client_command } = &self.who;
        if let Some(url) = url {
            return Ok(one(Who::ServerAt(url.clone())));
        }
        if let Some(line) = server_command {
            return Ok(one(Who::ServerCommand(line.clone())));
        }
        if let Some(line) = client_command {
            return Ok(one(Who::ClientCommand(line.clone())));
        }
        let Some(file) = &self.testees else { return Ok(Vec::new()) };
        let testees = testees::load(file)?;
        let unknown = |name: &&String| !testees.iter().any(|testee| testee.name == **name);
        if let Some(name) = self.only.iter().find(unknown) {
            let names: Vec<&str> = testees.iter().map(|testee| testee.name.as_str()).collect();
            return Err(Error::Unusable(format!(
                "--only: {} has no `{name}`; it has: {}",
                file.display(),
                names.join(" ")
            )));
        }
        let mut rounds = Vec::new();
        for testee in &testees {
            if !self.only.is_empty() && !self.only.contains(&testee.name) {
                continue;
            }
            let its = testee
                .judged_by(ids)
                .map_err(|why| Error::Unusable(format!("{}: {why}", file.display())))?;
            for &role in self.role.each() {
                let Some(line) = testee.command(role).filter(|_| !its.is_empty()) else { continue };
                let who = Who::command(role, line);
                rounds.push(Round { name: testee.name.clone(), who, ids: its.clone() });
            }
        }
        match rounds.is_empty() {
            true => {
                Err(Error::NothingRan("no testee of the file is judged by these cases".to_owned()))
            }
            false => Ok(rounds),
        }
    }
}
