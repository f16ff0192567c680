//! Two endpoints between their first Close and the end of TCP: every order in which things can
//! happen, walked to its end on a simulated clock. (T03, T14)
//!
//! A state is both connections and what is under way between them. From each, everything that could
//! come next is tried; states that look the same from outside are visited once. A connection cannot
//! be copied, so a state is reached by its path.
//!
//! Slow networks, peers that never answer and peers that never end TCP need no rows of their own:
//! they are the orders in which time passes first.
#![cfg(feature = "alloc")]

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use ws_core::connection::{Config, Failure, Transport};
use ws_core::frame::CloseFrame;
use ws_core::{CloseCode, Role};

use oracle::{CLOSE, Frame, PONG};
use support::{Driver, NOW, Seen};

mod oracle;
mod support;

/// What may happen next. Each end is 0 (the client) or 1 (the server).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// Its application closes.
    Close(usize),
    /// Its application sends a message, once.
    Send(usize),
    /// Its application pings, once: the Pong may cross a Close.
    Ping(usize),
    /// Its transport takes what is queued.
    Write(usize),
    /// What it has written arrives.
    Deliver(usize),
    /// It does what `poll_transport` says: ends its stream, or drops the transport.
    Obey(usize),
    /// The end of its stream arrives.
    DeliverEnd(usize),
    /// Its stream ends though it never said so: a middlebox, or a crash of half the peer.
    Cut(usize),
    /// It writes, and learns that the other end is gone.
    Reset(usize),
    /// Time passes, and no deadline with it.
    Pass,
    /// Time jumps to the next deadline.
    Tick,
}

#[derive(Debug)]
struct End {
    driver: Driver,
    /// How much of what it wrote has arrived.
    arrived: usize,
    sent: bool,
    pinged: bool,
    /// Its stream ends behind what it wrote.
    ended: bool,
    /// The other end has read that.
    end_read: bool,
    dropped: bool,
    /// When it stopped being open.
    closing_since: Option<Duration>,
}

#[derive(Debug)]
struct Model {
    ends: [End; 2],
    now: Duration,
    /// A stream was cut, reset, or time has passed.
    faults: bool,
    cut: bool,
    /// How often time passed between two deadlines.
    passed: u8,
}

/// Shorter than any deadline, and no divisor of one.
const PASS: Duration = Duration::from_millis(3400);
const LATE: &str = "late data";
const PING: &[u8] = b"?";
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
const FIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Which actions a walk is about: all of them at once would be more states than patience.
#[derive(Debug, Clone, Copy)]
struct Scope {
    data: bool,
    pings: bool,
    cuts: bool,
}

impl Model {
    fn new() -> Self {
        let ends = [Role::Client, Role::Server].map(|role| End {
            driver: Driver::new(role, Config::default()),
            arrived: 0,
            sent: false,
            pinged: false,
            ended: false,
            end_read: false,
            dropped: false,
            closing_since: None,
        });
        Self { ends, now: NOW, faults: false, cut: false, passed: 0 }
    }

    fn reached_by(path: &[Act]) -> Self {
        let mut model = Self::new();
        for &act in path {
            model.act(act);
        }
        model
    }

    fn under_way(&self, from: usize) -> &[u8] {
        let end = &self.ends[from];
        &end.driver.written[end.arrived..]
    }

    fn next_deadline(&self) -> Option<Duration> {
        let deadlines = self.ends.iter().filter(|end| !end.dropped);
        deadlines.filter_map(|end| end.driver.connection.poll_timeout()).min()
    }

