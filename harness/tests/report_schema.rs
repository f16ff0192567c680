//! Report v1 and `reports/report-v1.schema.json` say the same: what we write is valid, what is not
//! valid is not read.

use proptest::prelude::*;
use serde_json::{Value, json};
use ws_harness::report::schema::{
    Baseline, Behavior, BehaviorClose, Case, Part, Report, Role, Selection, Shard, Verdict,
};
use ws_harness::report::{
    merge::{Twice, merge},
    store,
};

mod support;
use support::json_schema::errors;
use support::{baseline, case, id, ok, report};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../reports/report-v1.schema.json")).unwrap()
}

fn as_written(report: &Report) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("report.json");
    store::save_report(&path, report).unwrap();
    assert_eq!(store::load_report(&path).unwrap().as_ref(), Some(report), "reads what it wrote");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_baselines_are_valid() {
    for text in [
        include_str!("../../reports/baseline/autobahn-server.json"),
        include_str!("../../reports/baseline/autobahn-client.json"),
    ] {
        assert_eq!(errors(&schema(), &serde_json::from_str(text).unwrap()), [""; 0]);
    }
    let made = serde_json::to_value(baseline(Role::Client, &[ok("1.1.1")])).unwrap();
    assert_eq!(errors(&schema(), &made), [""; 0]);
}

#[test]
fn a_merged_report_is_valid_and_merges_again_with_all_its_parts() {
    let part = |part: usize, ids: &[&str]| {
        let shard = Some(Shard { part, of: 3 });
        Report { shard, ..report(Role::Server, ids.iter().map(|id| ok(id)).collect()) }
    };
    let all = vec![part(2, &["1.1.2"]), part(1, &["1.1.1", "1.1.4"]), part(3, &["1.1.3"])];
    let two = merge(all[1..].to_vec(), Twice::Refused).unwrap_err();
    assert!(two.ends_with(": 2/3"), "{two}");
    let three = merge(all, Twice::Refused).unwrap();
    let parts: Vec<_> = three.parts.iter().map(|part| (part.shard, part.cases.clone())).collect();
    let shard = |part: usize| Some(Shard { part, of: 3 });
    assert_eq!(
        parts,
        [
            (shard(1), vec![id("1.1.1"), id("1.1.4")]),
            (shard(2), vec![id("1.1.2")]),
            (shard(3), vec![id("1.1.3")])
        ]
    );
    assert_eq!(errors(&schema(), &as_written(&three)), [""; 0]);
}

/// A run of `ids`, asked for by `cases` without `exclude`, that began at the minute `began`.
fn run_at(began: u32, cases: &str, exclude: &str, found: Vec<Case>) -> Report {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    Report {
        started: format!("2026-01-01T00:{began:02}:00Z"),
        selection: Selection { cases: words(cases), exclude: words(exclude) },
        ..report(Role::Server, found)
    }
}

