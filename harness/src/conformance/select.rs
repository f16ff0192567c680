//! Which cases to run: patterns against a list of known ids.
//!
//! In: patterns as typed. Out: ids in running order. A pattern means what it means in the suite's
//! own spec files: with a `*` it matches from the start of the id, each `*` stands for any text,
//! and the id may go on behind the pattern; without a `*` it is one id. A pattern that matches
//! nothing is an error, and so is a selection with nothing left in it.

use std::collections::BTreeSet;
use std::fmt;

use super::CaseId;

/// Why a selection cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadSelection {
    /// This pattern matches no known case.
    Unmatched {
        /// The pattern as typed.
        pattern: String,
        /// What may have been meant, closest first.
        near: Vec<String>,
    },
    /// No pattern was given, or the exclusions leave nothing.
    Empty,
}

impl fmt::Display for BadSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmatched { pattern, near } => {
                write!(f, "no case matches `{pattern}`")?;
                if near.is_empty() { Ok(()) } else { write!(f, "; near it: {}", near.join(", ")) }
            }
            Self::Empty => f.write_str("the selection holds no case; `*` selects all of them"),
        }
    }
}

impl std::error::Error for BadSelection {}

/// Splits patterns at white space, so that one argument may hold several.
#[must_use]
pub fn split(patterns: &[String]) -> Vec<String> {
    patterns.iter().flat_map(|list| list.split_whitespace()).map(str::to_owned).collect()
}

/// The ids of `known` that match any of `include` and none of `exclude`, in ascending order.
///
/// # Errors
///
/// - [`BadSelection::Unmatched`]: a pattern of either list matches nothing in `known`.
/// - [`BadSelection::Empty`]: nothing is selected.
pub fn select(
    known: &[CaseId],
    include: &[String],
    exclude: &[String],
) -> Result<BTreeSet<CaseId>, BadSelection> {
    let mut selected = resolve(known, include)?;
    let excluded = resolve(known, exclude)?;
    selected.retain(|id| !excluded.contains(id));
    if selected.is_empty() { Err(BadSelection::Empty) } else { Ok(selected) }
}

fn resolve(known: &[CaseId], patterns: &[String]) -> Result<BTreeSet<CaseId>, BadSelection> {
    let mut ids = BTreeSet::new();
    for pattern in patterns {
        let mut hits = known.iter().filter(|id| matches(pattern, &id.to_string())).peekable();
        if hits.peek().is_none() {
            let near = near(known, pattern);
            return Err(BadSelection::Unmatched { pattern: pattern.clone(), near });
        }
        ids.extend(hits.cloned());
    }
    Ok(ids)
}

/// The suite's own matching rule for one pattern and one id.
#[must_use]
pub fn matches(pattern: &str, id: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == id };
    let Some(mut left) = id.strip_prefix(start) else { return false };
    for piece in rest.split('*') {
        match left.split_once(piece) {
            Some((_, behind)) => left = behind,
            None => return false,
        }
    }
    true
}

/// Up to three ids or group patterns that `pattern` may have meant.
fn near(known: &[CaseId], pattern: &str) -> Vec<String> {
    let ids: Vec<String> = known.iter().map(CaseId::to_string).collect();
    let mut candidates = BTreeSet::new();
    for id in &ids {
        candidates.insert(id.clone());
        // Every prefix that ends at a dot is a pattern: 6.4.3 lies in 6.* and 6.4.*.
        candidates.extend(id.match_indices('.').map(|(dot, _)| format!("{}.*", &id[..dot])));
    }
    // The pattern already names a group, only without its `.*`.
    let as_group = format!("{}.*", pattern.trim_end_matches(['.', '*']));
    if candidates.contains(&as_group) {
        return vec![as_group];
    }
    let mut scored: Vec<(usize, String)> = candidates
        .into_iter()
        .map(|candidate| (distance(pattern, &candidate), candidate))
        .filter(|(distance, _)| *distance <= 2)
        .collect();
    scored.sort();
    scored.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

/// Levenshtein's distance: insertions, removals and replacements from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, in_a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, in_b) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(in_a != in_b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
