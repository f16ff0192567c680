//! The options that select cases, the same for every subcommand.

use std::collections::BTreeSet;

use clap::Args;

use crate::Error;
use crate::autobahn::cases;
use crate::conformance::case::Case;
use crate::conformance::select::{select, split};
use crate::conformance::{self, CaseId};
use crate::report::schema::Selection;

/// Which cases.
#[derive(Debug, Args)]
pub(super) struct Cases {
    /// Cases to take, as the suite writes patterns: `1.*`, `6.4.3`; repeat it, or separate by
    /// blanks. Without it: all but 12.* and 13.* (permessage-deflate).
    #[arg(long, value_name = "PATTERN")]
    cases: Vec<String>,
    /// Cases to leave out of these.
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
}

impl Cases {
    /// Anything is asked for.
    pub(super) fn is_given(&self) -> bool {
        !self.cases.is_empty() || !self.exclude.is_empty()
    }

    /// The patterns in force, and the ids they stand for.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: a pattern matches nothing, or nothing is left.
    pub(super) fn resolve(&self) -> Result<(Selection, BTreeSet<CaseId>), Error> {
        let mut exclude = split(&self.exclude);
        let patterns = if self.cases.is_empty() {
            exclude.extend(cases::LEFT_OUT.map(str::to_owned));
            vec!["*".to_owned()]
        } else {
            split(&self.cases)
        };
        let ids = select(cases::all(), &patterns, &exclude)
            .map_err(|error| Error::Unusable(format!("--cases/--exclude: {error}")))?;
        Ok((Selection { cases: patterns, exclude }, ids))
    }
}

/// The cases that any of `include` and none of `exclude` match, in running order.
///
/// # Errors
///
/// [`Error::Unusable`]: a pattern matches nothing, or nothing is left.
pub(super) fn known(include: &[String], exclude: &[String]) -> Result<Vec<&'static Case>, Error> {
    let ids = select(conformance::cases::ids(), &split(include), &split(exclude))
        .map_err(|error| Error::Unusable(error.to_string()))?;
    Ok(ids.iter().filter_map(conformance::cases::find).collect())
}
