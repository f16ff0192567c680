//! Who runs the cases: the suite in a container, `wstest` on this machine, or the engine of this
//! program; chosen once, with the reason.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::docker::{self, Compose, Container};
use super::wstest::{self, Found, Wstest};
use crate::Error;
use crate::error::io;

/// Which engine is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Wanted {
    /// Docker if an engine answers and the image can be had, else wstest, else our own engine.
    Auto,
    /// The suite's image, by docker-compose.yml.
    Docker,
    /// A `wstest` on this machine, or one installed under the target folder from a Python 2.7.
    Wstest,
    /// The engine of this program (`wsconf test`), which needs neither.
    Native,
}

/// Where to look for engines.
#[derive(Debug, Clone)]
pub struct Places {
    /// A `wstest` named by the user.
    pub wstest: Option<PathBuf>,
    /// A compose file named by the user.
    pub compose_file: Option<PathBuf>,
    /// Where to install what is missing.
    pub tools: PathBuf,
    /// For our own engine: fewer messages in groups 12 and 13.
    pub quick: bool,
}

impl Places {
    /// The folder for what has to be installed: Cargo's target folder.
    #[must_use]
    pub fn tools() -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from)
    }
}

/// A way to run the suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine(Way);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    Docker(Compose),
    Wstest(Wstest),
    /// This program, with fewer messages in groups 12 and 13 if `quick`.
    Native {
        program: PathBuf,
        quick: bool,
    },
}

/// The two modes of the suite that test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Dials servers.
    FuzzingClient,
    /// Waits for clients.
    FuzzingServer,
}

impl Mode {
    /// As the suite names it; also our services and spec files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FuzzingClient => "fuzzingclient",
            Self::FuzzingServer => "fuzzingserver",
        }
    }
}

impl Engine {
    /// `docker`, `wstest` or `native`; the last with what it leaves out.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.0 {
            Way::Docker(_) => "docker",
            Way::Wstest(_) => "wstest",
            Way::Native { quick: false, .. } => "native",
            Way::Native { quick: true, .. } => "native, --quick",
        }
    }

    /// The release whose cases it runs, where it is known without being told.
    pub(super) fn version(&self) -> Option<&'static str> {
        match &self.0 {
            Way::Docker(_) | Way::Wstest(_) => None,
            Way::Native { .. } => Some(super::VERSION),
        }
    }

    /// How many cases a client may run at a time: the suite is made for one.
    pub(super) fn jobs(&self) -> usize {
        match &self.0 {
            Way::Docker(_) | Way::Wstest(_) => 1,
            Way::Native { .. } => 4 * std::thread::available_parallelism().map_or(1, usize::from),
        }
    }

    /// How the suite sees the folder `dir`.
    pub(super) fn sees<'a>(&self, dir: &'a Path) -> &'a Path {
        match &self.0 {
            Way::Docker(_) => Path::new(docker::INSIDE),
            Way::Wstest(_) | Way::Native { .. } => dir,
        }
    }

    /// A command that runs the suite on the spec file of `mode` in `dir`.
    pub(super) fn command(&self, mode: Mode, dir: &Path) -> (Command, Option<Container>) {
        match &self.0 {
            Way::Docker(compose) => {
                let (command, container) = compose.command(mode.name(), dir);
                (command, Some(container))
            }
            Way::Wstest(wstest) => {
                let mut command = wstest.command();
                // Port 0: without the web server for browsers, whose port is fixed.
                command.args(["-u", "0", "-m", mode.name(), "-s"]);
                command.arg(dir.join(format!("{}.json", mode.name()))).current_dir(dir);
                (command, None)
            }
            Way::Native { program, quick } => {
                let mut command = Command::new(program);
                match mode {
                    Mode::FuzzingClient => command.args(["test", "server"]),
                    // It listens until it is ended: the client may need its end of the last
                    // connection longer than we do.
                    Mode::FuzzingServer => command.args(["test", "client", "--keep"]),
                };
                command.args(quick.then_some("--quick"));
                command.args(["--suite-output", "--fail-on", "never", "--spec"]);
                command.arg(dir.join(format!("{}.json", mode.name()))).current_dir(dir);
                (command, None)
            }
        }
    }
}

/// Finds the engine that is wanted. `say` gets one line first: which, and why; and more lines if
/// something has to be installed.
///
/// # Errors
///
/// [`Error::Unusable`]: none can be had; with what to install.
pub async fn choose(
    wanted: Wanted,
    places: &Places,
    mut say: impl FnMut(&str),
) -> Result<Engine, Error> {
    let refusals = [
        (
            places.quick && wanted != Wanted::Native,
            "--quick is of our own engine: add --engine native",
        ),
        (
            places.wstest.is_some() && !matches!(wanted, Wanted::Auto | Wanted::Wstest),
            "--wstest is the suite on this machine: --engine has to be wstest",
        ),
        (
            places.compose_file.is_some() && !matches!(wanted, Wanted::Auto | Wanted::Docker),
            "--compose-file is of the suite's image: --engine has to be docker",
        ),
        (
            places.compose_file.is_some() && places.wstest.is_some(),
            "--compose-file and --wstest are two ways to run the suite: name one",
        ),
    ];
    if let Some((_, why)) = refusals.into_iter().find(|(refused, _)| *refused) {
        return Err(Error::Unusable(why.to_owned()));
    }
    let no_docker = match wanted {
        Wanted::Native => {
            say("engine: native: as asked by --engine");
            return native(places);
        }
        Wanted::Wstest => "as asked by --engine".to_owned(),
        Wanted::Auto if places.wstest.is_some() => "as asked by --wstest".to_owned(),
        Wanted::Auto | Wanted::Docker => {
            match Compose::find(places.compose_file.as_deref()).await {
                Ok(compose) => {
                    let why = match wanted {
                        Wanted::Docker => "as asked by --engine",
                        _ => "a Docker engine answers and has the image",
                    };
                    say(&format!("engine: {}: {why}", compose.describe()));
                    return Ok(Engine(Way::Docker(compose)));
                }
                Err(why) if wanted == Wanted::Docker => {
                    return Err(Error::Unusable(format!(
                        "{why}; start Docker, or use --engine wstest"
                    )));
                }
                Err(why) => why,
            }
        }
    };
    let found = match wstest::find(places.wstest.as_deref(), &places.tools).await {
        Err(Error::Unusable(no_wstest)) if wanted == Wanted::Auto && places.wstest.is_none() => {
            say(&format!("engine: native: {no_docker}; {no_wstest}"));
            return native(places);
        }
        found => found?,
    };
    let wstest = match found {
        Found::Here(wstest, which) => {
            say(&format!("engine: wstest {which}: {no_docker}"));
            wstest
        }
        Found::ToInstall(place, python) => {
            let (release, place_shown) = (super::VERSION, place.display());
            say(&format!(
                "engine: wstest {release}, to be installed in {place_shown} with {}: {no_docker}",
                python.display()
            ));
            let wstest = wstest::install(&place, &python).await?;
            say(&format!("engine: installed in {place_shown}"));
            wstest
        }
    };
    Ok(Engine(Way::Wstest(wstest)))
}

fn native(places: &Places) -> Result<Engine, Error> {
    let program = std::env::current_exe().map_err(io("cannot tell where this program is"))?;
    Ok(Engine(Way::Native { program, quick: places.quick }))
}
