//! The suite's case ids.

use std::sync::LazyLock;

use crate::conformance::CaseId;

/// All 517 case ids of Autobahn|Testsuite 25.10.1, in the order in which it runs them.
#[must_use]
pub fn all() -> &'static [CaseId] {
    static ALL: LazyLock<Vec<CaseId>> = LazyLock::new(|| {
        include_str!("../../data/autobahn-25.10.1.txt")
            .lines()
            .map(|id| id.parse().expect("the committed list holds case ids only"))
            .collect()
    });
    &ALL
}
