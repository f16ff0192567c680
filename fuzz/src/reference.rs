//! A receiving endpoint in the words of RFC 6455 §5 to §8: one octet after the other, each rule where
//! the RFC has it, nothing remembered that could be worked out again. Slow, and meant to be checked
//! by reading.
//!
//! In: all octets that a peer sent. Out: what an application is told and what is answered. It calls
//! nothing of `ws_core`.

use crate::oracle::{BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, TEXT};

/// What the endpoint is, and what it lives within.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Endpoint {
    /// A server takes masked frames only, a client none.
    pub(crate) is_server: bool,
    pub(crate) max_message_len: u64,
    pub(crate) max_frame_len: u64,
    pub(crate) max_fragments: usize,
    pub(crate) max_pings: usize,
    /// Pings are answered by the endpoint itself.
    pub(crate) auto_pong: bool,
    /// The endpoint sends a Close of its own accord.
    pub(crate) closes: Option<Closes>,
    /// Messages are told after that, too.
    pub(crate) tells_while_closing: bool,
    /// The stream ends behind the octets.
    pub(crate) ends: bool,
}

/// A Close that answers nothing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Closes {
    /// So many octets have been read before.
    pub(crate) behind: usize,
    pub(crate) saying: Option<(u16, &'static str)>,
}

/// What an application is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<(u16, String)>),
    /// The connection failed, with this code (§7.1.7).
    Failed(u16),
}

/// Everything that a session leads to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) told: Vec<Told>,
    /// Pongs and the Close, in order. The reason of a Close that reports a failure is left out.
    pub(crate) answers: Vec<Frame>,
}

/// The peer is at fault: the code to fail with.
type Fault = u16;

const PROTOCOL_ERROR: Fault = 1002;
const NOT_UTF8: Fault = 1007;
const POLICY: Fault = 1008;
const TOO_BIG: Fault = 1009;

/// What stands for an end without a Close (§7.1.5).
pub(crate) const NO_CLOSE: Fault = 1006;

impl Endpoint {
    pub(crate) fn receive(self, wire: &[u8]) -> Session {
        let (len, session) = (wire.len(), Session::default());
        let mut reading = Reading { endpoint: self, wire, len, open: None, pings: 0, session };
        let ended = loop {
            match reading.frame() {
                // The octets end inside a frame; more are awaited.
                None => break false,
                Some(Ok(Then::NextFrame)) => {}
                Some(Ok(Then::End)) => break true,
                Some(Err(code)) => {
                    reading.session.told.push(Told::Failed(code));
                    reading.answer_close(&code.to_be_bytes());
                    break true;
                }
            }
        };
        if self.ends && !ended {
            reading.session.told.push(Told::Failed(NO_CLOSE));
        }
        reading.close();
        reading.session
    }
}

/// What follows a frame.
enum Then {
    NextFrame,
    /// It was a Close: what follows it is not read (§1.4).
    End,
}

struct Header {
    fin: bool,
    opcode: u8,
    len: u64,
    key: [u8; 4],
}

/// A message whose last fragment has not come.
struct Open {
    opcode: u8,
    len: u64,
    fragments: usize,
    payload: Vec<u8>,
}

struct Reading<'a> {
    endpoint: Endpoint,
    /// What is not read yet, of so many octets.
    wire: &'a [u8],
    len: usize,
    open: Option<Open>,
    pings: usize,
    session: Session,
}

