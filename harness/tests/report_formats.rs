//! `wsconf report` and `wsconf diff` as programs: report files in, each format out, names and
//! explanations chosen to break out of it.

use std::fs;
use std::path::Path;

use quick_junit::{Report as JunitReport, TestCaseStatus};
use serde_json::{Value, json};
use ws_harness::report::schema::{Behavior, BehaviorClose, Case, Report, Role, Selection, Verdict};
use ws_harness::report::store;

mod support;
use support::{baseline, case, ok, report, run, whole, wsconf};

/// What an agent could call itself, and a suite could say of it.
const HOSTILE: &str = "a|b, c: 100%\r\n::error::x <img src=x> @all `]]>` \u{1}[y](z) \"&\u{e9}";

fn failed(id: &str) -> Case {
    Case {
        explanation: Some(HOSTILE.to_owned()),
        ..case(id, Behavior::Failed, BehaviorClose::Unclean)
    }
}

fn four() -> Vec<Case> {
    let flaky = Verdict { behavior: Behavior::Failed, behavior_close: BehaviorClose::Ok };
    vec![
        Case { earlier: vec![flaky], ..ok("1.1.1") },
        case("1.1.2", Behavior::NonStrict, BehaviorClose::Ok),
        failed("2.9"),
        case("7.1.6", Behavior::Informational, BehaviorClose::Informational),
    ]
}

/// A folder with `report.json` of `cases` and `baseline.json` of 1.1.1 to 1.1.3 and 2.9, all OK.
fn room(agent: &str, cases: Vec<Case>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut report = whole(Role::Server, cases);
    report.testee.agent = agent.to_owned();
    store::save_report(&dir.path().join("report.json"), &report).unwrap();
    let before = ["1.1.1", "1.1.2", "1.1.3", "2.9"].map(ok);
    let before = baseline(Role::Server, &before);
    store::save_baseline(&dir.path().join("baseline.json"), &before).unwrap();
    dir
}

/// `wsconf report report.json --format …`, which exits with 0 whatever the cases did.
fn shown(dir: &Path, arguments: &[&str]) -> String {
    let mut command = wsconf(dir);
    command.args(["report", "report.json", "--format"]).args(arguments);
    let (code, out, err) = run(command.env_remove("GITHUB_STEP_SUMMARY"));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    out
}

const COMPARED: [&str; 2] = ["--baseline", "baseline.json"];

#[test]
fn as_a_table() {
    let dir = room("me", four());
    let out = shown(dir.path(), &["table"]);
    assert_eq!(
        out,
        "me (server) by Autobahn|Testsuite 25.10.1\n\
         role    case   behavior    behaviorClose  close code\n\
         server  1.1.2  NON-STRICT  OK             1000\n\
         server  2.9    FAILED      UNCLEAN        1000\n\
         server: 4 cases: 1 OK/OK, 1 INFORMATIONAL, 1 NON-STRICT/OK, 1 FAILED/UNCLEAN\n"
    );
    let out = shown(dir.path(), &["table", COMPARED[0], COMPARED[1]]);
    assert!(out.contains("server: 4 differ from the baseline"), "{out}");
    assert!(out.contains("missing: not run"), "{out}");
    // A terminal is not told what to do by a name.
    let dir = room("\u{1b}[2Jx", four());
    assert!(!shown(dir.path(), &["table"]).contains('\u{1b}'));
}

#[test]
fn as_json() {
    let dir = room(HOSTILE, four());
    let out: Value =
        serde_json::from_str(&shown(dir.path(), &["json", COMPARED[0], COMPARED[1]])).unwrap();
    let read: Report = serde_json::from_value(out[0]["report"].clone()).unwrap();
    assert_eq!((read.testee.agent.as_str(), &read.cases), (HOSTILE, &four()));
    let good = json!({"behavior": "OK", "behaviorClose": "OK"});
    assert_eq!(
        out[0]["differences"][1],
        json!({"id": "1.1.3", "expected": good, "found": null, "kind": "missing"})
    );
    let out: Value = serde_json::from_str(&shown(dir.path(), &["json"])).unwrap();
    assert_eq!(out[0].get("differences"), None, "not compared is not the same as no difference");
}

