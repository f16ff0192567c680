//! The real Autobahn|Testsuite: started, spoken to, watched, read.
//!
//! [`cases`] (which exist) → [`spec`] (what to run) → [`engine`] (who runs the suite) → `run` (one
//! direction, start to end) → [`index`] (what came out). The suite exits 0 whatever happened and
//! can hang, so `run` believes only the index it wrote, and only for the cases that were asked.

pub mod cases;

pub mod spec;

pub mod control;

pub mod engine;

pub mod survey;

mod docker;
mod wstest;

pub mod run;

mod suite;
pub(crate) mod testee;

pub mod progress;

pub mod index;

/// The suite's name in our reports.
pub const SUITE: &str = "Autobahn|Testsuite";

/// The release whose cases, ids and verdicts everything here is written for.
pub const VERSION: &str = "25.10.1";
