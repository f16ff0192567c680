//! The engine's octet codec against the core's: two readings of RFC 6455 that share no line.

use proptest::prelude::*;
use ws_harness::conformance::case::Opcode;
use ws_harness::conformance::check;
use ws_harness::conformance::opening::head::Head;
use ws_harness::conformance::utf8::Utf8;
use ws_harness::conformance::wire::{self, Header, Start};

fn header() -> impl Strategy<Value = Header> {
    let len = prop_oneof![0..=130_u64, 65_530..=65_540_u64, 0..=u64::MAX >> 1];
    let mask = proptest::option::of(any::<[u8; 4]>());
    (any::<bool>(), 0..8_u8, 0..16_u8, len, mask).prop_map(
        |(fin, rsv, opcode, payload_len, mask)| Header {
            fin,
            rsv,
            opcode: Opcode(opcode),
            payload_len,
            mask,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_the_engine_writes_the_core_reads_as_the_engine_does(header in header()) {
        let mut octets = Vec::new();
        header.write(&mut octets);
        let (core, len) = ws_core::FrameHeader::decode(&octets).unwrap().unwrap();
        let read = (core.fin, core.rsv.bits() >> 4, core.opcode.bits(), core.payload_len, core.masking_key);
        let Header { fin, rsv, opcode, payload_len, mask } = header;
        prop_assert_eq!(read, (fin, rsv, opcode.0, payload_len, mask));
        prop_assert_eq!(len, octets.len());
        prop_assert_eq!(Header::read(&octets), Some((header, len)));
    }

    #[test]
    fn both_take_the_same_octets_for_a_header(octets in proptest::collection::vec(any::<u8>(), 0..16)) {
        let engine = Header::read(&octets);
        let broken = Start::read(&octets)
            .zip(engine)
            .is_some_and(|(start, (header, _))| !check::length(start, &header).is_empty());
        match ws_core::FrameHeader::decode(&octets) {
            Ok(core) => {
                prop_assert!(!broken);
                let engine = engine.map(|(header, len)| (header.payload_len, len));
                prop_assert_eq!(core.map(|(header, len)| (header.payload_len, len)), engine);
            }
            // The core may say so before the whole header is there.
            Err(_) => prop_assert!(broken || engine.is_none()),
        }
    }

    #[test]
    fn both_mask_alike(
        key in any::<[u8; 4]>(),
        before in 0..9_usize,
        payload in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let (mut engine, mut core) = (payload.clone(), payload);
        wire::mask(key, before, &mut engine);
        ws_core::mask::apply(&mut core, key, before % 4);
        prop_assert_eq!(engine, core);
    }

    #[test]
    fn both_judge_text_alike(
        pieces in proptest::collection::vec(proptest::collection::vec(prop_oneof![
            0x40..0x44_u8, 0x80..0xc4_u8, 0xe0..=0xff_u8,
        ], 0..5), 0..5),
    ) {
        let (mut engine, mut core) = (Utf8::default(), ws_core::utf8::Utf8::new());
        for piece in pieces {
            let (fits, taken) = (engine.feed(&piece), core.feed(&piece).is_ok());
            prop_assert_eq!(fits, taken, "{:02x?}", piece);
            if !fits {
                return Ok(());
            }
        }
        prop_assert_eq!(engine.is_whole(), core.finish().is_ok());
    }

    #[test]
    fn no_octets_make_the_readers_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Header::read(&octets);
        if let Some(len) = Head::len_in(&octets) {
            let head = Head::read(&octets[..len]);
            let _ = ws_harness::conformance::opening::server::check(&head);
        }
        let field = String::from_utf8_lossy(&octets);
        let _ = ws_harness::conformance::opening::deflate::check_answer(&field, true);
    }
}
