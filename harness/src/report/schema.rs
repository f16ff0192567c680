//! Report v1 and the baseline made from it: plain data, as in the files.

use serde::{Deserialize, Serialize};

use crate::conformance::CaseId;

/// The value of `format` in a report.
pub const REPORT_FORMAT: &str = "ws-conformance-report/1";
/// The value of `format` in a baseline.
pub const BASELINE_FORMAT: &str = "ws-conformance-baseline/1";

/// One run of one suite against one testee in one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// [`REPORT_FORMAT`].
    pub format: String,
    /// Who judged.
    pub suite: Suite,
    /// What the testee was in this run.
    pub role: Role,
    /// Who was judged.
    pub testee: Testee,
    /// The machine that it ran on.
    pub platform: Platform,
    /// When the run began, RFC 3339 in UTC.
    pub started: String,
    /// How long it took, in milliseconds.
    #[serde(rename = "durationMs")]
    pub duration_ms: u64,
    /// What was asked for, as patterns.
    pub selection: Selection,
    /// Which part of the selection this run took; absent if all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The runs that this report was merged of; empty if it is of one run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Every case that has a verdict, ascending.
    pub cases: Vec<Case>,
}

/// Who judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// The suite's name.
    pub name: String,
    /// Its release, as it says itself; absent if it did not say.
    pub version: Option<String>,
    /// What ran it: `docker`, `wstest` or `native`; the last with what it was told to leave out.
    pub engine: String,
}

/// What an endpoint is in a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Waits for the opening handshake.
    Server,
    /// Begins the opening handshake.
    Client,
}

impl Role {
    /// Both, in the order in which they are reported.
    pub const ALL: [Self; 2] = [Self::Server, Self::Client];

    /// `server` or `client`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// Who was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Testee {
    /// Its name in the suite's report.
    pub agent: String,
    /// Its version, if known.
    pub version: Option<String>,
}

/// The machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// Operating system, as Rust names it.
    pub os: String,
    /// Processor architecture, as Rust names it.
    pub arch: String,
}

impl Platform {
    /// The machine this program runs on.
    #[must_use]
    pub fn here() -> Self {
        Self { os: std::env::consts::OS.to_owned(), arch: std::env::consts::ARCH.to_owned() }
    }
}

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Patterns of cases to run.
    pub cases: Vec<String>,
    /// Patterns of cases not to run.
    pub exclude: Vec<String>,
}

/// One of several parts of a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// Which, from 1.
    pub part: usize,
    /// Of how many.
    pub of: usize,
}

/// One run among those that a report was merged of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// As [`Report::platform`].
    pub platform: Platform,
    /// As [`Report::started`].
    pub started: String,
    /// As [`Report::duration_ms`].
    #[serde(rename = "durationMs")]
    pub duration_ms: u64,
    /// As [`Report::selection`].
    pub selection: Selection,
    /// As [`Report::shard`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// The cases that it brought, ascending.
    pub cases: Vec<CaseId>,
    /// Those that it brought as well, and that a later run replaced, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<CaseId>,
}

/// One case's outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Which case.
    pub id: CaseId,
    /// Verdict on what the testee did with messages and frames.
    pub behavior: Behavior,
    /// Verdict on how the connection ended.
    #[serde(rename = "behaviorClose")]
    pub behavior_close: BehaviorClose,
    /// The code in the testee's Close frame, if it sent one with a code.
    #[serde(rename = "remoteCloseCode")]
    pub remote_close_code: Option<u16>,
    /// From open to closed, in milliseconds; absent if it never opened.
    #[serde(rename = "durationMs")]
    pub duration_ms: Option<u64>,
    /// Why the verdict is not OK on both counts, in the judge's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// Verdicts on earlier plays of this case, first to last, in the same run or in those that were
    /// merged with it; the one above counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Verdict>,
}

impl Case {
    /// A verdict of which nothing else is known.
    #[must_use]
    pub fn new(id: CaseId, verdict: Verdict) -> Self {
        Self {
            id,
            behavior: verdict.behavior,
            behavior_close: verdict.behavior_close,
            remote_close_code: None,
            duration_ms: None,
            explanation: None,
            earlier: Vec::new(),
        }
    }

    /// The part of it that a baseline holds.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict { behavior: self.behavior, behavior_close: self.behavior_close }
    }
}

/// What a baseline expects: every case of a run, without what changes from run to run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// [`BASELINE_FORMAT`].
    pub format: String,
    /// The suite that judged.
    pub suite: BaselineSuite,
    /// The testee's role.
    pub role: Role,
    /// Every case, ascending.
    pub cases: Vec<Expected>,
}

