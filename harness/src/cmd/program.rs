//! The program as a whole: what every subcommand shares, and the tree of them all.

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, ValueEnum};

use super::{Command, exit};
use crate::talk::{self, Level};

/// Help is made for terminals of this many columns.
const COLUMNS: usize = 80;

/// Runs a WebSocket conformance suite, keeps its reports and gates them.
#[derive(Debug, Parser)]
#[command(
    name = "wsconf",
    version,
    max_term_width = COLUMNS,
    after_help = "\
Examples:
  wsconf doctor                                   what can run here
  wsconf test server ws://127.0.0.1:9001          judge a server
  wsconf test client --command 'node echo.js \"$WS_URL\"'
  wsconf explain 6.4.3                            what a case is about"
)]
pub struct Program {
    #[command(flatten)]
    pub(super) talk: Talk,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// How the program speaks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct Talk {
    /// Print findings and errors only: no progress, no remarks.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Also print each case that begins.
    #[arg(short, long, global = true)]
    verbose: bool,
    /// Colours; auto has them on a terminal, unless $NO_COLOR is set.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value = "auto")]
    color: Colour,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

impl Talk {
    pub(super) fn set(&self) {
        let level = match (self.quiet, self.verbose) {
            (true, _) => Level::Quiet,
            (_, true) => Level::Verbose,
            _ => Level::Usual,
        };
        let colours = match self.color {
            Colour::Auto => anstream::ColorChoice::Auto,
            Colour::Always => anstream::ColorChoice::Always,
            Colour::Never => anstream::ColorChoice::Never,
        };
        talk::set(level, colours);
    }
}

/// The tree of subcommands; the exit codes are at the end of each one's help.
#[must_use]
pub fn tree() -> clap::Command {
    with_exit_codes(Program::command())
}

fn with_exit_codes(command: clap::Command) -> clap::Command {
    let examples = command.get_after_help().map(|help| format!("{help}\n\n"));
    let help = examples.unwrap_or_default() + exit::HELP;
    command.after_help(help).mut_subcommands(with_exit_codes)
}

/// The program's own arguments; says what is wrong with them and ends, or prints help and ends.
#[must_use]
pub fn parse() -> Program {
    Program::from_arg_matches(&tree().get_matches()).unwrap_or_else(|error| error.exit())
}
