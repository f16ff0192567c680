//! RFC 6455 §5.5.1, §7.4: what may a Close frame say? (F23, F24, F25, F26, F27, A02)

use proptest::prelude::*;
use ws_core::frame::{CloseFrame, MAX_CONTROL_LEN, MAX_REASON_LEN};
use ws_core::{CloseCode, Misuse, Violation};

/// All 65,536 codes: first, last, whether a Close frame may carry them, and who says so.
#[rustfmt::skip]
const CODES: &[(u16, u16, bool, &str)] = &[
    (    0,   999, false, "§7.4.2: not used"),
    ( 1000,  1003, true,  "§7.4.1: normal, going away, protocol error, unsupported data"),
    ( 1004,  1004, false, "§7.4.1: reserved"),
    ( 1005,  1006, false, "§7.4.1: MUST NOT be set in a Close frame"),
    ( 1007,  1011, true,  "§7.4.1: invalid payload, policy, too big, extension, unexpected"),
    ( 1012,  1014, true,  "IANA: service restart, try again later, bad gateway"),
    ( 1015,  1015, false, "§7.4.1: MUST NOT be set in a Close frame"),
    ( 1016,  2999, false, "§7.4.2: for the protocol's future, not assigned"),
    ( 3000,  3999, true,  "§7.4.2: registered by libraries and frameworks"),
    ( 4000,  4999, true,  "§7.4.2: private use"),
    ( 5000, 65535, false, "§7.4: outside the ranges handed out"),
];

fn all_codes() -> impl Iterator<Item = (u16, bool)> {
    CODES.iter().flat_map(|&(first, last, sendable, _)| (first..=last).map(move |c| (c, sendable)))
}

fn write(code: u16, reason: &str) -> Result<Vec<u8>, Misuse> {
    let mut payload = [0xEE; MAX_CONTROL_LEN];
    let written = CloseFrame { code: CloseCode::new(code), reason }.write(&mut payload);
    if written.is_err() {
        assert_eq!(payload, [0xEE; MAX_CONTROL_LEN], "nothing is written on misuse");
    }
    Ok(payload[..written?].to_vec())
}

#[test]
fn f24_f25_all_65536_codes() {
    let mut expected_next = 0_u32;
    for (code, sendable) in all_codes() {
        assert_eq!(u32::from(code), expected_next, "the table covers every code once");
        expected_next += 1;
        let close_code = CloseCode::new(code);
        assert_eq!((close_code.get(), close_code.is_sendable()), (code, sendable));

        let payload = [&code.to_be_bytes()[..], b"why"].concat();
        let parsed = CloseFrame::parse(&payload);
        if sendable {
            assert_eq!(parsed, Ok(Some(CloseFrame { code: close_code, reason: "why" })), "{code}");
            assert_eq!(write(code, "why"), Ok(payload), "{code}");
        } else {
            assert_eq!(parsed, Err(Violation::CloseCodeInvalid), "{code}");
            assert_eq!(write(code, "why"), Err(Misuse::CloseCodeNotSendable), "A02 {code}");
        }
    }
    assert_eq!(expected_next, 65_536);
}

#[test]
fn the_named_codes_have_their_numbers() {
    #[rustfmt::skip]
    let table = [
        (CloseCode::NORMAL,              1000), (CloseCode::GOING_AWAY,       1001),
        (CloseCode::PROTOCOL_ERROR,      1002), (CloseCode::UNSUPPORTED_DATA, 1003),
        (CloseCode::NO_STATUS,           1005), (CloseCode::ABNORMAL,         1006),
        (CloseCode::INVALID_PAYLOAD,     1007), (CloseCode::POLICY_VIOLATION, 1008),
        (CloseCode::MESSAGE_TOO_BIG,     1009), (CloseCode::MANDATORY_EXTENSION, 1010),
        (CloseCode::INTERNAL_ERROR,      1011), (CloseCode::SERVICE_RESTART,  1012),
        (CloseCode::TRY_AGAIN_LATER,     1013), (CloseCode::BAD_GATEWAY,      1014),
        (CloseCode::TLS_HANDSHAKE,       1015),
    ];
    for (code, number) in table {
        assert_eq!(code.get(), number);
        assert_eq!(code.to_string(), number.to_string());
        assert_eq!(format!("{code:?}"), format!("CloseCode({number})"));
    }
}

