//! Drives a [`Connection`] as its documentation says, and writes down what can be seen of it.
//!
//! In: octets in any pieces. Out: a [`Log`] that does not depend on how they were cut: pieces are
//! joined to messages. Checks the buffer contract (discard, keep) on every call.
#![allow(dead_code, reason = "each test uses its own part of the driver")]

use std::time::Duration;

use ws_core::connection::{Config, Connection, Delivery, Event, Failure, Piece, Transport};
use ws_core::{MessageKind, Role, Violation};

use crate::oracle::{self, Frame, KEY};

pub(crate) mod model;
pub(crate) mod violations;

pub(crate) const BOTH_ROLES: [Role; 2] = [Role::Server, Role::Client];
pub(crate) const NOW: Duration = Duration::from_secs(1000);

/// A control frame and a header at most may wait behind the message that is being put together.
pub(crate) const MAX_UNREAD: usize = 125 + 14;

/// An event that owns what it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// Code and reason, or `None` for an empty Close frame.
    Close(Option<(u16, String)>),
    Failed(Failure),
}

impl Seen {
    pub(crate) const fn is_terminal(&self) -> bool {
        matches!(self, Self::Close(_) | Self::Failed(_))
    }

    pub(crate) fn message(kind: MessageKind, payload: Vec<u8>) -> Self {
        match kind {
            MessageKind::Text => Self::Text(payload),
            MessageKind::Binary => Self::Binary(payload),
        }
    }
}

pub(crate) fn seen_text(text: &str) -> Seen {
    Seen::Text(text.into())
}

pub(crate) fn seen_close(code: u16, reason: &str) -> Seen {
    Seen::Close(Some((code, reason.into())))
}

pub(crate) const fn seen_violation(violation: Violation) -> Seen {
    Seen::Failed(Failure::Violation(violation))
}

/// Everything that can be seen of a connection, however its input was cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) events: Vec<Seen>,
    /// Under `Delivery::Pieces`: how many octets each fragment had.
    pub(crate) fragments: Vec<usize>,
    /// What it wrote, parsed strictly and unmasked.
    pub(crate) output: Vec<Frame>,
    pub(crate) transport: Transport,
}

/// A connection with the caller's buffer and the octets it wrote.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) connection: Connection,
    role: Role,
    pub(crate) now: Duration,
    /// The caller's buffer. It begins with the first octet that was not discarded.
    pub(crate) buffer: Vec<u8>,
    pub(crate) notes: Notes,
    /// All octets it wrote.
    pub(crate) written: Vec<u8>,
}

/// What a driver was told.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) events: Vec<Seen>,
    /// The message that is arriving piece by piece.
    pub(crate) open: Option<(MessageKind, Vec<u8>)>,
    pub(crate) fragments: Vec<usize>,
    fragment_len: usize,
}

impl Driver {
    pub(crate) fn new(role: Role, config: Config) -> Self {
        Self {
            connection: connect(role, config),
            role,
            now: NOW,
            buffer: Vec::new(),
            notes: Notes::default(),
            written: Vec::new(),
        }
    }

    /// The defaults.
    pub(crate) fn plain(role: Role) -> Self {
        Self::new(role, Config::default())
    }

    /// Gives octets to the connection until it has nothing more to tell, then writes its output.
    pub(crate) fn feed(&mut self, octets: &[u8]) -> &mut Self {
        self.feed_silently(octets);
        self.write_all();
        self
    }

    /// As [`feed`](Self::feed), but writes nothing: the peer does not read.
    pub(crate) fn feed_silently(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
        let mut start = 0;
        loop {
            let offered = self.buffer.len() - start;
            let received = self.connection.handle_input(&mut self.buffer[start..], self.now);
            let (discard, keep) = (received.discard, received.keep);
            assert!(discard + keep <= offered, "discard and keep lie within the buffer");
            let last = received.event.is_none();
            self.notes.take(received.event);
            self.buffer.truncate(start + discard + keep);
            start += discard;
            if last {
                break;
            }
        }
        self.buffer.drain(..start);
    }

    /// Gives `octets` cut at these offsets.
    pub(crate) fn feed_cut(&mut self, octets: &[u8], cuts: &[usize]) -> &mut Self {
        let mut from = 0;
        for &cut in cuts.iter().chain([&octets.len()]) {
            self.feed(&octets[from..cut]);
            from = cut;
        }
        self
    }

    pub(crate) fn end_of_stream(&mut self) -> &mut Self {
        self.end_of_stream_silently();
        self.write_all();
        self
    }

