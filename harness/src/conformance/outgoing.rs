//! Octets on their way out, in the writes and turns that a case asks for.
//!
//! Plain writes of one moment go out together. A chopped or synced write takes a turn of the event
//! loop for each piece, and whatever is written behind it waits for its turn too, the Close that
//! ends the case included; pieces still waiting when the connection is closed are never written.

use std::collections::VecDeque;

/// What is to be written, and what waits for a turn.
#[derive(Debug, Default)]
pub struct Outgoing {
    buffer: Vec<u8>,
    written: usize,
    waiting: VecDeque<Piece>,
    /// Octets of those that wait.
    waiting_len: usize,
    /// A turn is due, if only to find that nothing waits any more.
    turning: bool,
}

/// What one turn writes.
#[derive(Debug, PartialEq, Eq)]
pub struct Piece {
    /// The octets.
    pub octets: Vec<u8>,
    /// They were chopped or synced, and not merely behind such.
    pub own_turn: bool,
}

impl Outgoing {
    /// Takes a write. Returns what goes into the buffer at once, for the log, `None` if it waits.
    pub fn plain(&mut self, octets: Vec<u8>) -> Option<Vec<u8>> {
        if !self.waiting.is_empty() {
            self.wait(Piece { octets, own_turn: false });
            return None;
        }
        Some(octets)
    }

    /// Takes a write that gets a turn of its own.
    pub fn sync(&mut self, octets: Vec<u8>) {
        self.wait(Piece { octets, own_turn: true });
    }

    fn wait(&mut self, piece: Piece) {
        self.waiting_len += piece.octets.len();
        self.waiting.push_back(piece);
    }

    /// Takes a write in pieces of `len` octets.
    pub fn chop(&mut self, octets: &[u8], len: usize) {
        for piece in octets.chunks(len.max(1)) {
            self.sync(piece.to_vec());
        }
    }

    /// Puts octets where [`Outgoing::ready`] shows them.
    pub fn put(&mut self, octets: Vec<u8>) {
        if self.ready().is_empty() {
            (self.buffer, self.written) = (octets, 0);
        } else {
            if self.written > self.buffer.len() / 2 {
                // Of a peer that never reads all, what it has read is not kept for ever.
                self.buffer.drain(..self.written);
                self.written = 0;
            }
            self.buffer.extend_from_slice(&octets);
        }
    }

    /// Octets that are still to be written, those that wait for a turn as well.
    #[must_use]
    pub fn unwritten(&self) -> usize {
        self.ready().len() + self.waiting_len
    }

    /// What is to be written now.
    #[must_use]
    pub fn ready(&self) -> &[u8] {
        &self.buffer[self.written..]
    }

    /// So many of them have been written.
    pub fn wrote(&mut self, len: usize) {
        self.written = (self.written + len).min(self.buffer.len());
        if self.written == self.buffer.len() {
            // A frame of mebioctets is not kept until the next one.
            (self.buffer, self.written) = (Vec::new(), 0);
        }
    }

    /// A turn has begun that nobody has taken yet: the first piece goes out at once.
    #[must_use]
    pub fn begins(&self) -> bool {
        !self.turning && !self.waiting.is_empty()
    }

    /// A turn is due.
    #[must_use]
    pub fn wants_turn(&self) -> bool {
        self.turning
    }

    /// Takes a turn.
    pub fn turn(&mut self) -> Option<Piece> {
        let piece = self.waiting.pop_front();
        self.waiting_len -= piece.as_ref().map_or(0, |piece| piece.octets.len());
        self.turning = piece.is_some();
        piece
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that goes out, a `|` where a turn passes.
    fn run(out: &mut Outgoing) -> String {
        let mut text = String::new();
        loop {
            text.push_str(std::str::from_utf8(out.ready()).unwrap());
            out.wrote(out.ready().len());
            if !out.begins() && !out.wants_turn() {
                return text;
            }
            if out.wants_turn() {
                text.push('|');
            }
            if let Some(piece) = out.turn() {
                out.put(piece.octets);
            }
        }
    }

    fn plain(out: &mut Outgoing, text: &str) {
        if let Some(octets) = out.plain(text.into()) {
            out.put(octets);
        }
    }

    #[test]
    fn plain_writes_go_together_and_others_in_turn() {
        let mut out = Outgoing::default();
        plain(&mut out, "ab");
        plain(&mut out, "cd");
        assert_eq!(out.ready(), b"abcd");
        out.chop(b"12345", 2);
        out.sync(b"xy".to_vec());
        plain(&mut out, "ef");
        assert_eq!(run(&mut out), "abcd12|34|5|xy|ef|");
        plain(&mut out, "gh");
        assert_eq!(run(&mut out), "gh");
    }

    #[test]
    fn what_was_written_is_neither_shown_again_nor_kept() {
        let mut out = Outgoing::default();
        plain(&mut out, "abcd");
        out.wrote(3);
        plain(&mut out, "ef");
        assert_eq!((out.ready(), out.buffer.len()), (&b"def"[..], 3));
        out.wrote(9);
        assert_eq!(out.ready(), b"");
    }

    #[test]
    fn what_waits_for_a_turn_is_counted_until_it_is_written() {
        let mut out = Outgoing::default();
        plain(&mut out, "ab");
        out.chop(b"12345", 2);
        plain(&mut out, "cd");
        assert_eq!(out.unwritten(), 9);
        let mut left = Vec::new();
        while let Some(piece) = out.turn() {
            left.push(out.unwritten());
            out.put(piece.octets);
        }
        assert_eq!((left, out.unwritten()), (vec![7, 7, 8, 7], 9));
        out.wrote(9);
        assert_eq!(out.unwritten(), 0);
    }
}
