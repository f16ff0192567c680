//! Plain octets to DEFLATE data (RFC 7692 §7.2.1).
//!
//! In: the payload of a message, fragment by fragment. Out: each fragment's payload. The last one of
//! a message ends inside an empty stored block, whose last four octets the receiver adds.

use core::fmt;

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Status};

use super::history::History;
use super::{WindowBits, since};
use crate::extension::Output;

/// What zlib's sync flush ends with, and the receiver adds.
const TAIL: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// An empty stored block without its tail: what an empty message, or an empty last fragment, becomes.
const EMPTY: [u8; 1] = [0x00];

/// Room asked for at a time. zlib wants more than six octets to tell a flush that is done.
const MIN_STEP: usize = 64;
const MAX_STEP: usize = 32 * 1024;

/// What a compressor is made of, and with it how much memory it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(super) level: u8,
    /// 9 to 15: zlib has no window of 256 octets.
    pub(crate) window_bits: WindowBits,
    pub(super) memory_level: u8,
}

/// Compresses the messages of one direction, one after the other.
pub(super) struct Compressor {
    zlib: Deflate,
    settings: Settings,
    /// It refers to nothing as it is.
    fresh: bool,
}

impl Compressor {
    pub(super) fn new(settings: Settings) -> Self {
        let zlib = Deflate::new_with_config(DeflateConfig {
            level: i32::from(settings.level),
            // A negative number is zlib's sign for DEFLATE data without a header.
            window_bits: i32::from(settings.window_bits.get()).saturating_neg(),
            mem_level: i32::from(settings.memory_level),
            ..DeflateConfig::default()
        });
        Self { zlib, settings, fresh: true }
    }

    pub(super) const fn settings(&self) -> Settings {
        self.settings
    }

    /// Refers to nothing that came before from now on.
    pub(super) fn reset(&mut self) {
        if !self.fresh {
            self.zlib.reset();
            self.fresh = true;
        }
    }

    /// Goes on behind messages that another one has compressed: may refer to their octets.
    pub(super) fn resume(&mut self, history: &History) {
        for octets in history.parts() {
            if !octets.is_empty() {
                let taken = self.zlib.set_dictionary(octets);
                debug_assert!(taken.is_ok(), "a stream without a header takes it between blocks");
                self.fresh = false;
            }
        }
    }

    /// Compresses one fragment of at least an octet, the message's last one if `fin`. Behind that,
    /// nothing is taken over unless `takeover`: zlib forgets as it flushes, in less time than a reset
    /// takes, which clears the room for a block once more.
    pub(super) fn compress(
        &mut self,
        payload: &[u8],
        fin: bool,
        takeover: bool,
        output: &mut Output<'_>,
    ) {
        self.fresh = fin && !takeover;
        let flush = if self.fresh { DeflateFlush::FullFlush } else { DeflateFlush::SyncFlush };
        let mut rest = payload;
        loop {
            let room = output.room(rest.len().clamp(MIN_STEP, MAX_STEP));
            let room_len = room.len();
            let before = (self.zlib.total_in(), self.zlib.total_out());
            let status = self.zlib.compress(rest, room, flush);
            debug_assert!(matches!(status, Ok(Status::Ok | Status::BufError)), "{status:?}");
            let read = since(self.zlib.total_in(), before.0);
            let wrote = since(self.zlib.total_out(), before.1);
            output.wrote(wrote);
            rest = rest.get(read..).unwrap_or_default();
            // Room that is left over tells that the flush is done.
            if wrote < room_len {
                break;
            }
        }
        debug_assert!(rest.is_empty() && output.written().ends_with(&TAIL), "a whole flush");
        if fin {
            output.take_back(TAIL.len());
        }
    }
}

/// What a fragment without octets becomes: it needs no compressor.
pub(super) fn compress_nothing(fin: bool, output: &mut Output<'_>) {
    if fin {
        output.push(&EMPTY);
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").field("settings", &self.settings).finish_non_exhaustive()
    }
}
