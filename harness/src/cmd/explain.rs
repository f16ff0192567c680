//! `wsconf explain`: a case in words.

use clap::Args;

use super::exit::Exit;
use super::print;
use super::select::known;
use crate::Error;
use crate::conformance::explain::Explained;

/// Options of `wsconf explain`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf explain 6.4.3     one case: sent, expected, close, rule, usual mistakes
  wsconf explain '7.7.*'   a subgroup")]
pub struct Options {
    /// Ids or patterns of cases.
    #[arg(value_name = "ID", required = true)]
    cases: Vec<String>,
}

impl Options {
    /// Prints each case, an empty line between two.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: a pattern matches nothing.
    pub fn run(&self) -> Result<Exit, Error> {
        let cases = known(&self.cases, &[])?;
        let texts: Vec<String> =
            cases.into_iter().map(|case| format!("{}\n", Explained(case))).collect();
        print(&texts.join("\n"))
    }
}
