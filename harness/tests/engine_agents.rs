//! `wsconf test` with several agents in one run: the suite's own spec files, what they exclude, and that
//! no agent has what is another's.

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use support::{Server, run, wsconf};
use ws_harness::report::{html, store};

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_suites_own_spec_files_are_taken() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let spec = format!(
        r#"{{"outdir": "reports", "options": {{"failByDrop": false}}, "exclude-agent-cases": {{}},
            "servers": [{{"agent": "one", "url": "{0}"}}, {{"agent": "two", "url": "{0}/x"}}],
            "cases": ["1.1.*"], "exclude-cases": ["1.1.8"]}}"#,
        server.url()
    );
    std::fs::write(dir.path().join("fuzzingclient.json"), spec).unwrap();
    let (code, out, err) =
        run(wsconf(dir.path()).args(["test", "server", "--spec", "fuzzingclient.json"]));
    let both = "one:\nserver: 7 cases: 7 OK/OK\ntwo:\nserver: 7 cases: 7 OK/OK\n";
    assert_eq!((code, out.as_str()), (0, both), "{err}");
    assert!(err.contains("`options` has no effect"), "{err}");
    let index = json(&dir.path().join("reports/index.json"));
    assert_eq!(index["two"].as_object().unwrap().len(), 7);
    // A report of each, and none that is of the last one only.
    for agent in ["one", "two"] {
        let report = json(&dir.path().join(format!("reports/report-{agent}.json")));
        assert_eq!(report["testee"]["agent"], agent);
    }
    assert!(!dir.path().join("reports/report.json").exists());
    // A run of one alone leaves nothing of them that is not its own.
    let narrow = ["test", "server", server.url(), "--cases", "1.1.1", "--out", "reports"];
    assert_eq!(run(wsconf(dir.path()).args(narrow)).0, 0);
    assert!(dir.path().join("reports/report.json").exists());
    assert!(!dir.path().join("reports/report-two.json").exists());
}

/// One that does not run would have the verdicts of the other.
#[test]
fn servers_of_a_spec_file_that_share_a_name_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    for (one, other, names) in [
        ("", "", "`UnknownServer` and `UnknownServer`"),
        (r#""agent": "ws/8","#, r#""agent": "ws 8","#, "`ws/8` and `ws 8`"),
    ] {
        let spec = format!(
            r#"{{"servers": [{{{one} "url": "{}"}}, {{{other} "url": "ws://127.0.0.1:1"}}],
                "cases": ["1.1.1"]}}"#,
            server.url()
        );
        std::fs::write(dir.path().join("spec.json"), spec).unwrap();
        let (code, out, err) =
            run(wsconf(dir.path()).args(["test", "server", "--spec", "spec.json"]));
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        assert!(err.contains(names) && err.contains("its own `agent`"), "{err}");
    }
}

