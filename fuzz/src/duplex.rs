//! Two endpoints in memory, and octets under way between them in any portions.

use std::time::Duration;

use arbitrary::{Result, Unstructured};
use ws_core::connection::{Config, Delivery, Failure, Transport};
use ws_core::deflate::{Deflate, DeflateParams};
use ws_core::frame::CloseFrame;
use ws_core::{CloseCode, Limits, Message, MessageKind, PreparedMessage, Role};

use crate::frames::Frames;
use crate::input::{kind, octets};
use crate::oracle::{self, CLOSE};
use crate::support::{Driver, Seen};

/// Whatever two endpoints do, what each sends before its Close arrives at the other once and in
/// order (all of it, if that tells messages while closing), each sends one Close, and both end clean,
/// the server first. Pings are answered in order; if some are not, because the peer did not read, the
/// last one is. Where the transport is lost or time runs out, each end is told so once, and of what the
/// other sent, the beginning. The first two octets choose deliveries, telling while closing,
/// compression and room.
pub fn duplex_model(input: &[u8]) {
    let Some((&settings, operations)) = input.split_first_chunk() else { return };
    let mut pair = Pair::new(settings);
    // Octets that end are the end of the operations.
    let mut operations = Unstructured::new(operations);
    while !operations.is_empty() && pair.operate(&mut operations).is_ok() {}
    pair.finish();
}

struct Pair {
    ends: [End; 2],
    tells_while_closing: bool,
    /// The transport is lost, or an end has given up waiting.
    is_lost: bool,
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
    fn new([settings, more]: [u8; 2]) -> Self {
        let bit = |bit: u8| settings >> bit & 1 != 0;
        // Less than a few calls queue, or than a few long payloads do.
        let room = [3000, 20_000, 150_000, 1 << 20][usize::from(more >> 4 & 3)];
        let limits = Limits::builder().max_write_buffer(room).max_pings(u32::MAX);
        let limits = limits.build().expect("they fit");
        let window_bits = [15, 9, 10, 12][usize::from(more >> 1 & 3)];
        let deflate = Deflate::builder()
            .window_bits(window_bits)
            .level(if more & 8 != 0 { 1 } else { 6 })
            .threshold(if more & 64 != 0 { 1024 } else { 0 })
            // Of the messages before, only what the next one may refer to is there, or all.
            .max_held_contexts(if more & 1 != 0 { 0 } else { usize::MAX });
        let deflate = deflate.build().expect("all within their ranges");
        let end = |role, delivery| {
            let mut config = Config::with_limits(limits);
            config.deliver_while_closing = bit(2);
            config.delivery = if delivery { Delivery::Pieces } else { Delivery::Messages };
            let mut driver = Driver::new(role, config);
            if bit(3) {
                let params = DeflateParams {
                    server_no_context_takeover: bit(4),
                    client_no_context_takeover: bit(5),
                    server_max_window_bits: deflate.window_bits(),
                    client_max_window_bits: deflate.window_bits(),
                };
                driver.connection.set_deflate(&deflate, params);
            }
            End { driver, read: 0, sent: Vec::new(), open: None, closed: false }
        };
        Self {
            ends: [end(Role::Client, bit(0)), end(Role::Server, bit(1))],
            tells_while_closing: bit(2),
            is_lost: false,
        }
    }

    fn operate(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let what: u8 = input.arbitrary()?;
        let from = usize::from(what & 1);
        match what >> 1 & 7 {
            0 | 1 => self.ends[from].message(what >> 4 & 3, input)?,
            2 => self.ends[from].fragment(what & 16 == 0, input)?,
            3 => self.ends[from].ping(input)?,
            4 if what >> 5 == 0 => self.ends[from].close(),
            4 if what >> 5 == 1 => self.pass(Duration::from_secs(input.int_in_range(1..=7)?)),
            4 if what >> 5 == 2 && what & 16 != 0 => self.lose(from),
            4 | 5 => self.carry(from, input.int_in_range(0..=5)?),
            6 => self.carry(from, input.int_in_range(0..=300)? << (what >> 4 & 8)),
            _ => self.carry(from, usize::MAX),
        }
        Ok(())
    }

    /// Both wait, though something may be under way to them.
    fn pass(&mut self, time: Duration) {
        for end in &mut self.ends {
            let told = end.driver.notes.events.len();
            end.driver.timeout_silently_at(end.driver.now + time);
            for seen in &end.driver.notes.events[told..] {
                assert!(end.closed, "it waits for nothing: {seen:?}");
                assert_eq!(*seen, Seen::Failed(Failure::CloseTimeout));
            }
            self.is_lost |= end.driver.connection.poll_transport() == Transport::Close;
        }
    }

