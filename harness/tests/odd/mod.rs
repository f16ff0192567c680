//! Endpoints that are each odd in one way, and one that is not: made to be judged, as servers and
//! as clients.
//!
//! They write and read frames with the engine's own codec, and decide everything by themselves.
#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(unreachable_pub, reason = "a module of each test binary, not a library")]

mod kinds;
mod opening;
mod output;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use ws_harness::conformance::case::Opcode;
use ws_harness::conformance::deflate::Codec;
use ws_harness::conformance::wire::{self, Header};
use ws_harness::report::schema::Role;

pub use kinds::Odd;

impl Odd {
    /// Listens at a port of its own and serves until the test ends.
    pub async fn listen(self) -> SocketAddr {
        self.listen_at(([127, 0, 0, 1], 0).into()).await
    }

    /// As [`listen`](Self::listen), at `address`.
    pub async fn listen_at(self, address: SocketAddr) -> SocketAddr {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let server = self.endpoint(stream, Role::Server);
                // An error is the peer's end of it.
                tokio::spawn(async move { drop(server.serve().await) });
            }
        });
        address
    }

    /// Asks for `resource` at `address` and goes on until either end has had enough. Returns the
    /// first text that came, or the line that refused.
    pub async fn visit(self, address: SocketAddr, resource: &str) -> Option<String> {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut client = self.endpoint(stream, Role::Client);
        // An error is the peer's end of it.
        drop(client.dial(address, resource).await);
        client.first_text
    }

    fn endpoint(self, stream: TcpStream, role: Role) -> Endpoint {
        Endpoint {
            odd: self,
            role,
            stream,
            input: Vec::new(),
            message: None,
            codec: None,
            close_sent: false,
            first_text: None,
        }
    }
}

/// What becomes of a connection after a frame.
enum Then {
    GoOn,
    Close,
    Reset,
    /// Keeps TCP open and reads nothing more into meaning.
    Idle,
}

/// What has come of a message.
struct Message {
    opcode: Opcode,
    compressed: bool,
    payload: Vec<u8>,
}

/// Longer than the suite waits for anything that it waits for a second.
const LATE: Duration = Duration::from_millis(1700);

struct Endpoint {
    odd: Odd,
    role: Role,
    stream: TcpStream,
    input: Vec<u8>,
    message: Option<Message>,
    /// Once permessage-deflate is agreed.
    codec: Option<Codec>,
    close_sent: bool,
    first_text: Option<String>,
}

