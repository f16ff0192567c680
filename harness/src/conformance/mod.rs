//! What a conformance run is about, whichever engine runs it: case ids and their selection; and the
//! native engine: the suite's cases, played and judged without the suite.
//!
//! ```text
//!  cases ─▶ script ◀─▶ connection ◀─▶ play ◀─▶ transport ◀─▶ testee
//!  (what)   (steps)    (suite's       (octets   (TCP, Unix,
//!              │        machine)       and time)  memory)
//!              ▼
//!            Seen ─▶ verdict ─▶ results (ours, the suite's), page (for people)
//! ```
//!
//! [`server_under_test`] dials, [`client_under_test`] listens; both play cases side by side. Below
//! them, [`wire`], [`utf8`], [`check`], [`opening`] and [`deflate`] are the engine's own reading of
//! RFC 6455 and RFC 7692: slow and obvious.
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

pub mod pitfalls;

pub mod wire;

pub mod utf8;

pub mod check;

pub mod opening;

pub mod deflate;

pub mod outgoing;

pub mod timers;

pub mod record;

pub mod connection;

pub mod script;

pub mod verdict;

pub mod transport;

pub mod play;

pub mod run;

pub mod server_under_test;

pub mod wirelog;

pub mod suite_report;

pub mod page;

pub mod results;

pub mod client_under_test;

pub use id::{BadCaseId, CaseId};
