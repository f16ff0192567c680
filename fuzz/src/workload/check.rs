//! What a workload has received and written, against what was sent either way.

use ws_core::MessageKind;

use super::endpoint::By;
use super::peer::RSV1;
use super::{Fate, Workload};
use crate::deflate::naive::Inflate;
use crate::frames::Frames;
use crate::oracle::{self, BINARY, CLOSE, Frame, PING, PONG, TEXT};
use crate::support::Seen;
use crate::support::model::model;

impl Workload {
    pub(super) fn check_received(&self) {
        let (mut events, _) = model(&self.arrived);
        events.retain(|seen| match seen {
            Seen::Ping(_) | Seen::Pong(_) => self.by == By::Events,
            Seen::Close(_) | Seen::Failed(_) => false,
            _ => true,
        });
        if self.closed && self.tells_while_closing {
            // Those that came while `close` was called are dropped.
            let mut events = events.iter();
            for received in &self.received {
                assert!(events.any(|event| event == received), "not sent, or not in order");
            }
        } else if self.is_cut || self.closed {
            assert!(events.starts_with(&self.received), "{:?} of {events:?}", self.received);
        } else {
            assert_eq!(self.received, events);
        }
    }

    pub(super) fn check_written(&self) {
        let output = self.remote.with(|state| state.output.clone());
        let whole = Frames::of(&output).whole_len;
        assert!(self.faulty || whole == output.len(), "a frame was not written whole");
        let frames = self.inflated(oracle::parse_extended(self.role, &output[..whole]));
        let of = |opcode| frames.iter().filter(move |frame| frame.opcode == opcode);
        let sent = self.sent.iter().map(|(message, fate)| {
            let opcode = if message.kind() == MessageKind::Text { TEXT } else { BINARY };
            (Frame::new(true, opcode, message.payload().to_vec()), *fate)
        });
        let messages = frames.iter().filter(|frame| matches!(frame.opcode, TEXT | BINARY));
        self.check_sent(sent, messages);
        let pinged = self.pinged.iter().map(|(payload, fate)| (oracle::ping(payload), *fate));
        self.check_sent(pinged, of(PING));
        let mut arrived = self.arrived.iter().filter(|frame| frame.opcode == PING);
        for pong in of(PONG) {
            let answers = self.auto_pong && arrived.any(|ping| ping.payload == pong.payload);
            assert!(answers, "an answer to nothing, or out of order: {pong:?}");
        }
        // One that waits for the peer to read goes unanswered if its Close is read first.
        if self.auto_pong && !self.faulty && !self.closed && !self.held_back {
            let last = self.arrived.iter().rfind(|frame| frame.opcode == PING);
            let answer = of(PONG).next_back();
            assert_eq!(
                answer.map(|f| &f.payload),
                last.map(|f| &f.payload),
                "the last is answered"
            );
        }
        let closes = of(CLOSE).count();
        let may_lack = self.faulty && !self.is_clean;
        assert!(closes == 1 || may_lack && closes == 0, "one Close: {frames:?}");
    }

    /// Each once and in order; those of which a call said so, on a transport without a fault, all.
    fn check_sent<'a>(
        &self,
        sent: impl Iterator<Item = (Frame, Fate)>,
        written: impl Iterator<Item = &'a Frame>,
    ) {
        let mut written = written.peekable();
        for (frame, fate) in sent {
            if written.next_if(|written| **written == frame).is_none() {
                assert!(self.faulty || fate != Fate::Queued, "lost: {frame:?}");
            }
        }
        assert_eq!(written.next(), None, "never sent, or not in this order");
    }

    /// What frames say that may be compressed.
    fn inflated(&self, mut frames: Vec<Frame>) -> Vec<Frame> {
        let window = self.deflate.map(|params| params.of_sender(self.role));
        let mut inflate = window.map(|(window, takeover)| Inflate::new(window.get(), takeover));
        for frame in frames.iter_mut().filter(|frame| frame.rsv != 0) {
            assert_eq!(frame.rsv, RSV1);
            let inflate = inflate.as_mut().expect("RSV1 only where it was agreed on");
            frame.payload = inflate.message(&frame.payload).expect("it inflates");
            frame.rsv = 0;
        }
        frames
    }
}
