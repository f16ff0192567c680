//! One connection as the suite keeps it: what it answers by itself, when it counts as closed, by
//! whom, and whether cleanly. No socket, no clock: octets and the time are arguments.
//!
//! ```text
//!  Connecting ──handshake──▶ Open ──Close sent──▶ Closing ──dropped, or TCP gone──▶ Closed
//!       └───────────────── refused, or TCP gone ────────────────────────────────────▲
//! ```
//!
//! The verdict on how a case ended follows from this machine and nothing else, so it does what the
//! suite's does in every corner: a violation begins a closing handshake, a second one drops TCP;
//! after a failure messages are not heard any more, but Pongs are; a frame's first two octets are
//! judged again each time more of its header arrives.

mod receive;
mod send;

use std::time::Duration;

use super::case::{Opcode, Write};
use super::deflate::Codec;
use super::opening::client::Request;
use super::opening::deflate::Agreed;
use super::opening::head::Head;
use super::outgoing::Outgoing;
use super::record::{Excerpt, Facts, Log, Row, Traffic};
use super::timers::{Time, Timers};
use crate::report::schema::Role;

/// The time that the peer has for each handshake, and for dropping TCP: the suite's own.
const OPENING: Duration = Duration::from_secs(5);
const CLOSING: Duration = Duration::from_secs(1);
const DROP: Duration = Duration::from_secs(1);

/// The longest head of an answer. The suite has no limit; a testee that sends more is not opening.
const LONGEST_HEAD: usize = 1 << 20;

/// Where the connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The opening handshake is going on.
    Connecting,
    /// Messages may pass.
    Open,
    /// The engine has sent Close.
    Closing,
    /// Nothing passes any more.
    Closed,
}

/// What fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// The opening handshake takes too long.
    Opening,
    /// The answer to our Close takes too long.
    Closing,
    /// The server takes too long to drop TCP.
    Drop,
    /// The case's kill timer.
    Kill,
    /// The case's close timer.
    Close,
    /// The case's script goes on.
    Resume,
}

/// What the case hears of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The opening handshake is done.
    Opened,
    /// A whole data message.
    Message {
        /// Binary rather than text.
        binary: bool,
        /// Its payload.
        payload: Vec<u8>,
    },
    /// A Pong and its payload.
    Pong(Vec<u8>),
}

/// What is to become of the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Up,
    /// What is ready is written, then it is closed. Nothing more is read.
    Finish,
    /// It is reset at once.
    Abort,
    /// It is closed at once, what is ready is lost.
    Tear,
}

/// What is the same for every connection of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Every timer and wait is longer by this factor.
    pub time_scale: f64,
    /// zlib's level for what the engine sends.
    pub deflate_level: i32,
}

impl Pace {
    /// A time of the suite as it is in this run.
    #[must_use]
    pub fn scaled(&self, time: Duration) -> Duration {
        if self.time_scale == 1.0 { time } else { time.mul_f64(self.time_scale) }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self { time_scale: 1.0, deflate_level: super::deflate::LEVEL }
    }
}

/// The machine.
#[derive(Debug)]
pub struct Connection {
    role: Role,
    pace: Pace,
    state: State,
    fate: Fate,
    timers: Timers<Alarm>,
    out: Outgoing,
    keys: send::Keys,
    incoming: receive::Incoming,
    deflate: Option<Codec>,
    request: Option<Request>,
    /// How it went so far.
    pub facts: Facts,
    /// What passed over the wire.
    pub log: Log,
    /// What the engine sent.
    pub sent: Traffic,
    /// What the engine received.
    pub received: Traffic,
    /// The head of the request, as octets.
    pub http_request: Vec<u8>,
    /// The head of the answer, as octets.
    pub http_response: Vec<u8>,
}

