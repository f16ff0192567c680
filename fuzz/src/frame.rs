//! Level 0, plain functions on plain values: the frame header, the masking, the Close payload.

use ws_core::frame::{CloseCode, CloseFrame, MAX_CONTROL_LEN, MAX_HEADER_LEN};
use ws_core::{FrameHeader, Violation};

use crate::oracle;

/// Decoding is total, takes no octet behind the header, needs every octet of it, and what it
/// accepts is encoded back to the same octets.
pub fn frame_parse(octets: &[u8]) {
    let Ok(Some((header, len))) = FrameHeader::decode(octets) else { return };
    assert_eq!(header.encoded_len(), len, "accepted, so in its shortest form");
    let mut encoded = [0; MAX_HEADER_LEN];
    assert_eq!(header.encode(&mut encoded), Ok(len));
    assert_eq!(encoded[..len], octets[..len]);
    for cut in 0..len {
        assert_eq!(FrameHeader::decode(&octets[..cut]), Ok(None), "a header cut at {cut}");
    }
    let start =
        oracle::header(octets[0], header.masking_key, oracle::Form::Shortest, header.payload_len);
    assert_eq!(start, octets[..len], "the naive encoder agrees");
}

/// Masking is what §5.3 says octet by octet, from any phase, in place and while copying; twice is
/// not at all.
pub fn mask(octets: &[u8]) {
    let Some((&[k0, k1, k2, k3, phase, skip], octets)) = octets.split_first_chunk() else { return };
    let (key, phase) = ([k0, k1, k2, k3], usize::from(phase));
    let payload = octets.get(usize::from(skip)..).unwrap_or(octets);
    let rotated = [0, 1, 2, 3].map(|i| key[(i + phase) % 4]);
    let naive = oracle::masked(payload, Some(rotated));

    let mut copied = vec![0; payload.len()];
    let next = ws_core::mask::copy(&mut copied, payload, key, phase);
    assert_eq!(copied, naive);
    assert_eq!(next, (phase + payload.len()) % 4);

    let mut applied = payload.to_vec();
    let middle = applied.len() / 2;
    let (front, back) = applied.split_at_mut(middle);
    let between = ws_core::mask::apply(front, key, phase);
    assert_eq!(ws_core::mask::apply(back, key, between), next);
    assert_eq!(applied, naive);
    ws_core::mask::apply(&mut applied, key, phase);
    assert_eq!(applied, payload);
}

/// Parsing a Close payload is total, allows the codes of the table and no others, says what is wrong
/// with the rest, and what it accepts is written back to the same octets (§5.5.1, §7.4).
pub fn close_payload(octets: &[u8]) {
    let octets = &octets[..octets.len().min(MAX_CONTROL_LEN)];
    let expected = match octets {
        [] => Ok(None),
        [_] => Err(Violation::CloseTruncated),
        [high, low, reason @ ..] => {
            let code = u16::from(*high) * 256 + u16::from(*low);
            match String::from_utf8(reason.to_vec()) {
                _ if !CODES.iter().any(|&(from, to)| (from..=to).contains(&code)) => {
                    Err(Violation::CloseCodeInvalid)
                }
                Ok(reason) => Ok(Some((code, reason))),
                Err(_) => Err(Violation::CloseReasonNotUtf8),
            }
        }
    };
    let parsed = CloseFrame::parse(octets);
    let owned = parsed.map(|frame| frame.map(|f| (f.code.get(), f.reason.to_owned())));
    assert_eq!(owned, expected);
    let Ok(Some(frame)) = parsed else { return };
    let mut written = [0; MAX_CONTROL_LEN];
    assert_eq!(frame.write(&mut written), Ok(octets.len()));
    assert_eq!(written[..octets.len()], *octets);
    assert_eq!(CloseCode::new(frame.code.get()), frame.code);
}

/// Codes that may be on the wire: those of §7.4.1 and of IANA's registry, then the ranges of §7.4.2
/// for libraries and for applications.
const CODES: [(u16, u16); 4] = [(1000, 1003), (1007, 1014), (3000, 3999), (4000, 4999)];
