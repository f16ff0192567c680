//! One case walking through its steps on one connection: what it sends, when it closes by itself,
//! what it has heard. No socket, no clock: octets and the time are arguments.
//!
//! ```text
//!  handle_input, handle_time ─▶ Connection ── Heard ──▶ Play ── frames, Close ──▶ Connection ─▶ outgoing
//!                                                        │
//!                                                        └── Seen ──▶ verdict
//! ```

use std::borrow::Cow;

use super::case::{
    Case, Closer, Compare, Event, Expect, Opcode, RoundTrips, Source, Step, Timer, Write,
};
use super::connection::{Alarm, Connection, Heard, State};
use super::corpus::{Corpus, Unit, Windows};
use super::payload::Payload;
use super::record::{Facts, Log, Row, Traffic};
use super::timers::Time;
use super::wire::{self, Header, MaskingKey};
use crate::report::schema::{Behavior, Role};

/// What a case may record before the engine gives the connection up: octets of payload.
const MOST_RECORDED: usize = 64 << 20;

/// And how many events.
const MOST_EVENTS: usize = 100_000;

/// A case that is being played.
#[derive(Debug)]
pub struct Play<'a> {
    case: &'a Case,
    corpus: &'a Corpus,
    /// Its connection.
    pub connection: Connection,
    seen: Vec<Event>,
    seen_len: usize,
    /// What a case without lists has made up its mind to, and why.
    judged: Option<(Behavior, String)>,
    /// The step that comes next.
    at: usize,
    /// The tag of the wait that the script is in.
    waiting: Option<Option<char>>,
    /// The frame that is written in pieces: its key, and how much of it has been written.
    pieces: (Option<MaskingKey>, usize),
    trips: Option<Trips<'a>>,
    opened: Option<Time>,
    traffic: Option<(Traffic, Traffic)>,
}

/// Round trips under way.
#[derive(Debug)]
struct Trips<'a> {
    plan: &'a RoundTrips,
    windows: Option<Windows<'a>>,
    sent: usize,
    /// The last message sent, which is to come back.
    expected: Cow<'a, [u8]>,
}

/// Everything that a case's report is made of.
#[derive(Debug)]
pub struct Seen {
    /// What the engine was.
    pub role: Role,
    /// How the connection went.
    pub facts: Facts,
    /// What the case recorded, in order.
    pub events: Vec<Event>,
    /// What a case without lists has found by itself, and why.
    pub judged: Option<(Behavior, String)>,
    /// From open to gone; `None` if it never opened.
    pub duration: Option<Time>,
    /// The wire log.
    pub log: Log,
    /// What the engine had sent and received when the round trips were done.
    pub traffic: Option<(Traffic, Traffic)>,
    /// The head of the request.
    pub http_request: Vec<u8>,
    /// The head of the answer.
    pub http_response: Vec<u8>,
}

impl<'a> Play<'a> {
    /// `case` on a connection that has just begun.
    #[must_use]
    pub fn new(case: &'a Case, corpus: &'a Corpus, connection: Connection) -> Self {
        Self {
            case,
            corpus,
            connection,
            seen: Vec::new(),
            seen_len: 0,
            judged: None,
            at: 0,
            waiting: None,
            pieces: (None, 0),
            trips: None,
            opened: None,
            traffic: None,
        }
    }

    /// Takes what one read brought.
    pub fn handle_input(&mut self, now: Time, octets: &[u8]) {
        self.connection.handle_input(octets);
        self.run(now);
    }

    /// Lets everything happen that is due, and begins what can begin.
    pub fn handle_time(&mut self, now: Time) {
        while self.connection.fire(now) == Some(Alarm::Resume) {
            let Some(tag) = self.waiting.take() else { continue };
            self.connection.log.row(Row::Waited(tag));
            match tag {
                Some(tag) if self.connection.state() == State::Open => {
                    self.seen.push(Event::Timeout(tag));
                }
                // It was to see whether the testee would wait, and it did not.
                Some(_) => self.at = self.case.send.len(),
                None => {}
            }
            self.go_on(now);
        }
        self.run(now);
    }

    /// What is left of it when TCP is gone.
    #[must_use]
    pub fn finish(mut self, now: Time, role: Role) -> Seen {
        self.connection.handle_lost();
        let connection = self.connection;
        Seen {
            role,
            facts: connection.facts,
            events: self.seen,
            judged: self.judged,
            duration: self.opened.map(|opened| now.saturating_sub(opened)),
            log: connection.log,
            traffic: self.traffic,
            http_request: connection.http_request,
            http_response: connection.http_response,
        }
    }

