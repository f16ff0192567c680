//! One connection under load: it sends by its schedule, and compares what comes back.
//!
//! In: a socket, a schedule, messages. Out: a [`Tally`]. Echoes come in the order of the messages, so
//! that the first one awaited is the one that comes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::{Instant, sleep_until};
use ws_core::tokio::ClientStream;
use ws_core::{Message, MessageKind, Misuse};

use super::{Pace, Plan};

pub(super) type WebSocket = ws_core::tokio::WebSocket<ClientStream>;

/// Octets of a frame besides its payload, at most.
const HEADER: usize = 14;

/// What one connection sends when.
pub(super) struct Schedule {
    pace: OnePace,
    fragments: usize,
    write_buffer: usize,
    until: Instant,
}

#[derive(Clone, Copy)]
enum OnePace {
    InFlight(usize),
    Every { interval: Duration, first: Instant },
}

impl Schedule {
    /// Of the connection `index`.
    pub(super) fn of(
        plan: &Plan,
        index: usize,
        began: Instant,
        from: Instant,
        until: Instant,
    ) -> Self {
        debug_assert!(began <= from && from <= until, "in the order of time");
        let pace = match plan.pace {
            Pace::InFlight(count) => OnePace::InFlight(count.get()),
            Pace::PerSecond(rate) => {
                let connections = u32::try_from(plan.connections.get()).unwrap_or(u32::MAX);
                let apart = Duration::from_secs(1) / rate.get();
                let index = u32::try_from(index).unwrap_or(u32::MAX);
                let (interval, after) =
                    (apart.saturating_mul(connections), apart.saturating_mul(index));
                OnePace::Every {
                    interval: interval.max(Duration::from_nanos(1)),
                    first: began + after,
                }
            }
        };
        let fragments = plan.fragments.get();
        Self { pace, fragments, write_buffer: plan.config.limits.max_write_buffer(), until }
    }
}

/// Nanoseconds from when each message of the measured time was due to its echo, all connections: one
/// for each of ten thousand would take more memory than the connections.
pub(super) type Latencies = Mutex<Histogram<u64>>;

/// What has come of a connection, or of all of them.
pub(super) struct Tally {
    from: Instant,
    until: Instant,
    latencies: Arc<Latencies>,
    /// Echoes that came in the measured time.
    pub(super) echoes: u64,
    /// Messages without an echo, of the warm-up as well: whoever falls silent there has no others.
    pub(super) unanswered: u64,
    /// How late the latest message of the measured time left.
    pub(super) latest: Duration,
    /// Connections that ended before their time, and why the first of them did.
    pub(super) lost: usize,
    pub(super) why: Option<String>,
    awaited: VecDeque<Instant>,
}