    pub(crate) fn end_of_stream_silently(&mut self) {
        let event = self.connection.handle_end_of_stream(self.now);
        self.notes.take(event);
    }

    pub(crate) fn timeout_at(&mut self, now: Duration) -> &mut Self {
        self.timeout_silently_at(now);
        self
    }

    pub(crate) fn timeout_silently_at(&mut self, now: Duration) {
        self.now = now;
        let event = self.connection.handle_timeout(now);
        self.notes.take(event);
    }

    pub(crate) fn transport_lost(&mut self) -> &mut Self {
        let event = self.connection.handle_transport_lost();
        self.notes.take(event);
        self
    }

    /// Writes all that is queued, in one go.
    pub(crate) fn write_all(&mut self) -> usize {
        let queued: Vec<u8> = self.connection.poll_output().flatten().copied().collect();
        assert_eq!(queued.len(), self.connection.output_len(), "output_len tells poll_output's");
        self.connection.handle_written(queued.len(), self.now);
        self.written.extend(&queued);
        queued.len()
    }

    /// Writes at most `len` octets of what is queued; the transport took no more.
    pub(crate) fn write_some(&mut self, len: usize) -> usize {
        let some: Vec<u8> = self.connection.poll_output().flatten().copied().take(len).collect();
        self.connection.handle_written(some.len(), self.now);
        self.written.extend(&some);
        some.len()
    }

    /// The frames written so far.
    pub(crate) fn frames(&self) -> Vec<Frame> {
        oracle::parse(self.role, &self.written)
    }

    pub(crate) fn log(&self) -> Log {
        let events = &self.notes.events;
        let terminal = events.iter().position(Seen::is_terminal);
        let last = terminal.is_none_or(|at| at == events.len() - 1);
        assert!(last, "G4: one terminal event, and nothing behind it: {events:?}");
        Log {
            events: events.clone(),
            fragments: self.notes.fragments.clone(),
            output: self.frames(),
            transport: self.connection.poll_transport(),
        }
    }
}

impl Notes {
    fn take(&mut self, event: Option<Event<'_>>) {
        let seen = match event {
            None => return,
            Some(Event::Message { kind, payload }) => Seen::message(kind, payload.to_vec()),
            Some(Event::Piece(piece)) => match self.piece(&piece) {
                None => return,
                Some(message) => message,
            },
            Some(Event::Ping(payload)) => Seen::Ping(payload.to_vec()),
            Some(Event::Pong(payload)) => Seen::Pong(payload.to_vec()),
            Some(Event::Close(frame)) => {
                Seen::Close(frame.map(|frame| (frame.code.get(), frame.reason.to_owned())))
            }
            Some(Event::Failed(failure)) => Seen::Failed(failure),
            Some(event) => panic!("an event that the tests do not know: {event:?}"),
        };
        self.events.push(seen);
    }

    /// Joins a piece to the message before it; the message if it is whole now.
    fn piece(&mut self, piece: &Piece<'_>) -> Option<Seen> {
        assert_eq!(piece.starts_message, self.open.is_none(), "starts_message on the first piece");
        assert!(piece.ends_fragment || !piece.ends_message, "a message ends with a fragment");
        assert!(piece.ends_fragment || !piece.octets.is_empty(), "no idle pieces");
        let (kind, octets) = self.open.get_or_insert((piece.kind, Vec::new()));
        assert_eq!(*kind, piece.kind, "one message is of one kind");
        octets.extend_from_slice(&piece.octets);
        self.fragment_len += piece.octets.len();
        if piece.ends_fragment {
            self.fragments.push(std::mem::take(&mut self.fragment_len));
        }
        if !piece.ends_message {
            return None;
        }
        self.open.take().map(|(kind, octets)| Seen::message(kind, octets))
    }
}

/// An endpoint whose masking keys, if it is a client, are all [`KEY`].
pub(crate) fn connect(role: Role, config: Config) -> Connection {
    match role {
        Role::Server => Connection::server(config),
        Role::Client => Connection::client_with_keys(config, || KEY),
    }
}

pub(crate) fn delivering(delivery: Delivery) -> Config {
    let mut config = Config::default();
    config.delivery = delivery;
    config
}

/// What a connection in this role makes of these frames, given in one piece.
pub(crate) fn log_of(role: Role, frames: &[Frame]) -> Log {
    Driver::plain(role).feed(&oracle::wire_to(role, frames)).log()
}
