//! The JSON that shields.io makes a badge of (its "endpoint" badge).

use serde_json::json;

use super::counts::Counts;
use super::schema::{Case, Report};

/// One badge over all reports: `517/517`, or how many do not fail. INFORMATIONAL demands nothing, so
/// it counts with what is as demanded; NON-STRICT alone turns it yellow. A case that was asked for
/// and has no verdict has not passed.
#[must_use]
pub fn badge(reports: &[Report]) -> String {
    let cases = reports.iter().flat_map(|report| &report.cases);
    let counts = Counts::of(cases.map(Case::verdict));
    let untold: usize = reports.iter().map(|report| report.without_verdict().len()).sum();
    let (passed, total) = (counts.total() - counts.failed, counts.total() + untold);
    let color = match counts {
        _ if total == 0 => "lightgrey",
        Counts { failed: 1.., .. } => "red",
        _ if untold > 0 => "red",
        Counts { non_strict: 1.., .. } => "yellow",
        _ => "brightgreen",
    };
    let mut text = json!({
        "schemaVersion": 1,
        "label": "WebSocket conformance",
        "message": format!("{passed}/{total}"),
        "color": color,
    })
    .to_string();
    text.push('\n');
    text
}
