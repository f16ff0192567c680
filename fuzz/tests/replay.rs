//! Replays every input of `corpus/` and `regressions/` through its property, on stable, and holds
//! targets, folders and programs against each other: none may lack the other.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ws_fuzz::props::TARGETS;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn names(folder: &str) -> BTreeSet<String> {
    entries(&root().join(folder))
        .iter()
        .filter_map(|path| path.file_stem()?.to_str().map(Into::into))
        .collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let listed =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = listed.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths
}

#[test]
fn every_target_has_its_program_and_its_folders_and_there_are_no_others() {
    let targets: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).into()).collect();
    for folder in ["fuzz_targets", "corpus", "regressions"] {
        assert_eq!(names(folder), targets, "{folder}");
    }
    // A program that is not named here is not built.
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    let paths = manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/"));
    let built = paths.map(|path| path.trim_end_matches(".rs\"").to_owned());
    assert_eq!(built.collect::<BTreeSet<_>>(), targets, "Cargo.toml");
}

/// Everybody who clones the repository gets it.
#[test]
fn the_corpus_stays_small() {
    let len = |path: &PathBuf| fs::metadata(path).expect("a readable file").len();
    let inputs = entries(&root().join("corpus")).into_iter().flat_map(|folder| entries(&folder));
    let octets: u64 = inputs.map(|input| len(&input)).sum();
    assert!(octets < 5 << 20, "{octets} octets");
}

#[test]
fn every_dictionary_is_of_a_target_or_of_a_family_that_targets_share() {
    let targets: BTreeSet<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    let mut shared = BTreeSet::new();
    let mut families = BTreeSet::new();
    for path in entries(&root().join("dictionaries")) {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        match fs::read_link(&path) {
            Ok(family) => {
                assert!(targets.contains(&*name), "{name}: no such target");
                shared.insert(family.file_stem().map(Into::into));
            }
            Err(_) => {
                families.insert(path.file_stem().map(std::ffi::OsString::from));
            }
        }
    }
    assert_eq!(families, shared, "each family is used, and is there");
}

#[test]
fn every_input_keeps_its_property() {
    for (name, property) in TARGETS {
        let mut replayed = 0;
        for folder in ["corpus", "regressions"] {
            for input in entries(&root().join(folder).join(name)) {
                if input.file_name().is_some_and(|file| file == "README.md") {
                    continue;
                }
                println!("{}", input.display());
                property(&fs::read(&input).expect("a readable input"));
                replayed += 1;
            }
        }
        assert!(replayed > 0, "{name}: nothing to replay");
    }
}
