//! Group 6, second half: one text per sequence of octets, UTF-8 or not (RFC 6455 §8.1, RFC 3629).
//!
//! The sequences are those of Markus Kuhn's well-known decoder test. Codes of five and six octets,
//! codes past U+10FFFF, surrogates and longer forms than needed look like UTF-8 and are not;
//! noncharacters look forbidden and are not.

use super::words::{KOSME, Topic, message, text_back};
use crate::conformance::case::{Adjust, Case, Opcode, Rule};
use crate::conformance::payload::Payload;

const GROUP: &str = "UTF-8";

const ECHOED: Rule = Rule {
    section: "RFC 6455 §5.6, RFC 3629 §3",
    text: "Every sequence that is UTF-8 is a legal text: all code points from U+0000 to U+10FFFF \
           but the surrogates, each in its shortest form.",
};

const REFUSED: Rule = Rule {
    section: "RFC 6455 §8.1, RFC 3629 §3",
    text: "Octets in a text message that are not UTF-8 fail the connection: surrogates, codes past \
           U+10FFFF, longer forms than needed, lead octets without their continuation.",
};

/// One subgroup: its number, what it is about, what the rest of "A text …" says, and its octets.
struct Sequences {
    number: u16,
    subgroup: &'static str,
    what: &'static str,
    octets: Vec<Vec<u8>>,
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for Sequences { number, subgroup, what, octets } in subgroups() {
        cases.extend((1..).zip(octets).map(|(n, octets)| one(number, n, subgroup, what, octets)));
    }
    cases
}

/// Whether the testee has to echo or to refuse is decided by the octets.
fn one(number: u16, n: u16, subgroup: &'static str, what: &str, octets: Vec<u8>) -> Case {
    let id = format!("6.{number}.{n}");
    let hex: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let valid = std::str::from_utf8(&octets).is_ok();
    let payload = Payload::from(octets);
    let send = [message(Opcode::TEXT, payload.clone(), None)];
    let case = if valid {
        let topic = Topic { group: GROUP, subgroup, rule: ECHOED };
        topic.legal(&id, format!("A text {what} comes back: {hex}."), send, [text_back(payload)])
    } else {
        let topic = Topic { group: GROUP, subgroup, rule: REFUSED };
        let about = format!("A text {what} fails the connection: {hex}.");
        topic.violation(&id, about, 1007, send, []).adjust(Adjust::WrongCloserFails)
    };
    case.kill_after(0.5)
}

fn subgroups() -> Vec<Sequences> {
    let all = |number, subgroup, what, octets| Sequences { number, subgroup, what, octets };
    vec![
        all(5, "plain samples", "with codes of one to four octets", samples()),
        all(6, "prefixes of a Greek word", "that is a prefix of a Greek word", prefixes()),
        all(
            7,
            "first code of each length",
            "of the first code of its length",
            list(&[b"\x00", b"\xc2\x80", b"\xe0\xa0\x80", b"\xf0\x90\x80\x80"]),
        ),
        all(
            8,
            "first codes of five and six octets",
            "of the first code of a length that UTF-8 no longer has",
            list(&[b"\xf8\x88\x80\x80\x80", b"\xfc\x84\x80\x80\x80\x80"]),
        ),
        all(
            9,
            "last code of each length",
            "of the last code of its length",
            list(&[b"\x7f", b"\xdf\xbf", b"\xef\xbf\xbf", b"\xf4\x8f\xbf\xbf"]),
        ),
        all(
            10,
            "last codes of four to six octets",
            "of the last code that its length could hold",
            list(&[b"\xf7\xbf\xbf\xbf", b"\xfb\xbf\xbf\xbf\xbf", b"\xfd\xbf\xbf\xbf\xbf\xbf"]),
        ),
        all(
            11,
            "codes at other boundaries",
            "of a code at a boundary",
            list(&[
                b"\xed\x9f\xbf",
                b"\xee\x80\x80",
                b"\xef\xbf\xbd",
                b"\xf4\x8f\xbf\xbf",
                b"\xf4\x90\x80\x80",
            ]),
        ),
        all(12, "continuation octets alone", "of continuation octets alone", continuations()),
        all(13, "lead octets alone", "of lead octets before blanks", leads()),
        all(14, "codes cut short", "of a code cut short", cut_short()),
        all(15, "codes cut short, in a row", "of codes cut short", vec![cut_short().concat()]),
        all(
            16,
            "octets that never occur",
            "of octets that UTF-8 never has",
            list(&[b"\xfe", b"\xff", b"\xfe\xfe\xff\xff"]),
        ),
        all(17, "`/` in longer forms", "of `/` in a longer form", overlong(0x2f)),
        all(
            18,
            "last code in the next longer form",
            "of the last code in the next longer form",
            too_long(),
        ),
        all(19, "U+0000 in longer forms", "of U+0000 in a longer form", overlong(0)),
        all(
            20,
            "one surrogate",
            "of a surrogate",
            [0xd800, 0xdb7f, 0xdb80, 0xdbff, 0xdc00, 0xdf80, 0xdfff].map(three_octets).into(),
        ),
        all(21, "two surrogates", "of two surrogates", pairs()),
        all(22, "noncharacters, which are allowed", "of a noncharacter", noncharacters()),
        all(
            23,
            "U+FFF9 to U+FFFF, which are allowed",
            "of a special code",
            (0xfff9..=0xffff).map(three_octets).collect(),
        ),
    ]
}

