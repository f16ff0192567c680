//! `wsconf test`: the suite's cases without the suite, played by the engine of this program.

mod client;
mod options;
mod report;
mod server;
mod spec;
mod target;
mod tls;

use std::future::Future;

use clap::Subcommand;

use super::exit::Exit;
use crate::Error;
use crate::error::io;

/// Who is judged.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  wsconf test server ws://127.0.0.1:9001
  wsconf test client --listen 127.0.0.1:9001")]
pub enum Test {
    /// Judge a server: the engine connects to it once for each case.
    Server(server::Options),
    /// Judge clients: the engine listens, clients ask for cases on the suite's control paths.
    Client(client::Options),
}

impl Test {
    /// Plays the cases and writes the reports.
    ///
    /// # Errors
    ///
    /// - [`Error::Unusable`]: an option, a spec file or the folder for the reports.
    /// - [`Error::NothingRan`]: the server cannot be reached, or no client came.
    /// - [`Error::Interrupted`]: a signal ended the run; the cases that were done are reported.
    pub fn run(&self) -> Result<Exit, Error> {
        match self {
            Self::Server(options) => block_on(options.run()),
            Self::Client(options) => block_on(options.run()),
        }
    }
}

fn block_on<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(io("cannot start"))?.block_on(work)
}
