//! The body of a refusal, as far as anybody wants to read it (RFC 9112 §6, §7.1).
//!
//! In: the octets behind the head, each once. Out: the body, appended to the caller's `Vec`. A body
//! explains a failure that is certain already, so nothing in here is an error: what cannot be
//! understood ends the body.
//!
//! ```text
//! Length(n) ─n octets─▶ Done      UntilEnd ─end of the stream─▶ Done
//!
//! ChunkLen ─LF─▶ ChunkData ─n octets─▶ ChunkEnd ─LF─▶ ChunkLen
//!    └─ length 0, or malformed ─▶ Done
//! ```

use alloc::vec::Vec;

/// Octets of a refusal's body that are kept.
pub const MAX_REFUSAL_BODY_LEN: usize = 64 * 1024;

/// Octets that are read for a body, the framing of its chunks included.
const MAX_READ: usize = MAX_REFUSAL_BODY_LEN.saturating_mul(2);

/// How the end of a body is found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
    UntilEnd,
}

/// Reads the body of a [`RefusedResponse`](super::RefusedResponse), at most [`MAX_REFUSAL_BODY_LEN`] octets of it.
#[derive(Debug, Clone)]
pub struct BodyReader {
    state: State,
    body_len: usize,
    read: usize,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Length(u64),
    UntilEnd,
    ChunkLen { len: u64 },
    ChunkExtension { len: u64 },
    ChunkData { left: u64 },
    ChunkEnd,
    Done,
}

impl BodyReader {
    pub(super) const fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(len) => State::Length(len),
            Framing::Chunked => State::ChunkLen { len: 0 },
            Framing::UntilEnd => State::UntilEnd,
        };
        Self { state, body_len: 0, read: 0 }
    }

    /// Whether nothing more is wanted. Until then, read on, for as long as there is patience, or
    /// until the stream ends.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Takes the next octets behind the head, and appends those of the body to `body`.
    pub fn feed(&mut self, octets: &[u8], body: &mut Vec<u8>) {
        // None is looked at past the limit, so that the body does not depend on how octets were cut.
        let room = MAX_READ.saturating_sub(self.read);
        let mut octets = octets.get(..room).unwrap_or(octets);
        self.read = self.read.saturating_add(octets.len());
        while let ([first, rest @ ..], false) = (octets, self.is_done()) {
            (self.state, octets) = match self.state {
                State::Length(left) => {
                    let (left, rest) = self.keep(left, octets, body);
                    (if left == 0 { State::Done } else { State::Length(left) }, rest)
                }
                State::UntilEnd => (State::UntilEnd, self.keep(u64::MAX, octets, body).1),
                State::ChunkData { left } => {
                    let (left, rest) = self.keep(left, octets, body);
                    (if left == 0 { State::ChunkEnd } else { State::ChunkData { left } }, rest)
                }
                State::ChunkLen { len } => (chunk_len(len, *first), rest),
                State::ChunkExtension { len } => {
                    (if *first == b'\n' { chunk(len) } else { State::ChunkExtension { len } }, rest)
                }
                State::ChunkEnd => match first {
                    b'\r' => (State::ChunkEnd, rest),
                    b'\n' => (State::ChunkLen { len: 0 }, rest),
                    _ => (State::Done, rest),
                },
                State::Done => (State::Done, rest),
            };
            if self.body_len >= MAX_REFUSAL_BODY_LEN {
                self.state = State::Done;
            }
        }
        if self.read >= MAX_READ {
            self.state = State::Done;
        }
    }

    /// Keeps what belongs to a run of `left` octets; gives what is left of the run, and of `octets`.
    fn keep<'b>(&mut self, left: u64, octets: &'b [u8], body: &mut Vec<u8>) -> (u64, &'b [u8]) {
        let room = MAX_REFUSAL_BODY_LEN.saturating_sub(self.body_len);
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(room).min(octets.len());
        let (kept, rest) = octets.split_at_checked(len).unwrap_or((octets, b""));
        body.extend_from_slice(kept);
        self.body_len = self.body_len.saturating_add(len);
        (left.saturating_sub(u64::try_from(len).unwrap_or(u64::MAX)), rest)
    }
}

/// One octet of a chunk's length line; without a digit the length is 0, and ends the body.
fn chunk_len(len: u64, octet: u8) -> State {
    match (char::from(octet).to_digit(16), octet) {
        (Some(digit), _) => {
            let len = len.saturating_mul(16).saturating_add(u64::from(digit));
            State::ChunkLen { len }
        }
        (None, b';' | b' ' | b'\t' | b'\r') => State::ChunkExtension { len },
        _ => State::Done,
    }
}

/// The first state behind a chunk's length line. Trailers are of no use here.
const fn chunk(len: u64) -> State {
    if len == 0 { State::Done } else { State::ChunkData { left: len } }
}
