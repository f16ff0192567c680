//! A verdict that is not OK, accepted for a reason that names the RFC.
//!
//! A waiver is the expectation for its case, in the stead of the baseline's. One that no case
//! needs is itself a failure, so that none outlives its reason.

use std::path::Path;

use serde::Deserialize;

use super::schema::{Behavior, BehaviorClose, Role, Verdict};
use super::store;
use crate::Error;
use crate::conformance::CaseId;

/// One `[[waiver]]` of `waivers.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The case it is for.
    pub id: CaseId,
    /// The testee's role it is for.
    pub role: Role,
    /// The verdict it accepts.
    #[serde(alias = "behavior")]
    pub behaviour: Behavior,
    /// The verdict on the close that it accepts.
    #[serde(alias = "behaviorClose", default = "close_ok")]
    pub behaviour_close: BehaviorClose,
    /// Why: what the RFC says, with its section.
    #[serde(default)]
    pub reason: String,
}

impl Waiver {
    /// The verdict it accepts.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict { behavior: self.behaviour, behavior_close: self.behaviour_close }
    }
}

fn close_ok() -> BehaviorClose {
    BehaviorClose::Ok
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    waiver: Vec<Waiver>,
}

/// Where waivers are, if nobody says where.
const DEFAULT: &str = "reports/waivers.toml";

/// Reads the file named, or `reports/waivers.toml`, which need not be there.
///
/// # Errors
///
/// [`Error::Unusable`]: a named file is not there; malformed; a reason is missing or names no RFC; a waiver for OK; two
/// waivers for one case and role.
pub fn load(named: Option<&Path>) -> Result<Vec<Waiver>, Error> {
    let (path, text) = match store::read_or_default(named, DEFAULT)? {
        (path, Some(text)) => (path, text),
        (_, None) => return Ok(Vec::new()),
    };
    let bad = |what: String| Error::Unusable(format!("{}: {what}", path.display()));
    let file: File = toml::from_str(&text).map_err(|error| bad(error.to_string()))?;
    for (nth, waiver) in file.waiver.iter().enumerate() {
        let name = format!("waiver for {} as {}", waiver.id, waiver.role.name());
        if waiver.reason.trim().is_empty() {
            return Err(bad(format!("{name}: `reason` is missing: say what the RFC says")));
        }
        if !waiver.reason.contains("RFC") {
            return Err(bad(format!("{name}: `reason` names no RFC and section")));
        }
        if waiver.verdict().is_clean() {
            return Err(bad(format!("{name}: {} needs no waiver", waiver.verdict())));
        }
        let same = |other: &Waiver| other.id == waiver.id && other.role == waiver.role;
        if file.waiver.iter().take(nth).any(same) {
            return Err(bad(format!("{name}: twice")));
        }
    }
    Ok(file.waiver)
}
