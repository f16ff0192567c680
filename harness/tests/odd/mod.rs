//! Endpoints that are each odd in one way, and one that is not: made to be judged, as servers and
//! as clients.
//!
//! They write and read frames with the engine's own codec, and decide everything by themselves.
#![allow(dead_code, reason = "each test binary uses its own part of this")]
#![allow(unreachable_pub, reason = "a module of each test binary, not a library")]

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use ws_harness::conformance::case::Opcode;
use ws_harness::conformance::opening::accept;
use ws_harness::conformance::opening::head::Head;
use ws_harness::conformance::wire::{self, Header};
use ws_harness::report::schema::Role;

/// One way of being odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// Not at all: checks frames, checks UTF-8 when the message ends, echoes close codes.
    Good,
    /// Never answers a Close.
    NoCloseReply,
    /// Answers a Close and keeps TCP open.
    NoDrop,
    /// Closes TCP on a violation, without a Close.
    DropRaw,
    /// Resets TCP on a violation.
    Rst,
    /// Sends Close on a violation and closes TCP at once.
    FireAndClose,
    /// Says 1008 on a violation, and answers a Close with 1011.
    WrongCode,
    /// Never puts a code in a Close.
    EmptyClose,
    /// Swallows bad frames, echoes what is not UTF-8, answers any Close.
    Lenient,
    /// Opens, and then does nothing.
    Silent,
    /// Sends Close right after the answer.
    CloseFirst,
    /// Closes TCP in answer to a Close.
    CloseTcp,
    /// Sends a Ping before each echo.
    Pingy,
    /// Sends a Pong that nobody asked for before each echo.
    Pongy,
    /// Echoes everything twice.
    Twice,
    /// Masks its frames as a server, does not as a client.
    Masked,
    /// Says 1012 whatever it is about.
    Code1012,
    /// Closes TCP in place of an answer.
    TcpClose,
    /// Answers 400.
    Http400,
    /// Answers with a wrong Sec-WebSocket-Accept.
    BadAccept,
}

impl Odd {
    pub fn named(name: &str) -> Self {
        match name {
            "good" => Self::Good,
            "noclosereply" => Self::NoCloseReply,
            "nodrop" => Self::NoDrop,
            "dropraw" => Self::DropRaw,
            "rst" => Self::Rst,
            "fireandclose" => Self::FireAndClose,
            "wrongcode" => Self::WrongCode,
            "emptyclose" => Self::EmptyClose,
            "lenient" => Self::Lenient,
            "silent" => Self::Silent,
            "closefirst" => Self::CloseFirst,
            "closetcp" => Self::CloseTcp,
            "pingy" => Self::Pingy,
            "pongy" => Self::Pongy,
            "twice" => Self::Twice,
            "masked" => Self::Masked,
            "code1012" => Self::Code1012,
            "tcpclose" => Self::TcpClose,
            "http400" => Self::Http400,
            "badaccept" => Self::BadAccept,
            _ => panic!("no such server: {name}"),
        }
    }

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

struct Endpoint {
    odd: Odd,
    role: Role,
    stream: TcpStream,
    input: Vec<u8>,
    message: Option<(Opcode, Vec<u8>)>,
    close_sent: bool,
    first_text: Option<String>,
}

impl Endpoint {
    async fn head(&mut self) -> io::Result<Head> {
        loop {
            if let Some(len) = Head::len_in(&self.input) {
                return Ok(Head::read(&self.input.drain(..len).collect::<Vec<u8>>()));
            }
            self.read().await?;
        }
    }

    async fn dial(&mut self, address: SocketAddr, resource: &str) -> io::Result<()> {
        let request = format!(
            "GET {resource} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Version: 13\r\n\r\n"
        );
        self.stream.write_all(request.as_bytes()).await?;
        let answer = self.head().await?;
        if !answer.first_line.contains("101") {
            self.first_text = Some(answer.first_line);
            return Ok(());
        }
        if self.odd == Odd::TcpClose {
            return Ok(());
        }
        self.converse().await
    }

    async fn serve(mut self) -> io::Result<()> {
        let head = self.head().await?;
        let mut accept = accept(&head.field("sec-websocket-key").unwrap_or_default());
        match self.odd {
            Odd::TcpClose => return Ok(()),
            Odd::Http400 => {
                return self.stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            }
            Odd::BadAccept => accept = accept.to_lowercase(),
            _ => {}
        }
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        self.stream.write_all(answer.as_bytes()).await?;
        self.converse().await
    }

    async fn converse(&mut self) -> io::Result<()> {
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

    async fn send(&mut self, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        // The odd one does what the other role has to.
        let masks = (self.role == Role::Client) != (self.odd == Odd::Masked);
        let mask = masks.then_some([1, 2, 3, 4]);
        let payload_len = payload.len() as u64;
        let header = Header { fin: true, rsv: 0, opcode, payload_len, mask };
        self.stream.write_all(&wire::frame(&header, payload)).await
    }

    async fn close(&mut self, code: Option<u16>) -> io::Result<()> {
        let code = match self.odd {
            Odd::EmptyClose => None,
            Odd::Code1012 => Some(1012),
            _ => code,
        };
        self.close_sent = true;
        self.send(Opcode::CLOSE, &code.map(u16::to_be_bytes).map_or(vec![], Vec::from)).await
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
        let broken = header.rsv != 0
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
            Opcode::PING => self.send(Opcode::PONG, &payload).await?,
            Opcode::PONG => {}
            Opcode::CLOSE => return self.answer_close(&payload).await,
            opcode => {
                let (_, message) = self.message.get_or_insert((opcode, Vec::new()));
                message.extend_from_slice(&payload);
                if let Some((opcode, message)) = self.message.take_if(|_| header.fin) {
                    return self.echo(opcode, message).await;
                }
            }
        }
        Ok(Then::GoOn)
    }

    async fn echo(&mut self, opcode: Opcode, message: Vec<u8>) -> io::Result<Then> {
        let bad = opcode == Opcode::TEXT && std::str::from_utf8(&message).is_err();
        if bad && self.odd != Odd::Lenient {
            return self.fail(1007).await;
        }
        if opcode == Opcode::TEXT && self.first_text.is_none() {
            self.first_text = Some(String::from_utf8_lossy(&message).into_owned());
        }
        match self.odd {
            Odd::Pingy => self.send(Opcode::PING, b"before").await?,
            Odd::Pongy => self.send(Opcode::PONG, b"before").await?,
            Odd::Twice => self.send(opcode, &message).await?,
            _ => {}
        }
        self.send(opcode, &message).await?;
        Ok(Then::GoOn)
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
        match self.odd {
            Odd::NoCloseReply => return Ok(Then::GoOn),
            Odd::CloseTcp => return Ok(Then::Close),
            Odd::WrongCode => self.close(Some(1011)).await?,
            _ => self.close(code).await?,
        }
        Ok(if self.odd == Odd::NoDrop { Then::Idle } else { Then::Close })
    }
}