#[test]
fn of_a_case_run_again_the_last_verdict_counts_and_the_others_are_kept() {
    let bad = |id: &str| case(id, Behavior::Failed, BehaviorClose::Unclean);
    let first = run_at(1, "1.1.*", "", vec![ok("1.1.1"), bad("1.1.2"), bad("1.1.3")]);
    let again = run_at(2, "1.1.2 1.1.3", "", vec![ok("1.1.2"), bad("1.1.3")]);
    let last = run_at(3, "1.1.3", "", vec![ok("1.1.3")]);
    let verdict = Verdict { behavior: Behavior::Failed, behavior_close: BehaviorClose::Unclean };
    let ids = |texts: &[&str]| texts.iter().map(|text| id(text)).collect::<Vec<_>>();
    // Whatever the order, and whether two of them were merged before.
    let three = |order: [&Report; 3]| {
        merge(order.into_iter().cloned().collect(), Twice::LastCounts).unwrap()
    };
    let whole = three([&first, &again, &last]);
    assert_eq!(whole, three([&last, &first, &again]));
    let two = merge(vec![again.clone(), first.clone()], Twice::LastCounts).unwrap();
    assert_eq!(merge(vec![two, last.clone()], Twice::LastCounts).unwrap().cases, whole.cases);
    let found: Vec<_> =
        whole.cases.iter().map(|case| (case.verdict().is_clean(), case.earlier.clone())).collect();
    assert_eq!(found, [(true, vec![]), (true, vec![verdict]), (true, vec![verdict, verdict])]);
    let parts: Vec<_> =
        whole.parts.iter().map(|part| (part.cases.clone(), part.replaced.clone())).collect();
    assert_eq!(
        parts,
        [
            (ids(&["1.1.1"]), ids(&["1.1.2", "1.1.3"])),
            (ids(&["1.1.2"]), ids(&["1.1.3"])),
            (ids(&["1.1.3"]), vec![])
        ]
    );
    assert_eq!((whole.started.as_str(), whole.duration_ms), ("2026-01-01T00:01:00Z", 3));
    assert_eq!(errors(&schema(), &as_written(&whole)), [""; 0]);
    // A worse verdict replaces a better one as well.
    let worse = run_at(9, "1.1.1", "", vec![bad("1.1.1")]);
    let worse = merge(vec![worse, first.clone()], Twice::LastCounts).unwrap();
    assert_eq!(worse.cases[0].verdict(), verdict);
    // Not without being asked, and no run twice.
    let why = merge(vec![first.clone(), again], Twice::Refused).unwrap_err();
    assert!(why.contains("1.1.2 is in two") && why.contains("--rerun"), "{why}");
    for (run, when) in [(last, "00:03"), (first, "00:01")] {
        let why = merge(vec![whole.clone(), run], Twice::LastCounts).unwrap_err();
        assert!(why.contains(&format!("the run of 2026-01-01T{when}:00Z is in two")), "{why}");
    }
}

/// The part that the merged report is of, or which parts are not there.
type Wanted = Result<Option<Shard>, &'static str>;

/// A part that is not there takes its cases along, and nobody would miss them.
#[test]
fn a_part_of_a_split_run_that_is_not_there_is_missed() {
    use Twice::{LastCounts, Refused};
    let run = |began: u32, shard: Option<(usize, usize)>, asked: &str, found: &[&str]| Report {
        shard: shard.map(|(part, of)| Shard { part, of }),
        ..run_at(began, asked, "", found.iter().map(|id| ok(id)).collect())
    };
    let [one, two] = [
        run(1, Some((1, 2)), "1.1.*", &["1.1.1", "1.1.3", "1.1.5", "1.1.7"]),
        run(2, Some((2, 2)), "1.1.*", &["1.1.2", "1.1.4", "1.1.6", "1.1.8"]),
    ];
    let again = run(3, None, "1.1.3", &["1.1.3"]);
    let rest = run(4, None, "1.1.2 1.1.4 1.1.6 1.1.8", &["1.1.2"]);
    let third = run(5, Some((1, 3)), "1.2.*", &["1.2.1"]);
    let unknown = run(6, Some((2, 2)), "99.*", &["99.1"]);
    let part = Some(Shard { part: 1, of: 2 });
    let rows: [(&[&Report], Twice, Wanted); 9] = [
        (&[&one], Refused, Err("2/2")),
        (&[&one], LastCounts, Ok(part)),
        (&[&one, &again], LastCounts, Ok(part)),
        (&[&one, &two], Refused, Ok(None)),
        (&[&two, &one, &again], LastCounts, Ok(None)),
        // What it would have brought another run was asked for.
        (&[&one, &rest], Refused, Ok(None)),
        (&[&one, &third], LastCounts, Err("2/2, 2/3, 3/3")),
        (&[&unknown], Refused, Err("1/2")),
        (&[&again], Refused, Ok(None)),
    ];
    for (reports, twice, wanted) in rows {
        let merged = merge(reports.iter().map(|&one| one.clone()).collect(), twice);
        match (merged, wanted) {
            (Ok(merged), Ok(shard)) => assert_eq!(merged.shard, shard, "{reports:?}"),
            (Err(why), Err(names)) => assert!(why.ends_with(&format!(": {names}")), "{why}"),
            (merged, wanted) => panic!("{reports:?}: {merged:?}, {wanted:?}"),
        }
    }
    // A part that was run again is still that part, and lacks nothing when the other comes.
    let part = merge(vec![one, again], LastCounts).unwrap();
    assert_eq!(part.without_verdict(), []);
    let whole = merge(vec![part, two], Refused).unwrap();
    assert_eq!((whole.shard, whole.cases.len(), whole.without_verdict()), (None, 8, vec![]));
}

