//! `wsconf completions`: what a shell needs to complete this program's arguments.

use clap::Args;
use clap_complete::{Shell, generate};

use super::exit::Exit;
use super::{print, program};
use crate::Error;

/// Options of `wsconf completions`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wsconf completions bash > ~/.local/share/bash-completion/completions/wsconf
  wsconf completions zsh > ~/.zfunc/_wsconf
  wsconf completions fish > ~/.config/fish/completions/wsconf.fish")]
pub struct Options {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

impl Options {
    /// Prints the script.
    ///
    /// # Errors
    ///
    /// [`Error::Unusable`]: standard output.
    pub fn run(&self) -> Result<Exit, Error> {
        let mut script = Vec::new();
        generate(self.shell, &mut program::tree(), "wsconf", &mut script);
        Ok(print(&String::from_utf8_lossy(&script)))
    }
}
