//! `Sec-WebSocket-Protocol` in a request: the subprotocols a client offers (RFC 6455 §1.9, §4.1
//! item 10).
//!
//! In: the fields of a head whose lines [`check`] has seen. Out: the names, borrowed, the client's
//! favourite first.

use core::fmt;

use super::fields::{Fields, HeaderField};
use super::scan::is_token;

/// Names that are handed out; any behind them are left out.
pub const MAX_SUBPROTOCOLS: usize = 16;

pub(super) const FIELD_NAME: &str = "Sec-WebSocket-Protocol";

/// The subprotocols a client offers, in its order of preference: tokens, each once, at most
/// [`MAX_SUBPROTOCOLS`]. Names are compared exactly, case included (§1.9).
#[derive(Clone, Copy, Default)]
pub struct Subprotocols<'a> {
    names: [&'a str; MAX_SUBPROTOCOLS],
    len: usize,
}

impl<'a> Subprotocols<'a> {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a, '_> {
        self.names.iter().take(self.len).copied()
    }

    /// The offer that is this name, borrowed from the request.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&'a str> {
        self.iter().find(|&offered| offered == name)
    }

    /// Whether none is offered.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Of the lines among `fields`; `None` if a name occurs twice.
    pub(super) fn parse(fields: Fields<'a>) -> Option<Self> {
        let mut offered = Self { names: [""; MAX_SUBPROTOCOLS], len: 0 };
        for field in fields.filter(|field| field.is(FIELD_NAME)) {
            for name in elements(&field).filter_map(|name| core::str::from_utf8(name).ok()) {
                let Some(place) = offered.names.get_mut(offered.len) else {
                    return Some(offered);
                };
                *place = name;
                if offered.find(name).is_some() {
                    return None;
                }
                offered.len = offered.len.saturating_add(1);
            }
        }
        Some(offered)
    }
}

impl fmt::Debug for Subprotocols<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Whether every element of one line is a token; none may be missing (§4.1: "1#").
pub(super) fn check(field: &HeaderField<'_>) -> bool {
    elements(field).all(|name| !name.is_empty() && name.iter().all(|&octet| is_token(octet)))
}

fn elements<'a>(field: &HeaderField<'a>) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    field.value.split(|&octet| octet == b',').map(<[u8]>::trim_ascii)
}
