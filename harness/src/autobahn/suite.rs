//! The suite as a running process: its output read line by line, kept in a log, never trusted to
//! end by itself.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use super::docker::Container;
use crate::Error;
use crate::conformance::CaseId;
use crate::error::io;
use crate::group::Group;

/// How long the suite may take to end after a SIGTERM.
const GRACE: Duration = Duration::from_secs(5);

/// What a line of the suite's output says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// This case begins.
    Running(CaseId),
    /// It has read its spec and is about to dial or to listen.
    Ready,
    /// Its release.
    Version(String),
    /// Anything else.
    Other,
}

/// The running suite. Dropped, it is killed, with its container if it has one.
#[derive(Debug)]
pub(super) struct Suite {
    group: Group,
    /// Removed after the process that waits for it; `None` when the suite runs here.
    container: Option<Container>,
    lines: Lines<BufReader<ChildStdout>>,
    log: File,
    log_path: PathBuf,
    version: Option<String>,
}

impl Suite {
    /// Starts `command`; all it prints goes to `log_path`.
    pub(super) fn start(
        mut command: Command,
        container: Option<Container>,
        log_path: &Path,
    ) -> Result<Self, Error> {
        let doing = format!("cannot write {}", log_path.display());
        let log = OpenOptions::new().create(true).append(true).open(log_path).map_err(io(doing))?;
        let errors = log.try_clone().map_err(io("cannot share the suite's log"))?;
        command
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors);
        let program = command.as_std().get_program().to_string_lossy().into_owned();
        let mut group =
            Group::spawn(&mut command).map_err(io(format!("cannot start the suite, {program}")))?;
        let Some(stdout) = group.child().stdout.take() else {
            return Err(Error::Unusable("the suite's output is not to be had".to_owned()));
        };
        let lines = BufReader::new(stdout).lines();
        let log_path = log_path.to_owned();
        Ok(Self { group, container, lines, log, log_path, version: None })
    }

    /// The next line, or `None` when the suite has closed its output.
    ///
    /// Cancel-safe: a dropped future loses no line.
    pub(super) async fn next(&mut self, patience: Duration) -> Result<Option<Line>, Error> {
        let Ok(line) = tokio::time::timeout(patience, self.lines.next_line()).await else {
            return Err(Error::NothingRan(format!(
                "the suite made no progress for {} s, so it was ended and its report is lost; \
                 its last lines:\n{}",
                patience.as_secs(),
                self.last_lines()
            )));
        };
        let Some(text) = line.map_err(io("cannot read the suite's output"))? else {
            return Ok(None);
        };
        // The log is for people; a full disk will show elsewhere.
        let _ = writeln!(self.log, "{text}");
        let line = understand(&text);
        if let Line::Version(version) = &line {
            self.version = Some(version.clone());
        }
        Ok(Some(line))
    }

    /// The suite's release, once it has said it.
    pub(super) fn version(&self) -> Option<String> {
        self.version.clone()
    }

    /// Waits for the suite to end by itself, `patience` at most. Its exit code says nothing.
    pub(super) async fn wait(mut self, patience: Duration) -> Result<(), Error> {
        if tokio::time::timeout(patience, self.group.wait()).await.is_err() {
            self.stop().await;
        }
        Ok(())
    }

    /// Ends the suite now.
    pub(super) async fn stop(mut self) {
        // Whatever does not end in time is killed on drop.
        let _ = self.group.stop(GRACE).await;
        drop(self.container.take());
    }

    /// The end of its log, for an error message.
    pub(super) fn last_lines(&self) -> String {
        last_lines(&self.log_path)
    }
}

/// The last lines of a log, indented.
pub(super) fn last_lines(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(8)..).unwrap_or_default();
    if last.is_empty() { "  (it printed nothing)".to_owned() } else { indent(last) }
}

fn indent(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn understand(line: &str) -> Line {
    let running = || line.strip_prefix("Running test case ID ")?.split(' ').next()?.parse().ok();
    if let Some(id) = running() {
        return Line::Running(id);
    }
    // The suite is about to listen; our own engine does.
    if line.starts_with("Ok, will run ") || line.starts_with("listening on ") {
        return Line::Ready;
    }
    match version(line) {
        Some(version) => Line::Version(version.to_owned()),
        None => Line::Other,
    }
}

/// The release in the line in which either mode introduces itself.
fn version(line: &str) -> Option<&str> {
    let client = || line.split_once("(Autobahn Testsuite Version ")?.1.split(' ').next();
    let server = || {
        let (release, rest) = line.strip_prefix("Autobahn WebSocket ")?.split_once('/')?;
        rest.contains("Fuzzing Server").then_some(release)
    };
    client().or_else(server)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_modes_are_understood() {
        let cases = [
            (
                "Autobahn Fuzzing WebSocket Client (Autobahn Testsuite Version 25.10.1 / Autobahn Version 0.10.9)",
                Line::Version("25.10.1".to_owned()),
            ),
            (
                "Autobahn WebSocket 25.10.1/0.10.9 Fuzzing Server (Port 9302)",
                Line::Version("25.10.1".to_owned()),
            ),
            (
                "Running test case ID 6.4.3 for agent x y from peer tcp4:127.0.0.1:9301",
                Line::Running("6.4.3".parse().unwrap()),
            ),
            ("Ok, will run 10 test cases for any clients connecting", Line::Ready),
            ("listening on ws://127.0.0.1:9001", Line::Ready),
            ("Cases = ['1.1.1']", Line::Other),
            ("", Line::Other),
        ];
        for (text, expected) in cases {
            assert_eq!(understand(text), expected, "{text}");
        }
    }
}
