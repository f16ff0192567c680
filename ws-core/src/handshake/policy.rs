//! Ready-made [`Upgrade`]s, to be used alone or in tuples.

use alloc::vec::Vec;

use super::authority::Authority;
use super::error::HandshakeError;
use super::refusal::Refusal;
use super::request::Request;
use super::subprotocols::Subprotocols;
use super::upgrade::Upgrade;

pub use super::origin::OriginPolicy;

/// Chooses a subprotocol from a list. Names are compared exactly, case included (RFC 6455 §1.9).
///
/// If there is none in common, or none is offered, the connection opens without one, unless
/// [`required`](Self::required).
#[derive(Debug, Clone, Copy)]
pub struct ChooseSubprotocol<'l> {
    supported: &'l [&'l str],
    server_prefers: bool,
    required: bool,
}

impl<'l> ChooseSubprotocol<'l> {
    /// The first of `supported` that the client offers.
    #[must_use]
    pub const fn server_prefers(supported: &'l [&'l str]) -> Self {
        Self { supported, server_prefers: true, required: false }
    }

    /// The first of the client's offers that is `supported`.
    #[must_use]
    pub const fn client_prefers(supported: &'l [&'l str]) -> Self {
        Self { supported, server_prefers: false, required: false }
    }

    /// Refuses a client with which there is none in common: 400.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    fn choose<'a>(&self, offered: &Subprotocols<'a>) -> Option<&'a str> {
        if self.server_prefers {
            self.supported.iter().find_map(|name| offered.find(name))
        } else {
            offered.iter().find(|name| self.supported.contains(name))
        }
    }
}

impl Upgrade for ChooseSubprotocol<'_> {
    fn on_request(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        if self.required && self.choose(&request.subprotocols()).is_none() {
            return Refusal::bad_request()
                .with_body("text/plain", &b"none of these subprotocols is supported"[..])
                .map_or_else(|misuse| Err(misuse.into()), Err);
        }
        Ok(())
    }

    fn on_subprotocols<'a>(
        &mut self,
        offered: &Subprotocols<'a>,
    ) -> Result<Option<&'a str>, Refusal> {
        Ok(self.choose(offered))
    }
}

/// Accepts requests for these hosts alone: 421 for others (RFC 9110 §15.5.20). It keeps a page that
/// points a name of its own at this server (DNS rebinding) from being taken for a local one.
///
/// Hosts are compared without regard to case. One without a port allows every port, one with a port
/// that one only; an IPv6 literal has its brackets.
///
/// A client leaves the default port of its scheme out of `Host`, and the request does not say which
/// scheme that was: `"a.example:443"` does not allow the `Host: a.example` of `wss://a.example/`. List
/// the host without a port; it is the host that DNS rebinding is about.
///
/// ```
/// use ws_core::handshake::{Upgrade, policy::HostList};
///
/// assert!(HostList(&["a.example:443"]).on_host("a.example").is_err());
/// assert!(HostList(&["a.example"]).on_host("a.example").is_ok());
/// // Where clients do write the port:
/// assert!(HostList(&["a.example:8443"]).on_host("a.example:8443").is_ok());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct HostList<'l>(pub &'l [&'l str]);

impl Upgrade for HostList<'_> {
    fn on_host(&mut self, host: &str) -> Result<(), Refusal> {
        let listed = |allowed: &&str| match (Authority::parse(allowed), Authority::parse(host)) {
            (Ok(allowed), Ok(host)) => {
                allowed.bracketed.eq_ignore_ascii_case(host.bracketed)
                    && (allowed.port.is_none() || allowed.port == host.port)
            }
            _ => false,
        };
        if self.0.iter().any(listed) { Ok(()) } else { Err(Refusal::new(421)?) }
    }
}

/// Takes octets that come in one read with the end of the request for frames, as RFC 6455 §5 would
/// have them read, although §4.1 has the client wait for the 101.
///
/// The default refuses them with 400: where a proxy is in front that does not know WebSocket, they
/// may be a second request that somebody smuggles past it. Relax it only where there is none.
#[derive(Debug, Clone, Copy)]
pub struct EarlyFrames;

impl Upgrade for EarlyFrames {
    fn takes_early_frames(&self) -> bool {
        true
    }
}

/// Keeps the request and the answer as they were on the wire, for debugging: they hold cookies and
/// credentials. Lend it (`&mut recorder`) and look at it afterwards, whatever the outcome.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    /// What the client sent.
    pub request: Vec<u8>,
    /// What was answered; empty if nothing was.
    pub response: Vec<u8>,
    /// Why it was not a 101.
    pub refused: Option<HandshakeError>,
}

impl Upgrade for Recorder {
    fn on_answered(&mut self, input: &[u8], answer: &[u8], refused: Option<HandshakeError>) {
        (self.request, self.response) = (input.to_vec(), answer.to_vec());
        self.refused = refused;
    }
}
