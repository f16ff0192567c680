//! What went over the wire in an opening handshake, for whoever has to find out why it fails.

use alloc::vec::Vec;
use core::fmt;

/// The octets of an opening handshake, filled in whether it succeeds or not.
///
/// They hold whatever credentials were sent. [`Display`](fmt::Display) shows all of it, escaped.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The request, as sent.
    pub request: Vec<u8>,
    /// What was read in answer: the head, the octets that came with it, and a refusal's body with
    /// its framing.
    pub response: Vec<u8>,
}

/// Lengths alone.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("request_len", &self.request.len())
            .field("response_len", &self.response.len())
            .finish()
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (arrow, octets) in [("> ", &self.request), ("< ", &self.response)] {
            for line in octets.split_inclusive(|&octet| octet == b'\n') {
                writeln!(f, "{arrow}{}", line.escape_ascii())?;
            }
        }
        Ok(())
    }
}
