//! The payload of groups 12 and 13: five files, and the windows that messages are cut from.
//!
//! Three of the suite's five files are other people's works and may not be shipped, so the engine
//! makes stand-ins: same length, same type, nearly as compressible, the same on every machine. The
//! verdicts do not depend on the content. [`Corpus::from_dir`] takes the originals where they are.

mod file;
mod rng;
mod standin;
mod windows;

pub use file::{File, Unit};
pub use windows::Windows;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// All five files, in memory: about two megaoctets.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// In the order of [`File::ALL`].
    contents: [Vec<u8>; 5],
}

impl Corpus {
    /// The engine's own stand-ins, made once.
    #[must_use]
    pub fn standins() -> &'static Self {
        static STANDINS: LazyLock<Corpus> =
            LazyLock::new(|| Corpus { contents: File::ALL.map(standin::make) });
        &STANDINS
    }

    /// The files of a folder, under the suite's names; each may be another one, as long as it can
    /// be sent. [`Corpus::differing`] tells which are not the suite's.
    ///
    /// # Errors
    ///
    /// - [`BadCorpus::Unreadable`]: a file is missing or cannot be read.
    /// - [`BadCorpus::Empty`]: a file holds nothing.
    /// - [`BadCorpus::NotText`]: a file that is sent as text is not UTF-8.
    pub fn from_dir(dir: &Path) -> Result<Self, BadCorpus> {
        let mut contents: [Vec<u8>; 5] = Default::default();
        for (file, content) in File::ALL.into_iter().zip(&mut contents) {
            let path = dir.join(file.name());
            match std::fs::read(&path) {
                Ok(octets) if octets.is_empty() => return Err(BadCorpus::Empty(path)),
                Ok(octets) => *content = octets,
                Err(error) => return Err(BadCorpus::Unreadable(path, error)),
            }
            if file.unit() == Unit::Character && std::str::from_utf8(content).is_err() {
                return Err(BadCorpus::NotText(path));
            }
        }
        Ok(Self { contents })
    }

    /// One file's content.
    #[must_use]
    pub fn content(&self, file: File) -> &[u8] {
        &self.contents[file as usize]
    }

    /// The files that are not the suite's own, octet for octet.
    #[must_use]
    pub fn differing(&self) -> Vec<File> {
        let differs = |file: &File| {
            let octets = self.content(*file);
            octets.len() != file.octet_len() || Sha256::digest(octets)[..] != file.sha256()
        };
        File::ALL.into_iter().filter(differs).collect()
    }

    /// The messages of a case: windows of `len` units, each where the one before ended, without end.
    #[must_use]
    pub fn windows(&self, file: File, len: usize) -> Windows<'_> {
        Windows::new(self.content(file), file.unit(), len)
    }
}

/// Why a folder is no corpus.
#[derive(Debug)]
pub enum BadCorpus {
    /// This file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// This file holds nothing.
    Empty(PathBuf),
    /// This file is sent as text and is not UTF-8.
    NotText(PathBuf),
}

impl fmt::Display for BadCorpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Empty(path) => write!(f, "{}: the file is empty", path.display()),
            Self::NotText(path) => {
                write!(f, "{}: the file is sent as text and is not UTF-8", path.display())
            }
        }
    }
}

impl std::error::Error for BadCorpus {}
