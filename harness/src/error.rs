//! Why a command could not do what it was asked: sorted by the exit code it leads to.

use std::fmt;

/// A command that could not be carried out. Each message says what, where, and what to do.
///
/// The exit code of each variant is in [`crate::cmd::exit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// An option, a file or the machine is not usable as it is.
    Unusable(String),
    /// Nothing was run or compared, so there is no verdict.
    NothingRan(String),
    /// A signal ended the run; its number.
    Interrupted(i32),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(message) | Self::NothingRan(message) => f.write_str(message),
            Self::Interrupted(signal) => write!(f, "stopped by signal {signal}"),
        }
    }
}

impl std::error::Error for Error {}

/// For an I/O error: `doing` names the act and its object.
pub(crate) fn io(doing: impl fmt::Display) -> impl FnOnce(std::io::Error) -> Error {
    move |source| Error::Unusable(format!("{doing}: {source}"))
}
