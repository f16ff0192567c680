//! What the engine writes down while a case runs: how the connection ended, and the wire log.
//!
//! In: what was written, read and decided. Out: the facts that a verdict is made of, and rows that
//! a report shows. Of a payload only its first octets are kept, so a record stays small whatever
//! passes over the wire; the number of rows is bounded too.

use std::collections::BTreeMap;
use std::time::Duration;

use super::case::Opcode;
use super::wire::MaskingKey;

/// How the connection went, in the suite's terms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The opening handshake was finished.
    pub opened: bool,
    /// The engine sent the first Close.
    pub closed_by_engine: bool,
    /// The engine failed the connection: a violation, or the case's kill timer.
    pub failed_by_engine: bool,
    /// The engine dropped TCP.
    pub dropped_by_engine: bool,
    /// A Close went both ways, and no timer took that back.
    pub clean: bool,
    /// Why it is not clean, if anybody can tell.
    pub not_clean_reason: Option<String>,
    /// The server did not drop TCP in time.
    pub drop_timeout: bool,
    /// The opening handshake took too long.
    pub opening_timeout: bool,
    /// The answer to the engine's Close took too long.
    pub closing_timeout: bool,
    /// In the engine's Close.
    pub local_close_code: Option<u16>,
    /// In the engine's Close.
    pub local_close_reason: Option<Vec<u8>>,
    /// In the testee's last Close.
    pub remote_close_code: Option<u16>,
    /// In the testee's last Close.
    pub remote_close_reason: Option<String>,
}

/// The octets of data messages, counted as the suite counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// On the wire while the connection is open.
    pub wire: u64,
    /// On the wire before.
    pub before_open: u64,
    /// Payload of frames.
    pub payload: u64,
    /// The same, expanded.
    pub application: u64,
    /// Data frames.
    pub frames: u64,
    /// Data messages.
    pub messages: u64,
}

/// The first octets of something, and how long it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Excerpt {
    /// In octets.
    pub len: usize,
    /// As many as are shown.
    pub head: Vec<u8>,
}

impl Excerpt {
    /// As many octets as the suite shows.
    pub const SHOWN: usize = 64;

    /// Of these octets.
    #[must_use]
    pub fn of(octets: &[u8]) -> Self {
        let mut excerpt = Self::default();
        excerpt.extend(octets);
        excerpt
    }

    /// More of the same.
    pub fn extend(&mut self, octets: &[u8]) {
        let room = Self::SHOWN.saturating_sub(self.head.len()).min(octets.len());
        self.head.extend_from_slice(&octets[..room]);
        self.len += octets.len();
    }

    /// There is more than the suite shows; it leaves room for the dots.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.len > Self::SHOWN - 4
    }
}

/// One line of the wire log.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// One write.
    OctetsSent {
        /// What.
        octets: Excerpt,
        /// It got a turn of its own.
        own_turn: bool,
    },
    /// One read.
    OctetsReceived(Excerpt),
    /// A frame was handed over for writing.
    FrameSent {
        /// Its header, without the length.
        frame: FrameHead,
        /// Its payload before masking.
        payload: Excerpt,
        /// Octets in each write.
        chop: Option<usize>,
        /// It gets a write of its own.
        sync: bool,
    },
    /// A whole frame was read.
    FrameReceived {
        /// Its header, without the length.
        frame: FrameHead,
        /// Its payload, unmasked and expanded.
        payload: Excerpt,
    },
    /// A step of the case waits.
    Wait(Duration, Option<char>),
    /// It goes on.
    Waited(Option<char>),
    /// The kill timer was armed.
    KillArmed(Duration),
    /// It fired.
    Killed,
    /// The close timer was armed.
    CloseArmed(Duration),
    /// It fired.
    ClosedByTimer,
    /// The log is switched on or off.
    Switched(bool),
}

/// What identifies a frame in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHead {
    /// Any of the sixteen.
    pub opcode: Opcode,
    /// The last of its message.
    pub fin: bool,
    /// RSV1 is 4, RSV2 is 2, RSV3 is 1.
    pub rsv: u8,
    /// What its payload is masked with.
    pub mask: Option<MaskingKey>,
}

/// The most rows a log holds. A case against an honest testee has a few thousand at most.
const MOST_ROWS: usize = 20_000;

/// The wire log and the counts beside it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Log {
    /// In order.
    pub rows: Vec<Row>,
    /// Rows for which there was no room.
    pub left_out: u64,
    off: bool,
    /// Length of a read → how often.
    pub octets_received: BTreeMap<usize, u64>,
    /// Length of a write → how often.
    pub octets_sent: BTreeMap<usize, u64>,
    /// Opcode → how often.
    pub frames_received: BTreeMap<u8, u64>,
    /// Opcode → how often.
    pub frames_sent: BTreeMap<u8, u64>,
}

impl Log {
    /// Writes a row down, and counts it.
    pub fn row(&mut self, row: Row) {
        let counted = match &row {
            Row::OctetsSent { octets, .. } => Some(self.octets_sent.entry(octets.len)),
            Row::OctetsReceived(octets) => Some(self.octets_received.entry(octets.len)),
            _ => None,
        };
        if let Some(count) = counted {
            *count.or_default() += 1;
        }
        let counted = match &row {
            Row::FrameSent { frame, .. } => Some(self.frames_sent.entry(frame.opcode.0)),
            Row::FrameReceived { frame, .. } => Some(self.frames_received.entry(frame.opcode.0)),
            _ => None,
        };
        let of_wire = counted.map(|count| *count.or_default() += 1).is_some()
            || matches!(row, Row::OctetsSent { .. } | Row::OctetsReceived(_));
        if of_wire && self.off {
            return;
        }
        if self.rows.len() < MOST_ROWS {
            self.rows.push(row);
        } else {
            self.left_out += 1;
        }
    }

    /// Stops or resumes writing down octets and frames; they are counted all the same.
    pub fn switch(&mut self, on: bool) {
        if self.off == on {
            self.off = !on;
            self.rows.push(Row::Switched(on));
        }
    }

    /// As [`Log::switch`], without a row that tells of it.
    pub fn silence(&mut self, silent: bool) {
        self.off = silent;
    }
}