impl Connection {
    /// As a client: writes the request and waits for the answer.
    #[must_use]
    pub fn dial(request: Request, pace: Pace) -> Self {
        let mut connection = Self::new(Role::Client, pace, State::Connecting);
        connection.http_request = request.octets();
        connection.write(connection.http_request.clone());
        connection.timers.arm(pace.scaled(OPENING), Alarm::Opening);
        connection.request = Some(request);
        connection
    }

    /// As a server that has read `request` and writes `answer`, which agrees to that.
    #[must_use]
    pub fn accept(request: &[u8], answer: Vec<u8>, agreed: Option<Agreed>, pace: Pace) -> Self {
        let mut connection = Self::new(Role::Server, pace, State::Connecting);
        connection.log.row(Row::OctetsReceived(Excerpt::of(request)));
        connection.received.before_open = request.len() as u64;
        connection.http_request = request.to_vec();
        connection.http_response.clone_from(&answer);
        connection.write(answer);
        connection.open(agreed);
        connection.incoming.announce_open();
        connection
    }

    fn new(role: Role, pace: Pace, state: State) -> Self {
        Self {
            role,
            pace,
            state,
            fate: Fate::Up,
            timers: Timers::new(),
            out: Outgoing::default(),
            keys: send::Keys::new(),
            incoming: receive::Incoming::default(),
            deflate: None,
            request: None,
            facts: Facts::default(),
            log: Log::default(),
            sent: Traffic::default(),
            received: Traffic::default(),
            http_request: Vec::new(),
            http_response: Vec::new(),
        }
    }

    fn open(&mut self, agreed: Option<Agreed>) {
        self.state = State::Open;
        self.facts.opened = true;
        self.timers.disarm(Alarm::Opening);
        let level = self.pace.deflate_level;
        self.deflate = agreed.map(|agreed| Codec::new(agreed, self.role, level));
    }

    /// Where it is.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// permessage-deflate is agreed.
    #[must_use]
    pub fn compresses(&self) -> bool {
        self.deflate.is_some()
    }

    /// What is to become of the transport.
    #[must_use]
    pub fn fate(&self) -> Fate {
        self.fate
    }

    /// What is ready to be written, and what waits for its turn.
    pub fn outgoing(&mut self) -> &mut Outgoing {
        &mut self.out
    }

    /// Writes the next piece that waits for a turn.
    pub fn turn(&mut self) {
        let piece = self.out.turn();
        if let Some(piece) = piece.filter(|_| self.state != State::Closed) {
            self.put(piece.octets, piece.own_turn);
        }
    }

