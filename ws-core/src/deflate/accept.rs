//! permessage-deflate as a server's callback: answers the offers of one request.

use super::NAME;
use super::params::DeflateParams;
use super::policy::Deflate;
use super::terms::Terms;
use crate::handshake::{Answer, Extension, Refusal, Upgrade};

/// Answers the client's offers of permessage-deflate: the first one that will do is accepted.
///
/// For whoever drives an [`Upgrader`](crate::handshake::Upgrader); adapters do it themselves, as
/// [`Config::deflate`](crate::Config::deflate) says.
///
/// ```
/// use ws_core::Limits;
/// use ws_core::deflate::{AcceptDeflate, Deflate};
/// use ws_core::handshake::{Upgrader, policy::OriginPolicy};
///
/// let input = b"GET /chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
///     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
///     Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10\r\n\r\n";
/// let mut accept = AcceptDeflate::new(Deflate::default());
/// let mut policy = (OriginPolicy::same_origin(), &mut accept);
/// let mut out = Vec::new();
/// Upgrader::new(&Limits::default()).handle_input(input, &mut policy, &mut out)?;
/// let params = accept.agreed().expect("an offer that will do");
/// assert_eq!(params.client_max_window_bits.get(), 10);
/// # Ok::<(), ws_core::handshake::HandshakeError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct AcceptDeflate {
    deflate: Option<Deflate>,
    agreed: Option<DeflateParams>,
}

impl AcceptDeflate {
    /// For one request. With `None`, everything is declined.
    pub fn new(deflate: impl Into<Option<Deflate>>) -> Self {
        Self { deflate: deflate.into(), agreed: None }
    }

    /// What was agreed, once the request is accepted.
    #[must_use]
    pub const fn agreed(&self) -> Option<DeflateParams> {
        self.agreed
    }
}

impl Upgrade for AcceptDeflate {
    fn on_extension(
        &mut self,
        offer: &Extension<'_>,
        answer: &mut Answer<'_>,
    ) -> Result<(), Refusal> {
        let Some(deflate) = self.deflate.filter(|_| offer.name == NAME) else { return Ok(()) };
        let Some((terms, params)) = Terms::parse(offer).ok().and_then(|o| deflate.answer(&o))
        else {
            return Ok(());
        };
        let mut answer = answer.accept();
        for (name, value) in terms.params() {
            answer = answer.param(name, value)?;
        }
        self.agreed = Some(params);
        Ok(())
    }
}
