//! `conformance::select` on the suite's own ids.

use ws_harness::autobahn::cases;
use ws_harness::conformance::select::{BadSelection, matches, select, split};

fn count(include: &[&str], exclude: &[&str]) -> usize {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    select(cases::all(), &owned(include), &owned(exclude)).unwrap().len()
}

fn refused(include: &[&str], exclude: &[&str]) -> BadSelection {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    select(cases::all(), &owned(include), &owned(exclude)).unwrap_err()
}

#[test]
fn the_list_is_complete_and_in_running_order() {
    assert_eq!(cases::all().len(), 517);
    assert!(cases::all().is_sorted_by(|a, b| a < b), "sorted, none twice");
}

#[test]
fn every_group_and_subgroup_has_its_count() {
    let groups = [
        ("1.*", 16),
        ("2.*", 11),
        ("3.*", 7),
        ("4.*", 10),
        ("5.*", 20),
        ("6.*", 145),
        ("7.*", 37),
        ("9.*", 54),
        ("10.*", 1),
        ("12.*", 90),
        ("13.*", 126),
    ];
    for (pattern, total) in groups {
        assert_eq!(count(&[pattern], &[]), total, "{pattern}");
    }
    assert_eq!(groups.iter().map(|(_, total)| total).sum::<usize>(), 517);
    let subgroups = [
        ("1.1.*", 8),
        ("4.2.*", 5),
        ("6.2.*", 4),
        ("6.22.*", 34),
        ("7.7.*", 13),
        ("7.13.*", 2),
        ("9.3.*", 9),
        ("12.3.*", 18),
        ("13.7.*", 18),
    ];
    for (pattern, total) in subgroups {
        assert_eq!(count(&[pattern], &[]), total, "{pattern}");
    }
}

#[test]
fn overlapping_patterns_count_once_and_exclusions_win() {
    assert_eq!(count(&["1.*", "1.1.*", "1.1.1"], &[]), 16);
    assert_eq!(count(&["1.*", "1.1.1"], &["1.1.1"]), 15);
}

#[test]
fn a_pattern_means_what_it_means_to_the_suite() {
    for (pattern, id, expected) in [
        ("1.1.1", "1.1.1", true),
        ("1.1.1", "1.1.10", false),
        ("1.1", "1.1.1", false),
        ("1.*", "1.1.1", true),
        ("1.*", "10.1.1", false),
        ("1*", "10.1.1", true),
        ("*", "9.9.9", true),
        ("*.1", "2.1", true),
        // Anchored at the start only.
        ("*.1", "2.10", true),
        ("*.1.*", "7.1.6", true),
        ("*.1.*", "7.11.6", false),
        ("6.*.3", "6.4.3", true),
        ("6.*.3", "6.22.4", false),
        ("6.4.3*", "6.4.3", true),
        // A dot is a dot.
        ("6.4.*", "6x4.3", false),
        ("", "1.1.1", false),
    ] {
        assert_eq!(matches(pattern, id), expected, "{pattern} on {id}");
    }
}

#[test]
fn one_argument_may_hold_several_patterns() {
    let given = ["1.* 12.1.*".to_owned(), "\t6.4.3\n".to_owned(), "  ".to_owned()];
    assert_eq!(split(&given), ["1.*", "12.1.*", "6.4.3"]);
}

#[test]
fn what_matches_nothing_is_refused_with_what_may_have_been_meant() {
    for (pattern, expected) in
        [("6.4", "6.4.*"), ("6", "6.*"), ("6.4.", "6.4.*"), ("6.4.33", "6.4.3"), ("1..*", "1.*")]
    {
        let BadSelection::Unmatched { pattern: named, near } = refused(&["1.*", pattern], &[])
        else {
            panic!("{pattern} is taken");
        };
        assert_eq!(named, pattern);
        assert!(near.contains(&expected.to_owned()), "{pattern}: {near:?}");
        assert!(near.len() <= 3);
    }
    // Of groups that the suite does not have nothing is left to run either.
    assert!(matches!(refused(&["8.*"], &[]), BadSelection::Unmatched { .. }));
    assert!(matches!(refused(&["*"], &["99.*"]), BadSelection::Unmatched { .. }));
    assert!(
        matches!(refused(&["nonsense"], &[]), BadSelection::Unmatched { near, .. } if near.is_empty())
    );
}

#[test]
fn an_empty_selection_is_refused() {
    assert_eq!(refused(&[], &[]), BadSelection::Empty);
    assert_eq!(refused(&["1.*"], &["1.1.*", "1.2.*"]), BadSelection::Empty);
}
