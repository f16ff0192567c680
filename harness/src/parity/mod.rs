//! Proof that the native engine judges as the suite does: both against the same testee, verdict by
//! verdict.
//!
//! ```text
//!  testees ─▶ both ─▶ suite's cases ──┐
//!  (who)      (run)                   ├─▶ diff ─▶ known ─▶ what is left
//!                ╰──▶ engine's cases ─┘            (reasons)
//! ```
//!
//! Where they differ the engine is wrong, unless [`known`] has the reason.

pub mod testees;

pub mod both;

pub mod diff;

pub mod known;
