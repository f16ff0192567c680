//! The tokio adapter under a workload: futures dropped after any poll, on a transport that limits,
//! holds back and fails.

use arbitrary::{Result, Unstructured};
use ws_core::tokio::{Error, Event, WebSocket};
use ws_core::{CloseCode, Config, Limits, Message, MessageKind, Role};

use crate::frames::Frames;
use crate::input::{kind, octets};
use crate::oracle::{self, BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, TEXT, key_to};
use crate::support::Seen;
use crate::support::model::model;
use crate::tokio_support::{Remote, Wire, poll_times, run, socket};

/// Whatever is called, and whenever its future is dropped: what is received is what the peer sent,
/// what is written is what was sent, each once, whole and in order; no poll works without progress;
/// and once the transport does its part, everything comes to its end. The first octet chooses role,
/// way of receiving, and how much a read or write moves.
pub fn tokio_workload(input: &[u8]) {
    let Some((&settings, operations)) = input.split_first() else { return };
    let mut workload = Workload::new(settings);
    // Octets that end are the end of the operations.
    let mut operations = Unstructured::new(operations);
    while !operations.is_empty() && workload.operate(&mut operations).is_ok() {}
    workload.finish();
}

/// Octets of a payload that is not a long one.
const MOST_SHORT: usize = 1000;

/// How messages are received, the same for all of a workload.
#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    Messages,
    Events,
    Pieces,
}

struct Workload {
    role: Role,
    by: By,
    socket: WebSocket<Wire>,
    remote: Remote,
    /// What the peer has sent, and the opcode of its message that is open.
    arrived: Vec<Frame>,
    peer_open: Option<u8>,
    received: Vec<Seen>,
    /// The pieces of a message so far.
    pieces: Vec<u8>,
    /// Nothing more is received.
    ended: bool,
    /// What was to be sent, and whether it must be on the wire.
    sent: Vec<(Message, Fate)>,
    /// How many Pings were to be sent, and the payloads of those that may have been.
    pings: u32,
    pinged: Vec<Vec<u8>>,
    /// A call that sends has told how the connection failed.
    told: bool,
    /// How many more payloads may be long ones, which take long.
    long_left: usize,
    /// We have closed, or may have.
    closed: bool,
    /// Not everything can be written at once: the transport does not take it, or the buffer.
    held_back: bool,
    /// The transport has failed, or ends early: not all needs to pass.
    faulty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    /// The call said so.
    Queued,
    /// The future was dropped, or the transport failed.
    Unknown,
}

impl Workload {
    fn new(settings: u8) -> Self {
        let role = if settings & 1 == 0 { Role::Server } else { Role::Client };
        let by = [By::Messages, By::Events, By::Pieces][usize::from(settings >> 1 & 3) % 3];
        // Little room, that a few calls use up, or much, that a long payload goes past.
        let has_room = settings & 64 != 0;
        let limits = Limits::builder().max_write_buffer(if has_room { 1 << 20 } else { 600 });
        let limits = limits.max_pings(u32::MAX).build().expect("they fit");
        let (socket, remote) = socket(role, Config::with_limits(limits));
        remote.with(|state| {
            state.limit = [usize::MAX, 1, 7, 100][usize::from(settings >> 3 & 3)];
            if has_room {
                // 64 KiB need not take as many calls as octets.
                state.limit = state.limit.saturating_mul(300);
            }
            state.restless = settings & 32 != 0;
        });
        Self {
            role,
            by,
            socket,
            remote,
            arrived: Vec::new(),
            peer_open: None,
            received: Vec::new(),
            pieces: Vec::new(),
            ended: false,
            sent: Vec::new(),
            told: false,
            pings: 0,
            pinged: Vec::new(),
            long_left: 2,
            closed: false,
            held_back: settings >> 3 & 7 != 0 || !has_room,
            faulty: false,
        }
    }

    fn operate(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let what: u8 = input.arbitrary()?;
        let polls = usize::from(what >> 4);
        match what & 15 {
            0..=2 => self.peer_sends(input)?,
            3 => {
                self.held_back = true;
                self.remote.set_room(input.int_in_range(0..=900)? << (what >> 4));
            }
            4 => self.remote.set_room(usize::MAX),
            5..=7 => self.receive(polls),
            8 | 9 => self.send(input, polls, false)?,
            10 | 11 => self.send(input, polls, true)?,
            12 => {
                let done = self.spend(polls, |socket| socket.flush());
                self.note_sent(done.as_ref());
            }
            13 => {
                self.pings = self.pings.wrapping_add(1);
                let payload = self.pings.to_be_bytes();
                let done = self.spend(polls, |socket| socket.ping(&payload));
                self.note_sent(done.as_ref());
                if !matches!(done, Some(Err(Error::Misuse(_)))) {
                    self.pinged.push(payload.to_vec());
                }
            }
            14 if polls > 10 => {
                self.closed = true;
                let done = self.spend(polls - 11, |socket| socket.close(CloseCode::NORMAL, "done"));
                self.note_sent(done.as_ref());
            }
            15 => self.fail(polls),
            _ => {}
        }
        Ok(())
    }

