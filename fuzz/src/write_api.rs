//! Any calls in any order on the sending side: what reaches the wire is what was accepted.

use arbitrary::{Result, Unstructured};
use ws_core::connection::Config;
use ws_core::frame::CloseFrame;
use ws_core::{CloseCode, Limits, Message, MessageKind, Misuse, PreparedMessage, Role};

use crate::frame::may_be_on_the_wire;
use crate::input::{kind, octets};
use crate::oracle::{self, BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, TEXT};
use crate::peers::tungstenite_hears;
use crate::support::model::model;
use crate::support::{Driver, NOW};

/// The room for output, of which the first octet chooses: less than a few calls queue, or than a few
/// long payloads do.
const MAX_WRITE_BUFFERS: [usize; 4] = [2000, 20_000, 150_000, 1 << 20];

/// Any calls in any order: each that is refused leaves the wire as it was; all that was accepted,
/// and nothing else, is on the wire in order; a strict peer parses it, with one Close at most and
/// nothing behind it, and tungstenite reads the messages that were sent. The peer's Pings are answered
/// in their turn, but while it does not read, the latest only.
pub fn write_api(input: &[u8]) {
    // Octets that end are the end of the calls.
    let _ = calls(&mut Unstructured::new(input));
}

fn calls(input: &mut Unstructured<'_>) -> Result<()> {
    let settings: u8 = input.arbitrary()?;
    let role = if settings & 1 == 1 { Role::Server } else { Role::Client };
    let max_write_buffer = MAX_WRITE_BUFFERS[usize::from(settings >> 1 & 3)];
    let limits = Limits::builder().max_write_buffer(max_write_buffer).max_pings(u32::MAX);
    let mut writer = Writer {
        driver: Driver::new(role, Config::with_limits(limits.build().expect("they fit"))),
        max_write_buffer,
        accepted: Vec::new(),
        open: None,
        closed: false,
        blocked: false,
        waiting: None,
    };
    let ended = loop {
        if input.is_empty() {
            break Ok(());
        }
        if let Err(error) = writer.call(input) {
            break Err(error);
        }
    };
    writer.write(usize::MAX);
    writer.write(usize::MAX);
    assert_eq!(writer.driver.connection.output_len(), 0);
    assert_eq!(writer.driver.frames(), writer.accepted);
    let (mut events, _) = model(&writer.accepted);
    events.retain(|seen| !seen.is_terminal());
    let heard = tungstenite_hears(role.peer(), &writer.driver.written, usize::MAX);
    assert_eq!(heard.told, events, "another crate reads the same");
    ended
}

struct Writer {
    driver: Driver,
    max_write_buffer: usize,
    /// The frames that are to be on the wire.
    accepted: Vec<Frame>,
    /// The opcode and the text so far of a message that is sent in fragments.
    open: Option<(u8, Vec<u8>)>,
    closed: bool,
    /// The peer took less than it was offered.
    blocked: bool,
    /// The answer to a Ping that came while there was no room for it.
    waiting: Option<Frame>,
}

impl Writer {
    /// One call. What it must say follows from what was accepted before.
    fn call(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let queued = self.driver.connection.output_len();
        let (made, expected, frame) = match input.int_in_range(0..=8)? {
            0 | 1 => self.message(input)?,
            2 | 3 => self.fragment(input)?,
            4 => self.control(input)?,
            5 => self.close(input)?,
            6 => {
                let octets = input.int_in_range(0..=3000)?;
                self.write(octets * if self.max_write_buffer > 20_000 { 50 } else { 1 });
                return Ok(());
            }
            7 => {
                self.write(usize::MAX);
                return Ok(());
            }
            _ => return self.ping_arrives(input),
        };
        assert_eq!(made, expected, "{frame:?}");
        match made {
            Ok(()) => self.accepted.push(frame),
            Err(_) => assert_eq!(self.driver.connection.output_len(), queued, "refused: untouched"),
        }
        Ok(())
    }

    /// The peer takes so many octets. Once it takes all there are, a waiting answer is behind them.
    fn write(&mut self, octets: usize) {
        let queued = self.driver.connection.output_len();
        self.blocked = self.driver.write_some(octets) < queued;
        if !self.blocked {
            self.accepted.extend(self.waiting.take());
        }
    }

    /// The first of these rules that a frame of `len` octets breaks.
    fn refusal(&self, len: usize, breaks: &[(bool, Misuse)]) -> std::result::Result<(), Misuse> {
        let queued = self.driver.connection.output_len();
        let full = queued > 0 && queued + len + 14 > self.max_write_buffer;
        let always = [(self.closed, Misuse::SendAfterClose)];
        let room = [(full, Misuse::WriteBufferFull)];
        let mut rules = always.iter().chain(breaks).chain(&room);
        rules.find(|(broken, _)| *broken).map_or(Ok(()), |(_, misuse)| Err(*misuse))
    }

