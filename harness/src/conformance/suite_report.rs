//! Results in the suite's own files: `index.json` and one file for each case, so that whatever reads
//! those goes on working. Descriptions are in our words.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use serde::Serialize as _;
use serde_json::{Map, Value, json};

use super::CaseId;
use super::case::{Adjust, Case, Closer, Event, Expect};
use super::record::{Excerpt, Traffic};
use super::run::{Played, milliseconds};
use super::wirelog::{self, hex};
use crate::report::schema::Role;

/// The file of one case; `stem` stands for the agent.
#[must_use]
pub fn file_name(stem: &str, id: &CaseId) -> String {
    format!("{stem}_case_{}.json", id.to_string().replace('.', "_"))
}

/// The case's entry in `index.json`; `file` is its own file.
#[must_use]
pub fn entry(played: &Played, file: &str) -> Value {
    let line = played.line();
    json!({
        "behavior": line.behavior,
        "behaviorClose": line.behavior_close,
        "duration": line.duration_ms.unwrap_or(0),
        "remoteCloseCode": line.remote_close_code,
        "reportfile": file,
    })
}

/// The case's own file. `index` is its place in the run, counted from 1.
#[must_use]
pub fn case(played: &Played, agent: &str, index: usize) -> Value {
    let Played { case, started, seen, judgement, .. } = played;
    let facts = &seen.facts;
    let head = |octets: &[u8]| match octets {
        [] => "?".to_owned(),
        octets => String::from_utf8_lossy(octets).into_owned(),
    };
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    put("agent", json!(agent));
    put("case", json!(index));
    put("id", json!(case.id));
    put("description", json!(case.about));
    put("expectation", json!(format!("{} ({})", case.rule.text, case.rule.section)));
    put("started", json!(started_at(*started)));
    put("duration", json!(seen.duration.map_or(0, milliseconds)));
    put("reportTime", json!(case.reports_time()));
    put("reportCompressionRatio", json!(case.reports_ratio()));
    put("behavior", json!(judgement.verdict.behavior));
    put("behaviorClose", json!(judgement.verdict.behavior_close));
    put("result", json!(judgement.behavior_why));
    put("resultClose", json!(judgement.close_why));
    put("expected", if facts.opened { expected(case) } else { json!({}) });
    put("received", seen.events.iter().map(event).collect());
    put("expectedClose", expected_close(case));
    put("isServer", json!(seen.role == Role::Server));
    put("closedByMe", json!(facts.closed_by_engine));
    put("failedByMe", json!(facts.failed_by_engine));
    put("droppedByMe", json!(facts.dropped_by_engine));
    put("wasClean", json!(facts.clean));
    put("wasNotCleanReason", json!(facts.not_clean_reason));
    put("wasServerConnectionDropTimeout", json!(facts.drop_timeout));
    put("wasOpenHandshakeTimeout", json!(facts.opening_timeout));
    put("wasCloseHandshakeTimeout", json!(facts.closing_timeout));
    put("localCloseCode", json!(facts.local_close_code));
    let reason = facts.local_close_reason.as_deref();
    let reason = reason.map(|reason| {
        // One that is not text is shown as hex, as the suite does in 7.5.1.
        std::str::from_utf8(reason).map_or_else(|_| hex(reason), str::to_owned)
    });
    put("localCloseReason", json!(reason));
    put("remoteCloseCode", json!(facts.remote_close_code));
    put("remoteCloseReason", json!(facts.remote_close_reason));
    put("httpRequest", json!(head(&seen.http_request)));
    put("httpResponse", json!(head(&seen.http_response)));
    put("rxOctetStats", json!(seen.log.octets_received));
    put("txOctetStats", json!(seen.log.octets_sent));
    put("rxFrameStats", json!(seen.log.frames_received));
    put("txFrameStats", json!(seen.log.frames_sent));
    put("trafficStats", seen.traffic.map_or(Value::Null, traffic));
    put("createStats", json!(true));
    put("createWirelog", json!(true));
    put("wirelog", wirelog::json(&seen.log));
    Value::Object(object)
}

fn started_at(time: SystemTime) -> String {
    let format = "%Y-%m-%dT%H:%M:%S%.3fZ";
    jiff::Timestamp::try_from(time)
        .map_or_else(|_| "unknown".to_owned(), |time| time.strftime(format).to_string())
}

fn event(event: &Event) -> Value {
    let shown = |octets: &[u8]| wirelog::payload(&Excerpt::of(octets));
    match event {
        Event::Message { binary, payload } => json!(["message", shown(&payload.octets()), binary]),
        Event::Pong(payload) => json!(["pong", shown(&payload.octets())]),
        Event::Timeout(tag) => json!(["timeout", tag.to_string()]),
    }
}

fn expected(case: &Case) -> Value {
    let Expect::Events { ok, non_strict } = &case.expect else { return json!({}) };
    let list = |events: &[Event]| events.iter().map(event).collect::<Value>();
    let mut lists = json!({ "OK": list(ok) });
    if let Some(non_strict) = non_strict {
        lists["NON-STRICT"] = list(non_strict);
    }
    lists
}

fn expected_close(case: &Case) -> Value {
    let mut expected = json!({
        "closeCode": case.close.codes,
        "closedByMe": case.close.closer == Closer::Engine,
        "requireClean": case.close.clean,
    });
    if case.adjust == Adjust::WrongCloserFails {
        expected["closedByWrongEndpointIsFatal"] = json!(true);
    }
    expected
}

#[expect(clippy::cast_precision_loss, reason = "ratios of a report, shown with a few digits")]
fn traffic((sent, received): (Traffic, Traffic)) -> Value {
    let ratio = |of: u64, to: u64| (to > 0).then(|| of as f64 / to as f64);
    let mut all = Map::new();
    for (way, counted) in [("outgoing", sent), ("incoming", received)] {
        let Traffic { wire, before_open, payload, application, frames, messages } = counted;
        let overhead = wire.saturating_sub(payload);
        for (name, value) in [
            (format!("{way}OctetsWireLevel"), json!(wire)),
            (format!("{way}OctetsWebSocketLevel"), json!(payload)),
            (format!("{way}OctetsAppLevel"), json!(application)),
            (format!("{way}CompressionRatio"), json!(ratio(payload, application))),
            (format!("{way}WebSocketOverhead"), json!(ratio(overhead, payload))),
            (format!("{way}WebSocketFrames"), json!(frames)),
            (format!("{way}WebSocketMessages"), json!(messages)),
            (format!("preopen{}OctetsWireLevel", capital(way)), json!(before_open)),
        ] {
            all.insert(name, value);
        }
    }
    Value::Object(all)
}

fn capital(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

/// Agent → case id → entry.
pub type Index = BTreeMap<String, BTreeMap<String, Value>>;

/// Writes `index.json` into `dir`.
///
/// # Errors
///
/// The file system refused.
pub fn write_index(dir: &Path, index: &Index) -> io::Result<()> {
    write(&dir.join("index.json"), &json!(index))
}

/// Writes JSON as the suite lays it out.
///
/// # Errors
///
/// The file system refused.
pub fn write(path: &Path, value: &Value) -> io::Result<()> {
    let mut text = Vec::new();
    let layout = serde_json::ser::PrettyFormatter::with_indent(b"   ");
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, layout))?;
    fs::write(path, text)
}
