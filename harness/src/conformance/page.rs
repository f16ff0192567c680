//! Why a case ended as it did, for people: what was demanded beside what came, and the wire log.

use std::fmt::Write as _;

use super::case::{Closer, Event, Expect};
use super::run::Played;
use super::verdict::describe;
use super::wirelog;

/// A page on one case.
#[must_use]
pub fn page(played: &Played) -> String {
    let Played { case, seen, judgement, .. } = played;
    let facts = &seen.facts;
    let mut page = format!("case {}: {}\n{}\n", case.id, judgement.verdict, case.about);
    let _ = writeln!(page, "rule: {} ({})", case.rule.text, case.rule.section);
    let _ = writeln!(page, "behaviour: {}", judgement.behavior_why);
    let _ = writeln!(page, "close: {}", judgement.close_why);
    if let Expect::Events { ok, non_strict } = &case.expect {
        page.push_str(&beside("expected", ok, &seen.events));
        if let Some(list) = non_strict.as_ref().filter(|list| **list != *ok) {
            page.push_str(&beside("or, not strict,", list, &seen.events));
        }
    }
    let closer = match case.close.closer {
        Closer::Engine => "the engine",
        Closer::Testee => "the testee",
    };
    let codes: Vec<String> = case.close.codes.iter().map(u16::to_string).collect();
    let _ = writeln!(
        page,
        "end, expected: closed by {closer}{}, code {} or none",
        if case.close.clean { ", clean" } else { "" },
        codes.join(" or ")
    );
    let _ = writeln!(
        page,
        "end, seen: closed by {}, {}, code {}{}",
        if facts.closed_by_engine { "the engine" } else { "the testee or nobody" },
        if facts.clean { "clean" } else { "not clean" },
        facts.remote_close_code.map_or("none".to_owned(), |code| code.to_string()),
        if facts.dropped_by_engine { ", TCP dropped by the engine" } else { "" }
    );
    if !facts.opened && !seen.http_response.is_empty() {
        page.push_str("the answer to the opening handshake:\n");
        for line in String::from_utf8_lossy(&seen.http_response).trim_end().lines() {
            let _ = writeln!(page, "  {}", line.escape_debug());
        }
    }
    page.push_str("wire, `>` sent, `<` received:\n");
    page.push_str(&wirelog::text(&seen.log));
    page
}

/// Two lists event by event; a `!` stands where they differ.
fn beside(name: &str, expected: &[Event], came: &[Event]) -> String {
    let mut text = String::new();
    for n in 0..expected.len().max(came.len()) {
        let (left, right) = (expected.get(n), came.get(n));
        let mark = if left == right { ' ' } else { '!' };
        let shown = |event: Option<&Event>| event.map_or("nothing".to_owned(), describe);
        let n = n + 1;
        let _ = writeln!(text, "{mark} event {n}, {name}: {}", shown(left));
        if left != right {
            let _ = writeln!(text, "{mark} event {n}, came: {}", shown(right));
        }
    }
    if text.is_empty() {
        text = format!("  no event {name}, and none came\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::payload::Payload;

    #[test]
    fn events_side_by_side_with_marks() {
        let text =
            |text: &'static str| Event::Message { binary: false, payload: Payload::from(text) };
        let expected = [text("a"), Event::Pong(Payload::EMPTY)];
        let shown = beside("expected", &expected, &[text("a"), text("b"), Event::Timeout('A')]);
        assert_eq!(
            shown.lines().collect::<Vec<_>>(),
            [
                "  event 1, expected: a text of 1 octets, \"a\"",
                "! event 2, expected: a Pong without payload",
                "! event 2, came: a text of 1 octets, \"b\"",
                "! event 3, expected: nothing",
                "! event 3, came: still open after wait A",
            ]
        );
        assert_eq!(beside("expected", &[], &[]), "  no event expected, and none came\n");
    }
}
