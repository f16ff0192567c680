//! What sending keeps next to its half of a connection, and what of it another task waits for.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::pin::Pin;
use core::time::Duration;
use std::io;

use ::tokio::time::{Instant, Sleep, sleep_until};

use super::wakers::Wakers;
use crate::connection::{Event, Outbound, Transport};
use crate::io::Error;
use crate::message::Message;

/// What sending keeps next to its half of the connection.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// What most connections have none of for most of the time.
    rare: Option<Box<Rare>>,
    /// The tasks of its stream and its sink, once it is used as these.
    wakers: Option<Arc<Wakers>>,
    /// Octets were written that the transport may still hold back.
    pub(super) unflushed: bool,
    /// A write failed: nothing can be sent any more, but the peer's last octets may be there.
    pub(super) write_failed: bool,
    /// Our half of the transport is shut down, or gone.
    pub(super) shut_down: bool,
}

#[derive(Debug, Default)]
struct Rare {
    /// A message that a `Sink` has taken and that waits for room.
    waiting: Option<Message>,
    /// The one timer of the connection. It may be set to an earlier moment than is needed, never to
    /// a later one: the deadlines move with every octet, and it is set anew when it goes off too
    /// early, not when they move.
    timer: Option<Pin<Box<Sleep>>>,
    /// The outcome to report once the transport is dealt with.
    outcome: Option<Error>,
    /// Until when the last is waited for that may still happen, once that has begun.
    last_wait_until: Option<Duration>,
}

impl Outgoing {
    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Takes an event into account that came without octets: a failure, if any.
    pub(super) fn note_event(&mut self, event: Option<Event<'static>>) {
        if let Some(Event::Failed(failure)) = event {
            self.note_outcome(|| failure.into());
        }
    }

    /// Reading failed. What the peer has reset is gone both ways: no half is left to be shut down, and
    /// asking the kernel to would be one call more for each peer that leaves so.
    pub(super) fn note_lost(&mut self, error: &io::Error) {
        self.shut_down |= error.kind() == io::ErrorKind::ConnectionReset;
    }

    /// The outcome to report, unless there is one.
    pub(super) fn note_outcome(&mut self, outcome: impl FnOnce() -> Error) {
        self.rare().outcome.get_or_insert_with(outcome);
    }

    pub(super) fn outcome(&self) -> Option<&Error> {
        self.rare.as_ref()?.outcome.as_ref()
    }

    /// Takes what is to be reported now.
    pub(super) fn take_outcome(&mut self) -> Option<Error> {
        self.rare.as_mut()?.outcome.take()
    }

    /// Reports `outcome` instead of any other.
    pub(super) fn set_outcome(&mut self, outcome: Error) {
        self.rare().outcome = Some(outcome);
    }

    pub(super) fn has_outcome(&self) -> bool {
        self.outcome().is_some()
    }

    /// The message that waits for room.
    #[inline]
    pub(super) fn waiting(&self) -> Option<&Message> {
        self.rare.as_ref()?.waiting.as_ref()
    }

    pub(super) fn take_waiting(&mut self) -> Option<Message> {
        self.rare.as_mut()?.waiting.take()
    }

    /// Has a message wait for room.
    pub(super) fn keep_waiting(&mut self, message: Message) {
        self.rare().waiting = Some(message);
    }

    /// The timer, made to go off at `at` if there is none.
    pub(super) fn timer(&mut self, at: Instant) -> &mut Pin<Box<Sleep>> {
        self.rare().timer.get_or_insert_with(|| Box::pin(sleep_until(at)))
    }

    /// Until when the last is waited for that may still happen: as `until` says the first time.
    pub(super) fn last_wait_until(&mut self, until: impl FnOnce() -> Duration) -> Duration {
        *self.rare().last_wait_until.get_or_insert_with(until)
    }

    pub(super) fn drop_timer(&mut self) {
        if let Some(rare) = &mut self.rare {
            rare.timer = None;
        }
    }

    /// Whether the transport still holds something back of a connection that is over but for that.
    pub(super) fn holds_back(&self, outbound: &Outbound) -> bool {
        let may_go = self.unflushed && !self.write_failed;
        may_go && outbound.output_len() == 0 && outbound.has_stream_ended()
    }

    /// The tasks of its stream and its sink, if it is used as these.
    #[inline]
    pub(super) fn wakers(&self) -> Option<&Arc<Wakers>> {
        self.wakers.as_ref()
    }

    /// The same, now that it is.
    pub(super) fn make_wakers(&mut self) -> &Arc<Wakers> {
        self.wakers.get_or_insert_default()
    }
}

/// What a poll may change that another task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Progress {
    transport: Transport,
    may_send: bool,
    pub(super) write_failed: bool,
    /// Something is to be written or flushed, or waits for that.
    pub(super) unsent: bool,
    unflushed: bool,
    output_len: usize,
}

impl Progress {
    pub(super) fn of(outbound: &Outbound, outgoing: &Outgoing) -> Self {
        let output_len = outbound.output_len();
        let Outgoing { unflushed, write_failed, .. } = *outgoing;
        Self {
            transport: outbound.poll_transport(),
            may_send: outbound.may_send(),
            write_failed,
            unsent: output_len > 0 || unflushed || outgoing.waiting().is_some(),
            unflushed,
            output_len,
        }
    }

    /// The connection has come nearer to its end since `before`.
    fn ends_since(&self, before: &Self) -> bool {
        self.transport != before.transport
            || self.may_send != before.may_send
            || self.write_failed != before.write_failed
    }

    /// Whoever waits to send may go on: there is room, or nothing left to flush, or no hope.
    pub(super) fn lets_send(&self, before: &Self) -> bool {
        self.ends_since(before)
            || self.output_len < before.output_len
            || !self.unflushed && before.unflushed
    }

    /// Whoever waits to receive has more to do: to see to the end; or to write, unless whoever sends
    /// waits for that itself. Also what was there before: whoever receives may have come for it, found
    /// somebody at it, and gone to sleep.
    pub(super) fn leaves_more(&self, before: &Self, waits: bool) -> bool {
        self.ends_since(before) || self.unsent && !waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_receives_is_woken_for_what_somebody_left_whoever_had_put_it_there() {
        let quiet = Progress {
            transport: Transport::Open,
            may_send: true,
            write_failed: false,
            unsent: false,
            unflushed: false,
            output_len: 0,
        };
        let queued = Progress { unsent: true, output_len: 7, ..quiet };
        let held_back = Progress { unsent: true, unflushed: true, ..quiet };
        let over = Progress { transport: Transport::Close, may_send: false, ..quiet };
        // (what was there, what is left, whether who sends waits for it, whether to wake)
        let table = [
            (quiet, quiet, false, false),
            (quiet, queued, false, true),
            (queued, queued, false, true),
            (queued, queued, true, false),
            (queued, held_back, false, true),
            (held_back, held_back, false, true),
            (queued, quiet, false, false),
            (quiet, over, true, true),
            (over, over, false, false),
        ];
        for (before, after, waits, wakes) in table {
            let left = after.leaves_more(&before, waits);
            assert_eq!(left, wakes, "{before:?} to {after:?}, waits: {waits}");
        }
    }
}
