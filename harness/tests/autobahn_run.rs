//! `wsconf autobahn` with a script in the suite's place: what it believes, how it ends what it
//! started. The real suite is `make autobahn`.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ws_harness::report::schema::Role;
use ws_harness::report::store;

mod support;
use support::{eventually, fake_wstest, is_gone, ok, report, run, wsconf};

/// Nothing listens on a port that only root may take and no service has; one that was free a moment
/// ago could be another test's by now.
const NOBODY: &str = "ws://127.0.0.1:1";

/// Writes an index for agent `ws-core` from `id behavior close` lines.
const WRITE_INDEX: &str = r#"
index() {
  printf '{"ws-core": {' > "$out/index.json"
  first=1
  while read -r id behavior close; do
    [ $first ] || printf ',' >> "$out/index.json"
    first=
    printf '"%s": {"behavior": "%s", "behaviorClose": "%s", "duration": 1, "remoteCloseCode": 1000, "reportfile": "x"}' \
      "$id" "$behavior" "$close" >> "$out/index.json"
  done
  printf '}}' >> "$out/index.json"
}
"#;

fn server(dir: &Path, body: &str, cases: &str) -> Command {
    let wstest = fake_wstest(dir, body);
    let mut command = wsconf(dir);
    command.args(["autobahn", "--role", "server", "--cases", cases, "--wstest"]).arg(wstest);
    command
}

fn latest(dir: &Path) -> std::path::PathBuf {
    dir.join("reports/latest/autobahn-server.json")
}

#[test]
fn a_run_becomes_a_report() {
    let dir = tempfile::tempdir().unwrap();
    let body = format!(
        "{WRITE_INDEX}\necho 'Running test case ID 1.1.1 for agent ws-core from peer x'\n\
         printf '1.1.2 OK OK\\n1.1.1 OK OK\\n' | index"
    );
    let (code, out, err) = run(&mut server(dir.path(), &body, "1.1.1 1.1.2"));
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.starts_with("engine: wstest 25.10.1 at "), "{out}");
    assert!(out.lines().next().unwrap().contains("--wstest"), "says why: {out}");
    assert!(out.ends_with("server: 2 cases: 2 OK/OK\n"), "{out}");
    assert!(err.contains("server: case 1 of 2: 1.1.1"), "progress in plain lines: {err}");
    let report = store::load_report(&latest(dir.path())).unwrap().unwrap();
    assert_eq!(report.role, Role::Server);
    assert_eq!(report.suite.version.as_deref(), Some("25.10.1"));
    assert_eq!(report.testee.agent, "ws-core");
    assert_eq!(report.selection.cases, ["1.1.1", "1.1.2"]);
    assert_eq!(report.cases.len(), 2);
    // Kept for people: the suite's own report and what was said.
    let kept = dir.path().join("reports/latest/autobahn-server");
    for name in ["suite/index.json", "suite.log", "testee.log", "fuzzingclient.json"] {
        assert!(kept.join(name).exists(), "{name}");
    }
    let left: Vec<_> = fs::read_dir(dir.path().join("reports/latest")).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn a_failed_case_is_100_unless_the_gate_is_to_judge() {
    let dir = tempfile::tempdir().unwrap();
    let body = format!("{WRITE_INDEX}\nprintf '1.1.1 OK UNCLEAN\\n' | index");
    let (code, out, _) = run(&mut server(dir.path(), &body, "1.1.1"));
    assert_eq!(code, 100, "{out}");
    assert!(out.contains("UNCLEAN"), "{out}");
    let (code, out, _) = run(server(dir.path(), &body, "1.1.1").args(["--fail-on", "never"]));
    assert_eq!(code, 0, "{out}");
}

#[test]
fn a_case_without_a_verdict_is_100_and_named() {
    let dir = tempfile::tempdir().unwrap();
    let body = format!("{WRITE_INDEX}\nprintf '1.1.1 OK OK\\n' | index");
    let (code, out, _) = run(&mut server(dir.path(), &body, "1.1.1 6.4.3"));
    assert_eq!(code, 100, "{out}");
    assert!(out.contains("no verdict on 1 case: 6.4.3"), "{out}");
}

