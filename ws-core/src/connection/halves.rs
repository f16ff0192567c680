//! What concerns both halves of a connection: the end of its transport, and the time.
//!
//! Everything else is one half's business, or goes from one to the other as an event that is answered
//! ([`Outbound::answer`]) or a word that is heeded ([`Inbound::heed`]).

use core::time::Duration;

use super::config::Config;
use super::event::{Event, Failure};
use super::inbound::Inbound;
use super::outbound::Outbound;
use super::timers::{Due, due, next};
use crate::error::Violation;

/// Both halves of a connection, wherever each of them is kept.
#[derive(Debug)]
pub(crate) struct Halves<'a> {
    pub(crate) config: &'a Config,
    pub(crate) inbound: &'a mut Inbound,
    pub(crate) outbound: &'a mut Outbound,
}

impl Halves<'_> {
    /// See [`Connection::handle_end_of_stream`](super::Connection::handle_end_of_stream).
    pub(crate) fn handle_end_of_stream(&mut self, now: Duration) -> Option<Event<'static>> {
        let unexpected = self.outbound.stream_ended(self.config, now);
        self.heed();
        unexpected.then_some(Event::Failed(Failure::EndOfStream))
    }

    /// See [`Connection::handle_transport_lost`](super::Connection::handle_transport_lost).
    pub(crate) fn handle_transport_lost(&mut self) -> Option<Event<'static>> {
        let unexpected = self.outbound.transport_lost();
        self.heed();
        unexpected.then_some(Event::Failed(Failure::EndOfStream))
    }

    /// See [`Connection::handle_timeout`](super::Connection::handle_timeout).
    pub(crate) fn handle_timeout(&mut self, now: Duration) -> Option<Event<'static>> {
        self.handle_timeout_of(now, now)
    }

    /// As [`handle_timeout`](Self::handle_timeout), of what was due at `then`: all that had arrived by
    /// then was handled, and nothing since.
    pub(crate) fn handle_timeout_of(
        &mut self,
        then: Duration,
        now: Duration,
    ) -> Option<Event<'static>> {
        let failure = self.handle_due(then, now);
        self.heed();
        failure.map(Event::Failed)
    }

    fn handle_due(&mut self, then: Duration, now: Duration) -> Option<Failure> {
        if !self.outbound.may_send() {
            return self.outbound.handle_closing_timeout(then);
        }
        let (heard, writes) = (self.inbound.extras.heard_mut()?, self.outbound.writes()?);
        match due(heard, writes, &self.config.deadlines, then)? {
            Due::Ping => {
                self.keepalive(then);
                None
            }
            Due::Idle => Some(self.fail(Violation::Idle, now)),
            Due::TooSlow => Some(self.fail(Violation::TooSlow, now)),
            Due::PongTimeout => Some(self.outbound.give_up(Failure::PongTimeout)),
            Due::WriteTimeout => Some(self.outbound.give_up(Failure::WriteTimeout)),
        }
    }

    fn fail(&mut self, violation: Violation, now: Duration) -> Failure {
        self.outbound.fail(violation, self.config, now);
        Failure::Violation(violation)
    }

    fn keepalive(&mut self, now: Duration) {
        let secret = self.outbound.send.secret();
        let Some(heard) = self.inbound.extras.heard_mut() else { return };
        let first = heard.ask(now);
        if let Some(nonce) = heard.ping(secret, now) {
            self.outbound.keepalive(&nonce, first);
        }
    }

    fn heed(&mut self) {
        self.inbound.heed(self.outbound.hears(), self.config);
    }
}

/// See [`Connection::poll_timeout`](super::Connection::poll_timeout).
pub(crate) fn poll_timeout(
    config: &Config,
    inbound: &Inbound,
    outbound: &Outbound,
) -> Option<Duration> {
    if !outbound.may_send() {
        return outbound.closing.deadline();
    }
    let (heard, writes) = (inbound.extras.heard()?, outbound.writes()?);
    next(heard, writes, &config.deadlines)
}
