//! `wsconf test server`: the engine as a fuzzing client.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::options::Common;
use super::report::{Asked, Began, Concluded, conclude, sum_up};
use super::spec::Spec;
use super::target::Target;
use super::tls::Trust;
use crate::Error;
use crate::autobahn::index::file_name_of;
use crate::autobahn::progress::Board;
use crate::cmd::exit::Exit;
use crate::conformance::CaseId;
use crate::conformance::results::Results;
use crate::conformance::server_under_test::{self, Dial, GoOn, News, Run};
use crate::error::io;
use crate::report::schema::Role;
use crate::signals::StopSignals;
use crate::talk::note;

/// Options of `wsconf test server`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf test server ws://127.0.0.1:9001
  wsconf test server ws://127.0.0.1:9001/echo --cases '1.* 6.4.3' --explain
  wsconf test server --spec fuzzingclient.json
  wsconf test server ws+unix:/run/echo.sock:/ --jobs 1 --exclude '12.* 13.*'")]
pub struct Options {
    /// The server: ws://host:port/path, wss://host:port/path, or ws+unix:/path/to/socket:/path.
    #[arg(value_name = "URL", required_unless_present = "spec")]
    url: Option<String>,
    /// The suite's own fuzzingclient.json: servers, cases, outdir.
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    spec: Option<PathBuf>,
    /// The server's name in the report; a spec file has its own names.
    #[arg(long, value_name = "NAME", default_value = "testee", conflicts_with = "spec")]
    agent: String,
    /// Where the reports go: report.json (report-AGENT.json if there are several), and
    /// the suite's index.json and case files.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
    /// Cases side by side; 1 for servers that cannot take more (default: four for each core).
    #[arg(long, value_name = "N")]
    jobs: Option<std::num::NonZeroUsize>,
    /// Wait so long for the server to listen, for one that is just starting.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
    /// Begin no more cases after the first that fails.
    #[arg(long)]
    fail_fast: bool,
    /// Play a case that fails again, so many times; the last one counts.
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: usize,
    #[command(flatten)]
    trust: Trust,
    /// A field to add to each opening handshake, such as `Cookie: a=b`; repeat it.
    #[arg(long, value_name = "FIELD", value_parser = field)]
    header: Vec<(String, String)>,
    /// `Origin` to send.
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// A subprotocol to offer; repeat it.
    #[arg(long, value_name = "NAME")]
    subprotocol: Vec<String>,
}

fn field(text: &str) -> Result<(String, String), String> {
    let bad = || format!("`{}` is no field such as `Name: value`", text.escape_debug());
    let (name, value) = text.split_once(':').ok_or_else(bad)?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) || value.contains(['\r', '\n', '\0']) {
        return Err(bad());
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}

/// One server to judge.
struct Server {
    agent: String,
    target: Target,
    dial: Dial,
}

