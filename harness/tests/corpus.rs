//! The stand-ins of the suite's payload files, and folders with the originals.

use std::fs;
use std::path::Path;

use sha2::{Digest as _, Sha256};
use ws_harness::conformance::corpus::{BadCorpus, Corpus, File, Unit};
use ws_harness::conformance::deflate::Codec;
use ws_harness::conformance::opening::deflate::Agreed;
use ws_harness::report::schema::Role;
use zlib_rs::{Deflate, DeflateFlush};

/// Compressed octets per octet, over as many messages of `len` units as cover the file once.
fn ratio(corpus: &Corpus, file: File, len: usize, takeover: bool) -> f64 {
    let count = file.octet_len().div_ceil(len);
    let mut compressor = Deflate::new(6, false, 15);
    let (mut from, mut to) = (0, 0);
    for window in corpus.windows(file, len).take(count) {
        if !takeover {
            compressor = Deflate::new(6, false, 15);
        }
        let before = compressor.total_out();
        let mut output = vec![0; window.len() * 2 + 64];
        compressor.compress(&window, &mut output, DeflateFlush::SyncFlush).unwrap();
        from += window.len();
        to += usize::try_from(compressor.total_out() - before).unwrap() - 4;
    }
    to as f64 / from as f64
}

/// What the same compressor makes of the suite's own files: file, length of a message, ratio with a
/// fresh window for each, ratio with the window taken over.
const ORIGINALS: [(File, usize, f64, f64); 20] = [
    (File::Json, 256, 0.5364, 0.0689),
    (File::Json, 1024, 0.1705, 0.0564),
    (File::Json, 8192, 0.0569, 0.0440),
    (File::Json, 65_536, 0.0431, 0.0418),
    (File::Bitmap, 256, 1.0047, 0.9751),
    (File::Bitmap, 1024, 0.9468, 0.9174),
    (File::Bitmap, 8192, 0.8940, 0.8664),
    (File::Bitmap, 65_536, 0.8780, 0.8711),
    (File::Prose, 256, 0.7237, 0.4895),
    (File::Prose, 1024, 0.5628, 0.4253),
    (File::Prose, 8192, 0.4560, 0.3941),
    (File::Prose, 65_536, 0.4058, 0.3933),
    (File::Html, 256, 0.6263, 0.0794),
    (File::Html, 1024, 0.2634, 0.0668),
    (File::Html, 8192, 0.0886, 0.0613),
    (File::Html, 65_536, 0.0610, 0.0579),
    (File::Pdf, 256, 0.9384, 0.7934),
    (File::Pdf, 1024, 0.8899, 0.7790),
    (File::Pdf, 8192, 0.8142, 0.7631),
    (File::Pdf, 65_536, 0.7708, 0.7616),
];

#[test]
fn a_stand_in_compresses_as_the_original_does() {
    let mut far = Vec::new();
    for (file, len, fresh, taken_over) in ORIGINALS {
        for (takeover, original) in [(false, fresh), (true, taken_over)] {
            let ours = ratio(Corpus::standins(), file, len, takeover);
            if (ours / original - 1.0).abs() > 0.2 {
                far.push(format!(
                    "{} by {len}, takeover {takeover}: {ours:.4}, the original's {original:.4}",
                    file.name()
                ));
            }
        }
    }
    assert!(far.is_empty(), "{far:#?}");
}

/// A testee that keeps its window though it agreed not to is found out by every series of messages:
/// each has one that says the same as one before it, even close by and to a hasty compressor.
#[test]
fn messages_have_something_in_common_with_earlier_ones() {
    let agreed = |forgets| Agreed {
        server_no_context_takeover: forgets,
        client_no_context_takeover: forgets,
        server_max_window_bits: 9,
        client_max_window_bits: 9,
    };
    for file in File::ALL {
        for len in [16, 64, 256, 1024, 8192] {
            let mut keeps = Codec::new(agreed(false), Role::Server, 1);
            let mut forgets = Codec::new(agreed(true), Role::Client, 1);
            let found_out = Corpus::standins().windows(file, len).take(1000).any(|message| {
                let octets = keeps.compress(&message).unwrap();
                forgets.begin();
                forgets.expand(&octets, 1 << 20) != Ok(message.to_vec())
            });
            assert!(found_out, "{} by {len}", file.name());
        }
    }
}

