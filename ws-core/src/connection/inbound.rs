//! The receiving half of a connection: octets in, events out.
//!
//! In: the caller's buffer, the time, and as much of the other half as [`Hears`] tells. Out: an event
//! at a time. Whatever that calls for of the sending half is told to
//! [`Outbound::answer`](super::outbound::Outbound::answer): a message never does.
//!
//! ```text
//! Everything ──our Close sent──▶ Close ──peer's Close, failure──▶ Nothing
//!      └─────────────── peer's Close, failure ───────────────────────▲
//! ```

use alloc::vec::Vec;
use core::ops::Range;
use core::time::Duration;

use super::budget::Budget;
use super::config::{Config, Delivery};
use super::event::{Event, Failure, Payload, Piece, Received};
use super::inbound_extras::Extras;
use super::peer_close::PeerClose;
use super::receive::{Got, Place, Receive};
#[cfg(feature = "deflate")]
use crate::deflate::DeflateParams;
use crate::error::Violation;
use crate::extension::Decoder;
use crate::frame::{CloseFrame, Opcode};
use crate::message::MessageKind;
use crate::role::Role;

/// What of the peer's octets still means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hears {
    Everything,
    /// Our Close is on its way: its answer, and messages only for whoever asked for them.
    Close,
    Nothing,
}

/// What receiving owns.
#[derive(Debug)]
pub(crate) struct Inbound {
    receive: Receive,
    pub(super) extras: Extras,
}

impl Inbound {
    pub(super) fn new(role: Role, config: &Config) -> Self {
        Self { receive: Receive::new(role, config.delivery), extras: Extras::new(config) }
    }

    pub(super) fn set_decoder(&mut self, decoder: impl Decoder + 'static) {
        self.extras.set_decoder(decoder);
    }

    /// permessage-deflate was agreed on.
    #[cfg(feature = "deflate")]
    pub(super) const fn set_deflate(&mut self, params: DeflateParams) {
        self.extras.deflate = Some(params);
    }

    #[cfg(feature = "deflate")]
    pub(super) const fn deflate(&self) -> Option<DeflateParams> {
        self.extras.deflate
    }

    pub(super) const fn has_extension(&self) -> bool {
        !self.is_over() && self.extras.has_extension()
    }

    pub(super) fn share(&mut self, budget: Budget) {
        self.extras.share(budget);
    }

    pub(crate) const fn role(&self) -> Role {
        self.receive.role()
    }

    /// See [`Connection::awaited`](super::Connection::awaited).
    #[inline]
    pub(crate) const fn awaited(&self) -> u64 {
        self.receive.awaited()
    }

    /// See [`Connection::take_frames_handled`](super::Connection::take_frames_handled).
    #[inline]
    pub(crate) const fn take_frames_handled(&mut self) -> u16 {
        self.receive.take_frames()
    }

    /// See [`Connection::set_delivery`](super::Connection::set_delivery).
    #[inline]
    pub(crate) const fn set_delivery(&mut self, delivery: Delivery) {
        self.receive.set_delivery(delivery);
    }

    /// Whether anything received still means something.
    #[inline]
    pub(crate) const fn is_over(&self) -> bool {
        matches!(self.receive.hears, Hears::Nothing)
    }

    /// What the sending half has come to.
    #[inline]
    pub(crate) fn heed(&mut self, hears: Hears, config: &Config) {
        if hears != self.receive.hears {
            self.hears_less(hears, config);
        }
    }

    #[cold]
    fn hears_less(&mut self, hears: Hears, config: &Config) {
        match (self.receive.hears, hears) {
            (Hears::Everything, Hears::Close) => {
                self.receive.hears = Hears::Close;
                if !config.deliver_while_closing {
                    self.receive.drop_messages();
                    if let Some(share) = self.extras.share_mut() {
                        share.release();
                    }
                }
            }
            (Hears::Everything | Hears::Close, Hears::Nothing) => self.end(),
            // What this half has found out by itself, the other is told next.
            _ => {}
        }
    }

    /// The terminal event has come: whatever was held to receive messages is not needed.
    pub(super) fn end(&mut self) {
        self.receive.hears = Hears::Nothing;
        self.extras.end();
    }

