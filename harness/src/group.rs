//! A child process and everything it starts, ended together.
//!
//! Each child leads a process group of its own, so a signal reaches its children too, and Ctrl-C
//! on the terminal reaches only us. A [`Group`] that goes out of scope is killed; should we be
//! killed ourselves, a watching shell sees its input end and kills the group in our stead.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// A process that was sent SIGKILL is gone this soon, unless it hangs in the kernel.
const GONE: Duration = Duration::from_secs(1);

/// A running child that leads its own process group.
#[derive(Debug)]
pub(crate) struct Group {
    child: Child,
    /// The group's id while anything in it may be alive.
    alive: Option<Pid>,
    watch: Option<Watch>,
}

impl Group {
    /// Starts `command` as the leader of a new process group.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let alive = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let kill = |group: Pid| Watch::set(r#"kill -KILL "-$0""#, &group.to_string()).ok();
        let watch = alive.and_then(kill);
        Ok(Self { child, alive, watch })
    }

    /// The child itself, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits until the leader has ended, then kills what it left running.
    pub(crate) async fn wait(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.signal(Signal::KILL);
        self.alive = None;
        self.watch = None;
        Ok(status)
    }

    /// Asks the whole group to end (SIGTERM), and after `grace` makes it (SIGKILL).
    pub(crate) async fn stop(&mut self, grace: Duration) -> io::Result<ExitStatus> {
        self.signal(Signal::TERM);
        if tokio::time::timeout(grace, self.child.wait()).await.is_err() {
            self.signal(Signal::KILL);
        }
        self.wait().await
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.alive {
            // An error means that nobody is left to be told.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.alive.is_none() {
            return;
        }
        self.signal(Signal::KILL);
        let deadline = Instant::now() + GONE;
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A shell that outlives us if we are killed, and cleans up then. Dropped, it ends and does nothing.
#[derive(Debug)]
pub(crate) struct Watch(std::process::Child);

impl Watch {
    /// Should we be gone before this is dropped, `script` runs with `argument` as its `$0`.
    pub(crate) fn set(script: &str, argument: &str) -> io::Result<Self> {
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &format!("read -r _ || {script}"), argument]);
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        shell.process_group(0).spawn().map(Self)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(mut input) = self.0.stdin.take() {
            // It has ended if it does not read this.
            let _ = input.write_all(b"\n");
        }
        let _ = self.0.wait();
    }
}
