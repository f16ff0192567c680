//! `wsconf history`: what a log holds and tells, and that nothing that happens to it loses a run.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use ws_harness::report::history::Commit;
use ws_harness::report::history::changes::courses;
use ws_harness::report::history::log::{self, Log};
use ws_harness::report::html::past::Past;
use ws_harness::report::schema::{Behavior, BehaviorClose, Case, Report, Role, Shard};
use ws_harness::report::store;

mod support;
use support::{case, ok, report, run, wsconf};

fn bad(id: &str) -> Case {
    case(id, Behavior::Failed, BehaviorClose::Ok)
}

/// The `second`th run, of the cases that `cases` are about.
fn at(second: u64, cases: Vec<Case>) -> Report {
    let mut report = report(Role::Server, cases);
    report.started = format!("2026-01-01T00:{:02}:{:02}Z", second / 60, second % 60);
    report.selection.cases = vec!["1.1.*".to_owned(), "2.9".to_owned()];
    report.selection.exclude = (3..=8).map(|last| format!("1.1.{last}")).collect();
    report
}

fn add(dir: &Path, commit: &str, report: &Report) {
    let commit = Commit { id: commit.trim_end_matches('+').into(), dirty: commit.ends_with('+') };
    log::add(dir, report, commit).unwrap();
}

fn load(dir: &Path) -> Log {
    log::load(&log::path(dir, "ws-core", Role::Server)).unwrap().unwrap()
}

#[test]
fn trends_tell_flaky_from_regressed() {
    // Each step: the commit (`+`: with changes on top), and the verdict of 2.9 (- for none).
    for (steps, trend) in [
        ("a:ok b:ok", None),
        ("a:ok b:bad", Some("regressed")),
        ("a:ok b:bad c:bad c:bad", Some("regressed")),
        ("a:bad b:ok", Some("improved")),
        ("a:ok b:bad c:ok", Some("improved")),
        ("a:ok b:bad c:ok d:bad", Some("flaky")),
        ("a:ok a:bad", Some("flaky")),
        ("a:ok b:bad a:bad", Some("flaky")),
        ("a:ok a+:bad", Some("regressed")),
        ("a:ok b:-", Some("missing")),
        ("a:ok b:- c:ok", Some("improved")),
        ("a:ok a:-", Some("flaky")),
    ] {
        let dir = tempfile::tempdir().unwrap();
        for (second, step) in (0..).zip(steps.split(' ')) {
            let (commit, verdict) = step.split_once(':').unwrap();
            let mut cases = vec![ok("1.1.1"), ok("1.1.2")];
            cases.extend(match verdict {
                "ok" => Some(ok("2.9")),
                "bad" => Some(bad("2.9")),
                _ => None,
            });
            add(dir.path(), commit, &at(second, cases));
        }
        let found = courses(&load(dir.path()).runs);
        let found: Vec<_> =
            found.iter().map(|course| (course.id.to_string(), course.trend.name())).collect();
        let expected: Vec<_> = trend.into_iter().map(|trend| ("2.9".to_owned(), trend)).collect();
        assert_eq!(found, expected, "{steps}");
    }
}

#[test]
fn a_run_of_other_cases_says_nothing_of_these() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "a", &at(0, vec![ok("1.1.1"), ok("1.1.2"), ok("2.9")]));
    add(dir.path(), "b", &at(1, vec![ok("1.1.1"), ok("1.1.2"), bad("2.9")]));
    // Commit a once more, without 2.9: that b broke it does not make a differ from itself.
    let mut narrow = at(2, vec![ok("1.1.1")]);
    narrow.selection.cases = vec!["1.1.1".to_owned()];
    narrow.selection.exclude.clear();
    add(dir.path(), "a", &narrow);
    let found = courses(&load(dir.path()).runs);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].trend.name(), found[0].changes[0].run), ("regressed", 1));
    assert_eq!(found[0].changes[0].commit.id, "b");
}

#[test]
fn another_release_begins_anew() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "a", &at(0, vec![ok("1.1.1"), ok("1.1.2"), ok("2.9")]));
    let mut other = at(1, vec![ok("1.1.1"), ok("1.1.2"), bad("2.9")]);
    other.suite.version = Some("26.1.1".to_owned());
    add(dir.path(), "b", &other);
    let log = load(dir.path());
    assert_eq!(courses(&log.runs), []);
    assert_eq!(log.runs[1].changed.values().map(Vec::len).sum::<usize>(), 3);
}

