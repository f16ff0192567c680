//! How a connection is driven over a blocking transport: it reads and looks at the clock.
//! What the octets mean is the sans-IO [`Connection`](crate::Connection)'s business.
//!
//! ```text
//! step: something buffered? ─yes─▶ told
//!          │ no
//!          ├─▶ look at the deadlines, behind a read
//!          └─▶ write what is queued ─▶ read, no longer than until the next deadline ─▶ again
//! ```

use core::ops::Range;
use std::io;

use super::buffer::READ_LEN;
use super::error::{Error, same_error};
use super::open::is_late;
use super::transport::Transport;
use super::websocket::{LastRead, WebSocket};
use crate::connection::{Connection, Event, Failure, Piece, Received, Transport as Advice};
use crate::message::MessageKind;

/// What one step of receiving gave.
pub(super) enum Step {
    Message(MessageKind, Kept),
    Piece { kind: MessageKind, octets: Kept, starts_message: bool, ends_message: bool },
}

/// Where octets stay until the next step.
#[derive(Debug, Clone)]
pub(super) enum Kept {
    /// In the buffer, as [`Buffer::kept`](super::buffer::Buffer::kept) takes it.
    Input(Range<usize>),
    /// Among those that an extension has decoded.
    Decoded(Range<usize>),
}

impl Kept {
    pub(super) const fn range_mut(&mut self) -> &mut Range<usize> {
        match self {
            Self::Input(range) | Self::Decoded(range) => range,
        }
    }
}

impl<S: Transport> WebSocket<S> {
    /// The next thing received. Behind the last one, sees the transport to its end.
    pub(super) fn step(&mut self) -> Result<Option<Step>, Error> {
        loop {
            if let Some(step) = self.next_buffered() {
                return Ok(Some(step));
            }
            self.judge_read();
            if !self.write_failed
                && self.connection.poll_transport() != Advice::Close
                && let Err(error) = self.flush()
            {
                if !is_resumable(&error) {
                    if matches!(self.outcome, Some(Error::Io(_))) {
                        self.outcome = Some(error);
                    }
                } else if !self.handle_deadline() {
                    return Err(error);
                }
            }
            match self.connection.poll_transport() {
                Advice::Close => {
                    self.input.clear();
                    if !self.shut_down {
                        // The peer need not wait until the transport is dropped, too.
                        self.shut_down = true;
                        let _ = self.io.shut_down();
                    }
                    return self.outcome.take().map_or(Ok(None), Err);
                }
                Advice::ShutDown if !self.shut_down => {
                    self.shut_down = true;
                    if !self.io.shut_down().unwrap_or(false) {
                        self.lost(None);
                        continue;
                    }
                }
                Advice::Open | Advice::Flush | Advice::ShutDown | Advice::AwaitEnd => {}
            }
            if self.end_of_stream {
                self.lost(None);
            } else {
                self.fill()?;
            }
        }
    }

    /// The next thing that the octets already read mean.
    fn next_buffered(&mut self) -> Option<Step> {
        if self.decoded.capacity() > 0 {
            self.connection.give_decoded_storage(core::mem::take(&mut self.decoded));
        }
        while !self.ended && (!self.input.is_empty() || self.connection.has_more()) {
            let Connection { setup, inbound, outbound } = &mut self.connection;
            let Received { event, discard, keep } =
                inbound.handle_input(self.input.octets_mut(), &setup.config, self.now);
            if let Some(event) = &event {
                if matches!(event, Event::Close(_) | Event::Failed(_)) {
                    // Our Close has all of its time from now on: the application may have been
                    // busy since these octets were read.
                    self.now = self.origin.elapsed();
                }
                outbound.answer(event, &setup.config, self.now);
            }
            match event {
                None => {
                    self.input.settle(discard, keep, 0..0);
                    return None;
                }
                Some(Event::Message { kind, payload }) => {
                    let payload = payload.range();
                    let payload = self.keep(discard, keep, payload);
                    return Some(Step::Message(kind, payload));
                }
                Some(Event::Piece(Piece {
                    kind, octets, starts_message, ends_message, ..
                })) => {
                    let octets = octets.range();
                    let octets = self.keep(discard, keep, octets);
                    return Some(Step::Piece { kind, octets, starts_message, ends_message });
                }
                Some(Event::Ping(_) | Event::Pong(_)) => {
                    self.input.settle(discard, keep, 0..0);
                }
                Some(Event::Close(_)) => self.ended = true,
                Some(Event::Failed(failure)) => self.failed(Some(failure)),
            }
        }
        if self.ended {
            self.input.clear();
        }
        None
    }

