//! Group 13, permessage-deflate by its parameters: one file in eighteen sizes, seven ways to ask
//! (RFC 7692 §7.1).

use super::g12_deflate_payload::{DEFAULT, eighteen};
use super::words::Topic;
use crate::conformance::case::{Ask, Case, Rule};
use crate::conformance::corpus::File;

const GROUP: &str = "permessage-deflate, by parameters";

const RULE: Rule = Rule {
    section: "RFC 7692 §7.1",
    text: "A compressor that agreed to `no_context_takeover` begins each message anew; one that \
           agreed to `max_window_bits` never points further back than two to that power.",
};

const FRESH: Ask = Ask { no_context_takeover: true, max_window_bits: None };
const WINDOW_9: Ask = Ask { no_context_takeover: false, max_window_bits: Some(9) };
const WINDOW_15: Ask = Ask { no_context_takeover: false, max_window_bits: Some(15) };
const FRESH_9: Ask = Ask { no_context_takeover: true, max_window_bits: Some(9) };
const FRESH_15: Ask = Ask { no_context_takeover: true, max_window_bits: Some(15) };

const SUBGROUPS: [(u16, &str, &[Ask]); 7] = [
    (1, "nothing asked", &[DEFAULT]),
    (2, "no context takeover", &[FRESH]),
    (3, "window of 9 bits", &[WINDOW_9]),
    (4, "window of 15 bits", &[WINDOW_15]),
    (5, "no context takeover, window of 9 bits", &[FRESH_9]),
    (6, "no context takeover, window of 15 bits", &[FRESH_15]),
    (7, "three ways to ask, in order", &[FRESH_9, FRESH, DEFAULT]),
];

pub(super) fn cases() -> Vec<Case> {
    let cases = |(n, subgroup, asks)| {
        let topic = Topic { group: GROUP, subgroup, rule: RULE };
        eighteen(&format!("13.{n}"), topic, File::Json, asks)
    };
    SUBGROUPS.into_iter().flat_map(cases).collect()
}
