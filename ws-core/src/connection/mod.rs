//! The sans-IO connection: octets and time in, events and octets out (RFC 6455 §5 to §7).
//!
//! It owns no socket, no clock and no read buffer. Whoever does drives it:
//!
//! ```text
//!              ┌────────────────────────── Connection ──────────────────────────┐
//!  your buffer ─▶ handle_input ─▶ Event (lent from your buffer), octets to keep │
//!  end, time   ─▶ handle_end_of_stream, handle_timeout ─▶ Event                 │
//!  full        ─▶ handle_blocked: the transport takes nothing                   │
//!  you         ─▶ send_*, ping, pong, close                                     │
//!              │        poll_output, handle_written ─▶ octets to write          │
//!              │        poll_timeout ─▶ when to call handle_timeout             │
//!              │        poll_transport ─▶ read on, shut down, close             │
//!              └────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Time is a [`Duration`] since any moment of the caller's choosing; it must not run backwards. A
//! connection with [`Deadlines`] asks to be told it once at the start.
//!
//! ```
//! use std::time::Duration;
//! use ws_core::connection::{Config, Connection, Event};
//! use ws_core::MessageKind;
//!
//! let now = Duration::ZERO;
//! let mut client = Connection::client(Config::default());
//! let mut server = Connection::server(Config::default());
//!
//! client.send_text("Hello")?;
//! let mut wire: Vec<u8> = client.poll_output().flatten().copied().collect();
//! client.handle_written(wire.len(), now);
//!
//! let received = server.handle_input(&mut wire, now);
//! let Some(Event::Message { kind, payload }) = received.event else { panic!("a message") };
//! assert_eq!((kind, payload.octets()), (MessageKind::Text, &b"Hello"[..]));
//! # Ok::<(), ws_core::Misuse>(())
//! ```

mod agreed;
mod budget;
mod closing;
mod config;
mod deadlines;
mod event;
mod outbox;
mod outgoing;
mod ping_budget;
mod pings;
mod receive;
mod send;
mod timers;
mod waiting;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

#[cfg(feature = "deflate")]
use crate::deflate::{Deflate, DeflateParams, PerMessageDeflate};
use crate::error::Violation;
use crate::extension::Extension;
use crate::frame::{CloseFrame, Opcode};
use crate::role::Role;

pub use budget::Budget;
pub use closing::Transport;
pub use config::{Config, Delivery};
pub use deadlines::{Deadlines, DeadlinesBuilder};
pub use event::{Event, Failure, Payload, Piece, Received};
pub use send::MaskingKeys;

use agreed::Agreed;
use closing::Closing;
use receive::{Got, Place, Receive};
use send::Send;
use timers::Timers;

/// One WebSocket connection after its opening handshake, in either role.
#[derive(Debug)]
pub struct Connection {
    config: Config,
    receive: Receive,
    send: Send,
    closing: Closing,
    /// The deadlines' instants, if there are deadlines.
    timers: Option<Box<Timers>>,
    /// The extension, until nothing more is to be received.
    agreed: Option<Box<Agreed>>,
    #[cfg(feature = "deflate")]
    deflate: Option<DeflateParams>,
}

impl Connection {
    /// The server's end.
    #[must_use]
    pub fn server(config: Config) -> Self {
        Self::new(Role::Server, None, config)
    }

