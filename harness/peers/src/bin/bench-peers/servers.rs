//! Echo servers in processes of their own, on one core.

use std::env;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Error;

/// How long a server may take until it listens.
const STARTING: Duration = Duration::from_secs(10);

/// An implementation, and what to start for it.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    program: Program,
    /// The one that agrees on permessage-deflate, if there is one.
    deflate: Option<Program>,
}

#[derive(Debug, Clone, Copy)]
enum Program {
    /// A program of this package, and its argument.
    Own(&'static str, &'static str),
    /// Bun, which `install.sh` brings, and the script for it.
    Bun(&'static str),
}

/// All of them; what the others are compared with comes first.
pub(crate) const ALL: [Kind; 8] = [
    Kind {
        name: "ws-core",
        program: Program::Own("ws-core-echo", "plain"),
        deflate: Some(Program::Own("ws-core-echo", "deflate")),
    },
    Kind { name: "ws-core, Sink", program: Program::Own("ws-core-echo", "sink"), deflate: None },
    either("Bun (uWebSockets)", Program::Bun("bun/server.js")),
    plain("tokio-websockets", "tokio-websockets-echo"),
    plain("fastwebsockets", "fastwebsockets-echo"),
    either("sockudo-ws", Program::Own("sockudo-ws-echo", "server")),
    either("yawc", Program::Own("yawc-echo", "server")),
    plain("tokio-tungstenite", "tokio-tungstenite-echo"),
];

const fn plain(name: &'static str, program: &'static str) -> Kind {
    Kind { name, program: Program::Own(program, "server"), deflate: None }
}

/// One program, which agrees on permessage-deflate with whoever offers it.
const fn either(name: &'static str, program: Program) -> Kind {
    Kind { name, program, deflate: Some(program) }
}

/// A server that runs until this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) kind: &'static Kind,
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(kind: &'static Kind) -> Result<Self, Error> {
        Self::run(kind, kind.program)
    }

    /// Starts the one that agrees on permessage-deflate; `None` if there is none.
    pub(crate) fn start_with_deflate(kind: &'static Kind) -> Result<Option<Self>, Error> {
        kind.deflate.map(|program| Self::run(kind, program)).transpose()
    }

    fn run(kind: &'static Kind, program: Program) -> Result<Self, Error> {
        // Free now; nobody else is likely to take it within the moment until the server does.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let mut command = match program {
            Program::Own(name, argument) => {
                let mut command = on_core(0, &env::current_exe()?.with_file_name(name));
                command.arg(argument);
                command
            }
            Program::Bun(script) => {
                let mut command = on_core(0, &bun()?);
                command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(script));
                command
            }
        };
        command.env("WS_PORT", address.port().to_string());
        // As Bun does of its own accord.
        command.env(ws_peers::DEFER_ACCEPT, "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn()?;
        let mut server = Self { kind, process, address };
        let until = Instant::now() + STARTING;
        while TcpStream::connect(address).is_err() {
            if let Some(status) = server.process.try_wait()? {
                return Err(format!("it ended at once, {status}").into());
            }
            if Instant::now() > until {
                return Err(format!("it does not listen after {STARTING:?}").into());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// `-STOP`, or `-CONT`.
    pub(crate) fn signal(&self, signal: &str) -> Result<(), Error> {
        let sent = Command::new("kill").arg(signal).arg(self.pid().to_string()).status()?;
        sent.success().then_some(()).ok_or_else(|| "the server is gone".into())
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts this program once more on `core`, and waits for it.
pub(crate) fn again_on_core(core: usize) -> Result<(), Error> {
    let mut command = on_core(core, &env::current_exe()?);
    let status = command.args(env::args_os().skip(1)).arg("--pinned").status()?;
    status.success().then_some(()).ok_or_else(|| "not all could be measured".into())
}

fn bun() -> Result<PathBuf, Error> {
    let peers = env::var_os("WS_PEERS").ok_or("WS_PEERS is not set: run `make bench-peers`")?;
    let bun = PathBuf::from(peers).join("node_modules/.bin/bun");
    if bun.exists() { Ok(bun) } else { Err(format!("{} is not there", bun.display()).into()) }
}

/// `program` on one core: its threads share it, as many as they are.
fn on_core(core: usize, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string()]).arg(program);
    command
}
