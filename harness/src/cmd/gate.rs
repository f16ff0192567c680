//! `wsconf gate`: the latest reports against their baselines.

use std::path::PathBuf;

use clap::Args;

use super::differs;
use super::exit::Exit;
use super::judged::{Judged, One};
use super::select::Cases;
use crate::Error;
use crate::report::diff::{self, Comparison};
use crate::report::schema::{Baseline, Report, Role};
use crate::report::waiver::{self, Waiver};
use crate::report::{store, table};
use crate::talk::{self, counted, say};

/// Options of `wsconf gate`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf gate                      every case of both roles
  wsconf gate --cases '1.* 6.4.3'  these cases only
  wsconf gate out/report.json --baseline expected.json

A case fails the gate when it is worse or better than its baseline, missing, or
new; when it is not OK without a waiver; or when its waiver is not used.")]
pub struct Options {
    #[command(flatten)]
    judged: Judged,
    /// Verdicts accepted for a reason (default: reports/waivers.toml, if it is there).
    #[arg(long, value_name = "FILE")]
    waivers: Option<PathBuf>,
    #[command(flatten)]
    cases: Cases,
}

impl Options {
    /// Compares and prints every difference.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: there is no report, or no case in reports and baselines; or one role
    ///   has neither.
    /// - [`Error::Unusable`]: a file is malformed, or a pattern matches nothing.
    pub fn run(&self) -> Result<Exit, Error> {
        let only = match self.cases.is_given() {
            true => Some(self.cases.resolve()?),
            false => None,
        };
        let waivers = waiver::load(self.waivers.as_deref())?;
        let mut compared = 0;
        let mut reports = 0;
        let mut differing = 0;
        let mut gone = None;
        let judged = self.judged.each()?;
        for One { role, path, report, baseline: place } in &judged {
            let role = *role;
            let baseline = store::load_baseline(place)?;
            if baseline.is_none() && self.judged.is_named() {
                let (report, place) = (path.display(), place.display());
                return Err(Error::Unusable(format!(
                    "{place} is not there: `wsconf bless {report} --baseline {place}` makes it"
                )));
            }
            same_suite(role, report.as_ref(), baseline.as_ref())?;
            reports += usize::from(report.is_some());
            let cases = report.as_ref().map_or(&[][..], |report| &report.cases);
            let expected = baseline.as_ref().map_or(&[][..], |baseline| &baseline.cases);
            let of_role: Vec<Waiver> =
                waivers.iter().filter(|waiver| waiver.role == role).cloned().collect();
            let ids = only.as_ref().map(|(_, ids)| ids);
            let comparison = diff::compare(expected, cases, &of_role, ids);
            match (&report, &baseline) {
                (None, None) => gone = Some((role, path, place)),
                (None, _) => say!("{}: no report at {}", role.name(), path.display()),
                (_, None) => say!(
                    "{}: no baseline at {}: see `wsconf bless --help`",
                    role.name(),
                    place.display()
                ),
                _ if comparison.differences.is_empty() => {}
                _ => talk::text(&talk::tint(&table::differences(role, &comparison.differences))),
            }
            talk::remark(&summary(role, &comparison));
            compared += comparison.compared;
            differing += comparison.differences.len();
        }
        if let Some((selection, ids)) = &only {
            let cases = selection.cases.join(" ");
            let asked = counted(ids.len(), "case");
            say!("gate: only the {asked} of --cases '{cases}' were compared");
        }
        if reports == 0 || compared == 0 {
            let lacking = if reports == 0 { "there is no report" } else { "no case in any" };
            return Err(Error::NothingRan(format!(
                "nothing to compare, {lacking}: run `wsconf autobahn` first, or name a report"
            )));
        }
        if let Some((role, path, place)) = gone {
            let other = Role::ALL.into_iter().find(|other| *other != role).unwrap_or(role);
            return Err(Error::NothingRan(format!(
                "{}: neither a report at {} nor a baseline at {}: --role {} leaves it out",
                role.name(),
                path.display(),
                place.display(),
                other.name()
            )));
        }
        let verdict =
            if differing == 0 { "same".to_owned() } else { format!("{differing} differ") };
        say!("gate: {} compared: {}", counted(compared, "case"), talk::tint(&verdict));
        Ok(differs(differing > 0))
    }
}

fn summary(role: Role, comparison: &Comparison) -> String {
    let (name, compared) = (role.name(), comparison.compared);
    let differing = comparison.differences.len();
    format!("{name}: {compared} compared, {differing} differ, {} waived", comparison.waived)
}

/// Ids mean cases only within one suite and release.
pub(super) fn same_suite(
    role: Role,
    report: Option<&Report>,
    baseline: Option<&Baseline>,
) -> Result<(), Error> {
    let (Some(report), Some(baseline)) = (report, baseline) else { return Ok(()) };
    let name = role.name();
    if report.role != role || baseline.role != role {
        return Err(Error::Unusable(format!("{name}: report or baseline is of another role")));
    }
    let found = (&report.suite.name, &report.suite.version);
    let expected = (&baseline.suite.name, &baseline.suite.version);
    if found == expected {
        return Ok(());
    }
    let show = |(suite, version): (&String, &Option<String>)| {
        format!("{suite} {}", version.as_deref().unwrap_or("of unknown release"))
    };
    Err(Error::Unusable(format!(
        "{name}: the report is by {}, the baseline by {}: their ids can mean different cases",
        show(found),
        show(expected)
    )))
}