impl Reading<'_> {
    fn octet(&mut self) -> Option<u8> {
        let (&octet, rest) = self.wire.split_first()?;
        self.wire = rest;
        Some(octet)
    }

    /// A number of so many octets, the most significant first.
    fn number(&mut self, octets: usize) -> Option<u64> {
        let mut number = 0;
        for _ in 0..octets {
            number = number * 256 + u64::from(self.octet()?);
        }
        Some(number)
    }

    fn frame(&mut self) -> Option<Result<Then, Fault>> {
        let header = match self.header()? {
            Ok(header) => header,
            Err(code) => return Some(Err(code)),
        };
        if header.opcode >= CLOSE { self.control(&header) } else { self.data(&header) }
    }

    /// §5.2, with the rules of §5.1, §5.4 and §5.5 at the octet that breaks them.
    fn header(&mut self) -> Option<Result<Header, Fault>> {
        let first = self.octet()?;
        let (fin, reserved, opcode) = (first & 0x80 != 0, first & 0x70 != 0, first & 0x0F);
        let is_control = opcode >= CLOSE;
        let is_known = [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG].contains(&opcode);
        let out_of_order = match opcode {
            CONTINUATION => self.open.is_none(),
            TEXT | BINARY => self.open.is_some(),
            _ => false,
        };
        if reserved || !is_known || is_control && !fin || out_of_order {
            return Some(Err(PROTOCOL_ERROR));
        }
        let second = self.octet()?;
        let (is_masked, short_len) = (second & 0x80 != 0, u64::from(second & 0x7F));
        if is_masked != self.endpoint.is_server || is_control && short_len > 125 {
            return Some(Err(PROTOCOL_ERROR));
        }
        let (len, shortest, longest) = match short_len {
            126 => (self.number(2)?, 126, 0xFFFF),
            127 => (self.number(8)?, 0x1_0000, i64::MAX as u64),
            len => (len, 0, 125),
        };
        if len < shortest || len > longest {
            return Some(Err(PROTOCOL_ERROR));
        }
        let mut key = [0; 4];
        if is_masked {
            for octet in &mut key {
                *octet = self.octet()?;
            }
        }
        Some(Ok(Header { fin, opcode, len, key }))
    }

    /// §5.4, §5.6, §8.1; limits as soon as a header exceeds them (§10.4).
    fn data(&mut self, header: &Header) -> Option<Result<Then, Fault>> {
        let endpoint = self.endpoint;
        let mut open = self.open.take().unwrap_or(Open {
            opcode: header.opcode,
            len: 0,
            fragments: 0,
            payload: Vec::new(),
        });
        open.len = open.len.saturating_add(header.len);
        open.fragments += 1;
        if header.len > endpoint.max_frame_len || open.len > endpoint.max_message_len {
            return Some(Err(TOO_BIG));
        }
        if open.fragments > endpoint.max_fragments {
            return Some(Err(POLICY));
        }
        for i in 0..header.len {
            open.payload.push(self.octet()? ^ header.key[(i % 4) as usize]);
            let text = std::str::from_utf8(&open.payload);
            if open.opcode == TEXT && text.is_err_and(|error| error.error_len().is_some()) {
                return Some(Err(NOT_UTF8));
            }
        }
        if !header.fin {
            self.open = Some(open);
        } else if open.opcode == TEXT {
            if std::str::from_utf8(&open.payload).is_err() {
                return Some(Err(NOT_UTF8));
            }
            self.tell(Told::Text(open.payload));
        } else {
            self.tell(Told::Binary(open.payload));
        }
        Some(Ok(Then::NextFrame))
    }

    /// §5.5.
    fn control(&mut self, header: &Header) -> Option<Result<Then, Fault>> {
        let mut payload = Vec::new();
        for i in 0..header.len {
            payload.push(self.octet()? ^ header.key[(i % 4) as usize]);
        }
        match header.opcode {
            PING => {
                self.pings += 1;
                if self.pings > self.endpoint.max_pings {
                    return Some(Err(POLICY));
                }
                if self.endpoint.auto_pong && !self.has_closed() {
                    self.session.answers.push(Frame::new(true, PONG, payload.clone()));
                }
                self.tell(Told::Ping(payload));
            }
            PONG => self.tell(Told::Pong(payload)),
            _ => {
                let frame = match Self::close_frame(&payload) {
                    Ok(frame) => frame,
                    Err(code) => return Some(Err(code)),
                };
                // §5.5.1: the answer typically has the code that it answers.
                let code = frame.as_ref().map(|(code, _)| code.to_be_bytes());
                self.answer_close(code.as_ref().map_or(&[], |code| &code[..]));
                self.session.told.push(Told::Close(frame));
                return Some(Ok(Then::End));
            }
        }
        Some(Ok(Then::NextFrame))
    }

    /// §5.5.1, §7.4.
    fn close_frame(payload: &[u8]) -> Result<Option<(u16, String)>, Fault> {
        let (code, reason) = match payload {
            [] => return Ok(None),
            [_] => return Err(PROTOCOL_ERROR),
            [high, low, reason @ ..] => (u16::from(*high) * 256 + u16::from(*low), reason),
        };
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => {}
            _ => return Err(PROTOCOL_ERROR),
        }
        let reason = String::from_utf8(reason.to_vec()).map_err(|_| NOT_UTF8)?;
        Ok(Some((code, reason)))
    }

    /// What was read last came behind our own Close.
    fn has_closed(&self) -> bool {
        let read = self.len - self.wire.len();
        self.endpoint.closes.is_some_and(|closes| read > closes.behind)
    }

    /// Only one Close is ever sent.
    fn answer_close(&mut self, payload: &[u8]) {
        if !self.has_closed() {
            self.session.answers.push(Frame::new(true, CLOSE, payload));
        }
    }

    /// Our own Close, behind which nothing was answered.
    fn close(&mut self) {
        let has_answered = self.session.answers.iter().any(|frame| frame.opcode == CLOSE);
        if let (Some(closes), false) = (self.endpoint.closes, has_answered) {
            self.session.answers.push(match closes.saying {
                Some((code, reason)) => Frame::close(code, reason),
                None => Frame::new(true, CLOSE, ""),
            });
        }
    }

    /// Whoever has said good-bye need not listen (§1.4).
    fn tell(&mut self, told: Told) {
        if !self.has_closed() || self.endpoint.tells_while_closing {
            self.session.told.push(told);
        }
    }
}
