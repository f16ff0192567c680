//! RFC 6455 §5.1 to §5.5: is this frame allowed here? Every first and second octet, in every state,
//! against the rules of the RFC written out one by one. (F01, F02, F03, F04, F08, F12, F13)
#![expect(clippy::unusual_byte_groupings, reason = "the groups are FIN, RSV and opcode")]

use ws_core::frame::{Check, FrameHeader, Rsv};
use ws_core::{Role, Violation};

const NO_EXTENSION: u8 = 0;

/// The rules that two octets break, in the words of the RFC, those of the first octet apart.
fn broken(check: Check, first: u8, second: u8) -> (Vec<Violation>, Vec<Violation>) {
    let fin = first >> 7 == 1;
    let rsv = first >> 4 & 0b111;
    let opcode = first & 0xF;
    let mask = second >> 7 == 1;
    let length_code = second & 0x7F;

    let control = opcode >= 8;
    let agreed_rsv = check.rsv.bits() >> 4;
    // §5.2 with RFC 7692 §6: an extension's bits stand on the first frame of a message only.
    let meaning = if opcode == 1 || opcode == 2 { agreed_rsv } else { NO_EXTENSION };

    let rule = |broken: bool, violation| broken.then_some(violation);
    let of_first = [
        // §5.2: "MUST be 0 unless an extension is negotiated that defines meanings".
        rule(rsv & !meaning != 0, Violation::ReservedBits),
        // §5.2: %x3-7 and %xB-F are reserved; "if an unknown opcode is received ... MUST Fail".
        rule(matches!(opcode, 0x3..=0x7 | 0xB..=0xF), Violation::ReservedOpcode),
        // §5.5: control frames "MUST NOT be fragmented".
        rule(control && !fin, Violation::ControlFragmented),
        // §5.4: a continuation frame continues a message.
        rule(opcode == 0 && !check.message_open, Violation::ContinuationWithoutMessage),
        // §5.4: "fragments of one message MUST NOT be interleaved between" another's.
        rule((opcode == 1 || opcode == 2) && check.message_open, Violation::MessageInterrupted),
    ];
    let of_second = [
        // §5.1: "a client MUST mask all frames"; a server "MUST NOT mask any frames".
        rule(check.role == Role::Server && !mask, Violation::Unmasked),
        rule(check.role == Role::Client && mask, Violation::Masked),
        // §5.5: control frames "MUST have a payload length of 125 bytes or less".
        rule(control && length_code > 125, Violation::ControlTooLong),
    ];
    (of_first.into_iter().flatten().collect(), of_second.into_iter().flatten().collect())
}

fn every_state() -> impl Iterator<Item = Check> {
    let roles = [Role::Server, Role::Client].into_iter();
    let open = roles.flat_map(|role| [false, true].map(|message_open| (role, message_open)));
    open.flat_map(|(role, message_open)| {
        (0..8_u8).map(move |rsv| Check { role, message_open, rsv: Rsv::from_bits(rsv << 4) })
    })
}

#[test]
fn f01_f02_f03_f04_f08_f12_f13_every_start_in_every_state() {
    for check in every_state() {
        assert_eq!(check.check_start(&[]), Ok(()), "nothing said, nothing broken");
        for first in 0..=0xFF {
            let on_first = check.check_start(&[first]);
            for second in 0..=0xFF {
                let (of_first, of_second) = broken(check, first, second);
                let on_both = check.check_start(&[first, second]);
                let seen = || format!("{check:?} {first:02x} {second:02x}: {on_both:?}");
                match (on_first, on_both) {
                    (Ok(()), Ok(())) => {
                        assert!(of_first.is_empty() && of_second.is_empty(), "{}", seen());
                    }
                    (Ok(()), Err(violation)) => {
                        assert!(of_first.is_empty(), "{} is late", seen());
                        assert!(of_second.contains(&violation), "{}", seen());
                    }
                    (Err(violation), _) => {
                        assert!(of_first.contains(&violation), "{}", seen());
                        assert_eq!(on_both, on_first, "the first verdict is never revised");
                    }
                }
            }
        }
    }
}

