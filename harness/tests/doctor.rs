//! `wsconf doctor`: what it finds on machines that have this and lack that.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

mod support;
use support::{fake_wstest, run, wsconf};

/// A program of this name in `dir` that is the shell script `body`.
fn program(dir: &Path, name: &str, body: &str) {
    let path = dir.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// `wsconf doctor` on a machine that has the programs of `dir` and nothing else.
fn doctor(dir: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = wsconf(dir);
    command.arg("doctor").args(arguments);
    command.env("PATH", dir).env("HOME", dir);
    command.env_remove("PYENV_ROOT").env_remove("AUTOBAHN_IMAGE");
    run(&mut command)
}

/// The state beside each name.
fn states(out: &str) -> Vec<(&str, &str)> {
    let rows = out.lines().filter(|line| !line.starts_with([' ', '`']) && !line.is_empty());
    rows.map(|line| {
        let mut words = line.split_whitespace();
        (words.next().unwrap(), words.next().unwrap())
    })
    .collect()
}

/// Docker as far as it is asked: `$2` says whether compose and image are there.
fn docker(compose: bool, image: bool) -> String {
    format!(
        "case $1 in version) echo 27;; compose) exit {};; image) exit {};; *) exit 1;; esac",
        i32::from(!compose),
        i32::from(!image)
    )
}

const PYTHON: &str = "echo 2.7 /opt/python2.7";

#[test]
fn each_machine_has_what_it_has() {
    let lacks = |text| ("no", text);
    let has = |text| ("yes", text);
    for (programs, compose_file, engines, takes) in [
        (
            &[][..],
            false,
            [lacks("no Docker engine answers"), lacks("no wstest and no Python 2.7")],
            "native",
        ),
        (
            &[("python2.7", PYTHON.to_owned())],
            false,
            [lacks("no Docker engine answers"), has("it installs into")],
            "wstest",
        ),
        (
            &[("docker", docker(false, true))],
            true,
            [lacks("neither `docker compose` nor docker-compose"), lacks("no wstest")],
            "native",
        ),
        (
            &[("docker", docker(true, true))],
            false,
            [lacks("no docker-compose.yml is here or above"), lacks("no wstest")],
            "native",
        ),
        (
            &[("docker", docker(true, true))],
            true,
            [has("docker compose with crossbario/autobahn-testsuite"), lacks("no wstest")],
            "docker",
        ),
        (
            &[("docker", docker(true, false)), ("python2.7", PYTHON.to_owned())],
            true,
            [has("which it pulls first"), has("it installs into")],
            "docker",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        for (name, body) in programs {
            program(dir.path(), name, body);
        }
        if compose_file {
            std::fs::write(dir.path().join("docker-compose.yml"), "WSCONF_DIR").unwrap();
        }
        let (code, out, err) = doctor(dir.path(), &[]);
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        let python = programs.iter().any(|(name, _)| *name == "python2.7");
        let expected = [
            ("docker", engines[0].0),
            ("wstest", engines[1].0),
            ("python2.7", if python { "yes" } else { "no" }),
            ("native", "yes"),
        ];
        assert_eq!(states(&out), expected, "{out}");
        let flowing = out.split_whitespace().collect::<Vec<_>>().join(" ");
        for (_, says) in engines {
            assert!(flowing.contains(says), "{says}: {out}");
        }
        assert!(out.ends_with(&format!("`wsconf autobahn` takes {takes} here.\n")), "{out}");
        let made = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(made, programs.len() + usize::from(compose_file), "nothing was made");
    }
}

#[test]
fn the_engine_asked_for_decides_the_exit_code_and_what_to_do_is_said() {
    let dir = tempfile::tempdir().unwrap();
    for (engine, code, says) in [
        ("docker", 2, "Install Docker with compose"),
        ("wstest", 2, "pyenv install 2.7.18"),
        ("native", 0, "`wsconf autobahn --engine native` takes native here."),
    ] {
        let (found, out, err) = doctor(dir.path(), &["--engine", engine]);
        assert_eq!(found, code, "{engine}: {out}{err}");
        assert!(out.contains(says), "{engine}: {out}");
        assert_eq!(err.contains("cannot run here"), code == 2, "{engine}: {err}");
    }
}

#[test]
fn a_wstest_that_is_named_is_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let wstest = fake_wstest(dir.path(), "");
    let (code, out, _) = doctor(dir.path(), &["--wstest", wstest.to_str().unwrap()]);
    assert_eq!(code, 0);
    assert!(out.contains("named by --wstest"), "{out}");
    let (code, out, err) = doctor(dir.path(), &["--engine", "wstest", "--wstest", "/bin/true"]);
    assert_eq!(code, 2, "{out}{err}");
    assert!(out.contains("/bin/true (named by --wstest) does not run as wstest"), "{out}");
}
