//! Nine ways in which a case can go, for each case with lists, against the verdicts that the suite's
//! own rules give them (`data/autobahn-25.10.1.json`, computed with its source).

use serde_json::Value;
use ws_harness::conformance::case::{Adjust, Case, Closer, Event, Expect};
use ws_harness::conformance::cases;
use ws_harness::conformance::payload::Payload;
use ws_harness::conformance::record::Facts;
use ws_harness::conformance::verdict::{Outcome, judge};
use ws_harness::report::schema::Role;

/// A connection that goes as the case demands, with the engine as a client.
fn ideal(case: &Case) -> Facts {
    Facts {
        opened: true,
        closed_by_engine: case.close.closer == Closer::Engine,
        clean: true,
        remote_close_code: case.close.codes.first().copied(),
        ..Facts::default()
    }
}

fn lists(case: &Case) -> (&[Event], Option<&[Event]>) {
    match &case.expect {
        Expect::Events { ok, non_strict } => (ok, non_strict.as_deref()),
        _ => unreachable!("only cases with lists have computed verdicts"),
    }
}

/// What happens in the way of this name: events and facts.
fn way(name: &str, case: &Case) -> (Vec<Event>, Facts) {
    let (ok, non_strict) = lists(case);
    let facts = ideal(case);
    let junk = Event::Message { binary: true, payload: Payload::from("junk") };
    match name {
        "ideal" => (ok.to_vec(), facts),
        "junk_events" => (vec![junk], facts),
        "no_events" => (Vec::new(), facts),
        "nonstrict_events" => (non_strict.expect("the case has such a list").to_vec(), facts),
        "ok_events_no_code" => (ok.to_vec(), Facts { remote_close_code: None, ..facts }),
        "ok_events_tcp_drop_by_peer" => {
            (ok.to_vec(), Facts { clean: false, remote_close_code: None, ..facts })
        }
        "ok_events_tcp_drop_by_suite_client" => {
            (ok.to_vec(), Facts { dropped_by_engine: true, ..facts })
        }
        "ok_events_wrong_closer" => {
            (ok.to_vec(), Facts { closed_by_engine: !facts.closed_by_engine, ..facts })
        }
        // 1008, which 7.7.6 alone accepts.
        "ok_events_wrong_code" => (ok.to_vec(), Facts { remote_close_code: Some(1008), ..facts }),
        _ => panic!("no such way: {name}"),
    }
}

#[test]
fn verdicts_of_nine_ways_to_go() {
    let data: Value = serde_json::from_str(include_str!("data/autobahn-25.10.1.json")).unwrap();
    let (mut cases_held, mut verdicts_held) = (0, 0);
    for (case, suite) in cases::all().iter().zip(data["cases"].as_array().unwrap()) {
        let Some(index) = suite["verdicts"].as_u64() else { continue };
        cases_held += 1;
        let wanted = &data["verdicts"][usize::try_from(index).unwrap()];
        for (name, wanted) in wanted.as_object().unwrap() {
            let (events, facts) = way(name, case);
            let sent = match case.adjust {
                Adjust::SentFrames { text, continuation } => (text, continuation),
                _ => (0, 0),
            };
            let judged = None;
            let outcome =
                Outcome { role: Role::Client, facts: &facts, events: &events, judged, sent };
            let verdict = judge(case, &outcome).verdict;
            let shown = format!("{}/{}", verdict.behavior.name(), verdict.behavior_close.name());
            assert_eq!(shown, wanted.as_str().unwrap(), "{} {name}", case.id);
            verdicts_held += 1;
        }
    }
    assert_eq!(cases_held, 247);
    assert!(verdicts_held > 247 * 7, "{verdicts_held}");
}

#[test]
fn a_connection_that_never_opened_is_failed_unless_nothing_is_demanded() {
    for case in cases::all() {
        let facts = Facts::default();
        let outcome =
            Outcome { role: Role::Client, facts: &facts, events: &[], judged: None, sent: (0, 0) };
        let verdict = judge(case, &outcome).verdict;
        let informational = case.adjust == Adjust::Informational;
        let wanted = if informational { "INFORMATIONAL" } else { "FAILED/FAILED" };
        assert_eq!(verdict.to_string(), wanted, "{}", case.id);
    }
}

/// Only the engine as a client may hold it against the testee that TCP was not dropped.
#[test]
fn dropping_tcp_is_the_engines_own_business_as_a_server() {
    let case = cases::find(&"1.1.1".parse().unwrap()).unwrap();
    let (events, facts) = way("ok_events_tcp_drop_by_suite_client", case);
    for (role, shown) in [(Role::Client, "OK/FAILED BY CLIENT"), (Role::Server, "OK/OK")] {
        let outcome = Outcome { role, facts: &facts, events: &events, judged: None, sent: (0, 0) };
        assert_eq!(judge(case, &outcome).verdict.to_string(), shown);
    }
}

#[test]
fn the_frames_of_10_1_1_are_counted() {
    let case = cases::find(&"10.1.1".parse().unwrap()).unwrap();
    let (events, facts) = way("ideal", case);
    for (sent, shown) in [((1, 50), "OK/OK"), ((1, 49), "FAILED/OK"), ((2, 50), "FAILED/OK")] {
        let outcome =
            Outcome { role: Role::Client, facts: &facts, events: &events, judged: None, sent };
        assert_eq!(judge(case, &outcome).verdict.to_string(), shown, "{sent:?}");
    }
}
