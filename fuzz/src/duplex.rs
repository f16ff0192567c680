//! Two endpoints in memory, and octets under way between them in any portions.

use arbitrary::{Result, Unstructured};
use ws_core::connection::{Config, Delivery, Transport};
use ws_core::deflate::{Deflate, DeflateParams};
use ws_core::frame::CloseFrame;
use ws_core::{CloseCode, Limits, Message, MessageKind, Role};

use crate::input::{kind, octets};
use crate::oracle::{self, CLOSE};
use crate::support::{Driver, NOW, Seen};

/// Whatever two endpoints do, what each sends before its Close arrives at the other once and in
/// order (all of it, if that tells messages while closing), each sends one Close, and both end clean,
/// the server first. The first octet chooses deliveries, telling while closing and compression.
pub fn duplex_model(input: &[u8]) {
    let Some((&settings, operations)) = input.split_first() else { return };
    let mut pair = Pair::new(settings);
    // Octets that end are the end of the operations.
    let mut operations = Unstructured::new(operations);
    while !operations.is_empty() && pair.operate(&mut operations).is_ok() {}
    pair.finish();
}

struct Pair {
    ends: [End; 2],
    tells_while_closing: bool,
}

struct End {
    driver: Driver,
    /// How much of its output the other has read.
    read: usize,
    /// Messages and Pings that it has sent.
    sent: Vec<Seen>,
    /// Its message that is being sent in fragments.
    open: Option<(MessageKind, Vec<u8>)>,
    /// It has begun the closing handshake.
    closed: bool,
}

impl Pair {
    fn new(settings: u8) -> Self {
        let bit = |bit: u8| settings >> bit & 1 != 0;
        let limits = Limits::builder().max_write_buffer(3000).build().expect("they fit");
        let end = |role, delivery| {
            let mut config = Config::with_limits(limits);
            config.deliver_while_closing = bit(2);
            config.delivery = if delivery { Delivery::Pieces } else { Delivery::Messages };
            let mut driver = Driver::new(role, config);
            if bit(3) {
                let params = DeflateParams {
                    server_no_context_takeover: bit(4),
                    client_no_context_takeover: bit(5),
                    ..DeflateParams::default()
                };
                driver.connection.set_deflate(&Deflate::default(), params);
            }
            End { driver, read: 0, sent: Vec::new(), open: None, closed: false }
        };
        Self {
            ends: [end(Role::Client, bit(0)), end(Role::Server, bit(1))],
            tells_while_closing: bit(2),
        }
    }

    fn operate(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let what: u8 = input.arbitrary()?;
        let from = usize::from(what & 1);
        match what >> 1 & 7 {
            0 | 1 => self.ends[from].message(input)?,
            2 => self.ends[from].fragment(input)?,
            3 => self.ends[from].ping(input)?,
            4 if what >> 5 == 0 => self.ends[from].close(),
            4 | 5 => self.carry(from, input.int_in_range(0..=5)?),
            6 => self.carry(from, input.int_in_range(0..=300)?),
            _ => self.carry(from, usize::MAX),
        }
        Ok(())
    }

    /// Moves at most `len` octets of what one end has to say to the other.
    fn carry(&mut self, from: usize, len: usize) {
        self.ends[from].driver.write_some(len);
        let under_way = self.ends[from].under_way();
        self.ends[1 - from].driver.feed_silently(&under_way);
    }

    /// All octets arrive, both ends close, and the streams end as §7.1.1 says.
    fn finish(&mut self) {
        self.settle();
        for from in [0, 1] {
            self.ends[from].end_message();
            self.settle();
        }
        if !self.ends.iter().any(|end| end.closed) {
            self.ends[0].close();
        }
        self.settle();
        for end in [0, 1] {
            self.check(end);
        }
        let [client, server] = self.ends.each_mut().map(|end| &mut end.driver);
        assert_eq!(server.connection.poll_transport(), Transport::ShutDown, "the server first");
        assert_eq!(client.connection.poll_transport(), Transport::AwaitEnd, "the client waits");
        for end in [client, server] {
            end.end_of_stream();
            assert_eq!(end.connection.poll_transport(), Transport::Close);
        }
    }

    fn settle(&mut self) {
        loop {
            let before: usize = self.ends.iter().map(|end| end.driver.written.len()).sum();
            self.carry(0, usize::MAX);
            self.carry(1, usize::MAX);
            let after: usize = self.ends.iter().map(|end| end.driver.written.len()).sum();
            if before == after {
                return;
            }
        }
    }

    fn check(&self, end: usize) {
        let (own, peer) = (&self.ends[end], &self.ends[1 - end]);
        let mut told = own.driver.notes.events.clone();
        told.retain(|seen| !matches!(seen, Seen::Pong(_)));
        let terminal = told.pop();
        let code = if peer.closed { (1001, "bye") } else { (1001, "") };
        assert_eq!(terminal, Some(Seen::Close(Some((code.0, code.1.into())))));
        if own.closed && !self.tells_while_closing {
            assert!(peer.sent.starts_with(&told), "in order: {told:?} of {:?}", peer.sent);
        } else {
            assert_eq!(told, peer.sent, "all, once, in order");
        }
        let frames = oracle::parse_extended(own.role(), &own.driver.written);
        assert_eq!(frames.iter().filter(|frame| frame.opcode == CLOSE).count(), 1);
    }
}

impl End {
    fn role(&self) -> Role {
        self.driver.connection.role()
    }

    /// What was written and has not been read.
    fn under_way(&mut self) -> Vec<u8> {
        let octets = self.driver.written[self.read..].to_vec();
        self.read = self.driver.written.len();
        octets
    }

    fn message(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let kind = kind(input)?;
        let message = match kind {
            MessageKind::Text => {
                Message::text(String::from_utf8_lossy(&octets(input)?).into_owned())
            }
            MessageKind::Binary => Message::binary(octets(input)?),
        };
        if self.driver.connection.send(&message).is_ok() {
            self.sent.push(Seen::message(kind, message.payload().to_vec()));
        }
        Ok(())
    }

    fn fragment(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let (kind, fin) = (kind(input)?, input.int_in_range(0..=3)? == 0);
        let payload = octets(input)?;
        if self.driver.connection.send_fragment(kind, &payload, fin).is_ok() {
            let (_, message) = self.open.get_or_insert((kind, Vec::new()));
            message.extend_from_slice(&payload);
            if fin {
                self.message_ends();
            }
        }
        Ok(())
    }

    fn message_ends(&mut self) {
        let (kind, message) = self.open.take().expect("an open message");
        self.sent.push(Seen::message(kind, message));
    }

    fn ping(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let payload = octets(input)?;
        if self.driver.connection.ping(&payload).is_ok() {
            self.sent.push(Seen::Ping(payload));
        }
        Ok(())
    }

    fn close(&mut self) {
        let bye = CloseFrame { code: CloseCode::GOING_AWAY, reason: "bye" };
        self.closed |= self.driver.connection.close(Some(bye), NOW).is_ok();
    }

    /// Sends the last fragment of a message that is open, if that is still possible.
    fn end_message(&mut self) {
        let Some((kind, _)) = self.open else { return };
        // Text may be open inside a code point, which nothing can end.
        if self.driver.connection.send_fragment(kind, b"", true).is_ok() {
            self.message_ends();
        }
    }
}
