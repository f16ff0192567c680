//! `wsconf doctor`: which engines can run here, why the others cannot, and what to do about it.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::wrap::wrap;
use super::{print, until_signal};
use crate::Error;
use crate::autobahn::engine::{Places, Wanted};
use crate::autobahn::survey::{Finding, State, survey};
use crate::error::io;
use crate::talk;

/// Where the text behind a name and its state begins.
const TEXT: usize = 18;

/// Options of `wsconf doctor`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf doctor                   0 if any engine can play all cases here
  wsconf doctor --engine docker   0 if the suite's container can be run here

Nothing is downloaded, installed or changed.")]
pub struct Options {
    /// The engine that has to be usable; auto is any.
    #[arg(long, value_enum, default_value = "auto")]
    engine: Wanted,
    /// The wstest program to look at.
    #[arg(long, value_name = "PATH")]
    wstest: Option<PathBuf>,
    /// The compose file with the suite; without it docker-compose.yml here or above.
    #[arg(long, value_name = "FILE")]
    compose_file: Option<PathBuf>,
}

impl Options {
    /// Prints what is here of each engine, and which one a run would take.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: the engine asked for, or any, cannot run here.
    pub fn run(&self) -> Result<Exit, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let places = Places {
            wstest: self.wstest.clone(),
            compose_file: self.compose_file.clone(),
            tools: Places::tools(),
            quick: false,
        };
        let looked = async { Ok(survey(&places).await) };
        let findings = runtime.map_err(io("cannot start"))?.block_on(until_signal(looked))?;
        let mut text: String = findings.iter().map(told).collect();
        let usable = |finding: &&Finding| finding.engine.is_some() && finding.state.is_usable();
        let asked =
            |finding: &&Finding| self.engine == Wanted::Auto || finding.engine == Some(self.engine);
        let Some(taken) = findings.iter().filter(usable).find(asked) else {
            print(&text);
            return Err(Error::Unusable(match self.engine {
                Wanted::Auto => "no engine can run here; see above what to do".to_owned(),
                _ => "this engine cannot run here; see above what to do".to_owned(),
            }));
        };
        let option = match self.engine {
            Wanted::Auto => String::new(),
            _ => format!(" --engine {}", taken.name),
        };
        let _ = writeln!(text, "\n`wsconf autobahn{option}` takes {} here.", taken.name);
        Ok(print(&text))
    }
}

/// Name, state, and what is to be said of it, in lines that fit.
fn told(finding: &Finding) -> String {
    let (state, text, help) = match &finding.state {
        State::Ready(text) | State::ToFetch(text) => ("yes", text, None),
        State::Lacking { why, help } => ("no", why, Some(help)),
    };
    let lines = |text: &str| wrap(&format!("{:TEXT$}{text}", ""), TEXT) + "\n";
    let head = format!("{:<11}{state:<7}", finding.name);
    // The state is in colour, and the same word further on is not.
    let first = lines(text).replacen(&" ".repeat(TEXT), &talk::tint(&head), 1);
    first + &help.map_or(String::new(), |help| lines(help))
}
