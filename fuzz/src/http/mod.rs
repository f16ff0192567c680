//! Heads of the opening handshake from anybody, however they are cut (RFC 6455 §4, RFC 9112).

mod client;
mod refusal;
mod request;
mod response;
mod upgrade;

use std::time::Duration;

use ws_core::Limits;
use ws_core::handshake::{Fields, HeaderField};

pub use client::client_handshake;
pub use request::http_request_head;
pub(crate) use request::{Asked, ask};
pub use response::http_response_head;

/// The random octets of our client's key.
const RANDOM: [u8; 16] = *b"the sample nonce";

/// The answer to its key (RFC 6455 §1.3).
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Small, so that the fuzzer meets them.
pub(crate) fn limits() -> Limits {
    Limits::builder()
        .max_head_len(1500)
        .max_request_line_len(200)
        .max_header_fields(20)
        // A fuzzer that is stopped for a while goes on where it was.
        .handshake_timeout(Duration::from_secs(1_000_000))
        .build()
        .expect("limits that fit together")
}

/// Header fields, copied.
pub(crate) type Owned = Vec<(String, Vec<u8>)>;

fn owned(fields: Fields<'_>) -> Owned {
    fields.map(|HeaderField { name, value }| (name.to_owned(), value.to_vec())).collect()
}

/// Asks about all octets so far at each one that comes. What must not be looked at any more, or not
/// again yet, is LF there: whoever looked would take it for a line's end.
fn showing_little<T, E>(
    input: &[u8],
    mut ask: impl FnMut(&[u8]) -> Result<Option<T>, E>,
) -> Result<Option<T>, E> {
    let mut shown = vec![b'\n'; input.len()];
    let (mut head_start, mut line_start) = (0, 0);
    for (at, &octet) in input.iter().enumerate() {
        // An empty line ends a head, or stands before one.
        let ends_line = octet == b'\n';
        let ends_head = ends_line && matches!(input[line_start..at], [] | [b'\r']);
        let from = match (ends_head, ends_line) {
            (true, _) => head_start,
            (false, true) => line_start,
            (false, false) => at,
        };
        shown[from..=at].copy_from_slice(&input[from..=at]);
        let said = ask(&shown[..=at])?;
        if said.is_some() {
            return Ok(said);
        }
        shown[from..=at].fill(b'\n');
        if ends_line {
            line_start = at + 1;
        }
        if ends_head {
            head_start = at + 1;
        }
    }
    Ok(None)
}
