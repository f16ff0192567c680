//! How a connection is driven over a tokio transport: it reads, sleeps, and has `tokio::output` write.
//! What the octets mean is the sans-IO [`Connection`](crate::Connection)'s business.
//!
//! ```text
//! step: something buffered? ─yes─▶ told
//!          │ no
//!          ├─▶ write what is queued ─▶ read ─▶ again
//!          └── both pending: buffers go back to the thread, sleep until the next deadline
//! ```
//!
//! Every poll leaves all state in the [`WebSocket`], so any future around it may be dropped.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;

use ::tokio::io::{AsyncRead, AsyncWrite};
use bytes::Bytes;

use super::pool;
use super::waiting::Waiting;
use super::websocket::{Event, Piece, WebSocket};
use crate::connection::{self, Delivery, Failure, Received, Transport};
use crate::io::{Error, PeerClose};
use crate::message::Message;

/// A message of at most this many octets that an extension has decoded is copied, and the storage
/// used again; a longer one takes it along.
const COPY_UP_TO: usize = 64 * 1024;

/// How far the transport's own end has come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    /// Octets were written that the transport may still hold back.
    pub(super) unflushed: bool,
    /// A write failed: nothing can be sent any more, but the peer's last octets may be there.
    pub(super) write_failed: bool,
    /// Our half of the transport is shut down.
    shut_down: bool,
    /// The peer's half has ended.
    end_of_stream: bool,
    /// The terminal event has come: nothing received means anything any more.
    ended: bool,
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

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    pub(super) fn poll_recv(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Message>, Error>> {
        loop {
            match ready!(self.poll_step(Wanted::Messages, cx))? {
                Some(Step::Message(message)) => return Poll::Ready(Ok(Some(message))),
                // The rest of a message that was read in pieces.
                Some(_) => {}
                None => return Poll::Ready(Ok(None)),
            }
        }
    }

    pub(super) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Event>, Error>> {
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

    pub(super) fn poll_piece(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Piece>, Error>> {
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
    pub(super) fn poll_step(
        &mut self,
        wanted: Wanted,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Step>, Error>> {
        self.connection.set_delivery(match wanted {
            Wanted::Messages | Wanted::Events => Delivery::Messages,
            Wanted::Pieces => Delivery::Pieces,
        });
        loop {
            if let Some(step) = ready!(self.poll_buffered(wanted, cx)) {
                return Poll::Ready(Ok(Some(step)));
            }
            // Whether or not all is written, reading goes on: a peer that writes before it reads
            // would otherwise wait for us for ever.
            if !self.state.write_failed
                && self.connection.poll_transport() != Transport::Close
                && let Poll::Ready(Err(Error::Io(error))) = self.poll_queued(cx)
                && matches!(self.outcome, Some(Error::Io(_)))
            {
                self.outcome = Some(error.into());
            }
            match self.connection.poll_transport() {
                Transport::Close => {
                    self.input.clear();
                    self.release_buffers();
                    self.timer = None;
                    if !self.state.shut_down {
                        // The peer need not wait until the transport is dropped, too.
                        self.state.shut_down = true;
                        let _ = Pin::new(&mut self.io).poll_shutdown(cx);
                    }
                    return Poll::Ready(self.outcome.take().map_or(Ok(None), Err));
                }
                Transport::ShutDown if !self.state.shut_down => {
                    // Whether it worked shows in what is read, or in the deadline.
                    self.state.shut_down = Pin::new(&mut self.io).poll_shutdown(cx).is_ready();
                }
                Transport::Open | Transport::Flush | Transport::ShutDown | Transport::AwaitEnd => {}
            }
            if self.state.end_of_stream || self.poll_fill(cx).is_pending() {
                if self.state.write_failed {
                    self.transport_lost(None);
                    continue;
                }
                self.release_buffers();
                ready!(self.poll_deadline(Waiting::ToReceive, cx));
            }
        }
    }

    /// The next wanted thing that the octets already read mean, while it is the task's turn.
    fn poll_buffered(&mut self, wanted: Wanted, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        while !self.state.ended && (!self.input.is_empty() || self.connection.has_more()) {
            ready!(self.work.poll_proceed(self.connection.take_frames_handled(), cx));
            let Received { event, discard, keep } =
                self.connection.handle_input(self.input.octets_mut(), self.now);
            // An event borrows the buffer: what is needed of it is taken before the buffer is cut.
            match event {
                None => {
                    self.input.settle(discard, keep);
                    return Poll::Ready(None);
                }
                Some(connection::Event::Message { kind, payload }) => {
                    let payload = match payload.range() {
                        Some(range) => self.input.take(range, discard),
                        None if payload.len() <= COPY_UP_TO => {
                            let payload = Bytes::copy_from_slice(&payload);
                            self.input.settle(discard, keep);
                            payload
                        }
                        None => {
                            self.input.settle(discard, keep);
                            self.connection.take_decoded().into()
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
                        Some(range) => self.input.take(range, discard),
                        None => {
                            let octets = Bytes::copy_from_slice(&octets);
                            self.input.settle(discard, keep);
                            octets
                        }
                    };
                    let piece = Piece { kind, octets, starts_message, ends_message };
                    return Poll::Ready(Some(Step::Piece(piece)));
                }
                Some(connection::Event::Ping(payload)) => {
                    let payload = wanted_control(wanted, &payload);
                    self.input.settle(discard, keep);
                    if let Some(payload) = payload {
                        return Poll::Ready(Some(Step::Ping(payload)));
                    }
                }
                Some(connection::Event::Pong(payload)) => {
                    let payload = wanted_control(wanted, &payload);
                    self.input.settle(discard, keep);
                    if let Some(payload) = payload {
                        return Poll::Ready(Some(Step::Pong(payload)));
                    }
                }
                Some(connection::Event::Close(frame)) => {
                    self.peer_close = Some(PeerClose::new(frame));
                    self.state.ended = true;
                    self.input.clear();
                }
                Some(connection::Event::Failed(failure)) => {
                    self.failed(failure);
                    self.input.clear();
                }
            }
        }
        Poll::Ready(None)
    }

    /// Reads once, and takes the end of the stream, or its loss, into account.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match ready!(self.input.poll_read(&mut self.io, self.connection.awaited(), cx)) {
            Ok(octets) => {
                self.now = self.origin.elapsed();
                if octets == 0 {
                    self.state.end_of_stream = true;
                    let event = self.connection.handle_end_of_stream(self.now);
                    self.note_event(event);
                } else if self.state.ended {
                    self.input.clear();
                } else {
                    // For the Pongs, and for a Close, that these octets may call for; and for what
                    // an extension decodes.
                    self.hold_output();
                    if self.connection.lacks_decoded_storage() {
                        self.connection.give_decoded_storage(pool::take_output());
                    }
                }
                // A peer that never stops sending must not keep the end from being seen. Before it,
                // each deadline waits for what these octets mean.
                if !self.connection.may_send() {
                    let event = self.connection.handle_timeout(self.now);
                    self.note_event(event);
                }
            }
            Err(error) => self.transport_lost(Some(error)),
        }
        Poll::Ready(())
    }

    fn release_buffers(&mut self) {
        self.input.rest();
        if self.connection.output_len() == 0 {
            pool::give_output(self.connection.take_output_storage());
        }
        pool::give_output(self.connection.take_decoded_storage());
    }

    /// Takes an event into account that came without octets: a failure, if any.
    pub(super) fn note_event(&mut self, event: Option<connection::Event<'static>>) {
        if let Some(connection::Event::Failed(failure)) = event {
            self.failed(failure);
        }
    }

    fn failed(&mut self, failure: Failure) {
        self.outcome.get_or_insert(failure.into());
        self.state.ended = true;
    }

    /// Nothing can be read any more. Once both Close frames are through, that is no error.
    fn transport_lost(&mut self, error: Option<io::Error>) {
        let unwritten = self.connection.output_len() > 0;
        let event = self.connection.handle_transport_lost();
        if let (true, Some(error)) = (unwritten || event.is_some(), error) {
            self.outcome.get_or_insert(error.into());
        }
        self.note_event(event);
        self.state.ended = true;
    }
}

/// A control frame's payload, if it is wanted. It may lie behind a message that is not whole, so it
/// is copied, not split off.
fn wanted_control(wanted: Wanted, payload: &[u8]) -> Option<Bytes> {
    (wanted == Wanted::Events).then(|| Bytes::copy_from_slice(payload))
}
