//! Reports and baselines as files: one case a line, written whole or not at all, read strictly.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::schema::{BASELINE_FORMAT, Baseline, REPORT_FORMAT, Report, Role};
use crate::Error;
use crate::conformance::CaseId;
use crate::error::io;

/// The file of a suite's report, or baseline, for `role` in `dir`.
///
/// `agent` is `None` for this workspace's own testees; any other testee gets its own file.
#[must_use]
pub fn path(dir: &Path, role: Role, agent: Option<&str>) -> PathBuf {
    dir.join(format!("{}.json", stem(role, agent)))
}

/// [`path`] without folder and extension.
#[must_use]
pub fn stem(role: Role, agent: Option<&str>) -> String {
    let foreign = agent.map(|agent| format!("-{}", crate::autobahn::index::file_name_of(agent)));
    format!("autobahn-{}{}", role.name(), foreign.unwrap_or_default())
}

/// Reads a report; `None` if there is no such file.
///
/// # Errors
///
/// [`Error::Unusable`]: not a report of this format, cases out of order or twice, or unreadable.
pub fn load_report(path: &Path) -> Result<Option<Report>, Error> {
    let Some(report) = load::<Report>(path)? else { return Ok(None) };
    check_format(path, &report.format, REPORT_FORMAT)?;
    check_order(path, report.cases.iter().map(|case| &case.id))?;
    Ok(Some(report))
}

/// Reads a baseline; `None` if there is no such file.
///
/// # Errors
///
/// As [`load_report`].
pub fn load_baseline(path: &Path) -> Result<Option<Baseline>, Error> {
    let Some(baseline) = load::<Baseline>(path)? else { return Ok(None) };
    check_format(path, &baseline.format, BASELINE_FORMAT)?;
    check_order(path, baseline.cases.iter().map(|case| &case.id))?;
    Ok(Some(baseline))
}

/// Writes a report, in the stead of what `path` holds.
///
/// # Errors
///
/// [`Error::Unusable`]: the file system refused.
pub fn save_report(path: &Path, report: &Report) -> Result<(), Error> {
    let head = Report { cases: Vec::new(), ..report.clone() };
    save(path, &head, &report.cases)
}

/// Writes a baseline, in the stead of what `path` holds.
///
/// # Errors
///
/// As [`save_report`].
pub fn save_baseline(path: &Path, baseline: &Baseline) -> Result<(), Error> {
    let head = Baseline { cases: Vec::new(), ..baseline.clone() };
    save(path, &head, &baseline.cases)
}

/// Removes a report, so that none of an earlier run can be taken for this one's.
///
/// # Errors
///
/// [`Error::Unusable`]: it is there and cannot be removed.
pub fn forget(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::Unusable(format!("cannot remove {}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

fn load<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Error> {
    let octets = match fs::read(path) {
        Ok(octets) => octets,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(format!("cannot read {}", path.display()))(error)),
    };
    serde_json::from_slice(&octets)
        .map(Some)
        .map_err(|error| Error::Unusable(format!("{} is malformed: {error}", path.display())))
}

fn check_format(path: &Path, found: &str, wanted: &str) -> Result<(), Error> {
    if found == wanted {
        return Ok(());
    }
    Err(Error::Unusable(format!("{}: format is `{found}`, expected `{wanted}`", path.display())))
}

fn check_order<'a>(path: &Path, ids: impl Iterator<Item = &'a CaseId>) -> Result<(), Error> {
    let mut last: Option<&CaseId> = None;
    for id in ids {
        if last.is_some_and(|last| last >= id) {
            let shown = path.display();
            return Err(Error::Unusable(format!("{shown}: case {id} is out of order or twice")));
        }
        last = Some(id);
    }
    Ok(())
}

/// `head` with its empty `cases`, the last field, filled with one line for each of `cases`.
fn save(path: &Path, head: &impl Serialize, cases: &[impl Serialize]) -> Result<(), Error> {
    let json = |error| Error::Unusable(format!("cannot write {}: {error}", path.display()));
    let head = serde_json::to_string_pretty(head).map_err(json)?;
    let mut text = head.strip_suffix("[]\n}").unwrap_or(&head).to_owned();
    let lines = cases.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
    let lines: Vec<String> =
        lines.map_err(json)?.into_iter().map(|line| format!("\n    {line}")).collect();
    text.push_str(&format!("[{}\n  ]\n}}\n", lines.join(",")));
    write_whole(path, &text).map_err(io(format!("cannot write {}", path.display())))
}

/// The text of the file that is named, and where it is; of none the one at `default`, if it is there: a
/// name with a slip in it is not as good as none.
pub(crate) fn read_or_default<'a>(
    named: Option<&'a Path>,
    default: &'a str,
) -> Result<(&'a Path, Option<String>), Error> {
    let path = named.unwrap_or(Path::new(default));
    match fs::read_to_string(path) {
        Ok(text) => Ok((path, Some(text))),
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            Ok((path, None))
        }
        Err(error) => Err(io(format!("cannot read {}", path.display()))(error)),
    }
}

/// Writes beside `path` and renames, so that no reader ever meets half a file.
pub(crate) fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(dir)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = dir.join(format!(".{name}.{}.tmp", std::process::id()));
    let written = fs::File::create(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let placed = written.and_then(|()| fs::rename(&beside, path));
    if placed.is_err() {
        // The failure itself is what the caller hears of.
        let _ = fs::remove_file(&beside);
    }
    placed
}
