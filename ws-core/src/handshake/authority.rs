//! A host and a port: the value of `Host`, and the authority of a URI (RFC 3986 §3.2).
//!
//! User information is not part of it: `Host` has none, and the callers refuse it in a URI.

use core::net::Ipv6Addr;

/// `host`, `host:port`, `[IPv6]` or `[IPv6]:port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Authority<'a> {
    /// The host as written, without the brackets of an IPv6 literal.
    pub(super) host: &'a str,
    /// The host as written, with them.
    pub(super) bracketed: &'a str,
    /// The port, if one is written.
    pub(super) port: Option<u16>,
}

/// Which half is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthorityError {
    Host,
    Port,
}

impl<'a> Authority<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, AuthorityError> {
        let (host, bracketed, port) = match text.strip_prefix('[') {
            Some(literal) => {
                let (host, port) = literal.split_once(']').ok_or(AuthorityError::Host)?;
                let bracketed = text.strip_suffix(port).ok_or(AuthorityError::Host)?;
                host.parse::<Ipv6Addr>().map_err(|_| AuthorityError::Host)?;
                (host, bracketed, port)
            }
            None => {
                let host_len = reg_name_len(text).ok_or(AuthorityError::Host)?;
                let (host, port) = text.split_at_checked(host_len).unwrap_or((text, ""));
                (host, host, port)
            }
        };
        Ok(Self { host, bracketed, port: parse_port(port)? })
    }
}

/// Parses nothing, `:` or `:port`.
fn parse_port(text: &str) -> Result<Option<u16>, AuthorityError> {
    if text.is_empty() {
        return Ok(None);
    }
    let digits = text.strip_prefix(':').ok_or(AuthorityError::Port)?;
    if digits.is_empty() {
        return Ok(None);
    }
    // `u16::from_str` would take a sign.
    if !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(AuthorityError::Port);
    }
    digits.parse().map(Some).map_err(|_| AuthorityError::Port)
}

/// Octets of the name in front of the port: RFC 3986 §3.2.2, but not empty (RFC 9110 §4.2.1), and no
/// control octet or blank escaped in it. `None` if it is no such name.
fn reg_name_len(text: &str) -> Option<usize> {
    let mut octets = text.bytes().enumerate();
    let end = loop {
        match octets.next() {
            Some((_, octet)) if is_reg_name_octet(octet) => {}
            Some((at, b':')) => break at,
            Some((_, b'%')) => {
                let mut digit = || octets.next().and_then(|(_, octet)| hex(octet));
                let (high, low) = (digit()?, digit()?);
                if !matches!(high << 4 | low, b'!'..=b'~' | 0x80..) {
                    return None;
                }
            }
            Some(_) => return None,
            None => break text.len(),
        }
    };
    (end > 0).then_some(end)
}

/// `unreserved` and `sub-delims`.
const fn is_reg_name_octet(octet: u8) -> bool {
    matches!(
        octet,
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~'
        | b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'='
    )
}

fn hex(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
