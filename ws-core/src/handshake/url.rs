//! What a client dials: a `ws` or `wss` URL (RFC 6455 §3).
//!
//! In: the application's text. Out: what to connect to, and what stands in the request. A URL that
//! parses holds nothing that could break out of the request's lines.

use core::fmt;

use super::authority::{Authority, AuthorityError};
use super::request::split_query;

const DEFAULT_PORT: u16 = 80;
const DEFAULT_TLS_PORT: u16 = 443;

/// A `ws://` or `wss://` URL, borrowed.
///
/// ```
/// use ws_core::handshake::{Url, UrlError};
///
/// let url = Url::parse("ws://[::1]:9001/chat?room=7")?;
/// assert_eq!((url.host(), url.port()), ("::1", 9001)); // to connect to
/// assert_eq!(url.host_field(), "[::1]:9001"); // in the request
/// assert_eq!((url.path(), url.query()), ("/chat", Some("room=7")));
///
/// assert_eq!(Url::parse("ws://example.com/#top").err(), Some(UrlError::Fragment));
/// # Ok::<(), UrlError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Url<'a> {
    secure: bool,
    host: &'a str,
    port: u16,
    host_field: &'a str,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Url<'a> {
    /// Parses `ws://host[:port][/path][?query]`, or the same with `wss`; the host may be an IPv6 literal in brackets.
    ///
    /// # Errors
    ///
    /// - [`UrlError::IllegalOctet`]: a blank, a control octet, or anything that is not ASCII.
    /// - [`UrlError::Scheme`]: neither `ws://` nor `wss://`.
    /// - [`UrlError::Fragment`], [`UrlError::UserInfo`]: `#`, or `@` before the path.
    /// - [`UrlError::Host`], [`UrlError::Port`]: missing or malformed.
    ///
    /// RFC 6455 §3, RFC 3986.
    pub fn parse(url: &'a str) -> Result<Self, UrlError> {
        if !url.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(UrlError::IllegalOctet);
        }
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::Scheme)?;
        let secure = scheme.eq_ignore_ascii_case("wss");
        if !secure && !scheme.eq_ignore_ascii_case("ws") {
            return Err(UrlError::Scheme);
        }
        if rest.contains('#') {
            return Err(UrlError::Fragment);
        }
        let authority_len = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at_checked(authority_len).unwrap_or((rest, ""));
        if authority.contains('@') {
            return Err(UrlError::UserInfo);
        }
        let parsed = Authority::parse(authority).map_err(|error| match error {
            AuthorityError::Host => UrlError::Host,
            AuthorityError::Port => UrlError::Port,
        })?;
        let port = match parsed.port {
            Some(0) => return Err(UrlError::Port),
            Some(port) => port,
            None => default_port(secure),
        };
        let host_field = if port == default_port(secure) { parsed.bracketed } else { authority };
        let (path, query) = split_query(resource);
        // §3: a query is part of the resource name if it is not empty.
        let query = query.filter(|query| !query.is_empty());
        Ok(Self { secure, host: parsed.host, port, host_field, path, query })
    }

    /// Whether the scheme is `wss`: TLS comes before the opening handshake (§3).
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host to connect to; an IPv6 literal is without its brackets.
    #[must_use]
    pub const fn host(&self) -> &'a str {
        self.host
    }

    /// The port to connect to.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The value of `Host`: with the port if it is not the default (§4.1, item 4).
    #[must_use]
    pub const fn host_field(&self) -> &'a str {
        self.host_field
    }

    /// The path, escapes as written; `/` if none is written.
    #[must_use]
    pub const fn path(&self) -> &'a str {
        self.path
    }

    /// The query without its `?`, if there is one that is not empty.
    #[must_use]
    pub const fn query(&self) -> Option<&'a str> {
        self.query
    }
}

const fn default_port(secure: bool) -> u16 {
    if secure { DEFAULT_TLS_PORT } else { DEFAULT_PORT }
}

/// A URL that cannot be dialed. Nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UrlError {
    /// A blank, a control octet, or anything that is not ASCII.
    IllegalOctet,
    /// The scheme is neither `ws` nor `wss`.
    Scheme,
    /// The scheme is `wss`, and whoever was to connect has no TLS. Never said by [`Url::parse`].
    Tls,
    /// The scheme of a proxy's URL is not `http`.
    ProxyScheme,
    /// A fragment (RFC 6455 §3).
    Fragment,
    /// A user name or password.
    UserInfo,
    /// The host is missing or malformed.
    Host,
    /// The port is not a number from 1 to 65535.
    Port,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IllegalOctet => {
                "URL holds a blank, a control octet or non-ASCII text; percent-encode it"
            }
            Self::Scheme => "URL does not begin with ws:// or wss://",
            Self::Tls => {
                "wss:// URL but no TLS here; enable a rustls feature, or connect over your own TLS \
                 stream"
            }
            Self::ProxyScheme => "proxy URL does not begin with http://",
            Self::Fragment => {
                "URL has a fragment; remove it, or write # as %23 (RFC 6455 section 3)"
            }
            Self::UserInfo => "URL holds a user name or password; remove it",
            Self::Host => "URL's host is missing or malformed",
            Self::Port => "URL's port is not a number from 1 to 65535",
        })
    }
}

impl core::error::Error for UrlError {}
