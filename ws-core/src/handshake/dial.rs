//! What a client asks for: a URL, and what goes into the request for it (RFC 6455 §4.1).
//!
//! In: the application's text, borrowed. Out: the octets of the GET. Knows how to say things, not
//! how to get there: sockets, TLS and proxies are the adapters'. Each text is checked when it is
//! given, so a [`Dialer`] that exists holds nothing that could break out of its line.

use alloc::vec::Vec;
use core::fmt;

use super::authority::Authority;
use super::extensions::Extensions;
use super::fields::{is_own, is_token_text};
use super::key::Key;
use super::scan::is_value;
use super::url::{Url, UrlError};
#[cfg(feature = "deflate")]
use crate::deflate::Deflate;

/// Fields that the handshake writes, or that frame a body; `Sec-WebSocket-…` besides.
const OWN_FIELDS: [&str; 9] = [
    "Host",
    "Upgrade",
    "Connection",
    "Keep-Alive",
    "Content-Length",
    "Transfer-Encoding",
    "TE",
    "Trailer",
    "Expect",
];

/// Subprotocols, and extensions, that one request may offer.
pub const MAX_OFFERS: usize = 16;

/// What to ask a server for. Borrows all it is given, and is as cheap to copy as a few slices.
///
/// ```
/// use ws_core::handshake::{Dialer, HandshakeError};
///
/// let dialer = Dialer::new("ws://server.example.com/chat")?
///     .subprotocols(&["chat.v2", "chat.v1"])?
///     .header_fields(&[("Authorization", "Bearer 0123"), ("Origin", "https://example.com")])?;
/// assert_eq!(dialer.url().port(), 80);
///
/// assert!(Dialer::new("ws://a")?.header_fields(&[("Cookie", "a=b\r\nX: y")]).is_err());
/// # Ok::<(), HandshakeError>(())
/// ```
#[derive(Clone, Copy)]
#[must_use]
pub struct Dialer<'a> {
    url: Url<'a>,
    host_field: &'a str,
    header_fields: &'a [(&'a str, &'a str)],
    subprotocols: &'a [&'a str],
    extensions: &'a [&'a str],
    #[cfg(feature = "deflate")]
    deflate: Option<Deflate>,
}

impl<'a> Dialer<'a> {
    /// Asks for `url`: no subprotocol, no extension, no header field of the caller's.
    ///
    /// # Errors
    ///
    /// As [`Url::parse`].
    pub fn new(url: &'a str) -> Result<Self, UrlError> {
        let url = Url::parse(url)?;
        let host_field = url.host_field();
        Ok(Self {
            url,
            host_field,
            header_fields: &[],
            subprotocols: &[],
            extensions: &[],
            #[cfg(feature = "deflate")]
            deflate: None,
        })
    }

    /// Sends `host` (a host with an optional port) in `Host` instead of the URL's. Where to connect
    /// to, and what a TLS certificate must name, stays the URL's.
    ///
    /// # Errors
    ///
    /// [`OfferError::Host`]: malformed.
    pub fn host(mut self, host: &'a str) -> Result<Self, OfferError> {
        Authority::parse(host).map_err(|_| OfferError::Host)?;
        self.host_field = host;
        Ok(self)
    }

    /// Sends these header fields, names and values, behind the handshake's own.
    ///
    /// # Errors
    ///
    /// - [`OfferError::FieldName`]: not a token.
    /// - [`OfferError::FieldReserved`]: the handshake writes that field itself, or it says something
    ///   about a body.
    /// - [`OfferError::FieldValue`]: CR, LF, NUL or another control octet in it.
    pub fn header_fields(mut self, fields: &'a [(&'a str, &'a str)]) -> Result<Self, OfferError> {
        for (name, value) in fields {
            if !is_token_text(name) {
                return Err(OfferError::FieldName);
            }
            if is_own(name, &OWN_FIELDS) {
                return Err(OfferError::FieldReserved);
            }
            if !value.bytes().all(is_value) {
                return Err(OfferError::FieldValue);
            }
        }
        self.header_fields = fields;
        Ok(self)
    }

