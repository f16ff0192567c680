//! `wsconf seeds`: the cases as a fuzzer's seeds.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use support::{run, wsconf};

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for target in std::fs::read_dir(dir).unwrap() {
        let target = target.unwrap();
        for file in std::fs::read_dir(target.path()).unwrap() {
            let file = file.unwrap();
            let name = format!("{}/{}", target.file_name().display(), file.file_name().display());
            files.insert(name, std::fs::read(file.path()).unwrap());
        }
    }
    files
}

#[test]
fn the_same_octets_each_time_of_every_case_in_both_directions() {
    let dir = tempfile::tempdir().unwrap();
    let written = ["first", "second"].map(|name| {
        let (code, out, err) = run(wsconf(dir.path()).args(["seeds", "--out", name]));
        assert_eq!(code, 0, "{out}{err}");
        files(&dir.path().join(name))
    });
    assert!(written[0] == written[1], "deterministic");
    for case in ws_harness::conformance::cases::all() {
        for (target, to) in [("frame_stream_server", "server"), ("frame_stream_client", "client")] {
            let name = format!("{target}/case_{}_to_{to}", case.id);
            assert!(written[0].contains_key(&name), "{name}");
        }
    }
    assert!(written[0].values().all(|octets| octets.len() <= 4096));
}

#[test]
fn a_case_as_it_is_on_the_wire() {
    let dir = tempfile::tempdir().unwrap();
    let (code, _, err) = run(wsconf(dir.path()).args(["seeds", "7.1.1", "1.2.2", "--out", "."]));
    assert_eq!(code, 0, "{err}");
    let files = files(dir.path());
    // "Hello World!" and Close 1000, masked with 37 fa 21 3d.
    let to_server = b"\x81\x8c\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58\xda\x76\x52\x45\x96\x45\x1c\
                      \x88\x82\x37\xfa\x21\x3d\x34\x12";
    assert_eq!(
        files["session_oracle/case_7.1.1_to_server"],
        [&b"\x05\x00\x00"[..], to_server].concat()
    );
    let to_client = b"\x05\x01\x00\x81\x0cHello World!\x88\x02\x03\xe8";
    assert_eq!(files["session_oracle/case_7.1.1_to_client"], to_client);
    assert_eq!(files["close_payload/case_7.1.1_0"], b"\x03\xe8");
    let binary = &files["diff_tungstenite/case_1.2.2_to_client"];
    assert_eq!(binary[..4], *b"\x01\x82\x7d\xfe");
}
