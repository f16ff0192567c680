//! What not every connection receives with: deadlines, an extension, a shared budget, the peer's
//! Close. One that has none of it holds no more than the place where it would be.
//!
//! In: what was configured and agreed. Out: each of it, to whoever receives. permessage-deflate that
//! was agreed on is made when the first compressed message comes: many peers agree on it and never
//! use it.

use alloc::boxed::Box;

use super::agreed::Agreed;
use super::budget::{Budget, Share};
use super::config::Config;
use super::peer_close::PeerClose;
use super::timers::Heard;
#[cfg(feature = "deflate")]
use crate::deflate::{DeflateDecoder, DeflateParams};
use crate::extension::Decoder;
use crate::frame::{CloseFrame, Rsv};
use crate::role::Role;

/// The extras of one connection.
#[derive(Debug)]
pub(super) struct Extras {
    held: Option<Box<Held>>,
    /// What was agreed about permessage-deflate, if it was.
    #[cfg(feature = "deflate")]
    pub(super) deflate: Option<DeflateParams>,
}

#[derive(Debug, Default)]
struct Held {
    /// The instants that the deadlines count from, if there are deadlines.
    heard: Option<Heard>,
    /// The extension's decoder, until nothing more is to be received.
    agreed: Option<Box<Agreed>>,
    /// What the open message holds of a budget shared with other connections.
    share: Option<Share>,
    /// The peer's Close frame.
    peer_close: Option<PeerClose>,
}

impl Extras {
    pub(super) fn new(config: &Config) -> Self {
        let held = || Box::new(Held { heard: Some(Heard::default()), ..Held::default() });
        Self {
            held: (!config.deadlines.are_off()).then(held),
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    fn hold(&mut self) -> &mut Held {
        self.held.get_or_insert_default()
    }

    pub(super) fn set_decoder(&mut self, decoder: impl Decoder + 'static) {
        self.hold().agreed = Some(Box::new(Agreed::new(decoder)));
    }

    pub(super) fn share(&mut self, budget: Budget) {
        self.hold().share = Some(Share::new(budget));
    }

    /// Nothing more will be received, but the time is still asked for.
    pub(super) fn end(&mut self) {
        if let Some(held) = &mut self.held {
            held.agreed = None;
            held.share = None;
        }
    }

    /// The peer's Close frame has come.
    pub(super) fn close_received(&mut self, frame: Option<CloseFrame<'_>>) {
        self.hold().peer_close = Some(PeerClose::new(frame));
    }

    pub(super) fn peer_close(&self) -> Option<&PeerClose> {
        self.held.as_ref()?.peer_close.as_ref()
    }

    /// The instants that the deadlines count from.
    #[inline]
    pub(super) fn heard(&self) -> Option<&Heard> {
        self.held.as_ref()?.heard.as_ref()
    }

    #[inline]
    pub(super) fn heard_mut(&mut self) -> Option<&mut Heard> {
        self.held.as_mut()?.heard.as_mut()
    }

    /// The extension, once there is something that it decodes.
    #[inline]
    pub(super) fn agreed(&self) -> Option<&Agreed> {
        self.held.as_ref()?.agreed.as_deref()
    }

    #[inline]
    pub(super) fn agreed_mut(&mut self) -> Option<&mut Agreed> {
        self.held.as_mut()?.agreed.as_deref_mut()
    }

    /// What the open message holds of a shared budget.
    #[inline]
    pub(super) fn share_mut(&mut self) -> Option<&mut Share> {
        self.held.as_mut()?.share.as_mut()
    }

    /// Whether an extension was agreed on.
    pub(super) const fn has_extension(&self) -> bool {
        #[cfg(feature = "deflate")]
        if self.deflate.is_some() {
            return true;
        }
        matches!(&self.held, Some(held) if held.agreed.is_some())
    }

    /// Whether the decoder is still to be made, and a frame that begins with `first` needs it.
    #[cfg(feature = "tokio")]
    pub(super) fn is_to_decode(&self, first: Option<&u8>) -> bool {
        #[cfg(feature = "deflate")]
        if self.deflate.is_some() && self.agreed().is_none() {
            return first.is_some_and(|first| first & Rsv::RSV1.bits() != 0);
        }
        let _ = first;
        false
    }

    /// Makes the decoder of what was agreed on, if it is still to be made.
    pub(super) fn make_decoder(&mut self, role: Role, config: &Config) {
        #[cfg(feature = "deflate")]
        if let (None, Some(params), Some(deflate)) = (self.agreed(), &self.deflate, &config.deflate)
        {
            self.set_decoder(DeflateDecoder::new(role, params, deflate));
        }
        #[cfg(not(feature = "deflate"))]
        let _ = (&*self, role, config);
    }

    /// The bits that may stand on the first frame of a message.
    pub(super) fn rsv(&self) -> Rsv {
        if let Some(agreed) = self.agreed() {
            return agreed.decoder.rsv();
        }
        #[cfg(feature = "deflate")]
        if self.deflate.is_some() {
            return Rsv::RSV1;
        }
        Rsv::NONE
    }

    /// A message begins, with these bits. Whether it is one to decode.
    pub(super) fn begin(&mut self, rsv: Rsv, role: Role, config: &Config) -> bool {
        if rsv != Rsv::NONE {
            self.make_decoder(role, config);
        }
        self.agreed_mut().is_some_and(|agreed| agreed.begin(rsv))
    }
}
