//! `wsconf man`: the manual pages, made from the same tree as `--help`.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Command};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::exit::{self, Exit};
use super::{print, program};
use crate::Error;
use crate::error;
use crate::talk;

/// Options of `wsconf man`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf man | man -l -                   read wsconf(1)
  wsconf man --out ~/.local/share/man/man1   a page for each subcommand")]
pub struct Options {
    /// Write a page for each subcommand into this folder; without it wsconf(1) is printed.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Options {
    /// Writes or prints.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: the folder, or standard output.
    pub fn run(&self) -> Result<Exit, Error> {
        let mut tree = program::tree().disable_help_subcommand(true);
        tree.build();
        let Some(dir) = &self.out else {
            let page = page(&tree).map_err(error::io("cannot make the page"))?;
            return Ok(print(&String::from_utf8_lossy(&page)));
        };
        let written = std::fs::create_dir_all(dir).and_then(|()| write_all(&tree, dir));
        written.map_err(error::io(format!("cannot write into {}", dir.display())))?;
        talk::remark(&format!("the pages are in {}", dir.display()));
        Ok(Exit::Same)
    }
}

/// A page for `command`, and one for each below it.
fn write_all(command: &Command, dir: &Path) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    std::fs::write(dir.join(format!("{name}.1")), page(command)?)?;
    command.get_subcommands().try_for_each(|below| write_all(below, dir))
}

/// The page of one command. What is below its options in `--help` are two sections here, in which
/// lines stay lines.
fn page(command: &Command) -> io::Result<Vec<u8>> {
    // An empty date would be left out, and what follows it taken for one.
    let man = Man::new(command.clone())
        .date("\"\"")
        .source(concat!("wsconf ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    let below = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let examples = below.strip_suffix(exit::HELP).unwrap_or(&below).trim_end();
    for (title, text) in [("EXAMPLES", examples), ("EXIT STATUS", exit::HELP)] {
        let mut section = Roff::default();
        section.control("SH", [title]).control("nf", []);
        // Their first lines say what the titles say.
        for line in text.lines().skip(1) {
            section.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
        }
        section.control("fi", []).to_writer(&mut page)?;
    }
    Ok(page)
}
