//! `wsconf`: runs a conformance suite, keeps its reports, and gates them.

use std::process::ExitCode;

use ws_harness::cmd;

fn main() -> ExitCode {
    cmd::run(&cmd::program::parse())
}