#[test]
fn f23_f26_f27_payloads() {
    let code_1000 = |reason: &[u8]| [&1000_u16.to_be_bytes()[..], reason].concat();
    let longest = "x".repeat(MAX_REASON_LEN);
    let normal = |reason| Ok(Some(CloseFrame { code: CloseCode::NORMAL, reason }));
    #[rustfmt::skip]
    let table = [
        ("F27 empty",                  vec![],                          Ok(None)),
        ("F23 one octet",              vec![0x03],                      Err(Violation::CloseTruncated)),
        ("F25 a code alone",           code_1000(b""),                  normal("")),
        ("F27 123 octets of reason",   code_1000(longest.as_bytes()),   normal(&longest)),
        ("F25 a reason in Greek",      code_1000("κόσμε".as_bytes()),   normal("κόσμε")),
        ("F26 a surrogate",            code_1000(&[0xED, 0xA0, 0x80]),  Err(Violation::CloseReasonNotUtf8)),
        ("F26 truncated code point",   code_1000(&[b'a', 0xE2, 0x82]),  Err(Violation::CloseReasonNotUtf8)),
        ("F26 bad code before reason", vec![0, 0, 0xFF],                Err(Violation::CloseCodeInvalid)),
    ];
    for (name, payload, expected) in table {
        assert_eq!(CloseFrame::parse(&payload), expected, "{name}");
    }
}

#[test]
fn a02_a_reason_has_at_most_123_octets() {
    assert_eq!(MAX_REASON_LEN, 123);
    assert_eq!(write(1000, &"x".repeat(123)).map(|payload| payload.len()), Ok(125));
    assert_eq!(write(1000, &"x".repeat(124)), Err(Misuse::ReasonTooLong));
    // Octets, not characters: 41 × 3 is 123.
    assert_eq!(write(1000, &"€".repeat(41)).map(|payload| payload.len()), Ok(125));
    assert_eq!(write(1000, &"€".repeat(42)), Err(Misuse::ReasonTooLong));
}

/// Every violation: its section, its code, and that its reason fits a Close frame.
#[test]
fn g3_every_violation_can_be_told_in_a_close_frame() {
    use Violation as V;
    #[rustfmt::skip]
    let table = [
        (V::ReservedBits,               1002, "5.2"),
        (V::ReservedOpcode,             1002, "5.2"),
        (V::ControlFragmented,          1002, "5.5"),
        (V::ControlTooLong,             1002, "5.5"),
        (V::ContinuationWithoutMessage, 1002, "5.4"),
        (V::MessageInterrupted,         1002, "5.4"),
        (V::Unmasked,                   1002, "5.1"),
        (V::Masked,                     1002, "5.1"),
        (V::LengthNotMinimal,           1002, "5.2"),
        (V::LengthTopBit,               1002, "5.2"),
        (V::FrameTooLong,               1009, "10.4"),
        (V::MessageTooLong,             1009, "10.4"),
        (V::TooManyFragments,           1008, "10.4"),
        (V::TooManyPings,               1008, "10.4"),
        (V::Idle,                       1008, "10.4"),
        (V::TooSlow,                    1008, "10.4"),
        (V::TextNotUtf8,                1007, "8.1"),
        (V::CloseTruncated,             1002, "5.5.1"),
        (V::CloseCodeInvalid,           1002, "7.4"),
        (V::CloseReasonNotUtf8,         1007, "5.5.1"),
        (V::CompressedDataInvalid,      1007, "7.2.2"),
        (V::OverBudget,                 1013, "10.4"),
    ];
    for (violation, code, section) in table {
        assert_eq!((violation.close_code().get(), violation.section()), (code, section));
        let payload = write(code, violation.reason()).expect("fits");
        let parsed = CloseFrame::parse(&payload).unwrap().unwrap();
        assert_eq!((parsed.code.get(), parsed.reason), (code, violation.reason()));
        let told = violation.to_string();
        assert!(told.contains(violation.reason()) && told.contains(section), "{told}");
        let rfc = if violation == V::CompressedDataInvalid { 7692 } else { 6455 };
        assert!(violation.rfc() == rfc && told.contains(&format!("RFC {rfc} section")), "{told}");
    }
}

proptest! {
    #[test]
    fn any_payload_parses_to_what_writes_to_it(
        payload in prop::collection::vec(any::<u8>(), 0..=MAX_CONTROL_LEN),
        code in prop::option::of(3000..=4999_u16),
    ) {
        let mut payload = payload;
        if let (Some(code), Some(front)) = (code, payload.first_chunk_mut()) {
            *front = code.to_be_bytes();
        }
        if let Ok(Some(frame)) = CloseFrame::parse(&payload) {
            prop_assert_eq!(write(frame.code.get(), frame.reason), Ok(payload));
        }
    }

    #[test]
    fn any_reason_round_trips(code in 3000..=4999_u16, reason in ".{0,40}") {
        prop_assume!(reason.len() <= MAX_REASON_LEN);
        let payload = write(code, &reason).unwrap();
        let frame = CloseFrame { code: CloseCode::new(code), reason: &reason };
        prop_assert_eq!(CloseFrame::parse(&payload), Ok(Some(frame)));
    }
}
