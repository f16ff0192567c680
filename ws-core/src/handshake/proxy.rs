//! Through an HTTP proxy: which one for which URL, and its CONNECT (RFC 9110 §9.3.6).
//!
//! In: a proxy's URL, or what the environment says of proxies; then the proxy's answer. Out: the
//! request for a tunnel, and where the tunnel begins.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::authority::{Authority, AuthorityError};
use super::error::HandshakeError;
use super::head::HeadReader;
use super::response;
use super::url::{Url, UrlError};
use crate::limits::Limits;

const DEFAULT_PORT: u16 = 80;

/// An HTTP proxy that is asked for a tunnel.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    host: String,
    port: u16,
    /// User name and password, as Basic authentication wants them.
    credentials: Option<String>,
}

impl Proxy {
    /// Parses `http://[user[:password]@]host[:port][/]`; `%xx` in user and password is decoded. No
    /// password is an empty one; with nothing at all before the `@` there are no credentials.
    ///
    /// # Errors
    ///
    /// [`UrlError::ProxyScheme`], [`UrlError::IllegalOctet`], [`UrlError::UserInfo`] (a malformed
    /// `%xx`), [`UrlError::Host`], [`UrlError::Port`].
    pub fn parse(url: &str) -> Result<Self, UrlError> {
        if !url.bytes().all(|octet| octet.is_ascii_graphic()) {
            return Err(UrlError::IllegalOctet);
        }
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::ProxyScheme)?;
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(UrlError::ProxyScheme);
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (credentials, authority) = match rest.rsplit_once('@') {
            Some((user_info, authority)) if !user_info.is_empty() => {
                let mut decoded = percent_decode(user_info).ok_or(UrlError::UserInfo)?;
                if !user_info.contains(':') {
                    // The colon of Basic's grammar stands behind a user without a password, too
                    // (RFC 7617 §2).
                    decoded.push(b':');
                }
                (Some(STANDARD.encode(decoded)), authority)
            }
            Some((_, authority)) => (None, authority),
            None => (None, rest),
        };
        let parsed = Authority::parse(authority).map_err(|error| match error {
            AuthorityError::Host => UrlError::Host,
            AuthorityError::Port => UrlError::Port,
        })?;
        let port = parsed.port.unwrap_or(DEFAULT_PORT);
        if port == 0 {
            return Err(UrlError::Port);
        }
        Ok(Self { host: parsed.host.to_string(), port, credentials })
    }

    /// The proxy's host; an IPv6 literal is without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The proxy's port; 80 if none is written.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

/// Without the credentials.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

fn percent_decode(text: &str) -> Option<Vec<u8>> {
    let mut octets = text.bytes();
    let mut decoded = Vec::new();
    while let Some(octet) = octets.next() {
        decoded.push(if octet == b'%' {
            let mut digit = || char::from(octets.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            u8::try_from(high << 4 | low).ok()?
        } else {
            octet
        });
    }
    Some(decoded)
}

/// Which URLs go through which proxy. None do by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// The proxy for `ws` URLs.
    pub ws: Option<Proxy>,
    /// The proxy for `wss` URLs.
    pub wss: Option<Proxy>,
    /// Hosts without a proxy, separated by commas: `*`, a host, or a domain, which its subdomains
    /// belong to; `:port` behind it narrows it down. A range of addresses (`10.0.0.0/8`) is not
    /// understood.
    pub no_proxy: String,
}

impl Proxies {
    /// What the variables `http_proxy` (for `ws`), `https_proxy` or `HTTPS_PROXY` (for `wss`), and
    /// `no_proxy` or `NO_PROXY` say; `variable` gives the value of a name. `HTTP_PROXY` is not read:
    /// under CGI it is the value of a header field that a stranger chose. curl reads these, too,
    /// but takes `proxy.example:3128` for a proxy: here a value without a scheme is an error.
    ///
    /// ```
    /// use ws_core::handshake::{Proxies, Url};
    ///
    /// let proxies = Proxies::from_variables(|name| match name {
    ///     "https_proxy" => Some("http://proxy.example:3128".into()),
    ///     "no_proxy" => Some("localhost,internal.example".into()),
    ///     _ => None,
    /// })?;
    /// let proxy = proxies.choose(&Url::parse("wss://example.com/")?).expect("a proxy");
    /// assert_eq!((proxy.host(), proxy.port()), ("proxy.example", 3128));
    /// assert_eq!(proxies.choose(&Url::parse("wss://a.internal.example/")?), None);
    /// assert_eq!(proxies.choose(&Url::parse("ws://example.com/")?), None);
    /// # Ok::<(), ws_core::handshake::UrlError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Proxy::parse`].
    pub fn from_variables(
        mut variable: impl FnMut(&str) -> Option<String>,
    ) -> Result<Self, UrlError> {
        let mut first = |names: &[&str]| {
            let mut values = names.iter().filter_map(|name| variable(name));
            values.find(|value| !value.is_empty())
        };
        let proxy = |value: Option<String>| value.map(|url| Proxy::parse(&url)).transpose();
        Ok(Self {
            ws: proxy(first(&["http_proxy"]))?,
            wss: proxy(first(&["https_proxy", "HTTPS_PROXY"]))?,
            no_proxy: first(&["no_proxy", "NO_PROXY"]).unwrap_or_default(),
        })
    }

