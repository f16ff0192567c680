//! Which pages may connect: `Origin` in a request (RFC 6455 §4.1 item 8, §10.2; RFC 6454).

use super::authority::Authority;
use super::refusal::Refusal;
use super::request::Request;
use super::upgrade::Upgrade;

/// Refuses browsers on pages of other origins: 403. Without this, every page on the Web can open a
/// connection here with its visitor's cookies.
///
/// Clients that are not browsers send no `Origin`; they are accepted unless
/// [`required`](Self::required). More than one `Origin`, `null`, and what is not an `http` or `https`
/// origin are refused.
///
/// ```
/// use ws_core::handshake::policy::OriginPolicy;
///
/// let policy = OriginPolicy::list(&["https://example.com", "http://localhost:3000"]);
/// assert!(policy.allows("https://example.com", "ws.example.com"));
/// assert!(!policy.allows("http://example.com", "ws.example.com"));
/// assert!(OriginPolicy::same_origin().allows("https://example.com", "example.com:443"));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct OriginPolicy<'l> {
    /// `None`: the host of the request.
    allowed: Option<&'l [&'l str]>,
    required: bool,
}

impl Default for OriginPolicy<'_> {
    fn default() -> Self {
        Self::same_origin()
    }
}

impl<'l> OriginPolicy<'l> {
    /// Accepts pages that came from the host and port of the request. A missing port is the default
    /// port of the page's scheme; which scheme the request came in cannot be seen here, behind a
    /// proxy least of all, so `http` and `https` are both accepted where the port allows it. To pin
    /// the scheme use [`list`](Self::list).
    #[must_use]
    pub const fn same_origin() -> Self {
        Self { allowed: None, required: false }
    }

    /// Accepts pages of these origins: exactly their scheme, host and port.
    #[must_use]
    pub const fn list(allowed: &'l [&'l str]) -> Self {
        Self { allowed: Some(allowed), required: false }
    }

    /// Refuses requests without `Origin`, too.
    #[must_use]
    pub const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// Whether a page of this `origin` may connect to this `host`.
    #[must_use]
    pub fn allows(&self, origin: &str, host: &str) -> bool {
        let Some(origin) = Origin::parse(origin) else {
            return false;
        };
        match self.allowed {
            Some(allowed) => allowed.iter().any(|allowed| Origin::parse(allowed) == Some(origin)),
            None => Origin::of_authority(origin.scheme, host) == Some(origin),
        }
    }
}

impl Upgrade for OriginPolicy<'_> {
    fn on_request(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        let mut origins = request.fields().filter(|field| field.is("Origin"));
        let allowed = match (origins.next(), origins.next()) {
            (None, _) => !self.required,
            (Some(origin), None) => {
                origin.value_str().is_some_and(|origin| self.allows(origin, request.host))
            }
            (Some(_), Some(_)) => false,
        };
        if allowed { Ok(()) } else { Err(Refusal::forbidden()) }
    }
}

/// Scheme, host and port.
#[derive(Debug, Clone, Copy, Eq)]
struct Origin<'a> {
    scheme: Scheme,
    /// With the brackets of an IPv6 literal.
    host: &'a str,
    port: u16,
}

impl PartialEq for Origin<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.port == other.port
            && self.host.eq_ignore_ascii_case(other.host)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl<'a> Origin<'a> {
    fn parse(origin: &'a str) -> Option<Self> {
        let (scheme, authority) = origin.split_once("://")?;
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        Self::of_authority(scheme, authority)
    }

    fn of_authority(scheme: Scheme, authority: &'a str) -> Option<Self> {
        let default_port = match scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        let authority = Authority::parse(authority).ok()?;
        let port = authority.port.unwrap_or(default_port);
        Some(Self { scheme, host: authority.bracketed, port })
    }
}
