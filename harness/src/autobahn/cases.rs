//! The suite's case ids.

use crate::conformance::{CaseId, cases};

/// All 517 case ids of Autobahn|Testsuite 25.10.1, in the order in which it runs them.
#[must_use]
pub fn all() -> &'static [CaseId] {
    cases::ids()
}
