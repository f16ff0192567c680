//! The engine's verdicts are the suite's: twenty odd servers, twenty-three cases.
//!
//! `data/truth-table.tsv` holds what Autobahn|Testsuite 25.10.1 said of servers that are odd in
//! these ways, as behaviour/close: F is FAILED, NS is NON-STRICT, I is INFORMATIONAL, UNC is
//! UNCLEAN, WC is WRONG CODE, FBC is FAILED BY CLIENT; `-` was not measured.

mod odd;

use std::collections::BTreeMap;
use std::sync::Arc;

use odd::Odd;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use ws_harness::conformance::cases;
use ws_harness::conformance::run::Settings;
use ws_harness::conformance::server_under_test::{Dial, play_case};
use ws_harness::report::schema::{Behavior, BehaviorClose, Verdict};

const TABLE: &str = include_str!("data/truth-table.tsv");

/// Cases at a time. More would make the second that a case gives a server too short for it.
const JOBS: usize = 48;

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

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_on_twenty_odd_servers() {
    let mut rows = TABLE.lines().map(|line| line.split('\t').collect::<Vec<&str>>());
    let ids = rows.next().unwrap();
    let settings = Settings::default();
    let mut wanted = BTreeMap::new();
    let mut waiting = Vec::new();
    for row in rows {
        let server = row[0];
        let address = Odd::named(server).listen().await;
        for (id, verdict) in ids.iter().zip(&row).skip(1).filter(|(_, verdict)| **verdict != "-") {
            wanted.insert((server, *id), verdict.to_string());
            waiting.push((server, *id, address));
        }
        assert_eq!(row.len(), 24, "{server}");
    }
    assert_eq!(wanted.len(), 20 * 23 - 1);
    // Those that may last longest go first.
    waiting.sort_by_key(|(_, id, _)| *id != "10.1.1" && *id != "9.1.1");
    let mut waiting = waiting.into_iter();
    let mut playing = JoinSet::new();
    let mut wrong = Vec::new();
    loop {
        while playing.len() < JOBS {
            let Some((server, id, address)) = waiting.next() else { break };
            let case = Arc::new(cases::find(&id.parse().unwrap()).unwrap().clone());
            let settings = settings.clone();
            playing.spawn(async move {
                let stream = TcpStream::connect(address).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let dial =
                    Dial { resource: "/".into(), host: address.to_string(), ..Dial::default() };
                (server, id, play_case(case, stream, &dial, &settings).await)
            });
        }
        let Some(played) = playing.join_next().await else { break };
        let (server, id, played) = played.unwrap();
        let (found, wanted) = (shown(played.judgement.verdict), &wanted[&(server, id)]);
        if found != *wanted {
            wrong.push(format!("{server} {id}: {found}, not {wanted}: {:?}", played.judgement));
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}
