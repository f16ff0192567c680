//! The parameters as an offer or an answer says them, and what may answer what (RFC 7692 §5, §7.1).
//!
//! In: elements of `Sec-WebSocket-Extensions`, a [`Deflate`]. Out: the answer, or what was agreed.
//! Pure functions; they know nothing of the handshake around them.

use core::fmt;

use super::NAME;
use super::params::{DeflateParams, WindowBits};
use super::policy::Deflate;
use crate::handshake::{Extension, ParamValue};

/// permessage-deflate's parameters in one offer, or in one answer.
///
/// ```
/// use ws_core::deflate::{Deflate, Terms};
/// use ws_core::handshake::Extensions;
///
/// // A server that keeps its default windows, and a client that asks for more than that.
/// let line = b"permessage-deflate; server_max_window_bits=8, \
///     permessage-deflate; server_no_context_takeover; client_max_window_bits";
/// let offers = Extensions::of_value(line).filter_map(Result::ok);
/// let (answer, params) = Deflate::default().answer_any(offers).expect("the second one will do");
/// assert_eq!(
///     answer.to_string(),
///     "permessage-deflate; server_no_context_takeover; server_max_window_bits=12",
/// );
/// assert!(params.server_no_context_takeover && !params.client_no_context_takeover);
///
/// // The client reads the same in it.
/// let text = answer.to_string();
/// let element = Extensions::of_value(text.as_bytes()).next().unwrap()?;
/// let offer = Deflate::builder().peer_no_context_takeover(true).build()?.offer();
/// assert_eq!(offer.agree(&Terms::parse(&element)?)?, params);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Terms {
    /// Offer: the server is asked to refer to no earlier message. Answer: it will not (§7.1.1.1).
    pub server_no_context_takeover: bool,
    /// Offer: the client will refer to no earlier message. Answer: it must not (§7.1.1.2).
    pub client_no_context_takeover: bool,
    /// Offer: the server is asked for a window no larger. Answer: it keeps to it (§7.1.2.1).
    pub server_max_window_bits: Option<WindowBits>,
    /// Offer: the client's window can be set, or will be no larger. Answer: it must keep to it
    /// (§7.1.2.2).
    pub client_max_window_bits: Option<ClientWindow>,
}

/// The value of `client_max_window_bits`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientWindow {
    /// No value: the client keeps to what the server says. In offers only.
    Any,
    /// No larger than this.
    UpTo(WindowBits),
}

impl Terms {
    /// Reads the parameters of `element`, whose name is not looked at.
    ///
    /// # Errors
    ///
    /// [`TermsError::Unknown`], [`TermsError::Duplicated`], [`TermsError::Value`]: neither an offer
    /// nor an answer may say this (§7.1).
    pub fn parse(element: &Extension<'_>) -> Result<Self, TermsError> {
        // An element with more parameters than can be looked at has no four different names.
        let mut terms = Self::default();
        for param in element.params() {
            let twice = match param.name {
                SERVER_NO_CONTEXT_TAKEOVER => {
                    core::mem::replace(&mut terms.server_no_context_takeover, flag(param.value)?)
                }
                CLIENT_NO_CONTEXT_TAKEOVER => {
                    core::mem::replace(&mut terms.client_no_context_takeover, flag(param.value)?)
                }
                SERVER_MAX_WINDOW_BITS => {
                    let value = param.value.ok_or(TermsError::Value)?;
                    terms.server_max_window_bits.replace(window(value)?).is_some()
                }
                CLIENT_MAX_WINDOW_BITS => {
                    let value = match param.value {
                        None => ClientWindow::Any,
                        Some(value) => ClientWindow::UpTo(window(value)?),
                    };
                    terms.client_max_window_bits.replace(value).is_some()
                }
                _ => return Err(TermsError::Unknown),
            };
            if twice {
                return Err(TermsError::Duplicated);
            }
        }
        Ok(terms)
    }

