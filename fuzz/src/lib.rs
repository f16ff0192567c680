//! Protocol properties of `ws_core`, for libFuzzer to break and for `cargo test` to replay.
//!
//! ```text
//! cargo +nightly fuzz run frame_parse      fuzz_targets/frame_parse.rs ─▶ props::frame_parse
//! cargo test -p ws-fuzz                    tests/replay.rs ─▶ the same, on corpus/ and regressions/
//! ```
//!
//! A module per family of properties; the judges are the naive ones of ws-core's tests, a reference
//! endpoint of our own, and other crates.

pub mod props;

pub mod deflate;
pub mod diff_http;
pub mod differences;
pub mod duplex;
pub mod engine;
pub mod extension_header;
pub mod frame;
pub mod http;
pub mod others;
pub mod peers;
pub mod session;
pub mod stream;
pub mod utf8;
pub mod workload;
pub mod write_api;

mod counted;
mod frames;
mod input;
mod reference;

/// Where the core's files that [`counted`] compiles look for it.
mod limits {
    pub(crate) use ws_core::Limits;
}

#[path = "../../ws-core/tests/oracle/mod.rs"]
mod oracle;

#[path = "../../ws-core/tests/support/mod.rs"]
mod support;

#[path = "../../ws-core/tests/tokio_support/mod.rs"]
mod tokio_support;

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
