//! What a conformance run is about, whichever engine runs it: case ids and their selection; and the
//! cases of the native engine.
//!
//! Nothing in here may use the core, not even to name it: the judge shares no code with the judged.

mod id;

pub mod select;

pub mod ask;

pub mod case;

pub mod cases;

pub mod payload;

pub mod corpus;

pub mod explain;

pub use id::{BadCaseId, CaseId};
