//! `wstest` on this machine: one that is there, or one we install in a virtualenv of our own.
//!
//! The suite is Python 2 only. The virtualenv is made beside its final place and moved there when
//! it is whole, so a killed or a second maker does no harm; since a moved virtualenv's scripts
//! point at the old place, the suite is started as a module of its interpreter.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use super::VERSION;
use crate::Error;
use crate::error::io;
use crate::group::Group;
use crate::scratch::Scratch;

/// Asking a program for its version takes no longer than this.
const ANSWER: Duration = Duration::from_secs(20);

/// How to start the suite here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wstest {
    /// Program and leading arguments.
    command: Vec<OsString>,
}

impl Wstest {
    fn program(path: &Path) -> Self {
        Self { command: vec![path.into()] }
    }

    fn module(virtualenv: &Path) -> Self {
        let python = virtualenv.join("bin").join("python");
        Self { command: vec![python.into(), "-m".into(), "autobahntestsuite.wstest".into()] }
    }

    /// A command that starts it; the caller adds the arguments.
    pub(super) fn command(&self) -> Command {
        let (program, arguments) = self.command.split_first().expect("made with a program");
        let mut command = Command::new(program);
        command.args(arguments);
        command
    }

    /// The release it says it is.
    async fn version(&self) -> Option<String> {
        let mut command = self.command();
        let said = output(command.arg("-a")).await?;
        said.lines().find_map(|line| Some(line.strip_prefix("AutobahnTestSuite ")?.to_owned()))
    }
}

/// Where a `wstest` is, or can come from, and why that one.
#[derive(Debug)]
pub(super) enum Found {
    /// There, and usable.
    Here(Wstest, String),
    /// To be installed at this place with this Python 2.7.
    ToInstall(PathBuf, PathBuf),
}

/// Looks for the suite: `asked`, `$WSTEST`, PATH, our virtualenv under `tools`, a Python 2.7.
///
/// # Errors
///
/// [`Error::Unusable`]: the one asked for does not run, or there is none and no Python 2.7.
pub(super) async fn find(asked: Option<&Path>, tools: &Path) -> Result<Found, Error> {
    let from_env = std::env::var_os("WSTEST").filter(|path| !path.is_empty()).map(PathBuf::from);
    let named = asked.map(|path| (path.to_owned(), "--wstest"));
    if let Some((path, by)) = named.or_else(|| from_env.map(|path| (path, "$WSTEST"))) {
        // The suite is started in the run's folder; a bare name is looked up on PATH.
        let has_folder = path.components().count() > 1;
        let path = if has_folder { std::path::absolute(&path).unwrap_or(path) } else { path };
        let wstest = Wstest::program(&path);
        return match wstest.version().await {
            Some(version) => {
                Ok(Found::Here(wstest, format!("{version} at {}, named by {by}", path.display())))
            }
            None => Err(Error::Unusable(format!(
                "{} (named by {by}) does not run as wstest; try `{} -a`",
                path.display(),
                path.display()
            ))),
        };
    }
    // Another release than ours on PATH is left alone: its ids can mean other cases.
    let on_path = Wstest::program(Path::new("wstest"));
    if on_path.version().await.as_deref() == Some(VERSION) {
        return Ok(Found::Here(on_path, format!("{VERSION} found on PATH")));
    }
    let place = tools.join(format!("wstest-{VERSION}"));
    let place = std::path::absolute(&place).unwrap_or(place);
    let ours = Wstest::module(&place);
    if place.exists() && ours.version().await.as_deref() == Some(VERSION) {
        return Ok(Found::Here(ours, format!("{VERSION} in {}", place.display())));
    }
    match python2().await {
        Some(python) => Ok(Found::ToInstall(place, python)),
        None => Err(Error::Unusable(format!(
            "no wstest and no Python 2.7 to install it with: looked at --wstest, $WSTEST, PATH, {}, \
             $PYENV_ROOT/versions/2.7*, ~/.pyenv/versions/2.7*",
            place.display()
        ))),
    }
}

