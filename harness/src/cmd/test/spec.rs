//! The suite's own spec files as input: `fuzzingclient.json` and `fuzzingserver.json`.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Error;
use crate::error::io;
use crate::report::schema::Selection;

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
        for (name, _) in spec.rest.iter().filter(|(_, value)| !is_empty(value)) {
            eprintln!("{shown}: `{name}` has no effect here");
        }
        Ok(spec)
    }

    /// Its patterns.
    pub(super) fn selection(&self) -> Selection {
        Selection { cases: self.cases.clone(), exclude: self.exclude_cases.clone() }
    }
}
