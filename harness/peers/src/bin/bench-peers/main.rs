//! What echo servers of several implementations cost, side by side: CPU per message, memory of an
//! idle connection, CPU of a handshake.
//!
//! ```text
//! core 0: one server after the other, each a process of its own
//! core 1: this program: the load, and a ratio for every round
//! ```
//!
//! The servers take turns within each round, so that a slow second of the machine is everyone's. Only
//! ratios say something: absolute figures are those of this machine at this minute.

mod rows;
mod servers;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use rows::Rows;
use servers::Server;
use table::Table;

type Error = Box<dyn std::error::Error>;

/// Compares echo servers: CPU per message, memory per idle connection, CPU of a handshake.
#[derive(Debug, Parser)]
struct Options {
    /// Rounds of every row; the table has their medians.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Seconds for which each server is measured in a round.
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,
    /// Connections of the row about idle ones; 0 leaves it out.
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// Only servers whose name contains this; may be given more than once.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only rows whose name contains this; may be given more than once.
    #[arg(long, value_name = "ROW")]
    row: Vec<String>,
    /// Where to write the table, as Markdown; it is printed in any case.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Set by this program when it starts itself on its own core.
    #[arg(long, hide = true)]
    pinned: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let done = if options.pinned { compare(&options) } else { servers::again_on_core(1) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compare(options: &Options) -> Result<(), Error> {
    let chosen = |names: &[String], name: &str| {
        names.is_empty() || names.iter().any(|part| name.contains(part))
    };
    let mut servers = Vec::new();
    for kind in servers::ALL.iter().filter(|kind| chosen(&options.only, kind.name)) {
        match Server::start(kind) {
            Ok(server) => servers.push(server),
            Err(error) => eprintln!("bench-peers: {} is left out: {error}", kind.name),
        }
    }
    if servers.is_empty() {
        return Err("no server is left to measure".into());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rows = Rows { seconds: options.seconds, idle: options.idle };
    let mut table = Table::new(servers.iter().map(|server| server.kind).collect());
    for row in rows.all().filter(|row| chosen(&options.row, &row.name())) {
        eprintln!("bench-peers: {}", row.name());
        let rounds = if row.is_measured_once() { 1 } else { options.rounds };
        for _ in 0..rounds {
            let figures =
                servers.iter_mut().map(|server| runtime.block_on(rows.measure(row, server)));
            table.round(row, figures.collect::<Result<_, _>>()?);
        }
    }
    let text = table.markdown(options.rounds, options.seconds);
    print!("{text}");
    if let Some(out) = &options.out {
        std::fs::write(out, &text).map_err(|error| format!("{}: {error}", out.display()))?;
    }
    Ok(())
}
