//! Level 0, plain functions on plain values: the frame header, the masking, the Close payload.

use std::io::{self, ErrorKind, Read};

use ws_core::connection::Failure;
use ws_core::frame::{Check, CloseCode, CloseFrame, MAX_CONTROL_LEN, MAX_HEADER_LEN, Opcode, Rsv};
use ws_core::io::{Error, read_frame, read_header};
use ws_core::{FrameHeader, Misuse, Role, Violation};

use crate::frames::Header;
use crate::oracle;

/// Decoding is total, says what §5.2 says in order, takes no octet behind the header, needs every
/// octet of it, and what it accepts is encoded back to the same octets. Reading it octet by octet says
/// the same, and what any first two octets are allowed to be is a list of rules. Any header that a
/// caller makes is encoded as §5.2 draws it.
pub fn frame_parse(octets: &[u8]) {
    let decoded = FrameHeader::decode(octets);
    let expected = decoding(octets);
    assert_eq!(decoded.map(|header| header.map(|(h, len)| (h.payload_len, len))), expected);
    is_read_octet_by_octet(octets, expected);
    are_checked(octets);
    callers_header(octets);
    let Ok(Some((header, len))) = decoded else { return };
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

/// What a header is decoded to, by §5.2: the lengths of payload and header.
fn decoding(octets: &[u8]) -> Result<Option<(u64, usize)>, Violation> {
    let Some(header) = Header::read(octets) else { return Ok(None) };
    if header.len >= 1 << 63 {
        return Err(Violation::LengthTopBit);
    }
    if !header.is_shortest {
        return Err(Violation::LengthNotMinimal);
    }
    Ok((octets.len() >= header.header_len).then_some((header.len, header.header_len)))
}

/// The blocking readers take the same header, or fail the same, and not one octet more; one that
/// ends within its header is the end of the stream.
fn is_read_octet_by_octet(octets: &[u8], expected: Result<Option<(u64, usize)>, Violation>) {
    let is_cut = Header::read(octets).is_none_or(|header| octets.len() < header.header_len);
    let mut reader = Singly { octets, rested: false };
    match (read_header(&mut reader), expected) {
        (Err(Error::Io(error)), _) if error.kind() == ErrorKind::UnexpectedEof => assert!(is_cut),
        (Err(Error::Failed(Failure::Violation(said))), Err(expected)) => assert_eq!(said, expected),
        (Ok(header), Ok(Some((payload_len, len)))) => {
            assert_eq!(header.payload_len, payload_len);
            assert_eq!(reader.octets, &octets[len..], "no octet behind the header");
        }
        other => panic!("{other:?}"),
    }
    let Ok(Some((len, header_len))) = expected else { return };
    let (mut reader, mut payload) = (Singly { octets, rested: false }, b"before".to_vec());
    let read = read_frame(&mut reader, MAX_READ, &mut payload);
    if len > MAX_READ {
        let long = Failure::Violation(Violation::FrameTooLong);
        assert!(matches!(read, Err(Error::Failed(failure)) if failure == long));
        assert_eq!((&*payload, reader.octets), (&b"before"[..], &octets[header_len..]));
        return;
    }
    let behind = &octets[header_len..];
    let there = behind.len().min(usize::try_from(len).expect("a short one"));
    assert_eq!(read.is_ok(), there as u64 == len);
    let key = read.ok().and_then(|header| header.masking_key);
    let key = key.or_else(|| FrameHeader::decode(octets).ok()??.0.masking_key);
    assert_eq!(payload, [b"before", &oracle::masked(&behind[..there], key)[..]].concat());
    assert_eq!(reader.octets, &behind[there..], "no octet behind the frame");
}

/// What is read of a frame here.
const MAX_READ: u64 = 200;

/// Gives one octet at a time, and is interrupted before each.
struct Singly<'a> {
    octets: &'a [u8],
    rested: bool,
}

impl Read for Singly<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.rested = !self.rested;
        if self.rested {
            return Err(ErrorKind::Interrupted.into());
        }
        let len = to.len().min(1);
        self.octets.read(&mut to[..len])
    }
}

