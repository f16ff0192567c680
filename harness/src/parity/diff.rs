//! Two verdicts on each case, side by side: the suite's and the engine's.

use std::collections::{BTreeMap, BTreeSet};

use crate::conformance::CaseId;
use crate::report::schema::{Case, Verdict};

/// A case on which they do not agree. `None` is no verdict at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which case.
    pub id: CaseId,
    /// The suite's verdict.
    pub suite: Option<Verdict>,
    /// The engine's.
    pub engine: Option<Verdict>,
}

/// The cases of `asked` that do not have the same verdict of both, ascending. A case that neither
/// has a verdict on differs too: nothing shows that they agree.
#[must_use]
pub fn compare(asked: &BTreeSet<CaseId>, suite: &[Case], engine: &[Case]) -> Vec<Difference> {
    let verdicts = |cases: &[Case]| -> BTreeMap<CaseId, Verdict> {
        cases.iter().map(|case| (case.id.clone(), case.verdict())).collect()
    };
    let (suite, engine) = (verdicts(suite), verdicts(engine));
    asked
        .iter()
        .map(|id| Difference {
            id: id.clone(),
            suite: suite.get(id).copied(),
            engine: engine.get(id).copied(),
        })
        .filter(|both| both.suite.is_none() || both.suite != both.engine)
        .collect()
}

/// Everything that both have said, over several runs.
#[derive(Debug, Default)]
pub struct Said {
    suite: BTreeMap<CaseId, Vec<Verdict>>,
    engine: BTreeMap<CaseId, Vec<Verdict>>,
}

impl Said {
    /// Takes what one run of each found.
    pub fn add(&mut self, suite: &[Case], engine: &[Case]) {
        for (said, cases) in [(&mut self.suite, suite), (&mut self.engine, engine)] {
            for case in cases {
                said.entry(case.id.clone()).or_default().push(case.verdict());
            }
        }
    }

    /// Both have said the same of the case at some time.
    #[must_use]
    pub fn in_common(&self, id: &CaseId) -> bool {
        let (Some(suite), Some(engine)) = (self.suite.get(id), self.engine.get(id)) else {
            return false;
        };
        suite.iter().any(|verdict| engine.contains(verdict))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::schema::{Behavior, BehaviorClose};

    fn case(id: &str, behavior: Behavior, behavior_close: BehaviorClose) -> Case {
        let id = id.parse().unwrap();
        Case::new(id, Verdict { behavior, behavior_close })
    }

    #[test]
    fn cases_differ_when_either_half_does_or_a_verdict_is_missing() {
        use Behavior::{Failed, NonStrict, Ok};
        use BehaviorClose as Close;
        let suite = [
            case("1.1.1", Ok, Close::Ok),
            case("1.1.2", Ok, Close::Ok),
            case("1.1.3", NonStrict, Close::Ok),
            case("1.1.4", Failed, Close::Unclean),
        ];
        let engine = [
            case("1.1.1", Ok, Close::Ok),
            case("1.1.2", Ok, Close::Unclean),
            case("1.1.3", Ok, Close::Ok),
            case("1.1.5", Ok, Close::Ok),
        ];
        let asked = (1..=6).map(|n| format!("1.1.{n}").parse().unwrap()).collect();
        let differ: Vec<String> =
            compare(&asked, &suite, &engine).iter().map(|one| one.id.to_string()).collect();
        assert_eq!(differ, ["1.1.2", "1.1.3", "1.1.4", "1.1.5", "1.1.6"]);
    }

    #[test]
    fn over_several_runs_one_verdict_in_common_is_enough() {
        let id = "1.1.1".parse().unwrap();
        let ok = [case("1.1.1", Behavior::Ok, BehaviorClose::Ok)];
        let not_strict = [case("1.1.1", Behavior::NonStrict, BehaviorClose::Ok)];
        let mut said = Said::default();
        assert!(!said.in_common(&id), "nothing was said");
        said.add(&ok, &not_strict);
        said.add(&ok, &not_strict);
        assert!(!said.in_common(&id));
        said.add(&not_strict, &[]);
        assert!(said.in_common(&id), "at different times");
        assert!(!said.in_common(&"1.1.2".parse().unwrap()));
    }

    #[test]
    fn the_close_code_and_the_time_are_not_compared() {
        let here = case("1.1.1", Behavior::Ok, BehaviorClose::Ok);
        let there = Case { remote_close_code: Some(1000), duration_ms: Some(9), ..here.clone() };
        let asked = [here.id.clone()].into();
        assert_eq!(compare(&asked, &[here], &[there]), []);
    }
}