impl Tally {
    /// Of messages that are due from `from` until `until`.
    pub(super) fn new(from: Instant, until: Instant, latencies: Arc<Latencies>) -> Self {
        Self {
            from,
            until,
            latencies,
            echoes: 0,
            unanswered: 0,
            latest: Duration::ZERO,
            lost: 0,
            why: None,
            awaited: VecDeque::new(),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.echoes += other.echoes;
        self.unanswered += other.unanswered;
        self.latest = self.latest.max(other.latest);
        self.lost += other.lost;
        if self.why.is_none() {
            self.why.clone_from(&other.why);
        }
    }

    fn counts(&self, due: Instant) -> bool {
        due >= self.from && due < self.until
    }

    fn echo(&mut self, now: Instant) {
        let Some(due) = self.awaited.pop_front() else { return };
        if self.counts(due) {
            let nanoseconds = u64::try_from(now.saturating_duration_since(due).as_nanos());
            let mut latencies = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
            latencies.saturating_record(nanoseconds.unwrap_or(u64::MAX));
        }
        if self.counts(now) {
            self.echoes += 1;
        }
    }

    /// What is still awaited will not come.
    pub(super) fn given_up(&mut self) {
        self.unanswered += u64::try_from(self.awaited.len()).unwrap_or(u64::MAX);
        self.awaited.clear();
    }

    fn lost(&mut self, why: String) {
        self.lost += 1;
        self.why = Some(why);
        self.given_up();
    }
}

/// Drives the connection until its time is over and all its echoes are there.
pub(super) async fn drive(
    mut socket: WebSocket,
    schedule: &Schedule,
    messages: &[Message],
    tally: &mut Tally,
) {
    let ran = match schedule.pace {
        OnePace::InFlight(count) => closed(&mut socket, schedule, count, messages, tally).await,
        OnePace::Every { interval, first } => {
            open(&mut socket, schedule, interval, first, messages, tally).await
        }
    };
    match ran {
        // How the server closes is not what is measured.
        Ok(()) => drop(socket.close(ws_core::CloseCode::NORMAL, "").await),
        Err(why) => tally.lost(why),
    }
}

async fn closed(
    socket: &mut WebSocket,
    schedule: &Schedule,
    count: usize,
    messages: &[Message],
    tally: &mut Tally,
) -> Result<(), String> {
    let mut next = messages.iter().cycle().peekable();
    let mut expected = messages.iter().cycle();
    // What does not fit is sent behind the next echo: to wait for room would be to wait for a server
    // that waits for us to read.
    let mut owed = count;
    loop {
        let now = Instant::now();
        while owed > 0 && now < schedule.until {
            let Some(message) = next.peek() else { break };
            if !queue(socket, message, schedule)? {
                break;
            }
            next.next();
            tally.awaited.push_back(now);
            owed -= 1;
        }
        if tally.awaited.is_empty() {
            return Ok(());
        }
        echo(socket, expected.next()).await?;
        tally.echo(Instant::now());
        owed += 1;
    }
}

async fn open(
    socket: &mut WebSocket,
    schedule: &Schedule,
    interval: Duration,
    first: Instant,
    messages: &[Message],
    tally: &mut Tally,
) -> Result<(), String> {
    let mut next = messages.iter().cycle().peekable();
    let mut expected = messages.iter().cycle().peekable();
    let mut due = first;
    let timer = sleep_until(due);
    tokio::pin!(timer);
    loop {
        let now = Instant::now();
        while due <= now && due < schedule.until {
            let Some(message) = next.peek() else { break };
            if !queue(socket, message, schedule)? {
                // The server does not read: the rest is late, and its latency tells.
                break;
            }
            next.next();
            if tally.counts(due) {
                tally.latest = tally.latest.max(now.saturating_duration_since(due));
            }
            tally.awaited.push_back(due);
            due += interval;
        }
        let sends = due < schedule.until;
        if !sends && tally.awaited.is_empty() {
            return Ok(());
        }
        if sends {
            // What did not fit is tried again a little later, or after the next echo.
            timer.as_mut().reset(due.max(now + Duration::from_millis(1)));
        }
        tokio::select! {
            came = echo(socket, expected.peek().copied()) => {
                came?;
                expected.next();
                tally.echo(Instant::now());
            }
            () = timer.as_mut(), if sends => {}
        }
    }
}

/// Waits for the next message, which must be `expected`. Cancel-safe as `recv` is.
async fn echo(socket: &mut WebSocket, expected: Option<&Message>) -> Result<(), String> {
    match socket.recv().await {
        Ok(Some(message)) if expected == Some(&message) => Ok(()),
        Ok(Some(message)) => {
            let len = message.payload().len();
            Err(format!("a message of {len} octets is no echo; is it an echo server?"))
        }
        Ok(None) => Err("the server closed the connection".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Queues a message whole, or not at all if there is no room for it.
fn queue(socket: &mut WebSocket, message: &Message, schedule: &Schedule) -> Result<bool, String> {
    let payload = message.payload();
    let connection = socket.connection_mut();
    if schedule.fragments == 1 {
        return match connection.send(message) {
            Ok(()) => Ok(true),
            Err(Misuse::WriteBufferFull) => Ok(false),
            Err(error) => Err(error.to_string()),
        };
    }
    let queued = connection.output_len();
    if queued > 0 && queued + payload.len() + schedule.fragments * HEADER > schedule.write_buffer {
        return Ok(false);
    }
    let kind = match message {
        Message::Text(_) => MessageKind::Text,
        Message::Binary(_) => MessageKind::Binary,
    };
    let step = payload.len().div_ceil(schedule.fragments).max(1);
    let mut rest = &payload[..];
    for left in (0..schedule.fragments).rev() {
        let (fragment, behind) = rest.split_at(step.min(rest.len()));
        let sent = connection.send_fragment(kind, fragment, left == 0);
        sent.map_err(|error| error.to_string())?;
        rest = behind;
    }
    Ok(true)
}
