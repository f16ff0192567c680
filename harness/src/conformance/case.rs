//! A conformance case as data: what is sent, what is expected, and the rule behind it.
//!
//! In: nothing. Out: values that a table of cases fills and the player walks through. Nothing here
//! opens a connection, looks at a clock or computes a verdict, and no payload is larger here than
//! its description: sixteen mebioctets of one pattern are a few octets until they are written.
//!
//! ```text
//!  Case ── send:   Step, Step, … ──▶ player ──▶ Event, Event, … ──┐
//!     ├─── expect: lists of Event, or the echoes' type and length ─┼─▶ Behavior
//!     ├─── adjust: what overrides either half ─────────────────────┤
//!     └─── close:  closer, clean or not, codes ────────────────────┴─▶ BehaviorClose
//! ```

use std::fmt;
use std::time::Duration;

use super::CaseId;
use super::corpus::File;
use super::payload::Payload;

pub use super::ask::{Ask, Offer};

/// One case of the suite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name.
    pub id: CaseId,
    /// What its group is about.
    pub group: &'static str,
    /// What its subgroup is about.
    pub subgroup: &'static str,
    /// What it sends and what it is after, in one line.
    pub about: String,
    /// What the RFC demands there.
    pub rule: Rule,
    /// What the engine does, in this order, from the moment that the connection is open. A step is
    /// done as soon as its octets are queued: a timer runs while a chopped frame is still going out.
    pub send: Vec<Step>,
    /// What the testee is to answer.
    pub expect: Expect,
    /// How the connection is to end.
    pub close: ExpectClose,
    /// What changes the verdict after both halves are known.
    pub adjust: Adjust,
    /// The engine sends Close with the first of the accepted codes as soon as the events equal
    /// *all* lists of [`Expect::Events`], if it is the one to close. Without it the script closes.
    pub auto_close: bool,
    /// The permessage-deflate that the case needs; it is not offered or accepted without. If it is
    /// not agreed, no step is done: the engine sends Close 1000, behaviour is UNIMPLEMENTED.
    pub deflate: Option<&'static [Ask]>,
}

impl Case {
    /// The suite's report of it shows how long it took.
    #[must_use]
    pub fn reports_time(&self) -> bool {
        !matches!(self.expect, Expect::Events { .. })
    }

    /// The suite's report of it shows how well it was compressed.
    #[must_use]
    pub fn reports_ratio(&self) -> bool {
        self.deflate.is_some()
    }

    /// The timer that the script arms.
    #[must_use]
    pub fn timer(&self) -> Option<Timer> {
        self.send.iter().find_map(|step| match step {
            Step::Arm(timer) => Some(*timer),
            _ => None,
        })
    }
}

/// A rule of an RFC in our words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Where it stands, such as `RFC 6455 §5.5.1`.
    pub section: &'static str,
    /// What it says.
    pub text: &'static str,
}

/// A frame's opcode, reserved ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Opcode(pub u8);

impl Opcode {
    /// Goes on with a fragmented message.
    pub const CONTINUATION: Self = Self(0);
    /// Begins a message of text.
    pub const TEXT: Self = Self(1);
    /// Begins a message of octets.
    pub const BINARY: Self = Self(2);
    /// Begins or answers the closing handshake.
    pub const CLOSE: Self = Self(8);
    /// Asks for a Pong.
    pub const PING: Self = Self(9);
    /// Answers a Ping, or comes unasked.
    pub const PONG: Self = Self(10);

    /// Opcodes 8 to 15 are control frames, RFC 6455 §5.5.
    #[must_use]
    pub fn is_control(self) -> bool {
        self.0 & 0x8 != 0
    }
}

impl fmt::Display for Opcode {
    /// `TEXT`, `PING`, …; `opcode 11` for a reserved one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match *self {
            Self::CONTINUATION => "CONTINUATION",
            Self::TEXT => "TEXT",
            Self::BINARY => "BINARY",
            Self::CLOSE => "CLOSE",
            Self::PING => "PING",
            Self::PONG => "PONG",
            Self(reserved) => return f.pad(&format!("opcode {reserved}")),
        })
    }
}

