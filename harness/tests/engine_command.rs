//! `wsconf test` as a program, against our own server and client.

mod support;

use std::path::Path;

use serde_json::{Value, json};
use support::{Server, run, wsconf};

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn our_server_is_as_the_suite_wants_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let exclude = "9.* 12.* 13.*";
    let arguments = ["test", "server", server.url(), "--exclude", exclude, "--out", "out"];
    let (code, out, err) = run(wsconf(dir.path()).args(arguments).args(["--agent", "Ours/1.0 x"]));
    assert_eq!(code, 0, "{out}{err}");
    assert_eq!(out, "server: 247 cases: 244 OK/OK, 3 INFORMATIONAL\n");

    let report = json(&dir.path().join("out/report.json"));
    assert_eq!(report["suite"]["engine"], "native");
    assert_eq!(report["cases"].as_array().unwrap().len(), 247);
    let index = json(&dir.path().join("out/index.json"));
    let entries = index["Ours/1.0 x"].as_object().unwrap();
    assert_eq!(entries.len(), 247);
    let entry = &entries["1.1.2"];
    assert_eq!((&entry["behavior"], &entry["remoteCloseCode"]), (&"OK".into(), &1000.into()));
    assert_eq!(entry["reportfile"], "ours_1_0_x_case_1_1_2.json");
    let text = std::fs::read_to_string(dir.path().join("out/ours_1_0_x_case_1_1_2.json")).unwrap();
    assert!(
        text.starts_with("{\n   \"agent\": \"Ours/1.0 x\",\n   \"behavior\": \"OK\","),
        "{text}"
    );
    let case: Value = serde_json::from_str(&text).unwrap();
    let fields: Vec<&str> = case.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(fields, CASE_FIELDS);
    assert_eq!(case["case"], 2);
    assert_eq!(case["expected"]["OK"], case["received"]);
    assert_eq!(case["wirelog"][4], serde_json::json!(["KL", 1]));
    assert!(!dir.path().join("out/failures.txt").exists());

    // The index is one that `wsconf collect` takes.
    let collect = ["collect", "--role", "server", "--index", "out/index.json"];
    let (code, out, err) = run(wsconf(dir.path()).args(collect).args(["--agent", "Ours/1.0 x"]));
    assert_eq!(
        (code, out.as_str()),
        (0, "server: 247 cases: 244 OK/OK, 3 INFORMATIONAL\n"),
        "{err}"
    );
    // What it is of, its files tell.
    let collect = ["collect", "--role", "client", "--index", "out/index.json"];
    let (code, _, err) = run(wsconf(dir.path()).args(collect).args(["--agent", "Ours/1.0 x"]));
    assert!(code == 2 && err.contains("is a server there"), "{err}");
    assert!(!dir.path().join("reports/latest/autobahn-client.json").exists());
}

/// The fields of the suite's report of a case.
const CASE_FIELDS: [&str; 39] = [
    "agent",
    "behavior",
    "behaviorClose",
    "case",
    "closedByMe",
    "createStats",
    "createWirelog",
    "description",
    "droppedByMe",
    "duration",
    "expectation",
    "expected",
    "expectedClose",
    "failedByMe",
    "httpRequest",
    "httpResponse",
    "id",
    "isServer",
    "localCloseCode",
    "localCloseReason",
    "received",
    "remoteCloseCode",
    "remoteCloseReason",
    "reportCompressionRatio",
    "reportTime",
    "result",
    "resultClose",
    "rxFrameStats",
    "rxOctetStats",
    "started",
    "trafficStats",
    "txFrameStats",
    "txOctetStats",
    "wasClean",
    "wasCloseHandshakeTimeout",
    "wasNotCleanReason",
    "wasOpenHandshakeTimeout",
    "wasServerConnectionDropTimeout",
    "wirelog",
];

#[test]
fn our_client_is_as_the_suite_wants_it() {
    let dir = tempfile::tempdir().unwrap();
    let client =
        format!("'{}' --url \"$WS_URL\" --agent \"$WS_AGENT\"", env!("CARGO_BIN_EXE_ws-client"));
    let arguments = ["test", "client", "--command", &client, "--out", "out", "--agent", "ours"];
    let (code, out, err) =
        run(wsconf(dir.path()).args(arguments).args(["--cases", "1.* 6.4.* 7.*"]));
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.ends_with("client: 57 cases: 54 OK/OK, 3 INFORMATIONAL\n"), "{out}");
    assert_eq!(json(&dir.path().join("out/report.json"))["role"], "client");
    let case = json(&dir.path().join("out/ours_case_7_1_1.json"));
    assert_eq!((&case["isServer"], &case["case"]), (&true.into(), &21.into()));
}

/// What runs already is done after the file that could not be written: 5.19 takes a second.
#[test]
fn a_case_that_could_not_be_written_is_told_whatever_is_done_after_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    std::fs::create_dir_all(dir.path().join("out/testee_case_1_1_1.json")).unwrap();
    let cases = ["--cases", "1.1.1 5.19", "--jobs", "2", "--out", "out"];
    let (code, out, err) =
        run(wsconf(dir.path()).args(["test", "server", server.url()]).args(cases));
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("cannot write into out"), "{err}");
}

