//! `wsconf history add`: the runs of reports, each a line more in a log.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Args;

use crate::Error;
use crate::cmd::exit::Exit;
use crate::cmd::report::report_at;
use crate::report::history::Commit;
use crate::report::history::log::{self, Added};
use crate::report::schema::{Report, Role};
use crate::report::store;
use crate::talk::{self, counted, say};

/// Options of `wsconf history add`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf autobahn --fail-on never; wsconf history add
  wsconf history add report.json --commit \"$GITHUB_SHA\"

A run that is in its log already is not added again. Runs of a tree with changes
outside reports/ are marked: they say nothing of their commit.")]
pub struct Options {
    /// The reports; without any, reports/latest/autobahn-server.json and autobahn-client.json.
    #[arg(value_name = "REPORT")]
    reports: Vec<PathBuf>,
    /// What the runs judged, as version control names it; without it, git is asked.
    #[arg(long, value_name = "COMMIT")]
    commit: Option<String>,
    /// Where the logs are: DIR/AGENT-ROLE.jsonl.
    #[arg(long, value_name = "DIR", default_value = "reports/history")]
    history: PathBuf,
}

impl Options {
    pub(super) fn run(&self) -> Result<Exit, Error> {
        let mut reports = Vec::new();
        for path in &self.reports {
            reports.push(report_at(path)?);
        }
        if self.reports.is_empty() {
            for role in Role::ALL {
                let path = store::path("reports/latest".as_ref(), role, None);
                reports.extend(store::load_report(&path)?);
            }
        }
        reports.retain(|report| !report.cases.is_empty());
        if reports.is_empty() {
            return Err(Error::NothingRan(
                "no report to add: run `wsconf autobahn` first, or name one".to_owned(),
            ));
        }
        if reports.iter().any(|report| report.shard.is_some()) {
            return Err(Error::Unusable(
                "a part of a split run lacks the other parts' cases: `wsconf merge` them first"
                    .to_owned(),
            ));
        }
        let commit = self.commit()?;
        for report in &reports {
            tell(report, &log::add(&self.history, report, commit.clone())?);
        }
        Ok(Exit::Same)
    }

    fn commit(&self) -> Result<Commit, Error> {
        if let Some(id) = &self.commit {
            let plain = |c: char| c.is_ascii_graphic();
            return match id.chars().all(plain) && !id.is_empty() {
                true => Ok(Commit { id: id.clone(), dirty: false }),
                false => Err(Error::Unusable(format!("--commit: `{id}` names no commit"))),
            };
        }
        let id = git(&["rev-parse", "--verify", "-q", "HEAD"]).ok_or_else(|| {
            Error::Unusable("git knows no commit here: say it with --commit".to_owned())
        })?;
        // The logs themselves are among the reports, and say nothing of what was judged.
        let dirty =
            git(&["diff-index", "--quiet", "HEAD", "--", ":(top)", ":(top,exclude)reports"]);
        Ok(Commit { id: id.trim().to_owned(), dirty: dirty.is_none() })
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    let output = git.args(arguments).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn tell(report: &Report, added: &Added) {
    let who = format!("{} as {}", report.testee.agent.escape_debug(), report.role.name());
    let path = added.path.display();
    if added.removed > 0 {
        let removed = added.removed;
        say!("{path}: its last line was cut off; {removed} octets of it are removed");
    }
    talk::remark(&match &added.run {
        None => format!("{who}: this run is in {path} already"),
        Some(_) if added.first => format!("{who}: {path} begins"),
        Some(run) => format!("{who}: {} changed: {path}", counted(run.changed_cases(), "case")),
    });
}
