//! A whole frame as octets, made once ("compiled", as `gobwas/ws` calls it).
//!
//! In: a header, a payload, the caller's buffer. Out: the frame in it, ready for the wire.

use super::header::{FrameHeader, MAX_HEADER_LEN};
use crate::error::Misuse;
use crate::mask;

/// Writes `header` and `payload` at the front of `output`, masking the payload in the same pass if
/// the header has a masking key, and returns the frame's length in octets.
///
/// An unmasked (server) frame may be sent to any number of clients. A masked one is for one use:
/// each frame a client sends takes a fresh key (RFC 6455 §5.3).
///
/// # Errors
///
/// `output` is unchanged on each of them:
///
/// - [`Misuse::PayloadLenMismatch`]: `payload.len()` is not `header.payload_len`.
/// - [`Misuse::BufferTooShort`]: `output` is shorter than `header.encoded_len() + payload.len()`.
pub fn compile(header: &FrameHeader, payload: &[u8], output: &mut [u8]) -> Result<usize, Misuse> {
    if usize::try_from(header.payload_len) != Ok(payload.len()) {
        return Err(Misuse::PayloadLenMismatch);
    }
    let mut octets = [0; MAX_HEADER_LEN];
    let header_len = header.encode(&mut octets)?;
    let Some((head, rest)) = output.split_at_mut_checked(header_len) else {
        return Err(Misuse::BufferTooShort);
    };
    let Some(body) = rest.get_mut(..payload.len()) else { return Err(Misuse::BufferTooShort) };
    for (to, from) in head.iter_mut().zip(octets) {
        *to = from;
    }
    match header.masking_key {
        Some(key) => {
            mask::copy(body, payload, key, 0);
        }
        None => body.copy_from_slice(payload),
    }
    Ok(header_len.saturating_add(payload.len()))
}
