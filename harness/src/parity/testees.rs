//! Who is judged by both engines: a file that lists testees, each with the commands that start it.
//!
//! A server gets the port to listen at in `$WS_PORT`; a client gets the fuzzing server in `$WS_URL`
//! and its own name in `$WS_AGENT`. Both find the programs beside this one on their `PATH`.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use super::package::Package;
use crate::Error;
use crate::conformance::CaseId;
use crate::conformance::cases::ids;
use crate::conformance::select::select;
use crate::error::io;
use crate::report::schema::Role;

/// One `[[testee]]` of the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Testee {
    /// Its name in reports.
    pub name: String,
    /// The shell command that starts it as a server.
    pub server: Option<String>,
    /// The shell command that runs it as a client.
    pub client: Option<String>,
    /// What it is made with, for `wsconf compare`; an endpoint of ours that is odd has none.
    pub package: Option<Package>,
    /// What has to be known to read its results, for `wsconf compare`.
    pub note: Option<String>,
    /// Patterns of the cases that it is judged by, of those asked for.
    #[serde(default = "all")]
    pub cases: Vec<String>,
    /// Patterns of cases to leave out of these.
    #[serde(default)]
    pub exclude: Vec<String>,
}

fn all() -> Vec<String> {
    vec!["*".to_owned()]
}

impl Testee {
    /// What starts it in this role.
    #[must_use]
    pub fn command(&self, role: Role) -> Option<&str> {
        match role {
            Role::Server => self.server.as_deref(),
            Role::Client => self.client.as_deref(),
        }
    }

    /// Of the cases `asked` for, those that it is judged by.
    ///
    /// # Errors
    ///
    /// Why one of its patterns is none, or which one matches nothing.
    pub fn judged_by(&self, asked: &BTreeSet<CaseId>) -> Result<BTreeSet<CaseId>, String> {
        let its = select(ids(), &self.cases, &self.exclude)
            .map_err(|error| format!("{}: {error}", self.name))?;
        Ok(its.intersection(asked).cloned().collect())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    testee: Vec<Testee>,
}

/// Reads the file at `path`.
///
/// # Errors
///
/// [`Error::Unusable`]: not there or malformed; a testee without a command; a name twice.
pub fn load(path: &Path) -> Result<Vec<Testee>, Error> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(io(format!("cannot read {shown}")))?;
    parse(&text).map_err(|why| Error::Unusable(format!("{shown}: {why}")))
}

fn parse(text: &str) -> Result<Vec<Testee>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut names = BTreeSet::new();
    for testee in &file.testee {
        let name = &testee.name;
        if testee.server.is_none() && testee.client.is_none() {
            return Err(format!("`{name}` has neither `server` nor `client`"));
        }
        if !names.insert(name.as_str()) {
            return Err(format!("`{name}` is there twice"));
        }
    }
    Ok(file.testee)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn testees_as_written() {
        let text = "[[testee]]\nname = \"a\"\nserver = \"s\"\n[[testee]]\nname = \"b\"\n\
            client = \"c\"\ncases = [\"1.*\"]\nexclude = [\"1.1.8\"]\n";
        let testees = parse(text).unwrap();
        assert_eq!(testees[0].command(Role::Server), Some("s"));
        assert_eq!(testees[0].command(Role::Client), None);
        assert_eq!(testees[0].cases, ["*"]);
        assert_eq!(testees[1].command(Role::Client), Some("c"));
        assert_eq!(
            (&testees[1].cases, &testees[1].exclude),
            (&vec!["1.*".into()], &vec!["1.1.8".into()])
        );
    }

    #[test]
    fn what_is_no_list_says_why() {
        for (text, why) in [
            ("", "testee"),
            ("[[testee]]\nname = \"a\"", "neither"),
            ("[[testee]]\nname = \"a\"\nserver = \"s\"\nport = 1", "port"),
            ("[[testee]]\nname=\"a\"\nserver=\"s\"\n[[testee]]\nname=\"a\"\nclient=\"c\"", "twice"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
