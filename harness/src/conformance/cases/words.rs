//! The words that the tables are written in: frames, answers, and the two kinds of case.

use std::time::Duration;

use crate::conformance::case::{
    Adjust, Case, Closer, Event, Expect, ExpectClose, Frame, Opcode, Rule, Step, Timer, Write,
};
use crate::conformance::payload::Payload;

/// What most cases send.
pub(super) const HELLO: &str = "Hello, world!";
/// Octets that are no UTF-8, where a control frame or binary message carries anything.
pub(super) const NOT_TEXT: &[u8; 8] = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff";
/// A Greek word, its second letter with the accent that takes three octets: U+1F79, not U+03CC.
pub(super) const KOSME: &str = "\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5}";
/// The Greek word, then a surrogate, which UTF-8 cannot hold, then more text.
pub(super) const NOT_UTF8: &[u8; 20] =
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited";

/// What the cases of a subgroup have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Topic {
    pub(super) group: &'static str,
    pub(super) subgroup: &'static str,
    pub(super) rule: Rule,
}

impl Topic {
    /// Nothing in it is forbidden: the testee answers with `events`, then the engine closes.
    pub(super) fn legal(
        self,
        id: &str,
        about: impl Into<String>,
        send: impl Into<Vec<Step>>,
        events: impl Into<Vec<Event>>,
    ) -> Case {
        let close = ExpectClose { closer: Closer::Engine, clean: true, codes: vec![1000] };
        self.case(id, about.into(), send.into(), events.into(), close)
    }

    /// The testee answers with `events`, and then has to fail the connection with `code`.
    pub(super) fn violation(
        self,
        id: &str,
        about: impl Into<String>,
        code: u16,
        send: impl Into<Vec<Step>>,
        events: impl Into<Vec<Event>>,
    ) -> Case {
        let close = ExpectClose { closer: Closer::Testee, clean: false, codes: vec![code] };
        self.case(id, about.into(), send.into(), events.into(), close)
    }

    fn case(
        self,
        id: &str,
        about: String,
        send: Vec<Step>,
        ok: Vec<Event>,
        close: ExpectClose,
    ) -> Case {
        Case {
            id: id.parse().expect("a table names its cases by case ids"),
            group: self.group,
            subgroup: self.subgroup,
            about,
            rule: self.rule,
            send,
            expect: Expect::Events { ok, non_strict: None },
            close,
            adjust: Adjust::Nothing,
            auto_close: true,
            deflate: None,
        }
    }
}

/// What a row adds to its case.
impl Case {
    /// After the last step, fails the connection `seconds` later.
    pub(super) fn kill_after(self, seconds: f64) -> Self {
        self.then(Step::Arm(Timer::Kill(Duration::from_secs_f64(seconds))))
    }

    /// After the last step, sends Close `seconds` later.
    pub(super) fn close_after(self, seconds: u64) -> Self {
        self.then(Step::Arm(Timer::Close(Duration::from_secs(seconds))))
    }

    fn then(mut self, step: Step) -> Self {
        self.send.push(step);
        self
    }

    /// These events instead are NON-STRICT.
    pub(super) fn or_non_strict(mut self, events: impl Into<Vec<Event>>) -> Self {
        if let Expect::Events { non_strict, .. } = &mut self.expect {
            *non_strict = Some(events.into());
        }
        self
    }

    /// The testee may close with these codes.
    pub(super) fn codes(mut self, codes: &[u16]) -> Self {
        codes.clone_into(&mut self.close.codes);
        self
    }

    /// The connection need not end cleanly.
    pub(super) fn or_unclean(mut self) -> Self {
        self.close.clean = false;
        self
    }

    /// The engine never closes by itself: when to close is part of the script.
    pub(super) fn script_closes(mut self) -> Self {
        self.auto_close = false;
        self
    }

    pub(super) fn adjust(self, adjust: Adjust) -> Self {
        Self { adjust, ..self }
    }

    pub(super) fn rule(self, section: &'static str, text: &'static str) -> Self {
        Self { rule: Rule { section, text }, ..self }
    }

    pub(super) fn expect(self, expect: Expect) -> Self {
        Self { expect, ..self }
    }
}

impl Frame {
    /// More fragments follow.
    pub(super) fn more(self) -> Self {
        Self { fin: false, ..self }
    }

    /// With reserved bits: RSV1 is 4, RSV2 is 2, RSV3 is 1.
    pub(super) fn rsv(self, rsv: u8) -> Self {
        Self { rsv, ..self }
    }

    pub(super) fn write(self, write: Write) -> Self {
        Self { write, ..self }
    }
}

impl From<Frame> for Step {
    fn from(frame: Frame) -> Self {
        Self::Frame(frame)
    }
}

pub(super) fn frame(opcode: u8, payload: impl Into<Payload>) -> Frame {
    let payload = payload.into();
    Frame { opcode: Opcode(opcode), fin: true, rsv: 0, payload, write: Write::Plain }
}

pub(super) fn text(payload: impl Into<Payload>) -> Frame {
    frame(1, payload)
}

pub(super) fn binary(payload: impl Into<Payload>) -> Frame {
    frame(2, payload)
}

pub(super) fn continuation(payload: impl Into<Payload>) -> Frame {
    frame(0, payload)
}

pub(super) fn ping(payload: impl Into<Payload>) -> Frame {
    frame(9, payload)
}

pub(super) fn pong(payload: impl Into<Payload>) -> Frame {
    frame(10, payload)
}

/// These frames, each written plainly.
pub(super) fn frames<const N: usize>(frames: [Frame; N]) -> Vec<Step> {
    frames.map(Step::Frame).into()
}

/// These frames, each written in this way.
pub(super) fn frames_as<const N: usize>(write: Write, frames: [Frame; N]) -> Vec<Step> {
    frames.map(|frame| Step::Frame(frame.write(write))).into()
}

/// How the frames of a case are written, for its description.
pub(super) fn manner(write: Write) -> String {
    match write {
        Write::Plain => String::new(),
        Write::Sync => ", each frame in a write of its own".to_owned(),
        Write::Chop(1) => ", octet by octet".to_owned(),
        Write::Chop(octets) => format!(", {octets} octets a write"),
    }
}

pub(super) fn message(opcode: Opcode, payload: Payload, fragment: Option<usize>) -> Step {
    Step::Message { opcode, payload, fragment }
}

pub(super) fn close(code: Option<u16>, reason: Option<Payload>) -> Step {
    Step::Close { code, reason }
}

/// Waits a second, then goes on either way.
pub(super) fn pause() -> Step {
    Step::Wait { duration: Duration::from_secs(1), tag: None }
}

/// Waits a second for the testee to close; records that it did not.
pub(super) fn wait(tag: char) -> Step {
    Step::Wait { duration: Duration::from_secs(1), tag: Some(tag) }
}

pub(super) fn text_back(payload: impl Into<Payload>) -> Event {
    Event::Message { binary: false, payload: payload.into() }
}

pub(super) fn binary_back(payload: impl Into<Payload>) -> Event {
    Event::Message { binary: true, payload: payload.into() }
}

pub(super) fn pong_back(payload: impl Into<Payload>) -> Event {
    Event::Pong(payload.into())
}
