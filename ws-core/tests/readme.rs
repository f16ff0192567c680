//! Are the README's programs those that run? Every one of them is an example, word for word, and
//! `tests/examples.rs` runs it; the other snippets compile as documentation.

use std::collections::BTreeMap;

/// Code blocks of the README in Rust.
fn snippets() -> impl Iterator<Item = &'static str> {
    let readme = include_str!("../../README.md");
    let blocks = readme.split("```rust").skip(1);
    blocks.map(|block| {
        let code = block.split_once('\n').expect("a line of code").1;
        code.split("```").next().expect("an end")
    })
}

/// The examples by their names, without the words at their head.
fn examples() -> BTreeMap<String, String> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples"));
    let files = folder.expect("a folder of examples").map(|file| file.expect("a file").path());
    let examples = files.map(|path| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let source = std::fs::read_to_string(path).expect("its source");
        let code = source.lines().skip_while(|line| line.starts_with("//!"));
        (name, code.collect::<Vec<_>>().join("\n"))
    });
    examples.collect()
}

#[test]
fn every_program_is_an_example_that_runs() {
    let examples = examples();
    let programs = snippets().filter(|snippet| snippet.contains("fn main("));
    let names = programs.map(|program| {
        let same = examples.iter().find(|(_, code)| code.trim() == program.trim());
        same.unwrap_or_else(|| panic!("no example is this program:\n{program}")).0.as_str()
    });
    let names: Vec<_> = names.collect();
    assert_eq!(names, ["echo_tokio", "client_tokio"]);
    let run = include_str!("examples.rs");
    for name in names {
        assert!(run.contains(&format!("\"{name}\"")), "{name} is not run");
    }
}
