//! `wsconf summary`: the baselines as a page and as the README's table.

use std::path::{Path, PathBuf};

use clap::Args;

use super::differs;
use super::exit::Exit;
use crate::Error;
use crate::error::io;
use crate::report::schema::{Baseline, Role};
use crate::report::{conformance, store, waiver};
use crate::talk::say;

/// Options of `wsconf summary`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf summary          write reports/conformance.md and the README's table
  wsconf summary --check  exit with 100 if they are not what it would write")]
pub struct Options {
    /// Where the baselines are.
    #[arg(long, value_name = "DIR", default_value = "reports/baseline")]
    baseline: PathBuf,
    /// Verdicts accepted for a reason (default: reports/waivers.toml, if it is there).
    #[arg(long, value_name = "FILE")]
    waivers: Option<PathBuf>,
    /// Where the page goes.
    #[arg(long, value_name = "FILE", default_value = "reports/conformance.md")]
    out: PathBuf,
    /// The file whose table is replaced, between its two marker comments.
    #[arg(long, value_name = "FILE", default_value = "README.md")]
    readme: PathBuf,
    /// Write nothing, and say what is stale.
    #[arg(long)]
    check: bool,
}

impl Options {
    /// Writes both, or compares both with what is there.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: there is no baseline.
    /// - [`Error::Unusable`]: a file is malformed, lacks the markers or cannot be written.
    pub fn run(&self) -> Result<Exit, Error> {
        let of = |role: &Role| store::load_baseline(&store::path(&self.baseline, *role, None));
        let baselines = Role::ALL.iter().filter_map(|role| of(role).transpose());
        let baselines = baselines.collect::<Result<Vec<Baseline>, _>>()?;
        if baselines.is_empty() {
            let dir = self.baseline.display();
            return Err(Error::NothingRan(format!("no baseline in {dir}: see `wsconf bless`")));
        }
        let waivers = waiver::load(self.waivers.as_deref())?;
        let readme = std::fs::read_to_string(&self.readme)
            .map_err(io(format!("cannot read {}", self.readme.display())))?;
        let with_table = conformance::readme(&readme, &baselines)
            .map_err(|why| Error::Unusable(format!("{}: {why}", self.readme.display())))?;
        let page = conformance::page(&baselines, &waivers);
        let before = std::fs::read_to_string(&self.out).unwrap_or_default();
        let mut stale = false;
        for (path, before, now) in [(&self.out, before, page), (&self.readme, readme, with_table)] {
            if before != now {
                stale = true;
                self.put(path, &now)?;
            }
        }
        Ok(differs(stale && self.check))
    }

    fn put(&self, path: &Path, text: &str) -> Result<(), Error> {
        let shown = path.display();
        if self.check {
            say!("{shown} is stale: run `make summary`");
            return Ok(());
        }
        store::write_whole(path, text).map_err(io(format!("cannot write {shown}")))?;
        say!("{shown} written");
        Ok(())
    }
}