    fn possible(&self, scope: Scope) -> Vec<Act> {
        let mut acts = Vec::new();
        for (i, end) in self.ends.iter().enumerate() {
            let other = &self.ends[1 - i];
            let connection = &end.driver.connection;
            let transport = connection.poll_transport();
            if !end.dropped {
                if connection.may_send() {
                    acts.push(Act::Close(i));
                    if scope.data && !end.sent {
                        acts.push(Act::Send(i));
                    }
                    if scope.pings && !end.pinged {
                        acts.push(Act::Ping(i));
                    }
                }
                if connection.output_len() > 0 && transport != Transport::Close {
                    acts.push(if other.dropped { Act::Reset(i) } else { Act::Write(i) });
                }
                let obeys = transport == Transport::ShutDown && !end.ended;
                if obeys || transport == Transport::Close {
                    acts.push(Act::Obey(i));
                }
                if scope.cuts && !self.cut && !end.ended {
                    acts.push(Act::Cut(i));
                }
            }
            if !other.dropped {
                if !self.under_way(i).is_empty() {
                    acts.push(Act::Deliver(i));
                } else if end.ended && !end.end_read {
                    acts.push(Act::DeliverEnd(i));
                }
            }
        }
        if let Some(deadline) = self.next_deadline() {
            acts.push(Act::Tick);
            if self.passed < 1 && self.now + PASS < deadline {
                acts.push(Act::Pass);
            }
        }
        acts
    }

    fn act(&mut self, act: Act) {
        let now = self.now;
        for end in &mut self.ends {
            end.driver.now = now;
        }
        match act {
            Act::Close(i) => {
                let frame = CloseFrame { code: CloseCode::NORMAL, reason: "" };
                self.ends[i].driver.connection.close(Some(frame), now).unwrap();
            }
            Act::Send(i) => {
                self.ends[i].driver.connection.send_text(LATE).unwrap();
                self.ends[i].sent = true;
            }
            Act::Ping(i) => {
                self.ends[i].driver.connection.ping(PING).unwrap();
                self.ends[i].pinged = true;
            }
            Act::Write(i) => {
                // Behind a cut nothing arrives, however much is written.
                let before = self.ends[i].driver.written.len();
                let written = self.ends[i].driver.write_all();
                if self.ends[i].ended {
                    self.ends[i].arrived = before + written;
                }
            }
            Act::Deliver(i) => {
                let octets = self.under_way(i).to_vec();
                self.ends[i].arrived += octets.len();
                self.ends[1 - i].driver.feed_silently(&octets);
            }
            Act::Obey(i) => {
                let end = &mut self.ends[i];
                end.dropped = end.driver.connection.poll_transport() == Transport::Close;
                end.ended = true;
            }
            Act::DeliverEnd(i) => {
                self.ends[i].end_read = true;
                self.ends[1 - i].driver.end_of_stream_silently();
            }
            Act::Cut(i) => {
                self.ends[i].ended = true;
                self.cut = true;
                self.faults = true;
            }
            Act::Reset(i) => {
                self.ends[i].driver.transport_lost();
                self.faults = true;
            }
            Act::Pass => {
                self.now += PASS;
                self.passed += 1;
            }
            Act::Tick => {
                let deadline = self.next_deadline().expect("there is one");
                assert!(deadline >= self.now, "a deadline in the past was not handled");
                self.now = deadline;
                self.faults = true;
                for end in self.ends.iter_mut().filter(|end| !end.dropped) {
                    end.driver.timeout_at(deadline);
                }
            }
        }
        for end in &mut self.ends {
            if !end.driver.connection.may_send() {
                end.closing_since.get_or_insert(now);
            }
        }
    }

    /// What can be seen of a state from outside, and all that decides what comes next.
    fn key(&self) -> String {
        let ends = self.ends.each_ref().map(|end| {
            let connection = &end.driver.connection;
            let queued: Vec<u8> = connection.poll_output().flatten().copied().collect();
            let since = |at: Option<Duration>| at.map(|at| self.now.abs_diff(at));
            (
                (connection.may_send(), connection.poll_transport()),
                (since(connection.poll_timeout()), since(end.closing_since)),
                (queued, end.driver.written.clone(), end.arrived),
                end.driver.notes.events.clone(),
                (end.sent, end.pinged, end.ended, end.end_read, end.dropped),
            )
        });
        format!("{ends:?} {} {} {}", self.faults, self.cut, self.passed)
    }

