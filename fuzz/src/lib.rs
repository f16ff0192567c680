//! Protocol properties of `ws_core`, for libFuzzer to break and for `cargo test` to replay.
//!
//! ```text
//! cargo +nightly fuzz run frame_parse      fuzz_targets/frame_parse.rs ─▶ props::frame_parse
//! cargo test -p ws-fuzz                    tests/replay.rs ─▶ the same, on corpus/ and regressions/
//! ```

pub mod deflate;
pub mod extension_header;
pub mod props;

/// The entry points of one target: libFuzzer's under cargo-fuzz, else a `main` that replays the
/// files named on its command line.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|octets: &[u8]| $crate::props::$name(octets));

        #[cfg(not(fuzzing))]
        fn main() -> std::io::Result<()> {
            for file in std::env::args_os().skip(1) {
                $crate::props::$name(&std::fs::read(file)?);
            }
            Ok(())
        }
    };
}