    fn run(&mut self, now: Time) {
        while let Some(heard) = self.connection.next(now) {
            match heard {
                Heard::Opened => self.open(now),
                Heard::Message { binary, payload } => self.message(now, binary, payload),
                Heard::Pong(payload) => {
                    self.record(Event::Pong(Payload::from(payload)));
                    self.close_when_done(now);
                }
            }
        }
    }

    fn open(&mut self, now: Time) {
        self.opened = Some(now);
        match self.case.expect {
            Expect::Events { .. } => {}
            Expect::Length { .. } => self.connection.log.silence(true),
            Expect::Echoes { .. } => self.connection.log.switch(false),
        }
        if !matches!(self.case.expect, Expect::Events { .. }) {
            self.judge(Behavior::Failed, "nothing came back in time");
        }
        if self.case.deflate.is_some() && !self.connection.compresses() {
            self.judge(Behavior::Unimplemented, "permessage-deflate was not agreed");
            return self.connection.send_close(now, Some(1000), None);
        }
        self.go_on(now);
    }

    fn judge(&mut self, behavior: Behavior, why: impl Into<String>) {
        self.judged = Some((behavior, why.into()));
    }

    /// Does the steps from here to the next wait.
    fn go_on(&mut self, now: Time) {
        let case = self.case;
        while let Some(step) = case.send.get(self.at) {
            self.at += 1;
            match step {
                Step::Frame(frame) => self.connection.send_frame(frame),
                Step::Message { opcode, payload, fragment } => {
                    self.connection.send_message(*opcode, &payload.octets(), *fragment);
                }
                Step::FrameHeader { opcode, fin, rsv, payload_len } => {
                    if self.connection.state() == State::Open {
                        let mask = self.connection.masking_key();
                        let payload_len = *payload_len;
                        let mut octets = Vec::new();
                        Header { fin: *fin, rsv: *rsv, opcode: *opcode, payload_len, mask }
                            .write(&mut octets);
                        self.pieces = (mask, 0);
                        self.connection.write(octets);
                    }
                }
                Step::FramePiece(payload) => {
                    if self.connection.state() == State::Open {
                        let mut octets = payload.octets().into_owned();
                        let (mask, before) = &mut self.pieces;
                        if let Some(key) = mask {
                            wire::mask(*key, *before, &mut octets);
                        }
                        *before += octets.len();
                        self.connection.write(octets);
                    }
                }
                Step::Close { code, reason } => {
                    let reason = reason.as_ref().map(Payload::octets);
                    self.connection.send_close(now, *code, reason.as_deref());
                }
                Step::Wait { duration, tag } => {
                    self.waiting = Some(*tag);
                    self.connection.log.row(Row::Wait(*duration, *tag));
                    return self.connection.arm(now, *duration, Alarm::Resume);
                }
                Step::Arm(Timer::Kill(after)) => {
                    self.connection.log.row(Row::KillArmed(*after));
                    self.connection.arm(now, *after, Alarm::Kill);
                }
                Step::Arm(Timer::Close(after)) => {
                    self.connection.log.row(Row::CloseArmed(*after));
                    self.connection.arm(now, *after, Alarm::Close);
                }
                Step::RoundTrips(plan) => {
                    let windows = match &plan.source {
                        Source::Same(_) => None,
                        Source::Windows { file, len, .. } => Some(self.corpus.windows(*file, *len)),
                    };
                    let expected = Cow::Borrowed(&[][..]);
                    self.trips = Some(Trips { plan, windows, sent: 0, expected });
                    self.send_next();
                }
            }
        }
    }

    fn send_next(&mut self) {
        let Some(trips) = &mut self.trips else { return };
        trips.sent += 1;
        let opcode = trips.plan.opcode;
        match &trips.plan.source {
            Source::Same(payload) => {
                trips.expected = payload.octets();
                self.connection.send_plain(opcode, &trips.expected);
            }
            Source::Windows { fragment, .. } => {
                let next = trips.windows.as_mut().and_then(Iterator::next);
                trips.expected = next.unwrap_or_default();
                self.connection.send_message(opcode, &trips.expected, *fragment);
            }
        }
    }

