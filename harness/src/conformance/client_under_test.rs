//! The fuzzing server: clients come, ask for cases on the suite's control paths, and are judged.
//!
//! In: cases, a stream for each connection. Out: results of every agent. Connections are served
//! side by side, also those of one client, and of several clients.
//!
//! | path | query | what happens |
//! |---|---|---|
//! | `/getCaseCount` | | a text with the number of cases, then Close |
//! | `/runCase` | `case` or `casetuple`, `agent` | the case is played |
//! | `/getCaseInfo` | `case` or `casetuple` | a text with its id and description, then Close |
//! | `/getCaseStatus` | `case` or `casetuple`, `agent` | a text with its behaviour once it is done, if the client stays |
//! | `/updateReports` | `agent`, `shutdownOnComplete` | the reports are written once no case of `agent` runs, then Close |
//! | `/stopServer` | | the server stops |

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;

use super::CaseId;
use super::case::{Adjust, Case, Closer, Expect, ExpectClose, Frame, Opcode, Rule, Step, Write};
use super::connection::{Connection, without_control};
use super::opening::deflate;
use super::opening::head::Head;
use super::opening::server::{Asked, Refusal, answer, check};
use super::payload::Payload;
use super::play;
use super::record::{Facts, Log};
use super::results::Results;
use super::run::{ENGINE, Played, Settings};
use super::script::{Play, Seen};
use super::transport::Transport;
use crate::report::schema::Role;

/// A request takes this long at most, what TLS says before it as long again, and it is this long at
/// most.
pub(crate) const OPENING: Duration = Duration::from_secs(5);
const LONGEST_REQUEST: usize = 64 * 1024;

/// What a person sees who points a browser here.
const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Connection: close\r\n\r\nA WebSocket conformance server. Clients ask for /getCaseCount, \
    /runCase?case=N&agent=NAME and /updateReports?agent=NAME.\n";

/// What all connections of a run share.
pub struct Server {
    cases: Vec<Arc<Case>>,
    settings: Settings,
    results: Mutex<Results>,
    news: watch::Sender<News>,
    excludes: Excludes,
}

/// Whether an agent is not to be judged by a case.
type Excludes = Box<dyn Fn(&str, &CaseId) -> bool + Send + Sync>;

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("results", &self.results).finish_non_exhaustive()
    }
}

/// What has happened so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct News {
    /// Cases begun.
    pub begun: usize,
    /// The last of them.
    pub last: Option<CaseId>,
    /// Cases done.
    pub done: usize,
    /// How many of the cases begun are not done, by agent; none is not there.
    pub running: BTreeMap<String, usize>,
    /// Connections that wait for the status of a case, and do nothing else.
    pub waiting: usize,
    /// How often reports were written.
    pub reports: usize,
    /// Somebody has asked the server to stop.
    pub stop: bool,
}

/// Where a request leads.
enum Route {
    Say(String),
    Run { index: usize, agent: String },
    Status { index: usize, agent: String },
    Report { agent: String, stop: bool },
    Stop,
}

impl Server {
    /// For these cases, which clients know by their place in the list, counted from 1. A case that
    /// `excludes` says is not for an agent is closed at once and has neither verdict nor status.
    #[must_use]
    pub fn new(
        cases: Vec<Arc<Case>>,
        settings: Settings,
        results: Results,
        excludes: impl Fn(&str, &CaseId) -> bool + Send + Sync + 'static,
    ) -> Arc<Self> {
        let (news, _) = watch::channel(News::default());
        let (results, excludes) = (Mutex::new(results), Box::new(excludes));
        Arc::new(Self { cases, settings, results, news, excludes })
    }

    /// What happens, as it happens.
    #[must_use]
    pub fn news(&self) -> watch::Receiver<News> {
        self.news.subscribe()
    }