#[test]
fn a_suite_that_ran_nothing_is_4_and_leaves_no_earlier_report() {
    for body in ["exit 0", "echo '{}' > \"$out/index.json\"", "echo boom >&2; exit 1"] {
        let dir = tempfile::tempdir().unwrap();
        store::save_report(&latest(dir.path()), &report(Role::Server, vec![ok("1.1.1")])).unwrap();
        let (code, out, err) = run(&mut server(dir.path(), body, "1.1.1"));
        assert_eq!(code, 4, "{body}: {out}{err}");
        assert!(!latest(dir.path()).exists(), "{body}");
        assert!(err.contains("reports/latest/autobahn-server"), "says where the logs are: {err}");
    }
}

#[test]
fn a_malformed_index_is_2() {
    let dir = tempfile::tempdir().unwrap();
    let (code, _, err) = run(&mut server(dir.path(), "echo '{' > \"$out/index.json\"", "1.1.1"));
    assert_eq!(code, 2, "{err}");
}

#[test]
fn a_suite_that_hangs_is_ended_with_its_children() {
    let dir = tempfile::tempdir().unwrap();
    let body = "sleep 1000 &\necho $! > \"$out/../../pids\"\necho $$ >> \"$out/../../pids\"\nwait";
    let started = Instant::now();
    let (code, _, err) = run(server(dir.path(), body, "1.1.1").args(["--stall-timeout", "1"]));
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("no progress for 1 s"), "{err}");
    assert!(started.elapsed() < Duration::from_secs(20));
    let pids = fs::read_to_string(dir.path().join("reports/latest/pids")).unwrap();
    assert_eq!(pids.lines().count(), 2);
    for pid in pids.lines() {
        eventually("the suite and its child are gone", || is_gone(pid));
    }
}

#[test]
fn whatever_ends_us_ends_all_we_started() {
    for (signal, code) in
        [("INT", Some(130)), ("TERM", Some(143)), ("HUP", Some(129)), ("KILL", None)]
    {
        let dir = tempfile::tempdir().unwrap();
        let pids = dir.path().join("pids");
        // Deaf to everything but SIGKILL, like its child.
        let body = format!(
            "trap '' INT TERM HUP\nsleep 1000 &\necho $! > {0}\necho $$ >> {0}\n\
             ls /proc/*/exe > /dev/null 2>&1\necho through >> {0}\nwait",
            pids.display()
        );
        let mut us = server(dir.path(), &body, "1.1.1")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = || fs::read_to_string(&pids).unwrap_or_default();
        eventually("the suite runs", || said().contains("through"));
        let children = children_of(us.id());
        assert!(children.len() >= 2, "suite and ws-server at least: {children:?}");
        let kill = Command::new("kill").args([format!("-{signal}"), us.id().to_string()]).status();
        assert!(kill.unwrap().success());
        assert_eq!(us.wait().unwrap().code(), code, "{signal}");
        let grandchild = said().lines().next().unwrap().to_owned();
        for pid in children.iter().chain([&grandchild]) {
            eventually(&format!("{signal}: {pid} is gone"), || is_gone(pid));
        }
        assert!(!latest(dir.path()).exists());
    }
}