    /// Offers these subprotocols, the preferred one first (§1.9).
    ///
    /// # Errors
    ///
    /// - [`OfferError::Subprotocol`]: not a token.
    /// - [`OfferError::SubprotocolDuplicated`]: the same twice.
    /// - [`OfferError::TooMany`]: over [`MAX_OFFERS`] (16).
    pub fn subprotocols(mut self, offered: &'a [&'a str]) -> Result<Self, OfferError> {
        if offered.len() > MAX_OFFERS {
            return Err(OfferError::TooMany);
        }
        for (nth, subprotocol) in offered.iter().enumerate() {
            if !is_token_text(subprotocol) {
                return Err(OfferError::Subprotocol);
            }
            if offered.iter().take(nth).any(|before| before == subprotocol) {
                return Err(OfferError::SubprotocolDuplicated);
            }
        }
        self.subprotocols = offered;
        Ok(self)
    }

    /// Offers these extensions, the preferred one first, each as it stands in the request: a name,
    /// and parameters behind semicolons (§9.1). The same name may stand more than once, as fallback.
    ///
    /// Whoever offers an extension has to speak it once the server has chosen it:
    /// [`Connection`](crate::Connection) does not.
    ///
    /// # Errors
    ///
    /// - [`OfferError::Extension`]: not one element of the grammar of §9.1.
    /// - [`OfferError::TooMany`]: over [`MAX_OFFERS`] (16).
    /// - [`OfferError::ExtensionDuplicated`]: permessage-deflate, which is offered already.
    pub fn extensions(mut self, offered: &'a [&'a str]) -> Result<Self, OfferError> {
        if offered.len() > MAX_OFFERS {
            return Err(OfferError::TooMany);
        }
        // A comma would begin another element: none stands in a token, quoted or not.
        let one = |offer: &str| {
            !offer.contains(',')
                && matches!(Extensions::of_value(offer.as_bytes()).next(), Some(Ok(_)))
        };
        if !offered.iter().all(|offer| one(offer)) {
            return Err(OfferError::Extension);
        }
        self.extensions = offered;
        #[cfg(feature = "deflate")]
        self.check_deflate()?;
        Ok(self)
    }

    /// Offers permessage-deflate, behind the other extensions, and holds the answer against it. An
    /// adapter offers [`Config::deflate`](crate::Config::deflate) by itself, in the place of this
    /// one.
    ///
    /// # Errors
    ///
    /// - [`OfferError::ExtensionDuplicated`]: [`extensions`](Self::extensions) offers it as well.
    /// - [`OfferError::TooMany`]: over [`MAX_OFFERS`] (16) with it.
    ///
    /// RFC 7692 §5, §7.1.
    #[cfg(feature = "deflate")]
    pub fn deflate(mut self, deflate: Deflate) -> Result<Self, OfferError> {
        self.deflate = Some(deflate);
        self.check_deflate()?;
        Ok(self)
    }

    #[cfg(feature = "deflate")]
    fn check_deflate(&self) -> Result<(), OfferError> {
        if self.deflate.is_none() {
            return Ok(());
        }
        if self.names_extension(crate::deflate::NAME) {
            return Err(OfferError::ExtensionDuplicated);
        }
        if self.extensions.len() >= MAX_OFFERS { Err(OfferError::TooMany) } else { Ok(()) }
    }

    /// What is offered of permessage-deflate.
    #[cfg(feature = "deflate")]
    pub(crate) const fn offered_deflate(&self) -> Option<Deflate> {
        self.deflate
    }

    /// What is dialled.
    #[must_use]
    pub const fn url(&self) -> &Url<'a> {
        &self.url
    }

    /// The caller's header fields.
    #[must_use]
    pub const fn fields(&self) -> &'a [(&'a str, &'a str)] {
        self.header_fields
    }

    /// The same for another `url`, with `fields`, which are some of ours. Without `keeps_host` the
    /// new URL says who is asked.
    #[cfg(feature = "tokio")]
    pub(crate) fn redirected<'b>(
        &self,
        url: Url<'b>,
        keeps_host: bool,
        fields: &'b [(&'b str, &'b str)],
    ) -> Dialer<'b>
    where
        'a: 'b,
    {
        let is_own = self.host_field == self.url.host_field();
        let host_field = if keeps_host && !is_own { self.host_field } else { url.host_field() };
        Dialer { url, host_field, header_fields: fields, ..*self }
    }

    pub(super) fn offers_subprotocol(&self, chosen: &str) -> bool {
        self.subprotocols.contains(&chosen)
    }

    /// Whether one of [`extensions`](Self::extensions) has this name.
    pub(super) fn names_extension(&self, name: &str) -> bool {
        let mut offered = self
            .extensions
            .iter()
            .filter_map(|offer| Extensions::of_value(offer.as_bytes()).next());
        offered.any(|offer| offer.is_ok_and(|offer| offer.name == name))
    }

    /// Appends the request to `out`.
    pub(super) fn write(&self, key: &Key, out: &mut Vec<u8>) {
        let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
        put("GET ");
        put(self.url.path());
        if let Some(query) = self.url.query() {
            put("?");
            put(query);
        }
        put(" HTTP/1.1\r\nHost: ");
        put(self.host_field);
        put("\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
        for (name, offered) in [
            ("Sec-WebSocket-Protocol: ", self.subprotocols),
            ("Sec-WebSocket-Extensions: ", self.extensions),
        ] {
            let mut before = name;
            for element in offered {
                put(before);
                put(element);
                before = ", ";
            }
            if !offered.is_empty() {
                put("\r\n");
            }
        }
        // Several fields are one list (RFC 6455 §9.1).
        #[cfg(feature = "deflate")]
        if let Some(deflate) = self.deflate {
            put("Sec-WebSocket-Extensions: ");
            put(crate::deflate::NAME);
            for (name, value) in deflate.offer().params() {
                put("; ");
                put(name);
                if let Some(value) = value {
                    put("=");
                    put(value);
                }
            }
            put("\r\n");
        }
        for (name, value) in self.header_fields {
            for text in [name, ": ", value, "\r\n"] {
                put(text);
            }
        }
        put("Sec-WebSocket-Key: ");
        out.extend_from_slice(key.as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
    }
}

/// Header fields by their names alone: the values hold cookies and credentials.
impl fmt::Debug for Dialer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Names<'a>(&'a [(&'a str, &'a str)]);
        impl fmt::Debug for Names<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
            }
        }
        f.debug_struct("Dialer")
            .field("url", &self.url)
            .field("host_field", &self.host_field)
            .field("header_fields", &Names(self.header_fields))
            .field("subprotocols", &self.subprotocols)
            .field("extensions", &self.extensions)
            .finish_non_exhaustive()
    }
}

