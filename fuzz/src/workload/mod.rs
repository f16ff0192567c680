//! The tokio adapter under a workload: futures dropped after any poll, on a transport that limits,
//! holds back and fails.

mod check;
mod endpoint;
mod peer;

use std::io::ErrorKind;

use arbitrary::{Result, Unstructured};
use ws_core::deflate::{Deflate, DeflateParams, WindowBits};
use ws_core::tokio::Error;
use ws_core::{CloseCode, Config, Limits, Message, MessageKind, Misuse, Role};

use crate::input::kind;
use crate::oracle::{self, CLOSE, Frame};
use crate::support::Seen;
use crate::tokio_support::{Remote, poll_times, run, socket};

use endpoint::{By, Endpoint, Form, Got};

/// Whatever is called, and whenever its future is dropped: what is received is what the peer sent,
/// what is written is what was sent, each once, whole and in order; no poll works without progress;
/// and once the transport does its part, everything comes to its end. The first octet chooses role,
/// way of receiving, and how much a read or write moves; the second compression, Pongs, telling while
/// closing, and a stream and a sink.
pub fn tokio_workload(input: &[u8]) {
    let Some((&settings, operations)) = input.split_first_chunk() else { return };
    let mut workload = Workload::new(settings);
    // Octets that end are the end of the operations.
    let mut operations = Unstructured::new(operations);
    while !operations.is_empty() && workload.operate(&mut operations).is_ok() {}
    workload.finish();
}

struct Workload {
    role: Role,
    by: By,
    /// It is nowhere only while it is split or put together.
    endpoint: Option<Endpoint>,
    remote: Remote,
    /// What the peer has sent, and the opcode of its message that is open.
    arrived: Vec<Frame>,
    peer_open: Option<u8>,
    received: Vec<Seen>,
    /// The pieces of a message so far: `None` if its first ones may have been dropped while closing.
    pieces: Option<Vec<u8>>,
    /// Nothing more is received.
    ended: bool,
    /// What was to be sent, and whether it must be on the wire.
    sent: Vec<(Message, Fate)>,
    /// How many Pings were to be sent, and what became of those that may have been.
    pings: u32,
    pinged: Vec<(Vec<u8>, Fate)>,
    /// A call that sends has told how the connection failed.
    told: bool,
    /// How many more payloads may be long ones, which take long.
    long_left: usize,
    /// We have closed, or may have.
    closed: bool,
    /// The end was told as a clean one.
    is_clean: bool,
    /// Pings are answered.
    auto_pong: bool,
    /// Messages are told after our Close.
    tells_while_closing: bool,
    deflate: Option<DeflateParams>,
    /// Not everything can be written at once: the transport does not take it, or the buffer.
    held_back: bool,
    /// The transport has failed, or ends early: not all needs to pass.
    faulty: bool,
    /// Reading has, so not all that the peer sent needs to arrive.
    is_cut: bool,
    /// The peer has broken a rule: nothing that it sends is heard any more.
    offended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    /// The call said so.
    Queued,
    /// It may wait in a sink for room, and is not sent if either end closes before there is any.
    Waiting,
    /// The future was dropped, the transport failed, or it was told that it is too late.
    Unknown,
}

