//! The sending half of a connection: messages in, octets to write out, and the closing handshake.
//!
//! In: what the application sends, what the transport took, and what was received that calls for an
//! answer ([`answer`](Outbound::answer)). Out: octets to write, what to do with the transport, and
//! what receiving must know of it ([`hears`](Outbound::hears)).

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

#[cfg(feature = "tokio")]
use bytes::Bytes;

use super::closing::{Closing, Transport};
use super::config::Config;
use super::event::{Event, Failure};
use super::inbound::Hears;
use super::outbound_extras::Extras;
use super::send::Send;
use super::setup::Setup;
use super::timers::Writes;
#[cfg(feature = "deflate")]
use crate::deflate::DeflateParams;
use crate::error::{Misuse, Violation};
use crate::extension::Encoder;
#[cfg(feature = "tokio")]
use crate::frame::Rsv;
use crate::frame::{CloseFrame, Opcode};
use crate::message::{Message, MessageKind};
use crate::prepared::PreparedMessage;
use crate::role::Role;

/// What sending owns.
#[derive(Debug)]
pub(crate) struct Outbound {
    pub(super) send: Send,
    pub(super) closing: Closing,
    extras: Extras,
}

impl Outbound {
    pub(super) fn new(role: Role, setup: Arc<Setup>) -> Self {
        let extras = Extras::new(&setup.config);
        Self { send: Send::new(setup), closing: Closing::new(role), extras }
    }

    pub(super) fn set_encoder(&mut self, encoder: impl Encoder + 'static) {
        self.extras.set_encoder(Some(Box::new(encoder)));
    }

    /// permessage-deflate was agreed on, to compress as the configuration of `setup` says.
    #[cfg(feature = "deflate")]
    pub(super) fn set_deflate(&mut self, setup: Arc<Setup>, role: Role, params: DeflateParams) {
        *self.send.setup_mut() = setup;
        self.extras.set_deflate(role, params);
    }

    /// What receiving must know.
    #[inline]
    pub(crate) const fn hears(&self) -> Hears {
        if self.closing.may_send() {
            Hears::Everything
        } else if self.closing.may_receive() {
            Hears::Close
        } else {
            Hears::Nothing
        }
    }

    /// Takes into account what was received; of messages it need not be told.
    #[inline]
    pub(crate) fn answer(&mut self, event: &Event<'_>, config: &Config, now: Duration) {
        match event {
            Event::Ping(payload) => {
                if config.auto_pong && self.closing.may_send() {
                    self.auto_pong(payload);
                }
            }
            Event::Close(frame) => self.close_received(*frame, config, now),
            Event::Failed(Failure::Violation(violation)) => self.fail(*violation, config, now),
            // Any other failure was this half's to find out.
            Event::Message { .. } | Event::Piece(_) | Event::Pong(_) | Event::Failed(_) => {}
        }
    }

    /// Answers a Ping. While there is no room or the peer does not read, only the latest answer is kept.
    fn auto_pong(&mut self, payload: &[u8]) {
        if self.send.auto_pong(payload) {
            // A longer one that waits for room would come behind this one, though it is the older.
            self.extras.take_pong();
        } else {
            self.extras.keep_pong(payload);
        }
    }

    /// Queues our Close, behind which nothing is sent.
    fn queue_close(&mut self, frame: Option<CloseFrame<'_>>) -> Result<(), Misuse> {
        self.send.close(frame)?;
        self.extras.take_pong();
        Ok(())
    }

    fn close_received(&mut self, frame: Option<CloseFrame<'_>>, config: &Config, now: Duration) {
        if self.closing.may_send() {
            // §5.5.1: the answer typically echoes the code. It was received, so it is sendable.
            let answer = self.queue_close(frame.map(|f| CloseFrame { code: f.code, reason: "" }));
            debug_assert_eq!(answer, Ok(()), "a code that was received may be sent");
        }
        self.closing.close_received(&config.limits, now);
        self.extras.drop_encoder();
        self.note_flushed(config, now);
    }

    /// _Fail the WebSocket Connection_ (§7.1.7).
    pub(super) fn fail(&mut self, violation: Violation, config: &Config, now: Duration) {
        if self.closing.may_send() {
            let (code, reason) = (violation.close_code(), violation.reason());
            let sent = self.queue_close(Some(CloseFrame { code, reason }));
            debug_assert_eq!(sent, Ok(()), "the code and reason come from a constant table");
        }
        self.closing.failed(&config.limits, now);
        self.extras.drop_encoder();
        self.note_flushed(config, now);
    }

    /// The peer's stream has ended. Whether that is not clean.
    pub(super) fn stream_ended(&mut self, config: &Config, now: Duration) -> bool {
        let unexpected = self.closing.may_receive();
        if unexpected {
            self.closing.failed(&config.limits, now);
            self.extras.drop_encoder();
        }
        self.closing.stream_ended();
        self.note_flushed(config, now);
        unexpected
    }

