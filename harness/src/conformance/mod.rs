//! What a conformance run is about, whichever engine runs it: case ids and their selection.
//!
//! Nothing in here may use `ws_core`: the judge shares no code with the judged.

mod id;

pub mod select;

pub use id::{BadCaseId, CaseId};
