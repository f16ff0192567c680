//! The suite's `index.json`: agent → case id → verdict. The only word of it that is believed; the
//! file of a case that is not OK only says why.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::Error;
use crate::conformance::CaseId;
use crate::report::schema::{Behavior, BehaviorClose, Case, Verdict};

/// One case in `index.json`.
#[derive(Debug, Deserialize)]
struct Entry {
    behavior: Behavior,
    #[serde(rename = "behaviorClose")]
    behavior_close: BehaviorClose,
    #[serde(rename = "remoteCloseCode")]
    remote_close_code: Option<u16>,
    duration: u64,
    reportfile: String,
}

/// What a case's own file says of its verdict.
#[derive(Deserialize)]
struct Detail {
    result: String,
    #[serde(rename = "resultClose")]
    result_close: String,
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
    let dir = path.parent().unwrap_or(Path::new(""));
    Ok(entries.into_iter().map(|(id, entry)| case(dir, id, &entry)).collect())
}

fn case(dir: &Path, id: CaseId, entry: &Entry) -> Case {
    let verdict = Verdict { behavior: entry.behavior, behavior_close: entry.behavior_close };
    Case {
        remote_close_code: entry.remote_close_code,
        duration_ms: Some(entry.duration).filter(|duration| *duration < LONGEST_MS),
        explanation: explanation(dir, verdict, &entry.reportfile),
        ..Case::new(id, verdict)
    }
}

/// From the file beside the index, if it is there and as the suite writes it.
fn explanation(dir: &Path, verdict: Verdict, reportfile: &str) -> Option<String> {
    // Where both are OK there is nothing to explain, and no file to read.
    verdict.explained("?", "?")?;
    let text = std::fs::read(dir.join(Path::new(reportfile).file_name()?)).ok()?;
    let detail: Detail = serde_json::from_slice(&text).ok()?;
    verdict.explained(&detail.result, &detail.result_close)
}

/// An agent's name in file names, by the suite's rule: lower case, each character but `a-z` and
/// `0-9` is a blank, those at the ends go, the others become `_`.
#[must_use]
pub fn file_name_of(agent: &str) -> String {
    let kept = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { ' ' };
    let blanked: String = agent.to_lowercase().chars().map(kept).collect();
    blanked.trim().replace(' ', "_")
}