#[test]
fn as_junit_that_a_parser_reads_back() {
    let dir = room(HOSTILE, four());
    let out = shown(dir.path(), &["junit", COMPARED[0], COMPARED[1]]);
    let whole = JunitReport::deserialize_from_str(&out).unwrap();
    assert_eq!((whole.tests, whole.failures, whole.errors), (5, 2, 0));
    let [suite] = &whole.test_suites[..] else { panic!("one report, one suite: {out}") };
    let ids: Vec<&str> = suite.test_cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(ids, ["1.1.1", "1.1.2", "2.9", "7.1.6", "1.1.3"]);
    let [flaky, non_strict, failed, informational, missing] = &suite.test_cases[..] else {
        panic!("{out}")
    };
    let TestCaseStatus::Success { flaky_runs } = &flaky.status else { panic!("{flaky:?}") };
    assert_eq!(flaky_runs[0].message.as_ref().unwrap().as_str(), "FAILED/OK");
    for passed in [non_strict, informational] {
        assert!(matches!(passed.status, TestCaseStatus::Success { .. }), "{passed:?}");
    }
    let TestCaseStatus::NonSuccess { message, description, .. } = &failed.status else {
        panic!("{failed:?}")
    };
    assert_eq!(message.as_ref().unwrap().as_str(), "FAILED/UNCLEAN");
    let why = description.as_ref().unwrap().as_str();
    assert!(why.contains("::error::x <img src=x> @all `]]>`"), "{why}");
    let TestCaseStatus::NonSuccess { ty, .. } = &missing.status else { panic!("{missing:?}") };
    assert_eq!(ty.as_ref().unwrap().as_str(), "MISSING");
}

#[test]
fn as_annotations_that_no_name_breaks_out_of() {
    let dir = room(HOSTILE, four());
    let out = shown(dir.path(), &["github"]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 2, "{out}");
    let title = "a|b%2C c%3A 100%25%0D%0A%3A%3Aerror%3A%3Ax <img src=x> @all `]]>` \u{1}[y](z) \
                 \"&\u{e9} (server)%3A case";
    assert_eq!(lines[0], format!("::warning title={title} 1.1.2::NON-STRICT/OK"));
    assert_eq!(
        lines[1],
        format!(
            "::error title={title} 2.9::FAILED/UNCLEAN%0Aa|b, c: 100%25%0D%0A::error::x \
             <img src=x> @all `]]>` \u{1}[y](z) \"&\u{e9}"
        )
    );
    // With a baseline: what changed, and nothing else.
    let dir = room("me", four());
    let out = shown(dir.path(), &["github", COMPARED[0], COMPARED[1]]);
    let heads: Vec<&str> = out.lines().map(|line| line.split("%0A").next().unwrap()).collect();
    let me = "title=me (server)%3A case";
    assert_eq!(
        heads,
        [
            format!("::error {me} 1.1.2::worse: expected OK/OK, found NON-STRICT/OK"),
            format!("::error {me} 1.1.3::missing: not run: expected OK/OK, found -"),
            format!("::error {me} 2.9::worse: expected OK/OK, found FAILED/UNCLEAN"),
            format!("::notice {me} 7.1.6::new: bless it: expected -, found INFORMATIONAL"),
        ]
    );
}

#[test]
fn github_shows_ten_annotations_of_a_level_so_the_tenth_tells_of_the_others() {
    let level = |out: &str, level: &str| -> Vec<String> {
        let of_level = out.lines().filter(|line| line.starts_with(level));
        of_level.map(|line| line.rsplit("::").next().unwrap().to_owned()).collect()
    };
    let non_strict = |id: &str| case(id, Behavior::NonStrict, BehaviorClose::Ok);
    let bad = |n: usize| case(&format!("9.9.{n}"), Behavior::Failed, BehaviorClose::Ok);
    for (count, wanted, last) in
        [(10, 10, "FAILED/OK"), (11, 10, "2 more: the summary of this job has them all")]
    {
        let mut cases: Vec<Case> = (1..=count).map(bad).collect();
        cases.extend((10..=40).map(|n| non_strict(&format!("10.1.{n}"))));
        let dir = room("me", cases);
        let out = shown(dir.path(), &["github"]);
        let errors = level(&out, "::error");
        assert_eq!((errors.len(), errors.last().unwrap().as_str()), (wanted, last), "{out}");
        let warnings = level(&out, "::warning");
        assert!(warnings.len() == 10 && warnings[9].starts_with("22 more: "), "{out}");
        assert_eq!(out.lines().count(), 20, "{out}");
        let mut command = wsconf(dir.path());
        command.args(["report", "report.json", "--format", "github"]);
        let path = dir.path().join("summary.md");
        assert_eq!(run(command.env("GITHUB_STEP_SUMMARY", &path)).0, 0);
        let summary = fs::read_to_string(path).unwrap();
        assert_eq!(summary.matches("| FAILED/OK |").count(), count, "the summary has them all");
    }
}

