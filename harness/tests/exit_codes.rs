//! The exit codes, as a table over the subcommands: 0 as expected, 2 unusable, 4 nothing ran, 100 a
//! case differs. And that neither a reader who has gone nor a full disk changes what they mean.

mod support;

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use support::{Server, baseline, case, ok, run, whole, wsconf};
use ws_harness::cmd::program;
use ws_harness::report::schema::{Behavior, BehaviorClose, Case, Role};
use ws_harness::report::store;

/// `good.json` and `worse.json`, `empty.json` without cases, `broken.json`, a folder `none` without
/// anything, and in `same` and `worse` the latest reports of a project with a baseline.
fn room() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let at = |path: &str| dir.path().join(path);
    let bad = || vec![ok("1.1.1"), case("1.1.2", Behavior::Failed, BehaviorClose::Unclean)];
    let good = || vec![ok("1.1.1"), ok("1.1.2")];
    let save = |path: &str, cases: Vec<Case>| {
        fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        store::save_report(&at(path), &whole(Role::Server, cases)).unwrap();
    };
    save("good.json", good());
    save("worse.json", bad());
    save("empty.json", vec![]);
    save("same/autobahn-server.json", good());
    save("worse/autobahn-server.json", bad());
    save("fewer/autobahn-server.json", vec![ok("1.1.1")]);
    fs::create_dir_all(at("base")).unwrap();
    let expected = baseline(Role::Server, &good());
    store::save_baseline(&at("base/autobahn-server.json"), &expected).unwrap();
    fs::create_dir(at("none")).unwrap();
    fs::write(at("broken.json"), "{").unwrap();
    fs::write(at("README.md"), "no place for a table\n").unwrap();
    dir
}

/// In [`room`]; `URL` is that of a server, and `DEAD` one where nobody is.
const TABLE: [(&str, i32); 77] = [
    ("autobahn --engine native --role server --cases 1.1.1 --out o", 0),
    ("autobahn --engine native --role server --cases nothing", 2),
    ("autobahn --engine native --role server --url DEAD --cases 1.1.1 --out o", 4),
    ("test server URL --cases 1.1.1", 0),
    ("test server URL --cases 99.*", 2),
    ("test server DEAD --cases 1.1.1", 4),
    ("test server URL --failed-in good.json", 4),
    ("test server URL --failed-in broken.json", 2),
    ("test server URL --failed-in nowhere.json", 2),
    ("test server --spec broken.json", 2),
    ("test client --command true --cases 1.1.1", 4),
    ("test client --listen nonsense", 2),
    ("parity --testees nowhere.toml", 2),
    ("parity --testees broken.json", 2),
    ("compare --testees nowhere.toml", 2),
    ("compare --testees broken.json", 2),
    ("page good.json --out p.html", 0),
    ("page broken.json --out p.html", 2),
    ("page nowhere --out p.html", 2),
    ("page none --out p.html", 4),
    ("page good.json --out none", 2),
    ("gate --latest same --baseline base --role server", 0),
    ("gate --latest same --baseline base --waivers broken.json", 2),
    ("gate --latest same --baseline base --waivers nowhere.toml", 2),
    ("gate --latest none --baseline base", 4),
    ("gate --latest worse --baseline base --role server", 100),
    ("gate --latest fewer --baseline base --role server", 100),
    ("gate good.json --baseline base/autobahn-server.json", 0),
    ("gate worse.json --baseline base", 100),
    ("gate good.json --baseline nowhere.json", 2),
    ("gate good.json worse.json --baseline base", 2),
    ("bless good.json --baseline new.json", 0),
    ("bless --latest same --baseline new --role server", 0),
    ("bless --latest fewer --baseline base --role server", 2),
    ("bless --latest none --baseline base", 4),
    ("spec --out s --report-dir /r", 0),
    ("spec --out good.json --report-dir /r", 2),
    ("collect --role server --index broken.json --out c", 2),
    ("collect --role server --index none --out c", 2),
    ("collect --role server --index nowhere.json --out c", 4),
    ("merge good.json --out m.json", 0),
    ("merge good.json worse.json --out m.json", 2),
    ("merge good.json broken.json --out m.json", 2),
    ("merge good.json nowhere.json --out m.json", 2),
    ("merge good.json --out none", 2),
    ("seeds 1.1.1 --out seeds", 0),
    ("seeds 99.1 --out seeds", 2),
    ("report worse.json", 0),
    ("report broken.json", 2),
    ("report nowhere.json", 2),
    ("report none", 2),
    ("report empty.json", 4),
    ("diff good.json good.json", 0),
    ("diff good.json broken.json", 2),
    ("diff good.json nowhere.json", 2),
    ("diff empty.json empty.json", 4),
    ("diff good.json worse.json", 100),
    ("summary --baseline base --out s.md --readme README.md", 2),
    ("summary --baseline none --out s.md", 4),
    ("list 1.1.1", 0),
    ("list 99.1", 2),
    ("explain 6.4.3", 0),
    ("explain 6.4.99", 2),
    ("load URL --duration 0.1 --warm-up 0", 0),
    ("load DEAD --duration 0.1 --warm-up 0", 4),
    ("load nonsense", 2),
    ("history add good.json --commit x --history h", 0),
    ("history add broken.json --commit x --history h", 2),
    ("history add nowhere.json --commit x --history h", 2),
    ("history add empty.json --commit x --history h", 4),
    ("history show --history none", 4),
    ("history show --history good.json", 2),
    ("doctor --engine native", 0),
    ("completions bash", 0),
    ("completions tcsh", 2),
    ("man", 0),
    ("man --out good.json", 2),
];

