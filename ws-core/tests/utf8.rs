//! RFC 6455 §8.1, RFC 3629 §4: is text judged as the standard library judges the whole of it,
//! however it is cut, and is the first bad octet named? (F19, F20, F21, F22)

use proptest::prelude::*;
use ws_core::utf8::{NotUtf8, Utf8};

/// What the standard library says: valid, incomplete at the end, or bad at this octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Valid,
    Incomplete,
    BadAt(usize),
}

fn of_std(octets: &[u8]) -> Verdict {
    let Err(error) = std::str::from_utf8(octets) else { return Verdict::Valid };
    let at = error.valid_up_to();
    match error.error_len() {
        None => Verdict::Incomplete,
        // The octet cannot begin a sequence: it is the bad one itself.
        Some(_) if matches!(octets[at], 0x80..=0xC1 | 0xF5..=0xFF) => Verdict::BadAt(at),
        // `len` octets began a sequence; the one behind them does not continue it.
        Some(len) => Verdict::BadAt(at + len),
    }
}

/// What the validator says when the text is cut at these offsets.
fn of_pieces(octets: &[u8], cuts: &[usize]) -> Verdict {
    let mut utf8 = Utf8::new();
    let mut from = 0;
    for &cut in cuts.iter().chain([&octets.len()]) {
        if let Err(NotUtf8 { at }) = utf8.feed(&octets[from..cut]) {
            return Verdict::BadAt(from + at);
        }
        from = cut;
    }
    match utf8.finish() {
        Ok(()) => Verdict::Valid,
        Err(not_utf8) => {
            assert_eq!((not_utf8, utf8.at_boundary()), (NotUtf8 { at: 0 }, false));
            Verdict::Incomplete
        }
    }
}

/// Whole, at every single cut, and octet by octet.
fn assert_as_std(octets: &[u8]) {
    let expected = of_std(octets);
    assert_eq!(of_pieces(octets, &[]), expected, "{octets:02x?}");
    for cut in 0..=octets.len() {
        assert_eq!(of_pieces(octets, &[cut]), expected, "{octets:02x?} cut at {cut}");
    }
    let every: Vec<_> = (0..octets.len()).collect();
    assert_eq!(of_pieces(octets, &every), expected, "{octets:02x?} octet by octet");
}

#[test]
fn f19_f20_f22_bad_texts_fail_at_their_first_bad_octet() {
    #[rustfmt::skip]
    let table: &[(&str, &[u8], Verdict)] = &[
        ("F20 a surrogate",                &[0xED, 0xA0, 0x80],              Verdict::BadAt(1)),
        ("F20 an overlong slash",          &[0xC0, 0xAF],                    Verdict::BadAt(0)),
        ("F20 an overlong of three",       &[0xE0, 0x9F, 0xBF],              Verdict::BadAt(1)),
        ("F20 an overlong of four",        &[0xF0, 0x8F, 0xBF, 0xBF],        Verdict::BadAt(1)),
        ("F20 above U+10FFFF",             &[0xF4, 0x90, 0x80, 0x80],        Verdict::BadAt(1)),
        ("F20 five octets",                &[0xF8, 0x88, 0x80, 0x80, 0x80],  Verdict::BadAt(0)),
        ("F20 a lone continuation octet",  &[0x80],                          Verdict::BadAt(0)),
        ("F20 truncated at the end",       &[0x41, 0xE2, 0x82],              Verdict::Incomplete),
        ("F20 FE",                         &[0x41, 0xFE],                    Verdict::BadAt(1)),
        ("F22 a lead octet, then ASCII",   &[0xC3, 0x41],                    Verdict::BadAt(1)),
        ("F22 two of three, then ASCII",   &[0xE2, 0x82, 0x41],              Verdict::BadAt(2)),
        ("F22 three of four, then ASCII",  &[0xF0, 0x9F, 0x98, 0x41],        Verdict::BadAt(3)),
        ("F22 a lead octet, then another", &[0xC3, 0xC3, 0xA9],              Verdict::BadAt(1)),
        ("F19 the suite's 6.4.1",          b"\xce\xba\xe1\xbd\xb9\xf4\x90\x80\x80edited", Verdict::BadAt(6)),
        ("the last before the surrogates", &[0xED, 0x9F, 0xBF],              Verdict::Valid),
        ("U+10FFFF",                       &[0xF4, 0x8F, 0xBF, 0xBF],        Verdict::Valid),
        ("nothing",                        &[],                              Verdict::Valid),
    ];
    for &(name, octets, verdict) in table {
        assert_eq!(of_std(octets), verdict, "the table and std agree on {name}");
        assert_as_std(octets);
    }
}

#[test]
fn f21_a_code_point_may_be_cut_at_each_of_its_positions() {
    for text in ["é", "€", "😀", "κόσμε", "a😀b€c"] {
        assert_eq!(of_std(text.as_bytes()), Verdict::Valid);
        assert_as_std(text.as_bytes());
    }
}

