//! `Cookie` in a request: names and values (RFC 6265 §4.2.1, §5.4).

/// The cookies in the value of one `Cookie` field, in order, one pass. Names are not empty and
/// values are without the quotes that may be around them; what has no `=` is left out. Several fields
/// are several lists.
///
/// ```
/// use ws_core::handshake::cookies;
///
/// let mut found = cookies(b"session=31d4d96e; theme=\"dark\"; junk");
/// assert_eq!(found.next(), Some((&b"session"[..], &b"31d4d96e"[..])));
/// assert_eq!(found.next(), Some((&b"theme"[..], &b"dark"[..])));
/// assert_eq!(found.next(), None);
/// ```
pub fn cookies(value: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> + Clone {
    value.split(|&octet| octet == b';').filter_map(|pair| {
        let equals = pair.iter().position(|&octet| octet == b'=')?;
        let (name, value) = pair.split_at_checked(equals)?;
        let (name, value) = (name.trim_ascii(), value.get(1..)?.trim_ascii());
        let inner = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        (!name.is_empty()).then_some((name, inner.unwrap_or(value)))
    })
}
