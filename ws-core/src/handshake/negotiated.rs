//! What adapters carry from an opening handshake over to the connection: nothing, unless a feature
//! brings an extension.

use super::dial::{Dialer, OfferError};
use super::response::Response;
use super::upgrade::Upgrade;
use crate::connection::{Config, Connection};
#[cfg(feature = "deflate")]
use crate::deflate::{AcceptDeflate, Deflate, DeflateParams};

/// The extensions that a connection is to have.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Negotiated {
    #[cfg(feature = "deflate")]
    deflate: Option<(Deflate, DeflateParams)>,
}

impl Negotiated {
    /// What the server chose of the offers of `dialer`.
    #[cfg_attr(not(feature = "deflate"), expect(unused_variables, reason = "no extensions"))]
    pub(crate) fn of(response: &Response<'_>, dialer: &Dialer<'_>) -> Self {
        Self {
            #[cfg(feature = "deflate")]
            deflate: dialer.offered_deflate().zip(response.deflate()),
        }
    }

    #[cfg_attr(not(feature = "deflate"), expect(unused_variables, reason = "no extensions"))]
    pub(crate) fn settle(self, connection: &mut Connection) {
        #[cfg(feature = "deflate")]
        if let Some((deflate, params)) = self.deflate {
            connection.set_deflate(&deflate, params);
        }
    }
}

/// `dialer`, offering what `config` says as well.
#[cfg_attr(not(feature = "deflate"), expect(unused_variables, reason = "no extensions"))]
pub(crate) fn offering<'a>(dialer: &Dialer<'a>, config: &Config) -> Result<Dialer<'a>, OfferError> {
    #[cfg(feature = "deflate")]
    if let Some(deflate) = config.deflate {
        return dialer.deflate(deflate);
    }
    Ok(*dialer)
}

/// A server's policy: the application's, and what its [`Config`] says, asked in this order.
#[derive(Debug)]
pub(crate) struct Configured<P> {
    policy: P,
    #[cfg(feature = "deflate")]
    deflate: Option<Deflate>,
    #[cfg(feature = "deflate")]
    accept: AcceptDeflate,
}

impl<P: Upgrade> Configured<P> {
    #[cfg_attr(not(feature = "deflate"), expect(unused_variables, reason = "no extensions"))]
    pub(crate) fn new(policy: P, config: &Config) -> Self {
        Self {
            policy,
            #[cfg(feature = "deflate")]
            deflate: config.deflate,
            #[cfg(feature = "deflate")]
            accept: AcceptDeflate::new(config.deflate),
        }
    }

    #[cfg(feature = "deflate")]
    pub(crate) const fn both(&mut self) -> (&mut P, &mut AcceptDeflate) {
        (&mut self.policy, &mut self.accept)
    }

    #[cfg(not(feature = "deflate"))]
    pub(crate) const fn both(&mut self) -> &mut P {
        &mut self.policy
    }

    /// What was agreed on, once the request is accepted.
    pub(crate) fn negotiated(&self) -> Negotiated {
        Negotiated {
            #[cfg(feature = "deflate")]
            deflate: self.deflate.zip(self.accept.agreed()),
        }
    }
}
