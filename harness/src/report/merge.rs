//! One report of several: the parts of a run that was split with `--shard`, or a run and those that
//! played some of its cases again.
//!
//! In: reports in any order. Out: one report, whose `parts` say which run brought which case. Who
//! may say it twice is the caller's choice, [`Twice`].

use std::collections::{BTreeMap, BTreeSet};

use super::asked;
use super::schema::{Case, Part, Report, Selection, Shard};
use crate::conformance::{CaseId, cases};

/// What becomes of a case that is in more than one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Twice {
    /// The reports are no parts of one run: an error.
    Refused,
    /// The run that began last counts; verdicts of the others become [`Case::earlier`].
    LastCounts,
}

/// Puts the cases of all reports into one, ascending, and says which run brought which. It began
/// with the first run, and took as long as all together.
///
/// Runs that began in the same second are ordered as their reports are. Of a run that was split every
/// part has to be there; but with [`Twice::LastCounts`] one part and runs that played cases of it
/// again are that part.
///
/// # Errors
///
/// Why the reports do not belong together: another suite, role or testee, a run twice, a case twice
/// if that is [`Twice::Refused`], or which parts of a split run are not among them.
pub fn merge(reports: Vec<Report>, twice: Twice) -> Result<Report, String> {
    let mut whole = reports.first().ok_or("there is nothing to merge")?.clone();
    let mut brought: Vec<(Part, Vec<Case>)> = Vec::new();
    for report in reports {
        same("suites", &whole.suite, &report.suite)?;
        same("roles", &whole.role, &report.role)?;
        same("testees", &whole.testee, &report.testee)?;
        brought.extend(runs(report));
    }
    brought.sort_by(|(a, _), (b, _)| a.started.cmp(&b.started));
    for (nth, (part, _)) in brought.iter().enumerate() {
        if brought[..nth].iter().any(|(before, _)| before.is_run_of(part)) {
            return Err(format!("the run of {} is in two of the reports", part.started));
        }
    }
    whole.duration_ms = brought.iter().map(|(part, _)| part.duration_ms).sum();
    whole.selection = brought[0].0.selection.clone();
    for (part, _) in &brought[1..] {
        whole.selection = joined(&whole.selection, &part.selection);
    }
    whole.shard = part_of(brought.iter().map(|(part, _)| part), twice)?;
    let mut cases: BTreeMap<CaseId, (usize, Case)> = BTreeMap::new();
    let mut parts: Vec<Part> = Vec::new();
    for (nth, (part, brings)) in brought.into_iter().enumerate() {
        parts.push(part);
        for mut case in brings {
            if let Some((before, old)) = cases.remove(&case.id) {
                if twice == Twice::Refused {
                    return Err(format!(
                        "case {} is in two of the reports: with --rerun the run that began last counts",
                        case.id
                    ));
                }
                parts[before].gives_up(&case.id);
                case.earlier = [&old.earlier, &[old.verdict()][..], &case.earlier].concat();
            }
            cases.insert(case.id.clone(), (nth, case));
        }
    }
    parts.sort_by(|a, b| (&a.started, &a.cases).cmp(&(&b.started, &b.cases)));
    whole.started = parts[0].started.clone();
    whole.platform = parts[0].platform.clone();
    whole.parts = parts;
    whole.cases = cases.into_values().map(|(_, case)| case).collect();
    Ok(whole)
}

fn same<T: PartialEq + serde::Serialize>(what: &str, a: &T, b: &T) -> Result<(), String> {
    if a == b {
        return Ok(());
    }
    let shown = |one: &T| serde_json::to_string(one).unwrap_or_default();
    Err(format!("the reports are of different {what}: {} and {}", shown(a), shown(b)))
}