    /// When a timer fires next.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        self.timers.next()
    }

    /// A Close is answered, and no timer runs: nothing is to come but the peer's end of TCP, and
    /// whatever else it sends brings that no nearer.
    #[must_use]
    pub fn awaits_only_its_end(&self) -> bool {
        self.state == State::Closing && self.deadline().is_none()
    }

    /// Arms a timer of the case.
    pub fn arm(&mut self, now: Time, after: Duration, alarm: Alarm) {
        self.timers.arm(now + self.pace.scaled(after), alarm);
    }

    /// Lets everything fire that is due; stops at the case's own [`Alarm::Resume`].
    pub fn fire(&mut self, now: Time) -> Option<Alarm> {
        while let Some(alarm) = self.timers.take_due(now) {
            if self.state == State::Closed {
                continue;
            }
            match alarm {
                Alarm::Opening if self.state == State::Connecting => {
                    self.facts.opening_timeout = true;
                    self.not_clean("the testee did not finish the opening handshake in time");
                    self.drop_transport(Fate::Abort);
                }
                Alarm::Opening => {}
                Alarm::Closing => {
                    self.facts.closing_timeout = true;
                    self.not_clean("the testee did not answer the Close in time");
                    self.drop_transport(Fate::Abort);
                }
                Alarm::Drop => {
                    self.facts.drop_timeout = true;
                    self.not_clean("the server did not drop TCP in time");
                    self.drop_transport(Fate::Abort);
                }
                Alarm::Kill => {
                    self.log.row(Row::Killed);
                    self.fail(now, 1001, "Going Away");
                }
                Alarm::Close => {
                    self.log.row(Row::ClosedByTimer);
                    self.send_close(now, None, None);
                }
                Alarm::Resume => return Some(alarm),
            }
        }
        None
    }

    /// TCP is gone, whoever dropped it.
    pub fn handle_lost(&mut self) {
        self.state = State::Closed;
        let facts = &mut self.facts;
        if !facts.clean && !facts.dropped_by_engine && facts.not_clean_reason.is_none() {
            facts.not_clean_reason =
                Some("the testee dropped TCP without a closing handshake".to_owned());
        }
    }

    /// Begins the closing handshake if open; otherwise does nothing.
    pub fn send_close(&mut self, now: Time, code: Option<u16>, reason: Option<&[u8]>) {
        self.close(now, code, reason, false);
    }

    fn close(&mut self, now: Time, code: Option<u16>, reason: Option<&[u8]>, is_answer: bool) {
        if self.state != State::Open {
            return;
        }
        let mut payload = code.map(u16::to_be_bytes).map(Vec::from).unwrap_or_default();
        payload.extend_from_slice(reason.unwrap_or_default());
        self.send_octets(Opcode::CLOSE, true, 0, &payload, Write::Plain);
        self.state = State::Closing;
        self.facts.closed_by_engine = !is_answer;
        self.facts.local_close_code = code;
        self.facts.local_close_reason = reason.map(<[u8]>::to_vec);
        if !is_answer {
            self.arm(now, CLOSING, Alarm::Closing);
        }
    }

    /// Fails the connection: Close if open, a drop of TCP if closing.
    fn fail(&mut self, now: Time, code: u16, why: &str) {
        self.facts.failed_by_engine |= self.state != State::Closed;
        match self.state {
            State::Open => {
                let reason = &why.as_bytes()[..why.len().min(123)];
                self.send_close(now, Some(code), Some(reason));
            }
            State::Closing | State::Connecting => self.drop_transport(Fate::Finish),
            State::Closed => {}
        }
    }

    fn drop_transport(&mut self, fate: Fate) {
        if self.state != State::Closed {
            self.facts.dropped_by_engine = true;
            self.state = State::Closed;
            self.fate = fate;
        }
    }

    /// What the suite does where an error of its own escapes: TCP is closed, and nobody did it.
    pub(super) fn tear(&mut self) {
        self.fate = Fate::Tear;
        self.handle_lost();
    }

    /// Ends a connection that takes more memory than a case may.
    pub fn give_up(&mut self, why: &str) {
        self.facts.clean = false;
        self.facts.not_clean_reason = Some(why.to_owned());
        self.drop_transport(Fate::Abort);
    }

    fn not_clean(&mut self, why: &str) {
        self.facts.clean = false;
        self.facts.not_clean_reason = Some(why.to_owned());
    }

    /// The answer to the engine's request, if all of it has arrived.
    fn check_answer(&mut self, input: &[u8]) -> Option<usize> {
        let Some(len) = Head::len_in(input) else {
            if input.len() > LONGEST_HEAD {
                self.not_clean("the answer's head does not end");
                self.drop_transport(Fate::Abort);
            }
            return None;
        };
        self.http_response = input[..len].to_vec();
        let head = Head::read(&self.http_response);
        let request = self.request.as_ref()?;
        match request.check(&head) {
            Ok(agreed) => {
                self.open(agreed);
                Some(len)
            }
            Err(why) => {
                self.facts.not_clean_reason = Some(without_control(&why));
                self.drop_transport(Fate::Abort);
                None
            }
        }
    }
}

/// What quotes a peer, with its control characters in words: reports are read in terminals.
pub(super) fn without_control(text: &str) -> String {
    let escaped = |char: char| -> String {
        if char.is_control() { char.escape_debug().collect() } else { char.into() }
    };
    text.chars().map(escaped).collect()
}
