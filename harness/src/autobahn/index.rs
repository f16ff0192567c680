//! The suite's `index.json`: agent → case id → verdict. The only word of it that is believed.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::Error;
use crate::conformance::CaseId;
use crate::report::schema::{Behavior, BehaviorClose, Case};

/// One case in `index.json`.
#[derive(Debug, Deserialize)]
struct Entry {
    behavior: Behavior,
    #[serde(rename = "behaviorClose")]
    behavior_close: BehaviorClose,
    #[serde(rename = "remoteCloseCode")]
    remote_close_code: Option<u16>,
    duration: u64,
}

/// A case that never opened carries the time of day as its duration; no case takes this long.
const LONGEST_MS: u64 = 10_000_000;

/// Reads the cases of `agent` from the suite's `index.json` at `path`, in ascending order.
///
/// # Errors
///
/// - [`Error::NothingRan`]: no such file, or nothing in it about `agent`.
/// - [`Error::Unusable`]: not an index, or a verdict in it that the suite does not have.
pub fn read(path: &Path, agent: &str) -> Result<Vec<Case>, Error> {
    let shown = path.display();
    let text = std::fs::read(path).map_err(|source| {
        Error::NothingRan(format!("the suite wrote no report: {shown}: {source}"))
    })?;
    let mut agents: BTreeMap<String, BTreeMap<CaseId, Entry>> = serde_json::from_slice(&text)
        .map_err(|source| Error::Unusable(format!("{shown} is no index of the suite: {source}")))?;
    let Some(entries) = agents.remove(agent) else {
        let named: Vec<&str> = agents.keys().map(String::as_str).collect();
        return Err(Error::NothingRan(format!(
            "the suite ran no case: {shown} says nothing of agent `{agent}` (it names: {})",
            if named.is_empty() { "nobody".to_owned() } else { named.join(", ") }
        )));
    };
    Ok(entries.into_iter().map(case).collect())
}

fn case((id, entry): (CaseId, Entry)) -> Case {
    Case {
        id,
        behavior: entry.behavior,
        behavior_close: entry.behavior_close,
        remote_close_code: entry.remote_close_code,
        duration_ms: Some(entry.duration).filter(|duration| *duration < LONGEST_MS),
    }
}

/// An agent's name in file names, by the suite's rule: lower case, each character but `a-z` and
/// `0-9` is a blank, those at the ends go, the others become `_`.
#[must_use]
pub fn file_name_of(agent: &str) -> String {
    let kept = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { ' ' };
    let blanked: String = agent.to_lowercase().chars().map(kept).collect();
    blanked.trim().replace(' ', "_")
}
