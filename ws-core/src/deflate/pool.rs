//! Contexts of the threads, not of the connections: where nothing is taken over from one message to
//! the next, or only the window is ([`Held`]), an idle connection holds none.
//!
//! A context goes back behind the last octet of a message, never in the middle of one and never
//! after an error, and forgets everything before its next use.

use alloc::boxed::Box;
use core::cell::RefCell;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::thread_local;

use super::compress::{Compressor, Settings};
use super::inflate::Inflater;

/// Contexts of each kind that a thread keeps.
const KEPT: usize = 4;

thread_local! {
    static COMPRESSORS: RefCell<Kept<Compressor>> = const { RefCell::new([const { None }; KEPT]) };
    static INFLATERS: RefCell<Kept<Inflater>> = const { RefCell::new([const { None }; KEPT]) };
}

type Kept<T> = [Option<Box<T>>; KEPT];

/// Contexts that connections hold between messages, all over the process.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// The right of one direction of a connection to hold its context between messages. Without, it
/// holds the window alone, and gets a context from the thread for each message.
#[derive(Debug)]
pub(super) struct Held(());

impl Held {
    /// If no more than `max` have it.
    pub(super) fn one_of(max: usize) -> Option<Self> {
        let one_more = |held: usize| held.checked_add(1).filter(|held| *held <= max);
        let taken = HELD.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.is_ok().then(|| Self(()))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A compressor that refers to nothing.
pub(super) fn take_compressor(settings: Settings) -> Box<Compressor> {
    let kept = COMPRESSORS.with_borrow_mut(|kept| {
        let fits = |kept: &Option<Box<Compressor>>| {
            kept.as_ref().is_some_and(|compressor| compressor.settings() == settings)
        };
        kept.iter_mut().find(|kept| fits(kept)).and_then(Option::take)
    });
    match kept {
        Some(mut compressor) => {
            compressor.reset();
            compressor
        }
        None => Box::new(Compressor::new(settings)),
    }
}

/// Keeps a compressor for the thread's next message.
pub(super) fn give_compressor(compressor: Box<Compressor>) {
    COMPRESSORS.with_borrow_mut(|kept| keep(kept, compressor));
}

/// An inflater without history.
pub(super) fn take_inflater(window_bits: u8) -> Box<Inflater> {
    match INFLATERS.with_borrow_mut(|kept| kept.iter_mut().find_map(Option::take)) {
        Some(mut inflater) => {
            inflater.reset(window_bits);
            inflater
        }
        None => Box::new(Inflater::new(window_bits)),
    }
}

/// Keeps an inflater for the thread's next message.
pub(super) fn give_inflater(inflater: Box<Inflater>) {
    INFLATERS.with_borrow_mut(|kept| keep(kept, inflater));
}

/// The settings in use crowd out those that are not.
fn keep<T>(kept: &mut Kept<T>, context: Box<T>) {
    if let Some(free) = kept.iter_mut().find(|kept| kept.is_none()) {
        *free = Some(context);
        return;
    }
    kept.rotate_right(1);
    if let Some(oldest) = kept.first_mut() {
        *oldest = Some(context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_so_many_are_held_and_one_that_goes_makes_room() {
        let (first, second) = (Held::one_of(2), Held::one_of(2));
        assert!(first.is_some() && second.is_some());
        assert!((0..5).all(|_| Held::one_of(2).is_none()));
        drop(first);
        let third = Held::one_of(2);
        assert!(third.is_some() && Held::one_of(2).is_none());
        drop((second, third));
        assert_eq!(HELD.load(Ordering::Relaxed), 0);
    }
}
