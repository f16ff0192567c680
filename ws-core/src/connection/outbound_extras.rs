//! What not every connection sends with: deadlines, an extension, a Pong that waits. One that has none
//! of it holds no more than the place where it would be.
//!
//! In: what was configured and agreed. Out: each of it, to whoever sends. permessage-deflate that was
//! agreed on is made for the first message that is worth it.

use alloc::boxed::Box;

use super::config::Config;
use super::timers::Writes;
#[cfg(feature = "deflate")]
use crate::deflate::{DeflateEncoder, DeflateParams};
use crate::extension::Encoder;
use crate::frame::MAX_CONTROL_LEN;
#[cfg(feature = "deflate")]
use crate::role::Role;

/// The extras of one connection.
#[derive(Debug)]
pub(super) struct Extras {
    held: Option<Box<Held>>,
    /// permessage-deflate was agreed on, and is not made yet.
    #[cfg(feature = "deflate")]
    deflate: Option<(Role, DeflateParams)>,
}

#[derive(Debug, Default)]
struct Held {
    /// How writing goes on, if there are deadlines.
    writes: Option<Writes>,
    /// The extension's encoder, until nothing more is to be received.
    encoder: Option<Box<dyn Encoder>>,
    /// The latest Pong that found the peer not reading (§5.5.3 lets the older ones go).
    pong: Option<Box<Pong>>,
}

/// The payload of a Pong.
#[derive(Debug)]
pub(super) struct Pong {
    len: usize,
    octets: [u8; MAX_CONTROL_LEN],
}

impl Pong {
    pub(super) fn payload(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

impl Extras {
    pub(super) fn new(config: &Config) -> Self {
        let held = || Box::new(Held { writes: Some(Writes::default()), ..Held::default() });
        Self {
            held: (!config.deadlines.are_off()).then(held),
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    fn hold(&mut self) -> &mut Held {
        self.held.get_or_insert_default()
    }

    /// How writing goes on, if there are deadlines.
    #[inline]
    pub(super) fn writes(&self) -> Option<&Writes> {
        self.held.as_ref()?.writes.as_ref()
    }

    #[inline]
    pub(super) fn writes_mut(&mut self) -> Option<&mut Writes> {
        self.held.as_mut()?.writes.as_mut()
    }

    pub(super) fn set_encoder(&mut self, encoder: Option<Box<dyn Encoder>>) {
        if encoder.is_some() || self.held.is_some() {
            self.hold().encoder = encoder;
        }
    }

    /// permessage-deflate was agreed on.
    #[cfg(feature = "deflate")]
    pub(super) const fn set_deflate(&mut self, role: Role, params: DeflateParams) {
        self.deflate = Some((role, params));
    }

    /// Whether messages may be encoded.
    #[cfg(feature = "tokio")]
    #[inline]
    pub(super) fn has_extension(&self) -> bool {
        #[cfg(feature = "deflate")]
        if self.deflate.is_some() {
            return true;
        }
        self.held.as_ref().is_some_and(|held| held.encoder.is_some())
    }

    /// Nothing more is to be encoded.
    pub(super) fn drop_encoder(&mut self) {
        #[cfg(feature = "deflate")]
        {
            self.deflate = None;
        }
        self.set_encoder(None);
    }

    /// The encoder for a message of `len` octets, if there is one that would do anything with it.
    #[inline]
    pub(super) fn encoder(
        &mut self,
        len: usize,
        config: &Config,
    ) -> Option<&mut (dyn Encoder + 'static)> {
        #[cfg(feature = "deflate")]
        if self.deflate.is_some() {
            self.make_deflate(len, config);
        }
        #[cfg(not(feature = "deflate"))]
        let _ = (len, config);
        self.held.as_mut()?.encoder.as_deref_mut()
    }

    /// Makes what was agreed on, if a message of `len` octets is worth it.
    #[cfg(feature = "deflate")]
    #[cold]
    fn make_deflate(&mut self, len: usize, config: &Config) {
        if let (Some((role, params)), Some(deflate)) = (&self.deflate, &config.deflate)
            && len >= deflate.threshold()
        {
            let encoder = DeflateEncoder::new(*role, params, deflate);
            self.deflate = None;
            self.set_encoder(Some(Box::new(encoder)));
        }
    }

    /// The encoder, for whoever encodes elsewhere.
    #[cfg(feature = "tokio")]
    pub(super) fn take_encoder(&mut self, config: &Config) -> Option<Box<dyn Encoder>> {
        self.encoder(usize::MAX, config)?;
        self.held.as_mut()?.encoder.take()
    }

    /// Keeps the answer to a Ping in place of any earlier one.
    pub(super) fn keep_pong(&mut self, payload: &[u8]) {
        let mut octets = [0; MAX_CONTROL_LEN];
        for (to, from) in octets.iter_mut().zip(payload) {
            *to = *from;
        }
        let kept = Pong { len: payload.len().min(MAX_CONTROL_LEN), octets };
        match &mut self.hold().pong {
            Some(pong) => **pong = kept,
            none => *none = Some(Box::new(kept)),
        }
    }

    #[inline]
    pub(super) fn take_pong(&mut self) -> Option<Box<Pong>> {
        self.held.as_mut()?.pong.take()
    }
}
