//! What the tests share: our binaries, run in an empty folder, and a suite that is only a script.
#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(unreachable_pub, reason = "a module of each test binary, not a library")]

pub mod json_schema;

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use ws_harness::conformance::CaseId;
use ws_harness::report::schema::{
    BASELINE_FORMAT, Baseline, BaselineSuite, Behavior, BehaviorClose, Case, Expected, Platform,
    REPORT_FORMAT, Report, Role, Selection, Suite, Testee, Verdict,
};

pub fn id(text: &str) -> CaseId {
    text.parse().unwrap()
}

pub fn case(text: &str, behavior: Behavior, behavior_close: BehaviorClose) -> Case {
    let verdict = Verdict { behavior, behavior_close };
    Case { remote_close_code: Some(1000), duration_ms: Some(1), ..Case::new(id(text), verdict) }
}

pub fn ok(text: &str) -> Case {
    case(text, Behavior::Ok, BehaviorClose::Ok)
}

pub fn expected(cases: &[Case]) -> Vec<Expected> {
    let one = |case: &Case| Expected {
        id: case.id.clone(),
        behavior: case.behavior,
        behavior_close: case.behavior_close,
    };
    cases.iter().map(one).collect()
}

pub fn report(role: Role, cases: Vec<Case>) -> Report {
    Report {
        format: REPORT_FORMAT.to_owned(),
        suite: Suite {
            name: "Autobahn|Testsuite".to_owned(),
            version: Some("25.10.1".to_owned()),
            engine: "wstest".to_owned(),
        },
        role,
        testee: Testee { agent: "ws-core".to_owned(), version: None },
        platform: Platform::here(),
        started: "2026-01-01T00:00:00Z".to_owned(),
        duration_ms: 1,
        selection: Selection { cases: vec!["*".to_owned()], exclude: Vec::new() },
        shard: None,
        parts: Vec::new(),
        cases,
    }
}

/// A run that was asked for these cases and has a verdict on each.
pub fn whole(role: Role, cases: Vec<Case>) -> Report {
    let asked = cases.iter().map(|case| case.id.to_string()).collect();
    let selection = Selection { cases: asked, exclude: Vec::new() };
    Report { selection, ..report(role, cases) }
}

pub fn baseline(role: Role, cases: &[Case]) -> Baseline {
    Baseline {
        format: BASELINE_FORMAT.to_owned(),
        suite: BaselineSuite {
            name: "Autobahn|Testsuite".to_owned(),
            version: Some("25.10.1".to_owned()),
        },
        role,
        cases: expected(cases),
    }
}

/// `wsconf` in `dir`, with nothing in its environment that changes what it does.
pub fn wsconf(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wsconf"));
    command.current_dir(dir).env_remove("WSTEST").env_remove("CARGO_TARGET_DIR");
    command
}

pub fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// Writes an executable shell script that answers `-a` as the suite does and else runs `body`,
/// in which `$spec` is the spec file and `$out` its outdir.
pub fn fake_wstest(dir: &Path, body: &str) -> PathBuf {
    let path = dir.join("fake-wstest");
    let script = format!(
        r#"#!/bin/sh
if [ "$1" = -a ]; then echo "AutobahnTestSuite 25.10.1"; exit; fi
for spec; do :; done
out=$(sed -n 's/.*"outdir": "\(.*\)".*/\1/p' "$spec")
mkdir -p "$out"
echo "Autobahn Fuzzing WebSocket Client (Autobahn Testsuite Version 25.10.1 / Autobahn Version 0.10.9)"
echo "Ok, will run some test cases"
{body}
"#
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// Runs `check` until it is true, for ten seconds at most.
pub fn eventually(what: &str, mut check: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !check() {
        assert!(Instant::now() < deadline, "not within ten seconds: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The exit code of a process that is to end within ten seconds, and is ended then.
pub fn code_of(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while child.try_wait().unwrap().is_none() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    // It has ended already, unless it is too late.
    let _ = child.kill();
    child.wait().unwrap().code()
}

/// No process with this id runs; one that has ended but was not waited for does not run.
pub fn is_gone(pid: &str) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')),
        Err(_) => {
            let mut kill = Command::new("sh");
            !kill.args(["-c", "kill -0 \"$0\" 2>/dev/null", pid]).status().unwrap().success()
        }
    }
}

/// Our own server, for as long as this is held.
pub struct Server(Child, String);

impl Server {
    pub fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ws-server"));
        command.args(["--addr", "127.0.0.1:0"]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        Self(child, url)
    }

    pub fn url(&self) -> &str {
        &self.1
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
