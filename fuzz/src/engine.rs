//! The conformance engine with a peer that says anything: it plays its case to an end, bounded.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use allocation_counter::measure;
use serde_json::Value;
use ws_harness::conformance::case::{Case, Step};
use ws_harness::conformance::cases;
use ws_harness::conformance::connection::{Connection, Fate, Pace};
use ws_harness::conformance::corpus::Corpus;
use ws_harness::conformance::opening::client::Request;
use ws_harness::conformance::opening::{deflate, server};
use ws_harness::conformance::page;
use ws_harness::conformance::run::Played;
use ws_harness::conformance::script::Play;
use ws_harness::conformance::{ask, suite_report};
use ws_harness::report::schema::Role;

use crate::input::pieces;

/// The key of RFC 6455 §1.3.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

/// What a case here sends at most, in octets: the others only take longer.
const MOST_SENT: usize = 5000;

/// Timers and turns that a case may need after all octets have come.
const MOST_STEPS: usize = 20_000;

static CASES: LazyLock<Vec<&'static Case>> =
    LazyLock::new(|| cases::all().iter().filter(|case| sends(case) <= MOST_SENT).collect());

/// Any octets from the peer in any case, as a server or a client, in any cut and with time passing:
/// the engine ends, judges, and writes its reports, in memory bound by what came and was sent. The
/// first octet seeds the cuts; of the second, bit 0 is the role, bit 1 a good opening handshake, bit 2
/// time that passes between the pieces; the next two choose the case.
pub fn engine_peer(octets: &[u8]) {
    let Some((&[seed, settings, high, low], wire)) = octets.split_first_chunk() else { return };
    let bit = |bit: u8| settings >> bit & 1 != 0;
    let case = CASES[usize::from(u16::from_be_bytes([high, low])) % CASES.len()];
    let role = if bit(0) { Role::Client } else { Role::Server };
    let offers = case.deflate.map(ask::offers);
    let request = Request {
        resource: "/".to_owned(),
        host: "localhost".to_owned(),
        user_agent: "engine".to_owned(),
        fields: Vec::new(),
        key: KEY.to_owned(),
        origin: None,
        protocols: Vec::new(),
        extensions: offers.clone(),
    };
    let asks = case.deflate.unwrap_or_default();
    let agreed = deflate::answer(&offers.unwrap_or_default(), asks).expect("our own offers");
    let (extensions, agreed) = agreed.unzip();
    let answer = server::answer("peer", KEY, extensions.as_deref());
    let corpus = Corpus::standins();
    let mut told = None;
    let allocated = measure(|| {
        let connection = match role {
            Role::Client => Connection::dial(request, Pace::default()),
            Role::Server => {
                Connection::accept(&request.octets(), answer.clone(), agreed, Pace::default())
            }
        };
        let mut play = Play::new(case, corpus, connection);
        let mut now = Duration::ZERO;
        settle(&mut play, now);
        if role == Role::Client && bit(1) {
            play.handle_input(now, &answer);
        }
        for piece in pieces(seed, wire) {
            settle(&mut play, now);
            if play.connection.fate() != Fate::Up {
                break;
            }
            if bit(2)
                && let Some(due) = play.connection.deadline()
            {
                now = now.max(due);
            }
            play.handle_input(now, piece);
        }
        let mut steps = 0;
        loop {
            settle(&mut play, now);
            let due = play.connection.deadline();
            let Some(due) = due.filter(|_| play.connection.fate() == Fate::Up) else { break };
            now = now.max(due);
            steps += 1;
            assert!(steps < MOST_STEPS, "a case that does not end");
        }
        told = Some(judge(play, case, now, role));
    });
    let (page, report) = told.expect("it was played");
    // The page is plain text: what the peer said is in the middle of lines, and starts none.
    assert!(page.chars().all(|octet| octet == '\n' || !octet.is_control()), "{page:?}");
    assert_eq!(report.to_string().parse().ok(), Some(report), "JSON, read again");
    let expands = if case.deflate.is_some() { 1100 } else { 1 };
    let most = 2 * 1024 * 1024 + 64 * (wire.len() + MOST_SENT) + 4 * expands * wire.len();
    assert!(allocated.bytes_max <= most as u64, "{}: {allocated:?}", case.id);
}

/// Lets happen what is due, and writes all that is ready.
fn settle(play: &mut Play<'_>, now: Duration) {
    play.handle_time(now);
    let mut turns = 0;
    loop {
        let out = play.connection.outgoing();
        let (ready, turning) = (out.ready().len(), out.wants_turn());
        out.wrote(ready);
        if !turning && ready == 0 {
            return;
        }
        if turning {
            play.connection.turn();
        }
        turns += 1;
        assert!(turns < MOST_STEPS, "a turn that does not end");
    }
}

fn judge(play: Play<'_>, case: &Case, now: Duration, role: Role) -> (String, Value) {
    let seen = play.finish(now, role);
    let played = Played::new(Arc::new(case.clone()), SystemTime::UNIX_EPOCH, seen);
    assert_eq!(played.line().id, case.id);
    let report = suite_report::case(&played, "agent", 0);
    assert!(report.is_object());
    (page::page(&played), report)
}

/// Octets that a case sends, about.
fn sends(case: &Case) -> usize {
    let of_step = |step: &Step| match step {
        Step::Frame(frame) => frame.payload.len(),
        Step::Message { payload, .. } | Step::FramePiece(payload) => payload.len(),
        Step::RoundTrips(_) => usize::MAX / 1000,
        _ => 0,
    };
    case.send.iter().map(of_step).sum()
}
