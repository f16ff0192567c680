//! A server's refusal, kept for the application: status, header fields, and the body's beginning.

use alloc::vec::Vec;
use core::fmt;

use crate::handshake::{BodyReader, Fields, RefusedResponse};

/// The server answered with another status than 101; no connection was opened.
///
/// What is in it was written by the peer, or by whoever stands in between.
#[derive(Clone)]
pub struct Refused {
    status: u16,
    field_lines: Vec<u8>,
    body: Vec<u8>,
}

impl Refused {
    /// Of the head, the body still to come.
    pub(crate) fn new(refusal: &RefusedResponse<'_>) -> Self {
        Self {
            status: refusal.status(),
            field_lines: refusal.field_lines().to_vec(),
            body: Vec::new(),
        }
    }

    pub(crate) fn feed(&mut self, reader: &mut BodyReader, octets: &[u8]) {
        reader.feed(octets, &mut self.body);
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// All header fields, in the order they were sent.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(&self.field_lines)
    }

    /// The body, as far as it came within the handshake's deadline: at most
    /// [`MAX_REFUSAL_BODY_LEN`](crate::handshake::MAX_REFUSAL_BODY_LEN) octets (64 KiB).
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// Without header values and body: they are the peer's, and may hold secrets.
impl fmt::Debug for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("status", &self.status)
            .field("fields", &self.fields())
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}