    fn message(&mut self, now: Time, binary: bool, payload: Vec<u8>) {
        match &self.case.expect {
            Expect::Events { .. } => {
                self.record(Event::Message { binary, payload: Payload::from(payload) });
                self.close_when_done(now);
            }
            Expect::Length { binary: expected_binary, len } => {
                match mismatch(binary, payload.len(), *expected_binary, *len) {
                    None => self.judge(Behavior::Ok, format!("a message of {len} octets came")),
                    // One that was right stays right, whatever follows.
                    Some(why) => match &mut self.judged {
                        Some((Behavior::Ok, _)) => {}
                        _ => self.judge(Behavior::Failed, why),
                    },
                }
                self.connection.log.silence(false);
                self.connection.send_close(now, Some(1000), None);
            }
            Expect::Echoes { compare } => self.echo(now, *compare, binary, &payload),
        }
    }

    fn echo(&mut self, now: Time, compare: Compare, binary: bool, payload: &[u8]) {
        let Some(trips) = &self.trips else { return self.echo_of_nothing(now, binary, payload) };
        let n = trips.sent;
        let expected_binary = trips.plan.opcode == Opcode::BINARY;
        let wrong =
            mismatch(binary, payload.len(), expected_binary, trips.expected.len()).or_else(|| {
                match compare {
                    Compare::Length => None,
                    Compare::Octets => first_difference(&trips.expected, payload),
                }
            });
        let (behavior, why) = match wrong {
            Some(why) => (Behavior::Failed, format!("echo {n} of {}: {why}", trips.plan.count)),
            None if n < trips.plan.count => return self.send_next(),
            None => {
                self.traffic = Some((self.connection.sent, self.connection.received));
                (Behavior::Ok, format!("all {n} echoes came as demanded"))
            }
        };
        self.judge(behavior, why);
        self.connection.log.switch(true);
        self.connection.send_close(now, Some(1000), None);
    }

    /// A message although nothing was sent, the extension being missing: the suite compares type and
    /// length, and trips over its own feet if they happen to be right.
    fn echo_of_nothing(&mut self, now: Time, binary: bool, payload: &[u8]) {
        let plan = self.case.send.iter().find_map(|step| match step {
            Step::RoundTrips(plan) => Some(plan),
            _ => None,
        });
        let len_in = |unit| match unit {
            Unit::Octet => payload.len(),
            Unit::Character => String::from_utf8_lossy(payload).chars().count(),
        };
        let right = plan.is_some_and(|plan| match plan.source {
            Source::Windows { file, len, .. } => {
                binary == (plan.opcode == Opcode::BINARY) && len_in(file.unit()) == len
            }
            Source::Same(_) => false,
        });
        if right {
            return self.connection.tear();
        }
        self.judge(Behavior::Failed, "a message came although none was sent");
        self.connection.log.switch(true);
        self.connection.send_close(now, Some(1000), None);
    }

    fn record(&mut self, event: Event) {
        self.seen_len += match &event {
            Event::Message { payload, .. } | Event::Pong(payload) => payload.len(),
            Event::Timeout(_) => 0,
        };
        if self.seen_len > MOST_RECORDED || self.seen.len() >= MOST_EVENTS {
            return self.connection.give_up("the testee sends more than a case may record");
        }
        self.seen.push(event);
    }

    /// Sends Close if the events equal all lists of the case and the engine is to close. A case
    /// without lists has none that they do not equal, so there one Pong is enough.
    fn close_when_done(&mut self, now: Time) {
        let equal = match &self.case.expect {
            Expect::Events { ok, non_strict } => {
                self.seen == *ok && non_strict.as_ref().is_none_or(|list| self.seen == *list)
            }
            Expect::Length { .. } | Expect::Echoes { .. } => true,
        };
        if equal && self.case.auto_close && self.case.close.closer == Closer::Engine {
            let code = self.case.close.codes.first().copied();
            self.connection.send_close(now, code, None);
        }
    }
}

impl Connection {
    /// Sends one unfragmented, uncompressed data frame.
    fn send_plain(&mut self, opcode: Opcode, payload: &[u8]) {
        self.send_octets(opcode, true, 0, payload, Write::Plain);
    }
}

/// Why a message is not of this type and length.
fn mismatch(
    binary: bool,
    len: usize,
    expected_binary: bool,
    expected_len: usize,
) -> Option<String> {
    let name = |binary| if binary { "a binary message" } else { "a text message" };
    if binary != expected_binary {
        let (expected, came) = (name(expected_binary), name(binary));
        return Some(format!("expected {expected}, {came} came"));
    }
    (len != expected_len).then(|| format!("expected {expected_len} octets, {len} came"))
}

/// Where an echo differs from what was sent.
fn first_difference(expected: &[u8], came: &[u8]) -> Option<String> {
    let at = expected.iter().zip(came).position(|(expected, came)| expected != came)?;
    let (expected, came) = (expected[at], came[at]);
    Some(format!("octet {at} is {came:02x}, expected {expected:02x}"))
}