    /// The results so far.
    pub fn results<T>(&self, read: impl FnOnce(&Results) -> T) -> T {
        read(&self.results.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Serves one connection to its end.
    ///
    /// # Errors
    ///
    /// The stream failed before the case began, or a report could not be written.
    pub async fn serve<T: Transport>(&self, mut stream: T) -> io::Result<()> {
        let mut input = Vec::new();
        let reading = read_head(&mut stream, &mut input);
        let Ok(len) = tokio::time::timeout(OPENING, reading).await else { return Ok(()) };
        let mut rest = input.split_off(len?);
        let request = Head::read(&input);
        let asked = match check(&request) {
            Ok(asked) => asked,
            Err(refusal) if refusal.status == 426 => {
                return stream.write_all(PAGE.as_bytes()).await;
            }
            Err(refusal) => return stream.write_all(&refusal.octets()).await,
        };
        let Some(route) = self.route(&asked) else {
            return stream.write_all(&Refusal::internal().octets()).await;
        };
        match route {
            Route::Run { index, agent } | Route::Status { index, agent }
                if (self.excludes)(&agent, &self.cases[index].id) =>
            {
                self.say(stream, &input, &rest, &asked, None).await?;
            }
            Route::Run { index, agent } => {
                self.run(stream, &input, &rest, asked, index, agent).await?;
            }
            Route::Say(text) => self.say(stream, &input, &rest, &asked, Some(text)).await?,
            Route::Status { index, agent } => {
                let waiting = Waiting::begin(&self.news);
                let behavior = tokio::select! {
                    behavior = self.behavior(index, &agent) => behavior,
                    // Nobody is there to be told.
                    () = end_of(&mut stream, &mut rest) => return Ok(()),
                };
                drop(waiting);
                let text = json!({ "behavior": behavior }).to_string();
                self.say(stream, &input, &rest, &asked, Some(text)).await?;
            }
            Route::Report { agent, stop } => {
                // A client sees the end of a case before its verdict is written down.
                let mut news = self.news();
                let _ = news.wait_for(|news| !news.running.contains_key(&agent)).await;
                self.results(Results::sum_up)?;
                self.say(stream, &input, &rest, &asked, None).await?;
                self.news.send_modify(|news| {
                    news.reports += 1;
                    news.stop |= stop;
                });
            }
            Route::Stop => self.news.send_modify(|news| news.stop = true),
        }
        Ok(())
    }

    /// `None` for what the suite answers with 500: parameters missing, twice or unknown.
    fn route(&self, asked: &Asked) -> Option<Route> {
        let one = |name: &str| {
            let mut values = asked.query.iter().filter(|(found, _)| found == name);
            let first = values.next().map(|(_, value)| value.clone());
            if values.next().is_some() { Err(()) } else { Ok(first) }
        };
        let agent = one("agent").ok()?;
        let place = |id: &str| self.cases.iter().position(|case| case.id.to_string() == id.trim());
        let by_id = match one("casetuple").ok()? {
            Some(id) => Some(place(&id)?),
            None => None,
        };
        let by_number = match one("case").ok()? {
            Some(number) => {
                let number: usize = number.trim().parse().ok()?;
                Some(number.checked_sub(1).filter(|index| *index < self.cases.len())?)
            }
            None => None,
        };
        let index = by_number.or(by_id);
        let stop = one("shutdownOnComplete").ok()?;
        let stop = stop.is_some_and(|stop| ["true", "yes"].contains(&&*stop.to_lowercase()));
        Some(match asked.path.as_str() {
            "/runCase" => Route::Run { index: index?, agent: agent? },
            "/getCaseStatus" => Route::Status { index: index?, agent: agent? },
            "/getCaseCount" => Route::Say(self.cases.len().to_string()),
            "/getCaseInfo" => {
                let case = &self.cases[index?];
                let (id, about) = (&case.id, &case.about);
                Route::Say(json!({ "id": id, "description": about }).to_string())
            }
            "/updateReports" => Route::Report { agent: agent?, stop },
            "/stopServer" => Route::Stop,
            _ => return None,
        })
    }

    async fn run<T: Transport>(
        &self,
        mut stream: T,
        request: &[u8],
        rest: &[u8],
        asked: Asked,
        index: usize,
        agent: String,
    ) -> io::Result<()> {
        let case = Arc::clone(&self.cases[index]);
        let running = Running::begin(&self.news, &agent, &case.id);
        let started = SystemTime::now();
        let seen = match deflate::answer(&asked.extensions, case.deflate.unwrap_or_default()) {
            Ok(taken) => {
                let (text, agreed) = taken.unzip();
                let answer = answer(ENGINE, &asked.key, text.as_deref());
                let pace = self.settings.pace;
                let connection = Connection::accept(request, answer, agreed, pace);
                let mut play = Play::new(&case, &self.settings.corpus, connection);
                if !rest.is_empty() {
                    play.handle_time(Duration::ZERO);
                    play.handle_input(Duration::ZERO, rest);
                }
                play::play(play, stream, Role::Server, self.settings.patience).await
            }
            Err(why) => {
                let why = without_control(&why);
                // The suite refuses the handshake then, and the case is lost.
                let refusal = Refusal { status: 400, reason: why.clone(), field: None }.octets();
                // The peer may be gone, or not read; its verdict is the same.
                let _ = tokio::time::timeout(OPENING, stream.write_all(&refusal)).await;
                never_opened(request, refusal, why)
            }
        };
        let played = Played::new(case, started, seen);
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let added = results.add(&agent, index + 1, &played);
        drop(results);
        drop(running);
        added
    }

    /// Says `text`, if any, and closes.
    async fn say<T: Transport>(
        &self,
        stream: T,
        request: &[u8],
        rest: &[u8],
        asked: &Asked,
        text: Option<String>,
    ) -> io::Result<()> {
        let case = saying(text);
        let answer = answer(ENGINE, &asked.key, None);
        let connection = Connection::accept(request, answer, None, self.settings.pace);
        let mut play = Play::new(&case, &self.settings.corpus, connection);
        if !rest.is_empty() {
            play.handle_time(Duration::ZERO);
            play.handle_input(Duration::ZERO, rest);
        }
        let seen = play::play(play, stream, Role::Server, self.settings.patience).await;
        if seen.facts.opened { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// The behaviour of a case once it is done; waits for that as long as it takes.
    async fn behavior(&self, index: usize, agent: &str) -> &'static str {
        let id = &self.cases[index].id;
        let mut news = self.news();
        loop {
            let known = self.results(|results| Some(results.line(agent, id)?.behavior.name()));
            if let Some(behavior) = known {
                return behavior;
            }
            if news.changed().await.is_err() {
                return "FAILED";
            }
        }
    }
}

/// A case of an agent, from its request to its verdict, however it ends.
struct Running<'a> {
    news: &'a watch::Sender<News>,
    agent: &'a str,
}

impl<'a> Running<'a> {
    fn begin(news: &'a watch::Sender<News>, agent: &'a str, id: &CaseId) -> Self {
        news.send_modify(|news| {
            news.begun += 1;
            news.last = Some(id.clone());
            *news.running.entry(agent.to_owned()).or_default() += 1;
        });
        Self { news, agent }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.news.send_modify(|news| {
            news.done += 1;
            match news.running.get_mut(self.agent) {
                Some(more) if *more > 1 => *more -= 1,
                _ => drop(news.running.remove(self.agent)),
            }
        });
    }
}

/// A connection that waits for the status of a case, however that ends.
struct Waiting<'a>(&'a watch::Sender<News>);

impl<'a> Waiting<'a> {
    fn begin(news: &'a watch::Sender<News>) -> Self {
        news.send_modify(|news| news.waiting += 1);
        Self(news)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|news| news.waiting -= 1);
    }
}