#[test]
fn a_line_holds_only_what_changed_and_a_run_is_added_once() {
    let dir = tempfile::tempdir().unwrap();
    let all = || vec![ok("1.1.1"), ok("1.1.2"), ok("2.9")];
    add(dir.path(), "a", &at(0, all()));
    add(dir.path(), "b", &at(1, all()));
    add(dir.path(), "c", &at(1, all()));
    let text = fs::read_to_string(log::path(dir.path(), "ws-core", Role::Server)).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0]["changed"]["OK/OK"].as_array().unwrap().len(), 3);
    assert_eq!(lines[1]["changed"], serde_json::json!({}));
    assert_eq!(lines[1]["counts"], serde_json::json!({"OK/OK": 3}));
}

#[test]
fn a_log_cut_off_anywhere_loses_no_line_before_and_is_mended() {
    let dir = tempfile::tempdir().unwrap();
    let path = log::path(dir.path(), "ws-core", Role::Server);
    let cases = |last| vec![ok("1.1.1"), ok("1.1.2"), last];
    add(dir.path(), "a", &at(0, cases(ok("2.9"))));
    let first = fs::read(&path).unwrap().len();
    add(dir.path(), "b", &at(1, cases(bad("2.9"))));
    let whole = fs::read(&path).unwrap();
    for cut in first..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let before = load(dir.path());
        // Without its end the line is all there.
        let kept = if cut + 1 >= whole.len() { 2 } else { 1 };
        assert_eq!(before.runs.len(), kept, "{cut}");
        assert_eq!(before.torn, if kept == 2 { 0 } else { cut - first }, "{cut}");
        let commit = Commit { id: "c".to_owned(), dirty: false };
        let added = log::add(dir.path(), &at(2, cases(ok("2.9"))), commit).unwrap();
        assert_eq!(added.removed, before.torn, "{cut}");
        let after = load(dir.path());
        assert_eq!((after.runs.len(), after.torn), (kept + 1, 0), "{cut}");
        assert_eq!(after.runs[..kept], before.runs[..], "{cut}");
    }
}

#[test]
fn a_lost_line_is_noticed_and_nothing_is_written_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = log::path(dir.path(), "ws-core", Role::Server);
    let cases = |last| vec![ok("1.1.1"), ok("1.1.2"), last];
    for (second, last) in [(0, ok("2.9")), (1, bad("2.9")), (2, bad("2.9"))] {
        add(dir.path(), "a", &at(second, cases(last)));
    }
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    for (text, line) in [
        (format!("{}\n{}\n", lines[0], lines[2]), "line 2"),
        (format!("{}\nnothing\n{}\n", lines[0], lines[1]), "line 2"),
        (format!("{}\n", lines[0].replace("history/1", "history/2")), "line 1"),
    ] {
        fs::write(&path, &text).unwrap();
        let error = log::load(&path).unwrap_err().to_string();
        assert!(error.contains(line) && error.contains("version control"), "{error}");
        let commit = Commit { id: "b".to_owned(), dirty: false };
        assert!(log::add(dir.path(), &at(9, cases(ok("2.9"))), commit).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "left as it was");
    }
}