#[test]
fn what_was_asked_of_merged_runs_is_what_either_was_asked() {
    let asked = |a: (&str, &str), b: (&str, &str)| {
        let runs = vec![run_at(1, a.0, a.1, vec![]), run_at(2, b.0, b.1, vec![ok("1.1.1")])];
        let selection = merge(runs, Twice::LastCounts).unwrap().selection;
        (selection.cases.join(" "), selection.exclude.join(" "))
    };
    for (a, b, cases, exclude) in [
        (("1.*", ""), ("2.*", ""), "1.* 2.*", ""),
        (("*", "12.* 13.*"), ("6.4.3", ""), "* 6.4.3", "12.* 13.*"),
        // Side by side these would leave out what the other has.
        (("1.1.*", "1.1.1"), ("1.1.1", ""), "1.1.1 1.1.2 1.1.3 1.1.4 1.1.5 1.1.6 1.1.7 1.1.8", ""),
        (("0.0", ""), ("1.*", ""), "0.0 1.*", ""),
    ] {
        assert_eq!(asked(a, b), (cases.to_owned(), exclude.to_owned()), "{a:?} {b:?}");
    }
}

/// As the first release wrote it: nothing that came later, and no version.
#[test]
fn a_report_of_an_older_release_is_read() {
    let old = json!({
        "format": "ws-conformance-report/1",
        "suite": {"name": "Autobahn|Testsuite", "version": null, "engine": "wstest"},
        "role": "client", "testee": {"agent": "ws-core", "version": null},
        "platform": {"os": "linux", "arch": "x86_64"}, "started": "2026-01-01T00:00:00Z",
        "durationMs": 1, "selection": {"cases": ["*"], "exclude": []},
        "cases": [{"id": "2.9", "behavior": "FAILED", "behaviorClose": "UNCLEAN",
            "remoteCloseCode": null, "durationMs": 3}],
    });
    assert_eq!(errors(&schema(), &old), [""; 0]);
    let read: Report = serde_json::from_value(old).unwrap();
    assert_eq!((read.shard, read.parts.len(), read.cases[0].earlier.len()), (None, 0, 0));
}

