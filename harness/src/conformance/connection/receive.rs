//! What the engine makes of octets that arrive: frames, then messages, Pings, Pongs and Closes.

use super::{Alarm, Connection, DROP, Fate, Heard, State};
use crate::conformance::case::Opcode;
use crate::conformance::check::{self, Context};
use crate::conformance::deflate::Failure;
use crate::conformance::record::{Excerpt, FrameHead, Row};
use crate::conformance::timers::Time;
use crate::conformance::utf8::Utf8;
use crate::conformance::wire::{self, Header, Start};
use crate::report::schema::Role;

/// The longest message that the engine takes, four times the longest that it sends.
const LONGEST_MESSAGE: usize = 64 << 20;

/// What has arrived and is not dealt with yet.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    input: Vec<u8>,
    /// So many octets of it are dealt with.
    at: usize,
    frame: Option<Current>,
    inside_message: bool,
    message: Message,
    /// The case has not heard yet that the connection is open.
    opens: bool,
    /// There may be more to deal with than waits for the rest of a frame.
    reprocess: GoesOn,
}

impl Incoming {
    pub(super) fn announce_open(&mut self) {
        self.opens = true;
    }
}

/// A frame whose header has been read.
#[derive(Debug)]
struct Current {
    header: Header,
    /// So much of its payload has been read.
    read: u64,
    /// The whole payload of a control frame.
    control: Vec<u8>,
    /// What the log shows of it.
    shown: Excerpt,
}

/// A message that has begun.
#[derive(Debug, Default)]
struct Message {
    binary: bool,
    compressed: bool,
    /// What checks its text, and that the last octets of it ended whole.
    text: Option<(Utf8, bool)>,
    payload: Vec<u8>,
}

/// Whether the parser may go on with the octets that are there.
type GoesOn = bool;

impl Connection {
    /// Takes what one read brought.
    pub fn handle_input(&mut self, octets: &[u8]) {
        match self.state {
            State::Connecting => self.received.before_open += octets.len() as u64,
            State::Open => self.received.wire += octets.len() as u64,
            State::Closing | State::Closed => {}
        }
        self.log.row(Row::OctetsReceived(Excerpt::of(octets)));
        if self.state != State::Closed {
            self.incoming.input.drain(..self.incoming.at);
            self.incoming.at = 0;
            self.incoming.input.extend_from_slice(octets);
            self.incoming.reprocess = true;
        }
    }

    /// Deals with what has arrived, up to the next thing that the case is to hear.
    pub fn next(&mut self, now: Time) -> Option<Heard> {
        if std::mem::take(&mut self.incoming.opens) {
            return Some(Heard::Opened);
        }
        if self.state == State::Connecting {
            let input = std::mem::take(&mut self.incoming.input);
            let len = self.check_answer(&input);
            self.incoming.input = input;
            self.incoming.at = len?;
            self.incoming.reprocess = self.incoming.at < self.incoming.input.len();
            return Some(Heard::Opened);
        }
        while self.incoming.reprocess && matches!(self.state, State::Open | State::Closing) {
            let mut heard = None;
            self.incoming.reprocess = match self.incoming.frame.take() {
                None => self.handle_header(now),
                Some(frame) => self.handle_payload(now, frame, &mut heard),
            };
            if heard.is_some() {
                return heard;
            }
        }
        None
    }

    fn handle_header(&mut self, now: Time) -> GoesOn {
        let input = &self.incoming.input[self.incoming.at..];
        let Some(start) = Start::read(input) else { return false };
        let read = Header::read(input);
        let context = Context {
            role: self.role,
            deflate: self.deflate.is_some(),
            inside_message: self.incoming.inside_message,
        };
        let mut broken = check::start(start, context);
        if let Some((header, _)) = &read {
            broken.extend(check::length(start, header));
        }
        for why in broken {
            self.fail(now, 1002, &why);
        }
        // The suite reads a frame on that it has found fault with, and judges it anew if its header
        // is not whole yet.
        let Some((header, header_len)) = read else { return false };
        self.incoming.at += header_len;
        if !header.opcode.is_control() && !self.incoming.inside_message {
            self.begin_message(&header);
        }
        let shown = Excerpt::default();
        self.incoming.frame = Some(Current { header, read: 0, control: Vec::new(), shown });
        header.payload_len == 0 || self.incoming.at < self.incoming.input.len()
    }

    fn begin_message(&mut self, header: &Header) {
        let compressed = header.rsv == 4 && self.deflate.is_some();
        if let Some(codec) = self.deflate.as_mut().filter(|_| compressed) {
            codec.begin();
        }
        self.incoming.inside_message = true;
        self.incoming.message = Message {
            binary: header.opcode == Opcode::BINARY,
            compressed,
            text: (header.opcode == Opcode::TEXT).then(|| (Utf8::default(), true)),
            payload: Vec::new(),
        };
    }

