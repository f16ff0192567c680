//! Every exit code, once.

use std::process::ExitCode;

use crate::Error;
use crate::talk::{self, note};

/// How a command ended that could be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything is as expected.
    Same,
    /// A case differs, is missing or is new.
    Differs,
}

/// The table at the end of every `--help`.
pub const HELP: &str = "\
Exit codes:
  0    everything is as expected
  2    an unusable option, file or machine; the error says what to do
  4    nothing was run or compared
  100  a case differs from what was expected, is missing or is new
  130  stopped by Ctrl-C (128 + the signal's number)";

/// The exit code of a command; says on standard error why it could not be carried out.
pub fn code<T: Into<Ended>>(ended: Result<T, Error>) -> ExitCode {
    let ended = match talk::lost() {
        None => ended,
        Some(why) => Err(Error::Unusable(format!("cannot write to standard output: {why}"))),
    };
    let number = match ended {
        Ok(ended) => match ended.into().0 {
            Exit::Same => 0,
            Exit::Differs => 100,
        },
        Err(error) => {
            note!("{} {error}", talk::alarm("error:"));
            match error {
                Error::Unusable(_) => 2,
                Error::NothingRan(_) => 4,
                Error::Interrupted(signal) => {
                    128_u8.saturating_add(u8::try_from(signal).unwrap_or(0))
                }
            }
        }
    };
    ExitCode::from(number)
}

/// The end of a command; one that can only succeed or fail ends with `()`.
#[derive(Debug, Clone, Copy)]
pub struct Ended(Exit);

impl From<Exit> for Ended {
    fn from(exit: Exit) -> Self {
        Self(exit)
    }
}

impl From<()> for Ended {
    fn from((): ()) -> Self {
        Self(Exit::Same)
    }
}
