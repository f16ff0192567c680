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
            "# Echo servers, side by side\n\n\
             Written by `make bench-peers OUT=reports/bench.md`, here with {rounds} rounds of {seconds} s \
             on: {}. Every server is a process of its own on core 0, with one thread, the load on core 1. \
             The first column is in its unit, the others are medians of the ratio to it within each \
             round: above 1 costs more; – is not measured.\n\n\
             - *connections × messages in flight × octets of payload*, binary: the server's CPU time for \
             one echo.\n\
             - *handshake*: its CPU time from accepting TCP to the end of the connection, which is a \
             reset. All listen with TCP_DEFER_ACCEPT, as Bun does of its own accord: a server is told of \
             a connection when the request is there, not before. One that is ahead of the load sleeps, \
             and pays for being woken: the sooner it is done, the more often.\n\
             - *handshake, awake*: the same without sleep: the server is stopped until 100 connections \
             wait, and then does them all.\n\
             - *idle*: its resident memory for a connection after one short echo. Where permessage-deflate \
             is agreed on, ws-core and sockudo-ws do not compress so short a message, Bun and yawc \
             do.\n\n| row |",
            processor()
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
                let _ = match (server, median(figures), median(ratios)) {
                    (0, figure, _) if figure.is_finite() => {
                        write!(text, " {figure:.0} {} |", row.unit())
                    }
                    (1.., _, ratio) if ratio.is_finite() => write!(text, " {ratio:.2} |"),
                    _ => write!(text, " – |"),
                };
            }
            text.push('\n');
        }
        text
    }
}

fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    model.map_or("an unknown processor", |(_, name)| name).to_owned()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
