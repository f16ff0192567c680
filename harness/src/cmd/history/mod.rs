//! `wsconf history`: a log of runs, one line each, and what it says of the cases.

mod add;
mod show;

use clap::Subcommand;

use super::exit::Exit;
use crate::Error;

/// What to do with the log.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  wsconf history add
  wsconf history show '6.4.*'")]
pub enum History {
    /// Append runs to the logs of their testees.
    Add(add::Options),
    /// Show the last runs, and each case that changed: when, at which commit, flaky or not.
    Show(show::Options),
}

impl History {
    /// Appends or shows.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: there is no report, or no log.
    /// - [`Error::Unusable`]: a file is malformed or cannot be written; the commit is not known.
    pub fn run(&self) -> Result<Exit, Error> {
        match self {
            Self::Add(options) => options.run(),
            Self::Show(options) => options.run(),
        }
    }
}
