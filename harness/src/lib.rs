//! The judge and the judged: echo testees on `ws_core`, the real Autobahn|Testsuite run against
//! them, the reports of such runs, and the gate that compares a report with its baseline.
//!
//! ```text
//!  wsconf autobahn                                                wsconf gate
//!    conformance::select ─▶ autobahn::spec ─▶ suite ◀─▶ testee        baseline ─┐
//!    (which cases)          (spec file)         │                                ├─▶ report::diff ─▶ exit code
//!                                               ▼                                │
//!                           autobahn::index ─▶ report::schema ─▶ report::store ──┘
//! ```
//!
//! The testees live in [`testee`]; nothing outside that module uses `ws_core`, so that the judge
//! shares no code with the judged. Processes and process groups make this a Unix crate.

pub mod conformance;

pub mod autobahn;

pub mod testee;

pub mod report;

pub mod cmd;

mod error;
mod group;
mod scratch;
mod signals;

pub use error::Error;
pub use signals::StopSignals;
