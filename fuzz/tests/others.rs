//! The corpus, as implementations in other languages hear it: what they tell otherwise is listed and
//! explained, and each entry of the lists shows. `make interop` installs them, and runs this.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ws_core::Role;
use ws_fuzz::differences::{Known, WEBSOCKETS, WS};
use ws_fuzz::others::{websockets_hears, ws_hears};
use ws_fuzz::peers::{Heard, compare};

/// Targets whose inputs are a peer's frames, and how many octets of settings come before them.
const TARGETS: [(&str, usize); 4] = [
    ("diff_tungstenite", 1),
    ("diff_tokio_websockets", 1),
    ("frame_stream_server", 2),
    ("frame_stream_client", 2),
];

/// Longer ones are cut: as JSON they take a while, and say nothing more.
const MAX_WIRE: usize = 4096;

fn inputs() -> BTreeSet<Vec<u8>> {
    let mut inputs = BTreeSet::new();
    for (target, settings) in TARGETS {
        for folder in ["corpus", "regressions"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
            let listed = fs::read_dir(&folder).expect("a folder of inputs");
            let paths = listed.map(|entry| entry.expect("a readable folder").path());
            for path in paths.filter(|path: &PathBuf| !path.ends_with("README.md")) {
                let octets = fs::read(&path).expect("a readable input");
                let wire = octets.get(settings..).unwrap_or_default();
                let wire = &wire[..wire.len().min(MAX_WIRE)];
                inputs.extend([0, 1].map(|role| [&[role], wire].concat()));
            }
        }
    }
    inputs
}

fn replay(peer: fn(Role, &[u8]) -> Heard, known: Known) {
    let inputs = inputs();
    assert!(inputs.len() > 1000, "{} inputs", inputs.len());
    let mut shown = BTreeSet::new();
    for input in &inputs {
        shown.extend(compare(input, peer, known).map(|difference| difference.behaviour));
    }
    for entry in known {
        assert!(shown.contains(entry.behaviour), "stale: {} ({})", entry.behaviour, entry.section);
    }
    println!("{} inputs, {} of {} differences", inputs.len(), shown.len(), known.len());
}

#[test]
#[ignore = "`make interop` installs it"]
fn websockets() {
    replay(websockets_hears, WEBSOCKETS);
}

#[test]
#[ignore = "`make interop` installs it"]
fn ws() {
    replay(ws_hears, WS);
}
