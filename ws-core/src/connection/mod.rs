//! The sans-IO connection: octets and time in, events and octets out (RFC 6455 §5 to §7).
//!
//! It owns no socket, no clock and no read buffer. Whoever does drives it:
//!
//! ```text
//!              ┌────────────────────────── Connection ──────────────────────────┐
//!  your buffer ─▶ handle_input ─▶ Event (lent from your buffer), octets to keep │
//!  end, time   ─▶ handle_end_of_stream, handle_timeout ─▶ Event                 │
//!  you         ─▶ send_*, ping, pong, close                                     │
//!              │        poll_output, handle_written ─▶ octets to write          │
//!              │        poll_timeout ─▶ when to call handle_timeout             │
//!              │        poll_transport ─▶ read on, shut down, close             │
//!              └────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Time is a [`Duration`] since any moment of the caller's choosing; it must not run backwards.
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

mod closing;
mod config;
mod event;
mod outbox;
mod receive;
mod send;

use alloc::vec::Vec;
use core::time::Duration;

#[cfg(feature = "deflate")]
use crate::deflate::{Deflate, DeflateParams};
use crate::error::{Misuse, Violation};
use crate::frame::{CloseFrame, Opcode};
use crate::message::{Message, MessageKind};
use crate::prepared::PreparedMessage;
use crate::role::Role;

pub use closing::Transport;
pub use config::{Config, Delivery};
pub use event::{Event, Failure, Payload, Piece, Received};
pub use send::MaskingKeys;

use closing::Closing;
use receive::{Got, Receive};
use send::Send;

/// One WebSocket connection after its opening handshake, in either role.
#[derive(Debug)]
pub struct Connection {
    config: Config,
    receive: Receive,
    send: Send,
    closing: Closing,
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
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    /// Has both endpoints keep to `params`, which the opening handshake agreed on. To be called
    /// before anything is received or sent.
    #[cfg(feature = "deflate")]
    pub(crate) const fn set_deflate(&mut self, deflate: Deflate, params: DeflateParams) {
        self.config.deflate = Some(deflate);
        self.deflate = Some(params);
    }

    /// What was agreed about permessage-deflate; `None` if it was not agreed on (RFC 7692 §7.1).
    #[cfg(feature = "deflate")]
    #[must_use]
    pub const fn deflate(&self) -> Option<DeflateParams> {
        self.deflate
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

    /// Hands out messages whole or as they arrive, from the next message on: one that is open stays
    /// as it began.
    pub const fn set_delivery(&mut self, delivery: Delivery) {
        self.config.delivery = delivery;
    }

    /// Takes octets that the peer sent and tells the next thing they mean.
    ///
    /// `input` begins with the first octet that was not discarded before, and ends with the newest.
    /// Payload is unmasked in place. Afterwards, and when done with the event, remove
    /// [`discard`](Received::discard) octets from the front, and everything behind the
    /// [`keep`](Received::keep) octets that follow; then call again: at once after an event, with
    /// more octets behind after none.
    ///
    /// Allocates nothing, except for the output that a Ping, a Close or a violation calls for. Under
    /// [`Delivery::Messages`] the octets to keep are the message so far: at most
    /// [`max_message_len`](crate::Limits::max_message_len) and a control frame.
    #[inline]
    pub fn handle_input<'b>(&mut self, input: &'b mut [u8], now: Duration) -> Received<'b> {
        let offered = input.len();
        let done = |event| Received { event, discard: offered, keep: 0 };
        loop {
            if !self.closing.may_receive() {
                return done(None);
            }
            let got = match self.receive.next(input, &self.config, now) {
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
            let input: &'b [u8] = input;
            let event = match got {
                Got::Partial => return Received { event: None, discard, keep },
                Got::Message { kind, payload } => {
                    Event::Message { kind, payload: Payload::new(input, payload) }
                }
                Got::Piece(piece) => Event::Piece(Piece {
                    kind: piece.kind,
                    octets: Payload::new(input, piece.octets),
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
                    Event::Pong(Payload::new(input, payload))
                }
                Got::Control { payload, .. } => {
                    let payload = Payload::new(input, payload);
                    return done(Some(self.close_received(payload.octets(), now)));
                }
            };
            return Received { event: Some(event), discard, keep };
        }
    }

    /// The peer's stream has ended: no octets will follow. Tells [`Event::Failed`] if that is not
    /// clean and no terminal event came before.
    pub fn handle_end_of_stream(&mut self, now: Duration) -> Option<Event<'static>> {
        let unexpected = self.closing.may_receive();
        if unexpected {
            self.closing.failed(&self.config.limits, now);
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
        unexpected.then_some(Event::Failed(Failure::EndOfStream))
    }

    /// The time is now `now`; to be called when [`poll_timeout`](Self::poll_timeout) has come.
    pub fn handle_timeout(&mut self, now: Duration) -> Option<Event<'static>> {
        self.closing.deadline_passed(now).then_some(Event::Failed(Failure::CloseTimeout))
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing else happens before.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Duration> {
        self.closing.deadline()
    }

    /// What to do with the transport, now that everything so far is handled.
    #[must_use]
    pub const fn poll_transport(&self) -> Transport {
        self.closing.transport()
    }

    /// The octets to write, in order, as slices for one vectored write.
    pub fn poll_output(&self) -> impl Iterator<Item = &[u8]> {
        self.send.outbox().slices()
    }

    /// Octets that [`poll_output`](Self::poll_output) would give.
    #[must_use]
    pub const fn output_len(&self) -> usize {
        self.send.outbox().len()
    }

    /// The transport took the first `written` octets of the output. Taking fewer than were offered
    /// means that the peer is behind: until all is written, only the latest Pong is kept.
    pub fn handle_written(&mut self, written: usize, now: Duration) {
        self.send.written(written);
        self.note_flushed(now);
    }

    /// Takes the storage of the output away while nothing is queued, so that an idle connection
    /// holds none; see [`give_output_storage`](Self::give_output_storage).
    #[must_use]
    pub fn take_output_storage(&mut self) -> Vec<u8> {
        self.send.outbox_mut().take_storage()
    }

    /// Gives storage for the output, any octets in it being written over. Without it, the connection
    /// allocates its own.
    pub fn give_output_storage(&mut self, storage: Vec<u8>) {
        self.send.outbox_mut().give_storage(storage);
    }

    /// Whether a message of `len` octets may be queued now.
    ///
    /// Always, while nothing is queued; otherwise within
    /// [`max_write_buffer`](crate::Limits::max_write_buffer).
    #[must_use]
    pub const fn has_room(&self, len: usize) -> bool {
        self.send.has_room(len)
    }

    /// Whether messages may still be sent: no Close was sent and the connection has not ended.
    #[must_use]
    pub const fn may_send(&self) -> bool {
        self.closing.may_send()
    }

    /// Queues a message as one frame. A server shares a long payload instead of copying it.
    ///
    /// # Errors
    ///
    /// The wire is untouched and the message is still the caller's:
    /// [`Misuse::SendAfterClose`], [`Misuse::MessageOpen`], [`Misuse::WriteBufferFull`].
    pub fn send(&mut self, message: &Message) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.message(message)
    }