    /// The client's end, masking with keys from the operating system's seeded generator.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn client(config: Config) -> Self {
        Self::client_with_keys(config, crate::mask::random_key)
    }

    /// The client's end, masking with the caller's keys: each must be fresh and unpredictable
    /// (RFC 6455 §5.3, §10.3).
    #[must_use]
    pub fn client_with_keys(config: Config, keys: MaskingKeys) -> Self {
        Self::new(Role::Client, Some(keys), config)
    }

    fn new(role: Role, keys: Option<MaskingKeys>, config: Config) -> Self {
        Self {
            config,
            receive: Receive::new(role),
            send: Send::new(keys, &config.limits),
            closing: Closing::new(role),
            timers: (!config.deadlines.are_off()).then(Box::default),
            agreed: None,
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    /// Has messages pass through an extension that both endpoints agreed on in the opening
    /// handshake. To be called before anything is received or sent.
    pub fn set_extension(&mut self, extension: impl Extension + 'static) {
        self.agreed = Some(Box::new(Agreed::new(extension)));
    }

    /// The extension set before, until the connection has ended.
    #[must_use]
    pub fn extension(&self) -> Option<&dyn Extension> {
        self.agreed.as_ref().map(|agreed| &agreed.extension)
    }

    /// Compresses as `deflate` says, and keeps to `params`, which the opening handshake agreed on.
    /// To be called before anything is received or sent; adapters do it themselves.
    #[cfg(feature = "deflate")]
    pub fn set_deflate(&mut self, deflate: &Deflate, params: DeflateParams) {
        self.set_extension(PerMessageDeflate::new(self.role(), &params, deflate));
        self.deflate = Some(params);
    }

    /// What was agreed about permessage-deflate; `None` if it was not agreed on (RFC 7692 §7.1).
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn deflate(&self) -> Option<DeflateParams> {
        self.deflate
    }

    /// Has messages that are not whole counted in a budget that other connections share. To be
    /// called before anything is received.
    pub fn set_budget(&mut self, budget: Budget) {
        self.receive.share(budget);
    }

    /// How the connection was configured.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Our role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.receive.role()
    }

    /// Octets that are known to be on their way: the rest of the frame whose payload is being
    /// received. What a header claims, so no reason to allocate that much.
    #[must_use]
    pub const fn awaited(&self) -> u64 {
        self.receive.awaited()
    }

    /// How many frames of the peer's were handled since this was last asked, those of a message that
    /// is not whole as well, and 65,535 at most: for whoever gives each connection its share of the
    /// time.
    #[inline]
    #[must_use]
    pub const fn take_frames_handled(&mut self) -> u16 {
        self.receive.take_frames()
    }

    /// Hands out messages whole or as they arrive, from the next message on. One that is open stays
    /// as it began; but if nothing of it was told, [`Delivery::Messages`] has it told whole.
    pub const fn set_delivery(&mut self, delivery: Delivery) {
        self.config.delivery = delivery;
        if matches!(delivery, Delivery::Messages) {
            self.receive.hold_untold();
        }
    }

    /// Takes octets that the peer sent and tells the next thing they mean.
    ///
    /// `input` begins with the first octet that was not discarded before, and ends with the newest.
    /// Payload is unmasked in place, and decoded into the connection's own storage if an extension
    /// changes it. Afterwards, and when done with the event, remove
    /// [`discard`](Received::discard) octets from the front, and everything behind the
    /// [`keep`](Received::keep) octets that follow; then call again: at once after an event, with
    /// more octets behind after none.
    ///
    /// Allocates nothing, except for the output that a Ping, a Close or a violation calls for, and
    /// for what an extension decodes: at most
    /// [`max_message_len`](crate::Limits::max_message_len) and one octet. Under
    /// [`Delivery::Messages`] the octets to keep are the message so far: at most
    /// [`max_message_len`](crate::Limits::max_message_len) and a control frame.
    #[inline]
    pub fn handle_input<'b>(&'b mut self, input: &'b mut [u8], now: Duration) -> Received<'b> {
        let offered = input.len();
        let done = |event| Received { event, discard: offered, keep: 0 };
        if let Some(timers) = &mut self.timers {
            timers.offered(offered, now);
        }
        loop {
            if !self.closing.may_receive() {
                return done(None);
            }
            let got = match self.receive.next(input, &self.config, self.agreed.as_deref_mut(), now)
            {
                Ok(got) => got,
                Err(violation) => return done(Some(self.fail(violation, now))),
            };
            let partial = matches!(got, Got::Partial);
            // While our Close is on its way, messages and pings are read but not told.
            let silent = !self.closing.may_send() && !self.config.deliver_while_closing;
            if silent && !partial && !matches!(got, Got::Control { opcode: Opcode::Close, .. }) {
                continue;
            }
            let (discard, keep) = self.receive.settle(input, partial);
            if let Some(timers) = &mut self.timers {
                timers.kept(keep, self.receive.is_partial() || partial && keep > 0, now);
            }
            let input: &'b [u8] = input;
            let event = match got {
                Got::Partial => return Received { event: None, discard, keep },
                Got::Message { kind, payload } => {
                    Event::Message { kind, payload: self.payload(input, payload) }
                }
                Got::Piece(piece) => Event::Piece(Piece {
                    kind: piece.kind,
                    octets: self.payload(input, piece.octets),
                    starts_message: piece.starts_message,
                    ends_fragment: piece.ends_fragment,
                    ends_message: piece.ends_message,
                }),
                Got::Control { opcode: Opcode::Ping, payload } => {
                    let payload = Payload::new(input, payload);
                    if self.config.auto_pong && self.closing.may_send() {
                        self.send.auto_pong(&payload);
                    }
                    Event::Ping(payload)
                }
                Got::Control { opcode: Opcode::Pong, payload } => {
                    let payload = Payload::new(input, payload);
                    if let Some(timers) = &mut self.timers {
                        timers.pong(&payload, now);
                    }
                    Event::Pong(payload)
                }
                Got::Control { payload, .. } => {
                    let payload = Payload::new(input, payload);
                    return done(Some(self.close_received(payload.octets(), now)));
                }
            };
            return Received { event: Some(event), discard, keep };
        }
    }

    /// Whether [`handle_input`](Self::handle_input) has something to tell without another octet: the
    /// rest of what an extension decodes, or the violation behind octets already told. For whoever
    /// would not call it with an empty buffer.
    #[must_use]
    pub fn has_more(&self) -> bool {
        let decodes = || self.agreed.as_ref().is_some_and(|agreed| agreed.has_more());
        self.closing.may_receive() && (self.receive.is_failing() || decodes())
    }

    /// The payload of the [`Event::Message`] or [`Event::Piece`] told last, without a copy, if an
    /// extension has decoded it: its [`Payload::range`] is `None`. Empty otherwise, and when called
    /// again.
    #[must_use]
    pub fn take_decoded(&mut self) -> Vec<u8> {
        match &mut self.agreed {
            Some(agreed) if !self.receive.keeps_decoded() => agreed.take_octets(),
            _ => Vec::new(),
        }
    }

    /// Takes the storage of what is decoded away while no message is being decoded, so that an idle
    /// connection holds none; see [`give_decoded_storage`](Self::give_decoded_storage).
    #[must_use]
    pub fn take_decoded_storage(&mut self) -> Vec<u8> {
        match &mut self.agreed {
            Some(agreed) if !self.receive.is_decoding() => agreed.take_storage(),
            _ => Vec::new(),
        }
    }

    /// Whether there is an extension, and no storage for what it decodes.
    #[must_use]
    pub fn lacks_decoded_storage(&self) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| !agreed.has_storage())
    }

    /// Gives storage for what an extension decodes, any octets in it being written over. Without it,
    /// the connection allocates its own.
    pub fn give_decoded_storage(&mut self, storage: Vec<u8>) {
        if let Some(agreed) = &mut self.agreed {
            agreed.give_storage(storage);
        }
    }

    /// The peer's stream has ended: no octets will follow. Tells [`Event::Failed`] if that is not
    /// clean and no terminal event came before.
    pub fn handle_end_of_stream(&mut self, now: Duration) -> Option<Event<'static>> {
        let unexpected = self.closing.may_receive();
        if unexpected {
            self.closing.failed(&self.config.limits, now);
            self.end_receiving();
        }
        self.closing.stream_ended();
        self.note_flushed(now);
        unexpected.then_some(Event::Failed(Failure::EndOfStream))
    }

    /// The transport failed: nothing can be read or written any more. Tells [`Event::Failed`] if no
    /// terminal event came before.
    pub fn handle_transport_lost(&mut self) -> Option<Event<'static>> {
        let unexpected = self.closing.may_receive();
        self.closing.transport_lost();
        self.end_receiving();
        unexpected.then_some(Event::Failed(Failure::EndOfStream))
    }

    /// What to do with the transport, now that everything so far is handled.
    #[must_use]
    pub const fn poll_transport(&self) -> Transport {
        self.closing.transport()
    }

    fn close_received<'b>(&mut self, payload: &'b [u8], now: Duration) -> Event<'b> {
        let frame = match CloseFrame::parse(payload) {
            Ok(frame) => frame,
            Err(violation) => return self.fail(violation, now),
        };
        if self.closing.may_send() {
            // §5.5.1: the answer typically echoes the code. It was received, so it is sendable.
            let answer = self.send.close(frame.map(|f| CloseFrame { code: f.code, reason: "" }));
            debug_assert_eq!(answer, Ok(()), "a code that was received may be sent");
        }
        self.closing.close_received(&self.config.limits, now);
        self.end_receiving();
        self.note_flushed(now);
        Event::Close(frame)
    }

    /// _Fail the WebSocket Connection_ (§7.1.7).
    fn fail(&mut self, violation: Violation, now: Duration) -> Event<'static> {
        if self.closing.may_send() {
            self.send.close_with(violation.close_code(), violation.reason());
        }
        self.closing.failed(&self.config.limits, now);
        self.end_receiving();
        self.note_flushed(now);
        Event::Failed(Failure::Violation(violation))
    }

    /// The terminal event has come: whatever was held to receive or send messages is not needed.
    fn end_receiving(&mut self) {
        self.agreed = None;
        self.receive.end();
    }

    fn payload<'b>(&'b self, input: &'b [u8], place: Place) -> Payload<'b> {
        match place {
            Place::Input(range) => Payload::new(input, range),
            Place::Decoded(len) => {
                let octets = self.agreed.as_ref().map(|agreed| agreed.octets(len));
                Payload::decoded(octets.unwrap_or_default())
            }
        }
    }

    fn note_flushed(&mut self, now: Duration) {
        if self.send.outbox().is_empty() {
            self.closing.flushed(&self.config.limits, now);
        }
    }
}
