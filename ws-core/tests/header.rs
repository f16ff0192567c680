//! RFC 6455 §5.2: do header octets and [`FrameHeader`] say the same, both ways? (F05, F06, F39)

use proptest::prelude::*;
use ws_core::frame::{FrameHeader, MAX_HEADER_LEN, Opcode, Rsv};
use ws_core::{Misuse, Violation};

use oracle::{Form, KEY};

mod oracle;

const LONGEST: u64 = (1 << 63) - 1;

/// Payload length, its shortest form, and the header's length without and with a masking key.
#[rustfmt::skip]
const LENGTH_CLASSES: &[(u64, Form, usize, usize)] = &[
    (0,             Form::Bits7,   2,  6),
    (1,             Form::Bits7,   2,  6),
    (125,           Form::Bits7,   2,  6),
    (126,           Form::Bits16,  4,  8),
    (127,           Form::Bits16,  4,  8),
    (128,           Form::Bits16,  4,  8),
    (255,           Form::Bits16,  4,  8),
    (256,           Form::Bits16,  4,  8),
    (65_534,        Form::Bits16,  4,  8),
    (65_535,        Form::Bits16,  4,  8),
    (65_536,        Form::Bits64, 10, 14),
    (65_537,        Form::Bits64, 10, 14),
    (1 << 32,       Form::Bits64, 10, 14),
    (1 << 62,       Form::Bits64, 10, 14),
    (LONGEST - 1,   Form::Bits64, 10, 14),
    (LONGEST,       Form::Bits64, 10, 14),
];

/// Name, header octets, then what they say: FIN, opcode, masking key and payload length.
type Example = (&'static str, &'static [u8], bool, Opcode, Option<[u8; 4]>, u64);

/// §5.7, "Examples".
#[rustfmt::skip]
const RFC_EXAMPLES: &[Example] = &[
    ("unmasked text",       &[0x81, 0x05],                         true,  Opcode::Text,         None,      5),
    ("masked text",         &[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d], true,  Opcode::Text,         Some(KEY), 5),
    ("first fragment",      &[0x01, 0x03],                         false, Opcode::Text,         None,      3),
    ("last fragment",       &[0x80, 0x02],                         true,  Opcode::Continuation, None,      2),
    ("unmasked ping",       &[0x89, 0x05],                         true,  Opcode::Ping,         None,      5),
    ("masked pong",         &[0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d], true,  Opcode::Pong,         Some(KEY), 5),
    ("256 octets of binary", &[0x82, 0x7E, 0x01, 0x00],            true,  Opcode::Binary,       None,      256),
    ("64 KiB of binary",    &[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0], true,  Opcode::Binary,       None,      65_536),
];

fn encode(header: &FrameHeader) -> Result<Vec<u8>, Misuse> {
    let mut octets = [0xEE; MAX_HEADER_LEN];
    let len = header.encode(&mut octets)?;
    Ok(octets[..len].to_vec())
}

#[test]
fn rfc_examples_both_ways() {
    for &(name, octets, fin, opcode, masking_key, payload_len) in RFC_EXAMPLES {
        let header = FrameHeader { fin, rsv: Rsv::NONE, opcode, masking_key, payload_len };
        assert_eq!(FrameHeader::decode(octets), Ok(Some((header, octets.len()))), "{name}");
        assert_eq!(encode(&header).as_deref(), Ok(octets), "{name}");
    }
}

#[test]
fn every_length_class_both_ways() {
    for &(payload_len, form, unmasked_len, masked_len) in LENGTH_CLASSES {
        for (masking_key, len) in [(None, unmasked_len), (Some(KEY), masked_len)] {
            let header =
                FrameHeader { masking_key, ..FrameHeader::new(Opcode::Binary, payload_len) };
            let octets = oracle::header(0x82, masking_key, form, payload_len);
            assert_eq!(octets.len(), len, "the table and the judge agree on {payload_len}");
            assert_eq!(header.encoded_len(), len, "{payload_len}");
            assert_eq!(encode(&header).as_ref(), Ok(&octets), "{payload_len}");
            assert_eq!(FrameHeader::decode(&octets), Ok(Some((header, len))), "{payload_len}");
        }
    }
}

#[test]
fn f39_every_truncation_is_none_and_octets_behind_are_not_read() {
    for &(payload_len, form, ..) in LENGTH_CLASSES {
        for masking_key in [None, Some(KEY)] {
            let octets = oracle::header(0x01, masking_key, form, payload_len);
            for cut in 0..octets.len() {
                assert_eq!(FrameHeader::decode(&octets[..cut]), Ok(None), "{octets:02x?} to {cut}");
            }
            let whole = FrameHeader::decode(&octets);
            for behind in [0x00, 0xFF] {
                let longer = [&octets[..], &[behind; 20]].concat();
                assert_eq!(FrameHeader::decode(&longer), whole, "{octets:02x?}, {behind:02x}s");
            }
        }
    }
}

#[test]
fn all_256_first_octets_both_ways() {
    for first in 0..=0xFF_u8 {
        let octets = [first, 0x00];
        let (header, len) = FrameHeader::decode(&octets).unwrap().unwrap();
        assert_eq!(len, 2);
        assert_eq!(header.fin, first >= 0x80, "{first:02x}");
        assert_eq!(header.rsv.bits(), first & 0x70, "{first:02x}");
        assert_eq!(header.opcode.bits(), first % 16, "{first:02x}");
        assert_eq!(header.start(), octets);
        assert_eq!(encode(&header).as_deref(), Ok(&octets[..]), "{first:02x}");
    }
}

