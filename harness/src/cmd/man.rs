//! `wsconf man`: the manual pages, made from the same tree as `--help`.

use std::path::PathBuf;

use clap::Args;
use clap_mangen::{Man, generate_to};

use super::exit::Exit;
use super::{print, program};
use crate::Error;
use crate::error::io;
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
        let tree = program::tree().disable_help_subcommand(true);
        let Some(dir) = &self.out else {
            let mut page = Vec::new();
            Man::new(tree).render(&mut page).map_err(io("cannot make the page"))?;
            return print(&String::from_utf8_lossy(&page));
        };
        let doing = || format!("cannot write into {}", dir.display());
        std::fs::create_dir_all(dir).map_err(io(doing()))?;
        generate_to(tree, dir).map_err(io(doing()))?;
        talk::remark(&format!("the pages are in {}", dir.display()));
        Ok(Exit::Same)
    }
}
