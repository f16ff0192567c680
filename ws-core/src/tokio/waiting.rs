//! The one timer of a tokio connection.
//!
//! In: when the connection wants to be told the time. Out: that it was. The timer may be set to an
//! earlier moment than is needed, never to a later one: the deadlines move with every octet, and it
//! is set anew when it goes off too early, not when they move.

use alloc::boxed::Box;
use core::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, AsyncWrite};
use ::tokio::time::sleep_until;

use super::clock::later;
use super::websocket::WebSocket;

/// What there is to wait for, besides the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waiting {
    /// All that has arrived was read and told.
    ToReceive,
    /// The transport takes no octets; nothing is read meanwhile.
    ToWrite,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// Until the connection's next deadline, which is then handled.
    pub(super) fn poll_deadline(&mut self, waiting: Waiting, cx: &mut Context<'_>) -> Poll<()> {
        let deadline = match waiting {
            Waiting::ToReceive => self.connection.poll_timeout(),
            Waiting::ToWrite => self.connection.poll_write_timeout(),
        };
        let Some(deadline) = deadline else {
            if waiting == Waiting::ToReceive {
                self.timer = None;
            }
            return Poll::Pending;
        };
        let at = later(self.origin, deadline);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() > at {
            timer.as_mut().reset(at);
        }
        ready!(timer.as_mut().poll(cx));
        if timer.deadline() < at {
            timer.as_mut().reset(at);
            ready!(timer.as_mut().poll(cx));
        }
        self.now = self.origin.elapsed();
        let event = match waiting {
            Waiting::ToReceive => self.connection.handle_timeout(self.now),
            Waiting::ToWrite => self.connection.handle_write_timeout(self.now),
        };
        self.note_event(event);
        Poll::Ready(())
    }
}
