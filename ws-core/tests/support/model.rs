//! What a valid sequence of frames means, in the simplest way to say it: the reference for events
//! and answers.

use super::Seen;
use crate::oracle::{BINARY, CLOSE, CONTINUATION, Frame, PING, PONG, TEXT, pong};

/// The events that the frames call for, and the frames that answer them.
pub(crate) fn model(frames: &[Frame]) -> (Vec<Seen>, Vec<Frame>) {
    let (mut events, mut answers) = (Vec::new(), Vec::new());
    let mut open: Option<(u8, Vec<u8>)> = None;
    for Frame { fin, opcode, payload, .. } in frames {
        match *opcode {
            TEXT | BINARY => open = Some((*opcode, payload.clone())),
            CONTINUATION => open.as_mut().expect("an open message").1.extend(payload),
            PING => {
                events.push(Seen::Ping(payload.clone()));
                answers.push(pong(payload));
                continue;
            }
            PONG => {
                events.push(Seen::Pong(payload.clone()));
                continue;
            }
            CLOSE => {
                let code = payload.first_chunk().map(|code| u16::from_be_bytes(*code));
                let reason = || String::from_utf8(payload[2..].to_vec()).expect("UTF-8");
                events.push(Seen::Close(code.map(|code| (code, reason()))));
                // §5.5.1: the code is echoed; what follows a Close is not read.
                let answer = payload.iter().copied().take(2);
                answers.push(Frame::new(true, CLOSE, answer.collect::<Vec<_>>()));
                break;
            }
            opcode => panic!("not a valid sequence: opcode {opcode}"),
        }
        if *fin {
            let (opcode, payload) = open.take().expect("an open message");
            events.push(match opcode {
                TEXT => Seen::Text(payload),
                _ => Seen::Binary(payload),
            });
        }
    }
    (events, answers)
}