#[test]
fn a_quick_run_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let arguments = ["test", "server", server.url(), "--cases", "1.1.1", "--quick", "--out", "out"];
    assert_eq!(run(wsconf(dir.path()).args(arguments)).0, 0);
    assert_eq!(json(&dir.path().join("out/report.json"))["suite"]["engine"], "native, --quick");
}

#[test]
fn the_parts_of_a_split_run_are_one_report() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let part = |shard: &str, out: &str| {
        let arguments = ["test", "server", server.url(), "--cases", "1.*", "--agent", "x"];
        run(wsconf(dir.path()).args(arguments).args(["--shard", shard, "--out", out])).0
    };
    assert_eq!((part("1/2", "one"), part("2/2", "two")), (0, 0));
    let merge =
        |parts: &[&str]| run(wsconf(dir.path()).args(["merge", "--out", "whole.json"]).args(parts));
    let (code, out, err) = merge(&["two", "one/report.json"]);
    assert_eq!((code, out.as_str()), (0, "server: 16 cases: 16 OK/OK\n"), "{err}");
    let whole = json(&dir.path().join("whole.json"));
    let ids: Vec<&str> = whole["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["id"].as_str().unwrap())
        .collect();
    assert_eq!((ids[0], ids[1], ids[15]), ("1.1.1", "1.1.2", "1.2.8"));
    assert_eq!(whole["selection"]["cases"], serde_json::json!(["1.*"]));
    assert_eq!(json(&dir.path().join("one/report.json"))["shard"], json!({"part": 1, "of": 2}));
    assert_eq!(whole["shard"], json!(null), "the whole is no part");
    let parts = whole["parts"].as_array().unwrap();
    let brought: Vec<_> = parts.iter().map(|part| (&part["shard"], &part["cases"][0])).collect();
    assert_eq!(
        brought,
        [
            (&json!({"part": 1, "of": 2}), &json!("1.1.1")),
            (&json!({"part": 2, "of": 2}), &json!("1.1.2"))
        ]
    );
    assert_eq!(parts[1]["cases"].as_array().unwrap().len(), 8);
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reports/report-v1.schema.json");
    for fresh in [whole.clone(), json(&dir.path().join("one/report.json"))] {
        assert_eq!(support::json_schema::errors(&json(&schema), &fresh), [""; 0]);
    }
    // One part again, the whole of it: what it says replaces what was there.
    let again = |from: &[&str]| {
        let arguments = ["test", "server", server.url(), "--agent", "x", "--out", "again"];
        run(wsconf(dir.path()).args(arguments).args(from))
    };
    assert_eq!(again(&["--cases", "1.1.1"]).0, 0);
    let (code, _, err) = merge(&["whole.json", "again/report.json"]);
    assert!(code == 2 && err.contains("1.1.1 is in two") && err.contains("--rerun"), "{err}");
    let (code, out, err) = merge(&["whole.json", "again/report.json", "--rerun"]);
    assert_eq!((code, out.as_str()), (0, "server: 16 cases: 16 OK/OK\n"), "{err}");
    let whole = json(&dir.path().join("whole.json"));
    assert_eq!(whole["cases"][0]["earlier"][0]["behavior"], "OK");
    let replaced = |part: &Value| part["replaced"] == json!(["1.1.1"]);
    assert_eq!(whole["parts"].as_array().unwrap().iter().filter(|part| replaced(part)).count(), 1);
    assert_eq!(whole["selection"], json!({"cases": ["1.*", "1.1.1"], "exclude": []}));
    // What failed is what is run again; where nothing did there is nothing to run.
    let (code, _, err) = again(&["--failed-in", "whole.json"]);
    assert!(code == 4 && err.contains("no case failed in whole.json"), "{err}");
    let mut failed = whole;
    failed["cases"][3]["behavior"] = json!("FAILED");
    std::fs::write(dir.path().join("failed.json"), failed.to_string()).unwrap();
    let (code, out, err) = again(&["--failed-in", "failed.json"]);
    assert_eq!((code, out.as_str()), (0, "server: 1 case: 1 OK/OK\n"), "{err}");
    assert_eq!(json(&dir.path().join("again/report.json"))["cases"][0]["id"], "1.1.4");
    // So is what was asked for and has no verdict.
    failed["cases"].as_array_mut().unwrap().drain(1..3);
    std::fs::write(dir.path().join("lacking.json"), failed.to_string()).unwrap();
    let (code, out, err) = again(&["--failed-in", "lacking.json"]);
    assert_eq!((code, out.as_str()), (0, "server: 3 cases: 3 OK/OK\n"), "{err}");
    assert_eq!(again(&["--failed-in", "failed.json", "--cases", "1.*"]).0, 2);
    for (parts, says) in [
        (&["one/report.json", "one/report.json"][..], "in two of the reports"),
        (&["one/report.json"], "not among the reports, and with them their cases: 2/2"),
        (&["nowhere.json"], "not there"),
        (&[], "REPORT"),
    ] {
        let (code, _, err) = merge(parts);
        assert_eq!(code, 2, "{parts:?}: {err}");
        assert!(err.contains(says), "{parts:?}: {err}");
    }
    let other =
        ["test", "server", server.url(), "--cases", "2.*", "--agent", "y", "--out", "other"];
    assert_eq!(run(wsconf(dir.path()).args(other)).0, 0);
    let (code, _, err) = merge(&["one/report.json", "other/report.json"]);
    assert!(code == 2 && err.contains("different testees"), "{err}");
}