#[test]
fn every_sequence_of_one_two_and_three_octets() {
    for value in 0..1_u32 << 24 {
        let [_, a, b, c] = value.to_be_bytes();
        let octets = [a, b, c];
        let expected = of_std(&octets);
        assert_eq!(of_pieces(&octets, &[]), expected, "{octets:02x?}");
        // Those that end early are the sequences of one and two octets.
        if c == 0x80 {
            assert_as_std(&octets);
            assert_as_std(&octets[..2]);
            assert_as_std(&octets[..1]);
        }
    }
}

/// Both sides of every border in the table of RFC 3629 §4.
#[rustfmt::skip]
const BORDERS: [u8; 30] = [
    0x00, 0x41, 0x7F, 0x80, 0x81, 0x8F, 0x90, 0x91, 0x9F, 0xA0, 0xA1, 0xBE, 0xBF, 0xC0, 0xC1,
    0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF,
];

#[test]
fn every_sequence_of_four_octets_at_the_borders() {
    for a in BORDERS {
        for b in BORDERS {
            for c in BORDERS {
                for d in BORDERS {
                    let octets = [a, b, c, d];
                    let expected = of_std(&octets);
                    assert_eq!(of_pieces(&octets, &[]), expected, "{octets:02x?}");
                    assert_eq!(of_pieces(&octets, &[1, 2, 3]), expected, "{octets:02x?}");
                    assert_eq!(of_pieces(&octets, &[2]), expected, "{octets:02x?} cut at 2");
                }
            }
        }
    }
}

/// Short texts are judged by the standard library, long ones by SIMD: the same verdict on either
/// side of the border, wherever the error stands.
#[test]
fn long_texts_with_an_error_at_each_position() {
    let ascii = "The quick brown fox jumps over the lazy dog. ".repeat(4);
    let mixed = "κόσμε €uro 😀 naïve ".repeat(7);
    for text in [ascii, mixed] {
        for len in [60, 63, 64, 65, 66, 67, 127, 128, 129, 150] {
            assert_as_std(&text.as_bytes()[..len]);
            for at in 0..len {
                for bad in [0x41, 0x80, 0xC0, 0xE2, 0xF0, 0xFF] {
                    let mut octets = text.as_bytes()[..len].to_vec();
                    octets[at] = bad;
                    let expected = of_std(&octets);
                    assert_eq!(of_pieces(&octets, &[]), expected, "{octets:02x?}");
                    assert_eq!(of_pieces(&octets, &[1]), expected, "{octets:02x?} cut at 1");
                    let cut = [at.min(len - 1), len - 1];
                    assert_eq!(of_pieces(&octets, &cut), expected, "{octets:02x?} cut at {cut:?}");
                }
            }
        }
    }
}

#[test]
fn after_an_error_the_text_goes_on_as_if_the_bad_octets_had_not_come() {
    for good in [&b"abc"[..], "é".as_bytes(), &[0xE2, 0x82], &[0xF0, 0x9F, 0x98], &[b'x'; 70]] {
        for bad in [&[0xFF][..], &[0xC0], &[0xFF; 80]] {
            let mut utf8 = Utf8::new();
            utf8.feed(good).unwrap();
            let before = utf8;
            assert_eq!(utf8.feed(bad), Err(NotUtf8 { at: 0 }));
            assert_eq!(utf8, before, "{good:02x?} then {bad:02x?}");
        }
    }
    // The octets before the bad one do count.
    let mut utf8 = Utf8::default();
    let error = utf8.feed(&[0x41, 0xE2, 0x82, 0x41]);
    assert_eq!(error, Err(NotUtf8 { at: 3 }));
    assert_eq!(error.map_err(|e| e.to_string()), Err("not UTF-8 at octet 3".into()));
    assert_eq!(utf8.feed(&[0xAC]), Ok(()), "the euro sign is completed");
    assert!(utf8.at_boundary());
}

/// Mostly text, so that errors are rare enough to stand behind long valid runs.
fn any_octets() -> impl Strategy<Value = Vec<u8>> {
    let chars = any::<char>().prop_map(|c| c.to_string().into_bytes());
    let ascii = "[ -~]{0,90}".prop_map(String::into_bytes);
    let octet = prop::sample::select(BORDERS.to_vec()).prop_map(|octet| vec![octet]);
    let run = prop_oneof![6 => chars, 4 => ascii, 1 => octet];
    prop::collection::vec(run, 0..12).prop_map(|runs| runs.concat())
}

proptest! {
    #[test]
    fn any_octets_at_any_cuts_are_judged_as_std_does(
        octets in any_octets(),
        mut cuts in prop::collection::vec(0..400_usize, 0..5),
    ) {
        cuts.iter_mut().for_each(|cut| *cut = (*cut).min(octets.len()));
        cuts.sort_unstable();
        prop_assert_eq!(of_pieces(&octets, &cuts), of_std(&octets));
    }
}
