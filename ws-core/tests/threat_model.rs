//! Are the tests that THREAT_MODEL.md names there, and does each of its rules have one?

use std::collections::BTreeSet;
use std::path::Path;

const MODEL: &str = include_str!("../../THREAT_MODEL.md");

/// The names of all functions under `folder`.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            functions(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(path).expect("UTF-8");
            let names =
                source.split("fn ").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
            found.extend(names.map(str::to_owned));
        }
    }
}

/// The rows of the tables whose last column is `tests`: that column alone.
fn rows() -> Vec<&'static str> {
    let mut in_table = false;
    let mut rows = Vec::new();
    for line in MODEL.lines() {
        in_table = line.starts_with('|') && (in_table || line.ends_with("| tests |"));
        if in_table && !line.ends_with("| tests |") && !line.starts_with("|---") {
            let row = line.trim_end_matches([' ', '|']);
            rows.push(row.rsplit(" | ").next().expect("a column"));
        }
    }
    rows
}

#[test]
fn every_rule_names_tests_that_are_there() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut there = BTreeSet::new();
    functions(&tests, &mut there);
    let rows = rows();
    assert!(rows.len() > 40, "{} rows", rows.len());
    for row in rows {
        let names: Vec<_> = row.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test: {row}");
        for name in names {
            assert!(there.contains(name), "{name} is not there");
        }
    }
}
