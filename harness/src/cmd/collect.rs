//! `wsconf collect`: a report from an `index.json`, for a suite that something else ran.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::select::Cases;
use crate::Error;
use crate::autobahn::{VERSION, index};
use crate::report::schema::Role;
use crate::report::{store, table};
use crate::talk::say;

/// Options of `wsconf collect`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wsconf collect --role server --index reports/servers/index.json
  wsconf gate --role server")]
pub struct Options {
    /// What the testee was.
    #[arg(long, value_enum)]
    role: OneRole,
    /// The index that the suite wrote.
    #[arg(long, value_name = "FILE")]
    index: PathBuf,
    /// The testee's name in it.
    #[arg(long, value_name = "NAME", default_value = "ws-core")]
    agent: String,
    /// The suite's release; the index does not tell.
    #[arg(long, value_name = "RELEASE", default_value = VERSION)]
    suite_version: String,
    #[command(flatten)]
    cases: Cases,
    /// Where the report goes: DIR/autobahn-ROLE.json.
    #[arg(long, value_name = "DIR", default_value = "reports/latest")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OneRole {
    Server,
    Client,
}

impl Options {
    /// Writes the report.
    ///
    /// # Errors
    ///
    /// As [`index::report`]; [`Error::Unusable`] also if the files of the cases tell of another role,
    /// [`Error::NothingRan`] also if the index has none of the cases asked for.
    pub fn run(&self) -> Result<Exit, Error> {
        let role = match self.role {
            OneRole::Server => Role::Server,
            OneRole::Client => Role::Client,
        };
        let (selection, ids) = self.cases.resolve()?;
        self.check_role(role)?;
        let path = store::path(&self.out, role, None);
        store::forget(&path)?;
        let mut report = index::report(&self.index, &self.agent, role)?;
        report.suite.version = Some(self.suite_version.clone());
        report.selection = selection;
        report.cases.retain(|case| ids.contains(&case.id));
        if report.cases.is_empty() {
            let index = self.index.display();
            return Err(Error::NothingRan(format!("{index} has none of these cases")));
        }
        store::save_report(&path, &report)?;
        say!("{}", table::totals(role, &report.cases));
        Ok(Exit::Same)
    }

    /// The suite's files of single cases know what the testee was, if they are there. What is wrong
    /// with the index itself is told when it is read for its verdicts.
    fn check_role(&self, role: Role) -> Result<(), Error> {
        let agents = index::agents(&self.index).unwrap_or_default();
        let found = agents.into_iter().find(|(agent, _)| *agent == self.agent);
        match found.and_then(|(_, role)| role) {
            Some(found) if found != role => Err(Error::Unusable(format!(
                "{}: {} is a {role} there: say --role {role}",
                self.index.display(),
                self.agent.escape_debug(),
                role = found.name()
            ))),
            _ => Ok(()),
        }
    }
}