/// Whether a frame is allowed, by §5.1 to §5.5 and §5.8, rule by rule, whatever is agreed and open.
fn are_checked(octets: &[u8]) {
    for choice in 0..32_u8 {
        let role = if choice & 1 == 0 { Role::Server } else { Role::Client };
        let message_open = choice & 2 != 0;
        let agreed = choice >> 2 << 4;
        let check = Check { role, message_open, rsv: Rsv::from_bits(agreed) };
        let broken = |len: usize| {
            let (first, second) = (octets.first().copied()?, octets.get(1).copied());
            let (opcode, fin) = (first & 0x0F, first & 0x80 != 0);
            let starts = opcode == 1 || opcode == 2;
            let rsv = first & 0x70 & if starts { !agreed } else { 0xFF };
            let masked = |octet: u8| octet & 0x80 != 0;
            let in_second = |holds: bool| holds && len > 1;
            let second = second.unwrap_or_default();
            use Violation as V;
            let rules = [
                (rsv != 0, V::ReservedBits),
                (!matches!(opcode, 0..=2 | 8..=10), V::ReservedOpcode),
                (opcode >= 8 && !fin, V::ControlFragmented),
                (opcode == 0 && !message_open, V::ContinuationWithoutMessage),
                (starts && message_open, V::MessageInterrupted),
                (in_second(role == Role::Server && !masked(second)), V::Unmasked),
                (in_second(role == Role::Client && masked(second)), V::Masked),
                (in_second(opcode >= 8 && second & 0x7F > 125), V::ControlTooLong),
            ];
            rules.into_iter().find(|(broken, _)| *broken).map(|(_, violation)| violation)
        };
        for len in 0..=octets.len().min(2) {
            let expected = if len == 0 { None } else { broken(len) };
            assert_eq!(
                check.check_start(&octets[..len]).err(),
                expected,
                "{check:?}, {len} octets"
            );
        }
        if let Ok(Some((header, _))) = FrameHeader::decode(octets) {
            assert_eq!(check.check(&header).err(), broken(2), "{check:?}");
        }
    }
}

/// Any header, of the first fourteen octets: the length of any size, however it was meant.
fn callers_header(octets: &[u8]) {
    let Some((&[first, second, l7, l6, l5, l4, l3, l2, l1, l0, key @ ..], _)) =
        octets.split_first_chunk::<MAX_HEADER_LEN>()
    else {
        return;
    };
    let payload_len = u64::from_be_bytes([l7, l6, l5, l4, l3, l2, l1, l0]) >> (second & 0x3F);
    let masking_key = (second & 0x80 != 0).then_some(key);
    let (rsv, opcode) = (Rsv::from_bits(first), Opcode::from_bits(first));
    let header = FrameHeader { fin: first & 0x80 != 0, rsv, opcode, masking_key, payload_len };
    let naive = oracle::header(first, masking_key, oracle::Form::Shortest, payload_len);
    assert_eq!(header.encoded_len(), naive.len());
    assert_eq!(header.start(), naive[..2]);
    let mut encoded = [0; MAX_HEADER_LEN];
    let said = header.encode(&mut encoded);
    if payload_len >> 63 != 0 {
        assert_eq!(said, Err(Misuse::LengthTopBit));
        return;
    }
    assert_eq!(said, Ok(naive.len()));
    assert_eq!(encoded[..naive.len()], naive);
}

/// Masking is what §5.3 says octet by octet, from any phase and at any alignment, in place and while
/// copying; twice is not at all.
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

    let mut room = vec![0xA5; payload.len() + 2 * ALIGNMENTS];
    for from in 0..ALIGNMENTS {
        let end = from + payload.len();
        room[from..end].copy_from_slice(payload);
        assert_eq!(ws_core::mask::apply(&mut room[from..end], key, phase), next);
        assert_eq!(room[from..end], naive, "{from} octets behind an alignment");
        assert!(room[..from].iter().chain(&room[end..]).all(|&octet| octet == 0xA5), "around it");
        let middle = payload.len() / 2;
        ws_core::mask::copy(&mut room[from..end], &payload[..middle], key, phase);
        assert_eq!(room[from..end][..middle], naive[..middle]);
        assert_eq!(
            room[from..end][middle..],
            naive[middle..],
            "a short copy leaves the rest alone"
        );
        room[from..end].fill(0xA5);
    }
}

/// Octets of the widest register.
const ALIGNMENTS: usize = 32;

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
                _ if !may_be_on_the_wire(code) => Err(Violation::CloseCodeInvalid),
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

/// Whether a Close frame may hold this code.
pub(crate) fn may_be_on_the_wire(code: u16) -> bool {
    CODES.iter().any(|&(from, to)| (from..=to).contains(&code))
}

/// Codes that may be on the wire: those of §7.4.1 and of IANA's registry, then the ranges of §7.4.2
/// for libraries and for applications.
const CODES: [(u16, u16); 4] = [(1000, 1003), (1007, 1014), (3000, 3999), (4000, 4999)];
