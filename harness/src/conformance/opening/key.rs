//! `Sec-WebSocket-Key` and what answers it (RFC 6455 §1.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The one value of `Sec-WebSocket-Accept` for a key.
#[must_use]
pub fn accept(key: &str) -> String {
    STANDARD.encode(Sha1::digest(format!("{key}{GUID}")))
}

/// A key of sixteen octets.
#[must_use]
pub fn nonce(octets: [u8; 16]) -> String {
    STANDARD.encode(octets)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_pair_that_the_rfc_gives() {
        let key = super::nonce(*b"the sample nonce");
        assert_eq!(key, "dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(super::accept(&key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
