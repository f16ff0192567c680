//! Completions and the manual in the shells and programs that read them. What is not installed is
//! passed over, with a line that says so.

mod support;

use std::path::Path;
use std::process::{Command, Stdio};

use support::{run, wsconf};

/// What is typed, and what must be among what is offered.
const TYPED: [(&str, &str); 4] = [
    ("wsconf me", "merge"),
    ("wsconf merge --re", "--rerun"),
    ("wsconf history s", "show"),
    ("wsconf report --format ju", "junit"),
];

fn has(program: &str, version: &str) -> bool {
    let mut command = Command::new(program);
    command.arg(version).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let has = command.status().is_ok_and(|status| status.success());
    if !has {
        eprintln!("passed over: there is no {program}");
    }
    has
}

/// A folder with `wsconf`'s completions for `shell` in the file `name`.
fn completions(shell: &str, name: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = run(wsconf(dir.path()).args(["completions", shell]));
    assert_eq!((code, err.as_str()), (0, ""), "{shell}");
    std::fs::write(dir.path().join(name), out).unwrap();
    dir
}

/// What a script prints, run in `dir` without the user's own start-up files.
fn printed(dir: &Path, shell: &[&str], script: &str) -> String {
    let mut command = Command::new(shell[0]);
    command.args(&shell[1..]).arg(script).current_dir(dir).env("HOME", dir).env("TERM", "dumb");
    let (code, out, err) = run(&mut command);
    assert_eq!((code, err.as_str()), (0, ""), "{script}: {out}");
    out
}

#[test]
fn bash_completes() {
    if !has("bash", "--version") {
        return;
    }
    let dir = completions("bash", "wsconf.bash");
    for (typed, wanted) in TYPED {
        // As bash itself calls the function: the command, the word, the word before it.
        let words: Vec<&str> = typed.split(' ').collect();
        let (word, before) = (words[words.len() - 1], words[words.len() - 2]);
        let script = format!(
            "source ./wsconf.bash; f=$(complete -p wsconf); f=${{f##*-F }}; f=${{f%% *}}
             COMP_WORDS=({typed}); COMP_CWORD={}; $f wsconf '{word}' '{before}'
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.len() - 1
        );
        let out = printed(dir.path(), &["bash", "--norc", "-uec"], &script);
        assert_eq!(out.lines().collect::<Vec<_>>(), [wanted], "{typed}");
    }
}

#[test]
fn fish_completes() {
    if !has("fish", "--version") {
        return;
    }
    let dir = completions("fish", "wsconf.fish");
    for (typed, wanted) in TYPED {
        let script = format!("source ./wsconf.fish; complete -C '{typed}'");
        let out = printed(dir.path(), &["fish", "--no-config", "-c"], &script);
        let offered: Vec<&str> =
            out.lines().map(|line| line.split('\t').next().unwrap_or_default()).collect();
        assert_eq!(offered, [wanted], "{typed}");
        assert!(out.contains('\t'), "{typed}: says what it is: {out}");
    }
}

/// zsh completes in a terminal only: a second zsh in a pseudo-terminal is typed into.
#[test]
fn zsh_completes() {
    if !has("zsh", "--version") {
        return;
    }
    let dir = completions("zsh", "_wsconf");
    for (typed, wanted) in TYPED {
        let script = format!(
            "zmodload zsh/zpty || exit
             zpty z zsh -f -i
             zpty -w z \"PS1=; fpath=($PWD \\$fpath); autoload -U compinit; compinit -u -D; \
               bindkey '^I' list-choices; print re'ady'\"
             zpty -r -m z out '*ready*'
             zpty -w -n z '{typed}'$'\\t'
             zpty -r -m z out '*{wanted}*--*'
             print -r -- \"$out\"
             zpty -d z"
        );
        let out = printed(dir.path(), &["timeout", "20", "zsh", "-f", "-c"], &script);
        assert!(out.contains(wanted), "{typed}: {out}");
    }
}

#[test]
fn the_manual_is_read_without_a_warning() {
    if !has("man", "--version") || !has("groff", "--version") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(wsconf(dir.path()).args(["man", "--out", "man1"])).0, 0);
    for page in std::fs::read_dir(dir.path().join("man1")).unwrap() {
        let path = page.unwrap().path();
        let mut man = Command::new("man");
        man.args(["--warnings", "-l"]).arg(&path).env("MANWIDTH", "100").env("LC_ALL", "C.UTF-8");
        let (code, out, err) = run(man.env("MANPAGER", "cat"));
        assert_eq!((code, err.as_str()), (0, ""), "{}", path.display());
        for says in ["EXAMPLES\n       wsconf ", "EXIT STATUS\n       0    everything"] {
            assert!(out.contains(says), "{}: {says}: {out}", path.display());
        }
    }
}