#[test]
fn what_is_not_valid_is_not_read() {
    let whole = || serde_json::to_value(full()).unwrap();
    assert_eq!(errors(&schema(), &whole()), [""; 0]);
    for (at, value) in [
        ("/role", json!("proxy")),
        ("/durationMs", json!(-1)),
        ("/durationMs", json!("1")),
        ("/started", json!(null)),
        ("/testee", json!({"agent": "x", "name": "y"})),
        ("/suite/engine", json!(null)),
        ("/selection/cases", json!("*")),
        ("/shard", json!({"part": 1})),
        ("/parts/0/cases/0", json!("one")),
        ("/parts/0/replaced/0", json!(1)),
        ("/cases/0/id", json!("1")),
        ("/cases/0/id", json!("01.1")),
        ("/cases/0/behavior", json!("Ok")),
        ("/cases/0/behaviorClose", json!("NON-STRICT")),
        ("/cases/0/remoteCloseCode", json!(65536)),
        ("/cases/0/explanation", json!(["why"])),
        ("/cases/0/earlier/0", json!({"behavior": "OK"})),
        ("/cases/0", json!({"id": "1.1.1", "behavior": "OK", "behaviorClose": "OK", "x": 1})),
    ] {
        let mut altered = whole();
        *altered.pointer_mut(at).unwrap_or_else(|| panic!("no {at}")) = value;
        assert!(!errors(&schema(), &altered).is_empty(), "{at}: valid");
        assert!(serde_json::from_value::<Report>(altered).is_err(), "{at}: read");
    }
    let mut lacking = whole();
    for name in ["suite", "role", "testee", "platform", "started", "selection", "cases"] {
        let taken = lacking.as_object_mut().unwrap().remove(name).unwrap();
        assert!(!errors(&schema(), &lacking).is_empty(), "{name}: valid");
        assert!(serde_json::from_value::<Report>(lacking.clone()).is_err(), "{name}: read");
        lacking[name] = taken;
    }
    let with_duration = json!({"format": "ws-conformance-baseline/1", "suite": {"name": "x"},
        "role": "server", "cases": [
            {"id": "1.1.1", "behavior": "OK", "behaviorClose": "OK", "durationMs": 1}]});
    assert!(!errors(&schema(), &with_duration).is_empty());
    assert!(serde_json::from_value::<Baseline>(with_duration).is_err());
}

/// A report with everything that one can have.
fn full() -> Report {
    let mut case = ok("1.1.1");
    case.explanation = Some("why".to_owned());
    case.earlier = vec![case.verdict()];
    let bare = report(Role::Server, vec![case]);
    let shard = Some(Shard { part: 1, of: 2 });
    let part = Part {
        platform: bare.platform.clone(),
        started: bare.started.clone(),
        duration_ms: 1,
        selection: bare.selection.clone(),
        shard,
        cases: vec![id("1.1.1")],
        replaced: vec![id("1.1.2")],
    };
    Report { shard, parts: vec![part], ..bare }
}

fn verdict() -> impl Strategy<Value = Verdict> {
    use Behavior::{Failed, Informational, NonStrict, Ok, Unimplemented};
    use BehaviorClose as Close;
    let closes = [
        Close::Ok,
        Close::Informational,
        Close::FailedByClient,
        Close::WrongCode,
        Close::Unclean,
        Close::Failed,
    ];
    let behaviors = [Ok, Informational, NonStrict, Unimplemented, Failed];
    let pair = (prop::sample::select(behaviors.to_vec()), prop::sample::select(closes.to_vec()));
    pair.prop_map(|(behavior, behavior_close)| Verdict { behavior, behavior_close })
}

fn cases() -> impl Strategy<Value = Vec<Case>> {
    let id = prop::collection::vec(any::<u16>(), 2..5)
        .prop_map(|parts| parts.iter().map(u16::to_string).collect::<Vec<_>>().join("."));
    let rest = (
        verdict(),
        any::<Option<u16>>(),
        any::<Option<u64>>(),
        any::<Option<String>>(),
        prop::collection::vec(verdict(), 0..3),
    );
    prop::collection::btree_map(id.prop_map(|text| support::id(&text)), rest, 0..8).prop_map(
        |map| {
            let case =
                |(id, (verdict, remote_close_code, duration_ms, explanation, earlier))| Case {
                    remote_close_code,
                    duration_ms,
                    explanation,
                    earlier,
                    ..Case::new(id, verdict)
                };
            map.into_iter().map(case).collect()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_we_write_is_valid_and_read_back(
        cases in cases(),
        agent in any::<String>(),
        version in any::<Option<String>>(),
        part in 1_usize..9,
        millis in any::<u64>(),
    ) {
        let mut report = Report { cases, duration_ms: millis, ..full() };
        report.testee.agent = agent;
        report.testee.version = version;
        report.shard = Some(Shard { part, of: 9 });
        prop_assert_eq!(errors(&schema(), &as_written(&report)), [""; 0]);
    }
}
