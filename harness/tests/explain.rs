//! `wsconf list` and `wsconf explain`: the cases in words.

use serde_json::Value;
use ws_harness::conformance::explain::Explained;
use ws_harness::conformance::{CaseId, cases, pitfalls, select};

mod support;
use support::{id, run, wsconf};

fn wsconf_says(arguments: &[&str]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = run(wsconf(dir.path()).args(arguments));
    assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}");
    out
}

#[test]
fn the_list_has_a_line_for_each_case_in_running_order() {
    let all = wsconf_says(&["list"]);
    let ids: Vec<&str> = all.lines().map(|line| line.split(' ').next().unwrap()).collect();
    let expected: Vec<String> = cases::ids().iter().map(ToString::to_string).collect();
    assert_eq!(ids, expected);
    assert_eq!(
        wsconf_says(&["list", "2.* 7.3.2", "--exclude", "2.1*"]).lines().count(),
        9,
        "2.2 to 2.9 and 7.3.2; 2.1* takes 2.10 and 2.11 along"
    );
    assert_eq!(wsconf_says(&["list", "7.3.2"]), "7.3.2    A Close of one octet is a violation.\n");
}

#[test]
fn the_list_is_there_for_scripts() {
    let rows: Value = serde_json::from_str(&wsconf_says(&["list", "2.*", "--json"])).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 11);
    assert_eq!(rows[10]["id"], "2.11");
    for key in ["group", "subgroup", "about", "section", "rule"] {
        assert!(rows[4][key].as_str().is_some_and(|text| !text.is_empty()), "{key}");
    }
}

#[test]
fn a_case_is_explained_to_the_last_step() {
    assert_eq!(
        wsconf_says(&["explain", "6.4.3"]),
        "\
6.4.3  UTF-8: how soon a bad octet is noticed
As 6.4.1, but the three are pieces of one frame's payload.

Sent, once the connection is open:
   1. header of TEXT, claims 21 octets
   2. piece of its payload, 11 octets: \"\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5}\"
   3. nothing for 1 s; if still open then, records timeout A, else sends no more
   4. piece of its payload, 4 octets: f4908080
   5. nothing for 1 s; if still open then, records timeout B, else sends no more
   6. piece of its payload, 6 octets: \"edited\"
   7. CONTINUATION FIN, empty
   8. timer: unless closed 1 s from here, fails the connection (Close 1001 if
      open, else drops TCP)

Expected:
  OK             timeout A
  NON-STRICT     timeout A
                 timeout B
  FAILED         anything else, more, less or in another order

Close:
  the testee sends the first Close, or drops TCP; clean or not
  a Close from the testee has code 1007 or none
  the engine closes only when the timer fires
  if the engine has to close first, the behaviour is FAILED too

RFC 6455 §8.1: Octets in a text message that are not UTF-8 fail the connection;
nothing says that the message has to end first, and the octet after which it can
no longer become UTF-8 is known when it arrives.

Usual mistakes: Text is validated when the message is complete: correct, and
NON-STRICT. To fail at the first bad octet takes a validator that is fed with
each piece as it arrives.
"
    );
}

