//! What a run found, kept as files, and how it differs from what was expected.
//!
//! [`schema`] is what a report and a baseline say, [`store`] reads and writes them, [`waiver`] is
//! a verdict accepted for a reason, [`diff`] judges a report by baseline and waivers, [`merge`]
//! puts the parts of a run together, [`asked`] tells what was to be played, [`history`] keeps what became of each case over many runs,
//! [`class`] makes one word of a verdict. For readers there is one file per format: [`table`],
//! [`json`], [`markdown`], [`junit`], [`github`], [`badge`], [`html`]; the first six take what [`shown`]
//! puts together. [`conformance`] is the page of what the baselines promise.

pub mod schema;

pub mod store;

pub mod waiver;

pub mod diff;

pub mod merge;

pub mod asked;

pub mod class;

pub mod html;

pub mod history;

pub mod counts;

pub mod shown;

pub mod table;

pub mod json;

pub mod markdown;

pub mod junit;

pub mod github;

pub mod badge;

pub mod conformance;
