//! Autobahn|Testsuite's 517 cases, one file per group, with its oddities.
//!
//! Out: [`all`] in the order in which the suite runs them, [`find`] for one. The tables are held
//! against the suite's own data in `harness/tests/case_data.rs`; what the suite gets wrong is
//! kept, because the verdicts are to be the same, and said in the table where it is.

mod words;

mod g10_auto_fragment;
mod g12_deflate_payload;
mod g13_deflate_params;
mod g1_framing;
mod g2_ping_pong;
mod g3_reserved_bits;
mod g4_opcodes;
mod g5_fragmentation;
mod g6_utf8;
mod g6_utf8_sequences;
mod g7_closing;
mod g9_limits;

use std::sync::LazyLock;

use super::CaseId;
use super::case::Case;

/// Every case, in the order in which the suite runs them.
#[must_use]
pub fn all() -> &'static [Case] {
    static ALL: LazyLock<Vec<Case>> = LazyLock::new(|| {
        [
            g1_framing::cases(),
            g2_ping_pong::cases(),
            g3_reserved_bits::cases(),
            g4_opcodes::cases(),
            g5_fragmentation::cases(),
            g6_utf8::cases(),
            g6_utf8_sequences::cases(),
            g7_closing::cases(),
            g9_limits::cases(),
            g10_auto_fragment::cases(),
            g12_deflate_payload::cases(),
            g13_deflate_params::cases(),
        ]
        .concat()
    });
    &ALL
}

/// The ids of [`all`], in the same order.
#[must_use]
pub fn ids() -> &'static [CaseId] {
    static IDS: LazyLock<Vec<CaseId>> =
        LazyLock::new(|| all().iter().map(|case| case.id.clone()).collect());
    &IDS
}

/// The case of this name.
#[must_use]
pub fn find(id: &CaseId) -> Option<&'static Case> {
    all().binary_search_by(|case| case.id.cmp(id)).ok().map(|index| &all()[index])
}