#[test]
fn all_256_second_octets() {
    for second in 0..=0xFF_u8 {
        // Enough behind it for every form: a length of 2⁴⁸ or more, or 0x0100 in 16 bits.
        let octets = [[0x82, second, 1, 0].as_slice(), &[0; 6], &KEY, &KEY].concat();
        let (header, len) = FrameHeader::decode(&octets).unwrap().unwrap();
        let masked = second >= 0x80;
        let (payload_len, unmasked_len) = match second % 0x80 {
            126 => (0x0100, 4),
            127 => (1 << 56, 10),
            code => (u64::from(code), 2),
        };
        assert_eq!(header.payload_len, payload_len, "{second:02x}");
        assert_eq!(header.masking_key.is_some(), masked, "{second:02x}");
        assert_eq!(len, if masked { unmasked_len + 4 } else { unmasked_len }, "{second:02x}");
    }
}

#[test]
fn opcodes_have_the_names_of_section_11_8() {
    for bits in 0..=0xFF_u8 {
        let opcode = Opcode::from_bits(bits);
        assert_eq!(opcode.bits(), bits % 16, "the high four bits are FIN and RSV");
        assert_eq!(opcode.is_control(), bits % 16 >= 8, "{opcode:?}");
        assert_eq!(opcode.is_reserved(), !matches!(bits % 16, 0..=2 | 8..=10), "{opcode:?}");
    }
    let named = [Opcode::Continuation, Opcode::Text, Opcode::Binary];
    assert_eq!(named.map(Opcode::bits), [0, 1, 2]);
    let named = [Opcode::Close, Opcode::Ping, Opcode::Pong];
    assert_eq!(named.map(Opcode::bits), [8, 9, 10]);
}

#[test]
fn f05_a_length_must_be_in_its_shortest_form() {
    let too_long = |form, len, masking_key| {
        let octets = oracle::header(0x82, masking_key, form, len);
        FrameHeader::decode(&octets)
    };
    for masking_key in [None, Some(KEY)] {
        for len in 0..=125 {
            let verdict = too_long(Form::Bits16, len, masking_key);
            assert_eq!(verdict, Err(Violation::LengthNotMinimal), "{len} in 16 bits");
        }
        for len in 0..=65_535 {
            let verdict = too_long(Form::Bits64, len, masking_key);
            assert_eq!(verdict, Err(Violation::LengthNotMinimal), "{len} in 64 bits");
        }
    }
}

#[test]
fn f06_the_top_bit_of_a_64_bit_length_must_be_0() {
    for len in [1 << 63, (1 << 63) + 1, u64::MAX - 13, u64::MAX] {
        for masking_key in [None, Some(KEY)] {
            let octets = oracle::header(0x82, masking_key, Form::Bits64, len);
            assert_eq!(FrameHeader::decode(&octets), Err(Violation::LengthTopBit), "{len:x}");
            // The masking key is not waited for.
            assert_eq!(FrameHeader::decode(&octets[..10]), Err(Violation::LengthTopBit), "{len:x}");
            assert_eq!(FrameHeader::decode(&octets[..9]), Ok(None), "{len:x}");
        }
    }
    // actix-http #3728: index plus length wrapped.
    let wrapping = [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xeb, 0x0e, 0x8f];
    assert_eq!(FrameHeader::decode(&wrapping), Err(Violation::LengthTopBit));
}

#[test]
fn encode_refuses_what_63_bits_do_not_hold() {
    for len in [1 << 63, u64::MAX] {
        for masking_key in [None, Some(KEY)] {
            let header = FrameHeader { masking_key, ..FrameHeader::new(Opcode::Binary, len) };
            assert_eq!(encode(&header), Err(Misuse::LengthTopBit), "{len:x}");
        }
    }
}

#[test]
fn rsv_bits_are_a_set() {
    let all = [Rsv::NONE, Rsv::RSV1, Rsv::RSV2, Rsv::RSV3];
    assert_eq!(all.map(Rsv::bits), [0x00, 0x40, 0x20, 0x10]);
    for a in 0..8_u8 {
        for b in 0..8_u8 {
            let [x, y] = [a, b].map(|bits| Rsv::from_bits(bits << 4 | 0x8F));
            assert_eq!(x.union(y).bits(), (a | b) << 4);
            assert_eq!(x.is_subset_of(y), a & !b == 0, "{a:03b} in {b:03b}");
        }
    }
}

/// Lengths that crowd around the borders of the classes.
fn any_length() -> impl Strategy<Value = u64> {
    let border = prop::sample::select(vec![0, 126, 65_536, 1_u64 << 32, 1 << 62]);
    prop_oneof![
        0..=LONGEST,
        (border, 0..300_u64).prop_map(|(border, away)| border.saturating_sub(150) + away),
    ]
}

proptest! {
    #[test]
    fn any_header_round_trips_and_reads_as_the_judge_wrote_it(
        first in any::<u8>(),
        masking_key in any::<Option<[u8; 4]>>(),
        payload_len in any_length(),
    ) {
        let octets = oracle::header(first, masking_key, Form::Shortest, payload_len);
        let (header, len) = FrameHeader::decode(&octets).unwrap().unwrap();
        prop_assert_eq!(len, octets.len());
        prop_assert_eq!((header.payload_len, header.masking_key), (payload_len, masking_key));
        prop_assert_eq!(header.start().to_vec(), octets[..2].to_vec());
        prop_assert_eq!(encode(&header), Ok(octets));
    }

    #[test]
    fn any_octets_decode_to_what_encodes_to_them(octets in prop::array::uniform14(any::<u8>())) {
        if let Ok(Some((header, len))) = FrameHeader::decode(&octets) {
            prop_assert_eq!(&encode(&header).unwrap()[..], &octets[..len]);
        }
    }
}