    /// Whether the peer's stream has ended, and not just been given up.
    #[cfg(feature = "tokio")]
    pub(crate) const fn has_stream_ended(&self) -> bool {
        self.closing.end_of_stream
    }

    /// Nothing can be read or written any more. Whether that is not clean.
    pub(super) fn transport_lost(&mut self) -> bool {
        let unexpected = self.closing.may_receive();
        self.closing.transport_lost();
        self.extras.drop_encoder();
        unexpected
    }

    /// See [`Connection::poll_transport`](super::Connection::poll_transport).
    #[inline]
    pub(crate) const fn poll_transport(&self) -> Transport {
        self.closing.transport()
    }

    /// See [`Connection::may_send`](super::Connection::may_send).
    #[inline]
    pub(crate) const fn may_send(&self) -> bool {
        self.closing.may_send()
    }

    /// See [`Connection::has_room`](super::Connection::has_room).
    #[inline]
    pub(crate) fn has_room(&self, len: usize) -> bool {
        self.send.has_room(len)
    }

    /// See [`Connection::poll_output`](super::Connection::poll_output).
    #[inline]
    pub(crate) fn poll_output(&self) -> impl Iterator<Item = &[u8]> {
        self.send.outbox().slices()
    }

    /// See [`Connection::output_len`](super::Connection::output_len).
    #[inline]
    pub(crate) const fn output_len(&self) -> usize {
        self.send.outbox().len()
    }

    /// See [`Connection::handle_written`](super::Connection::handle_written).
    #[inline]
    pub(crate) fn handle_written(&mut self, written: usize, config: &Config, now: Duration) {
        if let Some(writes) = self.extras.writes_mut() {
            writes.written(written, now);
        }
        self.send.outbox_mut().advance(written);
        if !self.send.outbox().is_blocked()
            && let Some(pong) = self.extras.take_pong()
        {
            // One that had to wait takes its place now that all is out; so there is room for it.
            let _ = self.send.control(Opcode::Pong, pong.payload());
        }
        self.note_flushed(config, now);
    }

    /// See [`Connection::handle_blocked`](super::Connection::handle_blocked).
    pub(crate) fn handle_blocked(&mut self, now: Duration) {
        if let Some(writes) = self.extras.writes_mut() {
            writes.blocked(now);
        }
    }