/// The second would remove what the first has written, and be written over by it.
#[test]
fn two_runs_do_not_write_into_one_folder() {
    let dir = tempfile::tempdir().unwrap();
    let began = dir.path().join("began");
    let body = format!("echo > {}\nsleep 1000", began.display());
    let mut first = server(dir.path(), &body, "1.1.1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("the suite runs", || began.exists());
    let body = format!("{WRITE_INDEX}\nprintf '1.1.1 OK OK\\n' | index");
    let (code, _, err) = run(&mut server(dir.path(), &body, "1.1.1"));
    assert!(code == 2 && err.contains("another run is writing there"), "{err}");
    let mut elsewhere = server(dir.path(), &body, "1.1.1");
    assert_eq!(run(elsewhere.args(["--out", "elsewhere"])).0, 0);
    let kill = Command::new("kill").args(["-INT", &first.id().to_string()]).status();
    assert!(kill.unwrap().success());
    assert_eq!(first.wait().unwrap().code(), Some(130));
    assert_eq!(run(&mut server(dir.path(), &body, "1.1.1")).0, 0);
}

fn children_of(pid: u32) -> Vec<String> {
    let ps = Command::new("ps").args(["-o", "pid=", "--ppid", &pid.to_string()]).output().unwrap();
    String::from_utf8(ps.stdout).unwrap().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_server_that_is_not_there_is_4() {
    let dir = tempfile::tempdir().unwrap();
    let (code, _, err) = run(server(dir.path(), "exit 0", "1.1.1").args(["--url", NOBODY]));
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("127.0.0.1:1 "), "{err}");
}

#[test]
fn a_testee_of_somebody_else_gets_a_report_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/echo", listener.local_addr().unwrap());
    let ours = report(Role::Server, vec![ok("1.1.1")]);
    store::save_report(&latest(dir.path()), &ours).unwrap();
    let body = format!(
        "{WRITE_INDEX}\nprintf '1.1.1 OK OK\\n' | index\nsed -i 's/ws-core/Their 1.0/' \"$out/index.json\""
    );
    let mut command = server(dir.path(), &body, "1.1.1");
    let (code, out, err) = run(command.args(["--url", &url, "--agent", "Their 1.0"]));
    assert_eq!(code, 0, "{out}{err}");
    let theirs = dir.path().join("reports/latest/autobahn-server-their_1_0.json");
    let theirs = store::load_report(&theirs).unwrap().unwrap();
    assert_eq!((theirs.testee.agent.as_str(), theirs.testee.version), ("Their 1.0", None));
    assert_eq!(store::load_report(&latest(dir.path())).unwrap().unwrap(), ours);
}

#[test]
fn a_client_that_fails_is_4() {
    let dir = tempfile::tempdir().unwrap();
    // Something has to listen at the suite's port; our own server can.
    let body = format!(
        r#"port=$(sed -n 's/.*"url": "ws:\/\/127.0.0.1:\([0-9]*\)".*/\1/p' "$spec")
exec {} --addr "127.0.0.1:$port""#,
        env!("CARGO_BIN_EXE_ws-server")
    );
    let wstest = fake_wstest(dir.path(), &body);
    let mut command = wsconf(dir.path());
    command.args(["autobahn", "--role", "client", "--cases", "1.1.1", "--wstest"]).arg(wstest);
    let (code, _, err) = run(command.args(["--client-command", "echo gave up; exit 3"]));
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("exit status: 3") && err.contains("gave up"), "{err}");
}

#[test]
fn ws_server_says_when_it_listens_and_ends_when_asked() {
    for signal in ["INT", "TERM"] {
        let mut server = Command::new(env!("CARGO_BIN_EXE_ws-server"))
            .args(["--addr", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ws://").unwrap().to_owned();
        // Open and silent: it must not keep the server from ending.
        let open = std::net::TcpStream::connect(&address).unwrap();
        let asked = Instant::now();
        let kill =
            Command::new("kill").args([format!("-{signal}"), server.id().to_string()]).status();
        assert!(kill.unwrap().success());
        assert_eq!(server.wait().unwrap().code(), Some(0), "{signal}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        drop(open);
    }
}

#[test]
fn ws_server_echoes() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_ws-server"))
        .args(["--addr", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ws://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut octet = [0];
        stream.read_exact(&mut octet).unwrap();
        answer.extend(octet);
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    // RFC 6455 section 1.3 has the answer to this key.
    assert!(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    // TEXT "hi" with a masking key of zero; the echo is not masked.
    stream.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).unwrap();
    let mut echo = [0; 4];
    stream.read_exact(&mut echo).unwrap();
    assert_eq!(echo, [0x81, 0x02, b'h', b'i']);
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn ws_server_on_a_taken_port_is_2_and_ws_client_on_a_dead_one_4() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, err) =
        run(Command::new(env!("CARGO_BIN_EXE_ws-server")).args(["--addr", &address]));
    assert_eq!(code, 2, "{err}");
    assert!(err.contains(&address) && err.contains("--addr"), "{err}");
    let (code, _, err) = run(Command::new(env!("CARGO_BIN_EXE_ws-client")).args(["--url", NOBODY]));
    assert_eq!(code, 4, "{err}");
    assert!(err.contains(NOBODY), "{err}");
}