impl Endpoint {
    async fn converse(&mut self) -> io::Result<()> {
        if self.odd == Odd::Greeting {
            self.send(Opcode::TEXT, b"greetings").await?;
        }
        if self.odd == Odd::CloseFirst {
            self.close(Some(1000)).await?;
        }
        loop {
            let Some((header, header_len)) = Header::read(&self.input) else {
                self.read().await?;
                continue;
            };
            let len = usize::try_from(header.payload_len).unwrap();
            if self.input.len() < header_len + len {
                self.read().await?;
                continue;
            }
            let mut payload = self.input[header_len..header_len + len].to_vec();
            self.input.drain(..header_len + len);
            if let Some(key) = header.mask {
                wire::mask(key, 0, &mut payload);
            }
            match self.frame(header, payload).await? {
                Then::GoOn => {}
                Then::Close => return Ok(()),
                Then::Reset => return self.stream.set_zero_linger(),
                Then::Idle => loop {
                    self.read().await?;
                },
            }
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// The close code for a frame that may not be.
    fn violation(&self, header: &Header, payload: &[u8]) -> Option<u16> {
        let inside = self.message.is_some();
        let bad_close = || match payload {
            [] => false,
            [_] => true,
            [high, low, ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
            }
        };
        let may_compress = self.codec.is_some() && matches!(header.opcode.0, 1 | 2);
        let broken = (header.rsv != 0 && !(header.rsv == 4 && may_compress))
            || header.mask.is_some() == (self.role == Role::Client)
            || match header.opcode.0 {
                0 => !inside,
                1 | 2 => inside,
                8..=10 => !header.fin || header.payload_len > 125,
                _ => true,
            };
        if broken || (header.opcode == Opcode::CLOSE && bad_close()) {
            return Some(1002);
        }
        let reason = payload.get(2..).unwrap_or_default();
        let bad_reason = header.opcode == Opcode::CLOSE && std::str::from_utf8(reason).is_err();
        bad_reason.then_some(1007)
    }

    async fn frame(&mut self, header: Header, payload: Vec<u8>) -> io::Result<Then> {
        if self.odd == Odd::Silent {
            return Ok(Then::GoOn);
        }
        if self.close_sent {
            // Only the peer's Close still counts.
            return Ok(match (header.opcode, self.odd) {
                (Opcode::CLOSE, Odd::NoDrop) => Then::Idle,
                (Opcode::CLOSE, _) => Then::Close,
                _ => Then::GoOn,
            });
        }
        if let Some(code) = self.violation(&header, &payload)
            && !(self.odd == Odd::Lenient && header.opcode == Opcode::CLOSE)
            && !(self.odd == Odd::NoCloseReply && header.opcode == Opcode::CLOSE)
        {
            let then = self.fail(code).await?;
            // The peer has said its last word, so there is no other to wait for.
            let last = header.opcode == Opcode::CLOSE && matches!(then, Then::GoOn);
            return Ok(match self.odd {
                Odd::NoDrop if last => Then::Idle,
                _ if last => Then::Close,
                _ => then,
            });
        }
        match header.opcode {
            Opcode::PING if self.odd == Odd::NoPong => {}
            Opcode::PING => {
                if self.odd == Odd::LatePong {
                    tokio::time::sleep(LATE).await;
                }
                self.send(Opcode::PONG, &payload).await?;
            }
            Opcode::PONG => {}
            Opcode::CLOSE => return self.answer_close(&payload).await,
            opcode => {
                let compressed = header.rsv == 4;
                let begun = || Message { opcode, compressed, payload: Vec::new() };
                self.message.get_or_insert_with(begun).payload.extend_from_slice(&payload);
                if let Some(message) = self.message.take_if(|_| header.fin) {
                    return self.handle_message(message).await;
                }
            }
        }
        Ok(Then::GoOn)
    }

    async fn handle_message(&mut self, message: Message) -> io::Result<Then> {
        let Message { opcode, compressed, payload: mut message } = message;
        if let Some(codec) = self.codec.as_mut().filter(|_| compressed) {
            codec.begin();
            let expanded = codec.expand(&message, usize::MAX);
            let Ok(expanded) = expanded.and_then(|octets| codec.end().map(|()| octets)) else {
                return self.fail(1007).await;
            };
            message = expanded;
        }
        let bad = opcode == Opcode::TEXT && std::str::from_utf8(&message).is_err();
        match self.odd {
            Odd::SwallowUtf8 if bad => return Ok(Then::GoOn),
            Odd::Lenient => {}
            _ if bad => return self.fail(1007).await,
            _ => {}
        }
        if opcode == Opcode::TEXT && self.first_text.is_none() {
            self.first_text = Some(String::from_utf8_lossy(&message).into_owned());
        }
        self.echo(opcode, message).await
    }

    async fn fail(&mut self, code: u16) -> io::Result<Then> {
        match self.odd {
            Odd::Lenient => return Ok(Then::GoOn),
            Odd::DropRaw => return Ok(Then::Close),
            Odd::Rst => return Ok(Then::Reset),
            Odd::FireAndClose => {
                self.close(Some(code)).await?;
                return Ok(Then::Close);
            }
            Odd::WrongCode => self.close(Some(1008)).await?,
            _ => self.close(Some(code)).await?,
        }
        Ok(Then::GoOn)
    }

    async fn answer_close(&mut self, payload: &[u8]) -> io::Result<Then> {
        let code = match payload {
            [high, low, ..] => Some(u16::from_be_bytes([*high, *low])),
            [_] => Some(1000),
            [] => None,
        };
        if self.odd == Odd::LateClose {
            tokio::time::sleep(LATE).await;
        }
        match self.odd {
            Odd::NoCloseReply => return Ok(Then::GoOn),
            Odd::CloseTcp => return Ok(Then::Close),
            Odd::WrongCode => self.close(Some(1011)).await?,
            _ => self.close(code).await?,
        }
        Ok(if self.odd == Odd::NoDrop { Then::Idle } else { Then::Close })
    }
}
