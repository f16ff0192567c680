//! `report::diff`: the gate's truth table.

use std::collections::BTreeSet;

use ws_harness::report::diff::{Comparison, Kind, compare};
use ws_harness::report::schema::{Behavior, BehaviorClose, Case, Role, Verdict};
use ws_harness::report::waiver::Waiver;

mod support;
use support::{case, expected, id, ok};

const OK: Verdict = Verdict { behavior: Behavior::Ok, behavior_close: BehaviorClose::Ok };

fn verdict(behavior: Behavior, behavior_close: BehaviorClose) -> Verdict {
    Verdict { behavior, behavior_close }
}

fn waiver(text: &str, accepted: Verdict) -> Waiver {
    Waiver {
        id: id(text),
        role: Role::Server,
        behaviour: accepted.behavior,
        behaviour_close: accepted.behavior_close,
        reason: "RFC 6455 section 5.5".to_owned(),
    }
}

fn kinds(
    baseline: &[Case],
    found: &[Case],
    waivers: &[Waiver],
) -> (Comparison, Vec<(String, Kind)>) {
    let comparison = compare(&expected(baseline), found, waivers, None);
    let kinds = comparison.differences.iter().map(|d| (d.id.to_string(), d.kind)).collect();
    (comparison, kinds)
}

#[test]
fn every_pair_of_verdicts_is_judged() {
    use Behavior::{Failed, Informational, NonStrict, Ok, Unimplemented};
    use BehaviorClose as Close;
    let failed = verdict(Failed, Close::Failed);
    let non_strict = verdict(NonStrict, Close::Ok);
    let informational = verdict(Informational, Close::Informational);
    let unclean = verdict(Ok, Close::Unclean);
    for (baseline, found, what) in [
        (OK, OK, None),
        (informational, informational, None),
        (OK, failed, Some(Kind::Worse)),
        (OK, non_strict, Some(Kind::Worse)),
        (OK, informational, Some(Kind::Worse)),
        // Behaviour OK is not enough: a peer that ignores everything has it.
        (OK, unclean, Some(Kind::Worse)),
        (OK, verdict(Ok, Close::WrongCode), Some(Kind::Worse)),
        (OK, verdict(Ok, Close::FailedByClient), Some(Kind::Worse)),
        (OK, verdict(Unimplemented, Close::Ok), Some(Kind::Worse)),
        (failed, OK, Some(Kind::Better)),
        (non_strict, OK, Some(Kind::Better)),
        (informational, OK, Some(Kind::Better)),
        (unclean, OK, Some(Kind::Better)),
        // One half better, one worse.
        (unclean, non_strict, Some(Kind::Worse)),
        (failed, failed, Some(Kind::NotWaived)),
        (non_strict, non_strict, Some(Kind::NotWaived)),
        (unclean, unclean, Some(Kind::NotWaived)),
    ] {
        let before = [case("1.1.1", baseline.behavior, baseline.behavior_close)];
        let now = [case("1.1.1", found.behavior, found.behavior_close)];
        let (comparison, kinds) = kinds(&before, &now, &[]);
        assert_eq!(comparison.compared, 1);
        let expected: Vec<_> = what.map(|kind| ("1.1.1".to_owned(), kind)).into_iter().collect();
        assert_eq!(kinds, expected, "{baseline} then {found}");
    }
}

#[test]
fn vanished_and_new_cases_differ() {
    let (comparison, kinds) = kinds(&[ok("1.1.1"), ok("2.9")], &[ok("2.9"), ok("2.10")], &[]);
    assert_eq!(comparison.compared, 3);
    assert_eq!(kinds, [("1.1.1".to_owned(), Kind::Missing), ("2.10".to_owned(), Kind::New)]);
    assert_eq!(comparison.differences[0].expected, Some(OK));
    assert_eq!(comparison.differences[0].found, None);
    assert_eq!(comparison.differences[1].expected, None);
    assert_eq!(comparison.differences[1].found, Some(OK));
}

#[test]
fn nothing_on_either_side_is_nothing_compared() {
    assert_eq!(kinds(&[], &[], &[]).0, Comparison::default());
    let none = compare(&expected(&[ok("1.1.1")]), &[ok("1.1.1")], &[], Some(&BTreeSet::new()));
    assert_eq!(none.compared, 0);
}

#[test]
fn a_waiver_is_the_expectation() {
    let failed = verdict(Behavior::Failed, BehaviorClose::Failed);
    let bad = case("1.1.1", Behavior::Failed, BehaviorClose::Failed);
    let waivers = [waiver("1.1.1", failed)];
    for baseline in [ok("1.1.1"), bad.clone()] {
        let (comparison, kinds) = kinds(&[baseline], std::slice::from_ref(&bad), &waivers);
        assert_eq!((comparison.waived, kinds), (1, vec![]));
    }
    // Another verdict than the waived one.
    let unclean = case("1.1.1", Behavior::Failed, BehaviorClose::Unclean);
    let (comparison, kinds) = kinds(&[ok("1.1.1")], &[unclean], &waivers);
    assert_eq!((comparison.waived, kinds), (0, vec![("1.1.1".to_owned(), Kind::Worse)]));
}

#[test]
fn a_waiver_does_not_bring_back_a_case_that_was_not_run() {
    let waivers = [waiver("1.1.1", verdict(Behavior::Failed, BehaviorClose::Ok))];
    let (_, kinds) = kinds(&[ok("1.1.1")], &[], &waivers);
    assert_eq!(kinds, [("1.1.1".to_owned(), Kind::Missing)]);
}

#[test]
fn a_waiver_that_nobody_needs_differs() {
    let failed = verdict(Behavior::Failed, BehaviorClose::Ok);
    let (comparison, found) = kinds(&[ok("1.1.1")], &[ok("1.1.1")], &[waiver("1.1.1", failed)]);
    assert_eq!(found, [("1.1.1".to_owned(), Kind::UnusedWaiver)]);
    assert_eq!(comparison.waived, 0);
    // Nor does one for a case that nobody has count as compared.
    let (comparison, found) = kinds(&[ok("1.1.1")], &[ok("1.1.1")], &[waiver("9.9.9", failed)]);
    assert_eq!(found, [("9.9.9".to_owned(), Kind::UnusedWaiver)]);
    assert_eq!(comparison.compared, 1);
}

#[test]
fn a_narrowed_gate_looks_at_its_cases_only() {
    let baseline = [ok("1.1.1"), ok("1.1.2"), ok("2.1")];
    let found = [ok("1.1.1"), case("2.1", Behavior::Failed, BehaviorClose::Ok)];
    let waivers = [waiver("2.2", verdict(Behavior::Failed, BehaviorClose::Ok))];
    let only: BTreeSet<_> = ["1.1.1", "1.1.2"].map(id).into();
    let comparison = compare(&expected(&baseline), &found, &waivers, Some(&only));
    assert_eq!(comparison.compared, 2);
    assert_eq!(comparison.differences.len(), 1);
    assert_eq!(comparison.differences[0].kind, Kind::Missing);
}