/// One thing that the engine does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Writes one frame as given; the engine's closing state does not change, whatever the opcode.
    Frame(Frame),
    /// Sends a message, cut into frames of `fragment` octets: a first frame with `opcode`, then
    /// continuations. The cut ends when the *next* one would pass the end, so that a payload that
    /// divides evenly is followed by an empty last frame; one that fits is a single frame.
    Message {
        /// [`Opcode::TEXT`] or [`Opcode::BINARY`].
        opcode: Opcode,
        /// The message.
        payload: Payload,
        /// Octets of payload in each frame; one frame without it.
        fragment: Option<usize>,
    },
    /// Writes the header of a frame whose payload follows as [`Step::FramePiece`]s.
    FrameHeader {
        /// As in [`Frame`].
        opcode: Opcode,
        /// As in [`Frame`].
        fin: bool,
        /// As in [`Frame`].
        rsv: u8,
        /// The length that the header claims, in octets.
        payload_len: u64,
    },
    /// Writes the next piece of that frame's payload, masked from where the last one ended.
    FramePiece(Payload),
    /// Begins the closing handshake. From here on the engine counts as the one that closed.
    Close {
        /// The code, sent as it is, legal or not.
        code: Option<u16>,
        /// What follows the code, sent as it is; a reason without a code is the whole payload.
        reason: Option<Payload>,
    },
    /// Does nothing for this long. With a tag: if the connection is still open then, records
    /// [`Event::Timeout`] and goes on, else the script ends. Without one it goes on either way.
    Wait {
        /// How long.
        duration: Duration,
        /// The recorded event's name.
        tag: Option<char>,
    },
    /// Starts the case's timer.
    Arm(Timer),
    /// Sends a message, waits for its echo, sends the next. Ends the case with Close 1000 after the
    /// last echo, or at the first one that [`Expect::Echoes`] does not accept.
    RoundTrips(RoundTrips),
}

/// One frame, written as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Any of the sixteen.
    pub opcode: Opcode,
    /// The last one of its message.
    pub fin: bool,
    /// RSV1 is 4, RSV2 is 2, RSV3 is 1.
    pub rsv: u8,
    /// Its payload, before masking.
    pub payload: Payload,
    /// How it is written.
    pub write: Write,
}

/// How the octets of a frame reach the transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// One write, which may go out together with its neighbours.
    Plain,
    /// One write of its own, with a turn of the event loop behind it.
    Sync,
    /// Writes of this many octets, header included, with a turn of the event loop between them.
    Chop(usize),
}

/// What happens when a case takes too long. Counts from the step that arms it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// Fails the connection unless it is closed: Close 1001 if open, drop of TCP if closing.
    Kill(Duration),
    /// Sends an empty Close if the connection is open.
    Close(Duration),
}

/// Messages sent one at a time, each after the echo of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundTrips {
    /// How many.
    pub count: usize,
    /// [`Opcode::TEXT`] or [`Opcode::BINARY`].
    pub opcode: Opcode,
    /// What they hold.
    pub source: Source,
}

/// What the messages of [`RoundTrips`] hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The same payload each time, as one frame.
    Same(Payload),
    /// Message *n* is the next window of a file; the end of the file goes on at its start.
    Windows {
        /// Which file.
        file: File,
        /// The length of a window in the file's [`super::corpus::Unit`]s.
        len: usize,
        /// Octets of *compressed* payload in each frame, as [`Step::Message`] cuts; one frame
        /// without it.
        fragment: Option<usize>,
    },
}

/// What the engine records while a case runs, and what the lists of a case hold. The peer's Pings
/// and Close frames are no events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A whole data message.
    Message {
        /// Binary rather than text.
        binary: bool,
        /// Its payload.
        payload: Payload,
    },
    /// A Pong and its payload.
    Pong(Payload),
    /// A tagged [`Step::Wait`] passed with the connection open.
    Timeout(char),
}

/// What the testee is to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// The recorded events equal a list: every octet, type, the order, and nothing else.
    Events {
        /// Then behaviour is OK.
        ok: Vec<Event>,
        /// Then it is NON-STRICT.
        non_strict: Option<Vec<Event>>,
    },
    /// OK if the first message has this type and length; its content is not looked at. The engine
    /// sends Close 1000 on the first message, right or wrong.
    Length {
        /// Binary rather than text.
        binary: bool,
        /// In octets.
        len: usize,
    },
    /// OK if every echo of the [`Step::RoundTrips`] is as demanded.
    Echoes {
        /// How closely they are looked at; their type always is.
        compare: Compare,
    },
}

/// What of an echo is held against what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Its length.
    Length,
    /// Every octet.
    Octets,
}

/// How the connection is to end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectClose {
    /// Who is to send the first Close.
    pub closer: Closer,
    /// The closing handshake must be complete.
    pub clean: bool,
    /// Codes accepted from the testee; none at all is always accepted. The first is the one that
    /// the engine sends when it closes by itself.
    pub codes: Vec<u16>,
}

/// One of the two endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closer {
    /// The engine.
    Engine,
    /// The one that is judged.
    Testee,
}

/// What changes the verdict after both halves are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjust {
    /// Nothing.
    Nothing,
    /// Behaviour is FAILED if the close behaviour is WRONG CODE.
    WrongCodeFails,
    /// Behaviour is FAILED if the wrong endpoint closed.
    WrongCloserFails,
    /// Both halves are INFORMATIONAL, even if the opening handshake failed.
    Informational,
    /// Behaviour is FAILED unless the engine itself sent exactly these frames.
    SentFrames {
        /// Of text.
        text: u64,
        /// Continuations.
        continuation: u64,
    },
}
