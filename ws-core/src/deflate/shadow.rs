//! The shadow inflater of debug and fuzz builds: every compressed message we send must inflate to
//! what was sent.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::inflate::Inflater;
use crate::extension::Output;

#[derive(Debug)]
pub(super) struct Shadow {
    window_bits: u8,
    inflater: Option<Box<Inflater>>,
}

impl Shadow {
    pub(super) const fn new(window_bits: u8) -> Self {
        Self { window_bits, inflater: None }
    }

    /// `coded` is what a fragment was compressed to, the last of its message if `fin`.
    ///
    /// # Panics
    ///
    /// If it does not inflate to `payload`.
    pub(super) fn check(&mut self, payload: &[u8], fin: bool, coded: &[u8], takeover: bool) {
        let inflater =
            self.inflater.get_or_insert_with(|| Box::new(Inflater::new(self.window_bits)));
        let (mut storage, mut end) = (Vec::new(), 0);
        let mut output = Output::new(&mut storage, &mut end);
        let inflated = inflater.inflate(coded, fin, &mut output);
        assert!(inflated.is_ok_and(|inflated| inflated.done), "compressed data that is invalid");
        assert!(output.written() == payload, "compressed data that means something else");
        if fin && takeover {
            inflater.begin();
        } else if fin {
            inflater.reset(self.window_bits);
        }
    }
}
