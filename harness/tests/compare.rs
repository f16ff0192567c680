//! `wsconf compare` with our own testees: what it writes, and that one that does not start is no
//! testee whose cases fail. The published ones are `make compare`.

use std::path::Path;

mod support;
use support::{run, wsconf};

/// Both roles of ours, one that does not start, and one that is no package.
const TESTEES: &str = r#"
[[testee]]
name = "ours"
package = "cargo:ours"
server = "exec ws-server --addr 127.0.0.1:$WS_PORT"
client = "exec ws-client --url $WS_URL --agent $WS_AGENT"
note = "is ours"

[[testee]]
name = "odd"
server = "exit 1"
"#;

const BROKEN: &str = r#"
[[testee]]
name = "broken"
package = "npm:broken"
server = "exit 3"
"#;

const LOCK: &str = "[[package]]\nname = \"ours\"\nversion = \"1.2.3\"\n";

fn compare(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    std::fs::write(dir.join("testees.toml"), TESTEES).unwrap();
    std::fs::write(dir.join("broken.toml"), BROKEN).unwrap();
    std::fs::write(dir.join("Cargo.lock"), LOCK).unwrap();
    std::fs::create_dir_all(dir.join("peers/node_modules/broken")).unwrap();
    let manifest = dir.join("peers/node_modules/broken/package.json");
    std::fs::write(manifest, r#"{"version": "4.5.6"}"#).unwrap();
    let mut command = wsconf(dir);
    command.args(["compare", "--peers", "peers", "--out", "out", "--cases", "1.1.1 7.1.*"]);
    run(command.args(["--testees", "testees.toml"]).args(arguments))
}

#[test]
fn testees_with_a_package_are_judged_with_its_version() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = compare(dir.path(), &[]);
    assert_eq!(code, 0, "{out}{err}");
    let table = std::fs::read_to_string(dir.path().join("out/compare.md")).unwrap();
    assert!(out.contains(&table), "{out}");
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| o")).collect();
    // 7.1.6 demands nothing.
    let counts = "7 | 6 | 1 | 0 | 0 | 0 | 0 |";
    assert_eq!(rows[0], format!("| ours | 1.2.3 | server | {counts}"));
    assert_eq!(rows[1], format!("| ours | 1.2.3 | client | {counts}"));
    assert_eq!(rows.len(), 2, "odd has no package: {table}");
    assert!(table.contains("\nours: is ours\n"), "{table}");
    let page = std::fs::read_to_string(dir.path().join("out/index.html")).unwrap();
    assert!(page.contains("\"version\":\"1.2.3\""));
    assert!(page.contains("\"command\":\"make compare ONLY=ours ROLE=server\""));
    assert!(page.contains("id=\"details-1\""), "the wire logs of the client");
    let report = std::fs::read_to_string(dir.path().join("out/ours-server/engine/report.json"));
    assert!(report.unwrap().contains("\"version\": \"1.2.3\""));
}

#[test]
fn one_that_does_not_start_was_not_judged_and_has_no_cases() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = compare(dir.path(), &["--testees", "broken.toml", "--role", "server"]);
    assert_eq!(code, 4, "{out}{err}");
    assert!(err.contains("not judged: 1"), "{err}");
    let table = std::fs::read_to_string(dir.path().join("out/compare.md")).unwrap();
    assert!(table.contains("| ours | 1.2.3 | server |"), "{table}");
    assert!(!table.contains("| broken"), "{table}");
    assert!(
        table.contains("\nbroken as server was not judged: `exit 3` ended: exit status: 3"),
        "{table}"
    );
}

#[test]
fn what_cannot_be_compared_says_why() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, code, why) in [
        (&["--only", "odd"][..], 2, "no testee of the files is `odd` and has a package"),
        (&["--testees", "none.toml"], 2, "cannot read none.toml"),
        (&["--lock", "none.lock"], 4, "cannot read none.lock"),
        (&["--testees", "broken.toml", "--only", "broken"], 4, "no testee was judged"),
    ] {
        let (found, out, err) = compare(dir.path(), arguments);
        assert_eq!(found, code, "{arguments:?}: {out}{err}");
        assert!(err.contains(why), "{arguments:?}: {err}");
    }
}
