//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` (RFC 6455 §1.3, §4.1 item 7, §4.2.2 item 5.4).
//!
//! The client sends 16 random octets in base64; the server shows that it has read them by hashing
//! them together with a constant of the protocol.

use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// Octets of a `Sec-WebSocket-Key`: 16 octets in base64.
pub const KEY_LEN: usize = 24;

/// Octets of a `Sec-WebSocket-Accept`: a SHA-1 in base64.
pub const ACCEPT_LEN: usize = 28;

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A well-formed `Sec-WebSocket-Key`, as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u8; KEY_LEN]);

impl Key {
    /// The key of 16 octets, which must be unpredictable and fresh for each connection (§10.3).
    #[must_use]
    pub fn from_random(random: [u8; 16]) -> Self {
        let mut text = [b'='; KEY_LEN];
        let written = STANDARD.encode_slice(random, &mut text);
        debug_assert_eq!(written, Ok(KEY_LEN), "16 octets are 24 in base64");
        Self(text)
    }

    /// Parses the value of `Sec-WebSocket-Key`, blanks around it already taken away: 22 characters
    /// of the base64 alphabet and `==`, which is every text that decodes to 16 octets. `None` if it
    /// is anything else.
    ///
    /// The four bits that the 22nd character holds beyond the 128 should be zero, but no rule of the
    /// RFC lets a server refuse others: the accept value is computed over the text as sent, so they
    /// do no harm.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text: [u8; KEY_LEN] = value.try_into().ok()?;
        let digits = text.strip_suffix(b"==")?;
        let base64 = |octet: u8| octet.is_ascii_alphanumeric() | matches!(octet, b'+' | b'/');
        // Each is looked at, whatever the others are: then many are at a time.
        digits.iter().fold(true, |all, &octet| all & base64(octet)).then_some(Self(text))
    }

    /// The text.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// The `Sec-WebSocket-Accept` that answers this key.
    ///
    /// ```
    /// use ws_core::handshake::Key;
    ///
    /// // The sample of RFC 6455 §1.3.
    /// let key = Key::parse(b"dGhlIHNhbXBsZSBub25jZQ==").expect("16 octets in base64");
    /// assert_eq!(&key.accept(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    /// assert_eq!(key, Key::from_random(*b"the sample nonce"));
    /// ```
    ///
    /// RFC 6455 §4.2.2, item 5.4.
    #[must_use]
    pub fn accept(&self) -> [u8; ACCEPT_LEN] {
        let digest = Sha1::new().chain_update(self.0).chain_update(GUID).finalize();
        let mut text = [b'='; ACCEPT_LEN];
        let written = STANDARD.encode_slice(digest, &mut text);
        debug_assert_eq!(written, Ok(ACCEPT_LEN), "20 octets are 28 in base64");
        text
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.0.escape_ascii())
    }
}