    /// See [`Connection::handle_input`](super::Connection::handle_input).
    #[inline]
    pub(crate) fn handle_input<'b>(
        &'b mut self,
        input: &'b mut [u8],
        config: &Config,
        now: Duration,
    ) -> Received<'b> {
        if let Some((kind, payload)) = self.take_whole(input, config, || now) {
            let (discard, keep) = (payload.end, input.len().saturating_sub(payload.end));
            let payload = Payload::new(input, payload);
            return Received { event: Some(Event::Message { kind, payload }), discard, keep };
        }
        self.handle_any(input, config, now)
    }

    /// As [`handle_input`](Self::handle_input), behind [`take_whole`](Self::take_whole).
    pub(crate) fn handle_any<'b>(
        &'b mut self,
        input: &'b mut [u8],
        config: &Config,
        now: Duration,
    ) -> Received<'b> {
        let offered = input.len();
        let done = |event| Received { event, discard: offered, keep: 0 };
        if let Some(heard) = self.extras.heard_mut() {
            heard.offered(offered, now);
        }
        loop {
            if self.is_over() {
                return done(None);
            }
            let got = match self.receive.next(input, config, &mut self.extras, now) {
                Ok(got) => got,
                Err(violation) => return done(Some(self.fail(violation))),
            };
            let partial = matches!(got, Got::Partial);
            // While our Close is on its way, messages and pings are read but not told.
            let silent = self.receive.hears == Hears::Close && !config.deliver_while_closing;
            if silent && !partial && !matches!(got, Got::Control { opcode: Opcode::Close, .. }) {
                continue;
            }
            let (discard, keep) = self.receive.settle(input, partial);
            if let Some(heard) = self.extras.heard_mut() {
                heard.kept(keep, self.receive.is_partial() || partial && keep > 0, now);
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
                    Event::Ping(Payload::new(input, payload))
                }
                Got::Control { opcode: Opcode::Pong, payload } => {
                    let payload = Payload::new(input, payload);
                    if let Some(heard) = self.extras.heard_mut() {
                        heard.pong(&payload, now);
                    }
                    Event::Pong(payload)
                }
                Got::Control { payload, .. } => {
                    let payload = Payload::new(input, payload);
                    return done(Some(match CloseFrame::parse(payload.octets()) {
                        Ok(frame) => {
                            self.end();
                            self.extras.close_received(frame);
                            Event::Close(frame)
                        }
                        Err(violation) => self.fail(violation),
                    }));
                }
            };
            return Received { event: Some(event), discard, keep };
        }
    }

    /// As [`handle_input`](Self::handle_input), for the usual case alone: a message of one frame, all
    /// of which is there, that is told whole. Tells where its payload is; the octets up to its end are
    /// to be removed. `None`: [`handle_any`](Self::handle_any) goes on from here.
    #[inline]
    pub(crate) fn take_whole(
        &mut self,
        input: &mut [u8],
        config: &Config,
        now: impl FnOnce() -> Duration,
    ) -> Option<(MessageKind, Range<usize>)> {
        // Whether an extension decodes a message, it alone knows.
        if self.receive.hears != Hears::Everything || self.extras.agreed().is_some() {
            return None;
        }
        let (kind, payload) = self.receive.take_whole(input, config)?;
        if let Some(heard) = self.extras.heard_mut() {
            let now = now();
            heard.offered(input.len(), now);
            heard.kept(input.len().saturating_sub(payload.end), false, now);
        }
        Some((kind, payload))
    }

    /// See [`Connection::peer_close`](super::Connection::peer_close).
    pub(crate) fn peer_close(&self) -> Option<&PeerClose> {
        self.extras.peer_close()
    }

    /// See [`Connection::has_more`](super::Connection::has_more).
    #[inline]
    pub(crate) fn has_more(&self) -> bool {
        let decodes = || self.extras.agreed().is_some_and(|agreed| agreed.has_more());
        !self.is_over() && (self.receive.is_failing() || decodes())
    }

    /// See [`Connection::take_decoded`](super::Connection::take_decoded).
    pub(crate) fn take_decoded(&mut self) -> Vec<u8> {
        match self.extras.agreed_mut() {
            Some(agreed) if !self.receive.keeps_decoded() => agreed.take_octets(),
            _ => Vec::new(),
        }
    }

    /// See [`Connection::take_decoded_storage`](super::Connection::take_decoded_storage).
    #[inline]
    pub(crate) fn take_decoded_storage(&mut self) -> Vec<u8> {
        match self.extras.agreed_mut() {
            Some(agreed) if !self.receive.is_decoding() => agreed.take_storage(),
            _ => Vec::new(),
        }
    }

    /// See [`Connection::lacks_decoded_storage`](super::Connection::lacks_decoded_storage).
    #[inline]
    pub(crate) fn lacks_decoded_storage(&self) -> bool {
        self.extras.agreed().is_some_and(|agreed| !agreed.has_storage())
    }

    /// See [`Connection::give_decoded_storage`](super::Connection::give_decoded_storage).
    pub(crate) fn give_decoded_storage(&mut self, storage: Vec<u8>, config: &Config) {
        self.extras.make_decoder(self.role(), config);
        if let Some(agreed) = self.extras.agreed_mut() {
            agreed.give_storage(storage);
        }
    }

    /// Whether `input`, which begins with a header, is to be decoded and there is no decoder yet.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(crate) fn is_to_decode(&self, input: &[u8]) -> bool {
        self.extras.is_to_decode(input.first())
    }

    /// How long it took from the last answered Ping of keepalive to its Pong.
    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.extras.heard().and_then(|heard| heard.round_trip())
    }

    fn fail(&mut self, violation: Violation) -> Event<'static> {
        self.end();
        Event::Failed(Failure::Violation(violation))
    }

    fn payload<'b>(&'b self, input: &'b [u8], place: Place) -> Payload<'b> {
        match place {
            Place::Input(range) => Payload::new(input, range),
            Place::Decoded(len) => {
                let octets = self.extras.agreed().map(|agreed| agreed.octets(len));
                Payload::decoded(octets.unwrap_or_default())
            }
        }
    }
}