#[test]
fn the_summary_of_a_github_job_is_appended() {
    let dir = room("me", four());
    let path = dir.path().join("summary.md");
    fs::write(&path, "of another step\n").unwrap();
    let mut command = wsconf(dir.path());
    command.args(["report", "report.json", "--format", "github"]);
    let (code, out, err) = run(command.env("GITHUB_STEP_SUMMARY", &path));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let markdown = shown(dir.path(), &["markdown"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("of another step\n{markdown}"));
    // No other format touches it.
    let mut command = wsconf(dir.path());
    command.args(["report", "report.json"]).env("GITHUB_STEP_SUMMARY", &path);
    assert_eq!(run(&mut command).0, 0);
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("of another step\n{markdown}"));
}

#[test]
fn as_markdown_in_which_every_row_is_a_row() {
    let dir = room(HOSTILE, four());
    let out = shown(dir.path(), &["markdown", COMPARED[0], COMPARED[1]]);
    for row in out.lines().filter(|line| line.starts_with('|')) {
        assert!(row.ends_with('|'), "{row}");
    }
    let row = out.lines().find(|line| line.starts_with("| <code>")).unwrap();
    assert!(
        row.ends_with("| server | Autobahn&#124;Testsuite 25.10.1 | 1 | 1 | 1 | 0 | 0 | 1 | 4 |"),
        "{row}"
    );
    for raw in ["<img", "@all", "a|b", "`", "[y]"] {
        assert!(!out.contains(raw), "{raw}: {out}");
    }
    assert!(!out.contains("<details>"), "four rows are not folded: {out}");
    let many = (1..=20).map(|n| failed(&format!("9.9.{n}"))).collect();
    let out = shown(room("me", many).path(), &["markdown"]);
    assert!(out.contains("<details><summary><code>me</code> as server: 20 not OK"), "{out}");
}

#[test]
fn a_badge_is_as_good_as_the_worst_case() {
    for (cases, message, color) in [
        (vec![ok("1.1.1"), four().remove(3)], "2/2", "brightgreen"),
        (vec![ok("1.1.1"), four().remove(1)], "2/2", "yellow"),
        (four(), "3/4", "red"),
    ] {
        let dir = room("me", cases);
        shown(dir.path(), &["table", "--badge", "badge.json"]);
        let text = fs::read_to_string(dir.path().join("badge.json")).unwrap();
        let badge: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            badge,
            json!({"schemaVersion": 1, "label": "WebSocket conformance", "message": message,
                "color": color})
        );
    }
}

