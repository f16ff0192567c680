//! permessage-deflate
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
