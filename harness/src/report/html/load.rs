//! Runs as they lie in folders: reports, and beside them a file for each case.
//!
//! ```text
//!  DIR/report.json, DIR/report-AGENT.json    of `wsconf test … --out DIR`, case files beside
//!  DIR/autobahn-ROLE.json                    of `wsconf autobahn`, case files in autobahn-ROLE/suite
//!  DIR/index.json                            of the suite itself, case files beside
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::Implementation;
use super::detail::{self, Details};
use crate::Error;
use crate::autobahn::index::{self, file_name_of};
use crate::conformance::CaseId;
use crate::error::io;
use crate::report::schema::{Report, Role};
use crate::report::store;

/// Reads what `path` holds: a report, an index of the suite, or all of these in a folder and below
/// it, by name. An index that a report stands for already is not read again.
///
/// # Errors
///
/// - [`Error::NothingRan`]: a folder without any.
/// - [`Error::Unusable`]: it is not there, or malformed; an index that does not tell roles.
pub fn implementations(path: &Path) -> Result<Vec<Implementation>, Error> {
    let shown = path.display();
    if path.is_dir() {
        let mut found = Vec::new();
        walk(path, &mut found)?;
        if found.is_empty() {
            return Err(Error::NothingRan(format!(
                "{shown} holds no report, nor does a folder below it: fill it with \
                 `wsconf test … --out {shown}`"
            )));
        }
        return Ok(found);
    }
    if path.file_name().is_some_and(|name| name == INDEX) && path.exists() {
        return of_index(path, index::agents(path)?, &[]);
    }
    let report = store::load_report(path)?;
    let report = report.ok_or_else(|| Error::Unusable(format!("{shown} is not there")))?;
    Ok(vec![with_details(path, report)])
}

/// The suite's name for it.
const INDEX: &str = "index.json";

fn walk(dir: &Path, found: &mut Vec<Implementation>) -> Result<(), Error> {
    let doing = || io(format!("cannot read {}", dir.display()));
    let entries = fs::read_dir(dir).map_err(doing())?.collect::<Result<Vec<_>, _>>();
    let mut entries = entries.map_err(doing())?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut below = Vec::new();
    let mut here: Vec<Report> = Vec::new();
    for entry in entries {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // A link could lead in a circle.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            if !name.starts_with('.') {
                below.push(entry.path());
            }
            continue;
        }
        let path = entry.path();
        if name.ends_with(".json")
            && !name.contains("_case_")
            && is_report(&path)
            && let Some(report) = store::load_report(&path)?
        {
            here.push(report.clone());
            found.push(with_details(&path, report));
        }
    }
    let index = dir.join(INDEX);
    // Other programs have files of that name as well.
    if let Ok(agents) = index::agents(&index) {
        // `wsconf autobahn` writes its report above the suite's own.
        let above = dir.parent().filter(|_| dir.ends_with("suite"));
        here.extend(above.and_then(|dir| store::load_report(&dir.with_extension("json")).ok()?));
        found.extend(of_index(&index, agents, &here)?);
    }
    below.iter().try_for_each(|dir| walk(dir, found))
}

/// The agents of an index, without those that `known` reports are of.
fn of_index(
    index: &Path,
    agents: Vec<(String, Option<Role>)>,
    known: &[Report],
) -> Result<Vec<Implementation>, Error> {
    let is_new = |(agent, _): &(String, _)| known.iter().all(|one| one.testee.agent != *agent);
    let read = |(agent, role): (String, Option<Role>)| {
        let role = role.ok_or_else(|| {
            Error::Unusable(format!(
                "{}: only the case files that are not beside it could tell whether {} is a server \
                 or a client: make a report of it with `wsconf collect --role …`",
                index.display(),
                agent.escape_debug()
            ))
        })?;
        Ok(with_details(index, index::report(index, &agent, role)?))
    };
    agents.into_iter().filter(is_new).map(read).collect()
}

/// Whether to take a file for a report: what is none of ours is passed over, unless its name is that
/// of ours.
fn is_report(path: &Path) -> bool {
    #[derive(Deserialize)]
    struct Head {
        format: Option<String>,
    }
    let Ok(octets) = fs::read(path) else { return true };
    match serde_json::from_slice::<Head>(&octets) {
        Ok(head) => head.format.is_some_and(|format| format.starts_with("ws-conformance-report/")),
        Err(_) => path.ends_with("report.json"),
    }
}

/// The report with what its run has kept of each case: beside `file`, or in a folder of its name.
fn with_details(file: &Path, report: Report) -> Implementation {
    let mut found = details(file.parent().unwrap_or(Path::new("")), &report);
    if found.is_empty() {
        found = details(&file.with_extension("").join("suite"), &report);
    }
    Implementation { details: found, ..Implementation::from(report) }
}

/// What is kept in `folder` of the report's cases. A file that cannot be read is of a case of which
/// the verdict alone is shown; one that an earlier run has left is of no case.
#[must_use]
pub fn details(folder: &Path, report: &Report) -> Details {
    let agent = &report.testee.agent;
    let cases: BTreeSet<&CaseId> = report.cases.iter().map(|case| &case.id).collect();
    let read = |path: PathBuf| {
        let file: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        // Two names can come to the same file name.
        detail::of((file.get("agent")?.as_str()? == agent).then_some(file)?)
    };
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    // Of two files of one case that counts which the index names; the other is of an earlier run.
    let named = index::files(&folder.join(INDEX), agent);
    let mut all = files(folder, agent);
    all.retain(|path| !named.contains(path));
    let details = all.into_iter().chain(named).filter_map(read);
    details.filter(|(id, _)| cases.contains(id)).collect()
}

/// The files in `folder` that by their names are of cases of `agent`.
fn files(folder: &Path, agent: &str) -> Vec<PathBuf> {
    let stem = file_name_of(agent);
    let is_one = |name: &str| {
        let behind = name.strip_prefix(&stem).filter(|name| name.ends_with(".json"));
        let number = |c: char| c == '-' || c.is_ascii_digit();
        behind.is_some_and(|behind| behind.trim_start_matches(number).starts_with("_case_"))
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| is_one(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect()
}
