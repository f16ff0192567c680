//! How far a run is: a bar on a terminal, plain lines elsewhere, nothing if quiet, a line for each
//! case if verbose. Always on standard error.

use std::io::IsTerminal as _;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::conformance::CaseId;
use crate::report::schema::Role;
use crate::talk::{self, Level, note};

/// Where the progress of runs, several at once, is shown.
#[derive(Debug)]
pub struct Board {
    bars: Option<MultiProgress>,
}

impl Board {
    /// Bars if standard error is a terminal that can draw them.
    #[must_use]
    pub fn new() -> Self {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let terminal = std::io::stderr().is_terminal() && !dumb && talk::level() == Level::Usual;
        Self { bars: terminal.then(MultiProgress::new) }
    }

    /// One run's share of it, of `total` cases.
    #[must_use]
    pub fn run(&self, role: Role, total: usize) -> Progress {
        let bar = self.bars.as_ref().map(|bars| {
            let style = ProgressStyle::with_template("{prefix:6} [{bar:30}] {pos:>3}/{len} {msg}");
            // Whatever is set on a bar draws it: first it has to be among the others.
            let bar = bars.add(ProgressBar::new(u64::try_from(total).unwrap_or(u64::MAX)));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(role.name());
            bar
        });
        Progress { role, total, started: 0, group: None, bar }
    }
}

impl Default for Board {
    fn default() -> Self {
        Self::new()
    }
}

/// The progress of one run.
#[derive(Debug)]
pub struct Progress {
    role: Role,
    total: usize,
    started: usize,
    group: Option<u16>,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// This case begins. Without a bar, a group's first is worth a line; if verbose, every case.
    pub fn case(&mut self, id: &CaseId) {
        self.started += 1;
        let new_group = self.group.replace(id.group()) != Some(id.group());
        match &self.bar {
            Some(bar) => {
                bar.set_message(id.to_string());
                bar.inc(1);
            }
            None if talk::level() == Level::Verbose || (new_group && !talk::is_quiet()) => {
                note!("{}: case {} of {}: {id}", self.role.name(), self.started, self.total);
            }
            None => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