/// Ends with the stream, or when it says more than there is to say so early; keeps what it says.
async fn end_of<T: Transport>(stream: &mut T, rest: &mut Vec<u8>) {
    while rest.len() <= LONGEST_REQUEST && stream.read_buf(rest).await.is_ok_and(|len| len > 0) {}
}

async fn read_head<T: Transport>(stream: &mut T, input: &mut Vec<u8>) -> io::Result<usize> {
    loop {
        if let Some(len) = Head::len_in(input) {
            return Ok(len);
        }
        if input.len() > LONGEST_REQUEST || stream.read_buf(input).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// A control path's answer as a case: it says something and closes; nothing is expected.
fn saying(text: Option<String>) -> Case {
    let message = text.map(|text| {
        let payload = Payload::from(text.into_bytes());
        let write = Write::Plain;
        Step::Frame(Frame { opcode: Opcode::TEXT, fin: true, rsv: 0, payload, write })
    });
    let close = Step::Close { code: None, reason: None };
    Case {
        id: "0.0".parse().expect("numbers with a dot between"),
        group: "control",
        subgroup: "control",
        about: String::new(),
        rule: Rule { section: "", text: "" },
        send: message.into_iter().chain([close]).collect(),
        expect: Expect::Events { ok: Vec::new(), non_strict: None },
        close: ExpectClose { closer: Closer::Engine, clean: false, codes: Vec::new() },
        adjust: Adjust::Nothing,
        auto_close: false,
        deflate: None,
    }
}

fn never_opened(request: &[u8], answer: Vec<u8>, why: String) -> Seen {
    let facts = Facts { dropped_by_engine: true, not_clean_reason: Some(why), ..Facts::default() };
    Seen {
        role: Role::Server,
        facts,
        events: Vec::new(),
        judged: None,
        duration: None,
        log: Log::default(),
        traffic: None,
        http_request: request.to_vec(),
        http_response: answer,
    }
}
