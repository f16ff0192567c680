//! Group 12, permessage-deflate with its default parameters: five files in eighteen sizes
//! (RFC 7692 §7).

use std::time::Duration;

use super::words::Topic;
use crate::conformance::case::{Ask, Case, Compare, Expect, RoundTrips, Rule, Source, Step, Timer};
use crate::conformance::corpus::{File, Unit};

const GROUP: &str = "permessage-deflate, by payload";

const RULE: Rule = Rule {
    section: "RFC 7692 §6, §7.2",
    text: "With permessage-deflate agreed, the compressed message ends where a sync flush ends it, \
           less its last four octets; RSV1 stands on the first fragment only, and the receiver \
           gets back exactly what was compressed.",
};

/// Nothing is asked of the peer's compressor.
pub(super) const DEFAULT: Ask = Ask { no_context_takeover: false, max_window_bits: None };

/// Length of a message in units of its file, octets of each fragment.
const SIZES: [(usize, Option<usize>); 18] = [
    (16, None),
    (64, None),
    (256, None),
    (1024, None),
    (4096, None),
    (8192, None),
    (16_384, None),
    (32_768, None),
    (65_536, None),
    (131_072, None),
    (8192, Some(256)),
    (16_384, Some(256)),
    (32_768, Some(256)),
    (65_536, Some(256)),
    (131_072, Some(256)),
    (131_072, Some(1024)),
    (131_072, Some(4096)),
    (131_072, Some(32_768)),
];

pub(super) fn cases() -> Vec<Case> {
    let subgroups = [
        (1, File::Json, "a report in JSON"),
        (2, File::Bitmap, "a photograph"),
        (3, File::Prose, "German verse, sent as binary"),
        (4, File::Html, "a report in HTML"),
        (5, File::Pdf, "a paper in PDF"),
    ];
    let cases = |(n, file, subgroup): (u16, _, _)| {
        let topic = Topic { group: GROUP, subgroup, rule: RULE };
        eighteen(&format!("12.{n}"), topic, file, &[DEFAULT])
    };
    subgroups.into_iter().flat_map(cases).collect()
}

/// One case for each size.
pub(super) fn eighteen(
    subgroup: &str,
    topic: Topic,
    file: File,
    asks: &'static [Ask],
) -> Vec<Case> {
    let case = |(n, (len, fragment)): (u16, (usize, Option<usize>))| {
        let seconds = match len {
            0..256 => 60,
            256..1024 => 120,
            1024..4096 => 240,
            _ => 480,
        };
        let count = 1000;
        let send = [
            Step::Arm(Timer::Close(Duration::from_secs(seconds))),
            Step::RoundTrips(RoundTrips {
                count,
                opcode: file.opcode(),
                source: Source::Windows { file, len, fragment },
            }),
        ];
        let case = topic
            .legal(&format!("{subgroup}.{n}"), about(count, len, fragment, file), send, [])
            .expect(Expect::Echoes { compare: Compare::Octets });
        Case { deflate: Some(asks), ..case }
    };
    (1..).zip(SIZES).map(case).collect()
}

fn about(count: usize, len: usize, fragment: Option<usize>, file: File) -> String {
    let unit = match file.unit() {
        Unit::Octet => "octets",
        Unit::Character => "characters",
    };
    let fragments = match fragment {
        Some(octets) => format!(", in fragments of {octets} octets"),
        None => String::new(),
    };
    format!(
        "{count} times the next {len} {unit} of {}, compressed{fragments}, each after the echo of \
         the one before.",
        file.name()
    )
}
