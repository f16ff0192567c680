//! permessage-deflate
//!
//! | 15 | 9 | 437 |
//! | 15 | 8 | 325 |
//! | 15 | 5 | 227 |
//! | 15 | 1 | 214 |
//! | 12 | 9 | 325 |
//! | 12 | 8 | 213 |
//! | 12 | 5 | 115 |
//! | 12 | 1 | 102 |
//! | 10 | 9 | 313 |
//! | 10 | 8 | 201 |
//! | 10 | 5 | 103 |
//! | 10 | 1 | 90 |
//! | 9 | 9 | 311 |
//! | 9 | 8 | 199 |
//! | 9 | 5 | 101 |
//! | 9 | 1 | 88 |
//! An inflater holds 47 KiB and the agreed window
mod compress;
mod extension;
mod history;
mod inflate;
mod pool;
#[cfg(debug_assertions)]
mod shadow;
pub(crate) use compress::Settings;
pub use extension::PerMessageDeflate;
pub(crate) use extension::compressed_frame;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
#[allow(missing_docs)]
pub struct WindowBits(u8);
#[allow(missing_docs)]
impl WindowBits {
    pub const fn new(bits: u8) -> Option<Self> {
        if bits >= 8 && bits <= 15 { Some(Self(bits)) } else { None }
    }
    pub const fn get(self) -> u8 {
        self.0
    }
}
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub struct DeflateParams {
    pub server_no_context_takeover: bool,
    pub client_no_context_takeover: bool,
    pub server_max_window_bits: WindowBits,
    pub client_max_window_bits: WindowBits,
}
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub struct Deflate {
    pub level: u8,
    pub memory_level: u8,
    pub threshold: usize,
}

/// Octets between two states of one of zlib's counters.
fn since(now: u64, before: u64) -> usize {
    usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX)
}
