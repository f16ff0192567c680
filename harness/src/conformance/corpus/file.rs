//! The five payload files of groups 12 and 13: what they are called and what is in them.

use crate::conformance::case::Opcode;

/// One of the suite's payload files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum File {
    /// `data1.json`: a report index, the same few lines over and over.
    Json,
    /// `lena512.bmp`: a photograph of 512 × 512 grey pixels.
    Bitmap,
    /// `pg2229.txt`: a German drama, sent as binary.
    Prose,
    /// `data1.html`: a table of results, very repetitive.
    Html,
    /// `10.1.1.105.5439.pdf`: a paper, most of it compressed already.
    Pdf,
}

/// What the length of a window counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Octets.
    Octet,
    /// Unicode characters; a window's octets may be more.
    Character,
}

impl File {
    /// All, in the order of group 12's subgroups.
    pub const ALL: [Self; 5] = [Self::Json, Self::Bitmap, Self::Prose, Self::Html, Self::Pdf];

    /// Its name in the suite's data folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "data1.json",
            Self::Bitmap => "lena512.bmp",
            Self::Prose => "pg2229.txt",
            Self::Html => "data1.html",
            Self::Pdf => "10.1.1.105.5439.pdf",
        }
    }

    /// Its length in octets.
    #[must_use]
    pub fn octet_len(self) -> usize {
        match self {
            Self::Json => 194_056,
            Self::Bitmap => 263_222,
            Self::Prose => 222_218,
            Self::Html => 263_647,
            Self::Pdf => 1_042_328,
        }
    }

    /// What a window of it is counted in.
    #[must_use]
    pub fn unit(self) -> Unit {
        match self {
            Self::Json | Self::Html => Unit::Character,
            Self::Bitmap | Self::Prose | Self::Pdf => Unit::Octet,
        }
    }

    /// What its messages are sent as.
    #[must_use]
    pub fn opcode(self) -> Opcode {
        match self.unit() {
            Unit::Character => Opcode::TEXT,
            Unit::Octet => Opcode::BINARY,
        }
    }
}