/// Which part of a split run these runs are together; `None` if they are the whole of it.
fn part_of<'a>(
    runs: impl Iterator<Item = &'a Part> + Clone,
    twice: Twice,
) -> Result<Option<Shard>, String> {
    let ids = |selection, shard| asked::ids(selection, shard).unwrap_or_default();
    let there: BTreeSet<CaseId> =
        runs.clone().flat_map(|run| ids(&run.selection, run.shard)).collect();
    let shards: BTreeSet<Shard> = runs.clone().filter_map(|run| run.shard).collect();
    let mut absent = BTreeSet::new();
    for run in runs.clone() {
        let Some(Shard { of, .. }) = run.shard else { continue };
        // Parts beyond the number of cases are empty.
        for shard in (1..=of.min(cases::ids().len())).map(|part| Shard { part, of }) {
            let is_there =
                |other: &Part| other.shard == Some(shard) && other.selection == run.selection;
            if runs.clone().any(is_there) {
                continue;
            }
            // Of a suite that we do not know the numbers alone tell.
            let cases = asked::ids(&run.selection, Some(shard));
            if cases.map_or(true, |cases| !cases.is_subset(&there)) {
                absent.insert(shard);
            }
        }
    }
    match (shards.first(), shards.len(), twice) {
        _ if absent.is_empty() => Ok(None),
        (Some(shard), 1, Twice::LastCounts) => Ok(Some(*shard)),
        _ => {
            let names: Vec<String> =
                absent.iter().map(|Shard { part, of }| format!("{part}/{of}")).collect();
            Err(format!(
                "parts of a split run are not among the reports, and with them their cases: {}",
                names.join(", ")
            ))
        }
    }
}

/// The runs that `report` is of, each with its cases: itself, unless it was merged before.
fn runs(report: Report) -> Vec<(Part, Vec<Case>)> {
    if report.parts.is_empty() {
        let part = Part {
            platform: report.platform,
            started: report.started,
            duration_ms: report.duration_ms,
            selection: report.selection,
            shard: report.shard,
            cases: report.cases.iter().map(|case| case.id.clone()).collect(),
            replaced: Vec::new(),
        };
        return vec![(part, report.cases)];
    }
    let cases = report.cases;
    let with_cases = |part: Part| {
        let ids: BTreeSet<&CaseId> = part.cases.iter().collect();
        let own = cases.iter().filter(|case| ids.contains(&case.id)).cloned().collect();
        (part, own)
    };
    report.parts.into_iter().map(with_cases).collect()
}

impl Part {
    /// The same run, whatever of it was replaced in the meantime.
    fn is_run_of(&self, other: &Self) -> bool {
        let what = |part: &Self| {
            let ids: BTreeSet<CaseId> = part.cases.iter().chain(&part.replaced).cloned().collect();
            let Self { platform, started, duration_ms, selection, shard, .. } = part.clone();
            (platform, started, duration_ms, selection, shard, ids)
        };
        self.started == other.started && what(self) == what(other)
    }

    /// A later run brought this case as well.
    fn gives_up(&mut self, id: &CaseId) {
        self.cases.retain(|own| own != id);
        if let Err(at) = self.replaced.binary_search(id) {
            self.replaced.insert(at, id.clone());
        }
    }
}

/// What stands for the cases of both. Side by side the patterns of one could leave out what the
/// other has: then the cases are named one by one.
fn joined(a: &Selection, b: &Selection) -> Selection {
    let join = |a: &[String], b: &[String]| {
        let mut seen = BTreeSet::new();
        a.iter().chain(b).filter(|pattern| seen.insert(*pattern)).cloned().collect()
    };
    let both = Selection { cases: join(&a.cases, &b.cases), exclude: join(&a.exclude, &b.exclude) };
    let ids = |of: &Selection| asked::ids(of, None).ok();
    match (ids(a), ids(b)) {
        (Some(a), Some(b)) if ids(&both) != Some(&a | &b) => {
            Selection { cases: (&a | &b).iter().map(CaseId::to_string).collect(), exclude: vec![] }
        }
        // Of a suite that we do not know there is nothing better.
        _ => both,
    }
}
