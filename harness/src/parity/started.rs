//! A testee that is there to be judged: one that runs already, or one that a command starts.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::Error;
use crate::autobahn::run::Testee;
use crate::autobahn::testee::{accepts, free_port, path_with_us};
use crate::error::io;
use crate::group::Group;
use crate::report::schema::Role;

/// A server is given this long to listen.
const START: Duration = Duration::from_secs(10);
/// How long a server may take to end after a SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

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
    /// The testee that `command` starts in this role.
    #[must_use]
    pub fn command(role: Role, command: &str) -> Self {
        match role {
            Role::Server => Self::ServerCommand(command.to_owned()),
            Role::Client => Self::ClientCommand(command.to_owned()),
        }
    }

    /// Its role.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::ServerAt(_) | Self::ServerCommand(_) => Role::Server,
            Self::ClientCommand(_) => Role::Client,
        }
    }
}

/// Starts a server that is to be started, and waits until it listens; what it says goes to
/// `testee.log` in `keep`. A client is started by whoever judges it.
///
/// # Errors
///
/// - [`Error::NothingRan`]: it ended, or does not listen in time.
/// - [`Error::Unusable`]: the machine refused a file or a process.
pub(crate) async fn start(who: &Who, keep: &Path) -> Result<(Option<Group>, Testee), Error> {
    let line = match who {
        Who::ServerAt(url) => return Ok((None, Testee::ServerAt(url.clone()))),
        Who::ClientCommand(line) => return Ok((None, Testee::ClientCommand(line.clone()))),
        Who::ServerCommand(line) => line,
    };
    let port = free_port().await?;
    let log = keep.join("testee.log");
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
    let mut server = Group::spawn(&mut command).map_err(io(format!("cannot start `{line}`")))?;
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

/// Ends a server that [`start`] has started.
pub(crate) async fn stop(server: &mut Option<Group>) {
    if let Some(server) = server {
        // It has served; how it ends is not judged here.
        let _ = server.stop(GRACE).await;
    }
}
