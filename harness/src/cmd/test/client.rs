//! `wsconf test client`: the engine as a fuzzing server.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::options::Common;
use super::report::{Asked, Began, conclude, sum_up};
use super::spec::Spec;
use super::target::Target;
use super::tls::acceptor;
use crate::Error;
use crate::autobahn::progress::Board;
use crate::cmd::exit::Exit;
use crate::conformance::CaseId;
use crate::conformance::client_under_test::{OPENING, Server};
use crate::conformance::results::Results;
use crate::error::io;
use crate::group::Group;
use crate::report::schema::Role;
use crate::signals::StopSignals;
use crate::talk::{note, say};

/// A client that has ended gets this long until the engine has seen it go.
const DRAIN: Duration = Duration::from_secs(2);

/// Between two failures to accept for want of resources.
const PAUSE: Duration = Duration::from_millis(50);

/// Options of `wsconf test client`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf test client --listen 127.0.0.1:9001
  wsconf test client --command 'node echo.js \"$WS_URL\" \"$WS_AGENT\"'
  wsconf test client --spec fuzzingserver.json --keep")]
pub struct Options {
    /// Where to listen; port 0 is any free one.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
    /// The suite's own fuzzingserver.json: url, cases, outdir.
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// Start this shell command as the client; it gets the engine's URL in $WS_URL and its name in
    /// $WS_AGENT, runs all cases and asks for the report.
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
    /// The name that the command is told; a client that comes by itself says its own.
    #[arg(long, value_name = "NAME", default_value = "testee", requires = "command")]
    agent: String,
    /// Where the reports go: report.json (report-AGENT.json if there are several), and
    /// the suite's index.json and case files.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
    /// Listen for wss:// with the certificates of this PEM file.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The private key of the certificate, a PEM file.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// Go on for the next client when one has asked for its report; end when a client says
    /// /stopServer or shutdownOnComplete.
    #[arg(long, conflicts_with = "command")]
    keep: bool,
    /// Without a connection for so long, but for those that wait for a case's status, no client is
    /// taken to come any more.
    #[arg(long, value_name = "SECONDS", default_value_t = 180, conflicts_with = "keep", value_parser = clap::value_parser!(u64).range(1..))]
    stall_timeout: u64,
}

impl Options {
    pub(super) async fn run(&self) -> Result<Exit, Error> {
        let spec = self.spec.as_deref().map(Spec::read).transpose()?;
        let (selection, ids) = self.common.resolve(spec.as_ref().map(Spec::selection).as_ref())?;
        let settings = self.common.settings()?;
        let address = self.address(spec.as_ref())?;
        let spec = Arc::new(spec.unwrap_or_default());
        let out = self.out.clone().or_else(|| spec.outdir.clone());
        let doing = |out: &Path| format!("cannot write into {}", out.display());
        let doing = out.as_deref().map_or_else(String::new, doing);
        self.common.spares(out.as_deref())?;
        let results = Results::new(out.as_deref()).map_err(io(doing.clone()))?;
        let listener =
            TcpListener::bind(&address).await.map_err(io(format!("cannot listen at {address}")))?;
        let address = listener.local_addr().map_err(io("cannot listen"))?;
        let mut signals = StopSignals::install().map_err(io("cannot wait for signals"))?;
        say!("listening on {}://{address}", self.scheme());
        let began = Began::now();
        let cases = self.common.cases(&ids);
        let excludes = {
            let spec = Arc::clone(&spec);
            move |agent: &str, id: &CaseId| spec.excludes(agent, id)
        };
        let server = Server::new(cases, settings, results, excludes);
        // What is done is told whatever ends the run.
        let ended = self.serve(&listener, address, &server, ids.len(), &mut signals).await;
        let summed = server.results(Results::sum_up).map_err(io(doing));
        let told = server.results(|results| {
            let agents: Vec<&str> = results.agents().collect();
            if agents.is_empty() {
                return Err(Error::NothingRan("no client ran a case".to_owned()));
            }
            let several = agents.len() > 1;
            let out = out.as_deref();
            let mut concluded = Vec::new();
            for agent in &agents {
                let selection = spec.selection_for(agent, &selection);
                let asked = Asked { role: Role::Client, selection, began };
                concluded.push(conclude(&self.common, &asked, agent, several, results, out)?);
            }
            sum_up(concluded, out)
        });
        ended.and(summed).and(told)
    }

