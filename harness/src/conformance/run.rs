//! What both directions of a run share: its settings, and one case's result.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::case::{Case, Expect, Step};
use super::connection::Pace;
use super::corpus::Corpus;
use super::play::Patience;
use super::script::Seen;
use super::verdict::{self, Judgement, Outcome};
use crate::report::schema;

/// The engine's name on the wire.
pub const ENGINE: &str = concat!("wsconf/", env!("CARGO_PKG_VERSION"));

/// What is the same for every case of a run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Timers and zlib's level.
    pub pace: Pace,
    /// How long silence lasts.
    pub patience: Patience,
    /// The payload of groups 12 and 13.
    pub corpus: Arc<Corpus>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pace: Pace::default(),
            patience: Patience::default(),
            corpus: Arc::new(Corpus::standins().clone()),
        }
    }
}

/// A case that was played.
#[derive(Debug)]
pub struct Played {
    /// Which.
    pub case: Arc<Case>,
    /// When its connection was begun.
    pub started: SystemTime,
    /// What was seen.
    pub seen: Seen,
    /// What it makes of that.
    pub judgement: Judgement,
    /// Verdicts on earlier tries, if it is a retry.
    pub earlier: Vec<schema::Verdict>,
}

impl Played {
    /// Judges what was seen.
    #[must_use]
    pub fn new(case: Arc<Case>, started: SystemTime, seen: Seen) -> Self {
        let judgement = verdict::judge(&case, &Outcome::from(&seen));
        Self { case, started, seen, judgement, earlier: Vec::new() }
    }

    /// Its line in a report.
    #[must_use]
    pub fn line(&self) -> schema::Case {
        let Judgement { verdict, behavior_why, close_why } = &self.judgement;
        schema::Case {
            remote_close_code: self.seen.facts.remote_close_code,
            duration_ms: self.seen.duration.map(milliseconds),
            explanation: verdict.explained(behavior_why, close_why),
            earlier: self.earlier.clone(),
            ..schema::Case::new(self.case.id.clone(), *verdict)
        }
    }
}

/// Whole milliseconds, rounded.
#[must_use]
pub fn milliseconds(time: Duration) -> u64 {
    u64::try_from((time.as_micros() + 500) / 1000).unwrap_or(u64::MAX)
}

/// The case with fewer messages, if it sends many that are compressed: `count` at most.
#[must_use]
pub fn quick(case: &Case, count: usize) -> Case {
    let mut case = case.clone();
    if case.deflate.is_some() {
        for step in &mut case.send {
            if let Step::RoundTrips(trips) = step {
                trips.count = trips.count.min(count);
            }
        }
    }
    case
}

/// The case spends its time waiting, so it is best begun early.
pub(super) fn waits(case: &Case) -> bool {
    case.send.iter().any(|step| matches!(step, Step::Wait { .. }))
}

/// The case keeps mebioctets in memory or a core busy, so few of its kind run side by side.
pub(super) fn is_heavy(case: &Case) -> bool {
    const HEAVY: usize = 1 << 20;
    case.deflate.is_some() || matches!(case.expect, Expect::Length { len, .. } if len >= HEAVY)
}
