//! `wsconf`: runs a conformance suite, keeps its reports, and gates them.

use std::process::ExitCode;

use clap::Parser;
use ws_harness::cmd::{self, Command};

/// Runs a WebSocket conformance suite, keeps its reports and gates them.
#[derive(Parser)]
#[command(version, after_help = cmd::exit::HELP)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    cmd::run(Options::parse().command)
}