impl Options {
    pub(super) async fn run(&self) -> Result<Exit, Error> {
        let spec = self.spec.as_deref().map(Spec::read).transpose()?;
        let (selection, ids) = self.common.resolve(spec.as_ref().map(Spec::selection).as_ref())?;
        let servers = self.servers(spec.as_ref())?;
        let settings = self.common.settings()?;
        let spec = spec.unwrap_or_default();
        let out = self.out.clone().or_else(|| spec.outdir.clone());
        let several = servers.len() > 1;
        let tls = self.trust.connector()?;
        let places: BTreeMap<CaseId, usize> =
            crate::conformance::cases::ids().iter().cloned().zip(1..).collect();
        let doing = |out: &Path| format!("cannot write into {}", out.display());
        let mut signals = StopSignals::install().map_err(io("cannot wait for signals"))?;
        self.common.spares(out.as_deref())?;
        let mut results = Results::new(out.as_deref())
            .map_err(io(out.as_deref().map_or_else(String::new, doing)))?;
        let mut concluded: Vec<Concluded> = Vec::new();
        let mut not_judged = Vec::new();
        for Server { agent, target, dial } in servers {
            let ids: BTreeSet<CaseId> =
                ids.iter().filter(|id| !spec.excludes(&agent, id)).cloned().collect();
            if ids.is_empty() {
                let agent = agent.escape_debug();
                note!("{agent}: every case is excluded for this agent; it is passed over");
                continue;
            }
            let selection = spec.selection_for(&agent, &selection);
            let asked = Asked { role: Role::Server, selection, began: Began::now() };
            let run = Run {
                cases: self.common.cases(&ids),
                dial,
                settings: settings.clone(),
                jobs: self.jobs.map_or_else(jobs, usize::from),
                retries: self.retries,
            };
            let board = Board::new();
            let mut progress = board.run(Role::Server, ids.len());
            let mut failed_to_write = Ok(());
            let target = Arc::new(target);
            tokio::select! {
                () = target.listens(&tls, Duration::from_secs(self.wait)) => {}
                number = signals.asked() => {
                    if !concluded.is_empty() {
                        sum_up(concluded, out.as_deref())?;
                    }
                    return Err(Error::Interrupted(number));
                }
            }
            let connect = {
                let (target, tls) = (Arc::clone(&target), tls.clone());
                move || {
                    let (target, tls) = (Arc::clone(&target), tls.clone());
                    async move { target.connect(&tls).await }
                }
            };
            let playing = server_under_test::run(run, connect, |news| {
                match news {
                    News::Begins(case) => {
                        self.common.tell_begin(&case.id, &agent);
                        progress.case(&case.id);
                    }
                    News::Done(played) => {
                        let index = places.get(&played.case.id).copied().unwrap_or(0);
                        let added = results.add(&agent, index, &played);
                        // Cases that run already are done after it; the first error is told.
                        failed_to_write =
                            std::mem::replace(&mut failed_to_write, Ok(())).and(added);
                        let fails = played.judgement.verdict.is_failure();
                        if failed_to_write.is_err() || (fails && self.fail_fast) {
                            return GoOn::No;
                        }
                    }
                }
                GoOn::Yes
            });
            // What is done is told whatever ends the run.
            let ended = tokio::select! {
                ended = playing => Ok(ended),
                number = signals.asked() => Err(Error::Interrupted(number)),
            };
            drop(progress);
            drop(board);
            let written = failed_to_write.and_then(|()| results.sum_up());
            written.map_err(io(out.as_deref().map_or_else(String::new, doing)))?;
            if let Ok(Err(error)) = &ended {
                let host = &target.host;
                let unreachable = format!("cannot connect to {host}: {error}");
                if results.lines(&agent).is_empty() {
                    let why = format!("{unreachable}; does the server run?");
                    if several {
                        note!("error: {}: {why}", agent.escape_debug());
                    }
                    not_judged.push((agent, why));
                    continue;
                }
                note!("error: {unreachable}; the run ends here");
            }
            let out = out.as_deref();
            concluded.push(conclude(&self.common, &asked, &agent, several, &results, out)?);
            if let Err(interrupted) = ended {
                sum_up(concluded, out)?;
                return Err(interrupted);
            }
            if self.fail_fast && concluded.last().is_some_and(Concluded::has_failure) {
                break;
            }
        }
        if concluded.is_empty() && not_judged.is_empty() {
            return Err(Error::NothingRan(
                "the spec file excludes every case for every server: see its \
                 `exclude-agent-cases`"
                    .to_owned(),
            ));
        }
        let ended = match concluded.is_empty() {
            true => Exit::Same,
            false => sum_up(concluded, out.as_deref())?,
        };
        match not_judged.as_slice() {
            [] => Ok(ended),
            [(_, why)] if !several => Err(Error::NothingRan(why.clone())),
            _ => {
                let names: Vec<String> =
                    not_judged.iter().map(|(agent, _)| agent.escape_debug().to_string()).collect();
                Err(Error::NothingRan(format!("not judged: {}", names.join(", "))))
            }
        }
    }

    fn servers(&self, spec: Option<&Spec>) -> Result<Vec<Server>, Error> {
        let server = |url: &str, agent: &str, origin: &Option<String>, protocols: &[String]| {
            if agent.trim().is_empty() {
                return Err(Error::Unusable("--agent must not be empty".to_owned()));
            }
            let target = Target::read(url)?;
            let dial = Dial {
                resource: target.resource.clone(),
                host: target.host.clone(),
                fields: self.header.clone(),
                origin: self.origin.clone().or_else(|| origin.clone()),
                protocols: [&self.subprotocol, protocols].concat(),
            };
            Ok(Server { agent: agent.to_owned(), target, dial })
        };
        if let Some(url) = &self.url {
            return Ok(vec![server(url, &self.agent, &None, &[])?]);
        }
        let servers = spec.map_or(&[][..], |spec| &spec.servers);
        if servers.is_empty() {
            return Err(Error::Unusable("the spec file names no server".to_owned()));
        }
        let one = |one: &super::spec::Server| {
            let agent = one.agent.as_deref().unwrap_or("UnknownServer");
            server(&one.url, agent, &one.origin, &one.protocols)
        };
        let servers = servers.iter().map(one).collect::<Result<Vec<_>, _>>()?;
        let agents: Vec<&str> = servers.iter().map(|server| server.agent.as_str()).collect();
        told_apart(&agents)?;
        Ok(servers)
    }
}

/// Results and files are kept by agent: two servers of one name would have each other's.
fn told_apart(agents: &[&str]) -> Result<(), Error> {
    for (nth, agent) in agents.iter().enumerate() {
        let same = |other: &&&str| file_name_of(other) == file_name_of(agent);
        if let Some(other) = agents[..nth].iter().find(same) {
            return Err(Error::Unusable(format!(
                "two servers of the spec file share the name of their files, `{}` and `{}`: give \
                 each its own `agent`",
                other.escape_debug(),
                agent.escape_debug()
            )));
        }
    }
    Ok(())
}

/// Most cases wait for the server and for timers, not for a core.
fn jobs() -> usize {
    4 * std::thread::available_parallelism().map_or(1, usize::from)
}
