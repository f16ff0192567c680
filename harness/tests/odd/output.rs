//! What the odd ones send, and how.

use std::io;

use tokio::io::AsyncWriteExt as _;
use ws_harness::conformance::case::Opcode;
use ws_harness::conformance::wire::{self, Header};

use super::{Endpoint, LATE, Odd, Role, Then};

/// RSV1, RSV2.
const RSV1: u8 = 4;
const RSV2: u8 = 2;

impl Endpoint {
    pub(super) async fn send(&mut self, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        let fin = !(opcode == Opcode::PONG && self.odd == Odd::PongFragment);
        self.send_frame(opcode, fin, 0, payload).await
    }

    async fn send_frame(
        &mut self,
        opcode: Opcode,
        fin: bool,
        rsv: u8,
        payload: &[u8],
    ) -> io::Result<()> {
        // The odd one does what the other role has to.
        let masks = (self.role == Role::Client) != (self.odd == Odd::Masked);
        let mask = masks.then_some([1, 2, 3, 4]);
        let payload_len = payload.len() as u64;
        let mut octets = wire::frame(&Header { fin, rsv, opcode, payload_len, mask }, payload);
        match self.odd {
            Odd::NotMinimal if payload.len() < 126 => {
                let long = 0x7f | octets[1] & 0x80;
                octets.splice(1..2, [&[long][..], &payload_len.to_be_bytes()].concat());
            }
            Odd::Bytewise => {
                for octet in octets {
                    self.stream.write_all(&[octet]).await?;
                }
                return Ok(());
            }
            _ => {}
        }
        self.stream.write_all(&octets).await
    }

    pub(super) async fn close(&mut self, code: Option<u16>) -> io::Result<()> {
        let code = match self.odd {
            Odd::EmptyClose => None,
            Odd::Code1012 => Some(1012),
            Odd::Code1005 => Some(1005),
            _ => code,
        };
        let mut payload = code.map(u16::to_be_bytes).map_or(vec![], Vec::from);
        match self.odd {
            Odd::LongClose => payload = [&[3, 232][..], &[b'x'; 124]].concat(),
            Odd::BadReason => payload = b"\x03\xe8\xff\xfe".to_vec(),
            Odd::OneOctetClose => payload.truncate(1),
            _ => {}
        }
        self.close_sent = true;
        self.send(Opcode::CLOSE, &payload).await?;
        match self.odd {
            Odd::CloseTwice => self.send(Opcode::CLOSE, &payload).await,
            Odd::DataAfterClose => self.send(Opcode::TEXT, b"one more thing").await,
            _ => Ok(()),
        }
    }

    pub(super) async fn echo(&mut self, opcode: Opcode, mut message: Vec<u8>) -> io::Result<Then> {
        match self.odd {
            Odd::Pingy => self.send(Opcode::PING, b"before").await?,
            Odd::Pongy => self.send(Opcode::PONG, b"before").await?,
            Odd::Twice => self.send(opcode, &message).await?,
            Odd::Opcode3 => self.send(Opcode(3), b"before").await?,
            Odd::LateEcho => tokio::time::sleep(LATE).await,
            Odd::Altered => {
                // A character of one octet for another, so that text stays text.
                if let Some(first) = message.first_mut().filter(|first| first.is_ascii()) {
                    *first ^= 1;
                }
            }
            _ => {}
        }
        match self.odd {
            Odd::WrongType => {
                let other = if opcode == Opcode::TEXT { Opcode::BINARY } else { Opcode::TEXT };
                self.send(other, &message).await?;
            }
            Odd::Fragments => self.in_fragments(opcode, 0, &message).await?,
            Odd::Rsv2 => self.send_frame(opcode, true, RSV2, &message).await?,
            Odd::Rsv1NotAgreed => self.send_frame(opcode, true, RSV1, &message).await?,
            Odd::HalfFrame => {
                self.stream.write_all(&[0x81]).await?;
                return Ok(Then::Close);
            }
            Odd::Uncompressed => self.send(opcode, &message).await?,
            _ => self.compressed(opcode, &message).await?,
        }
        Ok(Then::GoOn)
    }

    /// Sends a message compressed, if that is agreed.
    async fn compressed(&mut self, opcode: Opcode, message: &[u8]) -> io::Result<()> {
        let Some(codec) = &mut self.codec else { return self.send(opcode, message).await };
        let mut octets = codec.compress(message).expect("a window that zlib has");
        match self.odd {
            Odd::Truncated => octets.truncate(octets.len() / 2),
            Odd::Garbage => octets = vec![0xff; octets.len()],
            Odd::FinalBlock => octets.extend_from_slice(&[0, 0, 0xff, 0xff, 3, 0]),
            Odd::Rsv1Continuation => return self.in_fragments(opcode, RSV1, &octets).await,
            _ => {}
        }
        self.send_frame(opcode, true, RSV1, &octets).await
    }

    async fn in_fragments(&mut self, opcode: Opcode, rsv: u8, message: &[u8]) -> io::Result<()> {
        let mut opcode = opcode;
        let mut rest = message;
        loop {
            let (fragment, behind) = rest.split_at(rest.len().min(7));
            self.send_frame(opcode, behind.is_empty(), rsv, fragment).await?;
            if behind.is_empty() {
                return Ok(());
            }
            (opcode, rest) = (Opcode::CONTINUATION, behind);
        }
    }
}
