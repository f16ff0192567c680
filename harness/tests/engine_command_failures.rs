//! `wsconf test` as a program: testees that are none, unusable options, and runs that end early.

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Server, run, wsconf};

/// A server on raw TCP that does this with each connection, in a thread that ends with the test.
fn raw_server(answer: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

/// A server that takes every connection and never answers.
fn deaf_server() -> SocketAddr {
    raw_server(|stream| {
        let _ = stream.peek(&mut [0]);
        std::thread::sleep(Duration::from_secs(60));
    })
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_dead_port_is_an_error_and_no_verdict() {
    let dir = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let began = Instant::now();
    let url = format!("ws://{address}");
    let (code, out, err) = run(wsconf(dir.path()).args(["test", "server", &url, "--out", "out"]));
    assert_eq!((code, out.as_str()), (4, ""), "{err}");
    assert!(err.contains(&address.to_string()) && err.contains("does the server run?"), "{err}");
    assert!(!dir.path().join("out/report.json").exists());
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

/// A job of a CI starts the server beside it: `--wait` is all that it needs.
#[test]
fn a_server_that_is_just_starting_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("ws://{address}");
    let test = |wait: &str| {
        let arguments = ["test", "server", &url, "--cases", "1.1.1", "--wait", wait];
        run(wsconf(dir.path()).args(arguments))
    };
    assert_eq!(test("0").0, 4);
    let server = std::thread::spawn(move || {
        // The engine by itself tries for one second, as for a server that restarts.
        std::thread::sleep(Duration::from_secs(3));
        let mut server = Command::new(env!("CARGO_BIN_EXE_ws-server"));
        server.args(["--addr", &address.to_string()]).stdout(Stdio::null()).spawn().unwrap()
    });
    let (code, out, err) = test("30");
    let mut server = server.join().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert_eq!((code, out.as_str()), (0, "server: 1 case: 1 OK/OK\n"), "{err}");
    // In vain it takes as long as was said, and says what it says without.
    let began = Instant::now();
    let (code, _, err) = test("1");
    assert!(code == 4 && err.contains("does the server run?"), "{err}");
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}

/// It accepts and never says anything: each case costs the opening handshake's time.
#[test]
fn a_hanging_server_costs_bounded_time() {
    let dir = tempfile::tempdir().unwrap();
    let address = raw_server(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let url = format!("ws://{address}");
    let began = Instant::now();
    let arguments = ["test", "server", &url, "--cases", "1.1.*", "--timeout-scale", "0.1"];
    let (code, out, err) = run(wsconf(dir.path()).args(arguments).arg("--explain"));
    assert_eq!(code, 100, "{out}{err}");
    assert!(out.contains("did not finish the opening handshake in time"), "{out}");
    assert!(out.ends_with("server: 8 cases: 8 FAILED/FAILED\n"), "{out}");
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[test]
fn a_server_that_only_speaks_http_is_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let address = raw_server(|mut stream| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    let url = format!("ws://{address}");
    let arguments = ["test", "server", &url, "--cases", "1.1.1 7.1.6", "--out", "out"];
    let (code, out, err) = run(wsconf(dir.path()).args(arguments));
    assert_eq!(code, 100, "{out}{err}");
    assert!(out.contains("server: 2 cases: 1 INFORMATIONAL, 1 FAILED/FAILED\n"), "{out}");
    let pages = std::fs::read_to_string(dir.path().join("out/failures.txt")).unwrap();
    assert!(
        pages.contains("status is 200, not 101") && pages.contains("  HTTP/1.1 200 OK\n"),
        "{pages}"
    );
    assert_eq!(run(wsconf(dir.path()).args(arguments).args(["--fail-on", "never"])).0, 0);
}

#[test]
fn fail_fast_begins_no_more_cases() {
    let dir = tempfile::tempdir().unwrap();
    let address = raw_server(drop);
    let url = format!("ws://{address}");
    let arguments = ["test", "server", &url, "--cases", "1.*", "--jobs", "1", "--fail-fast"];
    let (code, out, err) = run(wsconf(dir.path()).args(arguments));
    assert_eq!(code, 100, "{err}");
    assert!(out.contains("no verdict on 15 cases") && out.contains("1 FAILED/FAILED"), "{out}");
}

#[test]
fn without_a_client_nothing_ran() {
    let dir = tempfile::tempdir().unwrap();
    let listen = ["test", "client", "--listen", "127.0.0.1:0"];
    let (code, _, err) = run(wsconf(dir.path()).args(listen).args(["--stall-timeout", "1"]));
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("no client"), "{err}");
    let (code, _, err) = run(wsconf(dir.path()).args(listen).args(["--command", "exit 3"]));
    assert_eq!(code, 4, "{err}");
}

/// Connections on which nothing can happen keep no run alive: one waits for the status of a case that
/// nobody runs.
#[test]
fn a_client_that_only_waits_is_no_client() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = wsconf(dir.path());
    command.args(["test", "client", "--listen", "127.0.0.1:0", "--stall-timeout", "1"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ws://").unwrap();
    let mut waits = TcpStream::connect(address).unwrap();
    let request = "GET /getCaseStatus?case=1&agent=x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    waits.write_all(request.as_bytes()).unwrap();
    assert_eq!(support::code_of(&mut child), Some(4));
}

#[test]
fn ctrl_c_ends_a_run_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = wsconf(dir.path());
    command.args(["test", "client", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on ws://127.0.0.1:"), "{line}");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn unusable_options_are_2_and_say_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let url = "ws://127.0.0.1:1";
    std::fs::write(dir.path().join("empty.json"), r#"{"cases": ["*"]}"#).unwrap();
    std::fs::write(dir.path().join("bad.json"), "[").unwrap();
    for (arguments, says) in [
        (&["server"][..], "URL"),
        (&["server", "http://localhost"], "ws://"),
        (&["server", url, "--cases", "6.4"], "6.4.*"),
        (&["server", url, "--cases", "1.1.9"], "1.1.*"),
        (&["server", url, "--exclude", "*"], "holds no case"),
        (&["server", url, "--shard", "3/2"], "1/4"),
        (&["server", url, "--cases", "1.1.1", "--shard", "2/2"], "--shard"),
        (&["server", url, "--timeout-scale", "0"], "0.01"),
        (&["server", url, "--header", "nothing"], "Name: value"),
        (&["server", url, "--agent", " "], "--agent"),
        (&["server", url, "--jobs", "0"], "jobs"),
        (&["server", url, "--idle", "86401"], "86400"),
        (&["server", "--spec", "empty.json", "--agent", "x"], "cannot be used with"),
        (&["client", "--keep", "--stall-timeout", "9"], "cannot be used with"),
        (&["server", url, "--corpus", "nowhere"], "--corpus"),
        (&["server", "--spec", "nowhere.json"], "nowhere.json"),
        (&["server", "--spec", "bad.json"], "no spec file"),
        (&["server", "--spec", "empty.json"], "names no server"),
        (&["client", "--listen", "nonsense"], "nonsense"),
        (&["client", "--cases", "99.*"], "99.*"),
    ] {
        let (code, out, err) = run(wsconf(dir.path()).arg("test").args(arguments));
        assert_eq!(code, 2, "{arguments:?}: {out}{err}");
        assert!(err.contains(says), "{arguments:?}: {err}");
    }
}

#[test]
fn two_runs_do_not_write_into_one_folder() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    let deaf = deaf_server();
    let deaf = format!("ws://{deaf}");
    let arguments = ["test", "server", &deaf, "--cases", "7.1.1", "--out", "out"];
    let mut first = wsconf(dir.path())
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(first.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("case 1 of 1"), "{line}");
    let second = |out: &str| {
        let arguments = ["test", "server", server.url(), "--cases", "7.1.1", "--out", out];
        run(wsconf(dir.path()).args(arguments))
    };
    let (code, out, err) = second("out");
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    assert!(err.contains("another run is writing there"), "{err}");
    assert_eq!(second("elsewhere").0, 0);
    // Nobody has to tidy up behind a run that was killed.
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(second("out").0, 0);
}

/// Ctrl-C leaves reports of what is done, and says that the run was not.
#[test]
fn an_interrupted_run_reports_the_cases_that_are_done() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start();
    // 7.1.1 is done in no time; a testee that never answers keeps the other for some seconds.
    let deaf = deaf_server();
    let spec = format!(
        r#"{{"outdir": "server", "servers": [{{"agent": "ours", "url": "{}"}},
            {{"agent": "deaf", "url": "ws://{deaf}"}}], "cases": ["7.1.1"]}}"#,
        server.url()
    );
    std::fs::write(dir.path().join("spec.json"), spec).unwrap();
    let command =
        format!("{} --url $WS_URL --agent $WS_AGENT --jobs 8", env!("CARGO_BIN_EXE_ws-client"));
    let runs: [(&str, &[&str], &str); 2] = [
        ("server", &["test", "server", "--spec", "spec.json"], "report-ours.json"),
        ("client", &["test", "client", "--command", &command, "--out", "client"], "report.json"),
    ];
    for (out, arguments, report) in runs {
        let mut us = wsconf(dir.path()).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let folder = dir.path().join(out);
        let is_done = || {
            let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
            files
                .map(|file| file.file_name())
                .any(|name| name.to_string_lossy().ends_with("case_7_1_1.json"))
        };
        while !is_done() {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(100));
        let kill = Command::new("kill").args(["-INT", &us.id().to_string()]).status();
        assert!(kill.unwrap().success());
        let mut said = String::new();
        us.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(us.wait().unwrap().code(), Some(130), "{out}: {said}");
        assert!(folder.join("index.json").exists(), "{out}");
        let index = json(&folder.join("index.json"));
        let agents = index.as_object().unwrap();
        assert!(agents.values().any(|cases| cases.get("7.1.1").is_some()), "{out}: {index}");
        assert!(json(&folder.join(report))["cases"].is_array(), "{out}");
    }
}
