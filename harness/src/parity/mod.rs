//! Proof that the native engine judges as the suite does: both against the same testee, verdict by
//! verdict.
//!
//! ```text
//!  testees ─▶ both ─▶ suite's cases ──┐
//!  (who)      (run)                   ├─▶ diff ─▶ known ─▶ what is left
//!                ╰──▶ engine's cases ─┘            (reasons)
//! ```
//!
//! [`started`] and the run by the engine alone serve `wsconf compare` too, where each testee is a
//! published [`package`].
//!
//! Where they differ the engine is wrong, unless [`known`] has the reason.

pub mod testees;

pub mod package;

pub mod started;

pub(crate) mod alone;

pub mod both;

pub mod diff;

pub mod known;
