//! `wsconf` as a program: what it refuses, with which exit code, and what it says.

use ws_harness::cmd::{exit, program};

mod support;
use support::{run, wsconf};

#[test]
fn unusable_options_are_2_and_say_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, says) in [
        (&["autobahn", "--role", "peer"][..], "server, client, both"),
        (&["autobahn", "--engine", "podman"], "auto, docker, wstest, native"),
        (&["autobahn", "--quick"], "--engine native"),
        (&["autobahn", "--engine", "native", "--wstest", "x"], "--engine has to be wstest"),
        (&["autobahn", "--engine", "wstest", "--compose-file", "x"], "--engine has to be docker"),
        (&["autobahn", "--compose-file", "x", "--wstest", "x"], "name one"),
        (&["parity", "--url", "ws://127.0.0.1:1", "--role", "client"], "cannot be used with"),
        (&["test", "client", "--agent", "x"], "--command"),
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
    for says in ["engine: native: ", "Docker", "Python 2.7", "client: 1 case: 1 OK/OK"] {
        assert!(out.contains(says), "{says}: {out}");
    }
    for (engine, says) in [("docker", "Docker"), ("wstest", "Python 2.7")] {
        let (code, _, err) = command(&["--engine", engine]);
        assert_eq!(code, 2, "{err}");
        assert!(err.contains(says), "{engine}: {err}");
    }
}

/// Every command with its path from the root, the root first.
fn commands(path: Vec<String>, command: &clap::Command) -> Vec<Vec<String>> {
    let below = command.get_subcommands().flat_map(|sub| {
        let mut path = path.clone();
        path.push(sub.get_name().to_owned());
        commands(path, sub)
    });
    std::iter::once(path.clone()).chain(below).collect()
}

#[test]
fn every_help_has_examples_and_exit_codes_and_fits_80_columns() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(Vec::new(), &program::tree());
    assert!(all.len() > 18, "{all:?}");
    for path in all {
        for flag in ["-h", "--help"] {
            let (code, out, _) = run(wsconf(dir.path()).args(&path).arg(flag));
            assert_eq!(code, 0, "{path:?}");
            for says in ["\nExample", "\n  wsconf ", exit::HELP, "--quiet", "--color"] {
                assert!(out.contains(says), "{path:?} does not say {says:?}: {out}");
            }
            let long: Vec<&str> = out.lines().filter(|line| line.chars().count() > 80).collect();
            assert!(long.is_empty(), "{path:?}: {long:?}");
        }
        // A line that is too long in the source would be broken in the terminal.
        let mut command = program::tree();
        for name in &path {
            command = command.find_subcommand(name).unwrap().clone();
        }
        let help = command.get_after_help().unwrap().to_string();
        let long: Vec<&str> = help.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(long.is_empty(), "{path:?}: {long:?}");
    }
}

#[test]
fn completions_and_man_pages_have_every_subcommand() {
    let dir = tempfile::tempdir().unwrap();
    let all = commands(Vec::new(), &program::tree());
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, out, err) = run(wsconf(dir.path()).args(["completions", shell]));
        assert_eq!((code, err.as_str()), (0, ""), "{shell}");
        for name in all.iter().filter_map(|path| path.last()) {
            assert!(out.contains(name.as_str()), "{shell} does not know {name}");
        }
    }
    let (code, out, _) = run(wsconf(dir.path()).arg("man"));
    assert_eq!(code, 0);
    let head = format!(".TH wsconf 1 \"\" \"wsconf {}\"", env!("CARGO_PKG_VERSION"));
    assert!(out.contains(&head) && out.contains("\n.SH \"EXIT STATUS\"\n.nf\n0    "), "{out}");
    let (code, _, err) = run(wsconf(dir.path()).args(["man", "--out", "pages/man1"]));
    assert_eq!(code, 0, "{err}");
    for path in &all {
        let name = [&["wsconf".to_owned()], &path[..]].concat().join("-");
        let page = dir.path().join(format!("pages/man1/{name}.1"));
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{name}: {error}"));
        for section in ["NAME", "OPTIONS", "EXAMPLES", "\"EXIT STATUS\""] {
            assert!(text.contains(&format!("\n.SH {section}\n")), "{name}: {section}: {text}");
        }
        assert!(text.contains("\n.nf\nwsconf "), "{name}: examples are lines: {text}");
    }
    assert_eq!(std::fs::read_dir(dir.path().join("pages/man1")).unwrap().count(), all.len());
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let dir = tempfile::tempdir().unwrap();
    let doctor = |color: &[&str], no_color: Option<&str>| {
        let mut command = wsconf(dir.path());
        command.args(["doctor", "--engine", "native"]).args(color);
        command.env("PATH", dir.path()).env_remove("CLICOLOR_FORCE").env_remove("NO_COLOR");
        command.envs(no_color.map(|value| ("NO_COLOR", value)));
        run(&mut command).1
    };
    for (color, no_color, coloured) in [
        (&[][..], None, false),
        (&["--color", "always"], None, true),
        (&["--color=always"], Some("1"), true),
        (&["--color=auto"], Some("1"), false),
        (&["--color=never"], None, false),
    ] {
        let out = doctor(color, no_color);
        assert_eq!(out.contains("\u{1b}["), coloured, "{color:?} {no_color:?}: {out}");
    }
    let (_, _, err) = run(wsconf(dir.path()).args(["gate", "--color", "always"]));
    assert!(err.starts_with("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m "), "{err:?}");
}

#[test]
fn quiet_and_verbose_change_what_is_beside_the_findings() {
    let dir = tempfile::tempdir().unwrap();
    let native = ["autobahn", "--engine", "native", "--role", "server", "--cases", "1.1.1 1.1.2"];
    let said = |flags: &[&str]| {
        let (code, out, err) = run(wsconf(dir.path()).args(native).args(flags));
        assert_eq!(code, 0, "{out}{err}");
        (out, err)
    };
    let totals = "server: 2 cases: 2 OK/OK\n";
    assert_eq!(said(&["-q"]), (totals.to_owned(), String::new()));
    let (out, err) = said(&[]);
    assert!(out.starts_with("engine: native") && out.ends_with(totals), "{out}");
    assert_eq!(err, "server: case 1 of 2: 1.1.1\n");
    let (_, err) = said(&["--verbose"]);
    assert_eq!(err, "server: case 1 of 2: 1.1.1\nserver: case 2 of 2: 1.1.2\n");
    assert_eq!(run(wsconf(dir.path()).args(["-q", "-v", "list"])).0, 2);
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
    assert_eq!((code, out.as_str()), (0, "server: 1 case: 1 OK/OK\n"), "{err}");

    // A second one that finds nothing leaves no report of the first.
    std::fs::write(dir.path().join("index.json"), "{}").unwrap();
    assert_eq!(run(wsconf(dir.path()).args(collect)).0, 4);
    assert!(!dir.path().join("reports/latest/autobahn-server.json").exists());
}
