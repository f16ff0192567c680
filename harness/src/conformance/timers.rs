//! Deadlines in the order in which they fall due; those due at once, in the order of arming.
//!
//! That order decides verdicts: a server that answers Close and keeps TCP open meets the case's
//! kill timer or the engine's own drop timer, whichever was armed first.

use std::time::Duration;

/// A point in time, counted from the moment that the connection began.
pub type Time = Duration;

/// Armed timers, each with what it is for.
#[derive(Debug, Clone)]
pub struct Timers<T> {
    armed: Vec<(Time, T)>,
}

impl<T: Copy + PartialEq> Timers<T> {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self { armed: Vec::new() }
    }

    /// Arms one more.
    pub fn arm(&mut self, due: Time, what: T) {
        self.armed.push((due, what));
    }

    /// Disarms all of this kind.
    pub fn disarm(&mut self, what: T) {
        self.armed.retain(|(_, armed)| *armed != what);
    }

    /// When the next one falls due.
    #[must_use]
    pub fn next(&self) -> Option<Time> {
        self.armed.iter().map(|(due, _)| *due).min()
    }

    /// Takes the first that is due at `now`.
    pub fn take_due(&mut self, now: Time) -> Option<T> {
        let first = self.next().filter(|due| *due <= now)?;
        let at = self.armed.iter().position(|(due, _)| *due == first)?;
        Some(self.armed.remove(at).1)
    }
}

impl<T: Copy + PartialEq> Default for Timers<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn due_in_order_of_time_and_then_of_arming() {
        let at = Duration::from_millis;
        let mut timers = Timers::new();
        for (due, what) in [(5, 'c'), (3, 'a'), (3, 'b'), (9, 'd'), (4, 'x')] {
            timers.arm(at(due), what);
        }
        timers.disarm('x');
        assert_eq!(timers.next(), Some(at(3)));
        let mut taken = String::new();
        while let Some(what) = timers.take_due(at(5)) {
            taken.push(what);
        }
        assert_eq!((taken.as_str(), timers.next()), ("abc", Some(at(9))));
        assert_eq!(timers.take_due(at(8)), None);
    }
}
