//! `reports/conformance.md` and the README's table are what the baselines say, and `wsconf summary`
//! makes them so.

use std::fs;
use std::path::Path;

use ws_harness::report::conformance::{BEGIN, END};
use ws_harness::report::schema::{Behavior, BehaviorClose, Role};
use ws_harness::report::store;

mod support;
use support::{baseline, case, ok, run, wsconf};

#[test]
fn what_is_committed_is_not_stale() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (code, out, err) = run(wsconf(root).args(["summary", "--check"]));
    assert_eq!((code, out.as_str(), err.as_str()), (0, "", ""), "run `make summary`");
}

/// A project with baselines of both roles and a README with markers and nothing between.
fn room() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let informational = case("7.1.6", Behavior::Informational, BehaviorClose::Informational);
    let server = [ok("1.1.1"), case("2.9", Behavior::NonStrict, BehaviorClose::Ok), informational];
    let client = [ok("1.1.1"), case("2.9", Behavior::Ok, BehaviorClose::Unclean)];
    for (role, cases) in [(Role::Server, &server[..]), (Role::Client, &client[..])] {
        let path = store::path(&dir.path().join("reports/baseline"), role, None);
        store::save_baseline(&path, &baseline(role, cases)).unwrap();
    }
    fs::write(dir.path().join("README.md"), format!("# x\n{BEGIN}\n{END}\ny\n")).unwrap();
    let waiver = "[[waiver]]\nid = \"2.9\"\nrole = \"server\"\nbehaviour = \"NON-STRICT\"\n\
                  reason = \"RFC 6455 section 5.5.3: a | b\"\n";
    fs::write(dir.path().join("reports/waivers.toml"), waiver).unwrap();
    dir
}

fn summary(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    run(wsconf(dir).arg("summary").args(arguments))
}

#[test]
fn it_writes_both_and_is_then_not_stale() {
    let dir = room();
    let page = dir.path().join("reports/conformance.md");
    let (code, out, _) = summary(dir.path(), &["--check"]);
    assert_eq!(code, 100, "{out}");
    assert!(out.contains("reports/conformance.md is stale") && out.contains("README.md is stale"));
    assert!(!page.exists(), "--check writes nothing");
    assert_eq!(summary(dir.path(), &[]).0, 0);
    let readme = fs::read_to_string(dir.path().join("README.md")).unwrap();
    let table = "| testee | OK | INFORMATIONAL | NON-STRICT | FAILED |\n|---|---|---|---|---|\n\
                 | server | 1 | 1 | 1 | 0 |\n| client | 1 | 0 | 0 | 1 |\n";
    assert_eq!(readme, format!("# x\n{BEGIN}\n\n{table}\n{END}\ny\n"));
    let text = fs::read_to_string(&page).unwrap();
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with("| 2")).collect();
    let [group, case] = &rows[..] else { panic!("{text}") };
    assert!(group.ends_with("| 1 NON-STRICT/OK | 1 OK/UNCLEAN |"), "{group}");
    assert!(case.contains("| NON-STRICT/OK | OK/UNCLEAN | server"), "{case}");
    assert!(case.contains("a &#124; b"), "{case}");
    assert!(text.contains(" | INFORMATIONAL | - |"), "a case of one role only: {text}");
    assert!(!text.contains("| 1.1.1 |"), "a case that is OK: {text}");
    assert_eq!(summary(dir.path(), &["--check"]), (0, String::new(), String::new()));
    // Any change to a baseline makes it stale again.
    let path = store::path(&dir.path().join("reports/baseline"), Role::Client, None);
    store::save_baseline(&path, &baseline(Role::Client, &[ok("1.1.1")])).unwrap();
    assert_eq!(summary(dir.path(), &["--check"]).0, 100);
}

#[test]
fn a_readme_without_its_markers_is_left_alone() {
    for text in [
        "no markers\n".to_owned(),
        format!("{BEGIN}\n"),
        format!("{END}\n{BEGIN}\n"),
        format!("{BEGIN}\n{END}\n{BEGIN}\n{END}\n"),
        format!("{BEGIN}\n{BEGIN}\n{END}\n"),
    ] {
        let dir = room();
        let path = dir.path().join("README.md");
        fs::write(&path, &text).unwrap();
        let (code, _, err) = summary(dir.path(), &[]);
        assert!(code == 2 && err.contains("it needs one line"), "{text}: {err}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert!(!dir.path().join("reports/conformance.md").exists(), "nothing is written");
    }
    let dir = room();
    fs::remove_dir_all(dir.path().join("reports/baseline")).unwrap();
    assert_eq!(summary(dir.path(), &[]).0, 4);
}