/// A server that died in the middle, or Ctrl-C: what was asked for and not played is seen by everyone.
#[test]
fn cases_without_a_verdict_are_in_every_format() {
    let dir = room("me", vec![]);
    let save = |asked: &str, exclude: &str, cases: Vec<Case>| {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let selection = Selection { cases: words(asked), exclude: words(exclude) };
        let report = Report { selection, ..report(Role::Server, cases) };
        store::save_report(&dir.path().join("report.json"), &report).unwrap();
    };
    // 1.1.3 is in the baseline, 1.1.5 is not.
    save("1.1.*", "1.1.4 1.1.6 1.1.7 1.1.8", vec![ok("1.1.1"), ok("1.1.2"), ok("2.9")]);
    let out = shown(dir.path(), &["table", "--badge", "badge.json"]);
    let line = "server: no verdict on 2 cases: 1.1.3 1.1.5\n";
    assert!(out.ends_with(&format!("{line}server: 3 cases: 3 OK/OK\n")), "{out}");
    let badge = fs::read_to_string(dir.path().join("badge.json")).unwrap();
    assert!(badge.contains(r#""3/5""#) && badge.contains(r#""red""#), "{badge}");
    for (more, missing) in [(&[][..], "1.1.3 1.1.5"), (&COMPARED, "1.1.3 1.1.5")] {
        let out = shown(dir.path(), &[&["junit"], more].concat());
        let whole = JunitReport::deserialize_from_str(&out).unwrap();
        assert_eq!((whole.tests, whole.failures), (5, 2), "each of them once: {out}");
        let of_type = |case: &&quick_junit::TestCase| match &case.status {
            TestCaseStatus::NonSuccess { ty, .. } => ty.as_ref().unwrap().as_str() == "MISSING",
            _ => false,
        };
        let cases = whole.test_suites[0].test_cases.iter().filter(of_type);
        let ids: Vec<&str> = cases.map(|case| case.name.as_str()).collect();
        assert_eq!(ids.join(" "), missing);
    }
    let out = shown(dir.path(), &["github"]);
    let title = "ws-core (server)";
    let lacking = |what: &str| format!("::error title={title}::server: no verdict on {what}\n");
    assert_eq!(out, lacking("2 cases: 1.1.3 1.1.5"));
    let out = shown(dir.path(), &["github", COMPARED[0], COMPARED[1]]);
    assert!(
        out.contains("case 1.1.3::missing") && out.ends_with(&lacking("1 case: 1.1.5")),
        "{out}"
    );
    let out = shown(dir.path(), &["markdown"]);
    let head = "**<code>ws-core</code> as server: 2 without a verdict**\n\n| case |\n|---|\n";
    assert!(out.ends_with(&format!("\n{head}| 1.1.3 |\n| 1.1.5 |\n")), "{out}");
    // Of a suite that we do not know nothing is said.
    save("0.*", "", vec![ok("1.1.1")]);
    let out = shown(dir.path(), &["table"]);
    assert!(!out.contains("no verdict"), "{out}");
}

#[test]
fn what_cannot_be_shown_is_2_and_nothing_4() {
    let dir = room("me", four());
    let client = baseline(Role::Client, &[ok("1.1.1")]);
    store::save_baseline(&dir.path().join("client.json"), &client).unwrap();
    let mut other = baseline(Role::Server, &[ok("1.1.1")]);
    other.suite.version = Some("0.8.2".to_owned());
    store::save_baseline(&dir.path().join("other.json"), &other).unwrap();
    store::save_report(&dir.path().join("empty.json"), &report(Role::Server, vec![])).unwrap();
    for (arguments, wanted, says) in [
        (&["report"][..], 2, "FILE"),
        (&["report", "nowhere.json"], 2, "nowhere.json is not there"),
        (&["report", "baseline.json"], 2, "baseline.json is malformed"),
        (&["report", "report.json", "--format", "pdf"], 2, "table, json, markdown, junit, github"),
        (&["report", "report.json", "--baseline", "client.json"], 2, "no report is of a client"),
        (&["report", "report.json", "--baseline", "other.json"], 2, "0.8.2"),
        (
            &[
                "report",
                "report.json",
                "--baseline",
                "baseline.json",
                "--baseline",
                "baseline.json",
            ],
            2,
            "a second baseline",
        ),
        (&["report", "report.json", "--badge", "no/such/badge.json"], 2, "no/such/badge.json"),
        (&["report", "empty.json"], 4, "no case"),
        (&["diff", "report.json"], 2, "<B>"),
        (&["diff", "report.json", "nowhere.json"], 2, "nowhere.json is not there"),
        (&["diff", "empty.json", "empty.json"], 4, "neither"),
    ] {
        let (code, out, err) = run(wsconf(dir.path()).args(arguments));
        assert_eq!((code, out.as_str()), (wanted, ""), "{arguments:?}: {err}");
        assert!(err.contains(says), "{arguments:?}: {err}");
    }
}

#[test]
fn diff_tells_two_reports_apart() {
    let dir = room("me", four());
    let save = |name: &str, role: Role, cases: Vec<Case>| {
        store::save_report(&dir.path().join(name), &report(role, cases)).unwrap();
    };
    let diff = |after: &str| run(wsconf(dir.path()).args(["diff", "report.json", after]));
    // Other names, times and close codes are the same; so is a failure that was there before.
    let slower = |case: Case| Case { duration_ms: Some(99), remote_close_code: None, ..case };
    save("same.json", Role::Server, four().into_iter().map(slower).collect());
    assert_eq!(diff("same.json"), (0, "diff: 4 cases compared: same\n".into(), String::new()));
    let mut better = four();
    better[2] = ok("2.9");
    for (name, cases, what) in [
        ("better", better, "better"),
        ("fewer", four()[1..].to_vec(), "missing"),
        ("more", [four(), vec![ok("9.1.1")]].concat(), "new"),
        ("worse", [vec![failed("1.1.1")], four()[1..].to_vec()].concat(), "worse"),
    ] {
        save(name, Role::Server, cases);
        let (code, out, err) = diff(name);
        assert_eq!(code, 100, "{name}: {out}{err}");
        assert!(out.contains(what) && out.ends_with("diff: 1 differ\n"), "{name}: {out}");
    }
    save("client.json", Role::Client, four());
    let (code, _, err) = diff("client.json");
    assert!(code == 2 && err.contains("another role"), "{err}");
}
