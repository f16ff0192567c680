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

    /// The SHA-256 of the suite's own file.
    #[must_use]
    pub fn sha256(self) -> [u8; 32] {
        let words: [u64; 4] = match self {
            Self::Json => [
                0x2d4f_69f2_249e_c383,
                0x81b5_e8ff_3435_91c8,
                0xe9f3_b40e_1fcf_dedb,
                0x7416_c4fb_af9a_6113,
            ],
            Self::Bitmap => [
                0xbf3c_bab2_ad74_6926,
                0xaec4_e570_3dcb_d2ff,
                0x0bff_77b2_3854_1216,
                0xfb33_f154_474a_ff6c,
            ],
            Self::Prose => [
                0xc4bc_8178_8bdf_d371,
                0xfc93_0a3d_4eaa_cd75,
                0xa0fb_717a_2560_e7d1,
                0x5bc7_f666_3f6d_382b,
            ],
            Self::Html => [
                0xbbd1_8f60_e537_503f,
                0x35ef_6113_a835_50e6,
                0x233f_2233_00cb_ff5f,
                0x36f1_3f33_d70d_e36f,
            ],
            Self::Pdf => [
                0x8b9a_98c6_b4fa_d919,
                0xba67_ece5_20ee_1e66,
                0x181c_e409_bc07_99bb,
                0xf468_8797_7db9_4247,
            ],
        };
        let mut octets = [0; 32];
        for (eight, word) in octets.chunks_exact_mut(8).zip(words) {
            eight.copy_from_slice(&word.to_be_bytes());
        }
        octets
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
