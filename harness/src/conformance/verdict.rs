//! What a case makes of what was seen: pure, and in the suite's order.
//!
//! In: the case's expectations, and how its connection went. Out: the two words, each with its
//! reason. The two halves are found apart; then the case's own rule may override them.

use super::case::{Adjust, Case, Closer, Event, Expect, Opcode};
use super::payload::Payload;
use super::record::{Excerpt, Facts};
use super::script::Seen;
use crate::report::schema::{Behavior, BehaviorClose, Role, Verdict};

/// What a verdict depends on, and nothing else.
#[derive(Debug, Clone)]
pub struct Outcome<'a> {
    /// What the engine was.
    pub role: Role,
    /// How the connection went.
    pub facts: &'a Facts,
    /// What was recorded.
    pub events: &'a [Event],
    /// What a case without lists has found by itself.
    pub judged: Option<(Behavior, &'a str)>,
    /// Text frames and continuations that the engine sent.
    pub sent: (u64, u64),
}

impl<'a> From<&'a Seen> for Outcome<'a> {
    fn from(seen: &'a Seen) -> Self {
        let sent = |opcode: Opcode| seen.log.frames_sent.get(&opcode.0).copied().unwrap_or(0);
        Self {
            role: seen.role,
            facts: &seen.facts,
            events: &seen.events,
            judged: seen.judged.as_ref().map(|(behavior, why)| (*behavior, why.as_str())),
            sent: (sent(Opcode::TEXT), sent(Opcode::CONTINUATION)),
        }
    }
}

/// The two words on one case, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The words.
    pub verdict: Verdict,
    /// Why the behaviour is what it is.
    pub behavior_why: String,
    /// Why the close behaviour is what it is.
    pub close_why: String,
}

/// Judges a case.
#[must_use]
pub fn judge(case: &Case, outcome: &Outcome<'_>) -> Judgement {
    let (behavior, behavior_why) = behavior(case, outcome);
    let (behavior_close, close_why) = close(case, outcome);
    let verdict = Verdict { behavior, behavior_close };
    adjust(case, outcome, Judgement { verdict, behavior_why, close_why })
}

fn behavior(case: &Case, outcome: &Outcome<'_>) -> (Behavior, String) {
    let Expect::Events { ok, non_strict } = &case.expect else {
        let (behavior, why) =
            outcome.judged.unwrap_or((Behavior::Failed, "the connection was never open"));
        return (behavior, why.to_owned());
    };
    // The lists take effect when the connection opens, so without that not even none will do.
    if !outcome.facts.opened {
        return (Behavior::Failed, "the connection was never open".to_owned());
    }
    if outcome.events == *ok {
        (Behavior::Ok, "what came back is what is demanded".to_owned())
    } else if non_strict.as_deref().is_some_and(|list| outcome.events == list) {
        (Behavior::NonStrict, "what came back is allowed, but not strict".to_owned())
    } else {
        (Behavior::Failed, difference(ok, outcome.events))
    }
}

/// The first event in which `seen` differs from `expected`, which it does.
fn difference(expected: &[Event], seen: &[Event]) -> String {
    let same = expected.iter().zip(seen).take_while(|(expected, seen)| expected == seen).count();
    let n = same + 1;
    match (expected.get(same).map(describe), seen.get(same).map(describe)) {
        (Some(expected), Some(seen)) => format!("event {n}: expected {expected}, {seen} came"),
        (Some(expected), None) => format!("event {n}: expected {expected}, nothing came"),
        (None, Some(seen)) => format!("event {n}: {seen} came, and nothing was to come"),
        (None, None) => String::new(),
    }
}

/// An event in a few words: `a text of 5 octets, "Hello"`.
#[must_use]
pub fn describe(event: &Event) -> String {
    let of = |what: &str, payload: &Payload| {
        let octets = payload.octets();
        let head = &octets[..octets.len().min(Excerpt::SHOWN / 2)];
        let dots = if head.len() < octets.len() { "…" } else { "" };
        let shown = match std::str::from_utf8(head) {
            Ok(text) => format!("{text:?}"),
            Err(_) => head.iter().fold("0x".to_owned(), |hex, octet| format!("{hex}{octet:02x}")),
        };
        match octets.len() {
            0 => format!("{what} without payload"),
            len => format!("{what} of {len} octets, {shown}{dots}"),
        }
    };
    match event {
        Event::Message { binary: false, payload } => of("a text", payload),
        Event::Message { binary: true, payload } => of("a binary message", payload),
        Event::Pong(payload) => of("a Pong", payload),
        Event::Timeout(tag) => format!("still open after wait {tag}"),
    }
}

fn close(case: &Case, outcome: &Outcome<'_>) -> (BehaviorClose, String) {
    let facts = outcome.facts;
    let because = |why: &str| {
        let reason = facts.not_clean_reason.as_deref();
        reason.map_or_else(|| why.to_owned(), |reason| format!("{why}: {reason}"))
    };
    if !facts.opened {
        return (BehaviorClose::Failed, because("the opening handshake was never finished"));
    }
    if is_wrong_closer(case, facts) {
        let why = match case.close.closer {
            Closer::Engine => "the testee or nobody sent the first Close, the engine was to",
            Closer::Testee if facts.failed_by_engine => {
                "the engine had to fail the connection, the testee was to"
            }
            Closer::Testee => "the engine sent the first Close, the testee was to end it",
        };
        return (BehaviorClose::Failed, why.to_owned());
    }
    if case.close.clean && !facts.clean {
        return (BehaviorClose::Unclean, because("the closing handshake is not complete"));
    }
    match facts.remote_close_code {
        Some(code) if !case.close.codes.contains(&code) => {
            let codes: Vec<String> = case.close.codes.iter().map(u16::to_string).collect();
            let why = format!("close code {code} came, expected {} or none", codes.join(" or "));
            (BehaviorClose::WrongCode, why)
        }
        _ if outcome.role == Role::Client && facts.dropped_by_engine => {
            let why = "the engine as a client had to drop TCP, which is the server's to do";
            (BehaviorClose::FailedByClient, why.to_owned())
        }
        _ => (BehaviorClose::Ok, "closed as demanded".to_owned()),
    }
}

fn is_wrong_closer(case: &Case, facts: &Facts) -> bool {
    (case.close.closer == Closer::Engine) != facts.closed_by_engine
}

fn adjust(case: &Case, outcome: &Outcome<'_>, mut found: Judgement) -> Judgement {
    let facts = outcome.facts;
    match case.adjust {
        Adjust::Nothing => {}
        Adjust::WrongCodeFails => {
            if found.verdict.behavior_close == BehaviorClose::WrongCode {
                found.verdict.behavior = Behavior::Failed;
                found.behavior_why.clone_from(&found.close_why);
            }
        }
        Adjust::WrongCloserFails => {
            if facts.opened && is_wrong_closer(case, facts) {
                found.verdict.behavior = Behavior::Failed;
                found.behavior_why =
                    format!("the testee was to fail the connection; {}", found.behavior_why);
            }
        }
        Adjust::Informational => {
            found.verdict = Verdict {
                behavior: Behavior::Informational,
                behavior_close: BehaviorClose::Informational,
            };
            found.behavior_why = format!("nothing is demanded; {}", found.behavior_why);
        }
        Adjust::SentFrames { text, continuation } => {
            if facts.opened && outcome.sent != (text, continuation) {
                found.verdict.behavior = Behavior::Failed;
                found.behavior_why = format!(
                    "the engine sent {} text frames and {} continuations, not {text} and \
                     {continuation}",
                    outcome.sent.0, outcome.sent.1
                );
            }
        }
    }
    found
}
