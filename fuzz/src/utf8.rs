//! UTF-8 that arrives in pieces (RFC 6455 §8.1).

use ws_core::utf8::Utf8;

use crate::input::pieces;

/// The same verdict as the standard library on the whole text, at the same octet, whole and
/// wherever it is cut. The first octet seeds the cuts.
pub fn utf8_stream(octets: &[u8]) {
    let Some((&seed, text)) = octets.split_first() else { return };
    let mut utf8 = Utf8::new();
    let mut before = 0;
    let mut found = None;
    for piece in pieces(seed, text) {
        if let Err(error) = utf8.feed(piece) {
            found = Some(before + error.at);
            break;
        }
        before += piece.len();
    }
    let (bad, complete) = match std::str::from_utf8(text) {
        Ok(_) => (None, true),
        Err(error) => match error.error_len() {
            None => (None, false),
            // Std counts from the lead octet; the bad one is the first that cannot follow it.
            Some(len) => {
                let lead = text[error.valid_up_to()];
                let bad_lead = matches!(lead, 0x80..=0xC1 | 0xF5..=0xFF);
                (Some(error.valid_up_to() + if bad_lead { 0 } else { len }), false)
            }
        },
    };
    assert_eq!(found, bad);
    let mut whole = Utf8::new();
    assert_eq!(whole.feed(text).err().map(|error| error.at), bad, "in one piece");
    if found.is_none() {
        assert_eq!(utf8.finish().is_ok(), complete);
        assert_eq!(whole.finish().is_ok(), complete, "in one piece");
    }
}
