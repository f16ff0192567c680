//! What this machine has of each engine, found out without a download or a change.
//!
//! In: the same places as [`super::engine`]. Out: one [`Finding`] for each engine, and one for the
//! Python 2.7 that `wstest` is installed with. The checks are those of the engines themselves.

use std::net::TcpListener;

use super::docker::{self, Compose};
use super::engine::{Places, Wanted};
use super::wstest::{self, Found};
use super::{SUITE, VERSION, cases};

/// What the machine has of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `docker`, `wstest`, `python2.7` or `native`.
    pub name: &'static str,
    /// The engine that it is; Python is none.
    pub engine: Option<Wanted>,
    /// Whether it can be used.
    pub state: State,
}

/// Whether something can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Here; where.
    Ready(String),
    /// Its first run fetches what is missing; what, and from where.
    ToFetch(String),
    /// Not usable.
    Lacking {
        /// Why.
        why: String,
        /// What to do about it.
        help: String,
    },
}

impl State {
    /// A run can be started with it.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        matches!(self, Self::Ready(_) | Self::ToFetch(_))
    }
}

/// Looks at each, in the order in which [`Wanted::Auto`] would take the engines.
pub async fn survey(places: &Places) -> Vec<Finding> {
    let (docker, wstest, python) = tokio::join!(docker(places), wstest(places), python());
    vec![
        Finding { name: "docker", engine: Some(Wanted::Docker), state: docker },
        Finding { name: "wstest", engine: Some(Wanted::Wstest), state: wstest },
        Finding { name: "python2.7", engine: None, state: python },
        Finding { name: "native", engine: Some(Wanted::Native), state: native() },
    ]
}

async fn docker(places: &Places) -> State {
    match Compose::look(places.compose_file.as_deref()).await {
        Ok(compose) if compose.has_image().await => State::Ready(compose.describe()),
        Ok(compose) => State::ToFetch(format!("{}, which it pulls first", compose.describe())),
        Err(why) => State::Lacking {
            help: format!(
                "Install Docker with compose and start it, in a folder with this project's \
                 docker-compose.yml or with --compose-file. It runs {}.",
                docker::IMAGE
            ),
            why,
        },
    }
}

async fn wstest(places: &Places) -> State {
    match wstest::find(places.wstest.as_deref(), &places.tools).await {
        Ok(Found::Here(_, which)) => State::Ready(which),
        Ok(Found::ToInstall(place, _)) => State::ToFetch(format!(
            "{VERSION}, which it installs into {} first, from PyPI",
            place.display()
        )),
        Err(error) => State::Lacking {
            why: error.to_string(),
            help: format!(
                "Install a Python 2.7 (`pyenv install 2.7.18`), or name a wstest {VERSION} with \
                 --wstest or $WSTEST."
            ),
        },
    }
}

async fn python() -> State {
    match wstest::python2().await {
        Some(python) => State::Ready(python.display().to_string()),
        None => State::Lacking {
            why: "none on PATH or in pyenv's folder runs".to_owned(),
            help: "Needed only to install wstest: `pyenv install 2.7.18`.".to_owned(),
        },
    }
}

/// This program, if it can be found again and a testee here can be reached.
fn native() -> State {
    let program = std::env::current_exe().and_then(|path| path.metadata().map(|_| path));
    match (program, TcpListener::bind("127.0.0.1:0")) {
        (Ok(program), Ok(_)) => State::Ready(format!(
            "{}: the {} cases of {SUITE} {VERSION}",
            program.display(),
            cases::all().len()
        )),
        (Err(error), _) => State::Lacking {
            why: format!("cannot tell where this program is: {error}"),
            help: "Start it from a file that stays where it is.".to_owned(),
        },
        (_, Err(error)) => State::Lacking {
            why: format!("cannot listen on 127.0.0.1: {error}"),
            help: "Bring the loopback interface up, or let programs listen there.".to_owned(),
        },
    }
}
