//! `wsconf parity` with a script in the suite's place: what it compares, and how it ends. The real
//! suite is `make parity`.

use std::path::Path;

mod support;
use support::{fake_wstest, run, wsconf};

/// Our own server, which both are asked about.
const TESTEES: &str = "[[testee]]\nname = \"ours\"\nserver = \"exec ws-server --addr \
    127.0.0.1:$WS_PORT\"\n";

/// A suite that says `1.1.1 OK OK` and of 1.1.2 what `verdict` has.
fn suite(verdict: &str) -> String {
    format!(
        r#"
entry() {{ printf '"%s": {{"behavior": "%s", "behaviorClose": "%s", "duration": 1, "remoteCloseCode": 1000, "reportfile": "x"}}' "$@"; }}
{{ printf '{{"ours": {{'; entry 1.1.1 OK OK; printf ', '; entry 1.1.2 {verdict}; printf '}}}}'; }} > "$out/index.json"
"#
    )
}

/// Runs it on 1.1.1 and 1.1.2; `known` is the file of known differences.
fn parity(dir: &Path, verdict: &str, known: &str) -> (i32, String, String) {
    let wstest = fake_wstest(dir, &suite(verdict));
    std::fs::write(dir.join("testees.toml"), TESTEES).unwrap();
    std::fs::write(dir.join("known.toml"), known).unwrap();
    let mut command = wsconf(dir);
    command.args(["parity", "--testees", "testees.toml", "--known", "known.toml", "--wstest"]);
    run(command.arg(wstest).args(["--cases", "1.1.1 1.1.2", "--out", "out"]))
}

fn known(engine: &str) -> String {
    format!(
        "[[difference]]\ntestee = \"ours\"\nrole = \"server\"\nid = \"1.1.2\"\n\
         suite = \"OK/UNCLEAN\"\nengine = \"{engine}\"\nreason = \"the script says so\"\n"
    )
}

#[test]
fn the_same_verdicts_are_0_and_a_different_one_is_100() {
    for (verdict, known, code, row) in [
        ("OK OK", String::new(), 0, "ours    server  2         0       0      0         0"),
        ("OK UNCLEAN", String::new(), 100, "ours    server  2         1       0      0         0"),
        // A difference that is known, one that is known otherwise, one that is none any more.
        ("OK UNCLEAN", known("OK/OK"), 0, "ours    server  2         0       1      0         0"),
        ("OK UNCLEAN", known("-"), 100, "ours    server  2         1       0      0         1"),
        ("OK OK", known("OK/OK"), 100, "ours    server  2         0       0      0         1"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let (found, out, err) = parity(dir.path(), verdict, &known);
        assert_eq!(found, code, "{verdict} {known}: {out}{err}");
        assert!(out.contains(row), "{verdict} {known}: {out}");
        let differs = out.contains("ours    server  1.1.2  OK/UNCLEAN  OK/OK");
        assert_eq!(differs, row.contains("2         1"), "{out}");
    }
}

#[test]
fn a_case_without_a_verdict_of_the_suite_differs() {
    let dir = tempfile::tempdir().unwrap();
    let wstest = fake_wstest(dir.path(), &suite("OK OK"));
    std::fs::write(dir.path().join("testees.toml"), TESTEES).unwrap();
    let mut command = wsconf(dir.path());
    command.args(["parity", "--testees", "testees.toml", "--wstest"]);
    command.arg(wstest).args(["--cases", "1.1.1 1.1.3", "--out", "out"]);
    let (code, out, err) = run(&mut command);
    assert_eq!(code, 100, "{out}{err}");
    assert!(out.contains("ours    server  1.1.3  -      OK/OK"), "{out}");
}

#[test]
fn what_cannot_be_compared_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let wstest = fake_wstest(dir.path(), &suite("OK OK"));
    let broken = "[[testee]]\nname = \"broken\"\nserver = \"exit 3\"\n";
    std::fs::write(dir.path().join("testees.toml"), broken).unwrap();
    for (arguments, code, why) in [
        (&["--testees", "testees.toml"][..], 4, "`exit 3` ended: exit status: 3"),
        (&["--testees", "testees.toml", "--only", "x"], 2, "has no `x`; it has: broken"),
        (&["--testees", "testees.toml", "--role", "client"], 4, "no testee"),
        (&["--testees", "none.toml"], 2, "none.toml"),
        (&["--cases", "1.1.1"], 2, "--testees"),
        (&["--url", "ws://127.0.0.1:1"], 4, "nothing accepts connections"),
    ] {
        let mut command = wsconf(dir.path());
        command.args(["parity", "--wstest"]).arg(&wstest).args(arguments);
        let (found, out, err) = run(&mut command);
        assert_eq!(found, code, "{arguments:?}: {out}{err}");
        assert!(err.contains(why), "{arguments:?}: {err}");
    }
}
