//! Who runs the suite: a container, or `wstest` on this machine; chosen once, with the reason.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::docker::{self, Compose, Container};
use super::wstest::{self, Found, Wstest};
use crate::Error;

/// Which engine is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Wanted {
    /// Docker if an engine answers and the image can be had, else wstest.
    Auto,
    /// The suite's image, by docker-compose.yml.
    Docker,
    /// A `wstest` on this machine, or one installed under the target folder from a Python 2.7.
    Wstest,
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
}

/// A way to run the suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine(Way);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    Docker(Compose),
    Wstest(Wstest),
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
    /// `docker` or `wstest`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.0 {
            Way::Docker(_) => "docker",
            Way::Wstest(_) => "wstest",
        }
    }

    /// How the suite sees the folder `dir`.
    pub(super) fn sees<'a>(&self, dir: &'a Path) -> &'a Path {
        match &self.0 {
            Way::Docker(_) => Path::new(docker::INSIDE),
            Way::Wstest(_) => dir,
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
    let no_docker = match wanted {
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
    let found = wstest::find(places.wstest.as_deref(), &places.tools).await;
    let wstest = match found.map_err(|error| what_to_install(error, wanted, &no_docker))? {
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

/// Only whoever left the choice to us needs the whole story.
fn what_to_install(error: Error, wanted: Wanted, no_docker: &str) -> Error {
    match error {
        Error::Unusable(why) if wanted == Wanted::Auto && !no_docker.starts_with("as asked") => {
            Error::Unusable(format!(
                "the suite cannot be run here.\n  docker: {no_docker}\n  wstest: {why}\n\
             Install Docker with compose, or Python 2.7 (`pyenv install 2.7.18`), or name a wstest \
             with --wstest."
            ))
        }
        other => other,
    }
}
