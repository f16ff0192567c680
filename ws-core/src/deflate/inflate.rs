//! DEFLATE data to plain octets, never more than there is room for (RFC 7692 §7.2.2).
//!
//! In: the payload of a message, cut anywhere. Out: what it inflates to, up to the output's limit:
//! whoever gives the limit bounds the memory, whatever the data would become.
//!
//! ```text
//! payload ─▶ inflate ─▶ output, history          end of the payload: inside an empty stored block
//!    │          ▲                                 whose last four octets, the tail, the sender has
//!    └─ BFINAL ─┘ a new stream, old history       cut off; anything else was cut in the middle
//! ```

use core::fmt;

use zlib_rs::{Inflate, InflateFlush, Status};

use super::history::History;
use super::since;
use crate::error::Violation;
use crate::extension::{Decoded, Output};

/// The tail, and one octet that is left over if the message is whole.
const TAIL: [u8; TAIL_LEN + 1] = [0x00, 0x00, 0xFF, 0xFF, 0x00];
const TAIL_LEN: usize = 4;

/// Room asked for at a time.
const MIN_STEP: usize = 512;
const MAX_STEP: usize = 32 * 1024;

/// How far zlib looks back. It keeps 32 KiB whatever it is told, so that a peer which refers to
/// octets beyond the agreed window, but not beyond those it has sent, is not found out here.
const ZLIB_WINDOW_BITS: u8 = 15;

/// Streams that a message may begin within itself before they have to be paid for. A peer that ends
/// each of its blocks with BFINAL would else have the window copied for every two octets it sends.
const FREE_STREAMS: u64 = 4;

/// What each further one costs, in octets written: as much as copying the window takes.
const STREAM_COST: u64 = 256;

/// What an octet read pays, in octets written.
const READ_PAYS: u64 = 32;

/// Inflates the messages of one direction, one after the other.
pub(super) struct Inflater {
    zlib: Inflate,
    /// What a new stream needs of the old one.
    history: History,
    /// The stream has ended, with a block that says it is the last.
    over: bool,
    /// The last step filled all its room: more may be waiting.
    more: bool,
    /// Of the open message: octets read and written, and streams that it has begun within itself.
    read: u64,
    written: u64,
    streams: u64,
}

impl Inflater {
    /// Blocks may refer to the last `1 << window_bits` octets.
    pub(super) fn new(window_bits: u8) -> Self {
        let zlib = Inflate::new(false, ZLIB_WINDOW_BITS);
        let history = History::new(window_bits);
        Self { zlib, history, over: false, more: false, read: 0, written: 0, streams: 0 }
    }

    /// Forgets all that came before.
    pub(super) fn reset(&mut self, window_bits: u8) {
        self.zlib.reset(false);
        self.history.reset(window_bits);
        self.over = false;
        self.begin();
    }

    /// Goes on behind messages that another one has inflated: blocks may refer to their octets.
    pub(super) fn resume(&mut self, history: History) {
        self.history = history;
        // What comes next makes a new stream, as behind one that is over.
        self.over = true;
    }

    /// The octets that the next message may refer to, behind the last one: for
    /// [`resume`](Self::resume). This one is of no use until it is reset.
    pub(super) fn take_history(&mut self) -> History {
        core::mem::replace(&mut self.history, History::new(0))
    }

    /// A message begins.
    pub(super) const fn begin(&mut self) {
        self.more = false;
        self.read = 0;
        self.written = 0;
        self.streams = 0;
    }

    /// Inflates some more of the message, which ends behind `payload` if `fin`.
    ///
    /// # Errors
    ///
    /// [`Violation::CompressedDataInvalid`], also of a message that begins more streams than it pays for:
    /// this must not be used again.
    pub(super) fn inflate(
        &mut self,
        payload: &[u8],
        fin: bool,
        output: &mut Output<'_>,
    ) -> Result<Decoded, Violation> {
        let mut consumed = 0_usize;
        // Octets written that are in the history: it takes them together, the last ones only.
        let mut known = 0_usize;
        let done = loop {
            let rest = payload.get(consumed..).unwrap_or_default();
            if rest.is_empty() && !self.more {
                break true;
            }
            if self.over && !rest.is_empty() {
                self.history.extend(output.written().get(known..).unwrap_or_default());
                known = output.written().len();
                self.restart()?;
            }
            let room = output.room(rest.len().saturating_mul(4).clamp(MIN_STEP, MAX_STEP));
            if room.is_empty() {
                break false;
            }
            let room_len = room.len();
            let before = (self.zlib.total_in(), self.zlib.total_out());
            let status = self.zlib.decompress(rest, room, InflateFlush::NoFlush);
            let read = since(self.zlib.total_in(), before.0);
            let wrote = since(self.zlib.total_out(), before.1);
            output.wrote(wrote);
            consumed = consumed.saturating_add(read);
            self.read = self.read.saturating_add(read as u64);
            self.written = self.written.saturating_add(wrote as u64);
            self.more = wrote == room_len;
            match status {
                Ok(Status::StreamEnd) => {
                    self.over = true;
                    self.more = false;
                }
                // Neither is possible: zlib takes what it is given while it has room.
                Ok(_) if read == 0 && wrote == 0 && !rest.is_empty() => return Err(INVALID),
                Ok(_) => {}
                Err(_) => return Err(INVALID),
            }
        };
        self.history.extend(output.written().get(known..).unwrap_or_default());
        // A last block may be the end of the message, too, though nothing asks a sender to make one.
        if done && fin && self.read > 0 && !self.over {
            self.finish()?;
        }
        Ok(Decoded { consumed, done })
    }

    /// The message must be whole: with the tail, zlib stands between two blocks. It reads the tail,
    /// and nothing behind it, and has nothing to write.
    fn finish(&mut self) -> Result<(), Violation> {
        let before = (self.zlib.total_in(), self.zlib.total_out());
        let mut room = [0; 8];
        let status = self.zlib.decompress(&TAIL, &mut room, InflateFlush::Block);
        let read = since(self.zlib.total_in(), before.0);
        let wrote = since(self.zlib.total_out(), before.1);
        let whole = status == Ok(Status::Ok) && read == TAIL_LEN && wrote == 0;
        if whole { Ok(()) } else { Err(INVALID) }
    }

    /// A new stream, whose blocks may refer to octets of the old one (RFC 7692 §7.2.3.4).
    fn restart(&mut self) -> Result<(), Violation> {
        // The first octet of a message begins one for a stream that ended with the last message.
        self.streams = self.streams.saturating_add(u64::from(self.read > 0));
        let cost = self.streams.saturating_sub(FREE_STREAMS).saturating_mul(STREAM_COST);
        if cost > self.read.saturating_mul(READ_PAYS).saturating_add(self.written) {
            return Err(INVALID);
        }
        self.zlib.reset(false);
        for octets in self.history.parts() {
            self.zlib.set_dictionary(octets).map_err(|_| INVALID)?;
        }
        self.over = false;
        Ok(())
    }
}

const INVALID: Violation = Violation::CompressedDataInvalid;

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").field("over", &self.over).finish_non_exhaustive()
    }
}