impl From<&Report> for Baseline {
    fn from(report: &Report) -> Self {
        let expected = |case: &Case| Expected {
            id: case.id.clone(),
            behavior: case.behavior,
            behavior_close: case.behavior_close,
        };
        Self {
            format: BASELINE_FORMAT.to_owned(),
            suite: BaselineSuite {
                name: report.suite.name.clone(),
                version: report.suite.version.clone(),
            },
            role: report.role,
            cases: report.cases.iter().map(expected).collect(),
        }
    }
}

/// The suite a baseline was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineSuite {
    /// The suite's name.
    pub name: String,
    /// Its release: the same id can mean another case in another release.
    pub version: Option<String>,
}

/// One case in a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// Which case.
    pub id: CaseId,
    /// As [`Case::behavior`].
    pub behavior: Behavior,
    /// As [`Case::behavior_close`].
    #[serde(rename = "behaviorClose")]
    pub behavior_close: BehaviorClose,
}

impl Expected {
    /// Without the id.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict { behavior: self.behavior, behavior_close: self.behavior_close }
    }
}

/// The suite's two words on one case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// On messages and frames.
    pub behavior: Behavior,
    /// On how the connection ended.
    #[serde(rename = "behaviorClose")]
    pub behavior_close: BehaviorClose,
}

impl Verdict {
    /// The reasons of those halves that are not OK; nothing if both are.
    #[must_use]
    pub fn explained(self, behavior_why: &str, close_why: &str) -> Option<String> {
        let halves = [
            (self.behavior != Behavior::Ok, behavior_why),
            (self.behavior_close != BehaviorClose::Ok, close_why),
        ];
        let why = |(speaks, why): (bool, &'_ str)| {
            (speaks && !why.trim().is_empty()).then(|| why.trim().to_owned())
        };
        let said: Vec<String> = halves.into_iter().filter_map(why).collect();
        (!said.is_empty()).then(|| said.join(" "))
    }

    /// Neither half is anything but OK or INFORMATIONAL.
    #[must_use]
    pub fn is_clean(self) -> bool {
        self.behavior <= Behavior::Informational
            && self.behavior_close <= BehaviorClose::Informational
    }

    /// The testee did not do what the case demands: a half that is neither clean nor NON-STRICT.
    #[must_use]
    pub fn is_failure(self) -> bool {
        self.behavior > Behavior::NonStrict || self.behavior_close > BehaviorClose::Informational
    }
}

/// Verdict on messages and frames, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Behavior {
    /// As demanded.
    Ok,
    /// Nothing is demanded.
    Informational,
    /// Allowed, but not what a strict endpoint does.
    NonStrict,
    /// The testee does not have what the case is about.
    Unimplemented,
    /// Not as demanded.
    Failed,
}

impl Behavior {
    /// As the suite writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Informational => "INFORMATIONAL",
            Self::NonStrict => "NON-STRICT",
            Self::Unimplemented => "UNIMPLEMENTED",
            Self::Failed => "FAILED",
        }
    }
}

/// Verdict on how the connection ended, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum BehaviorClose {
    /// As demanded.
    #[serde(rename = "OK")]
    Ok,
    /// Nothing is demanded.
    #[serde(rename = "INFORMATIONAL")]
    Informational,
    /// The suite as a client had to drop TCP, which is the server's to do.
    #[serde(rename = "FAILED BY CLIENT")]
    FailedByClient,
    /// A close code that the case does not accept.
    #[serde(rename = "WRONG CODE")]
    WrongCode,
    /// TCP ended without a closing handshake.
    #[serde(rename = "UNCLEAN")]
    Unclean,
    /// The wrong endpoint closed, or the opening handshake failed.
    #[serde(rename = "FAILED")]
    Failed,
}

impl BehaviorClose {
    /// As the suite writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Informational => "INFORMATIONAL",
            Self::FailedByClient => "FAILED BY CLIENT",
            Self::WrongCode => "WRONG CODE",
            Self::Unclean => "UNCLEAN",
            Self::Failed => "FAILED",
        }
    }
}

impl std::fmt::Display for Verdict {
    /// `OK/UNCLEAN`; one word if both halves are INFORMATIONAL.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.behavior, self.behavior_close) {
            (Behavior::Informational, BehaviorClose::Informational) => f.pad("INFORMATIONAL"),
            (behavior, close) => f.pad(&format!("{}/{}", behavior.name(), close.name())),
        }
    }
}