    /// The transport of one end is gone; the other reads what is under way, and then the end.
    fn lose(&mut self, from: usize) {
        self.is_lost = true;
        self.ends[from].driver.transport_lost();
        self.carry(from, 0);
        self.ends[1 - from].driver.end_of_stream_silently();
    }

    /// Moves at most `len` octets of what one end has to say to the other.
    fn carry(&mut self, from: usize, len: usize) {
        self.ends[from].driver.write_some(len);
        let under_way = self.ends[from].under_way();
        self.ends[1 - from].driver.feed_silently(&under_way);
    }

    /// All octets arrive, both ends close, and the streams end as §7.1.1 says.
    fn finish(&mut self) {
        if self.is_lost {
            for from in [0, 1] {
                self.lose(from);
            }
            return (0..2).for_each(|end| self.check_lost(end));
        }
        self.settle();
        for from in [0, 1] {
            self.ends[from].end_message();
            self.settle();
        }
        if !self.ends.iter().any(|end| end.closed) {
            for end in &self.ends {
                assert_eq!(end.pongs().last(), end.pings().last(), "the last one is answered");
            }
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
        let mut pings = own.pings();
        for pong in own.pongs() {
            assert!(
                pings.any(|ping| ping == pong),
                "an answer to nothing, or out of order: {pong:?}"
            );
        }
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

    fn check_lost(&self, end: usize) {
        let (own, peer) = (&self.ends[end], &self.ends[1 - end]);
        assert_eq!(own.driver.connection.poll_transport(), Transport::Close);
        let mut told = own.driver.notes.events.clone();
        told.retain(|seen| !matches!(seen, Seen::Pong(_)));
        let terminals = told.iter().filter(|seen| seen.is_terminal()).count();
        assert!(terminals == 1 && told.pop().is_some_and(|seen| seen.is_terminal()), "{told:?}");
        assert!(peer.sent.starts_with(&told), "in order: {told:?} of {:?}", peer.sent);
        let written = &own.driver.written;
        let frames = oracle::parse_extended(own.role(), &written[..Frames::of(written).whole_len]);
        assert!(frames.iter().filter(|frame| frame.opcode == CLOSE).count() <= 1);
    }
}

impl End {
    fn role(&self) -> Role {
        self.driver.connection.role()
    }

    /// The payloads of its Pings.
    fn pings(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.sent
            .iter()
            .filter_map(|sent| if let Seen::Ping(sent) = sent { Some(sent) } else { None })
    }

    /// The payloads of the Pongs that it was told.
    fn pongs(&self) -> impl Iterator<Item = &Vec<u8>> {
        let told = self.driver.notes.events.iter();
        told.filter_map(|seen| if let Seen::Pong(told) = seen { Some(told) } else { None })
    }

    /// What was written and has not been read.
    fn under_way(&mut self) -> Vec<u8> {
        let octets = self.driver.written[self.read..].to_vec();
        self.read = self.driver.written.len();
        octets
    }

    fn message(&mut self, form: u8, input: &mut Unstructured<'_>) -> Result<()> {
        let kind = kind(input)?;
        let message = match kind {
            MessageKind::Text => {
                Message::text(String::from_utf8_lossy(&octets(input)?).into_owned())
            }
            MessageKind::Binary => Message::binary(octets(input)?),
        };
        let connection = &mut self.driver.connection;
        let sent = match form {
            0 => connection.send(&message),
            1 => connection.send_prepared(&PreparedMessage::new(&message)),
            2 => connection.send_uncoded(&message),
            _ => match message.as_text() {
                Some(text) => connection.send_text(text),
                None => connection.send_binary(message.payload()),
            },
        };
        if sent.is_ok() {
            self.sent.push(Seen::message(kind, message.payload().to_vec()));
        }
        Ok(())
    }

    fn fragment(&mut self, coded: bool, input: &mut Unstructured<'_>) -> Result<()> {
        let (kind, fin) = (kind(input)?, input.int_in_range(0..=3)? == 0);
        let payload = octets(input)?;
        let connection = &mut self.driver.connection;
        let sent = if coded {
            connection.send_fragment(kind, &payload, fin)
        } else {
            connection.send_fragment_uncoded(kind, &payload, fin)
        };
        if sent.is_ok() {
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
        self.closed |= self.driver.connection.close(Some(bye), self.driver.now).is_ok();
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
