//! `wsconf gate` and `wsconf bless` as programs: files in, exit code and table out.

use std::fs;
use std::path::Path;

use ws_harness::report::schema::{Behavior, BehaviorClose, Case, Role};
use ws_harness::report::store;

mod support;
use support::{baseline, case, id, ok, run, whole, wsconf};

/// A folder with baselines and reports of both roles.
fn room(before: &[Case], now: &[Case]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for role in Role::ALL {
        let at = |sub: &str| store::path(&dir.path().join("reports").join(sub), role, None);
        store::save_baseline(&at("baseline"), &baseline(role, before)).unwrap();
        store::save_report(&at("latest"), &whole(role, now.to_vec())).unwrap();
    }
    dir
}

fn gate(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    run(wsconf(dir).arg("gate").args(arguments))
}

fn three() -> Vec<Case> {
    vec![
        ok("1.1.1"),
        ok("2.9"),
        case("7.1.6", Behavior::Informational, BehaviorClose::Informational),
    ]
}

#[test]
fn the_same_is_0() {
    let dir = room(&three(), &three());
    let (code, out, err) = gate(dir.path(), &[]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.ends_with("gate: 6 cases compared: same\n"), "{out}");
}

#[test]
fn one_edited_line_of_a_baseline_is_100_and_named() {
    let dir = room(&three(), &three());
    let path = dir.path().join("reports/baseline/autobahn-client.json");
    let text = fs::read_to_string(&path).unwrap();
    let line = r#"{"id":"2.9","behavior":"OK","behaviorClose":"OK"}"#;
    assert!(text.contains(line), "one line a case: {text}");
    fs::write(&path, text.replace(line, &line.replacen("OK", "FAILED", 1))).unwrap();
    let (code, out, _) = gate(dir.path(), &[]);
    assert_eq!(code, 100, "{out}");
    let row = out.lines().find(|line| line.starts_with("client  2.9")).unwrap();
    assert_eq!(
        row.split_whitespace().collect::<Vec<_>>().join(" "),
        "client 2.9 FAILED/OK OK/OK better: bless it"
    );
    assert!(!out.contains("server  2.9"), "{out}");
}

#[test]
fn worse_missing_and_new_are_100() {
    let worse = [ok("1.1.1"), case("2.9", Behavior::Ok, BehaviorClose::Unclean)];
    let missing = [ok("1.1.1")];
    let new = [ok("1.1.1"), ok("2.9"), ok("2.10")];
    for (now, what) in [(&worse[..], "worse"), (&missing[..], "missing"), (&new[..], "new")] {
        let dir = room(&[ok("1.1.1"), ok("2.9")], now);
        let (code, out, _) = gate(dir.path(), &[]);
        assert_eq!(code, 100, "{out}");
        assert!(out.contains(what), "{out}");
    }
}

#[test]
fn a_report_or_baseline_that_vanished_is_100_and_all_of_them_4() {
    for gone in ["latest", "baseline"] {
        let dir = room(&three(), &three());
        fs::remove_file(dir.path().join(format!("reports/{gone}/autobahn-client.json"))).unwrap();
        let (code, out, _) = gate(dir.path(), &[]);
        assert_eq!(code, 100, "{gone}: {out}");
        assert_eq!(gate(dir.path(), &["--role", "server"]).0, 0, "{gone}");
    }
    let dir = room(&three(), &three());
    fs::remove_dir_all(dir.path().join("reports/latest")).unwrap();
    let (code, _, err) = gate(dir.path(), &[]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("wsconf autobahn"), "{err}");
}

/// A role of which nothing is left is not one that is as expected.
#[test]
fn a_role_without_report_and_baseline_is_4() {
    let dir = room(&three(), &three());
    for gone in ["latest", "baseline"] {
        fs::remove_file(dir.path().join(format!("reports/{gone}/autobahn-client.json"))).unwrap();
    }
    let (code, _, err) = gate(dir.path(), &[]);
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("client: neither") && err.contains("--role server leaves it"), "{err}");
    assert_eq!(gate(dir.path(), &["--role", "server"]).0, 0);
}

#[test]
fn nothing_compared_is_4() {
    let dir = room(&[], &[]);
    assert_eq!(gate(dir.path(), &[]).0, 4);
    // Known cases, but of none of them anything is known here.
    let dir = room(&three(), &three());
    assert_eq!(gate(dir.path(), &["--cases", "12.1.1"]).0, 4);
}