    /// What must hold in every state.
    fn check(&self) {
        for (i, end) in self.ends.iter().enumerate() {
            let other = &self.ends[1 - i];
            // One terminal event and nothing behind it: `log` looks. One Close, nothing behind it:
            let frames = end.driver.log().output;
            let close = frames.iter().position(|frame| frame.opcode == CLOSE);
            assert!(close.is_none_or(|at| at + 1 == frames.len()), "{frames:?}");
            // What is told was sent, at most once.
            let count = |of: &dyn Fn(&Seen) -> bool| {
                end.driver.notes.events.iter().filter(|seen| of(seen)).count()
            };
            assert!(count(&|seen| matches!(seen, Seen::Text(_))) <= usize::from(other.sent));
            assert!(count(&|seen| matches!(seen, Seen::Ping(_))) <= usize::from(other.pinged));
            assert!(
                frames.iter().filter(|frame| frame.opcode == PONG).count()
                    <= usize::from(other.pinged)
            );
            // Clean only if both Closes exist; and whatever happens, it is over in time.
            let is_clean = count(&|seen| matches!(seen, Seen::Close(_))) == 1;
            if is_clean {
                let theirs: Vec<Frame> = other.driver.frames();
                assert!(theirs.iter().any(|frame| frame.opcode == CLOSE));
            }
            let over = end.dropped || end.driver.connection.poll_transport() == Transport::Close;
            // Once both streams have ended there is nothing to wait for.
            if other.end_read && end.driver.connection.output_len() == 0 {
                assert!(over, "the end was read, and all is written");
            }
            if let (Some(since), false) = (end.closing_since, over) {
                let deadline = end.driver.connection.poll_timeout();
                let deadline = deadline.expect("who is closing does not wait for ever");
                assert!(deadline <= since + CLOSE_TIMEOUT + FIN_TIMEOUT, "{deadline:?}");
            }
        }
    }

    /// What must hold where nothing can happen any more.
    fn check_end(&self) {
        assert!(self.ends.iter().all(|end| end.dropped), "both transports are gone");
        for end in &self.ends {
            let terminal = end.driver.notes.events.last().expect("the end was told");
            let clean = matches!(terminal, Seen::Close(Some((1000, _))));
            let known = [Failure::EndOfStream, Failure::CloseTimeout].map(Seen::Failed);
            assert!(clean || known.contains(terminal), "{terminal:?}");
            assert!(clean || self.faults, "without a fault all ends are clean: {terminal:?}");
        }
    }
}

/// Walks every order of what `scope` is about; returns how many states there are, and how many of
/// them are ends.
fn walk(scope: Scope) -> (usize, usize) {
    let mut seen = HashSet::from([Model::new().key()]);
    let mut to_visit = VecDeque::from([Vec::new()]);
    let mut ends = 0;
    while let Some(path) = to_visit.pop_front() {
        let model = Model::reached_by(&path);
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| model.check()));
        assert!(told.is_ok(), "after {path:?}");
        let possible = model.possible(scope);
        if possible.is_empty() {
            ends += 1;
            let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| model.check_end()));
            assert!(told.is_ok(), "at the end of {path:?}");
        }
        for act in possible {
            let mut next = path.clone();
            next.push(act);
            if seen.insert(Model::reached_by(&next).key()) {
                to_visit.push_back(next);
            }
        }
    }
    (seen.len(), ends)
}

#[test]
fn t03_t14_every_order_of_closing_and_late_data() {
    let (states, ends) = walk(Scope { data: true, pings: false, cuts: false });
    assert!(states > 1000 && ends > 10, "{states} states, {ends} of them ends");
}

#[test]
fn t03_t14_every_order_of_closing_and_a_pong_that_is_due() {
    let (states, ends) = walk(Scope { data: false, pings: true, cuts: false });
    assert!(states > 1000 && ends > 10, "{states} states, {ends} of them ends");
}

#[test]
fn t03_t14_every_order_of_closing_with_a_half_that_is_cut() {
    let (states, ends) = walk(Scope { data: false, pings: false, cuts: true });
    assert!(states > 1000 && ends > 10, "{states} states, {ends} of them ends");
}
