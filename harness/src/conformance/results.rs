//! The folder that a run fills: a file for each case as it is done, then the indices.
//!
//! ```text
//!  DIR/report.json            Report v1; of several agents one each, report-AGENT.json
//!  DIR/index.json             the suite's index, all agents
//!  DIR/AGENT_case_1_1_1.json  the suite's report of one case
//!  DIR/failures.txt           a page on each case that failed
//!  DIR/index.html             all of it, to look at (written by the command)
//! ```
//!
//! `AGENT` is the agent's name as [`file_name_of`] has it; where that is one that another agent of the
//! run has, with `-2` and so on behind it, in the order in which they came.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::CaseId;
use super::page::page;
use super::run::Played;
use super::suite_report;
use crate::autobahn::index::{self, file_name_of};
use crate::report::schema;
use crate::scratch::hold;

/// Octets of an agent's name in file names.
const LONGEST_STEM: usize = 100;

/// Results so far, and where they go.
#[derive(Debug)]
pub struct Results {
    dir: Option<PathBuf>,
    agents: BTreeMap<String, Agent>,
    /// The folder is ours while this is open.
    _held: Option<File>,
}

#[derive(Debug, Default)]
struct Agent {
    /// Its name in file names.
    stem: String,
    lines: BTreeMap<CaseId, schema::Case>,
    entries: BTreeMap<String, Value>,
    failures: BTreeMap<CaseId, String>,
}

impl Results {
    /// Of a run that writes into `dir`, or nowhere. What an earlier run summed up there goes.
    ///
    /// # Errors
    ///
    /// The folder cannot be made or cleared, or another run is writing into it.
    pub fn new(dir: Option<&Path>) -> io::Result<Self> {
        let mut held = None;
        if let Some(dir) = dir {
            fs::create_dir_all(dir)?;
            held = Some(hold(dir)?);
            let before = index::agents(&dir.join("index.json")).unwrap_or_default();
            let before: Vec<String> = before.iter().map(|(agent, _)| stem_of(agent)).collect();
            for entry in fs::read_dir(dir)? {
                let entry = entry?;
                if is_sum(&entry.file_name().to_string_lossy(), &before) {
                    fs::remove_file(entry.path())?;
                }
            }
        }
        Ok(Self { dir: dir.map(Path::to_owned), agents: BTreeMap::new(), _held: held })
    }

    /// Takes a case that is done, the `index`th of the run, and writes its own file. The last
    /// result of a case counts.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn add(&mut self, agent: &str, index: usize, played: &Played) -> io::Result<()> {
        let id = &played.case.id;
        if !self.agents.contains_key(agent) {
            let stem = self.free_stem(agent);
            self.agents.insert(agent.to_owned(), Agent { stem, ..Agent::default() });
        }
        let agent_results = self.agents.entry(agent.to_owned()).or_default();
        let file = suite_report::file_name(&agent_results.stem, id);
        if let Some(dir) = &self.dir {
            suite_report::write(&dir.join(&file), &suite_report::case(played, agent, index))?;
        }
        agent_results.entries.insert(id.to_string(), suite_report::entry(played, &file));
        let mut line = played.line();
        if let Some(before) = agent_results.lines.remove(id) {
            line.earlier = [&before.earlier, &[before.verdict()][..], &line.earlier].concat();
        }
        agent_results.lines.insert(id.clone(), line);
        agent_results.failures.remove(id);
        if played.judgement.verdict.is_failure() {
            agent_results.failures.insert(id.clone(), page(played));
        }
        Ok(())
    }

    /// A name for the files of a new agent. Names as the suite makes them have no hyphen.
    fn free_stem(&self, agent: &str) -> String {
        let name = stem_of(agent);
        let is_free = |stem: &String| self.agents.values().all(|other| other.stem != *stem);
        let more = (2..).map(|n| format!("{name}-{n}"));
        let mut stems = std::iter::once(name.clone()).chain(more);
        stems.find(is_free).unwrap_or(name)
    }

    /// The agent's name in file names, if it has results.
    #[must_use]
    pub fn stem(&self, agent: &str) -> Option<&str> {
        Some(self.agents.get(agent)?.stem.as_str())
    }

    /// The agents that have results.
    pub fn agents(&self) -> impl Iterator<Item = &str> {
        self.agents.keys().map(String::as_str)
    }

    /// The results of an agent, ascending.
    #[must_use]
    pub fn lines(&self, agent: &str) -> Vec<schema::Case> {
        self.agents
            .get(agent)
            .map_or_else(Vec::new, |agent| agent.lines.values().cloned().collect())
    }

    /// The result of one case.
    #[must_use]
    pub fn line(&self, agent: &str, id: &CaseId) -> Option<&schema::Case> {
        self.agents.get(agent)?.lines.get(id)
    }

    /// A page on each case of `agent` that failed.
    #[must_use]
    pub fn failures(&self, agent: &str) -> Vec<&str> {
        let agent = self.agents.get(agent);
        agent.map_or_else(Vec::new, |agent| agent.failures.values().map(String::as_str).collect())
    }

    /// Writes the suite's index and the pages on failures.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn sum_up(&self) -> io::Result<()> {
        let Some(dir) = &self.dir else { return Ok(()) };
        let entries = |(name, agent): (&String, &Agent)| (name.clone(), agent.entries.clone());
        suite_report::write_index(dir, &self.agents.iter().map(entries).collect())?;
        let pages: Vec<&str> = self
            .agents
            .values()
            .flat_map(|agent| agent.failures.values().map(String::as_str))
            .collect();
        if pages.is_empty() {
            Ok(())
        } else {
            fs::write(dir.join("failures.txt"), pages.join("\n"))
        }
    }
}

/// An agent's name in the names of its files, which have to fit beside it: a file system has room for
/// 255 octets.
fn stem_of(agent: &str) -> String {
    file_name_of(agent).chars().take(LONGEST_STEM).collect()
}

/// A file of `DIR` that speaks of more than one case, of a run whose agents had these `stems`.
fn is_sum(name: &str, stems: &[String]) -> bool {
    let stem = name.strip_prefix("report-").and_then(|rest| rest.strip_suffix(".json"));
    let is_of = |stem: &str, one: &String| {
        let number = stem.strip_prefix(one.as_str()).map(|rest| rest.strip_prefix('-'));
        stem == one || number.flatten().is_some_and(|rest| rest.parse::<usize>().is_ok())
    };
    stem.is_some_and(|stem| stems.iter().any(|one| is_of(stem, one)))
        || ["report.json", "index.json", "failures.txt", "index.html"].contains(&name)
}