    /// Polls `call` at most so many times. No poll does more than what it moves calls for.
    fn spend<'a, T, F>(
        &'a mut self,
        polls: usize,
        call: impl FnOnce(&'a mut WebSocket<Wire>) -> F,
    ) -> Option<T>
    where
        F: Future<Output = T>,
    {
        let remote = self.remote.clone();
        let before = work(&remote);
        let output = poll_times(call(&mut self.socket), polls);
        assert_worked(before, work(&remote), polls);
        output
    }

    /// What a call that sends has said.
    fn note_sent(&mut self, done: Option<&std::result::Result<(), Error>>) {
        self.told |= matches!(done, Some(Err(error)) if !matches!(error, Error::Misuse(_)));
    }

    fn peer_sends(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        if self.arrived.last().is_some_and(|frame| frame.opcode == CLOSE) {
            return Ok(());
        }
        let frame = match input.int_in_range(0..=7)? {
            // No two are the same.
            0 => oracle::ping(&self.arrived.len().to_be_bytes()),
            1 => oracle::pong(b"unasked"),
            2 if input.int_in_range(0..=3)? == 0 => Frame::close(1001, "bye"),
            n => {
                let (fin, kind) = (n != 7, kind(input)?);
                let opcode = if kind == MessageKind::Text { TEXT } else { BINARY };
                let first = self.peer_open.is_none();
                let opcode = *self.peer_open.get_or_insert(opcode);
                let payload = match opcode {
                    TEXT => String::from_utf8_lossy(&self.octets(input)?).into_owned().into_bytes(),
                    _ => self.octets(input)?,
                };
                if fin {
                    self.peer_open = None;
                }
                Frame::new(fin, if first { opcode } else { CONTINUATION }, payload)
            }
        };
        self.push(frame);
        Ok(())
    }

    fn octets(&mut self, input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
        let mut payload = octets(input)?;
        if payload.len() > MOST_SHORT {
            match self.long_left.checked_sub(1) {
                Some(left) => self.long_left = left,
                None => payload.truncate(MOST_SHORT),
            }
        }
        Ok(payload)
    }

    fn push(&mut self, frame: Frame) {
        self.remote.push(&frame.octets(key_to(self.role)));
        self.arrived.push(frame);
    }

    fn receive(&mut self, polls: usize) {
        let by = self.by;
        if let Some(received) = self.spend(polls, |socket| receive(socket, by)) {
            self.note(received);
        }
    }

    fn note(&mut self, received: std::result::Result<Option<Got>, Error>) {
        match received {
            Ok(Some(Got::Whole(seen))) => self.received.push(seen),
            Ok(Some(Got::Piece { kind, octets, ends_message })) => {
                self.pieces.extend_from_slice(&octets);
                if ends_message {
                    let message = std::mem::take(&mut self.pieces);
                    self.received.push(Seen::message(kind, message));
                }
            }
            Ok(None) => {
                let is_clean = self.socket.peer_close().is_some();
                assert!(self.ended || self.told || is_clean, "T01: the peer has not closed");
                self.ended = true;
            }
            Err(error) => {
                assert!(!self.ended, "told once: {error}");
                assert!(self.faulty, "nothing is wrong: {error}");
                self.ended = true;
            }
        }
    }

    fn send(&mut self, input: &mut Unstructured<'_>, polls: usize, feed: bool) -> Result<()> {
        // No two messages are the same.
        let mut payload = format!("{}:", self.sent.len()).into_bytes();
        payload.extend(self.octets(input)?);
        let message = match kind(input)? {
            MessageKind::Text => Message::text(String::from_utf8_lossy(&payload).into_owned()),
            MessageKind::Binary => Message::binary(payload),
        };
        let to_send = message.clone();
        let done = if feed {
            self.spend(polls, |socket| socket.feed(to_send))
        } else {
            self.spend(polls, |socket| socket.send(to_send))
        };
        self.note_sent(done.as_ref());
        match done {
            Some(Ok(())) => self.sent.push((message, Fate::Queued)),
            Some(Err(Error::Misuse(_))) => {}
            None | Some(Err(_)) => self.sent.push((message, Fate::Unknown)),
        }
        Ok(())
    }

    /// The transport fails now, soon, or in one direction.
    fn fail(&mut self, how: usize) {
        let Some(how) = how.checked_sub(10) else { return };
        self.faulty = true;
        match how {
            0 | 1 => self.remote.end(),
            2 => self.remote.with(|state| state.read_error = Some(std::io::ErrorKind::TimedOut)),
            3 => self.remote.with(|state| state.write_zero = true),
            soon => self.remote.with(|state| {
                state.fail_from = Some(state.counts.operations + soon);
            }),
        }
    }

