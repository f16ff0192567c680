//! `ws-server`: an echo server to be judged.

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use ws_core::Config;
use ws_harness::{Error, StopSignals, cmd, testee};

/// An echo server on ws-core: every message comes back as it was.
///
/// Prints `listening on ws://…` when it is ready. SIGINT and SIGTERM end it: it accepts no more
/// and gives open connections one second.
#[derive(Parser)]
#[command(version, after_help = "Example:\n  ws-server --addr 127.0.0.1:9001")]
struct Options {
    /// Address to listen at; port 0 takes any free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:9001")]
    addr: SocketAddr,
    #[command(flatten)]
    deflate: testee::DeflateOptions,
}

#[tokio::main]
async fn main() -> ExitCode {
    cmd::exit::code(run(&Options::parse()).await)
}

async fn run(Options { addr, deflate }: &Options) -> Result<(), Error> {
    let config = deflate.config()?;
    serve(*addr, config).await.map_err(|error| {
        Error::Unusable(format!("cannot listen at {addr}: {error}; try --addr with another port"))
    })
}

async fn serve(addr: SocketAddr, config: Config) -> io::Result<()> {
    // Before the server says that it listens: whoever hears that may ask it to stop at once.
    let mut signals = StopSignals::install()?;
    testee::server::serve(addr, config, signals.asked()).await
}
