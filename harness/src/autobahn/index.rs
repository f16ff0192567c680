//! The suite's `index.json`: agent → case id → verdict. The only word of it that is believed; the
//! file of a case that is not OK only says why.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Deserialize;

use super::SUITE;
use super::run::rfc3339;
use crate::Error;
use crate::conformance::CaseId;
use crate::report::schema::{
    Behavior, BehaviorClose, Case, Platform, REPORT_FORMAT, Report, Role, Selection, Suite, Testee,
    Verdict,
};

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

/// Who an `index.json` is about, and what each was, if a case's file beside it says that.
///
/// # Errors
///
/// - [`Error::NothingRan`]: no such file.
/// - [`Error::Unusable`]: not an index.
pub fn agents(path: &Path) -> Result<Vec<(String, Option<Role>)>, Error> {
    let role = |entries: &BTreeMap<CaseId, Entry>| {
        entries.values().find_map(|entry| role(folder(path), &entry.reportfile))
    };
    let agents = load(path)?;
    Ok(agents.into_iter().map(|(agent, entries)| (agent, role(&entries))).collect())
}

/// The files, beside the index at `path`, that it says are of `agent`'s cases; none if there is no
/// index, or nothing of `agent` in it.
#[must_use]
pub fn files(path: &Path, agent: &str) -> BTreeSet<PathBuf> {
    let entries = load(path).ok().and_then(|mut agents| agents.remove(agent)).unwrap_or_default();
    let file = |entry: Entry| Some(folder(path).join(Path::new(&entry.reportfile).file_name()?));
    entries.into_values().filter_map(file).collect()
}

/// A report of what the index at `path` says of `agent`; a run by other means, of a release that
/// the index does not tell.
///
/// # Errors
///
/// - [`Error::NothingRan`]: no such file, or no case of `agent` in it.
/// - [`Error::Unusable`]: not an index, or a verdict in it that the suite does not have.
pub fn report(path: &Path, agent: &str, role: Role) -> Result<Report, Error> {
    let cases = read(path, agent)?;
    if cases.is_empty() {
        let agent = agent.escape_debug();
        return Err(Error::NothingRan(format!("{} holds no case of {agent}", path.display())));
    }
    let written = std::fs::metadata(path).and_then(|meta| meta.modified());
    Ok(Report {
        format: REPORT_FORMAT.to_owned(),
        suite: Suite { name: SUITE.to_owned(), version: None, engine: "elsewhere".to_owned() },
        role,
        testee: Testee { agent: agent.to_owned(), version: None },
        platform: Platform::here(),
        started: rfc3339(written.unwrap_or_else(|_| SystemTime::now())),
        duration_ms: cases.iter().filter_map(|case| case.duration_ms).sum(),
        selection: Selection { cases: vec!["*".to_owned()], exclude: Vec::new() },
        shard: None,
        parts: Vec::new(),
        cases,
    })
}

/// Reads the cases of `agent` from the suite's `index.json` at `path`, in ascending order.
///
/// # Errors
///
/// - [`Error::NothingRan`]: no such file, or nothing in it about `agent`.
/// - [`Error::Unusable`]: not an index, or a verdict in it that the suite does not have.
pub fn read(path: &Path, agent: &str) -> Result<Vec<Case>, Error> {
    let shown = path.display();
    let mut agents = load(path)?;
    let Some(entries) = agents.remove(agent) else {
        let named: Vec<String> =
            agents.keys().map(|agent| agent.escape_debug().to_string()).collect();
        let agent = agent.escape_debug();
        return Err(Error::NothingRan(format!(
            "the suite ran no case: {shown} says nothing of agent `{agent}` (it names: {})",
            if named.is_empty() { "nobody".to_owned() } else { named.join(", ") }
        )));
    };
    Ok(entries.into_iter().map(|(id, entry)| case(folder(path), id, &entry)).collect())
}

fn load(path: &Path) -> Result<BTreeMap<String, BTreeMap<CaseId, Entry>>, Error> {
    let shown = path.display();
    let text = std::fs::read(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => {
            Error::NothingRan(format!("the suite wrote no report: {shown}: {source}"))
        }
        _ => Error::Unusable(format!("cannot read {shown}: {source}")),
    })?;
    serde_json::from_slice(&text)
        .map_err(|source| Error::Unusable(format!("{shown} is no index of the suite: {source}")))
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// What the testee was, by the file of one of its cases: the suite says what it was itself.
fn role(dir: &Path, reportfile: &str) -> Option<Role> {
    #[derive(Deserialize)]
    struct Judge {
        #[serde(rename = "isServer")]
        is_server: bool,
    }
    let text = std::fs::read(dir.join(Path::new(reportfile).file_name()?)).ok()?;
    let judge: Judge = serde_json::from_slice(&text).ok()?;
    Some(if judge.is_server { Role::Client } else { Role::Server })
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