    fn handle_payload(
        &mut self,
        now: Time,
        mut frame: Current,
        heard: &mut Option<Heard>,
    ) -> GoesOn {
        let there = &self.incoming.input[self.incoming.at..];
        let left = frame.header.payload_len - frame.read;
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(there.len());
        let mut octets = there[..len].to_vec();
        self.incoming.at += len;
        if let Some(key) = frame.header.mask {
            // Only the phase matters, which repeats every four octets.
            wire::mask(key, usize::from((frame.read % 4) as u8), &mut octets);
        }
        frame.read += len as u64;
        if frame.header.opcode.is_control() {
            // It has failed at its header, and is read on until the closing handshake ends.
            if frame.control.len() + octets.len() > LONGEST_MESSAGE {
                self.give_up("a control frame is longer than the engine's limit of 64 MiB");
                return false;
            }
            frame.control.extend_from_slice(&octets);
            frame.shown.extend(&octets);
        } else if !self.handle_data(now, octets, &mut frame.shown) {
            return false;
        }
        if frame.read < frame.header.payload_len {
            self.incoming.frame = Some(frame);
            return self.incoming.at < self.incoming.input.len();
        }
        let Header { fin, rsv, opcode, mask, .. } = frame.header;
        let head = FrameHead { opcode, fin, rsv, mask };
        self.log.row(Row::FrameReceived { frame: head, payload: frame.shown });
        *heard = if opcode.is_control() {
            self.handle_control(now, opcode, frame.control)
        } else {
            self.received.frames += u64::from(self.state == State::Open);
            if fin { self.end_message(now) } else { None }
        };
        self.incoming.at < self.incoming.input.len()
    }

    /// Takes a piece of a message; `false` if the suite's own error ends everything here.
    fn handle_data(&mut self, now: Time, octets: Vec<u8>, shown: &mut Excerpt) -> bool {
        let compressed_len = octets.len() as u64;
        let room = LONGEST_MESSAGE.saturating_sub(self.incoming.message.payload.len());
        let octets = match self.deflate.as_mut().filter(|_| self.incoming.message.compressed) {
            Some(codec) => match codec.expand(&octets, room) {
                Ok(octets) => octets,
                Err(Failure::TooLong) => {
                    self.give_up("a message expands past the engine's limit of 64 MiB");
                    return false;
                }
                Err(Failure::Corrupt | Failure::Window) => {
                    self.facts.not_clean_reason =
                        Some("a message is no deflate stream; TCP was closed".to_owned());
                    self.tear();
                    return false;
                }
            },
            None => octets,
        };
        if self.state == State::Open {
            self.received.payload += compressed_len;
            self.received.application += octets.len() as u64;
        }
        let mut broken = false;
        if let Some((utf8, whole)) = &mut self.incoming.message.text {
            broken = !utf8.feed(&octets);
            *whole = utf8.is_whole();
        }
        if broken {
            self.fail(now, 1007, "a text message is not UTF-8");
        }
        if octets.len() > room {
            self.give_up("a message is longer than the engine's limit of 64 MiB");
            return false;
        }
        if !self.facts.failed_by_engine {
            shown.extend(&octets);
            if self.incoming.message.payload.is_empty() {
                self.incoming.message.payload = octets;
            } else {
                self.incoming.message.payload.extend_from_slice(&octets);
            }
        }
        true
    }

    fn end_message(&mut self, now: Time) -> Option<Heard> {
        let Message { binary, compressed, text, payload } =
            std::mem::take(&mut self.incoming.message);
        if let Some(codec) = self.deflate.as_mut().filter(|_| compressed)
            && codec.end().is_err()
        {
            self.tear();
            return None;
        }
        if text.is_some_and(|(_, whole)| !whole) {
            self.fail(now, 1007, "a text message ends inside a character, or after a bad octet");
        }
        self.received.messages += u64::from(self.state == State::Open);
        self.incoming.inside_message = false;
        (!self.facts.failed_by_engine).then_some(Heard::Message { binary, payload })
    }

    fn handle_control(&mut self, now: Time, opcode: Opcode, payload: Vec<u8>) -> Option<Heard> {
        match opcode {
            Opcode::CLOSE => self.handle_close(now, &payload),
            Opcode::PING if self.state == State::Open => {
                let write = crate::conformance::case::Write::Plain;
                if self.out.unwritten() > LONGEST_MESSAGE {
                    self.give_up("more than 64 MiB of Pongs wait for a peer that does not read");
                    return None;
                }
                // Longer ones are a violation that has ended the open state already.
                self.send_octets(Opcode::PONG, true, 0, &payload, write);
            }
            Opcode::PONG => return Some(Heard::Pong(payload)),
            _ => {}
        }
        None
    }

    fn handle_close(&mut self, now: Time, payload: &[u8]) {
        let (code, reason) = match payload {
            [high, low, reason @ ..] => (Some(u16::from_be_bytes([*high, *low])), reason),
            _ => (None, &[][..]),
        };
        self.facts.remote_close_code = code;
        if let Some(code) = code.filter(|code| !check::is_close_code(*code)) {
            self.fail(now, 1002, &format!("invalid close code {code}"));
        }
        if !Utf8::default().feed(reason) {
            self.fail(now, 1007, "a close reason is not UTF-8");
        }
        let mut platform = Utf8::with_surrogates();
        if !platform.feed(reason) || !platform.is_whole() {
            return self.tear();
        }
        self.facts.remote_close_reason =
            (!reason.is_empty()).then(|| String::from_utf8_lossy(reason).into_owned());
        match self.state {
            State::Closing => {
                self.timers.disarm(Alarm::Closing);
                self.facts.clean = true;
                match self.role {
                    Role::Server => self.drop_transport(Fate::Abort),
                    Role::Client => self.arm(now, DROP, Alarm::Drop),
                }
            }
            State::Open => {
                self.facts.clean = true;
                self.close(now, Some(1000), None, true);
                if self.role == Role::Server {
                    self.drop_transport(Fate::Finish);
                }
            }
            State::Closed => self.facts.clean = false,
            State::Connecting => {}
        }
    }
}
