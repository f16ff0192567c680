//! RFC 6455 §5.3: is every octet masked with the key octet of its place, whatever the length, the
//! phase and the alignment?

use proptest::prelude::*;
use ws_core::mask;

use oracle::KEY;

mod oracle;

/// Longer than three blocks, and every remainder behind them.
const MAX_LEN: usize = 200;

/// So many octets more are done in the widest registers of the processor.
const WIDE: usize = 512;

/// From so many octets on, blocks are aligned.
const ALIGNED: usize = 1024;

fn octets(len: usize) -> Vec<u8> {
    // 7 has no common factor with 256: neighbours differ, and so do blocks.
    (0..len).map(|i| (i * 7 % 256).to_le_bytes()[0]).collect()
}

/// §5.3 from `phase` on: the key octet at (phase + i) MOD 4.
fn naive(payload: &[u8], key: [u8; 4], phase: usize) -> Vec<u8> {
    let padded = [&vec![0; phase], payload].concat();
    oracle::masked(&padded, Some(key)).split_off(phase)
}

#[test]
fn rfc_example() {
    let mut payload = *b"Hello";
    assert_eq!(mask::apply(&mut payload, KEY, 0), 1);
    assert_eq!(payload, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
}

#[test]
fn every_length_phase_and_offset() {
    let short = (0..=MAX_LEN).chain(WIDE - 2..=WIDE + 130);
    let long = [ALIGNED - 1, ALIGNED, ALIGNED + 1, ALIGNED + 17, ALIGNED + 63, ALIGNED + 64];
    for (offsets, lens) in [(16, Vec::from_iter(short)), (64, long.to_vec())] {
        for (offset, len) in (0..offsets).flat_map(|at| lens.iter().map(move |&len| (at, len))) {
            for phase in 0..=3 {
                let plain = octets(offset + len + 16);
                let expected = [
                    &plain[..offset],
                    &naive(&plain[offset..offset + len], KEY, phase),
                    &plain[offset + len..],
                ]
                .concat();
                let seen = || format!("offset {offset}, length {len}, phase {phase}");

                let mut in_place = plain.clone();
                let next = mask::apply(&mut in_place[offset..offset + len], KEY, phase);
                assert!(in_place == expected, "apply, {}", seen());
                assert_eq!(next, (phase + len) % 4, "apply, {}", seen());

                let mut copied = plain.clone();
                let to = &mut copied[offset..offset + len];
                let next = mask::copy(to, &plain[offset..offset + len], KEY, phase);
                assert!(copied == expected, "copy, {}", seen());
                assert_eq!(next, (phase + len) % 4, "copy, {}", seen());
            }
        }
    }
}

#[test]
fn copy_between_different_alignments() {
    let plain = octets(WIDE + 100);
    for from in 0..=15 {
        for to in 0..=15 {
            for len in [0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129, MAX_LEN, WIDE, WIDE + 65] {
                let mut copied = vec![0xEE; WIDE + 100];
                mask::copy(&mut copied[to..to + len], &plain[from..from + len], KEY, 3);
                assert_eq!(copied[to..to + len], naive(&plain[from..from + len], KEY, 3));
                assert!(copied[..to].iter().chain(&copied[to + len..]).all(|&octet| octet == 0xEE));
            }
        }
    }
}

#[test]
fn copy_stops_at_the_shorter_of_the_two() {
    let plain = octets(100);
    for (to_len, from_len) in [(0, 10), (10, 0), (3, 100), (70, 100), (100, 99), (100, 5)] {
        let mut to = vec![0xEE; to_len];
        let next = mask::copy(&mut to, &plain[..from_len], KEY, 2);
        let len = to_len.min(from_len);
        assert_eq!(to[..len], naive(&plain[..len], KEY, 2), "{from_len} into {to_len}");
        assert!(to[len..].iter().all(|&octet| octet == 0xEE), "{from_len} into {to_len}");
        assert_eq!(next, (2 + len) % 4, "{from_len} into {to_len}");
    }
}

#[test]
fn f35_the_key_of_zeros_changes_nothing() {
    let mut payload = octets(MAX_LEN);
    mask::apply(&mut payload, [0; 4], 1);
    assert_eq!(payload, octets(MAX_LEN));
}

#[test]
fn only_the_phase_modulo_four_matters() {
    for phase in [4, 5, 63, 1 << 20, usize::MAX] {
        let mut payload = octets(MAX_LEN);
        let next = mask::apply(&mut payload, KEY, phase);
        assert_eq!(payload, naive(&octets(MAX_LEN), KEY, phase % 4), "{phase}");
        assert_eq!(next, (phase % 4 + MAX_LEN) % 4, "{phase}");
        assert_eq!(mask::copy(&mut [], &[], KEY, phase), phase % 4, "{phase}");
    }
}

#[cfg(feature = "std")]
#[test]
fn a10_keys_from_the_operating_system_differ() {
    let keys: std::collections::HashSet<_> = (0..1000).map(|_| mask::random_key()).collect();
    assert!(keys.len() >= 999, "{} different keys of 1000", keys.len());
}

proptest! {
    #[test]
    fn any_cut_masks_as_the_whole(
        payload in prop::collection::vec(any::<u8>(), 0..700),
        key: [u8; 4],
        phase in 0..4_usize,
        mut cuts in prop::collection::vec(0..700_usize, 0..6),
    ) {
        let expected = naive(&payload, key, phase);
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(payload.len()));
        cuts.sort_unstable();
        cuts.push(payload.len());
        let mut masked = payload.clone();
        let (mut from, mut at) = (0, phase);
        for cut in cuts {
            at = mask::apply(&mut masked[from..cut], key, at);
            from = cut;
        }
        prop_assert_eq!(&masked, &expected);
        prop_assert_eq!(at, (phase + payload.len()) % 4);
        // An involution: the same again gives the payload back.
        mask::apply(&mut masked, key, phase);
        prop_assert_eq!(masked, payload);
    }
}
