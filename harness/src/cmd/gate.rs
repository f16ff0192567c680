//! `wsconf gate`: the latest reports against their baselines.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::select::Cases;
use super::{Roles, differs};
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

A case fails the gate when it is worse or better than its baseline, missing, or
new; when it is not OK without a waiver; or when its waiver is not used.")]
pub struct Options {
    /// Which reports.
    #[arg(long, value_enum, default_value = "both")]
    role: Roles,
    /// Where the baselines are.
    #[arg(long, value_name = "DIR", default_value = "reports/baseline")]
    baseline: PathBuf,
    /// Where the reports are.
    #[arg(long, value_name = "DIR", default_value = "reports/latest")]
    latest: PathBuf,
    /// Verdicts accepted for a reason.
    #[arg(long, value_name = "FILE", default_value = "reports/waivers.toml")]
    waivers: PathBuf,
    #[command(flatten)]
    cases: Cases,
}

impl Options {
    /// Compares and prints every difference.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: there is no report, or no case in reports and baselines.
    /// - [`Error::Unusable`]: a file is malformed, or a pattern matches nothing.
    pub fn run(&self) -> Result<Exit, Error> {
        let only = match self.cases.is_given() {
            true => Some(self.cases.resolve()?),
            false => None,
        };
        let waivers = waiver::load(&self.waivers)?;
        let mut compared = 0;
        let mut reports = 0;
        let mut differing = 0;
        for &role in self.role.each() {
            let report = store::load_report(&store::path(&self.latest, role, None))?;
            let baseline = store::load_baseline(&store::path(&self.baseline, role, None))?;
            same_suite(role, report.as_ref(), baseline.as_ref())?;
            reports += usize::from(report.is_some());
            let cases = report.as_ref().map_or(&[][..], |report| &report.cases);
            let expected = baseline.as_ref().map_or(&[][..], |baseline| &baseline.cases);
            let of_role: Vec<Waiver> =
                waivers.iter().filter(|waiver| waiver.role == role).cloned().collect();
            let ids = only.as_ref().map(|(_, ids)| ids);
            let comparison = diff::compare(expected, cases, &of_role, ids);
            match (&report, &baseline) {
                (None, _) => say!("{}: no report in {}", role.name(), self.latest.display()),
                (_, None) => say!(
                    "{}: no baseline in {}: see `wsconf bless`",
                    role.name(),
                    self.baseline.display()
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
            return Err(Error::NothingRan(format!(
                "nothing to compare: run `make autobahn` first ({})",
                what_is_missing(&self.latest, reports)
            )));
        }
        let verdict =
            if differing == 0 { "same".to_owned() } else { format!("{differing} differ") };
        say!("gate: {} compared: {}", counted(compared, "case"), talk::tint(&verdict));
        Ok(differs(differing > 0))
    }
}

fn what_is_missing(latest: &Path, reports: usize) -> String {
    if reports == 0 {
        format!("no report in {}", latest.display())
    } else {
        "no case in reports and baselines".to_owned()
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
