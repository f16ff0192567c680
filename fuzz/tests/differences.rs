//! Every listed difference from another crate shows in the corpus: one that does not is stale.

use std::fs;
use std::path::Path;

use ws_fuzz::diff_http::{KNOWN, http_differs};
use ws_fuzz::differences::{TOKIO_WEBSOCKETS, TUNGSTENITE};
use ws_fuzz::peers::{tokio_websockets_differs, tungstenite_differs};

/// Of the inputs of a target, which entry of its list each shows.
fn shown<T>(target: &str, differs: impl Fn(&[u8]) -> Option<T>) -> Vec<T> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut shown = Vec::new();
    for folder in ["corpus", "regressions"] {
        for input in fs::read_dir(root.join(folder).join(target)).expect("a folder of inputs") {
            let input = input.expect("a readable folder").path();
            if input.file_name().is_some_and(|name| name != "README.md") {
                shown.extend(differs(&fs::read(input).expect("a readable input")));
            }
        }
    }
    shown
}

#[test]
fn tungstenite() {
    let shown = shown("diff_tungstenite", tungstenite_differs);
    for entry in TUNGSTENITE {
        let occurs = shown.iter().any(|difference| difference.behaviour == entry.behaviour);
        assert!(occurs, "stale: {} ({})", entry.behaviour, entry.section);
    }
}

#[test]
fn tokio_websockets() {
    let shown = shown("diff_tokio_websockets", tokio_websockets_differs);
    for entry in TOKIO_WEBSOCKETS {
        let occurs = shown.iter().any(|difference| difference.behaviour == entry.behaviour);
        assert!(occurs, "stale: {} ({})", entry.behaviour, entry.section);
    }
}

#[test]
fn httparse_and_hyper() {
    let shown = shown("diff_http", http_differs);
    for entry in KNOWN {
        assert!(shown.contains(&entry), "stale: {entry:?}");
    }
}
