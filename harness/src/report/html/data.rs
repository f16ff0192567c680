//! What the page's script reads: verdicts as compact JSON, everything that is shown of one case alone
//! as compressed blocks.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde_json::{Value, json};

use super::past::Past;
use super::{Implementation, Page, block};
use crate::autobahn::run::rfc3339;
use crate::conformance::CaseId;
use crate::conformance::cases;
use crate::conformance::explain::Explained;
use crate::report::class::Class;
use crate::report::schema::{Behavior, BehaviorClose, Verdict};

/// Every behaviour, best first; a verdict's letter counts them.
const BEHAVIOURS: [Behavior; 5] = [
    Behavior::Ok,
    Behavior::Informational,
    Behavior::NonStrict,
    Behavior::Unimplemented,
    Behavior::Failed,
];
/// Every close behaviour, best first.
const CLOSES: [BehaviorClose; 6] = [
    BehaviorClose::Ok,
    BehaviorClose::Informational,
    BehaviorClose::FailedByClient,
    BehaviorClose::WrongCode,
    BehaviorClose::Unclean,
    BehaviorClose::Failed,
];
/// One letter for each verdict.
const LETTERS: &[u8; 30] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcd";
/// No verdict.
const NONE: char = '.';

/// The letter of a verdict.
fn letter(verdict: Option<Verdict>) -> char {
    let place = verdict.and_then(|verdict| {
        let behavior = BEHAVIOURS.iter().position(|one| *one == verdict.behavior)?;
        let close = CLOSES.iter().position(|one| *one == verdict.behavior_close)?;
        LETTERS.get(behavior * CLOSES.len() + close)
    });
    place.map_or(NONE, |letter| char::from(*letter))
}

/// Behaviour, close behaviour and class of each letter.
fn letters() -> Value {
    let all = BEHAVIOURS.iter().flat_map(|b| CLOSES.iter().map(move |c| (*b, *c)));
    all.map(|(behavior, behavior_close)| {
        let class = Class::of(Verdict { behavior, behavior_close });
        let class = Class::ALL.iter().position(|one| *one == class);
        json!([behavior.name(), behavior_close.name(), class])
    })
    .collect()
}

/// Every case that is in a report or a baseline, ascending.
fn ids(page: &Page) -> BTreeSet<&CaseId> {
    let reports = page.shown.iter().flat_map(|shown| &shown.report.cases).map(|case| &case.id);
    let baselines = page.baselines.iter().flat_map(|one| &one.cases).map(|case| &case.id);
    reports.chain(baselines).collect()
}

/// The page's data. No `<` is in it, so no tag is either.
pub(super) fn json(page: &Page) -> String {
    let ids: Vec<&CaseId> = ids(page).into_iter().collect();
    let known: Vec<_> = ids.iter().map(|id| cases::find(id)).collect();
    let mut groups = BTreeMap::new();
    let mut subgroups = BTreeMap::new();
    for case in known.iter().flatten() {
        let id = case.id.to_string();
        groups.insert(case.id.group().to_string(), case.group);
        if let Some((subgroup, _)) = id.rsplit_once('.')
            && subgroup.contains('.')
        {
            subgroups.insert(subgroup.to_owned(), case.subgroup);
        }
    }
    let verdicts = |of: &BTreeMap<&CaseId, Verdict>| -> String {
        ids.iter().map(|id| letter(of.get(id).copied())).collect()
    };
    let baselines = page.baselines.iter().map(|baseline| {
        let of = baseline.cases.iter().map(|case| (&case.id, case.verdict())).collect();
        (baseline.role.name().to_owned(), json!(verdicts(&of)))
    });
    let value = json!({
        "title": page.title,
        "notes": page.notes,
        "made": rfc3339(SystemTime::now()),
        "program": concat!("wsconf ", env!("CARGO_PKG_VERSION")),
        "classes": Class::ALL.map(Class::name),
        "letters": letters(),
        "groups": groups,
        "subgroups": subgroups,
        "ids": ids,
        "about": known.iter().map(|case| case.map_or("", |case| &case.about)).collect::<Vec<_>>(),
        "baselines": baselines.collect::<BTreeMap<_, _>>(),
        "shown": page.shown.iter().map(|shown| {
            let report = &shown.report;
            let of: BTreeMap<_, _> = report.cases.iter().map(|case| (&case.id, case)).collect();
            let each = |field: fn(&crate::report::schema::Case) -> Value| -> Value {
                ids.iter().map(|id| of.get(id).map_or(Value::Null, |case| field(case))).collect()
            };
            json!({
                "agent": report.testee.agent,
                "version": report.testee.version,
                "role": report.role,
                "suite": report.suite.name,
                "release": report.suite.version,
                "engine": report.suite.engine,
                "platform": format!("{} {}", report.platform.os, report.platform.arch),
                "started": report.started,
                "ms": report.duration_ms,
                "command": shown.command,
                "verdicts": ids
                    .iter()
                    .map(|id| letter(of.get(id).map(|case| case.verdict())))
                    .collect::<String>(),
                "durations": each(|case| json!(case.duration_ms)),
                "codes": each(|case| json!(case.remote_close_code)),
                "past": past(&shown.past),
            })
        }).collect::<Vec<_>>(),
    });
    // A script element ends at the first `</script`, and knows of comments that begin with `<!--`.
    value.to_string().replace('<', "\\u003c")
}

fn past(past: &Past) -> Value {
    let runs = past.runs.iter().map(|run| json!([run.when, run.commit, run.counts]));
    let changes = past.changes.iter().map(|(id, changes)| {
        let each = changes
            .iter()
            .map(|change| json!([change.when, change.commit, letter(change.verdict).to_string()]));
        (id.to_string(), each.collect::<Vec<_>>())
    });
    json!({ "runs": runs.collect::<Vec<_>>(), "changes": changes.collect::<BTreeMap<_, _>>() })
}

/// The page's blocks, with the ids of their elements: the cases in words, and the details of each
/// implementation.
pub(super) fn blocks(page: &Page) -> Vec<(String, String)> {
    let words = ids(page).into_iter().filter_map(cases::find).map(|case| {
        let rule =
            json!([case.rule.section.to_string(), case.rule.text, Explained(case).to_string()]);
        (case.id.to_string(), rule)
    });
    let words = json!(words.collect::<BTreeMap<_, _>>()).to_string();
    let details = |shown: &Implementation| {
        let of = shown.details.iter().map(|(id, detail)| (id.to_string(), detail));
        json!(of.collect::<BTreeMap<_, _>>()).to_string()
    };
    let each = page.shown.iter().enumerate().filter(|(_, shown)| !shown.details.is_empty());
    let each = each.map(|(n, shown)| (format!("details-{n}"), block::pack(&details(shown))));
    std::iter::once(("words".to_owned(), block::pack(&words))).chain(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_a_letter_of_its_own() {
        let mut seen = BTreeSet::new();
        let table = letters();
        for behavior in BEHAVIOURS {
            for behavior_close in CLOSES {
                let letter = letter(Some(Verdict { behavior, behavior_close }));
                assert!(seen.insert(letter), "{letter}");
                let place = LETTERS.iter().position(|one| char::from(*one) == letter).unwrap();
                assert_eq!(table[place][0], behavior.name());
                assert_eq!(table[place][1], behavior_close.name());
            }
        }
        assert_eq!(letter(None), '.');
        assert!(!seen.contains(&'.'));
    }
}
