//! What counts as work of a connection's task, of which tokio allows 128 units before the task has
//! to give way to others.
//!
//! In: how many frames were looked at. Out: whether it is somebody else's turn. A peer whose frames
//! lie there by the thousand would else keep the thread to itself, since nothing has to be waited
//! for; a read counts by itself (`tokio::read_buffer`).

use core::task::{Context, Poll, ready};

use ::tokio::task::coop;

/// What a unit of the task's work is worth, in frames that were swallowed as fragments of a message
/// that is not whole. It is less than half a microsecond, so that a turn is about 50.
const UNIT: u16 = 32;

/// What a frame is worth of which somebody may be told: much more follows from it.
const TOLD: u16 = 8;

/// What a connection has done, and its task not yet been charged for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Work {
    /// Known only when it is done: the next units pay for it.
    owed: u16,
}

impl Work {
    /// Whether it is still the task's turn to look at what is there. `frames` have been looked at
    /// since this was last asked.
    #[inline]
    pub(super) fn poll_proceed(&mut self, frames: u16, cx: &mut Context<'_>) -> Poll<()> {
        if frames > 0 {
            // One of them at most was told.
            self.owed = self.owed.saturating_add(frames).saturating_add(TOLD);
        }
        while self.owed >= UNIT {
            ready!(coop::poll_proceed(cx)).made_progress();
            self.owed = self.owed.saturating_sub(UNIT);
        }
        Poll::Ready(())
    }
}
