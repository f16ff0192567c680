//! The figures, as a table in Markdown: what a row's first server used, and the others as ratios.

use std::fmt::Write as _;

use crate::rows::Row;
use crate::servers::Kind;

/// The figures of every round.
#[derive(Debug)]
pub(crate) struct Table {
    kinds: Vec<&'static Kind>,
    /// A figure for each server, round by round.
    rows: Vec<(Row, Vec<Vec<f64>>)>,
}

impl Table {
    pub(crate) const fn new(kinds: Vec<&'static Kind>) -> Self {
        Self { kinds, rows: Vec::new() }
    }

    pub(crate) fn round(&mut self, row: Row, figures: Vec<f64>) {
        match self.rows.last_mut() {
            Some((last, rounds)) if *last == row => rounds.push(figures),
            _ => self.rows.push((row, vec![figures])),
        }
    }

    pub(crate) fn markdown(&self, rounds: usize, seconds: f64) -> String {
        let mut text = format!(
            "Median of {rounds} rounds of {seconds} s. The first column in its unit, the others as \
             ratios to it within each round: above 1 costs more.\n\n| row |"
        );
        for kind in &self.kinds {
            let _ = write!(text, " {} |", kind.name);
        }
        let _ = writeln!(text, "\n|---|{}", "---:|".repeat(self.kinds.len()));
        for (row, rounds) in &self.rows {
            let _ = write!(text, "| {} |", row.name());
            for server in 0..self.kinds.len() {
                let figures = rounds.iter().map(|round| round[server]);
                let ratios = rounds.iter().map(|round| round[server] / round[0]);
                let _ = match server {
                    0 => write!(text, " {:.0} {} |", median(figures), row.unit()),
                    _ => write!(text, " {:.2} |", median(ratios)),
                };
            }
            text.push('\n');
        }
        text
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