    /// The parameters, names and values, in the order they are written.
    pub fn params(&self) -> impl Iterator<Item = (&'static str, Option<&'static str>)> + use<> {
        let server_window = self.server_max_window_bits.map(|bits| Some(bits.as_str()));
        let client_window = self.client_max_window_bits.map(|window| match window {
            ClientWindow::Any => None,
            ClientWindow::UpTo(bits) => Some(bits.as_str()),
        });
        [
            (SERVER_NO_CONTEXT_TAKEOVER, self.server_no_context_takeover.then_some(None)),
            (CLIENT_NO_CONTEXT_TAKEOVER, self.client_no_context_takeover.then_some(None)),
            (SERVER_MAX_WINDOW_BITS, server_window),
            (CLIENT_MAX_WINDOW_BITS, client_window),
        ]
        .into_iter()
        .filter_map(|(name, said)| Some((name, said?)))
    }

    /// What `answer` agrees on, if it answers this offer. Checked by the client.
    ///
    /// What it agrees on without being asked is agreed too, where the RFC lets a server do so: no
    /// context takeover for either endpoint, a window of the server's (§7.1.1, §7.1.2.1).
    ///
    /// # Errors
    ///
    /// The connection must be failed (§5.1):
    ///
    /// - [`TermsError::ServerContextTakeover`]: `server_no_context_takeover` was asked for, and is
    ///   not in the answer.
    /// - [`TermsError::ServerWindow`]: `server_max_window_bits` was asked for, and is not in the
    ///   answer, or larger.
    /// - [`TermsError::ClientWindow`]: `client_max_window_bits` was not offered, or is larger than
    ///   offered.
    /// - [`TermsError::Value`]: `client_max_window_bits` without one.
    pub fn agree(&self, answer: &Self) -> Result<DeflateParams, TermsError> {
        if self.server_no_context_takeover && !answer.server_no_context_takeover {
            return Err(TermsError::ServerContextTakeover);
        }
        let larger = |asked| answer.server_max_window_bits.is_none_or(|said| said > asked);
        if self.server_max_window_bits.is_some_and(larger) {
            return Err(TermsError::ServerWindow);
        }
        let client = match (answer.client_max_window_bits, self.client_max_window_bits) {
            (None, _) => WindowBits::MAX,
            (Some(ClientWindow::Any), _) => return Err(TermsError::Value),
            (Some(_), None) => return Err(TermsError::ClientWindow),
            (Some(ClientWindow::UpTo(bits)), Some(ClientWindow::UpTo(offered)))
                if bits > offered =>
            {
                return Err(TermsError::ClientWindow);
            }
            (Some(ClientWindow::UpTo(bits)), Some(_)) => bits,
        };
        Ok(DeflateParams {
            server_no_context_takeover: answer.server_no_context_takeover,
            client_no_context_takeover: answer.client_no_context_takeover,
            server_max_window_bits: answer.server_max_window_bits.unwrap_or(WindowBits::MAX),
            client_max_window_bits: client,
        })
    }
}

/// The element, as it stands in `Sec-WebSocket-Extensions`.
impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        self.params().try_for_each(|(name, value)| match value {
            None => write!(f, "; {name}"),
            Some(value) => write!(f, "; {name}={value}"),
        })
    }
}

impl Deflate {
    /// What a client with this policy offers. It can always set its window: a server that wants a
    /// smaller one could not agree otherwise.
    #[must_use]
    pub fn offer(&self) -> Terms {
        let peers = self.peer_max_window_bits();
        Terms {
            server_no_context_takeover: self.peer_no_context_takeover(),
            client_no_context_takeover: self.no_context_takeover(),
            server_max_window_bits: (peers < WindowBits::MAX).then_some(peers),
            client_max_window_bits: Some(ClientWindow::Any),
        }
    }

