//! The files we give the suite and those it gives back.

use std::path::Path;

use serde_json::{Value, json};
use ws_harness::Error;
use ws_harness::autobahn::index;
use ws_harness::autobahn::spec::{FuzzingClient, FuzzingServer};
use ws_harness::report::schema::{Behavior, BehaviorClose};

mod support;
use support::id;

#[test]
fn the_client_spec_names_server_agent_and_ids() {
    let ids = ["2.10", "2.9", "1.1.1"].map(id).into();
    let spec = FuzzingClient::new("ws://127.0.0.1:1", "ws-core", Path::new("/out"), &ids);
    assert_eq!(
        serde_json::to_value(&spec).unwrap(),
        json!({
            "outdir": "/out",
            "servers": [{"agent": "ws-core", "url": "ws://127.0.0.1:1"}],
            "cases": ["1.1.1", "2.9", "2.10"],
            "exclude-cases": [],
            "exclude-agent-cases": {},
        })
    );
}

#[test]
fn the_server_spec_names_port_and_ids() {
    let ids = ["6.4.3"].map(id).into();
    let spec = FuzzingServer::new(9123, Path::new("/out"), &ids);
    assert_eq!(
        serde_json::to_value(&spec).unwrap(),
        json!({
            "url": "ws://127.0.0.1:9123",
            "outdir": "/out",
            "cases": ["6.4.3"],
            "exclude-cases": [],
            "exclude-agent-cases": {},
        })
    );
}

fn entry(behavior: &str, close: &str) -> Value {
    json!({
        "behavior": behavior, "behaviorClose": close, "duration": 2, "remoteCloseCode": 1000,
        "reportfile": "x.json",
    })
}

fn read(index: &Value) -> Result<Vec<ws_harness::report::schema::Case>, Error> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("index.json");
    std::fs::write(&path, index.to_string()).unwrap();
    index::read(&path, "me")
}

#[test]
fn an_index_becomes_cases_in_numeric_order() {
    let never_opened = json!({
        "behavior": "FAILED", "behaviorClose": "FAILED", "duration": 1_790_000_000_000_u64,
        "remoteCloseCode": null, "reportfile": "x.json",
    });
    let index = json!({
        "me": {
            "10.1.1": entry("OK", "FAILED BY CLIENT"), "2.10": entry("NON-STRICT", "WRONG CODE"),
            "2.9": entry("UNIMPLEMENTED", "UNCLEAN"), "7.1.6": entry("INFORMATIONAL", "INFORMATIONAL"),
            "9.1.1": never_opened,
        },
        "somebody else": {"1.1.1": entry("OK", "OK")},
    });
    let cases = read(&index).unwrap();
    let ids: Vec<String> = cases.iter().map(|case| case.id.to_string()).collect();
    assert_eq!(ids, ["2.9", "2.10", "7.1.6", "9.1.1", "10.1.1"]);
    let verdicts: Vec<_> = cases.iter().map(|case| (case.behavior, case.behavior_close)).collect();
    assert_eq!(
        verdicts,
        [
            (Behavior::Unimplemented, BehaviorClose::Unclean),
            (Behavior::NonStrict, BehaviorClose::WrongCode),
            (Behavior::Informational, BehaviorClose::Informational),
            (Behavior::Failed, BehaviorClose::Failed),
            (Behavior::Ok, BehaviorClose::FailedByClient),
        ]
    );
    assert_eq!((cases[0].remote_close_code, cases[0].duration_ms), (Some(1000), Some(2)));
    // The time of day is no duration.
    assert_eq!((cases[3].remote_close_code, cases[3].duration_ms), (None, None));
}

#[test]
fn the_file_of_a_case_that_is_not_ok_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    let of = |behavior: &str, close: &str, reportfile: &str| {
        json!({"behavior": behavior, "behaviorClose": close, "duration": 2,
            "remoteCloseCode": null, "reportfile": reportfile})
    };
    put("why.json", r#"{"result": "No echo.", "resultClose": "TCP dropped.", "id": "x"}"#);
    put("bad.json", "{");
    let index = json!({"me": {
        "1.1.1": of("FAILED", "UNCLEAN", "why.json"),
        "1.1.2": of("FAILED", "OK", "why.json"),
        "1.1.3": of("OK", "UNCLEAN", "elsewhere/../why.json"),
        "1.1.4": of("OK", "OK", "why.json"),
        "1.1.5": of("FAILED", "OK", "bad.json"),
        "1.1.6": of("FAILED", "OK", "no-such.json"),
    }});
    put("index.json", &index.to_string());
    let cases = index::read(&dir.path().join("index.json"), "me").unwrap();
    let why: Vec<_> = cases.iter().map(|case| case.explanation.as_deref()).collect();
    let both = Some("No echo. TCP dropped.");
    assert_eq!(why, [both, Some("No echo."), Some("TCP dropped."), None, None, None]);
}

#[test]
fn an_index_that_says_nothing_of_the_agent_is_no_run() {
    for index in [json!({}), json!({"somebody else": {"1.1.1": entry("OK", "OK")}})] {
        assert!(matches!(read(&index), Err(Error::NothingRan(_))), "{index}");
    }
    let Err(Error::NothingRan(why)) = read(&json!({"\u{1b}[2J": {}})) else { panic!("it ran") };
    assert!(why.contains(r"it names: \u{1b}[2J") && !why.contains('\u{1b}'), "{why:?}");
    assert!(matches!(
        index::read(Path::new("/no/such/index.json"), "me"),
        Err(Error::NothingRan(_))
    ));
}

#[test]
fn a_malformed_index_is_refused() {
    for index in [
        json!([]),
        json!({"me": {"1.1.1": entry("Ok", "OK")}}),
        json!({"me": {"1.1.1": entry("OK", "NO CLOSE")}}),
        json!({"me": {"one": entry("OK", "OK")}}),
        json!({"me": {"1.1.1": {"behavior": "OK"}}}),
    ] {
        assert!(matches!(read(&index), Err(Error::Unusable(_))), "{index}");
    }
}

#[test]
fn an_agent_becomes_a_file_name_as_the_suite_makes_it() {
    for (agent, name) in [
        ("testee", "testee"),
        ("Raw/1.0 x", "raw_1_0_x"),
        ("ws-core", "ws_core"),
        ("  A//B ", "a__b"),
        ("../../etc", "etc"),
        ("é", ""),
    ] {
        assert_eq!(index::file_name_of(agent), name, "{agent}");
    }
}

#[test]
fn the_compose_file_pins_the_image_that_we_look_for() {
    let compose = include_str!("../../docker-compose.yml");
    let image = format!("crossbario/autobahn-testsuite:{}", ws_harness::autobahn::VERSION);
    assert!(compose.contains(&format!("${{AUTOBAHN_IMAGE:-{image}}}")));
    let source = include_str!("../src/autobahn/docker.rs");
    assert!(source.contains(&format!("\"{image}\"")));
}
