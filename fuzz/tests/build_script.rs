//! What ClusterFuzzLite and OSS-Fuzz get from `.clusterfuzzlite/build.sh`: each target with its seeds, its
//! dictionary and its options, in either way that their cargo builds.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use ws_fuzz::props::TARGETS;

/// Builds nothing, but leaves something where cargo would leave the programs: where it is told to, or,
/// as theirs does for coverage, where cargo builds without options.
const CARGO: &str = r#"#!/bin/sh
[ "$1 $2" = "fuzz build" ] || exit 1
into="${CARGO_TARGET_DIR:-$PWD/target}"
while [ "$SANITIZER" != coverage ] && [ $# -gt 0 ]; do
  if [ "$1" = --target-dir ]; then into="$2"; fi
  shift
done
mkdir -p "$into/x86_64-unknown-linux-gnu/release"
for program in fuzz/fuzz_targets/*.rs; do
  basename "$program" .rs >"$into/x86_64-unknown-linux-gnu/release/$(basename "$program" .rs)"
done
"#;

/// Writes the names of what would be in the archive: `zip -q -j ARCHIVE FILE…`.
const ZIP: &str = r#"#!/bin/sh
[ "$1 $2" = "-q -j" ] || exit 1
archive="$3"
shift 3
for file in "$@"; do basename "$file"; done >"$archive"
"#;

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder of the workspace")
}

/// Runs the script as an image for `sanitizer` does; what is in its `$OUT` then.
fn built_for(sanitizer: &str) -> PathBuf {
    let image = Path::new(env!("CARGO_TARGET_TMPDIR")).join(sanitizer);
    _ = fs::remove_dir_all(&image);
    let [programs, src, out] = ["programs", "src", "out"].map(|name| image.join(name));
    for folder in [&programs, &src, &out] {
        fs::create_dir_all(folder).expect("a folder for the test");
    }
    for (name, script) in [("cargo", CARGO), ("zip", ZIP)] {
        fs::write(programs.join(name), script).expect("a stand-in");
        fs::set_permissions(programs.join(name), fs::Permissions::from_mode(0o755)).expect("ours");
    }
    // The images have the repository in $SRC. What would be written beside these stays there.
    let in_image = src.join("ws-core");
    fs::create_dir(&in_image).expect("a folder for the test");
    for name in ["fuzz", ".clusterfuzzlite"] {
        symlink(repository().join(name), in_image.join(name)).expect("a link");
    }
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap_or_default());
    let script = Command::new("bash")
        .arg(repository().join(".clusterfuzzlite/build.sh"))
        .env_remove("CARGO_TARGET_DIR")
        .envs([("PATH", path.as_str()), ("SANITIZER", sanitizer)])
        .envs([("SRC", &src), ("OUT", &out)])
        .output()
        .expect("bash");
    assert!(script.status.success(), "{}", String::from_utf8_lossy(&script.stderr));
    out
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect()
}

#[test]
fn each_target_comes_with_all_that_belongs_to_it() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR"));
    for sanitizer in ["address", "coverage"] {
        let out = built_for(sanitizer);
        let mut expected = BTreeSet::new();
        for (target, _) in TARGETS {
            let program = fs::read_to_string(out.join(target)).unwrap_or_default();
            assert_eq!(program.trim(), *target, "{sanitizer}: the program");

            let mut inputs = names(&fuzz.join("corpus").join(target));
            let regressions = names(&fuzz.join("regressions").join(target));
            inputs.extend(
                regressions
                    .iter()
                    .filter(|name| *name != "README.md")
                    .map(|n| format!("regression_{n}")),
            );
            let archive = format!("{target}_seed_corpus.zip");
            let seeds = fs::read_to_string(out.join(&archive)).expect("an archive");
            assert_eq!(seeds.lines().map(Into::into).collect::<BTreeSet<_>>(), inputs, "{archive}");

            let options = format!("{target}.options");
            let text = fs::read_to_string(out.join(&options)).expect("options");
            assert!(text.starts_with("[libfuzzer]\nmax_len = 4096\n"), "{options}: {text}");

            expected.extend([(*target).to_owned(), archive, options]);
            let dictionary = format!("{target}.dict");
            if let Ok(ours) = fs::read(fuzz.join("dictionaries").join(&dictionary)) {
                assert_eq!(fs::read(out.join(&dictionary)).expect("a dictionary"), ours);
                expected.insert(dictionary);
            }
        }
        assert_eq!(names(&out), expected, "{sanitizer}: nothing else");
    }
}