    /// What a server with this policy answers to an offer, and what is agreed with it; `None` if it
    /// declines.
    ///
    /// Windows that are smaller than 15 are said, so that whoever inflates needs no larger one;
    /// what the client says about itself is taken at its word. It declines an offer that demands a
    /// window of 8 from it (see [`window_bits`](Self::window_bits)), and one from a client that
    /// cannot set its window if [`peer_max_window_bits`](Self::peer_max_window_bits) is below 15.
    ///
    /// RFC 7692 §7.1.
    #[must_use]
    pub fn answer(&self, offer: &Terms) -> Option<(Terms, DeflateParams)> {
        let asked = offer.server_max_window_bits;
        if asked == Some(WindowBits::MIN) {
            return None;
        }
        let server = asked.unwrap_or(WindowBits::MAX).min(self.window_bits());
        let client = match offer.client_max_window_bits {
            Some(ClientWindow::UpTo(offered)) => offered.min(self.peer_max_window_bits()),
            Some(ClientWindow::Any) => self.peer_max_window_bits(),
            None if self.peer_max_window_bits() < WindowBits::MAX => return None,
            None => WindowBits::MAX,
        };
        let params = DeflateParams {
            server_no_context_takeover: offer.server_no_context_takeover
                || self.no_context_takeover(),
            client_no_context_takeover: offer.client_no_context_takeover
                || self.peer_no_context_takeover(),
            server_max_window_bits: server,
            client_max_window_bits: client,
        };
        let said = |bits: &WindowBits| *bits < WindowBits::MAX;
        let answer = Terms {
            server_no_context_takeover: params.server_no_context_takeover,
            client_no_context_takeover: params.client_no_context_takeover,
            // What was asked for is accepted by saying so, whatever its value.
            server_max_window_bits: Some(server).filter(|bits| said(bits) || asked.is_some()),
            client_max_window_bits: Some(client).filter(said).map(ClientWindow::UpTo),
        };
        Some((answer, params))
    }

    /// As [`answer`](Self::answer), to the first of the client's `offers` that will do, in its order
    /// of preference (§5.1). Other extensions, and offers that break a rule of §7.1, are passed over.
    #[must_use]
    pub fn answer_any<'a>(
        &self,
        offers: impl IntoIterator<Item = Extension<'a>>,
    ) -> Option<(Terms, DeflateParams)> {
        let mut ours = offers.into_iter().filter(|offer| offer.name == NAME);
        ours.find_map(|offer| self.answer(&Terms::parse(&offer).ok()?))
    }
}

/// Why an offer is declined, or an answer fails the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TermsError {
    /// A parameter that permessage-deflate does not have.
    Unknown,
    /// A parameter twice.
    Duplicated,
    /// A value that the parameter cannot have, or none where it needs one.
    Value,
    /// Answer: the server does not do without its context, as it was asked to.
    ServerContextTakeover,
    /// Answer: the server does not keep to the window that it was asked to.
    ServerWindow,
    /// Answer: the client is to use a window that it did not offer.
    ClientWindow,
}

impl fmt::Display for TermsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown parameter of permessage-deflate (RFC 7692 section 7.1)",
            Self::Duplicated => {
                "parameter of permessage-deflate given twice (RFC 7692 section 7.1)"
            }
            Self::Value => "bad value of a permessage-deflate parameter (RFC 7692 section 7.1)",
            Self::ServerContextTakeover => {
                "server_no_context_takeover was asked for, and not agreed to (RFC 7692 section \
                 7.1.1.1)"
            }
            Self::ServerWindow => {
                "server_max_window_bits was asked for, and not agreed to (RFC 7692 section 7.1.2.1)"
            }
            Self::ClientWindow => {
                "client_max_window_bits was not offered (RFC 7692 section 7.1.2.2)"
            }
        })
    }
}

impl core::error::Error for TermsError {}

fn flag(value: Option<ParamValue<'_>>) -> Result<bool, TermsError> {
    if value.is_none() { Ok(true) } else { Err(TermsError::Value) }
}

fn window(value: ParamValue<'_>) -> Result<WindowBits, TermsError> {
    WindowBits::parse(value).ok_or(TermsError::Value)
}

const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";