/// A server that is spared everything is none that passed. What one agent is spared is not asked of it:
/// nothing is missing in its report, split or not.
#[test]
fn what_a_spec_file_excludes_for_an_agent_is_not_asked_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let test = |excluded: &str, arguments: &[&str]| {
        let url = server.url();
        let spec = format!(
            r#"{{"outdir": "o", "servers": [{{"agent": "one", "url": "{url}"}},
                {{"agent": "two", "url": "{url}"}}], "cases": ["1.1.*"], "exclude-cases": ["1.1.8"],
                "exclude-agent-cases": {excluded}}}"#
        );
        std::fs::write(dir.path().join("spec.json"), spec).unwrap();
        let test = ["test", "server", "--spec", "spec.json"];
        run(wsconf(dir.path()).args(test).args(arguments))
    };
    let (code, out, err) = test(r#"{"*": ["*"]}"#, &[]);
    assert_eq!((code, out.as_str()), (4, ""), "{err}");
    assert!(err.contains("exclude-agent-cases"), "{err}");
    let (code, out, err) = test(r#"{"one": ["1.*"]}"#, &[]);
    assert_eq!((code, out.as_str()), (0, "two:\nserver: 7 cases: 7 OK/OK\n"), "{err}");
    assert!(
        err.contains("one: every case is excluded")
            && !dir.path().join("o/report-one.json").exists()
    );
    for (split, cases) in [(&[][..], 5), (&["--shard", "1/2"], 2), (&["--shard", "2/2"], 3)] {
        let (code, out, err) = test(r#"{"two": ["1.1.1", "*.3", "2.1"]}"#, split);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.ends_with(&format!("two:\nserver: {cases} cases: {cases} OK/OK\n")), "{out}");
        let report = json(&dir.path().join("o/report-two.json"));
        assert_eq!(report["selection"]["exclude"], json!(["1.1.8", "1.1.1", "1.1.3"]));
        let other = json(&dir.path().join("o/report-one.json"));
        assert_eq!(other["selection"]["exclude"], json!(["1.1.8"]));
    }
}

#[test]
fn what_a_spec_file_excludes_for_a_client_is_not_asked_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let spec = r#"{"cases": ["1.1.*"], "exclude-agent-cases": {"our*": ["*.2"]}}"#;
    std::fs::write(dir.path().join("spec.json"), spec).unwrap();
    let client = format!("'{}' --url $WS_URL --agent $WS_AGENT", env!("CARGO_BIN_EXE_ws-client"));
    for (split, cases) in [(&[][..], 7), (&["--shard", "2/2"], 3)] {
        let arguments = ["test", "client", "--spec", "spec.json", "--command", &client];
        let more = ["--out", "out", "--agent", "ours"];
        let (code, out, err) = run(wsconf(dir.path()).args(arguments).args(more).args(split));
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.ends_with(&format!("client: {cases} cases: {cases} OK/OK\n")), "{out}");
        let report = json(&dir.path().join("out/report.json"));
        assert_eq!(report["selection"]["exclude"], json!(["1.1.2"]));
    }
}

/// Two clients in one run: a report of each, and the page has of each what was on its own wire.
#[test]
fn clients_whose_names_are_alike_have_files_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = wsconf(dir.path());
    command.args(["test", "client", "--listen", "127.0.0.1:0", "--keep", "--cases", "1.1.2"]);
    let mut us = command.args(["--out", "out"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(us.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap();
    for agent in ["ws/8", "ws 8"] {
        let mut client = Command::new(env!("CARGO_BIN_EXE_ws-client"));
        assert!(client.args(["--url", url, "--agent", agent]).status().unwrap().success());
    }
    let mut stops = TcpStream::connect(url.strip_prefix("ws://").unwrap()).unwrap();
    let request = "GET /stopServer HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    stops.write_all(request.as_bytes()).unwrap();
    let mut said = String::new();
    out.read_to_string(&mut said).unwrap();
    assert_eq!(us.wait().unwrap().code(), Some(0), "{said}");
    let out = dir.path().join("out");
    for (agent, stem, asked) in
        [("ws/8", "ws_8", "agent=ws%2F8"), ("ws 8", "ws_8-2", "agent=ws%208")]
    {
        let report = store::load_report(&out.join(format!("report-{stem}.json"))).unwrap().unwrap();
        assert_eq!(report.testee.agent, agent);
        let details = html::load::details(&out, &report);
        let detail = details.values().next().unwrap().to_string();
        assert!(detail.contains(asked), "{detail}");
    }
    // Without the index the names of the files tell as much.
    std::fs::remove_file(out.join("index.json")).unwrap();
    let report = store::load_report(&out.join("report-ws_8-2.json")).unwrap().unwrap();
    assert!(
        html::load::details(&out, &report).values().next().unwrap().to_string().contains("ws%208")
    );
}

/// A terminal is not told what to do by a name.
#[test]
fn names_are_told_without_their_control_characters() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let spec = format!(
        r#"{{"servers": [{{"agent": "\u001b[2Jx", "url": "{0}"}}, {{"agent": "y", "url": "{0}"}}],
            "cases": ["1.1.1"]}}"#,
        server.url()
    );
    std::fs::write(dir.path().join("spec.json"), spec).unwrap();
    let (code, out, err) = run(wsconf(dir.path()).args(["test", "server", "--spec", "spec.json"]));
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("\\u{1b}[2Jx:\n") && !out.contains('\u{1b}'), "{out:?}");
}
