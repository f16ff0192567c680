//! `wsconf` as a program: what it refuses, with which exit code, and what it says.

mod support;
use support::{run, wsconf};

#[test]
fn unusable_options_are_2_and_say_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, says) in [
        (&["autobahn", "--role", "peer"][..], "server, client, both"),
        (&["autobahn", "--engine", "podman"], "auto, docker, wstest, native"),
        (&["autobahn", "--quick"], "--engine native"),
        (&["autobahn", "--no-such-option"], "--help"),
        (&["autobahn", "--cases", "6.4"], "6.4.*"),
        (&["autobahn", "--cases", ""], "holds no case"),
        (&["autobahn", "--cases", "1.*", "--exclude", "1.*"], "holds no case"),
        (&["autobahn", "--exclude", "99.*"], "99.*"),
        (&["autobahn", "--stall-timeout", "0"], "stall-timeout"),
        (&["autobahn", "--agent", " "], "--agent"),
        (&["autobahn", "--url", "ws://127.0.0.1:1"], "--role server"),
        (&["autobahn", "--client-command", "true"], "--role client"),
        (&["autobahn", "--wstest", "/no/such/wstest"], "/no/such/wstest"),
        (&["autobahn", "--wstest", "/bin/true"], "/bin/true"),
        (&["gate", "--cases", "1.1"], "1.1.*"),
        (&["gate", "--role", "all"], "server, client, both"),
        (&["list", "6.4"], "6.4.*"),
        (&["list", "--exclude", "*"], "holds no case"),
        (&["explain", "7.2.1"], "no case matches `7.2.1`"),
        (&["explain"], "<ID>"),
        (&["no-such-command"], "--help"),
        (&[], "Usage"),
    ] {
        let (code, out, err) = run(wsconf(dir.path()).args(arguments));
        assert_eq!(code, 2, "{arguments:?}: {out}{err}");
        assert!(err.contains(says), "{arguments:?}: {err}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn where_the_suite_cannot_run_our_own_engine_does_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| {
        let mut command = wsconf(dir.path());
        command.args(["autobahn", "--cases", "1.1.1"]).args(arguments);
        command.env("PATH", dir.path()).env("HOME", dir.path()).env_remove("PYENV_ROOT");
        run(&mut command)
    };
    let (code, out, err) = command(&[]);
    assert_eq!(code, 0, "{out}{err}");
    for says in ["engine: native: ", "Docker", "Python 2.7", "client: 1 cases: 1 OK/OK"] {
        assert!(out.contains(says), "{says}: {out}");
    }
    for (engine, says) in [("docker", "Docker"), ("wstest", "Python 2.7")] {
        let (code, _, err) = command(&["--engine", engine]);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(says), "{engine}: {err}");
    }
}

#[test]
fn help_has_examples_and_exit_codes() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, _) = run(wsconf(dir.path()).arg("--help"));
    assert_eq!(code, 0);
    assert!(out.contains("Exit codes:") && out.contains("100"), "{out}");
    for command in [
        "autobahn", "gate", "bless", "spec", "collect", "report", "diff", "summary", "list",
        "explain",
    ] {
        let (code, out, _) = run(wsconf(dir.path()).args([command, "--help"]));
        assert_eq!(code, 0);
        assert!(out.contains("Example"), "{command}: {out}");
    }
}

#[test]
fn spec_and_collect_serve_a_suite_that_something_else_runs() {
    let dir = tempfile::tempdir().unwrap();
    let spec = ["spec", "--cases", "1.1.*", "--out", "config", "--report-dir", "/reports"];
    assert_eq!(run(wsconf(dir.path()).args(spec)).0, 0);
    let client = std::fs::read_to_string(dir.path().join("config/fuzzingclient.json")).unwrap();
    assert!(client.contains("\"1.1.8\"") && client.contains("/reports/servers"), "{client}");
    let server = std::fs::read_to_string(dir.path().join("config/fuzzingserver.json")).unwrap();
    assert!(server.contains("\"1.1.8\"") && server.contains("/reports/clients"), "{server}");

    let index = r#"{"ws-core": {"1.1.1": {"behavior": "OK", "behaviorClose": "OK", "duration": 1,
        "remoteCloseCode": 1000, "reportfile": "x"}}}"#;
    std::fs::write(dir.path().join("index.json"), index).unwrap();
    let collect = ["collect", "--role", "server", "--index", "index.json"];
    let (code, out, err) = run(wsconf(dir.path()).args(collect));
    assert_eq!((code, out.as_str()), (0, "server: 1 cases: 1 OK/OK\n"), "{err}");

    // A second one that finds nothing leaves no report of the first.
    std::fs::write(dir.path().join("index.json"), "{}").unwrap();
    assert_eq!(run(wsconf(dir.path()).args(collect)).0, 4);
    assert!(!dir.path().join("reports/latest/autobahn-server.json").exists());
}
