//! Load on an echo server: how many echoes come, how long they take, what they cost the server.
//!
//! ```text
//! Plan ─▶ connect all ─▶ warm-up ─▶ measured time ─▶ stragglers ─▶ Outcome
//!                           each connection: send, await, compare (load::connection)
//! ```
//!
//! | pace | what is sent when | latency is counted from |
//! |---|---|---|
//! | closed loop | a message for each echo that came | when it was sent: a server that stalls stops the load |
//! | open loop | on a schedule, whatever comes back | when it was due: a stall counts in full, for every message that it delays |
//!
//! The second form is free of what is called coordinated omission; its timer has a grain of a
//! millisecond, and how late messages left because of it is told beside the latencies.

mod connection;
mod outcome;
mod process;

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use ws_core::{Config, Message, MessageKind};

use crate::Error;
use crate::conformance::corpus::{Corpus, File};
use connection::{Latencies, Schedule, Tally, WebSocket};

pub use outcome::{Outcome, Percentiles, Server};
pub use process::Usage;

/// How many handshakes are under way at a time.
const CONNECTING: usize = 64;

/// Echoes of the measured time may come so long after it.
const STRAGGLERS: Duration = Duration::from_secs(2);

/// The longest latency that is told apart, in nanoseconds.
const HOUR: u64 = 3_600_000_000_000;

/// How many different messages are sent in turn.
const MESSAGES: usize = 16;

/// What to do to which server.
#[derive(Debug, Clone)]
pub struct Plan {
    /// An echo server.
    pub url: String,
    /// Connections at a time.
    pub connections: NonZeroUsize,
    /// When messages are sent.
    pub pace: Pace,
    /// Payload of each message, in octets.
    pub payload_len: usize,
    /// What each message is.
    pub kind: MessageKind,
    /// Frames of each message.
    pub fragments: NonZeroUsize,
    /// Sent before anything is counted.
    pub warm_up: Duration,
    /// Counted.
    pub duration: Duration,
    /// Of every connection.
    pub config: Config,
    /// The server's process, if it is on this machine.
    pub pid: Option<u32>,
}

/// When messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// So many at once on each connection, and one more for each echo.
    InFlight(NonZeroUsize),
    /// So many a second on all connections together.
    PerSecond(NonZeroU32),
}

/// Puts the load on the server; needs a tokio runtime.
///
/// # Errors
///
/// - [`Error::NothingRan`]: a connection could not be made, or no echo came.
/// - [`Error::Unusable`]: `pid` is no process that can be looked at.
pub async fn run(plan: Plan) -> Result<Outcome, Error> {
    let usage = |pid: Option<u32>| pid.map(Usage::of).transpose();
    let alone = usage(plan.pid)?;
    let sockets = connect_all(&plan).await?;
    let messages: Arc<[Message]> = messages(plan.kind, plan.payload_len).into();
    let deflate = sockets.first().is_some_and(|socket| socket.deflate().is_some());

    // Three digits, up to an hour: it cannot fail for these.
    let latencies = Histogram::new_with_max(HOUR, 3).expect("a valid precision");
    let latencies = Arc::new(Latencies::new(latencies));
    let began = Instant::now();
    let from = began + plan.warm_up;
    let until = from + plan.duration;
    let mut running = JoinSet::new();
    for (index, socket) in sockets.into_iter().enumerate() {
        let schedule = Schedule::of(&plan, index, began, from, until);
        let messages = Arc::clone(&messages);
        let mut tally = Tally::new(from, until, Arc::clone(&latencies));
        running.spawn(async move {
            let deadline = until + STRAGGLERS;
            let work = connection::drive(socket, &schedule, &messages, &mut tally);
            if tokio::time::timeout_at(deadline, work).await.is_err() {
                tally.given_up();
            }
            tally
        });
    }
    sleep_until(from).await;
    // A server that is gone by now has lost its connections, which is told.
    let before = usage(plan.pid).ok().flatten();
    sleep_until(until).await;
    let after = usage(plan.pid).ok().flatten();
    let mut sum = Tally::new(from, until, Arc::clone(&latencies));
    while let Some(tally) = running.join_next().await {
        match tally {
            Ok(tally) => sum.add(&tally),
            Err(error) => return Err(Error::NothingRan(format!("a connection: {error}"))),
        }
    }
    let server = match (alone, before, after) {
        (Some(alone), Some(before), Some(after)) => Some((alone, before, after)),
        _ => None,
    };
    let latencies = latencies.lock().unwrap_or_else(PoisonError::into_inner);
    Outcome::new(&plan, deflate, &sum, &latencies, server)
}

async fn connect_all(plan: &Plan) -> Result<Vec<WebSocket>, Error> {
    let mut sockets = Vec::new();
    let mut connecting = JoinSet::new();
    let mut begun = 0;
    while sockets.len() < plan.connections.get() {
        while connecting.len() < CONNECTING && begun < plan.connections.get() {
            let (url, config) = (plan.url.clone(), plan.config);
            connecting.spawn(async move { ws_core::tokio::connect(&url, config).await });
            begun += 1;
        }
        let error = match connecting.join_next().await {
            Some(Ok(Ok(socket))) => {
                sockets.push(socket);
                continue;
            }
            Some(Ok(Err(error))) => error.to_string(),
            Some(Err(error)) => error.to_string(),
            None => "none is left".to_owned(),
        };
        return Err(Error::NothingRan(format!(
            "{}: connection {} of {}: {error}; does an echo server run there?",
            plan.url,
            sockets.len() + 1,
            plan.connections
        )));
    }
    Ok(sockets)
}

/// Messages of `len` octets that differ, as compressible as what is usually sent.
fn messages(kind: MessageKind, len: usize) -> Vec<Message> {
    let file = match kind {
        MessageKind::Text => File::Json,
        MessageKind::Binary => File::Bitmap,
    };
    let windows = Corpus::standins().windows(file, len).take(MESSAGES);
    windows
        .map(|octets| match kind {
            // The file is ASCII, so that a window of characters is one of octets.
            MessageKind::Text => Message::from(String::from_utf8_lossy(&octets).into_owned()),
            MessageKind::Binary => Message::from(octets.into_owned()),
        })
        .collect()
}