    /// The proxy that `url` goes through, if any.
    #[must_use]
    pub fn choose(&self, url: &Url<'_>) -> Option<&Proxy> {
        let proxy = if url.is_secure() { &self.wss } else { &self.ws };
        let direct = self.no_proxy.split(',').any(|entry| is_in(url, entry.trim()));
        proxy.as_ref().filter(|_| !direct)
    }
}

/// Whether an entry of `no_proxy` names the host of `url`.
fn is_in(url: &Url<'_>, entry: &str) -> bool {
    if entry == "*" {
        return true;
    }
    let domain = entry.strip_prefix("*.").or_else(|| entry.strip_prefix('.')).unwrap_or(entry);
    let unbracketed = |literal: &str| literal.parse::<core::net::Ipv6Addr>().is_ok();
    let (domain, port) = match Authority::parse(domain) {
        Ok(parsed) => (parsed.host, parsed.port),
        Err(_) if unbracketed(domain) => (domain, None),
        Err(_) => return false,
    };
    if port.is_some_and(|port| port != url.port()) {
        return false;
    }
    let host = url.host();
    let Some(at) = host.len().checked_sub(domain.len()) else {
        return false;
    };
    let is_label = at == 0 || host.as_bytes().get(at.saturating_sub(1)) == Some(&b'.');
    is_label && host.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(domain))
}

/// Waits for a proxy's answer to our CONNECT. Behind it the proxy is a wire to the server.
#[derive(Debug, Clone)]
pub struct ProxyHandshake {
    reader: HeadReader,
    /// Of the head that is being read.
    status: Option<u16>,
    fields_start: usize,
    failed: Option<HandshakeError>,
}

impl ProxyHandshake {
    /// Appends the request for a tunnel to the host of `url` to `out`, and waits for its answer.
    #[must_use]
    pub fn new(proxy: &Proxy, url: &Url<'_>, limits: &Limits, out: &mut Vec<u8>) -> Self {
        let mut put = |text: &str| out.extend_from_slice(text.as_bytes());
        let port = url.port().to_string();
        let (open, close) = if url.host().contains(':') { ("[", "]") } else { ("", "") };
        put("CONNECT ");
        for behind in [" HTTP/1.1\r\nHost: ", "\r\n"] {
            for text in [open, url.host(), close, ":", &port, behind] {
                put(text);
            }
        }
        if let Some(credentials) = &proxy.credentials {
            for text in ["Proxy-Authorization: Basic ", credentials, "\r\n"] {
                put(text);
            }
        }
        put("\r\n");
        Self { reader: HeadReader::new(limits), status: None, fields_start: 0, failed: None }
    }

    /// Takes all octets that the proxy has sent so far; `true` once the tunnel is there, `false` if
    /// `input` ends before that: call again with more behind.
    ///
    /// # Errors
    ///
    /// - [`HandshakeError::Proxy`]: another status than 2xx.
    /// - [`HandshakeError::ProxyOctets`]: octets behind the answer. Whoever is behind the tunnel
    ///   waits for us, so they are nobody's.
    /// - [`HandshakeError::StatusLine`], [`HandshakeError::HttpVersion`], [`HandshakeError::Head`]:
    ///   not HTTP, or over a limit.
    pub fn handle_input(&mut self, input: &[u8]) -> Result<bool, HandshakeError> {
        let result = match self.failed {
            Some(error) => Err(error),
            None => self.advance(input),
        };
        self.failed = result.err();
        result
    }

    fn advance(&mut self, input: &[u8]) -> Result<bool, HandshakeError> {
        loop {
            let Some(status) = self.status else {
                let Some(line) = self.reader.start_line(input)? else {
                    return Ok(false);
                };
                self.status = Some(response::parse_status_line(line)?);
                self.fields_start = self.reader.lines_len();
                continue;
            };
            let Some(head_len) = self.reader.end(input)? else {
                return Ok(false);
            };
            let field_lines = input.get(self.fields_start..head_len).unwrap_or_default();
            response::check_fields(field_lines, status < 200)?;
            match status {
                // Their number is bounded by the limit on octets.
                100..=199 if status != 101 => {
                    self.reader.next_head();
                    self.status = None;
                }
                200..=299 if input.len() > head_len => return Err(HandshakeError::ProxyOctets),
                200..=299 => return Ok(true),
                _ => return Err(HandshakeError::Proxy(status)),
            }
        }
    }
}
