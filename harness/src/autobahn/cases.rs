//! The suite's case ids, and which of them run unless told otherwise.

use crate::conformance::{CaseId, cases};

/// Groups left out unless asked for: permessage-deflate by payload and by parameters.
pub const LEFT_OUT: [&str; 2] = ["12.*", "13.*"];

/// All 517 case ids of Autobahn|Testsuite 25.10.1, in the order in which it runs them.
#[must_use]
pub fn all() -> &'static [CaseId] {
    cases::ids()
}