#[test]
fn octets_behind_the_second_change_nothing() {
    for check in every_state() {
        for first in 0..=0xFF {
            for second in [0x00, 0x7D, 0x7E, 0x7F, 0x80, 0xFD, 0xFE, 0xFF] {
                let two = check.check_start(&[first, second]);
                for behind in [0x00, 0xFF] {
                    assert_eq!(check.check_start(&[first, second, behind, behind]), two);
                }
            }
        }
    }
}

#[test]
fn a_whole_header_is_judged_as_its_start() {
    let behind = [0, 0, 0, 0, 0, 1, 0, 0, 9, 9, 9, 9];
    for check in every_state() {
        for first in 0..=0xFF {
            for second in [0x00, 0x7D, 0x7F, 0x80, 0xFD, 0xFF] {
                let octets = [&[first, second][..], &behind].concat();
                let (header, _) = FrameHeader::decode(&octets).unwrap().unwrap();
                assert_eq!(check.check(&header), check.check_start(&octets), "{header:?}");
            }
        }
    }
}

/// Where two rules are broken at once, which one is told: the table that a peer's log shows.
#[test]
fn the_verdict_on_the_first_octet_in_a_table() {
    use Violation as V;
    #[rustfmt::skip]
    let table: &[(&str, u8, bool, Result<(), Violation>)] = &[
        // id    first octet   message open
        ("F01", 0b1_001_0001, false, Err(V::ReservedBits)),   // RSV3 on text
        ("F01", 0b1_010_0010, false, Err(V::ReservedBits)),   // RSV2 on binary
        ("F01", 0b1_100_0001, false, Err(V::ReservedBits)),   // RSV1 without permessage-deflate
        ("F01", 0b1_100_1001, false, Err(V::ReservedBits)),   // RSV1 on a ping
        ("F01", 0b1_100_0000, true,  Err(V::ReservedBits)),   // RSV1 on a continuation
        ("F02", 0b1_000_0011, false, Err(V::ReservedOpcode)),
        ("F02", 0b1_000_0111, true,  Err(V::ReservedOpcode)),
        ("F02", 0b1_000_1011, false, Err(V::ReservedOpcode)),
        ("F02", 0b0_000_1111, true,  Err(V::ReservedOpcode)), // reserved before fragmented
        ("F03", 0b0_000_1000, false, Err(V::ControlFragmented)),
        ("F03", 0b0_000_1001, true,  Err(V::ControlFragmented)),
        ("F03", 0b0_000_1010, true,  Err(V::ControlFragmented)),
        ("F12", 0b0_000_0000, false, Err(V::ContinuationWithoutMessage)),
        ("F12", 0b1_000_0000, false, Err(V::ContinuationWithoutMessage)),
        ("F13", 0b0_000_0001, true,  Err(V::MessageInterrupted)),
        ("F13", 0b1_000_0001, true,  Err(V::MessageInterrupted)),
        ("F13", 0b1_000_0010, true,  Err(V::MessageInterrupted)),
        ("F14", 0b1_000_1000, true,  Ok(())),                 // control between fragments
        ("F14", 0b1_000_1001, true,  Ok(())),
        ("F14", 0b1_000_1010, true,  Ok(())),
    ];
    for &(id, first, message_open, verdict) in table {
        for role in [Role::Server, Role::Client] {
            let check = Check { role, message_open, rsv: Rsv::NONE };
            assert_eq!(check.check_start(&[first]), verdict, "{id} {first:08b} {role:?}");
        }
    }
}

/// F01 with permessage-deflate agreed: RSV1 on the first frame of a message, nowhere else.
#[test]
fn f01_an_agreed_bit_stands_on_the_first_frame_only() {
    #[rustfmt::skip]
    let table = [
        (0b1_100_0001, false, Ok(())),
        (0b0_100_0010, false, Ok(())),
        (0b1_110_0001, false, Err(Violation::ReservedBits)),
        (0b1_100_0000, true,  Err(Violation::ReservedBits)),
        (0b1_100_1001, false, Err(Violation::ReservedBits)),
        (0b1_000_0000, true,  Ok(())),
    ];
    for (first, message_open, verdict) in table {
        for role in [Role::Server, Role::Client] {
            let check = Check { role, message_open, rsv: Rsv::RSV1 };
            assert_eq!(check.check_start(&[first]), verdict, "{first:08b} {role:?}");
        }
    }
}