#[test]
fn a_stand_in_has_the_length_and_the_type_of_the_original() {
    let corpus = Corpus::standins();
    for file in File::ALL {
        assert_eq!(corpus.content(file).len(), file.octet_len(), "{}", file.name());
    }
    let text = |file| std::str::from_utf8(corpus.content(file)).unwrap();
    assert!(text(File::Json).is_ascii());
    let report: serde_json::Value = serde_json::from_str(text(File::Json)).unwrap();
    assert!(report.as_object().unwrap().len() > 2, "three agents or more");
    assert_eq!(text(File::Html).chars().count(), 263_620);
    assert!(text(File::Html).trim_end().ends_with("</html>"));
    assert!(text(File::Prose).starts_with('\u{feff}'));
    let bitmap = corpus.content(File::Bitmap);
    assert_eq!(&bitmap[..6], [b"BM", &263_222_u32.to_le_bytes()[..]].concat());
    assert!(corpus.content(File::Pdf).starts_with(b"%PDF-"));
    assert!(corpus.content(File::Pdf).ends_with(b"%%EOF\n"));
}

/// Two machines that run the same case send the same octets.
#[test]
fn a_stand_in_is_the_same_everywhere() {
    let digests = File::ALL.map(|file| {
        let digest = Sha256::digest(Corpus::standins().content(file));
        digest[..8].iter().map(|octet| format!("{octet:02x}")).collect::<String>()
    });
    assert_eq!(
        digests,
        [
            "49c960ddafa10c17",
            "a2464fbe565a978c",
            "2261af11310aad53",
            "ec74b43c98d2f514",
            "b4d7e32841bc0298"
        ]
    );
}

#[test]
fn messages_have_their_length_in_the_files_units() {
    for file in File::ALL {
        for len in [16, 1024, 131_072] {
            for message in Corpus::standins().windows(file, len).take(30) {
                let units = match file.unit() {
                    Unit::Octet => message.len(),
                    Unit::Character => std::str::from_utf8(&message).unwrap().chars().count(),
                };
                assert_eq!(units, len, "{}", file.name());
            }
        }
    }
}

/// A folder with five files of this content, but for one.
fn folder(but: File, content: &[u8]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for file in File::ALL {
        let content = if file == but { content } else { b"content".as_slice() };
        fs::write(dir.path().join(file.name()), content).unwrap();
    }
    dir
}

fn refused(dir: &Path) -> BadCorpus {
    Corpus::from_dir(dir).map(|_| "taken").unwrap_err()
}

#[test]
fn a_folder_needs_all_five_files_and_says_which_are_not_the_suites() {
    let dir = folder(File::Json, b"{}");
    let corpus = Corpus::from_dir(dir.path()).unwrap();
    assert_eq!(corpus.content(File::Json), b"{}");
    assert_eq!(corpus.content(File::Pdf), b"content");
    assert_eq!(corpus.differing(), File::ALL);
    // The right length alone does not make it the suite's.
    assert_eq!(Corpus::standins().differing(), File::ALL);

    let dir = folder(File::Html, b"");
    assert!(matches!(refused(dir.path()), BadCorpus::Empty(path) if path.ends_with("data1.html")));
    let dir = folder(File::Html, b"\xff");
    assert!(
        matches!(refused(dir.path()), BadCorpus::NotText(path) if path.ends_with("data1.html"))
    );
    // What is sent as binary need not be text.
    assert!(Corpus::from_dir(folder(File::Prose, b"\xff").path()).is_ok());
    let dir = folder(File::Pdf, b"");
    fs::remove_file(dir.path().join("pg2229.txt")).unwrap();
    let error = refused(dir.path());
    assert!(error.to_string().contains("pg2229.txt: No such file"), "{error}");
}