    fn finish(&mut self) {
        if !self.faulty {
            if self.peer_open.take().is_some() {
                self.push(oracle::continuation(true, b""));
            }
            if self.arrived.last().is_none_or(|frame| frame.opcode != CLOSE) {
                self.push(Frame::close(1001, "bye"));
            }
        }
        self.remote.end();
        self.remote.set_room(usize::MAX);
        let before = work(&self.remote);
        while !self.ended {
            let received = run(receive(&mut self.socket, self.by));
            self.note(received);
        }
        assert_worked(before, work(&self.remote), self.arrived.len());
        self.check_received();
        self.check_written();
    }

    fn check_received(&self) {
        let (mut events, _) = model(&self.arrived);
        events.retain(|seen| match seen {
            Seen::Ping(_) | Seen::Pong(_) => self.by == By::Events,
            Seen::Close(_) | Seen::Failed(_) => false,
            _ => true,
        });
        if self.faulty || self.closed {
            assert!(events.starts_with(&self.received), "{:?} of {events:?}", self.received);
        } else {
            assert_eq!(self.received, events);
        }
    }

    fn check_written(&self) {
        let output = self.remote.with(|state| state.output.clone());
        let whole = Frames::of(&output).whole_len;
        assert!(self.faulty || whole == output.len(), "a frame was not written whole");
        let frames = oracle::parse(self.role, &output[..whole]);
        let mut messages =
            frames.iter().filter(|frame| matches!(frame.opcode, TEXT | BINARY)).peekable();
        for (message, fate) in &self.sent {
            let opcode = if message.kind() == MessageKind::Text { TEXT } else { BINARY };
            let frame = Frame::new(true, opcode, message.payload().to_vec());
            if messages.next_if(|written| **written == frame).is_none() {
                assert!(self.faulty || *fate == Fate::Unknown, "lost: {message:?}");
            }
        }
        assert_eq!(messages.next(), None, "never sent, or not in this order");
        let of = |opcode| frames.iter().filter(move |frame| frame.opcode == opcode);
        let mut arrived = self.arrived.iter().filter(|frame| frame.opcode == PING);
        for pong in of(PONG) {
            let answers = arrived.any(|ping| ping.payload == pong.payload);
            assert!(answers, "an answer to nothing, or out of order: {pong:?}");
        }
        let mut pinged = self.pinged.iter();
        for ping in of(PING) {
            assert!(pinged.any(|payload| *payload == ping.payload), "never sent: {ping:?}");
        }
        // One that waits for the peer to read goes unanswered if its Close is read first.
        if !self.faulty && !self.closed && !self.held_back {
            let last = self.arrived.iter().rfind(|frame| frame.opcode == PING);
            let answer = of(PONG).next_back();
            assert_eq!(
                answer.map(|f| &f.payload),
                last.map(|f| &f.payload),
                "the last is answered"
            );
        }
        let closes = frames.iter().filter(|frame| frame.opcode == CLOSE).count();
        assert!(closes == 1 || self.faulty && closes == 0, "one Close: {frames:?}");
    }
}

/// Operations on the transport so far, and octets that it moved either way.
fn work(remote: &Remote) -> (usize, usize) {
    remote.with(|state| (state.counts.operations, state.output.len() + state.taken))
}

/// A few operations a poll, and for each octet one that moves it, one that is pending before that,
/// and a flush, which may be pending too.
fn assert_worked(before: (usize, usize), after: (usize, usize), polls: usize) {
    let (operations, moved) = (after.0 - before.0, after.1 - before.1);
    let most = 20 + 8 * polls + 4 * moved;
    assert!(operations <= most, "{operations} operations moved {moved} octets in {polls} polls");
}

/// What receiving brought.
enum Got {
    Whole(Seen),
    Piece { kind: MessageKind, octets: Vec<u8>, ends_message: bool },
}

async fn receive(socket: &mut WebSocket<Wire>, by: By) -> std::result::Result<Option<Got>, Error> {
    let whole =
        |message: Message| Got::Whole(Seen::message(message.kind(), message.payload().to_vec()));
    Ok(match by {
        By::Messages => socket.recv().await?.map(whole),
        By::Events => socket.recv_event().await?.map(|event| match event {
            Event::Message(message) => whole(message),
            Event::Ping(payload) => Got::Whole(Seen::Ping(payload.to_vec())),
            Event::Pong(payload) => Got::Whole(Seen::Pong(payload.to_vec())),
            event => panic!("an event that nobody knows: {event:?}"),
        }),
        By::Pieces => socket.recv_piece().await?.map(|piece| Got::Piece {
            kind: piece.kind,
            octets: piece.octets.to_vec(),
            ends_message: piece.ends_message,
        }),
    })
}
