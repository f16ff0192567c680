//! One testee in one role, judged by the suite and then by the engine.
//!
//! The suite runs as `wsconf autobahn` runs it; the engine as a process of its own,
//! `wsconf test … --out DIR`, as anybody would run it. A server is started anew for each of them.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::alone::{self, patterns};
use super::started::{Who, start, stop};
use crate::Error;
use crate::autobahn::engine::Engine;
use crate::autobahn::progress::Board;
use crate::autobahn::run::{self, Plan, Testee};
use crate::conformance::CaseId;
use crate::error::io;
use crate::report::schema::{Case, Selection};

/// Who is judged, by what.
#[derive(Debug)]
pub struct Pair<'a> {
    /// Its name in both reports.
    pub agent: &'a str,
    /// How it is reached.
    pub who: Who,
    /// The suite.
    pub suite: &'a Engine,
    /// Without a sign of life for this long, the suite is taken to hang.
    pub patience: Duration,
    /// Options for the engine besides those that are needed.
    pub engine_options: Vec<String>,
    /// Where logs and reports are kept: the suite's in `suite`, the engine's in `engine`.
    pub keep: PathBuf,
}

impl Pair<'_> {
    /// The suite's cases, and the engine's.
    ///
    /// # Errors
    ///
    /// - [`Error::NothingRan`]: the testee does not start, or one of them reached no verdict.
    /// - [`Error::Unusable`]: the machine refused a file or a process.
    pub async fn judge(&self, ids: &BTreeSet<CaseId>) -> Result<(Vec<Case>, Vec<Case>), Error> {
        fs::create_dir_all(&self.keep)
            .map_err(io(format!("cannot make {}", self.keep.display())))?;
        let (mut server, testee) = start(&self.who, &self.keep).await?;
        let suite = self.by_suite(testee, ids).await;
        stop(&mut server).await;
        let (mut server, testee) = start(&self.who, &self.keep).await?;
        let engine = alone::judge(&testee, self.agent, ids, &self.engine_options, &self.keep).await;
        stop(&mut server).await;
        Ok((suite?, engine?.cases))
    }

    async fn by_suite(&self, testee: Testee, ids: &BTreeSet<CaseId>) -> Result<Vec<Case>, Error> {
        let progress = Board::new().run(testee.role(), ids.len());
        let plan = Plan {
            testee,
            agent: self.agent.to_owned(),
            cases: ids.clone(),
            selection: Selection { cases: patterns(ids), exclude: Vec::new() },
            patience: self.patience,
            keep: self.keep.join("suite"),
        };
        Ok(run::run(&plan, self.suite, progress).await?.cases)
    }
}
