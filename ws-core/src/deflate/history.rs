//! The last octets of a stream, in a ring.

use alloc::vec::Vec;

/// Keeps as many octets as its window is long, and takes no memory before there are any.
#[derive(Debug)]
pub(super) struct History {
    window: usize,
    /// Grows up to the window, then is written over and over.
    ring: Vec<u8>,
    /// Once the ring is full: where its oldest octet is.
    oldest: usize,
}

impl History {
    /// A window of `1 << bits` octets.
    pub(super) const fn new(bits: u8) -> Self {
        Self { window: 1 << bits, ring: Vec::new(), oldest: 0 }
    }

    /// Forgets everything; the window is `1 << bits` octets from now on.
    pub(super) fn reset(&mut self, bits: u8) {
        self.window = 1 << bits;
        self.ring.clear();
        self.oldest = 0;
    }

    /// Adds octets, the newest last.
    pub(super) fn extend(&mut self, octets: &[u8]) {
        let octets = octets.get(octets.len().saturating_sub(self.window)..).unwrap_or_default();
        let free = self.window.saturating_sub(self.ring.len());
        let (grow, over) = octets.split_at(free.min(octets.len()));
        if !grow.is_empty() {
            if self.ring.capacity() == 0 {
                self.ring.reserve_exact(self.window);
            }
            self.ring.extend_from_slice(grow);
        }
        let to_end = self.ring.len().saturating_sub(self.oldest).min(over.len());
        let (at_end, at_start) = over.split_at(to_end);
        for (place, part) in [(self.oldest, at_end), (0, at_start)] {
            if let Some(to) = self.ring.get_mut(place..place.saturating_add(part.len())) {
                to.copy_from_slice(part);
            }
        }
        if !over.is_empty() {
            let next = self.oldest.saturating_add(at_end.len());
            self.oldest = if next < self.window { next } else { at_start.len() };
        }
    }

    /// The octets, the oldest first, in two parts.
    pub(super) fn parts(&self) -> [&[u8]; 2] {
        let (newer, older) = self.ring.split_at_checked(self.oldest).unwrap_or_default();
        [older, newer]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_octets_of_any_cut() {
        for step in 1..=40 {
            let mut history = History::new(4);
            let mut all = Vec::new();
            for piece in (0_u8..200).collect::<Vec<_>>().chunks(step) {
                history.extend(piece);
                all.extend_from_slice(piece);
                let kept = history.parts().concat();
                assert_eq!(kept, all[all.len().saturating_sub(16)..], "pieces of {step}");
            }
        }
    }
}
