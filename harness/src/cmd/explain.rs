//! `wsconf explain`: a case in words.

use clap::Args;

use super::exit::Exit;
use super::print;
use super::select::known;
use super::wrap::wrap;
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
        let texts: Vec<String> = cases.into_iter().map(|case| fitted(&Explained(case))).collect();
        Ok(print(&texts.join("\n")))
    }
}

/// The text in lines that fit; what a line goes on with stands under its words, not its number.
fn fitted(case: &Explained<'_>) -> String {
    let text = case.to_string();
    let lines = text.lines().map(|line| wrap(line, indent(line)) + "\n");
    lines.collect()
}

/// Where the words of a line begin: behind a step's number, or in the second of two columns.
fn indent(line: &str) -> usize {
    let blanks = line.len() - line.trim_start().len();
    let content = line.trim_start();
    let behind = |at: usize| line.len() - content[at..].trim_start().len();
    match (content.split_once(". "), content.find("  ")) {
        (Some((number, _)), _) if number.parse::<u16>().is_ok() => blanks + number.len() + 2,
        (_, Some(gap)) if blanks > 0 => behind(gap),
        _ => blanks,
    }
}
