//! How a connection is received from over a tokio transport: it reads, sleeps, and has
//! `tokio::output` write. What the octets mean is the sans-IO [`Inbound`]'s business.
//!
//! ```text
//! step: something buffered? ─yes─▶ told
//!          │ no
//!          ├─▶ write what is queued ─▶ read ─▶ again
//!          └── both pending: buffers go back to the thread, sleep until the next deadline
//! ```
//!
//! Every poll leaves all state in the connection, so any future around it may be dropped.

use core::task::{Context, Poll, ready};
use std::io;

use ::tokio::time::Instant;
use bytes::Bytes;

use super::event::{Event, Piece};
use super::link::Link;
use super::output::{Attended, Sender};
use super::pool;
use super::read_buffer::ReadBuffer;
use crate::connection::{
    self, Config, Delivery, Halves, Hears, Inbound, Moment, Received, poll_timeout,
};
use crate::io::Error;
use crate::message::Message;

/// A message of at most this many octets that an extension has decoded is copied, and the storage
/// used again; a longer one takes it along.
const COPY_UP_TO: usize = 64 * 1024;

/// The receiving half, and how it reaches the rest.
#[derive(Debug)]
pub(super) struct Receiver<'a, L> {
    pub(super) config: &'a Config,
    pub(super) inbound: &'a mut Inbound,
    pub(super) input: &'a mut ReadBuffer,
    /// Time zero of the connection's clock.
    pub(super) origin: Instant,
    pub(super) link: L,
}

/// What the caller of a step wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Messages,
    /// Messages and control frames.
    Events,
    Pieces,
}

/// What one step of receiving gave.
pub(super) enum Step {
    Message(Message),
    Piece(Piece),
    Ping(Bytes),
    Pong(Bytes),
}

/// A connection that can be received from, held in one way or another.
pub(super) trait Receives {
    type Link<'a>: Link
    where
        Self: 'a;