#[test]
fn many_may_append_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let runs = 8;
    let children: Vec<_> = (0..runs)
        .map(|second| {
            let verdict = if second % 2 == 0 { ok("2.9") } else { bad("2.9") };
            let file = dir.path().join(format!("{second}.json"));
            store::save_report(&file, &at(second, vec![ok("1.1.1"), ok("1.1.2"), verdict]))
                .unwrap();
            let mut add = wsconf(dir.path());
            add.args(["history", "add", "--commit", "a"])
                .arg(file)
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let log = load(&dir.path().join("reports/history"));
    assert_eq!((log.runs.len(), log.torn), (usize::try_from(runs).unwrap(), 0));
}

#[test]
fn the_command_asks_git_and_shows_what_changed() {
    let dir = tempfile::tempdir().unwrap();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.current_dir(dir.path()).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
        let output = git.args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let history = |arguments: &[&str]| run(wsconf(dir.path()).arg("history").args(arguments));
    let latest = store::path(&dir.path().join("reports/latest"), Role::Server, None);
    let cases = |last| vec![ok("1.1.1"), ok("1.1.2"), last];
    store::save_report(&latest, &at(0, cases(ok("2.9")))).unwrap();

    assert_eq!(history(&["show"]).0, 4);
    let (code, _, err) = history(&["add"]);
    assert_eq!(code, 2, "no commit is known: {err}");
    assert!(err.contains("--commit"), "{err}");

    git(&["init", "-q"]);
    fs::write(dir.path().join("source"), "1").unwrap();
    git(&["add", "source"]);
    git(&["commit", "-q", "-m", "first"]);
    let first = git(&["rev-parse", "HEAD"]);
    let (code, out, err) = history(&["add"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "second"]);
    store::save_report(&latest, &at(1, cases(bad("2.9")))).unwrap();
    let second = git(&["rev-parse", "HEAD"]);
    assert_eq!(history(&["add"]).0, 0, "reports alone make no other sources");
    fs::write(dir.path().join("source"), "2").unwrap();
    store::save_report(&latest, &at(2, cases(ok("2.9")))).unwrap();
    assert!(history(&["add"]).1.contains("1 case changed"));

    let path = dir.path().join("reports/history/ws_core-server.jsonl");
    OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"form").unwrap();
    let (code, out, err) = history(&["show"]);
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("cut off"), "{err}");
    let dirty = format!("{}+", &second[..12]);
    let rows: Vec<String> =
        out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for row in [
        "ws-core as server: 3 runs".to_owned(),
        format!("2.9 improved 2026-01-01 {} OK/OK FAILED/OK", &second[..12]),
        format!("2026-01-01 {dirty} FAILED/OK OK/OK"),
        "server: 1 improved".to_owned(),
        format!("2026-01-01T00:00:00Z {} wstest: 3 OK/OK; the first", &first[..12]),
    ] {
        assert!(rows.contains(&row), "{row}: {out}");
    }
    assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    assert!(!history(&["show", "1.1.1"]).1.contains("2.9 "));
    assert!(history(&["add"]).1.contains("6 octets of it are removed"));

    let json: Value = serde_json::from_str(&history(&["show", "--json"]).1).unwrap();
    assert_eq!(json[0]["runs"].as_array().unwrap().len(), 3);
    assert_eq!(json[0]["runs"][1]["commit"], second);
    assert_eq!(json[0]["runs"][2]["dirty"], true);
    assert_eq!(json[0]["cases"][0]["changes"][1]["to"], "OK/OK");
}

/// A page shows the log that it is given: the runs, and for each case what it came to when.
#[test]
fn a_page_shows_what_the_log_says() {
    let dir = tempfile::tempdir().unwrap();
    for (second, (commit, case)) in
        (0..).zip([("a", ok("2.9")), ("b", bad("2.9")), ("c", ok("2.9"))])
    {
        add(dir.path(), commit, &at(second, vec![ok("1.1.1"), ok("1.1.2"), case]));
    }
    let past = Past::of_log(&load(dir.path()).runs);
    let runs = past.runs.iter().map(|run| (run.commit.as_deref(), run.counts));
    let (all_ok, one_bad) = ([3, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 1]);
    assert!(runs.eq([(Some("a"), all_ok), (Some("b"), one_bad), (Some("c"), all_ok)]), "{past:?}");
    let changed: Vec<String> = past.changes.keys().map(ToString::to_string).collect();
    assert_eq!(changed, ["2.9"]);
    let verdicts =
        past.changes.values().flatten().map(|change| change.verdict.unwrap().to_string());
    assert!(verdicts.eq(["OK/OK", "FAILED/OK", "OK/OK"]), "{past:?}");
}

/// Its other parts would count as gone.
#[test]
fn a_part_of_a_split_run_is_not_added() {
    let dir = tempfile::tempdir().unwrap();
    let mut part = at(0, vec![ok("1.1.1")]);
    part.shard = Some(Shard { part: 1, of: 2 });
    store::save_report(&dir.path().join("part.json"), &part).unwrap();
    let (code, _, err) =
        run(wsconf(dir.path()).args(["history", "add", "part.json", "--commit", "a"]));
    assert_eq!(code, 2, "{err}");
    assert!(err.contains("`wsconf merge` them first"), "{err}");
}

/// A terminal is not told what to do by a name.
#[test]
fn names_are_told_without_their_control_characters() {
    let dir = tempfile::tempdir().unwrap();
    let mut report = at(1, vec![ok("1.1.1")]);
    report.testee.agent = "\u{1b}[2Jx".to_owned();
    store::save_report(&dir.path().join("report.json"), &report).unwrap();
    for arguments in [&["add", "report.json", "--commit", "a"][..], &["show"]] {
        let mut command = wsconf(dir.path());
        let (code, out, err) = run(command.arg("history").args(arguments).args(["--history", "h"]));
        assert_eq!(code, 0, "{err}");
        assert!(out.contains(r"\u{1b}[2Jx as server: ") && !out.contains('\u{1b}'), "{out:?}");
    }
}
