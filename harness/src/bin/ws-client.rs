//! `ws-client`: an echo client to be judged by a fuzzing server.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use clap::Parser;
use ws_harness::{Error, cmd, testee};

/// An echo client on ws-core: runs every case of a fuzzing server, then asks for its report.
#[derive(Parser)]
#[command(version, after_help = "Example:\n  ws-client --url ws://127.0.0.1:9001 --agent ws-core")]
struct Options {
    /// The fuzzing server.
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:9001")]
    url: String,
    /// This client's name in the report.
    #[arg(long, value_name = "NAME", default_value = "ws-core")]
    agent: String,
    /// Cases to run at a time. The suite is made for one; `wsconf test client` takes more.
    #[arg(long, value_name = "N", default_value = "1")]
    jobs: NonZeroUsize,
    #[command(flatten)]
    deflate: testee::DeflateOptions,
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let ran = cmd::until_signal(run(&options)).await;
    cmd::exit::code(
        ran.map(|cases| cmd::say(&format!("{cases} cases run against {}", options.url))),
    )
}

async fn run(options: &Options) -> Result<usize, Error> {
    let config = options.deflate.config()?;
    testee::client::run(&options.url, &options.agent, config, options.jobs).await
}
