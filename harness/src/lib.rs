//! Whether a WebSocket implementation conforms: the cases of Autobahn|Testsuite against a server or a
//! client in any language, reports of what they did, and a gate that holds a run against a baseline.
//!
//! Most people want the program:
//!
//! ```sh
//! cargo install --locked --git https://github.com/ws-core/ws-core ws-harness
//! wsconf test server ws://127.0.0.1:9001 --explain
//! ```
//!
//! `wsconf help` has the rest, the
//! [README](https://github.com/ws-core/ws-core#testing-your-own-implementation) the way into a CI, and
//! [`reports/README.md`](https://github.com/ws-core/ws-core/blob/main/reports/README.md) the format of
//! reports and the exit codes. Unix only.
//!
//! | as a library | |
//! |---|---|
//! | play cases inside `cargo test` | [`conformance::cases`], [`conformance::server_under_test`], [`conformance::client_under_test`] |
//! | read, write, compare and merge reports | [`report::schema`], [`report::store`], [`report::diff`], [`report::merge`] |
//! | show them | [`report::table`], [`report::markdown`], [`report::junit`], [`report::html`] and their neighbours |
//! | run the real suite | [`autobahn`] |
//!
//! What `wsconf autobahn` and `wsconf gate` do with echo testees of our own:
//!
//! ```text
//!  wsconf autobahn                                                wsconf gate
//!    conformance::select ─▶ autobahn::spec ─▶ suite ◀─▶ testee        baseline ─┐
//!    (which cases)          (spec file)         │                                ├─▶ report::diff ─▶ exit code
//!                                               ▼                                │
//!                           autobahn::index ─▶ report::schema ─▶ report::store ──┘
//! ```
//!
//! The native engine in [`conformance`] does without the suite: `wsconf test`, and the cases inside
//! any project's own `cargo test`, over a socket or a pipe in memory:
//!
//! ```
//! use std::sync::Arc;
//! use ws_harness::conformance::{cases, run::Settings, server_under_test::{Dial, play_case}};
//!
//! # async fn serve(stream: tokio::io::DuplexStream) {
//! #     let mut ws = ws_core::tokio::accept(stream, ws_core::Config::default()).await.unwrap();
//! #     while let Ok(Some(message)) = ws.recv().await {
//! #         ws.feed(message).await.unwrap();
//! #     }
//! # }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let settings = Settings::default();
//! let dial = Dial { resource: "/".into(), host: "localhost:80".into(), ..Dial::default() };
//! for case in cases::all().iter().filter(|case| case.id.group() == 1) {
//!     let (ours, theirs) = tokio::io::duplex(4096);
//!     tokio::spawn(serve(theirs)); // the server that is judged
//!     let played = play_case(Arc::new(case.clone()), ours, &dial, &settings).await;
//!     let verdict = played.judgement.verdict;
//!     assert!(verdict.is_clean(), "{}: {verdict}: {}", case.id, played.judgement.close_why);
//! }
//! # }
//! ```
//!
//! The testees live in [`testee`] and the load that `wsconf load` makes in [`load`]; nothing outside
//! these uses `ws_core`, so that the judge shares no code with the judged. Processes and process groups make this a Unix crate.

pub mod conformance;

pub mod autobahn;

pub mod testee;

pub mod load;

pub mod report;

pub mod parity;

pub mod cmd;

mod error;
mod group;
mod scratch;
mod signals;
mod talk;

pub use error::Error;
pub use signals::StopSignals;