    fn scheme(&self) -> &'static str {
        if self.cert.is_some() { "wss" } else { "ws" }
    }

    fn tls(&self) -> Result<Option<TlsAcceptor>, Error> {
        let pair = self.cert.as_deref().zip(self.key.as_deref());
        pair.map(|(cert, key)| acceptor(cert, key)).transpose()
    }

    fn address(&self, spec: Option<&Spec>) -> Result<String, Error> {
        if let Some(listen) = &self.listen {
            return Ok(listen.clone());
        }
        match spec.and_then(|spec| spec.url.as_deref()) {
            // The suite looks at the port only, and listens on every address of the machine.
            Some(url) => {
                let host = Target::read(url)?.host;
                let port = host.rsplit(':').next().unwrap_or_default();
                Ok(format!("127.0.0.1:{port}"))
            }
            None if self.command.is_some() => Ok("127.0.0.1:0".to_owned()),
            None => Ok("127.0.0.1:9001".to_owned()),
        }
    }

    /// Serves until the client is done, or none comes any more, or a signal comes.
    async fn serve(
        &self,
        listener: &TcpListener,
        address: SocketAddr,
        server: &Arc<Server>,
        total: usize,
        signals: &mut StopSignals,
    ) -> Result<(), Error> {
        let tls = self.tls()?;
        let board = Board::new();
        let mut progress = board.run(Role::Client, total);
        let mut news = server.news();
        let mut client = self.start(address)?;
        let mut connections = JoinSet::new();
        let stall = Duration::from_secs(self.stall_timeout);
        let mut begun = 0;
        loop {
            let idle = tokio::time::sleep(stall);
            // Whoever waits for a status waits for another connection.
            let is_idle = connections.len() <= news.borrow().waiting;
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        // As the suite does: small frames go out when they are written.
                        let _ = stream.set_nodelay(true);
                        let (server, tls) = (Arc::clone(server), tls.clone());
                        connections.spawn(async move {
                            let Some(tls) = tls else { return server.serve(stream).await };
                            let opening = tokio::time::timeout(OPENING, tls.accept(stream));
                            let Ok(stream) = opening.await else { return Ok(()) };
                            server.serve(stream?).await
                        });
                    }
                    Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                    Err(error) => {
                        note!("cannot accept: {error}");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                // An error is the client's end of its connection, but for one of the file system.
                Some(served) = connections.join_next() => match served {
                    Ok(Err(error)) if error.raw_os_error().is_some() && is_ours(&error) => {
                        return Err(Error::Unusable(format!("cannot write a report: {error}")));
                    }
                    _ => {}
                },
                _ = news.changed() => {
                    let news = news.borrow_and_update().clone();
                    if news.begun > begun && let Some(id) = &news.last {
                        self.common.tell_begin(id, "client");
                        progress.case(id);
                    }
                    begun = news.begun;
                    if news.stop || (news.reports > 0 && !self.keep) {
                        break;
                    }
                }
                ended = ended(&mut client) => {
                    client = None;
                    drain(&mut connections).await;
                    if let Err(error) = ended {
                        return Err(Error::NothingRan(format!("the client: {error}")));
                    }
                    break;
                }
                number = signals.asked() => {
                    if let Some(client) = &mut client {
                        let _ = client.stop(DRAIN).await;
                    }
                    return Err(Error::Interrupted(number));
                }
                () = idle, if is_idle && !self.keep => {
                    let seconds = self.stall_timeout;
                    note!("no client has done anything for {seconds} s; the run ends here");
                    break;
                }
            }
        }
        drain(&mut connections).await;
        if let Some(client) = &mut client {
            // It has what it asked for, and ends by itself or is ended.
            let ended = tokio::time::timeout(DRAIN, client.wait()).await;
            if ended.is_err() {
                let _ = client.stop(DRAIN).await;
            }
        }
        Ok(())
    }

    fn start(&self, address: SocketAddr) -> Result<Option<Group>, Error> {
        let Some(line) = &self.command else { return Ok(None) };
        let mut command = tokio::process::Command::new("sh");
        command.args(["-c", line]);
        command
            .env("WS_URL", format!("{}://{address}", self.scheme()))
            .env("WS_AGENT", &self.agent);
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
        Group::spawn(&mut command).map(Some).map_err(io(format!("cannot start `{line}`")))
    }
}

/// The error is of a file, and not of the client's connection.
fn is_ours(error: &std::io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};
    !matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected)
}

async fn drain(connections: &mut JoinSet<std::io::Result<()>>) {
    let all = async { while connections.join_next().await.is_some() {} };
    // Those that are left are dropped with the set.
    let _ = tokio::time::timeout(DRAIN, all).await;
}

/// Waits for the end of a client that we started; for ever if there is none.
async fn ended(client: &mut Option<Group>) -> std::io::Result<std::process::ExitStatus> {
    match client {
        Some(group) => group.wait().await,
        None => std::future::pending().await,
    }
}