/// A request that cannot be written: our caller's text, not the peer's. Nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OfferError {
    /// A Host that is not a host with an optional port.
    Host,
    /// A header field's name is not a token.
    FieldName,
    /// A header field that the handshake writes itself, or that announces a body.
    FieldReserved,
    /// A header field's value holds CR, LF, NUL or another control octet.
    FieldValue,
    /// A subprotocol is not a token.
    Subprotocol,
    /// The same subprotocol twice.
    SubprotocolDuplicated,
    /// An extension is not a name with parameters.
    Extension,
    /// permessage-deflate is offered by [`Dialer::extensions`], and once more by itself.
    ExtensionDuplicated,
    /// More than [`MAX_OFFERS`] subprotocols or extensions.
    TooMany,
}

impl fmt::Display for OfferError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "Host is not a host with an optional port",
            Self::FieldName => "header field name is not a token (RFC 9110 section 5.1)",
            Self::FieldReserved => {
                "header field is the handshake's own; use the Dialer's methods for Host, \
                 subprotocols and extensions"
            }
            Self::FieldValue => {
                "header field value holds a control octet, such as CR or LF (RFC 9110 section 5.5)"
            }
            Self::Subprotocol => "subprotocol is not a token (RFC 6455 section 4.1, item 10)",
            Self::SubprotocolDuplicated => {
                "subprotocol is offered twice (RFC 6455 section 4.1, item 10)"
            }
            Self::Extension => {
                "extension offer is not a name with parameters (RFC 6455 section 9.1)"
            }
            Self::ExtensionDuplicated => {
                "permessage-deflate is offered twice; leave it out of Dialer::extensions"
            }
            Self::TooMany => "more than 16 subprotocols or extensions",
        })
    }
}

impl core::error::Error for OfferError {}