impl Workload {
    fn new([settings, more]: [u8; 2]) -> Self {
        let role = if settings & 1 == 0 { Role::Server } else { Role::Client };
        let by = [By::Messages, By::Events, By::Pieces][usize::from(settings >> 1 & 3) % 3];
        // Little room, that a few calls use up, or much, that a long payload goes past.
        let has_room = settings & 64 != 0;
        let limits = Limits::builder().max_write_buffer(if has_room { 1 << 20 } else { 600 });
        let limits = limits.max_pings(u32::MAX).build().expect("they fit");
        let mut config = Config::with_limits(limits);
        config.auto_pong = more & 4 == 0;
        config.deliver_while_closing = more & 8 != 0;
        let (auto_pong, tells_while_closing) = (config.auto_pong, config.deliver_while_closing);
        let (mut socket, remote) = socket(role, config);
        let deflate = (more & 1 != 0).then(|| params(more & 2 == 0));
        if let Some(params) = deflate {
            let contexts = if more & 64 != 0 { 0 } else { usize::MAX };
            let deflate = Deflate::builder().threshold(0).max_held_contexts(contexts).build();
            let deflate = deflate.expect("all within their ranges");
            socket.connection_mut().set_deflate(&deflate, params);
        }
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
            endpoint: Some(Endpoint::new(socket, more & 16 != 0)),
            remote,
            arrived: Vec::new(),
            peer_open: None,
            received: Vec::new(),
            pieces: Some(Vec::new()),
            ended: false,
            sent: Vec::new(),
            told: false,
            pings: 0,
            pinged: Vec::new(),
            long_left: 2,
            closed: false,
            is_clean: false,
            auto_pong,
            tells_while_closing,
            deflate,
            held_back: settings >> 3 & 7 != 0 || !has_room,
            faulty: false,
            is_cut: false,
            offended: false,
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
            8 | 9 => self.send(input, polls, Form::Send)?,
            10 | 11 => self.send(input, polls, Form::Feed)?,
            12 => {
                let done = self.spend(polls, |endpoint| endpoint.flush());
                self.note_sent(done.as_ref());
            }
            13 => {
                self.pings = self.pings.wrapping_add(1);
                let payload = self.pings.to_be_bytes();
                let done = self.spend(polls, |endpoint| endpoint.ping(&payload));
                if let Some(fate) = self.note_sent(done.as_ref()) {
                    self.pinged.push((payload.to_vec(), fate));
                }
            }
            14 if polls > 10 => {
                self.closed = true;
                let close =
                    self.spend(polls - 11, |endpoint| endpoint.close(CloseCode::NORMAL, "done"));
                match close {
                    // Of what waits in a sink: the peer has closed before there was room.
                    Some(Err(Error::Misuse(Misuse::SendAfterClose))) => {
                        self.what_waits_is(Fate::Unknown);
                    }
                    Some(Err(error)) => self.told |= !matches!(error, Error::Misuse(_)),
                    Some(Ok(())) | None => {}
                }
                if polls > 11 {
                    self.pieces = None;
                }
            }
            14 if polls > 5 => self.send(input, polls - 5, Form::FeedUncoded)?,
            14 => self.endpoint = self.endpoint.take().map(Endpoint::turned),
            _ => self.fail(polls),
        }
        Ok(())
    }

    /// Polls `call` at most so many times. No poll does more than what it moves calls for.
    fn spend<'a, T, F>(
        &'a mut self,
        polls: usize,
        call: impl FnOnce(&'a mut Endpoint) -> F,
    ) -> Option<T>
    where
        F: Future<Output = T>,
    {
        let remote = self.remote.clone();
        let before = work(&remote);
        let endpoint = self.endpoint.as_mut().expect("it is somewhere");
        let output = poll_times(call(endpoint), polls);
        assert_worked(before, work(&remote), polls);
        output
    }

    /// What a call that sends has said, and so what becomes of what was to be sent: `None` if it was
    /// refused.
    fn note_sent(&mut self, done: Option<&std::result::Result<(), Error>>) -> Option<Fate> {
        match done {
            None => Some(Fate::Unknown),
            Some(Ok(())) => {
                // Whatever is called, what waits in a sink is first.
                self.what_waits_is(Fate::Queued);
                Some(Fate::Queued)
            }
            Some(Err(Error::Misuse(misuse))) => {
                if *misuse == Misuse::SendAfterClose {
                    self.what_waits_is(Fate::Unknown);
                }
                None
            }
            Some(Err(_)) => {
                self.told = true;
                Some(Fate::Unknown)
            }
        }
    }

    fn what_waits_is(&mut self, now: Fate) {
        let fates = self.sent.iter_mut().map(|(_, fate)| fate);
        fates.filter(|fate| **fate == Fate::Waiting).for_each(|fate| *fate = now);
    }

    fn receive(&mut self, polls: usize) {
        let by = self.by;
        if let Some(received) = self.spend(polls, |endpoint| endpoint.receive(by)) {
            self.note(received);
        }
    }

    fn note(&mut self, received: std::result::Result<Option<Got>, Error>) {
        match received {
            Ok(Some(Got::Whole(seen))) => self.received.push(seen),
            Ok(Some(Got::Piece(piece))) => {
                if piece.starts_message {
                    assert!(self.pieces.as_ref().is_none_or(Vec::is_empty), "one at a time");
                    self.pieces = Some(Vec::new());
                }
                let Some(pieces) = &mut self.pieces else { return };
                pieces.extend_from_slice(&piece.octets);
                if piece.ends_message {
                    let message = std::mem::take(pieces);
                    self.received.push(Seen::message(piece.kind, message));
                }
            }
            Ok(None) => {
                let has_closed = self.endpoint.as_ref().is_some_and(Endpoint::has_peer_close);
                assert!(self.ended || self.told || has_closed, "T01: the peer has not closed");
                self.is_clean |= !self.ended && !self.told;
                self.ended = true;
            }
            Err(error) => {
                assert!(!self.ended, "told once: {error}");
                assert!(self.faulty || self.offended, "nothing is wrong: {error}");
                self.ended = true;
            }
        }
    }

    fn send(&mut self, input: &mut Unstructured<'_>, polls: usize, form: Form) -> Result<()> {
        // No two messages are the same.
        let mut payload = format!("{}:", self.sent.len()).into_bytes();
        payload.extend(self.octets(input)?);
        let message = match kind(input)? {
            MessageKind::Text => Message::text(String::from_utf8_lossy(&payload).into_owned()),
            MessageKind::Binary => Message::binary(payload),
        };
        let to_send = message.clone();
        let done = self.spend(polls, |endpoint| endpoint.send(to_send, form));
        if let Some(fate) = self.note_sent(done.as_ref()) {
            let is_sink = matches!((&self.endpoint, form), (Some(Endpoint::Stream(_)), Form::Feed));
            let waits = is_sink && fate == Fate::Queued;
            self.sent.push((message, if waits { Fate::Waiting } else { fate }));
        }
        Ok(())
    }

    /// The peer breaks a rule, or the transport fails now, soon, or in one direction.
    fn fail(&mut self, how: usize) {
        if how > 7 && how < 10 && !self.offended {
            self.offended = true;
            // RSV3, and masked by no client.
            self.remote.push(&[0x92, 0x00]);
        }
        let Some(how) = how.checked_sub(10) else { return };
        self.faulty = true;
        self.is_cut |= !matches!(how, 3 | 4);
        match how {
            0 | 1 => self.remote.end(),
            2 => self.remote.with(|state| state.read_error = Some(ErrorKind::TimedOut)),
            3 => self.remote.with(|state| state.write_zero = true),
            4 => self.remote.with(|state| state.write_error = Some(ErrorKind::BrokenPipe)),
            soon => self.remote.with(|state| {
                state.fail_from = Some(state.counts.operations + soon);
            }),
        }
    }

    fn finish(&mut self) {
        if !self.faulty && !self.offended {
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
            let endpoint = self.endpoint.as_mut().expect("it is somewhere");
            let received = run(endpoint.receive(self.by));
            self.note(received);
        }
        assert_worked(before, work(&self.remote), self.arrived.len());
        self.check_received();
        self.check_written();
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

fn params(takeover: bool) -> DeflateParams {
    let window = WindowBits::new(15).expect("8 to 15");
    DeflateParams {
        server_no_context_takeover: !takeover,
        client_no_context_takeover: !takeover,
        server_max_window_bits: window,
        client_max_window_bits: window,
    }
}