    /// The transport has passed on all that it took.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) fn handle_flushed(&mut self) {
        if let Some(writes) = self.extras.writes_mut() {
            writes.flushed();
        }
    }

    /// See [`Connection::clocks_writes`](super::Connection::clocks_writes).
    #[inline]
    pub(crate) fn clocks_writes(&self) -> bool {
        !self.closing.may_send() || self.writes().is_some_and(Writes::clocks_writes)
    }

    /// See [`Connection::handle_write_timeout`](super::Connection::handle_write_timeout).
    pub(crate) fn handle_write_timeout(
        &mut self,
        config: &Config,
        now: Duration,
    ) -> Option<Failure> {
        if !self.closing.may_send() {
            return self.handle_closing_timeout(now);
        }
        let passed = self.poll_write_timeout(config).is_some_and(|at| at <= now);
        passed.then(|| self.give_up(Failure::WriteTimeout))
    }

    /// See [`Connection::poll_write_timeout`](super::Connection::poll_write_timeout).
    pub(crate) fn poll_write_timeout(&self, config: &Config) -> Option<Duration> {
        if !self.closing.may_send() {
            return self.closing.deadline();
        }
        self.writes().and_then(|writes| writes.next(&config.deadlines))
    }

    /// How writing goes on, if there are deadlines.
    #[inline]
    pub(super) fn writes(&self) -> Option<&Writes> {
        self.extras.writes()
    }

    pub(super) fn handle_closing_timeout(&mut self, now: Duration) -> Option<Failure> {
        let awaited = self.closing.deadline_passed(now);
        if awaited {
            self.extras.drop_encoder();
        }
        awaited.then_some(Failure::CloseTimeout)
    }

    /// The peer cannot be reached: a Close would not be, either.
    pub(super) fn give_up(&mut self, failure: Failure) -> Failure {
        self.transport_lost();
        failure
    }

    /// Queues a Ping of keepalive, the first since the peer was heard or not.
    pub(super) fn keepalive(&mut self, nonce: &[u8], first: bool) {
        let queued = self.send.keepalive(nonce);
        if let (Some(writes), true) = (self.extras.writes_mut(), first) {
            writes.ping_queued(queued);
        }
    }

    /// See [`Connection::take_output_storage`](super::Connection::take_output_storage).
    #[inline]
    pub(crate) fn take_output_storage(&mut self) -> Vec<u8> {
        self.send.outbox_mut().take_storage()
    }

    /// Octets of storage for the output, whether or not anything is queued in them.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) const fn output_storage_len(&self) -> usize {
        self.send.outbox().storage_len()
    }

    /// See [`Connection::give_output_storage`](super::Connection::give_output_storage).
    #[inline]
    pub(crate) fn give_output_storage(&mut self, storage: Vec<u8>) {
        self.send.outbox_mut().give_storage(storage);
    }

    /// See [`Connection::send`](super::Connection::send).
    #[inline]
    pub(crate) fn send(&mut self, message: &Message) -> Result<(), Misuse> {
        self.check_open()?;
        let encoder = self.extras.encoder(message.payload().len(), self.send.config());
        self.send.message(message, encoder)
    }

    /// See [`Connection::send_uncoded`](super::Connection::send_uncoded).
    #[inline]
    pub(crate) fn send_uncoded(&mut self, message: &Message) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.message(message, None)
    }

    /// Whether a message may be written at once instead of being queued: its header and its payload,
    /// which nothing changes. Nothing is queued before it, either.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) fn may_write_through(&self) -> bool {
        !self.extras.has_extension() && self.closing.may_send() && self.send.may_write_through()
    }

    pub(super) fn send_octets(&mut self, kind: MessageKind, payload: &[u8]) -> Result<(), Misuse> {
        self.check_open()?;
        let encoder = self.extras.encoder(payload.len(), self.send.config());
        self.send.octets(kind, payload, encoder)
    }

    /// See [`Connection::send_prepared`](super::Connection::send_prepared).
    pub(crate) fn send_prepared(&mut self, message: &PreparedMessage) -> Result<(), Misuse> {
        self.check_open()?;
        let encoder = self.extras.encoder(message.payload().len(), self.send.config());
        self.send.prepared(message, encoder)
    }

    /// See [`Connection::send_fragment`](super::Connection::send_fragment).
    pub(super) fn send_fragment(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        fin: bool,
        coded: bool,
    ) -> Result<(), Misuse> {
        self.check_open()?;
        // How long the message becomes, nobody knows.
        let len = if coded { usize::MAX } else { 0 };
        let encoder = self.extras.encoder(len, self.send.config());
        self.send.fragment(kind, payload, fin, encoder, coded)
    }

    /// See [`Connection::ping`](super::Connection::ping).
    pub(crate) fn ping(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.control(Opcode::Ping, payload)
    }

    /// See [`Connection::pong`](super::Connection::pong).
    pub(crate) fn pong(&mut self, payload: &[u8]) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.control(Opcode::Pong, payload)
    }

    /// See [`Connection::close`](super::Connection::close). Receiving is to [`heed`] it.
    ///
    /// [`heed`]: super::inbound::Inbound::heed
    pub(crate) fn close(
        &mut self,
        frame: Option<CloseFrame<'_>>,
        config: &Config,
        now: Duration,
    ) -> Result<(), Misuse> {
        self.check_open()?;
        self.queue_close(frame)?;
        self.closing.close_sent(&config.limits, now);
        Ok(())
    }

    const fn check_open(&self) -> Result<(), Misuse> {
        if self.closing.may_send() { Ok(()) } else { Err(Misuse::SendAfterClose) }
    }

    fn note_flushed(&mut self, config: &Config, now: Duration) {
        if self.send.outbox().is_empty() {
            self.closing.flushed(&config.limits, now);
        }
    }
}

/// For whoever keeps the encoder elsewhere, to encode while this half does something else.
#[cfg(feature = "tokio")]
impl Outbound {
    /// The encoder, for whoever encodes on behalf of this half.
    pub(crate) fn take_encoder(&mut self) -> Option<Box<dyn Encoder>> {
        self.extras.take_encoder(self.send.config())
    }

    /// The encoder again, if there is still something to encode.
    pub(crate) fn give_encoder(&mut self, encoder: Option<Box<dyn Encoder>>) {
        if self.closing.may_receive() {
            self.extras.set_encoder(encoder);
        }
    }

    /// Whether a message of `len` octets may be sent now.
    pub(crate) fn check_message(&self, len: usize) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.check_message(len)
    }

    /// Queues a message that [`check_message`](Self::check_message) has passed, as the encoder, kept
    /// elsewhere, has encoded it; and what was queued meanwhile does not matter.
    pub(crate) fn send_coded(
        &mut self,
        kind: MessageKind,
        rsv: Rsv,
        payload: &[u8],
    ) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.coded(kind, rsv, payload)
    }

    /// As [`send_coded`](Self::send_coded), a server's whole frame.
    pub(crate) fn send_frame(&mut self, frame: &Bytes) -> Result<(), Misuse> {
        self.check_open()?;
        self.send.prepared_frame(frame);
        Ok(())
    }
}
