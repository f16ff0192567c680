//! Reports as one page to look at: a matrix of implementations and cases, a page for each case and
//! for each implementation. It needs no network and no other file.
//!
//! ```text
//!  load ─▶ Implementation ─┐
//!  (folders of runs)       ├─▶ data (JSON: verdicts) ────┐
//!  past (earlier runs) ────┤                             ├─▶ page.html + style.css + *.js
//!  Baseline ───────────────┘   block (deflate: wire logs)┘
//! ```
//!
//! Every name, reason and octet in a report is taken for hostile: it reaches the page as JSON in which
//! no `<` is left, scripts put it there as text only, and a Content-Security-Policy lets no script run
//! but ours, by its digest.

mod block;
mod data;
pub mod detail;
pub mod load;
pub mod past;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::schema::{Baseline, Report};
use detail::Details;
use past::Past;

/// What a page shows.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// In the window's title and above everything.
    pub title: String,
    /// A column each, in this order within their role.
    pub shown: Vec<Implementation>,
    /// What cases are expected to come to, for the filter that shows what differs; one a role.
    pub baselines: Vec<Baseline>,
    /// What is worth a line below the title, such as who could not be judged.
    pub notes: Vec<String>,
}

/// One implementation in one role.
#[derive(Debug, Clone)]
pub struct Implementation {
    /// What the run found.
    pub report: Report,
    /// What was seen on the wire, of those cases of which it was kept.
    pub details: Details,
    /// What earlier runs found, oldest first; empty if there are none.
    pub past: Past,
    /// The command that reproduces it.
    pub command: Option<String>,
}

impl From<Report> for Implementation {
    /// With its verdicts alone.
    fn from(report: Report) -> Self {
        Self { report, details: Details::new(), past: Past::default(), command: None }
    }
}

const TEMPLATE: &str = include_str!("assets/page.html");
const STYLE: &str = include_str!("assets/style.css");
/// In the order in which they need each other.
const SCRIPTS: [&str; 9] = [
    include_str!("assets/data.js"),
    include_str!("assets/dom.js"),
    include_str!("assets/plot.js"),
    include_str!("assets/overview.js"),
    include_str!("assets/matrix.js"),
    include_str!("assets/wire.js"),
    include_str!("assets/case.js"),
    include_str!("assets/agent.js"),
    include_str!("assets/main.js"),
];

/// The page as one HTML document.
#[must_use]
pub fn page(page: &Page) -> String {
    let script = format!("\"use strict\";(() => {{\n{}\n}})();", SCRIPTS.join("\n"));
    let blocks: String = data::blocks(page)
        .iter()
        .map(|(id, text)| {
            format!("<script type=\"application/octet-stream\" id=\"{id}\">{text}</script>\n")
        })
        .collect();
    fill(
        TEMPLATE,
        &[
            ("{{title}}", &escape(&page.title)),
            ("{{style-digest}}", &digest(STYLE)),
            ("{{script-digest}}", &digest(&script)),
            ("{{style}}", STYLE),
            ("{{data}}", &data::json(page)),
            ("{{blocks}}", &blocks),
            ("{{script}}", &script),
        ],
    )
}

/// Puts each value in the place of its name, once; a name inside a value stays as it is.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((at, (name, value))) = values
        .iter()
        .filter_map(|pair| Some((rest.find(pair.0)?, pair)))
        .min_by_key(|found| found.0)
    {
        text.push_str(&rest[..at]);
        text.push_str(value);
        rest = &rest[at + name.len()..];
    }
    text + rest
}

/// Text as HTML text.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// As a Content-Security-Policy names a script or style.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_values_are_not_filled_again() {
        let values = [("{a}", "{b}"), ("{b}", "2")];
        assert_eq!(fill("x {a} {b} {a} y", &values), "x {b} 2 {b} y");
    }
}