/// What only some cases have, each in the words of one that has it.
#[test]
fn every_kind_of_step_expectation_and_close_is_said() {
    for (case, says) in [
        ("1.1.8", "TEXT FIN, 65536 octets: \"*\" over and over, 997 octets a write"),
        ("2.3", "PING FIN, 8 octets: 00fffefdfcfb00ff\n"),
        ("2.5", "a Close from the testee has code 1002 or none"),
        ("2.6", "timer: if open 2 s from here, sends an empty Close"),
        ("3.1", "TEXT FIN RSV3, 13 octets: \"Hello, world!\"\n"),
        ("3.3", "TEXT FIN RSV2 RSV3, 13 octets: \"Hello, world!\", in a write of its own"),
        ("3.7", "CLOSE FIN RSV1 RSV2 RSV3, empty\n"),
        ("4.2.5", "opcode 15 FIN, 13 octets: \"Hello, world!\", octet by octet"),
        ("5.1", "PING, 9 octets: \"fragment1\"\n"),
        ("5.19", "nothing for 1 s\n"),
        ("5.19", "                 Pong, 9 octets: \"pongme 2!\"\n"),
        ("6.2.3", "TEXT of 1 octet, 28 CONTINUATION of 1 octet, CONTINUATION FIN of 0 octets\n"),
        ("6.22.1", "TEXT message, 3 octets: efbfbe, in one frame\n"),
        ("7.1.1", "another code makes the behaviour FAILED too"),
        ("7.1.2", "the engine closes as listed above"),
        ("7.1.6", "whatever happens, this and the close are INFORMATIONAL"),
        ("7.3.2", "closing handshake: Close, no code, reason of 1 octet: \"a\"\n"),
        ("7.3.4", "closing handshake: Close, code 1000, reason of 12 octets: \"Hello World!\"\n"),
        ("7.7.1", "has code 1000 or none"),
        ("7.7.2", "has code 1000, 1001 or none"),
        ("9.2.1", "OK             the first message is binary, 65536 octets"),
        ("9.7.1", "1000 times, each after the echo of the one before: TEXT FIN, empty\n"),
        ("9.8.6", "every echo has the type and the length of what was sent"),
        ("10.1.1", "FAILED         unless the engine sent 1 TEXT and 50 CONTINUATION frames"),
        ("12.2.1", "BINARY message, the next 16 octets of lena512.bmp, compressed, in one frame\n"),
        (
            "12.4.11",
            "the next 8192 characters of data1.html, compressed, in frames of 256 octets\n",
        ),
        ("12.1.1", "UNIMPLEMENTED  permessage-deflate is not agreed"),
        ("13.5.1", "and asks client_no_context_takeover and client_max_window_bits=9\n"),
        ("13.1.1", "as a server, accepts the first offer, and asks nothing\n"),
    ] {
        let text = Explained(cases::find(&id(case)).unwrap()).to_string() + "\n";
        assert!(text.contains(says), "{case} does not say {says:?}:\n{text}");
    }
}

/// Words alone: how they are broken into lines is the terminal's matter.
fn flowing(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn all_517_cases_have_every_part_of_an_explanation() {
    let all = wsconf_says(&["explain", "*"]);
    let words = flowing(&all);
    assert_eq!(cases::all().len(), 517);
    for case in cases::all() {
        let id = &case.id;
        let text = Explained(case).to_string();
        assert!(words.contains(&flowing(&text)), "{id}");
        assert!(text.contains(&case.about) && text.contains(case.rule.text), "{id}");
        let parts: Vec<&str> = text.split("\n\n").collect();
        let heads = ["", "Sent, once the connection is open:\n", "Expected:\n", "Close:\n"];
        for (part, head) in parts.iter().zip(heads) {
            let body = part.strip_prefix(head).unwrap_or_else(|| panic!("{id}: {part}"));
            assert!(!body.trim().is_empty(), "{id}: {part}");
        }
        let steps = text.lines().filter(|line| line.get(4..6) == Some(". ")).count();
        assert!(steps > 0 && steps == case.send.len(), "{id}");
        let [.., rule, mistakes] = &parts[..] else { panic!("{id}: {text}") };
        assert!(rule.starts_with("RFC ") && rule.contains('§'), "{id}: {rule}");
        let mistakes = mistakes.strip_prefix("Usual mistakes: ").unwrap_or_default();
        assert!(mistakes.len() > 40 && mistakes.ends_with('.'), "{id}: {mistakes}");
    }
}

#[test]
fn what_is_printed_fits_80_columns_but_for_words_that_are_longer() {
    for line in wsconf_says(&["explain", "*"]).lines() {
        let columns = line.chars().count();
        let longest = line.split(' ').map(|word| word.chars().count()).max().unwrap_or(0);
        assert!(columns <= 80 || longest > 40, "{line}");
    }
}

#[test]
fn each_case_has_its_mistakes_in_one_row_and_no_row_is_for_nothing() {
    let matched = |patterns: &str, id: &CaseId| {
        patterns.split(' ').filter(|pattern| select::matches(pattern, &id.to_string())).count()
    };
    for id in cases::ids() {
        let rows: usize = pitfalls::TABLE.iter().map(|(row, _)| matched(row, id)).sum();
        assert_eq!(rows, 1, "{id}");
    }
    for pattern in pitfalls::TABLE.iter().flat_map(|(patterns, _)| patterns.split(' ')) {
        assert!(cases::ids().iter().any(|id| matched(pattern, id) > 0), "{pattern}");
    }
    assert_eq!(pitfalls::of(&id("99.1")), "");
}
