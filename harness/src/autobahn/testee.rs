//! The testee as a process: ours, found beside this program, or somebody else's.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;

use super::suite::last_lines;
use crate::Error;
use crate::error::io;
use crate::group::Group;
use crate::testee::server::LISTENING;

/// A server that does not say that it listens by now will not.
const START: Duration = Duration::from_secs(10);

/// Starts our server on a port of its choice; returns it and its URL once it listens.
pub(super) async fn start_server(log: &Path) -> Result<(Group, String), Error> {
    let mut command = Command::new(beside_us("ws-server")?);
    command.args(["--addr", "127.0.0.1:0"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(open(log)?);
    let mut group = Group::spawn(&mut command).map_err(io("cannot start ws-server"))?;
    let no_output = || Error::Unusable("ws-server's output is not to be had".to_owned());
    let mut lines = BufReader::new(group.child().stdout.take().ok_or_else(no_output)?).lines();
    match tokio::time::timeout(START, lines.next_line()).await {
        Ok(Ok(Some(line))) if line.starts_with(LISTENING) => {
            let url = line.trim_start_matches(LISTENING).to_owned();
            Ok((group, url))
        }
        _ => Err(Error::NothingRan(format!(
            "ws-server does not listen; its last lines:\n{}",
            last_lines(log)
        ))),
    }
}

/// Starts our client against the fuzzing server at `url`.
pub(super) fn start_client(
    url: &str,
    agent: &str,
    jobs: usize,
    log: &Path,
) -> Result<Group, Error> {
    let mut command = Command::new(beside_us("ws-client")?);
    command.args(["--url", url, "--agent", agent, "--jobs", &jobs.to_string()]);
    start(command, "ws-client", log)
}

/// Starts somebody's client with `sh -c`; it finds `WS_URL` and `WS_AGENT` in its environment.
pub(super) fn start_command(
    line: &str,
    url: &str,
    agent: &str,
    log: &Path,
) -> Result<Group, Error> {
    let mut command = Command::new("sh");
    command.args(["-c", line]).env("WS_URL", url).env("WS_AGENT", agent);
    command.env("PATH", path_with_us());
    start(command, line, log)
}

fn start(mut command: Command, name: &str, log: &Path) -> Result<Group, Error> {
    command.stdin(Stdio::null()).stdout(open(log)?).stderr(open(log)?);
    Group::spawn(&mut command).map_err(io(format!("cannot start {name}")))
}

fn open(log: &Path) -> Result<File, Error> {
    let file = OpenOptions::new().create(true).append(true).open(log);
    file.map_err(io(format!("cannot write {}", log.display())))
}

/// Another program of this package, which is installed where this one is.
fn beside_us(name: &str) -> Result<PathBuf, Error> {
    let us = std::env::current_exe().map_err(io("cannot tell where this program is"))?;
    let path = us.with_file_name(name);
    if path.is_file() {
        return Ok(path);
    }
    Err(Error::Unusable(format!(
        "{} is not there; build it with `cargo build -p ws-harness --bins`",
        path.display()
    )))
}

/// This process's `PATH` with the folder of this program in front: a testee of this workspace can
/// be named without it.
pub(crate) fn path_with_us() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let us = std::env::current_exe().ok().and_then(|us| us.parent().map(Path::to_owned));
    let paths = us.into_iter().chain(std::env::split_paths(&path));
    std::env::join_paths(paths).unwrap_or(path)
}

/// Waits until something accepts TCP connections at `address`, `within` at most.
///
/// Between two refusals it waits longer each time, from 2 ms to 200 ms.
pub(crate) async fn accepts(address: &str, within: Duration) -> Result<(), Error> {
    let deadline = Instant::now() + within;
    let mut pause = Duration::from_millis(2);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let why = match tokio::time::timeout(left, TcpStream::connect(address)).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        if Instant::now() + pause >= deadline {
            let waited = within.as_secs();
            return Err(Error::NothingRan(format!(
                "nothing accepts connections at {address} after {waited} s: {why}"
            )));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
}

/// `host:port` of a WebSocket URL, with the scheme's own port if it names none.
pub(super) fn address_of(url: &str) -> Result<String, Error> {
    let bad = || Error::Unusable(format!("`{url}` is no WebSocket URL: ws://host:port/path"));
    let (scheme, rest) = url.split_once("://").ok_or_else(bad)?;
    let port = match scheme {
        "ws" => 80,
        "wss" => 443,
        _ => return Err(bad()),
    };
    let authority = rest.split(['/', '?']).next().filter(|a| !a.is_empty()).ok_or_else(bad)?;
    // Behind the `]` of an IPv6 address, or behind the host, a port may follow.
    let behind_host = authority.rsplit(']').next().unwrap_or(authority);
    if behind_host.contains(':') {
        Ok(authority.to_owned())
    } else {
        Ok(format!("{authority}:{port}"))
    }
}

/// A port that was free a moment ago. Whoever needs it can still lose it, and has to ask again.
pub(crate) async fn free_port() -> Result<u16, Error> {
    let any: SocketAddr = ([127, 0, 0, 1], 0).into();
    let listener = tokio::net::TcpListener::bind(any).await.map_err(io("no free port"))?;
    Ok(listener.local_addr().map_err(io("no free port"))?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_urls() {
        for (url, address) in [
            ("ws://127.0.0.1:9001", "127.0.0.1:9001"),
            ("ws://localhost/echo?x=1", "localhost:80"),
            ("wss://example.org", "example.org:443"),
            ("ws://[::1]:9001/", "[::1]:9001"),
            ("ws://[::1]/", "[::1]:80"),
        ] {
            assert_eq!(address_of(url).unwrap(), address);
        }
        for url in ["", "127.0.0.1:9001", "http://127.0.0.1/", "ws://", "ws:///x"] {
            assert!(matches!(address_of(url), Err(Error::Unusable(_))), "{url}");
        }
    }
}
