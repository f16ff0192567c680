//! What one endpoint wants of permessage-deflate: what it agrees to, and how it compresses.
//!
//! The same for both roles: "ours" is what we send, "the peer's" what we receive.

use super::params::{DeflateParams, WindowBits};
use crate::error::Misuse;
use crate::role::Role;

/// What an endpoint asks of its peer and binds itself to, and how it compresses. Made by
/// [`Deflate::builder`]; the defaults compress well within little memory, and agree with every peer.
///
/// ```
/// use ws_core::deflate::{Deflate, WindowBits};
///
/// let deflate = Deflate::builder().level(1).peer_no_context_takeover(true).build()?;
/// assert_eq!(deflate.level(), 1);
/// assert_eq!(deflate.window_bits(), WindowBits::new(12).unwrap());
/// assert!(Deflate::builder().level(10).build().is_err());
/// # Ok::<(), ws_core::Misuse>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deflate {
    window_bits: WindowBits,
    peer_max_window_bits: WindowBits,
    no_context_takeover: bool,
    peer_no_context_takeover: bool,
    level: u8,
    memory_level: u8,
    threshold: usize,
    max_held_contexts: usize,
}

impl Deflate {
    /// The defaults, to start from.
    pub const fn builder() -> DeflateBuilder {
        DeflateBuilder {
            window_bits: 12,
            peer_max_window_bits: 15,
            no_context_takeover: false,
            peer_no_context_takeover: false,
            level: 6,
            memory_level: 5,
            threshold: 1024,
            max_held_contexts: 256,
        }
    }

    /// The largest window that our compressor uses, 9 to 15. Default 12: 4096 octets.
    ///
    /// Not 8: zlib knows no window of 256 octets. A server therefore declines an offer that demands
    /// one; a client that is told to use one keeps to it by sending everything uncompressed.
    #[must_use]
    pub const fn window_bits(&self) -> WindowBits {
        self.window_bits
    }

    /// The largest window that we let the peer use: our memory while it sends. Default 15, which
    /// every peer can agree to: a server declines clients that cannot keep to less.
    #[must_use]
    pub const fn peer_max_window_bits(&self) -> WindowBits {
        self.peer_max_window_bits
    }

    /// Whether we refer to no earlier message when we compress, and say so: no compressor is kept
    /// between messages, nor an inflater at the peer's. Default no.
    #[must_use]
    pub const fn no_context_takeover(&self) -> bool {
        self.no_context_takeover
    }

    /// Whether we have the peer refer to no earlier message: no inflater is kept between messages.
    /// Default no.
    #[must_use]
    pub const fn peer_no_context_takeover(&self) -> bool {
        self.peer_no_context_takeover
    }

    /// zlib's compression level, 0 to 9: time against length. Default 6.
    #[must_use]
    pub const fn level(&self) -> u8 {
        self.level
    }

    /// zlib's memory level, 1 to 9: what a compressor takes besides its window. Default 5.
    #[must_use]
    pub const fn memory_level(&self) -> u8 {
        self.memory_level
    }

    /// Octets below which a message is sent uncompressed. Default 1024.
    #[must_use]
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// Contexts that connections may hold from one message to the next, all over the process and both
    /// directions counted. Where there are so many already, a connection holds only the window that
    /// the next message may refer to, and that message costs some microseconds more. Default 256.
    #[must_use]
    pub const fn max_held_contexts(&self) -> usize {
        self.max_held_contexts
    }

    /// How an endpoint of this `role` compresses after `params` were agreed on: its window, and
    /// whether the context is taken over. Ours, or less if that was agreed.
    ///
    /// `None`: a window of 8 is demanded, which we cannot keep to; so everything is sent
    /// uncompressed, as a message always may be (RFC 7692 §6).
    #[must_use]
    pub fn compressor(&self, params: &DeflateParams, role: Role) -> Option<(WindowBits, bool)> {
        let (window_bits, takeover) = params.of_sender(role);
        let settings = (window_bits.min(self.window_bits), takeover && !self.no_context_takeover);
        (window_bits > WindowBits::MIN).then_some(settings)
    }
}

impl Default for Deflate {
    fn default() -> Self {
        const DEFAULT: Deflate = match Deflate::builder().build() {
            Ok(deflate) => deflate,
            Err(_) => unreachable!(),
        };
        DEFAULT
    }
}

/// Sets what [`Deflate`] says; [`build`](Self::build) checks the ranges.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct DeflateBuilder {
    window_bits: u8,
    peer_max_window_bits: u8,
    no_context_takeover: bool,
    peer_no_context_takeover: bool,
    level: u8,
    memory_level: u8,
    threshold: usize,
    max_held_contexts: usize,
}

macro_rules! setters {
    ($($name:ident: $type:ty),* $(,)?) => {$(
        #[doc = concat!("Sets [`Deflate::", stringify!($name), "`].")]
        pub const fn $name(mut self, value: $type) -> Self {
            self.$name = value;
            self
        }
    )*};
}

impl DeflateBuilder {
    setters! {
        window_bits: u8,
        peer_max_window_bits: u8,
        no_context_takeover: bool,
        peer_no_context_takeover: bool,
        level: u8,
        memory_level: u8,
        threshold: usize,
        max_held_contexts: usize,
    }

    /// The policy, if everything is in its range.
    ///
    /// # Errors
    ///
    /// [`Misuse::DeflateOutOfRange`]: `window_bits` is not 9 to 15, `peer_max_window_bits` not 8 to
    /// 15, `level` not 0 to 9, or `memory_level` not 1 to 9.
    pub const fn build(self) -> Result<Deflate, Misuse> {
        let Self { level, memory_level, .. } = self;
        let (Some(window_bits), Some(peer_max_window_bits)) =
            (WindowBits::new(self.window_bits), WindowBits::new(self.peer_max_window_bits))
        else {
            return Err(Misuse::DeflateOutOfRange);
        };
        let (zlib_window, zlib_memory) =
            (window_bits.get() > 8, 1 <= memory_level && memory_level <= 9);
        if !zlib_window || level > 9 || !zlib_memory {
            return Err(Misuse::DeflateOutOfRange);
        }
        Ok(Deflate {
            window_bits,
            peer_max_window_bits,
            no_context_takeover: self.no_context_takeover,
            peer_no_context_takeover: self.peer_no_context_takeover,
            level,
            memory_level,
            threshold: self.threshold,
            max_held_contexts: self.max_held_contexts,
        })
    }
}
