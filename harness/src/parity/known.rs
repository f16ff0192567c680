//! Differences between the suite and the engine that are there for a reason.
//!
//! One that no case shows any more is itself a failure, so that none outlives its reason.

use std::path::Path;

use serde::Deserialize;

use super::diff::Difference;
use crate::Error;
use crate::conformance::CaseId;
use crate::report::schema::{Role, Verdict};
use crate::report::store;

/// One `[[difference]]` of the file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The testee's name.
    pub testee: String,
    /// Its role.
    pub role: Role,
    /// The case.
    pub id: CaseId,
    /// The suite's verdict, as tables show it: `OK/UNCLEAN`.
    pub suite: String,
    /// The engine's.
    pub engine: String,
    /// Why they differ, and why that is right.
    pub reason: String,
}

impl Known {
    fn is(&self, found: &Difference) -> bool {
        self.id == found.id
            && self.suite == shown(found.suite)
            && self.engine == shown(found.engine)
    }
}

/// A verdict as tables show it; `-` is none.
#[must_use]
pub fn shown(verdict: Option<Verdict>) -> String {
    verdict.map_or("-".to_owned(), |verdict| verdict.to_string())
}

/// Takes what is known out of what was found. Returns what is left of each: differences that
/// nobody knew, and known ones that are none.
#[must_use]
pub fn split<'a>(found: Vec<Difference>, known: &[&'a Known]) -> (Vec<Difference>, Vec<&'a Known>) {
    let unused =
        known.iter().filter(|known| !found.iter().any(|found| known.is(found))).copied().collect();
    let new = |found: &Difference| !known.iter().any(|known| known.is(found));
    (found.into_iter().filter(new).collect(), unused)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    difference: Vec<Known>,
}

/// Where they are, if nobody says where.
pub(crate) const DEFAULT: &str = "reports/parity.toml";

/// Reads the file named, or `reports/parity.toml`, which need not be there.
///
/// # Errors
///
/// [`Error::Unusable`]: a named file is not there; malformed; a reason is missing; a case twice.
pub fn load(named: Option<&Path>) -> Result<Vec<Known>, Error> {
    let (path, text) = match store::read_or_default(named, DEFAULT)? {
        (path, Some(text)) => (path, text),
        (_, None) => return Ok(Vec::new()),
    };
    parse(&text).map_err(|why| Error::Unusable(format!("{}: {why}", path.display())))
}

fn parse(text: &str) -> Result<Vec<Known>, String> {
    let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
    for (nth, known) in file.difference.iter().enumerate() {
        let name = format!("{} as {}, {}", known.testee, known.role.name(), known.id);
        if known.reason.trim().is_empty() {
            return Err(format!("{name}: `reason` says nothing"));
        }
        let same = |other: &Known| {
            (&other.testee, other.role, &other.id) == (&known.testee, known.role, &known.id)
        };
        if file.difference.iter().take(nth).any(same) {
            return Err(format!("{name}: twice"));
        }
    }
    Ok(file.difference)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::schema::{Behavior, BehaviorClose};

    const ONE: &str = "[[difference]]\ntestee = \"a\"\nrole = \"server\"\nid = \"1.1.1\"\n\
        suite = \"OK/OK\"\nengine = \"OK/UNCLEAN\"\nreason = \"a race\"\n";

    fn difference(id: &str, engine: BehaviorClose) -> Difference {
        let verdict = |behavior_close| Verdict { behavior: Behavior::Ok, behavior_close };
        let suite = Some(verdict(BehaviorClose::Ok));
        Difference { id: id.parse().unwrap(), suite, engine: Some(verdict(engine)) }
    }

    #[test]
    fn what_is_known_goes_and_what_is_not_stays() {
        let known = parse(ONE).unwrap();
        let known: Vec<&Known> = known.iter().collect();
        let expected = difference("1.1.1", BehaviorClose::Unclean);
        let other_case = difference("1.1.2", BehaviorClose::Unclean);
        let other_verdict = difference("1.1.1", BehaviorClose::Failed);
        for (found, new, unused) in [
            (vec![expected.clone()], vec![], vec![]),
            (vec![], vec![], known.clone()),
            (vec![other_verdict.clone()], vec![other_verdict], known.clone()),
            (vec![expected, other_case.clone()], vec![other_case], vec![]),
        ] {
            assert_eq!(split(found, &known), (new, unused));
        }
    }

    #[test]
    fn what_is_no_file_says_why() {
        let (no_reason, twice) = (ONE.replace("a race", " "), ONE.repeat(2));
        for (text, why) in [(no_reason.as_str(), "reason"), (&twice, "twice"), ("x = 1", "x")] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
