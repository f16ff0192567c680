//! The frames of any octets, as far as their lengths tell them apart: headers that may break any rule.

/// The frames of some octets.
pub(crate) struct Frames {
    /// Their headers, in order.
    pub(crate) headers: Vec<Header>,
    /// The octets of those that are whole.
    pub(crate) whole_len: usize,
    /// The octets end inside one.
    pub(crate) are_cut: bool,
}

impl Frames {
    pub(crate) fn of(wire: &[u8]) -> Self {
        let mut headers = Vec::new();
        let mut at = 0;
        while let Some(header) = Header::read(&wire[at..]) {
            headers.push(Header { at, ..header });
            let len = usize::try_from(header.len).unwrap_or(usize::MAX);
            match at.saturating_add(header.header_len).saturating_add(len) {
                end if end <= wire.len() => at = end,
                _ => break,
            }
        }
        Self { headers, whole_len: at, are_cut: at < wire.len() }
    }
}

/// A header that may break any rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) first: u8,
    pub(crate) len: u64,
    pub(crate) is_shortest: bool,
    /// Its octets, the masking key included, whether that is there or not.
    pub(crate) header_len: usize,
    /// Octets before it.
    pub(crate) at: usize,
}

impl Header {
    /// The header at the front, if its length is there.
    pub(crate) fn read(octets: &[u8]) -> Option<Self> {
        let [first, second, rest @ ..] = octets else { return None };
        let (count, least) = match second & 0x7F {
            126 => (2, 126),
            127 => (8, 65_536),
            _ => (0, 0),
        };
        let len = match count {
            0 => u64::from(second & 0x7F),
            _ => rest.get(..count)?.iter().fold(0, |len, &octet| len << 8 | u64::from(octet)),
        };
        let key = if second & 0x80 != 0 { 4 } else { 0 };
        let header_len = 2 + count + key;
        Some(Self { first: *first, len, is_shortest: len >= least, header_len, at: 0 })
    }
}
