//! `wsconf test` where something is lost: servers that are gone, or never were, and reports that a run
//! would clear away.

mod support;

use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;
use support::{Server, case, report, run, wsconf};
use ws_harness::report::schema::{Behavior, BehaviorClose, Role};
use ws_harness::report::store;

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The case that a server dies of has its verdict, however often it is to be played.
#[test]
fn the_case_that_ends_a_server_keeps_its_verdict() {
    for retries in ["0", "2"] {
        let dir = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let dies = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            drop(listener);
            let _ = stream.read(&mut [0]);
        });
        let test = ["test", "server", &url, "--cases", "1.1.1", "--out", "out"];
        let (code, out, err) = run(wsconf(dir.path()).args(test).args(["--retries", retries]));
        assert_eq!(code, 100, "{retries}: {out}{err}");
        assert!(out.contains("server: 1 case: "), "{retries}: {out}");
        assert_eq!(json(&dir.path().join("out/report.json"))["cases"][0]["behavior"], "FAILED");
        dies.join().unwrap();
    }
}

/// Those behind it are judged, and the page has all that were.
#[test]
fn a_server_of_a_spec_file_that_is_down_hides_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let test = |first: &str, arguments: &[&str]| {
        let spec = format!(
            r#"{{"outdir": "o", "cases": ["1.1.1"], "servers": [
                {{"agent": "first", "url": "{first}"}},
                {{"agent": "down", "url": "ws://127.0.0.1:1"}},
                {{"agent": "last", "url": "{}", "options": {{"version": 8}}}}]}}"#,
            server.url()
        );
        std::fs::write(dir.path().join("spec.json"), spec).unwrap();
        let test = ["test", "server", "--spec", "spec.json"];
        run(wsconf(dir.path()).args(test).args(arguments))
    };
    let (code, out, err) = test(server.url(), &[]);
    assert_eq!(code, 4, "{out}{err}");
    assert_eq!(out, "first:\nserver: 1 case: 1 OK/OK\nlast:\nserver: 1 case: 1 OK/OK\n");
    assert!(
        err.contains("error: down: cannot connect") && err.contains("not judged: down"),
        "{err}"
    );
    assert!(err.contains("`options` has no effect"), "{err}");
    let page = std::fs::read_to_string(dir.path().join("o/index.html")).unwrap();
    assert!(page.contains("\"first\"") && page.contains("\"last\""), "of both");

    // After one that fails no more is begun, of another server neither.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let bad = format!("ws://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.read(&mut [0]);
        }
    });
    let (code, out, err) = test(&bad, &["--fail-fast"]);
    assert_eq!(code, 100, "{out}{err}");
    assert!(
        out.contains("first:") && !out.contains("last:") && !err.contains("down"),
        "{out}{err}"
    );
}

/// A run clears its folder of what an earlier one summed up there, and of nothing else.
#[test]
fn reports_of_somebody_else_stay() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let out = dir.path().join("out");
    let failed = case("1.1.1", Behavior::Failed, BehaviorClose::Unclean);
    store::save_report(&out.join("report.json"), &report(Role::Server, vec![failed])).unwrap();
    for name in ["out", "out/report.json", "./out/../out/report.json"] {
        let test = ["test", "server", server.url(), "--out", "out", "--failed-in", name];
        let (code, _, err) = run(wsconf(dir.path()).args(test));
        assert!(code == 2 && err.contains("name another folder"), "{name}: {err}");
        assert!(out.join("report.json").exists(), "{name}");
    }
    std::fs::rename(out.join("report.json"), out.join("report-before.json")).unwrap();
    for _ in 0..2 {
        let test = ["test", "server", server.url(), "--cases", "1.1.1", "--out", "out"];
        let (code, _, err) = run(wsconf(dir.path()).args(test));
        assert_eq!(code, 0, "{err}");
        assert!(out.join("report-before.json").exists());
    }
}

/// A name that is longer than a name of a file may be.
#[test]
fn an_agent_of_any_length_has_its_reports() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let agent = "long ".repeat(60);
    let spec = format!(
        r#"{{"outdir": "o", "cases": ["12.1.10"], "servers": [
            {{"agent": "{agent}1", "url": "{0}"}}, {{"agent": "{agent}2", "url": "{0}"}}]}}"#,
        server.url()
    );
    std::fs::write(dir.path().join("spec.json"), spec).unwrap();
    let test = ["test", "server", "--spec", "spec.json", "--quick"];
    let (code, out, err) = run(wsconf(dir.path()).args(test));
    assert_eq!(code, 0, "{out}{err}");
    let files = std::fs::read_dir(dir.path().join("o")).unwrap().flatten();
    let reports = files.filter(|file| file.file_name().to_string_lossy().starts_with("report-"));
    assert_eq!(reports.count(), 2);
}

/// What is left out of a report that is made of the suite's index is not in it.
#[test]
fn collect_takes_the_cases_that_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let test = ["test", "server", server.url(), "--cases", "1.1.*", "--out", "out"];
    assert_eq!(run(wsconf(dir.path()).args(test)).0, 0);
    let collect = |exclude: &str| {
        let collect = ["collect", "--role", "server", "--index", "out/index.json"];
        let more = ["--agent", "testee", "--cases", "1.*", "--exclude", exclude];
        run(wsconf(dir.path()).args(collect).args(more))
    };
    let (code, out, err) = collect("1.1.8");
    assert_eq!((code, out.as_str()), (0, "server: 7 cases: 7 OK/OK\n"), "{err}");
    let (code, _, err) = collect("1.1.*");
    assert!(code == 4 && err.contains("has none of these cases"), "{err}");
    assert!(!dir.path().join("reports/latest/autobahn-server.json").exists());
}
