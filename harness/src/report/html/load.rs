//! Runs as they lie in folders: a report, and beside it a file for each case.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Implementation;
use super::detail::{self, Details};
use crate::Error;
use crate::autobahn::index::file_name_of;
use crate::conformance::CaseId;
use crate::report::schema::Report;
use crate::report::store;

/// Reads one run: the folder that `wsconf test … --out` has filled, or a report whose run left its
/// folder beside it, as `wsconf autobahn` does.
///
/// # Errors
///
/// - [`Error::NothingRan`]: there is no report.
/// - [`Error::Unusable`]: it is malformed.
pub fn implementation(path: &Path) -> Result<Implementation, Error> {
    let is_folder = path.is_dir();
    let file = if is_folder { path.join("report.json") } else { path.to_owned() };
    let report = store::load_report(&file)?.ok_or_else(|| {
        Error::NothingRan(format!(
            "{} is not there: name a folder of `wsconf test … --out`, or a report",
            file.display()
        ))
    })?;
    let folder = if is_folder { path.to_owned() } else { path.with_extension("").join("suite") };
    let details = details(&folder, &report);
    Ok(Implementation { details, ..Implementation::from(report) })
}

/// What is kept in `folder` of the report's cases. A file that cannot be read is of a case of which
/// the verdict alone is shown; one that an earlier run has left is of no case.
#[must_use]
pub fn details(folder: &Path, report: &Report) -> Details {
    let agent = &report.testee.agent;
    let prefix = format!("{}_case_", file_name_of(agent));
    let cases: BTreeSet<&CaseId> = report.cases.iter().map(|case| &case.id).collect();
    let read = |path: PathBuf| {
        let file: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        // Two names can come to the same file name.
        detail::of((file.get("agent")?.as_str()? == agent).then_some(file)?)
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(&prefix) && name.ends_with(".json")
        })
        .filter_map(|entry| read(entry.path()))
        .filter(|(id, _)| cases.contains(id))
        .collect()
}
