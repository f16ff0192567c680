//! The fuzzing client: each case on a connection of its own to the server that is judged.
//!
//! In: cases, how to reach the server, settings. Out: each case as it is done, in any order.
//!
//! Cases run side by side, those that wait first. A case holds memory for the messages it sends
//! and receives: at most about 100 MiB for the longest of group 9, a few hundred KiB for others;
//! of the heavy ones no more than twice as many as there are cores run at a time.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::ask;
use super::case::Case;
use super::connection::Connection;
use super::opening::client::Request;
use super::opening::nonce;
use super::play;
use super::run::{ENGINE, Played, Settings, is_heavy, waits};
use super::script::Play;
use super::transport::Transport;
use crate::report::schema::Role;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection that is refused is tried again after these pauses: a server may be restarting.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(750)];

/// What the engine says in each opening handshake.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dial {
    /// Path and query.
    pub resource: String,
    /// `host:port`.
    pub host: String,
    /// Fields to add, in this order.
    pub fields: Vec<(String, String)>,
    /// `Origin`.
    pub origin: Option<String>,
    /// Subprotocols to offer.
    pub protocols: Vec<String>,
}

impl Dial {
    fn request(&self, case: &Case) -> Request {
        Request {
            resource: self.resource.clone(),
            host: self.host.clone(),
            user_agent: ENGINE.to_owned(),
            fields: self.fields.clone(),
            key: nonce(random()),
            origin: self.origin.clone(),
            protocols: self.protocols.clone(),
            extensions: case.deflate.map(ask::offers),
        }
    }
}

fn random() -> [u8; 16] {
    use std::hash::{BuildHasher as _, Hasher as _};
    let half = || std::hash::RandomState::new().build_hasher().finish();
    (u128::from(half()) << 64 | u128::from(half())).to_be_bytes()
}

/// Plays one case over `stream`, whatever that is.
pub async fn play_case<T: Transport>(
    case: Arc<Case>,
    stream: T,
    dial: &Dial,
    settings: &Settings,
) -> Played {
    let started = SystemTime::now();
    let connection = Connection::dial(dial.request(&case), settings.pace);
    let play = Play::new(&case, &settings.corpus, connection);
    let seen = play::play(play, stream, Role::Client, settings.patience).await;
    Played::new(case, started, seen)
}

/// A run against a server.
#[derive(Debug, Clone)]
pub struct Run {
    /// What to play.
    pub cases: Vec<Arc<Case>>,
    /// What to say first.
    pub dial: Dial,
    /// Timers and payload.
    pub settings: Settings,
    /// Cases at a time.
    pub jobs: usize,
    /// Tries of a case that fails, besides the first. The last one counts.
    pub retries: usize,
}

/// What a run that goes on tells of itself.
#[derive(Debug)]
pub enum News {
    /// This case begins.
    Begins(Arc<Case>),
    /// It is done.
    Done(Box<Played>),
}

/// Whether the run is to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoOn {
    /// With the next case.
    Yes,
    /// No more cases are begun.
    No,
}

/// Plays all cases, and tells `hear` of each; connections come from `connect`.
///
/// # Errors
///
/// A connection could not be made, after several tries. Cases that were running then are done and
/// told; no more are begun.
pub async fn run<C, F, T>(
    run: Run,
    connect: C,
    mut hear: impl FnMut(News) -> GoOn,
) -> io::Result<()>
where
    C: Fn() -> F + Clone + Send + Sync + 'static,
    F: Future<Output = io::Result<T>> + Send,
    T: Transport + 'static,
{
    let Run { mut cases, dial, settings, jobs, retries } = run;
    cases.sort_by_key(|case| !waits(case));
    // Twice the cores: while one waits for its echo, another has the core.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let heavy = Arc::new(Semaphore::new((2 * cores).min(jobs)));
    let dial = Arc::new(dial);
    let mut waiting = cases.into_iter();
    let mut playing = JoinSet::new();
    let mut outcome = Ok(());
    let mut go_on = GoOn::Yes;
    loop {
        while outcome.is_ok() && go_on == GoOn::Yes && playing.len() < jobs.max(1) {
            let Some(case) = waiting.next() else { break };
            go_on = hear(News::Begins(Arc::clone(&case)));
            let (connect, heavy, dial) = (connect.clone(), Arc::clone(&heavy), Arc::clone(&dial));
            let settings = settings.clone();
            playing.spawn(async move {
                let _slot = match is_heavy(&case) {
                    true => heavy.acquire_owned().await.ok(),
                    false => None,
                };
                let stream = patiently(&connect).await?;
                let mut played = play_case(Arc::clone(&case), stream, &dial, &settings).await;
                let mut earlier = Vec::new();
                while earlier.len() < retries && played.judgement.verdict.is_failure() {
                    // Of a server that is gone since, perhaps by this case, the verdict stands; that it
                    // is gone is for the next case to say.
                    let Ok(stream) = patiently(&connect).await else { break };
                    let again = play_case(Arc::clone(&case), stream, &dial, &settings).await;
                    earlier.push(std::mem::replace(&mut played, again).judgement.verdict);
                }
                Ok(Played { earlier, ..played })
            });
        }
        match playing.join_next().await {
            Some(Ok(Ok(played))) => {
                if hear(News::Done(Box::new(played))) == GoOn::No {
                    go_on = GoOn::No;
                }
            }
            Some(Ok(Err(error))) => outcome = Err(error),
            Some(Err(panicked)) => std::panic::resume_unwind(panicked.into_panic()),
            None => return outcome,
        }
    }
}

async fn patiently<C, F, T>(connect: &C) -> io::Result<T>
where
    C: Fn() -> F,
    F: Future<Output = io::Result<T>>,
{
    let mut pauses = PAUSES.into_iter();
    loop {
        let error = match tokio::time::timeout(CONNECT, connect()).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => error,
            Err(_) => {
                let seconds = CONNECT.as_secs();
                return Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    format!("no connection within {seconds} s"),
                ));
            }
        };
        let Some(pause) = pauses.next() else { return Err(error) };
        tokio::time::sleep(pause).await;
    }
}
