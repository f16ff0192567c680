//! `wsconf load`: how many echoes a server gives, how fast, and what they cost it.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use rustix::process::{Resource, getrlimit, setrlimit};
use ws_core::deflate::Deflate;
use ws_core::handshake::Dialer;
use ws_core::{Config, MessageKind};

use super::exit::Exit;
use super::{differs, print, until_signal};
use crate::Error;
use crate::error::io;
use crate::load::{Pace, Plan, run};

/// Options of `wsconf load`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf load ws://127.0.0.1:9001
  wsconf load ws://127.0.0.1:9001 -c 16 --in-flight 16 --pid $(pgrep ws-server)
  wsconf load ws://127.0.0.1:9001 -c 100 --rate 20000 -l 1024 --json load.json

Every echo is compared with what was sent. Latencies of --rate are counted from
when a message was due, so that a stall counts in full; those of --in-flight
from when it was sent. Ends with 100 if a connection was lost or an echo is
missing.")]
pub struct Options {
    /// An echo server: ws:// or wss://.
    #[arg(value_name = "URL")]
    url: String,
    /// How many connections.
    #[arg(long, short, value_name = "N", default_value = "1")]
    connections: NonZeroUsize,
    /// Closed loop: messages at once on each connection, and one more for each echo.
    #[arg(long, value_name = "N", default_value = "1", conflicts_with = "rate")]
    in_flight: NonZeroUsize,
    /// Open loop: messages a second, all connections together, whatever comes back.
    #[arg(long, value_name = "PER SECOND")]
    rate: Option<NonZeroU32>,
    /// Payload of a message, in octets.
    #[arg(long, short, value_name = "OCTETS", default_value_t = 20)]
    len: usize,
    /// Binary messages; without it text.
    #[arg(long)]
    binary: bool,
    /// Send each message in so many frames.
    #[arg(long, value_name = "N", default_value = "1")]
    fragments: NonZeroUsize,
    /// Offer permessage-deflate, and compress every message.
    #[arg(long)]
    deflate: bool,
    /// How long echoes are counted.
    #[arg(long, short, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    duration: Duration,
    /// How long messages are sent before that.
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    warm_up: Duration,
    /// Threads that send and receive; keep some processor for the server.
    #[arg(long, value_name = "N", default_value = "1")]
    threads: NonZeroUsize,
    /// The server's process on this machine: tells its CPU time and memory.
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// Write the figures there as JSON; `-` is standard output, in place of the text.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The longest run: a day.
const LONGEST: f64 = 86_400.0;

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if !(0.0..=LONGEST).contains(&seconds) {
        return Err(format!("not between 0 and {LONGEST} seconds"));
    }
    Ok(Duration::from_secs_f64(seconds))
}

impl Options {
    /// Puts the load on the server and prints the figures.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: the server cannot be reached, or gives no echo.
    /// - [`Error::Unusable`]: an option, or a file that cannot be written.
    pub fn run(&self) -> Result<Exit, Error> {
        if self.duration.is_zero() {
            return Err(Error::Unusable("--duration must be longer than 0 seconds".to_owned()));
        }
        raise_descriptor_limit();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(self.threads.get())
            .enable_all()
            .build();
        let work = run(self.plan()?);
        let outcome = runtime.map_err(io("cannot start"))?.block_on(until_signal(work))?;
        match &self.json {
            Some(path) if path.as_os_str() == "-" => print(&outcome.json()),
            Some(path) => {
                std::fs::write(path, outcome.json())
                    .map_err(io(format!("cannot write {}", path.display())))?;
                print(&outcome.to_string())
            }
            None => print(&outcome.to_string()),
        };
        Ok(differs(outcome.lost_connections > 0 || outcome.unanswered > 0))
    }

    fn plan(&self) -> Result<Plan, Error> {
        let bad_url = |error| Error::Unusable(format!("`{}`: {error}", self.url));
        Dialer::new(&self.url).map(drop).map_err(bad_url)?;
        let mut config = Config::default();
        if self.deflate {
            let deflate = Deflate::builder().threshold(0).build();
            config.deflate =
                Some(deflate.map_err(|error| Error::Unusable(format!("--deflate: {error}")))?);
        }
        let longest = usize::try_from(config.limits.max_message_len()).unwrap_or(usize::MAX);
        if self.len > longest {
            return Err(Error::Unusable(format!("--len: at most {longest} octets")));
        }
        Ok(Plan {
            url: self.url.clone(),
            connections: self.connections,
            pace: self.rate.map_or(Pace::InFlight(self.in_flight), Pace::PerSecond),
            payload_len: self.len,
            kind: if self.binary { MessageKind::Binary } else { MessageKind::Text },
            fragments: self.fragments,
            warm_up: self.warm_up,
            duration: self.duration,
            config,
            pid: self.pid,
        })
    }
}

/// As many connections as the system lets us have; where it does not, connecting tells.
fn raise_descriptor_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    let _ = setrlimit(Resource::Nofile, limit);
}
