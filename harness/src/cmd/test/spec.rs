//! The suite's own spec files as input: `fuzzingclient.json` and `fuzzingserver.json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Error;
use crate::conformance::CaseId;
use crate::error::io;
use crate::report::asked;
use crate::report::schema::Selection;
use crate::talk::note;

/// What either file may hold. Fields of the suite that have no meaning here are named, unknown
/// ones too, and then passed over, as the suite does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Spec {
    /// Servers to judge, one after the other.
    #[serde(default)]
    pub(super) servers: Vec<Server>,
    /// Where to listen.
    pub(super) url: Option<String>,
    /// Where the reports go.
    pub(super) outdir: Option<PathBuf>,
    #[serde(default)]
    cases: Vec<String>,
    #[serde(default)]
    exclude_cases: Vec<String>,
    #[serde(default)]
    exclude_agent_cases: BTreeMap<String, Vec<String>>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// One server of a spec file.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Server {
    pub(super) url: String,
    pub(super) agent: Option<String>,
    pub(super) origin: Option<String>,
    #[serde(default)]
    pub(super) protocols: Vec<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Spec {
    /// # Errors
    ///
    /// [`Error::Unusable`]: unreadable, or not such a file.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let shown = path.display();
        let text = std::fs::read(path).map_err(io(format!("cannot read {shown}")))?;
        let spec: Self = serde_json::from_slice(&text)
            .map_err(|error| Error::Unusable(format!("{shown} is no spec file: {error}")))?;
        let is_empty = |value: &Value| match value {
            Value::Object(object) => object.is_empty(),
            Value::Array(array) => array.is_empty(),
            _ => false,
        };
        let of_servers = spec.servers.iter().flat_map(|server| &server.rest);
        let rest = spec.rest.iter().chain(of_servers).filter(|(_, value)| !is_empty(value));
        for (name, _) in rest {
            note!("{shown}: `{}` has no effect here", name.escape_debug());
        }
        Ok(spec)
    }

    /// This agent is not to be judged by this case. Patterns stand for the whole of a name.
    pub(super) fn excludes(&self, agent: &str, id: &CaseId) -> bool {
        let id = id.to_string();
        self.exclude_agent_cases.iter().any(|(agents, cases)| {
            is_whole(agents, agent) && cases.iter().any(|case| is_whole(case, &id))
        })
    }

    /// `selection` as it is for this agent. What is excluded for it is named case by case, because
    /// in a selection these patterns would stand for other cases.
    pub(super) fn selection_for(&self, agent: &str, selection: &Selection) -> Selection {
        let mut selection = selection.clone();
        let asked = asked::ids(&selection, None).unwrap_or_default();
        let excluded = asked.iter().filter(|id| self.excludes(agent, id));
        selection.exclude.extend(excluded.map(CaseId::to_string));
        selection
    }

    /// Its patterns.
    pub(super) fn selection(&self) -> Selection {
        Selection { cases: self.cases.clone(), exclude: self.exclude_cases.clone() }
    }
}

/// `*` stands for any text, everything else for itself.
fn is_whole(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|left| {
            (0..=left.len())
                .filter(|at| left.is_char_boundary(*at))
                .any(|at| is_whole(rest, &left[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_excluded_for_agents_by_whole_names() {
        let text = r#"{"exclude-agent-cases": {"Slow*": ["9.*", "1.1.1"], "x": ["*"]}}"#;
        let spec: Spec = serde_json::from_str(text).unwrap();
        for (agent, id, excluded) in [
            ("Slow/1.0", "9.1.1", true),
            ("Slow", "1.1.1", true),
            ("Slow", "1.1.11", false),
            ("Slow", "19.1", false),
            ("NotSlow", "9.1.1", false),
            ("x", "2.1", true),
            ("xx", "2.1", false),
        ] {
            assert_eq!(spec.excludes(agent, &id.parse().unwrap()), excluded, "{agent} {id}");
        }
    }
}