    /// Settles the buffer and keeps payload: `range` of it, or what was decoded.
    fn keep(&mut self, discard: usize, keep: usize, range: Option<Range<usize>>) -> Kept {
        let kept = self.input.settle(discard, keep, range.clone().unwrap_or_default());
        if range.is_some() {
            return Kept::Input(kept);
        }
        self.decoded = self.connection.take_decoded();
        Kept::Decoded(0..self.decoded.len())
    }

    /// The octets of the last step.
    pub(super) fn kept(&self, kept: &Kept) -> &[u8] {
        match kept {
            Kept::Input(range) => self.input.kept(range.clone()),
            Kept::Decoded(range) => self.decoded.get(range.clone()).unwrap_or_default(),
        }
    }

    /// Reads once, no longer than until the next deadline.
    fn fill(&mut self) -> Result<(), Error> {
        let storage = self.connection.take_output_storage();
        if storage.len() <= READ_LEN {
            self.connection.give_output_storage(storage);
        }
        let storage = self.connection.take_decoded_storage();
        if storage.len() <= READ_LEN {
            self.connection.give_decoded_storage(storage);
        }
        let started = match self.limit_read() {
            Ok(started) => started,
            Err(error) => {
                self.lost(Some(error));
                return Ok(());
            }
        };
        let read = self.input.fill(&mut self.io, self.connection.awaited());
        self.now = self.origin.elapsed();
        match read {
            Ok(0) => {
                self.end_of_stream = true;
                let event = self.connection.handle_end_of_stream(self.now);
                self.note(event);
            }
            // Before the end, each deadline waits for what these octets mean.
            Ok(_) if self.connection.may_send() => {
                self.last_read = Some(LastRead { began: started, ended: self.now });
                return Ok(());
            }
            Ok(_) => {}
            Err(error) if is_late(&error) && !self.write_failed => {
                // Our own timeout is looked at below; any other is the caller's.
                if !self.reads.was_met(started, self.now) {
                    return Err(error.into());
                }
            }
            Err(error) => self.lost(Some(error)),
        }
        self.handle_deadline();
        Ok(())
    }

    /// Where all that a read brought is handled, handles the deadline that has passed while it waited:
    /// reads that always bring something would otherwise put it off for ever.
    ///
    /// One that passed before, while the application was busy, says nothing of the peer: how much more
    /// had arrived by then, a transport that gives a record at a time, as TLS does, does not tell.
    fn judge_read(&mut self) {
        let Some(LastRead { began, ended }) = self.last_read.take() else { return };
        let passed = self.connection.poll_timeout().filter(|deadline| *deadline <= ended);
        let Some(deadline) = passed.filter(|_| self.connection.may_send()) else { return };
        if deadline < began {
            return self.connection.count_anew(ended);
        }
        // What follows has its time from now on: the application may have been busy since.
        self.now = self.origin.elapsed();
        let event = self.connection.handle_timeout_of(ended, self.now);
        self.note(event);
    }

    /// Handles the connection's deadline, if it has one, and tells whether it has ended all.
    fn handle_deadline(&mut self) -> bool {
        if self.connection.poll_timeout().is_some() {
            self.now = self.origin.elapsed();
            let event = self.connection.handle_timeout(self.now);
            self.note(event);
        }
        self.connection.poll_transport() == Advice::Close
    }

    /// Where what is written starts the next wait, the last read may be long ago.
    pub(super) fn handle_written(&mut self, written: usize) {
        if self.connection.clocks_writes() {
            self.now = self.origin.elapsed();
        }
        self.connection.handle_written(written, self.now);
    }

    pub(super) fn note(&mut self, event: Option<Event<'static>>) {
        if let Some(Event::Failed(failure)) = event {
            self.failed(Some(failure));
        }
    }

    fn failed(&mut self, failure: Option<Failure>) {
        if let Some(failure) = failure {
            self.outcome.get_or_insert(failure.into());
        }
        self.ended = true;
    }

    /// Nothing can be read any more. Once both Close frames are through, that is no error.
    pub(super) fn lost(&mut self, error: Option<io::Error>) {
        let unwritten = self.connection.output_len() > 0;
        let unexpected = self.connection.handle_transport_lost().is_some();
        if let (true, Some(error)) = (unwritten || unexpected, error) {
            self.outcome.get_or_insert(error.into());
        }
        self.ended = true;
    }

    /// A write that failed is told to whoever wrote, and by [`recv`](Self::recv).
    pub(super) fn note_write<T>(&mut self, result: io::Result<T>) -> Result<T, Error> {
        if let Err(error) = &result
            && !is_late(error)
        {
            self.write_failed = true;
            self.outcome.get_or_insert_with(|| same_error(error).into());
        }
        Ok(result?)
    }
}

fn is_resumable(error: &Error) -> bool {
    matches!(error, Error::Io(error) if is_late(error))
}