    /// Queues a text message as one frame, copying the text.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_text(&mut self, text: &str) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.octets(MessageKind::Text, text.as_bytes())
    }

    /// Queues a binary message as one frame, copying the payload.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_binary(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.octets(MessageKind::Binary, payload)
    }

    /// Queues a message that was encoded before; a server does no more than refer to it.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.prepared(message)
    }

    /// Queues one fragment of a message, the last one if `fin`. The fragments of a text message may
    /// cut code points, but together must be UTF-8.
    ///
    /// # Errors
    ///
    /// The wire is untouched: [`Misuse::SendAfterClose`], [`Misuse::MessageKindChanged`],
    /// [`Misuse::TextNotUtf8`], [`Misuse::WriteBufferFull`].
    ///
    /// RFC 6455 §5.4.
    pub fn send_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        fin: bool,
    ) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.fragment(kind, payload, fin)
    }

    /// Queues a Ping with up to 125 octets.
    ///
    /// # Errors
    ///
    /// The wire is untouched: [`Misuse::SendAfterClose`], [`Misuse::ControlTooLong`],
    /// [`Misuse::WriteBufferFull`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.control(Opcode::Ping, payload)
    }

    /// Queues a Pong with up to 125 octets, asked for or not.
    ///
    /// # Errors
    ///
    /// As [`ping`](Self::ping).
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.control(Opcode::Pong, payload)
    }

    /// Starts the closing handshake: queues a Close frame, empty if `frame` is `None`. Nothing can
    /// be sent after it; the peer has
    /// [`close_timeout`](crate::Limits::close_timeout) to answer.
    ///
    /// # Errors
    ///
    /// The wire is untouched: [`Misuse::SendAfterClose`], [`Misuse::CloseCodeNotSendable`],
    /// [`Misuse::ReasonTooLong`].
    ///
    /// RFC 6455 §7.1.2.
    pub fn close(&mut self, frame: Option<CloseFrame<'_>>, now: Duration) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.close(frame)?;
        self.closing.close_sent(&self.config.limits, now);
        if !self.config.deliver_while_closing {
            self.receive.drop_messages();
        }
        Ok(())
    }

    const fn check_open(&self) -> Result<(), Misuse> {
        if self.closing.may_send() { Ok(()) } else { Err(Misuse::SendAfterClose) }
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
        self.note_flushed(now);
        Event::Close(frame)
    }

    /// _Fail the WebSocket Connection_ (§7.1.7).
    fn fail(&mut self, violation: Violation, now: Duration) -> Event<'static> {
        if self.closing.may_send() {
            self.send.close_with(violation.close_code(), violation.reason());
        }
        self.closing.failed(&self.config.limits, now);
        self.note_flushed(now);
        Event::Failed(Failure::Violation(violation))
    }

    fn note_flushed(&mut self, now: Duration) {
        if self.send.outbox().is_empty() {
            self.closing.flushed(&self.config.limits, now);
        }
    }
}
