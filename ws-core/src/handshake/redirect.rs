//! Where a refusal sends a client that wants to follow (RFC 9110 §15.4, RFC 6455 §4.1), and what it
//! may not take along.

use alloc::format;
use alloc::string::String;

use super::fields::Fields;
use super::url::Url;

/// Another URL to dial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The URL: `ws` or `wss`.
    pub url: String,
    /// Whether scheme, host and port are those of the URL that was dialled. If not, nothing that was
    /// meant for that server alone may be sent: see [`is_credential`](Self::is_credential).
    pub same_origin: bool,
}

impl Redirect {
    /// What a refusal with this `status` and these `fields` says to whoever dialled `from`; `None`
    /// if it is no redirect that can be followed.
    ///
    /// It is one if the status is 301, 302, 303, 307 or 308, and there is one `Location`: a `ws`,
    /// `wss`, `http` or `https` URL, or the part of one from `//`, `/` or `?` on. From `wss` it must
    /// not lead to a URL without TLS.
    #[must_use]
    pub fn of(from: &Url<'_>, status: u16, fields: Fields<'_>) -> Option<Self> {
        if !matches!(status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let mut locations = fields.filter(|field| field.is("Location"));
        let location = locations.next()?.value_str()?;
        if locations.next().is_some() {
            return None;
        }
        let location = location.split('#').next().unwrap_or_default();
        let scheme = if from.is_secure() { "wss" } else { "ws" };
        let here = from.host_field();
        // A reference may have another URL in its path or query, so that its first octets tell
        // whether it is relative, before a scheme is looked for (RFC 3986 §4.2, §5.2).
        let url = if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{scheme}://{here}{location}")
        } else if location.starts_with('?') {
            format!("{scheme}://{here}{}{location}", from.path())
        } else {
            let (to, rest) = location.split_once("://")?;
            let is = |name: &str| to.eq_ignore_ascii_case(name);
            let secure = is("wss") || is("https");
            if !secure && !is("ws") && !is("http") {
                return None;
            }
            format!("{}://{rest}", if secure { "wss" } else { "ws" })
        };
        let to = Url::parse(&url).ok()?;
        if from.is_secure() && !to.is_secure() {
            return None;
        }
        let same_origin = from.is_secure() == to.is_secure()
            && from.host().eq_ignore_ascii_case(to.host())
            && from.port() == to.port();
        Some(Self { url, same_origin })
    }

    /// Whether a header field of this name must not be sent to another origin.
    ///
    /// `Sec-WebSocket-Protocol` is none, so the subprotocols of a
    /// [`Dialer`](super::Dialer::subprotocols) are offered there as well: an application that carries
    /// a token in them must not follow to another origin.
    #[must_use]
    pub fn is_credential(name: &str) -> bool {
        ["Authorization", "Cookie", "Proxy-Authorization"]
            .iter()
            .any(|credential| credential.eq_ignore_ascii_case(name))
    }
}