    /// What it consists of. To be asked for anew for each message, and only then: what is taken apart
    /// for no longer than that stays in registers.
    fn receiver(&mut self) -> Receiver<'_, Self::Link<'_>>;

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Message>, Error>> {
        loop {
            match ready!(self.poll_step(Wanted::Messages, cx))? {
                Some(Step::Message(message)) => return Poll::Ready(Ok(Some(message))),
                // The rest of a message that was read in pieces.
                Some(_) => {}
                None => return Poll::Ready(Ok(None)),
            }
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Event>, Error>> {
        loop {
            return Poll::Ready(Ok(Some(match ready!(self.poll_step(Wanted::Events, cx))? {
                Some(Step::Message(message)) => Event::Message(message),
                Some(Step::Ping(payload)) => Event::Ping(payload),
                Some(Step::Pong(payload)) => Event::Pong(payload),
                // The rest of a message that was read in pieces.
                Some(Step::Piece(_)) => continue,
                None => return Poll::Ready(Ok(None)),
            })));
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Piece>, Error>> {
        Poll::Ready(Ok(match ready!(self.poll_step(Wanted::Pieces, cx))? {
            Some(Step::Piece(piece)) => Some(piece),
            // It began under another method, which was dropped in the middle of it.
            Some(Step::Message(message)) => Some(Piece {
                kind: message.kind(),
                octets: message.into_payload(),
                starts_message: true,
                ends_message: true,
            }),
            Some(Step::Ping(_) | Step::Pong(_)) | None => None,
        }))
    }

    /// The next thing received that is wanted. Behind the last one, sees the transport to its end.
    #[inline]
    fn poll_step(
        &mut self,
        wanted: Wanted,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Step>, Error>> {
        loop {
            if let Some(step) = ready!(self.receiver().poll_buffered(wanted, cx)) {
                return Poll::Ready(Ok(Some(step)));
            }
            if let Some(outcome) = ready!(self.receiver().poll_more(cx)) {
                return Poll::Ready(outcome.map(|()| None));
            }
        }
    }
}

impl<L: Link> Receiver<'_, L> {
    /// Until there is more to tell: `None`. Or the connection has ended: how, unless that was told.
    pub(super) fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), Error>>> {
        // Whether or not all is written, reading goes on: a peer that writes before it reads would
        // otherwise wait for us for ever.
        let mut write_failed = false;
        match self.link.attend(self.config, cx, |sender, cx| sender.attend(cx)) {
            Some(Attended::Ended(outcome)) => {
                self.inbound.heed(self.link.hears(), self.config);
                self.input.clear();
                self.release_buffers();
                return Poll::Ready(Some(outcome.map_or(Ok(()), Err)));
            }
            Some(Attended::Flushes) => {
                self.inbound.heed(self.link.hears(), self.config);
                self.input.clear();
                self.release_buffers();
                return Poll::Pending;
            }
            Some(Attended::WriteFailed) => write_failed = true,
            Some(Attended::Goes) | None => {}
        }
        if self.input.end_of_stream || self.poll_fill(cx).is_pending() {
            if write_failed {
                // What was on its way may come yet, unless nothing more is to be told.
                if !self.input.end_of_stream && !self.inbound.is_over() {
                    self.release_buffers();
                    let config = self.config;
                    ready!(self.link.sending(config, cx, |sender, cx| sender.poll_last_wait(cx)));
                }
                self.transport_lost(None, cx);
            } else if self.link.may_wait(cx) {
                self.release_buffers();
                ready!(self.poll_deadline(cx));
            }
        }
        Poll::Ready(None)
    }

    /// The next wanted thing that the octets already read mean, while it is the task's turn.
    ///
    /// In line wherever it is called: for each message, and what it gives is large.
    #[inline(always)]
    pub(super) fn poll_buffered(
        &mut self,
        wanted: Wanted,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Step>> {
        let Self { config, inbound, input, origin, link } = self;
        inbound.heed(link.hears(), config);
        inbound.set_delivery(match wanted {
            Wanted::Messages | Wanted::Events => Delivery::Messages,
            Wanted::Pieces => Delivery::Pieces,
        });
        while !inbound.is_over() && (!input.is_empty() || inbound.has_more()) {
            ready!(input.work.poll_proceed(inbound.take_frames_handled(), cx));
            let (octets, now) = input.octets_and_moment(*origin);
            if let Some((kind, payload)) = inbound.take_whole(octets, config, || now.since_zero()) {
                let payload = input.take_front(payload);
                return Poll::Ready(Some(Step::Message(Message::from_checked(kind, payload))));
            }
            let now = now.since_zero();
            let Received { event, discard, keep } =
                inbound.handle_any(input.octets_mut(), config, now);
            // An event borrows the buffer: what is needed of it is taken before the buffer is cut.
            match event {
                None => {
                    input.settle(discard, keep);
                    return Poll::Ready(None);
                }
                Some(connection::Event::Message { kind, payload }) => {
                    let payload = match payload.range() {
                        Some(range) => input.take(range, discard),
                        None if payload.len() <= COPY_UP_TO => {
                            let payload = Bytes::copy_from_slice(&payload);
                            input.settle(discard, keep);
                            payload
                        }
                        None => {
                            input.settle(discard, keep);
                            inbound.take_decoded().into()
                        }
                    };
                    return Poll::Ready(Some(Step::Message(Message::from_checked(kind, payload))));
                }
                Some(connection::Event::Piece(connection::Piece {
                    kind,
                    octets,
                    starts_message,
                    ends_message,
                    ..
                })) => {
                    let octets = match octets.range() {
                        Some(range) => input.take(range, discard),
                        None => {
                            let octets = Bytes::copy_from_slice(&octets);
                            input.settle(discard, keep);
                            octets
                        }
                    };
                    let piece = Piece { kind, octets, starts_message, ends_message };
                    return Poll::Ready(Some(Step::Piece(piece)));
                }
                Some(connection::Event::Ping(payload)) => {
                    let ping = connection::Event::Ping(payload);
                    link.sending(config, cx, |sender, _| sender.answer(&ping, now));
                    let payload = wanted_control(wanted, &payload);
                    input.settle(discard, keep);
                    if let Some(payload) = payload {
                        return Poll::Ready(Some(Step::Ping(payload)));
                    }
                }
                Some(connection::Event::Pong(payload)) => {
                    let payload = wanted_control(wanted, &payload);
                    input.settle(discard, keep);
                    if let Some(payload) = payload {
                        return Poll::Ready(Some(Step::Pong(payload)));
                    }
                }
                Some(event @ (connection::Event::Close(_) | connection::Event::Failed(_))) => {
                    // The octets may have been read long ago, and the peer's time begins now.
                    link.sending(config, cx, |sender, _| {
                        let now = sender.origin.elapsed();
                        sender.answer(&event, now);
                    });
                    input.clear();
                }
            }
        }
        Poll::Ready(None)
    }

    /// Reads once, and takes the end of the stream, or its loss, into account.
    #[inline]
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { config, inbound, input, link, .. } = self;
        match ready!(link.poll_read(input, inbound.awaited(), cx)) {
            Ok(octets) => {
                let now = self.origin.elapsed();
                input.set_read_at(Moment::new(now));
                if octets == 0 {
                    input.end_of_stream = true;
                    self.halves(cx, |halves| halves.handle_end_of_stream(now));
                } else if inbound.is_over() {
                    input.clear();
                } else if inbound.lacks_decoded_storage()
                    || inbound.is_to_decode(input.octets_mut())
                {
                    inbound.give_decoded_storage(pool::take_output(), config);
                }
                // A peer that never stops sending must not keep the end from being seen. Before it,
                // each deadline waits for what these octets mean.
                if self.link.hears() != Hears::Everything {
                    self.halves(cx, |halves| halves.handle_timeout(now));
                }
            }
            Err(error) => self.transport_lost(Some(error), cx),
        }
        Poll::Ready(())
    }

    /// Until the connection's next deadline, which is then handled.
    #[inline]
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.link.hears() == Hears::Everything && self.config.deadlines.are_off() {
            return Poll::Pending;
        }
        let Self { config, inbound, link, .. } = self;
        ready!(link.sending(config, cx, |sender, cx| {
            match poll_timeout(sender.config, inbound, sender.outbound) {
                Some(deadline) => sender.poll_timer(deadline, cx),
                None => {
                    sender.outgoing.drop_timer();
                    Poll::Pending
                }
            }
        }));
        let now = self.origin.elapsed();
        self.input.set_read_at(Moment::new(now));
        self.halves(cx, |halves| halves.handle_timeout(now));
        Poll::Ready(())
    }

    /// Something that is both halves' business has happened.
    fn halves(
        &mut self,
        cx: &mut Context<'_>,
        handle: impl FnOnce(&mut Halves<'_>) -> Option<connection::Event<'static>>,
    ) {
        let Self { config, inbound, link, .. } = self;
        link.sending(config, cx, |sender, _| {
            let Sender { config, outbound, outgoing, .. } = sender;
            outgoing.note_event(handle(&mut Halves { config, inbound, outbound }));
        });
    }

    /// Nothing can be read any more. Once both Close frames are through, that is no error.
    fn transport_lost(&mut self, error: Option<io::Error>, cx: &mut Context<'_>) {
        let Self { config, inbound, link, .. } = self;
        link.sending(config, cx, |sender, _| {
            let Sender { config, outbound, outgoing, .. } = sender;
            let unwritten = outbound.output_len() > 0;
            let event = Halves { config, inbound, outbound }.handle_transport_lost();
            if let Some(error) = error {
                outgoing.note_lost(&error);
                if unwritten || event.is_some() {
                    outgoing.note_outcome(|| error.into());
                }
            }
            outgoing.note_event(event);
        });
    }

    #[inline]
    fn release_buffers(&mut self) {
        self.input.rest();
        pool::give_output(self.inbound.take_decoded_storage());
        self.link.rest();
    }
}

/// A control frame's payload, if it is wanted. It may lie behind a message that is not whole, so it
/// is copied, not split off.
fn wanted_control(wanted: Wanted, payload: &[u8]) -> Option<Bytes> {
    (wanted == Wanted::Events).then(|| Bytes::copy_from_slice(payload))
}
