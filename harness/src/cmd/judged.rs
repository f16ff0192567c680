//! The options that name reports and what they are held against, the same for `gate` and `bless`.

use std::path::PathBuf;

use clap::Args;

use super::Roles;
use super::report::report_at;
use crate::Error;
use crate::report::schema::{Report, Role};
use crate::report::store;

/// Which reports, and where their baselines are.
#[derive(Debug, Args)]
pub(super) struct Judged {
    /// The reports, one for each role; without any, those that --role and --latest say.
    #[arg(value_name = "REPORT", conflicts_with_all = ["role", "latest"])]
    reports: Vec<PathBuf>,
    /// Which of the latest reports.
    #[arg(long, value_enum, default_value = "both")]
    role: Roles,
    /// A baseline, or the folder where autobahn-server.json and autobahn-client.json are.
    #[arg(long, value_name = "PATH", default_value = "reports/baseline")]
    baseline: PathBuf,
    /// Where the latest reports are: DIR/autobahn-ROLE.json.
    #[arg(long, value_name = "DIR", default_value = "reports/latest")]
    latest: PathBuf,
}

/// One report of those, if it is there.
pub(super) struct One {
    pub(super) role: Role,
    /// Where it is, or would be.
    pub(super) path: PathBuf,
    pub(super) report: Option<Report>,
    /// Where its baseline is, or would be.
    pub(super) baseline: PathBuf,
}

impl Judged {
    /// Reports are named, and no others are looked for.
    pub(super) fn is_named(&self) -> bool {
        !self.reports.is_empty()
    }

    /// Each of them.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: one is malformed, or a named one is missing or the second of its role; or
    /// one file is to be the baseline of both roles.
    pub(super) fn each(&self) -> Result<Vec<One>, Error> {
        let is_file = !self.baseline.is_dir()
            && (self.baseline.is_file() || self.baseline.extension().is_some());
        let one = |path: PathBuf, role: Role, report: Option<Report>| {
            let baseline = match is_file {
                true => self.baseline.clone(),
                false => store::path(&self.baseline, role, None),
            };
            One { role, path, report, baseline }
        };
        let mut all: Vec<One> = Vec::new();
        for path in &self.reports {
            let report = report_at(path)?;
            let role = report.role;
            if all.iter().any(|other| other.role == role) {
                let (shown, role) = (path.display(), role.name());
                return Err(Error::Unusable(format!(
                    "{shown}: the second report of a {role}: one at a time"
                )));
            }
            all.push(one(path.clone(), role, Some(report)));
        }
        if self.reports.is_empty() {
            for &role in self.role.each() {
                let path = store::path(&self.latest, role, None);
                let report = store::load_report(&path)?;
                all.push(one(path, role, report));
            }
        }
        if is_file && all.len() > 1 {
            return Err(Error::Unusable(format!(
                "--baseline: {} is one file, and it is to be of a server and of a client: one role \
                 at a time, or name a folder",
                self.baseline.display()
            )));
        }
        Ok(all)
    }
}