fn list(octets: &[&[u8]]) -> Vec<Vec<u8>> {
    octets.iter().map(|octets| octets.to_vec()).collect()
}

fn samples() -> Vec<Vec<u8>> {
    ["hello$world", "hello¢world", "hello€world", "hello𤭢world", KOSME].map(Vec::from).into()
}

fn prefixes() -> Vec<Vec<u8>> {
    (1..=KOSME.len()).map(|len| KOSME.as_bytes()[..len].to_vec()).collect()
}

/// The last one goes to 0xBE, one short of the last continuation octet, as in the suite.
fn continuations() -> Vec<Vec<u8>> {
    let alternating = |len| [0x80, 0xbf].into_iter().cycle().take(len).collect();
    let mut all = vec![vec![0x80], vec![0xbf]];
    all.extend((2..=6).map(alternating));
    all.push((0x80..0xbf).collect());
    all
}

/// Each range ends one short of its last lead octet, as in the suite.
fn leads() -> Vec<Vec<u8>> {
    [0xc0..0xdf, 0xe0..0xef, 0xf0..0xf7, 0xf8..0xfb, 0xfc..0xfd]
        .map(|leads| leads.flat_map(|lead| [lead, b' ']).collect())
        .into()
}

/// For two to six octets: the lead octet and all continuations but the last, first the smallest
/// of each length, then the largest.
fn cut_short() -> Vec<Vec<u8>> {
    let short = |(lead, continuations): (u8, usize), octet: u8| {
        let mut octets = vec![lead];
        octets.resize(1 + continuations, octet);
        octets
    };
    let smallest = [(0xc0, 0), (0xe0, 1), (0xf0, 2), (0xf8, 3), (0xfc, 4)];
    let largest = [(0xdf, 0), (0xef, 1), (0xf7, 2), (0xfb, 3), (0xfd, 4)];
    let smallest = smallest.map(|form| short(form, 0x80));
    [smallest, largest.map(|form| short(form, 0xbf))].concat()
}

/// An ASCII character in two to six octets.
fn overlong(character: u8) -> Vec<Vec<u8>> {
    let last = 0x80 | character;
    list(&[
        &[0xc0, last],
        &[0xe0, 0x80, last],
        &[0xf0, 0x80, 0x80, last],
        &[0xf8, 0x80, 0x80, 0x80, last],
        &[0xfc, 0x80, 0x80, 0x80, 0x80, last],
    ])
}

/// The largest code that each length must not hold.
fn too_long() -> Vec<Vec<u8>> {
    list(&[
        b"\xc1\xbf",
        b"\xe0\x9f\xbf",
        b"\xf0\x8f\xbf\xbf",
        b"\xf8\x87\xbf\xbf\xbf",
        b"\xfc\x83\xbf\xbf\xbf\xbf",
    ])
}

/// A code point of the basic plane in the three-octet form, surrogates too.
fn three_octets(code: u16) -> Vec<u8> {
    let [high, low] = code.to_be_bytes();
    vec![0xe0 | high >> 4, 0x80 | (high & 0xf) << 2 | low >> 6, 0x80 | low & 0x3f]
}

fn pairs() -> Vec<Vec<u8>> {
    let mut pairs = Vec::new();
    for first in [0xd800, 0xdb7f, 0xdb80, 0xdbff] {
        for second in [0xdc00, 0xdfff] {
            pairs.push([three_octets(first), three_octets(second)].concat());
        }
    }
    pairs
}

/// The last two code points of each of the seventeen planes.
fn noncharacters() -> Vec<Vec<u8>> {
    let plane = |plane: u32| [plane << 16 | 0xfffe, plane << 16 | 0xffff];
    let code = |code| char::from_u32(code).expect("below U+110000 and no surrogate");
    (0..=16).flat_map(plane).map(|point| code(point).to_string().into_bytes()).collect()
}
