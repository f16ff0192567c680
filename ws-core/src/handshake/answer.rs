//! The 101, written while it is negotiated (RFC 6455 §4.2.2 item 5).
//!
//! In: what callbacks choose. Out: octets behind what the caller's `Vec` holds; whoever gives up on
//! the way, by error or panic, leaves the `Vec` as it was.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use super::fields::{is_own, is_token_text};
use super::key::Key;
use super::scan::is_value;
use crate::error::Misuse;

const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: ";
const EXTENSIONS: &str = "Sec-WebSocket-Extensions: ";

/// A 101 that is not whole yet. Dropped unfinished, it takes its octets back.
pub(super) struct Draft<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    finished: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn begin(key: &Key, out: &'a mut Vec<u8>) -> Self {
        let start = out.len();
        out.extend_from_slice(ACCEPTED);
        out.extend_from_slice(&key.accept());
        out.extend_from_slice(b"\r\n");
        Self { out, start, finished: false }
    }

    pub(super) fn subprotocol(&mut self, name: &str) {
        push_field("Sec-WebSocket-Protocol", name.as_bytes(), self.out);
    }

    /// Room for the answer to the offer called `name`; `first`: no offer is accepted yet.
    pub(super) fn answer<'n>(&'n mut self, name: &'n str, first: bool) -> Answer<'n> {
        let prefix = if first { EXTENSIONS } else { ", " };
        Answer { out: self.out, prefix, name, accepted: false }
    }

    /// Ends the line of the answers, if there are any since the draft had `len` octets, and tells
    /// which octets of the caller's `Vec` are its value.
    pub(super) fn end_answers(&mut self, len: usize) -> Range<usize> {
        let end = self.out.len();
        if end == len {
            return end..end;
        }
        self.out.extend_from_slice(b"\r\n");
        len.saturating_add(EXTENSIONS.len())..end
    }

    pub(super) const fn len(&self) -> usize {
        self.out.len()
    }

    pub(super) const fn fields(&mut self) -> ResponseFields<'_> {
        ResponseFields { out: self.out }
    }

    pub(super) fn finish(mut self) {
        self.out.extend_from_slice(b"\r\n");
        self.finished = true;
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.out.truncate(self.start);
        }
    }
}

/// The answer to one extension offer. Left alone, it declines.
pub struct Answer<'a> {
    out: &'a mut Vec<u8>,
    prefix: &'static str,
    name: &'a str,
    accepted: bool,
}

impl Answer<'_> {
    /// Accepts the offer, without parameters so far.
    pub fn accept(&mut self) -> &mut Self {
        if !self.accepted {
            self.accepted = true;
            self.out.extend_from_slice(self.prefix.as_bytes());
            self.out.extend_from_slice(self.name.as_bytes());
        }
        self
    }

    /// Accepts the offer, with one more parameter.
    ///
    /// # Errors
    ///
    /// [`Misuse::FieldMalformed`]: name or value is not a token.
    pub fn param(&mut self, name: &str, value: Option<&str>) -> Result<&mut Self, Misuse> {
        if !is_token_text(name) || !value.is_none_or(is_token_text) {
            return Err(Misuse::FieldMalformed);
        }
        self.accept();
        self.out.extend_from_slice(b"; ");
        self.out.extend_from_slice(name.as_bytes());
        if let Some(value) = value {
            self.out.push(b'=');
            self.out.extend_from_slice(value.as_bytes());
        }
        Ok(self)
    }

    /// Whether the offer is accepted.
    #[must_use]
    pub const fn is_accepted(&self) -> bool {
        self.accepted
    }
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, accepted, .. } = self;
        f.debug_struct("Answer").field("name", name).field("accepted", accepted).finish()
    }
}

/// The application's own header fields in the 101.
pub struct ResponseFields<'a> {
    out: &'a mut Vec<u8>,
}

impl ResponseFields<'_> {
    /// Adds a header field.
    ///
    /// # Errors
    ///
    /// - [`Misuse::FieldMalformed`]: a name that is no token, or CR, LF, NUL or another control octet
    ///   in the value.
    /// - [`Misuse::FieldReserved`]: `Upgrade`, `Connection`, `Content-Length`, `Content-Type`,
    ///   `Transfer-Encoding` or a name that begins with `Sec-WebSocket-`: the handshake writes these
    ///   itself.
    pub fn add(&mut self, name: &str, value: impl AsRef<[u8]>) -> Result<&mut Self, Misuse> {
        check_field(name, value.as_ref())?;
        push_field(name, value.as_ref(), self.out);
        Ok(self)
    }
}

impl fmt::Debug for ResponseFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFields").finish_non_exhaustive()
    }
}

/// Whether an application may write this field.
pub(super) fn check_field(name: &str, value: &[u8]) -> Result<(), Misuse> {
    const OWN: [&str; 5] =
        ["Upgrade", "Connection", "Content-Length", "Transfer-Encoding", "Content-Type"];
    if !is_token_text(name) || !value.iter().all(|&octet| is_value(octet)) {
        return Err(Misuse::FieldMalformed);
    }
    if is_own(name, &OWN) {
        return Err(Misuse::FieldReserved);
    }
    Ok(())
}

/// Appends a field that is known to be good.
pub(super) fn push_field(name: &str, value: &[u8], out: &mut Vec<u8>) {
    for octets in [name.as_bytes(), b": ", value, b"\r\n"] {
        out.extend_from_slice(octets);
    }
}

/// Appends a number.
pub(super) fn push_decimal(number: u64, out: &mut Vec<u8>) {
    use fmt::Write as _;
    struct Ascii<'a>(&'a mut Vec<u8>);
    impl fmt::Write for Ascii<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.extend_from_slice(text.as_bytes());
            Ok(())
        }
    }
    // A `Vec` takes everything, so this is never the error.
    let _ = write!(Ascii(out), "{number}");
}