/// Makes a virtualenv at `place` from `python`, a Python 2.7, and installs the suite in it.
///
/// # Errors
///
/// [`Error::Unusable`]: a step failed; with what it said.
pub(super) async fn install(place: &Path, python: &Path) -> Result<Wstest, Error> {
    let shown = place.display();
    let scratch =
        Scratch::beside(place).map_err(io(format!("cannot make a folder beside {shown}")))?;
    let tool = scratch.path().join(".tool");
    let host = install_virtualenv(python, &tool).await?;
    let mut make = Command::new(host);
    make.env("PYTHONPATH", &tool).args(["-m", "virtualenv", "-q", "-p"]).arg(python);
    run("make a virtualenv", make.arg(scratch.path())).await?;
    let mut pip = Command::new(scratch.path().join("bin").join("python"));
    pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check"]);
    run("install the suite", pip.arg(format!("autobahntestsuite=={VERSION}"))).await?;
    crate::scratch::remove(&tool).map_err(io("cannot remove the installer of virtualenv"))?;
    if Wstest::module(scratch.path()).version().await.as_deref() != Some(VERSION) {
        return Err(Error::Unusable(format!(
            "the suite was installed for {shown} but does not run"
        )));
    }
    // Somebody else may have been faster; one that does not work is no reason to stop.
    let theirs = Wstest::module(place);
    let moved = if place.exists() && theirs.version().await.is_none() {
        scratch.replace()
    } else {
        scratch.keep_first()
    };
    moved.map_err(io(format!("cannot move the virtualenv to {shown}")))?;
    Ok(theirs)
}

/// Installs the last virtualenv that can make one for Python 2.7 into `tool`; returns the
/// interpreter it was installed for. Distributions ship Python 2.7 without pip, so Python 3's
/// serves as well.
async fn install_virtualenv(python: &Path, tool: &Path) -> Result<PathBuf, Error> {
    let mut refused = String::new();
    for host in [python, Path::new("python3")] {
        let mut pip = Command::new(host);
        pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check", "--target"]);
        match run("install virtualenv", pip.arg(tool).arg("virtualenv<20.22")).await {
            Ok(()) => return Ok(host.to_owned()),
            Err(error) => refused = format!("{refused}\n{error}"),
        }
    }
    Err(Error::Unusable(format!("no Python here can install virtualenv:{refused}")))
}

/// Runs one step of the installation; on failure says what it printed.
async fn run(what: &str, command: &mut Command) -> Result<(), Error> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let failed = |why: String| Error::Unusable(format!("cannot {what}: {why}"));
    let mut group = Group::spawn(command).map_err(|error| failed(error.to_string()))?;
    let mut said = String::new();
    if let Some(mut stderr) = group.child().stderr.take() {
        use tokio::io::AsyncReadExt as _;
        let mut octets = Vec::new();
        stderr.read_to_end(&mut octets).await.map_err(|error| failed(error.to_string()))?;
        said = String::from_utf8_lossy(&octets).trim().to_owned();
    }
    let status = group.wait().await.map_err(|error| failed(error.to_string()))?;
    if status.success() { Ok(()) } else { Err(failed(format!("{status}\n{said}"))) }
}

/// The first Python 2.7 that runs, of those on PATH and in pyenv's folder.
pub(super) async fn python2() -> Option<PathBuf> {
    let mut candidates: Vec<PathBuf> = ["python2.7", "python2", "python"].map(PathBuf::from).into();
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv"));
    for root in std::env::var_os("PYENV_ROOT").map(PathBuf::from).into_iter().chain(home) {
        let entries = std::fs::read_dir(root.join("versions"));
        let mut versions: Vec<PathBuf> =
            entries.into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        versions.retain(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("2.7"))
        });
        versions.sort();
        candidates.extend(versions.into_iter().map(|path| path.join("bin").join("python2.7")));
    }
    for candidate in candidates {
        let mut command = Command::new(&candidate);
        command.args([
            "-c",
            "import sys; print('%d.%d %s' % (sys.version_info[:2] + (sys.executable,)))",
        ]);
        let said = output(&mut command).await;
        if let Some(executable) = said.as_deref().and_then(|said| said.trim().strip_prefix("2.7 "))
        {
            return Some(PathBuf::from(executable));
        }
    }
    None
}

/// What a short command prints, if it ends well and soon.
pub(super) async fn output(command: &mut Command) -> Option<String> {
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(ANSWER, command.output()).await.ok()?.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