/// One row, its words put in.
fn words(row: &str, url: &str) -> Vec<String> {
    let word = |word: &str| word.replace("URL", url).replace("DEAD", "ws://127.0.0.1:1");
    row.split(' ').map(word).collect()
}

#[test]
fn every_subcommand_ends_with_the_code_of_the_table() {
    let server = Server::start();
    for (row, wanted) in TABLE {
        let dir = room();
        let mut command = wsconf(dir.path());
        command.args(words(row, server.url())).env_remove("GITHUB_STEP_SUMMARY");
        let (code, out, err) = run(&mut command);
        assert_eq!(code, wanted, "{row}: {out}{err}");
        // What could not be done says why, and nothing else does.
        let says = err.lines().any(|line| line.starts_with("error: "));
        assert_eq!(says, [2, 4].contains(&wanted), "{row}: {err}");
    }
}

#[test]
fn the_table_has_every_subcommand_and_each_takes_a_bad_flag_alike() {
    let dir = tempfile::tempdir().unwrap();
    for command in program::tree().get_subcommands() {
        let name = command.get_name();
        assert!(TABLE.iter().any(|(row, _)| row.split(' ').next() == Some(name)), "{name}");
        let (code, out, err) = run(wsconf(dir.path()).args([name, "--no-such-flag"]));
        assert_eq!((code, out.as_str()), (2, ""), "{name}: {err}");
        assert!(err.contains("--help"), "{name}: {err}");
    }
}

/// The code of a command whose standard output is `out`.
fn into(dir: &Path, arguments: &[String], out: Stdio) -> (Option<i32>, String) {
    let mut command = wsconf(dir);
    let ended = command.args(arguments).stdout(out).stderr(Stdio::piped()).output().unwrap();
    (ended.status.code(), String::from_utf8(ended.stderr).unwrap())
}

#[test]
fn a_reader_that_has_gone_changes_no_code() {
    let server = Server::start();
    for (row, wanted) in TABLE {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let arguments = words(row, server.url());
        let (code, err) = into(room().path(), &arguments, writer.into());
        assert_eq!(code, Some(wanted), "{row}: {err}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_does_not_fit_on_the_disk_is_2() {
    let server = Server::start();
    for row in
        ["list", "report good.json", "diff good.json worse.json", "test server URL --cases 1.1.1"]
    {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let (code, err) = into(room().path(), &words(row, server.url()), full.into());
        assert_eq!(code, Some(2), "{row}: {err}");
        assert!(err.contains("cannot write to standard output: No space left"), "{row}: {err}");
    }
}