#[test]
fn a_narrowed_gate_says_so() {
    let dir = room(&three(), &[ok("1.1.1")]);
    assert_eq!(gate(dir.path(), &[]).0, 100);
    let (code, out, _) = gate(dir.path(), &["--cases", "1.1.1 1.2.*"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("only the 9 cases of --cases '1.1.1 1.2.*'"), "{out}");
}

#[test]
fn malformed_files_are_2() {
    for (path, text) in [
        ("reports/baseline/autobahn-server.json", "{"),
        ("reports/latest/autobahn-server.json", "[]"),
        ("reports/waivers.toml", "[[waiver]"),
        ("reports/waivers.toml", "[[waivers]]\nid = \"1.1.1\"\n"),
    ] {
        let dir = room(&three(), &three());
        fs::write(dir.path().join(path), text).unwrap();
        let (code, _, err) = gate(dir.path(), &[]);
        assert_eq!(code, 2, "{path} {text}: {err}");
        assert!(err.contains(path), "names the file: {err}");
    }
}

#[test]
fn altered_files_are_2() {
    let edits = [
        ("baseline", r#""behavior":"OK""#, r#""behavior":"FINE""#),
        ("baseline", "ws-conformance-baseline/1", "ws-conformance-baseline/2"),
        ("baseline", r#""id":"2.9""#, r#""id":"1.1.1""#),
        ("baseline", r#""id":"2.9""#, r#""id":"9.9""#),
        ("baseline", r#""version": "25.10.1""#, r#""version": "0.8.2""#),
        ("baseline", r#""role": "server""#, r#""role": "client""#),
        ("latest", "ws-conformance-report/1", "ws-conformance-report/2"),
        ("latest", r#""started""#, r#""begun""#),
    ];
    for (sub, from, to) in edits {
        let dir = room(&three(), &three());
        let path = dir.path().join(format!("reports/{sub}/autobahn-server.json"));
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        fs::write(&path, text.replace(from, to)).unwrap();
        let (code, out, err) = gate(dir.path(), &[]);
        assert_eq!(code, 2, "{from} to {to}: {out}{err}");
    }
}

fn with_waivers(dir: &Path, text: &str) -> (i32, String, String) {
    fs::write(dir.join("reports/waivers.toml"), text).unwrap();
    gate(dir, &["--role", "server"])
}

#[test]
fn waivers_are_used_or_fail() {
    let bad = [ok("1.1.1"), case("2.9", Behavior::NonStrict, BehaviorClose::Ok)];
    let used = "[[waiver]]\nid = \"2.9\"\nrole = \"server\"\nbehaviour = \"NON-STRICT\"\nreason = \"RFC 6455 section 5.5.3\"\n";
    // Blessed is not enough.
    let dir = room(&bad, &bad);
    let (code, out, _) = gate(dir.path(), &["--role", "server"]);
    assert_eq!(code, 100, "{out}");
    assert!(out.contains("not waived"), "{out}");
    let (code, out, _) = with_waivers(dir.path(), used);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("1 waived"), "{out}");
    // It is for the server only.
    assert_eq!(gate(dir.path(), &[]).0, 100);
    // Not needed any more.
    let dir = room(&[ok("1.1.1"), ok("2.9")], &[ok("1.1.1"), ok("2.9")]);
    let (code, out, _) = with_waivers(dir.path(), used);
    assert_eq!(code, 100, "{out}");
    assert!(out.contains("waiver not used"), "{out}");
}

#[test]
fn waivers_without_reason_are_2() {
    let dir = room(&three(), &three());
    let one = |rest: &str| format!("[[waiver]]\nid = \"2.9\"\nrole = \"server\"\n{rest}");
    let reason = "reason = \"RFC 6455 section 5.5.3\"\n";
    for (text, names) in [
        (one("behaviour = \"FAILED\"\n"), "is missing"),
        (one("behaviour = \"FAILED\"\nreason = \"  \"\n"), "is missing"),
        (one("behaviour = \"FAILED\"\nreason = \"it is slow\"\n"), "RFC"),
        (one(&format!("behaviour = \"OK\"\n{reason}")), "no waiver"),
        (one(&format!("behaviour = \"BAD\"\n{reason}")), "BAD"),
        (one(&format!("behaviour = \"FAILED\"\nwhy = \"\"\n{reason}")), "why"),
        (one(&format!("behaviour = \"FAILED\"\n{reason}")).repeat(2), "twice"),
    ] {
        let (code, _, err) = with_waivers(dir.path(), &text);
        assert_eq!(code, 2, "{text}: {err}");
        assert!(err.contains(names), "{text}: {err}");
    }
}

#[test]
fn blessing_makes_the_gate_pass() {
    let now = [ok("1.1.1"), ok("2.9"), ok("2.10")];
    let dir = room(&[ok("1.1.1"), case("2.9", Behavior::Failed, BehaviorClose::Ok)], &now);
    assert_eq!(gate(dir.path(), &[]).0, 100);
    let (code, out, _) = run(wsconf(dir.path()).arg("bless"));
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("server: 3 cases: 3 OK/OK, 2 changed"), "{out}");
    assert_eq!(gate(dir.path(), &[]).0, 0);
    let text =
        fs::read_to_string(dir.path().join("reports/baseline/autobahn-server.json")).unwrap();
    assert!(!text.contains("duration"), "{text}");
}

#[test]
fn blessing_does_not_shrink_a_baseline_unasked() {
    let dir = room(&[ok("1.1.1"), ok("2.9")], &[ok("2.9")]);
    let before =
        fs::read_to_string(dir.path().join("reports/baseline/autobahn-server.json")).unwrap();
    let (code, _, err) = run(wsconf(dir.path()).arg("bless"));
    assert_eq!(code, 2, "{err}");
    let after =
        fs::read_to_string(dir.path().join("reports/baseline/autobahn-server.json")).unwrap();
    assert_eq!(before, after);
    assert_eq!(run(wsconf(dir.path()).args(["bless", "--allow-missing"])).0, 0);
    assert_eq!(gate(dir.path(), &[]).0, 0);
}

/// A run that ended in the middle: from then on nobody would miss what it did not come to.
#[test]
fn blessing_takes_no_report_that_lacks_a_verdict() {
    let dir = tempfile::tempdir().unwrap();
    let mut report = whole(Role::Server, vec![ok("1.1.1"), ok("1.1.2")]);
    report.cases.retain(|case| case.id == id("1.1.1"));
    store::save_report(&dir.path().join("report.json"), &report).unwrap();
    let bless = ["bless", "report.json", "--baseline", "expected.json"];
    let (code, _, err) = run(wsconf(dir.path()).args(bless));
    assert!(code == 2 && err.contains("no verdict on 1 case: 1.1.2"), "{err}");
    assert!(!dir.path().join("expected.json").exists());
    assert_eq!(run(wsconf(dir.path()).args(bless).arg("--allow-missing")).0, 0);
}

/// Folders are named after releases.
#[test]
fn a_folder_of_baselines_may_have_a_dot_in_its_name() {
    let dir = room(&three(), &three());
    let reports = dir.path().join("reports");
    fs::rename(reports.join("baseline"), reports.join("v1.2")).unwrap();
    let (code, out, err) = gate(dir.path(), &["--baseline", "reports/v1.2"]);
    assert_eq!(code, 0, "{out}{err}");
}

#[test]
fn blessing_nothing_is_4() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(wsconf(dir.path()).arg("bless")).0, 4);
}

/// What a project has that runs `wsconf test --out`, and keeps what it expects in a file of its own.
#[test]
fn any_report_is_held_against_a_baseline_of_any_name() {
    let dir = tempfile::tempdir().unwrap();
    let wsconf = |arguments: &[&str]| run(support::wsconf(dir.path()).args(arguments));
    let save = |cases: Vec<Case>| {
        store::save_report(&dir.path().join("report.json"), &whole(Role::Client, cases)).unwrap();
    };
    save(vec![ok("1.1.1"), ok("1.1.2")]);
    let gate = ["gate", "report.json", "--baseline", "expected.json"];
    let (code, _, err) = wsconf(&gate);
    assert!(code == 2 && err.contains("`wsconf bless report.json --baseline expected"), "{err}");
    let (code, out, err) = wsconf(&["bless", "report.json", "--baseline", "expected.json"]);
    assert!(code == 0 && out.contains("2 changed: expected.json"), "{out}{err}");
    let (code, out, _) = wsconf(&gate);
    assert_eq!(
        (code, out.as_str()),
        (0, "client: 2 compared, 0 differ, 0 waived\ngate: 2 cases compared: same\n")
    );
    save(vec![ok("1.1.1")]);
    let (code, out, _) = wsconf(&gate);
    assert!(code == 100 && out.contains("missing: not run"), "{out}");
    let (code, _, err) = wsconf(&["bless", "report.json", "--baseline", "expected.json"]);
    assert!(code == 2 && err.contains("lacks 1 case of the baseline"), "{err}");
    // What names reports does not name where others are.
    let (code, _, err) = wsconf(&["gate", "report.json", "--latest", "x"]);
    assert!(code == 2 && err.contains("cannot be used with"), "{err}");
}

/// Each role has a baseline of its own: no blessing puts one in the other's place.
#[test]
fn the_baseline_of_another_role_is_not_overwritten() {
    let dir = room(&three(), &three());
    let path = dir.path().join("reports/baseline/autobahn-client.json");
    let before = fs::read_to_string(&path).unwrap();
    let server = "reports/latest/autobahn-server.json";
    let client = "reports/latest/autobahn-client.json";
    let of_client = "reports/baseline/autobahn-client.json";
    for (arguments, says) in [
        (&["bless", server, "--baseline", of_client][..], "it is the baseline of a client"),
        (&["bless", "--role", "server", "--baseline", of_client], "it is the baseline of a client"),
        (&["bless", "--baseline", of_client], "one file"),
        (&["bless", client, server, "--baseline", "new.json"], "one file"),
        (&["gate", client, server, "--baseline", of_client], "one file"),
    ] {
        let (code, _, err) = run(wsconf(dir.path()).args(arguments));
        assert!(code == 2 && err.contains(says), "{arguments:?}: {err}");
        assert_eq!(fs::read_to_string(&path).unwrap(), before, "{arguments:?}");
        assert!(!dir.path().join("new.json").exists(), "{arguments:?}");
    }
    let (code, out, err) =
        run(wsconf(dir.path()).args(["bless", client, server, "--baseline", "reports/baseline"]));
    assert_eq!(code, 0, "{out}{err}");
}
