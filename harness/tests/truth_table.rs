//! The engine's verdicts are the suite's: twenty odd servers and eighteen odd clients, each in
//! twenty-three cases.
//!
//! `data/truth-table-servers.tsv` and `data/truth-table-clients.tsv` hold what Autobahn|Testsuite
//! 25.10.1 said of endpoints that are odd in these ways, as behaviour/close: F is FAILED, NS is
//! NON-STRICT, I is INFORMATIONAL, UNC is UNCLEAN, WC is WRONG CODE, FBC is FAILED BY CLIENT; `-`
//! was not measured.

mod odd;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use odd::Odd;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use ws_harness::conformance::cases;
use ws_harness::conformance::client_under_test::Server;
use ws_harness::conformance::results::Results;
use ws_harness::conformance::run::Settings;
use ws_harness::conformance::server_under_test::{Dial, play_case};
use ws_harness::report::schema::{Behavior, BehaviorClose, Verdict};

const SERVERS: &str = include_str!("data/truth-table-servers.tsv");
const CLIENTS: &str = include_str!("data/truth-table-clients.tsv");

/// Cases at a time. More would make the second that a case gives an endpoint too short for it.
const JOBS: usize = 48;

/// The longest case, 10.1.1 against a silent endpoint, takes eleven seconds.
const LONGEST: Duration = Duration::from_secs(20);

/// One cell: who, which case, and the suite's verdict.
#[derive(Debug, Clone, Copy)]
struct Cell {
    who: &'static str,
    id: &'static str,
    verdict: &'static str,
}

/// The cells that were measured, those that may last longest first.
fn cells(table: &'static str) -> Vec<Cell> {
    let mut rows = table.lines().map(|line| line.split('\t').collect::<Vec<&str>>());
    let ids = rows.next().unwrap();
    let mut cells = Vec::new();
    for row in rows {
        assert_eq!(row.len(), 24, "{row:?}");
        let measured = ids.iter().zip(&row).skip(1).filter(|(_, verdict)| **verdict != "-");
        cells.extend(measured.map(|(id, verdict)| Cell { who: row[0], id, verdict }));
    }
    cells.sort_by_key(|cell| cell.id != "10.1.1" && cell.id != "9.1.1");
    cells
}

fn shown(verdict: Verdict) -> String {
    let behavior = match verdict.behavior {
        Behavior::Ok => "OK",
        Behavior::Informational => "I",
        Behavior::NonStrict => "NS",
        Behavior::Unimplemented => "U",
        Behavior::Failed => "F",
    };
    let close = match verdict.behavior_close {
        BehaviorClose::Ok => "OK",
        BehaviorClose::Informational => "I",
        BehaviorClose::FailedByClient => "FBC",
        BehaviorClose::WrongCode => "WC",
        BehaviorClose::Unclean => "UNC",
        BehaviorClose::Failed => "F",
    };
    format!("{behavior}/{close}")
}

/// Plays every cell, several at a time; `play` says what the engine's verdict is, and why.
async fn hold<F>(table: &'static str, count: usize, play: impl Fn(Cell) -> F)
where
    F: Future<Output = (Verdict, String)> + Send + 'static,
{
    let cells = cells(table);
    assert_eq!(cells.len(), count);
    let mut waiting = cells.into_iter();
    let mut playing = JoinSet::new();
    let mut wrong = Vec::new();
    loop {
        while playing.len() < JOBS {
            let Some(cell) = waiting.next() else { break };
            let played = play(cell);
            playing.spawn(async move { (cell, played.await) });
        }
        let Some(played) = playing.join_next().await else { break };
        let (Cell { who, id, verdict }, (found, why)) = played.unwrap();
        if shown(found) != verdict {
            wrong.push(format!("{who} {id}: {}, not {verdict}: {why}", shown(found)));
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_on_twenty_odd_servers() {
    let settings = Settings::default();
    hold(SERVERS, 20 * 23 - 1, |Cell { who, id, .. }| {
        let settings = settings.clone();
        async move {
            let case = Arc::new(cases::find(&id.parse().unwrap()).unwrap().clone());
            let address = Odd::named(who).listen().await;
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            let dial = Dial { resource: "/".into(), host: address.to_string(), ..Dial::default() };
            let played = play_case(case, stream, &dial, &settings).await;
            (played.judgement.verdict, format!("{:?}", played.judgement))
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_on_eighteen_odd_clients() {
    let all = cases::all().iter().map(|case| Arc::new(case.clone())).collect();
    let server = Server::new(all, Settings::default(), Results::new(None).unwrap(), |_, _| false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let serving = Arc::clone(&server);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = Arc::clone(&serving);
            tokio::spawn(async move { drop(server.serve(stream).await) });
        }
    });
    hold(CLIENTS, 18 * 23 - 1, |Cell { who, id, .. }| {
        let server = Arc::clone(&server);
        async move {
            let resource = format!("/runCase?casetuple={id}&agent={who}");
            let mut news = server.news();
            let id = id.parse().unwrap();
            let visit = async {
                Odd::named(who).visit(address, &resource).await;
                // The client may be gone before the engine has seen it go.
                let line = || server.results(|results| results.line(who, &id).cloned());
                while line().is_none() {
                    news.changed().await.unwrap();
                }
                line().unwrap()
            };
            let line = tokio::time::timeout(LONGEST, visit).await.expect("the case ends");
            (line.verdict(), format!("{line:?}"))
        }
    })
    .await;
}
