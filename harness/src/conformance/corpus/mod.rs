//! The payload of groups 12 and 13.

mod file;

pub use file::{File, Unit};