    fn message(&mut self, input: &mut Unstructured<'_>) -> Result<Call> {
        let (kind, form) = (kind(input)?, input.int_in_range(0..=3)?);
        let payload = octets(input)?;
        let message = match kind {
            MessageKind::Text => Message::text(String::from_utf8_lossy(&payload).into_owned()),
            MessageKind::Binary => Message::binary(payload),
        };
        let payload = message.payload().to_vec();
        let expected = self.refusal(payload.len(), &[(self.open.is_some(), Misuse::MessageOpen)]);
        let connection = &mut self.driver.connection;
        let made = match (form, message.as_text()) {
            (0, Some(text)) => connection.send_text(text),
            (0, None) => connection.send_binary(&payload),
            (1, _) => connection.send_prepared(&PreparedMessage::new(&message)),
            (2, _) => connection.send_uncoded(&message),
            _ => connection.send(&message),
        };
        let opcode = if message.as_text().is_some() { TEXT } else { BINARY };
        Ok((made, expected, Frame::new(true, opcode, payload)))
    }

    fn fragment(&mut self, input: &mut Unstructured<'_>) -> Result<Call> {
        let (kind, fin) = (kind(input)?, input.arbitrary()?);
        let payload = octets(input)?;
        let opcode = if kind == MessageKind::Text { TEXT } else { BINARY };
        let (open, mut text) = self.open.clone().unwrap_or((opcode, Vec::new()));
        text.extend_from_slice(&payload);
        let bad = match std::str::from_utf8(&text) {
            Ok(_) => false,
            Err(error) => fin || error.error_len().is_some(),
        };
        // Whether there is room is asked first, so that text is not looked at in vain.
        let room = self.refusal(payload.len(), &[]);
        let expected = room.and_then(|()| {
            self.refusal(
                payload.len(),
                &[
                    (open != opcode, Misuse::MessageKindChanged),
                    (opcode == TEXT && bad, Misuse::TextNotUtf8),
                ],
            )
        });
        let made = self.driver.connection.send_fragment(kind, &payload, fin);
        let first = self.open.is_none();
        if made.is_ok() {
            self.open = (!fin).then_some((opcode, text));
        }
        let opcode = if first { opcode } else { CONTINUATION };
        Ok((made, expected, Frame::new(fin, opcode, payload)))
    }

    fn control(&mut self, input: &mut Unstructured<'_>) -> Result<Call> {
        let is_ping = input.arbitrary()?;
        let payload = octets(input)?;
        let expected =
            self.refusal(payload.len(), &[(payload.len() > 125, Misuse::ControlTooLong)]);
        let connection = &mut self.driver.connection;
        let made = if is_ping { connection.ping(&payload) } else { connection.pong(&payload) };
        Ok((made, expected, Frame::new(true, if is_ping { PING } else { PONG }, payload)))
    }

    fn close(&mut self, input: &mut Unstructured<'_>) -> Result<Call> {
        let code: Option<u16> = input.arbitrary()?;
        let reason = String::from_utf8_lossy(&octets(input)?).into_owned();
        let frame = code.map(|code| CloseFrame { code: CloseCode::new(code), reason: &reason });
        let expected = match code {
            _ if self.closed => Err(Misuse::SendAfterClose),
            Some(code) if !may_be_on_the_wire(code) => Err(Misuse::CloseCodeNotSendable),
            Some(_) if reason.len() > 123 => Err(Misuse::ReasonTooLong),
            _ => Ok(()),
        };
        let made = self.driver.connection.close(frame, NOW);
        if made.is_ok() {
            // Behind our Close nothing is sent.
            (self.closed, self.waiting) = (true, None);
        }
        let sent = match code {
            Some(code) => Frame::close(code, &reason),
            None => Frame::new(true, CLOSE, ""),
        };
        Ok((made, expected, sent))
    }

    /// The peer sends a Ping.
    fn ping_arrives(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let payload = octets(input)?;
        let payload = &payload[..payload.len().min(125)];
        let has_room = self.refusal(payload.len(), &[]).is_ok();
        let role = self.driver.connection.role();
        self.driver.feed_silently(&oracle::wire_to(role, &[oracle::ping(payload)]));
        let answer = oracle::pong(payload);
        let at_once = has_room && !self.blocked;
        if at_once && !self.closed {
            self.accepted.push(answer);
            self.waiting = None;
        } else if !self.closed {
            self.waiting = Some(answer);
        }
        Ok(())
    }
}

/// What a call said, what it should say, and the frame that it is about.
type Call = (std::result::Result<(), Misuse>, std::result::Result<(), Misuse>, Frame);
