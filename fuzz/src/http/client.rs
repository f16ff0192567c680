//! A whole opening of our client: the handshake, then the frames behind it.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use ws_core::connection::Config;
use ws_core::deflate::Deflate;
use ws_core::frame::CloseCode;
use ws_core::handshake::ServerHandshake;
use ws_core::io::{Error, Transport, WebSocket, connect_over};
use ws_core::{Message, Role};

use super::response::{answer, dialer};
use super::{ACCEPT, limits};
use crate::input::pieces;
use crate::support::{Driver, Seen};

/// A 101 with any field lines among its own, then frames: if it is taken, the frames are what lies
/// behind its head, to the octet: a blocking client that dials, is given this answer in pieces, and
/// receives, hears what a connection hears that is fed the frames alone. The first octet seeds the
/// cuts and how the client receives, the second is the length of the lines.
pub fn client_handshake(octets: &[u8]) {
    let Some((&[seed, len], rest)) = octets.split_first_chunk() else { return };
    let (lines, frames) = rest.split_at(usize::from(len).min(rest.len()));
    let mut input = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n".to_vec();
    input.extend_from_slice(lines);
    let tail = format!("Connection: Upgrade\r\nSec-WebSocket-Accept: {ACCEPT}\r\n\r\n");
    input.extend_from_slice(tail.as_bytes());
    input.extend_from_slice(frames);
    // Lines from anybody may end the head themselves.
    let end = input.windows(4).position(|octets| octets == b"\r\n\r\n").expect("an empty line");
    let head_len = end + 4;
    let whole = answer(&[&input]);
    let singly: Vec<&[u8]> = input.chunks(1).collect();
    assert_eq!(answer(&singly), whole, "cut into octets");
    assert_eq!(answer(&pieces(seed, &input)), whole, "cut at random");
    let peer = Peer::new(&input, head_len, seed);
    let opened = connect_over(peer, &dialer(), Config::with_limits(limits()));
    match whole {
        Ok(Some(answered)) => {
            assert_eq!(answered.head_len, head_len);
            let mut socket = opened.expect("a 101 that is taken");
            let mut driver = Driver::new(Role::Client, Config::with_limits(limits()));
            assert_eq!(socket.deflate(), answered.deflate);
            if let Some(params) = answered.deflate {
                driver.connection.set_deflate(&Deflate::default(), params);
            }
            driver.feed(&input[head_len..]).end_of_stream();
            let mut told = driver.log().events;
            told.retain(|seen| !matches!(seen, Seen::Ping(_) | Seen::Pong(_)));
            assert_eq!(receive(&mut socket, seed), told, "the frames behind the head");
        }
        // The head is there: it is good, or it is not.
        Ok(None) => panic!("an empty line ends a head"),
        Err(error) => {
            assert!(!lines.is_empty(), "nothing is wrong with our own lines");
            match opened {
                Err(Error::Handshake(said)) => assert_eq!(said, error),
                other => panic!("{other:?}, not {error:?}"),
            }
        }
    }
}

/// All that a client hears, up to its end, in one of three ways.
fn receive(socket: &mut WebSocket<Peer>, way: u8) -> Vec<Seen> {
    let mut told = Vec::new();
    loop {
        let received = match way % 3 {
            0 => socket.recv().map(|message| message.map(owned)),
            1 => socket.recv_lent().map(|m| m.map(|m| Seen::message(m.kind, m.payload.to_vec()))),
            _ => read(socket),
        };
        match received {
            Ok(Some(message)) => told.push(message),
            Ok(None) => break,
            // It would block: nothing is lost, and it is asked again.
            Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            Err(Error::Failed(failure)) => {
                told.push(Seen::Failed(failure));
                return told;
            }
            Err(error) => panic!("{error}"),
        }
    }
    let close = socket.peer_close().expect("a clean end");
    let frame = (close.code != CloseCode::NO_STATUS)
        .then(|| (close.code.get(), close.reason.as_str().to_owned()));
    told.push(Seen::Close(frame));
    told
}

fn owned(message: Message) -> Seen {
    Seen::message(message.kind(), message.payload().to_vec())
}

/// A message by its reader, a few octets at a time.
fn read(socket: &mut WebSocket<Peer>) -> Result<Option<Seen>, Error> {
    let Some(mut reader) = socket.reader()? else { return Ok(None) };
    let (kind, mut payload) = (reader.kind(), Vec::new());
    let mut some = [0; 7];
    loop {
        match reader.read(&mut some) {
            Ok(0) => return Ok(Some(Seen::message(kind, payload))),
            Ok(read) => payload.extend_from_slice(&some[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // Closed in the middle of it.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error.downcast::<Error>().expect("the connection's own")),
        }
    }
}

/// The server's end in memory: it answers the key that it was sent, and breaks off its reads, though
/// never its answer in a way that means that it is late.
#[derive(Debug)]
struct Peer {
    /// As it is sent, but for the answer to the key.
    wire: Vec<u8>,
    head_len: usize,
    /// What reads bring, the last one first.
    lens: Vec<usize>,
    request: Vec<u8>,
    sent: usize,
    /// The last call was broken off.
    rested: bool,
}

impl Peer {
    fn new(wire: &[u8], head_len: usize, seed: u8) -> Self {
        let mut lens: Vec<_> = pieces(seed, wire).into_iter().map(<[u8]>::len).collect();
        lens.reverse();
        let (request, wire) = (Vec::new(), wire.to_vec());
        Self { wire, head_len, lens, request, sent: 0, rested: false }
    }

    /// Puts the answer to the key wherever the one to the sample key stands.
    fn answer(&mut self) {
        let mut server = ServerHandshake::new(&limits());
        let asked = server.handle_input(&self.request).expect("a good request");
        let accept = asked.expect("a whole one").key.accept();
        let mut at = 0;
        while let Some(wire) =
            self.wire.get_mut(at..at + ACCEPT.len()).filter(|_| at < self.head_len)
        {
            if wire == ACCEPT.as_bytes() {
                wire.copy_from_slice(&accept);
            }
            at += 1;
        }
    }
}

impl Read for Peer {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.sent == 0 {
            self.answer();
        }
        self.rested = !self.rested;
        if self.rested {
            let in_head = self.sent < self.head_len || self.sent.is_multiple_of(2);
            return Err(if in_head { ErrorKind::Interrupted } else { ErrorKind::WouldBlock }.into());
        }
        let Some(len) = self.lens.pop() else { return Ok(0) };
        let now = len.min(to.len());
        if now < len {
            self.lens.push(len - now);
        }
        to[..now].copy_from_slice(&self.wire[self.sent..self.sent + now]);
        self.sent += now;
        Ok(now)
    }
}

impl Write for Peer {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let len = octets.len().min(97);
        if self.sent == 0 {
            self.request.extend_from_slice(&octets[..len]);
        }
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Transport for Peer {
    fn shut_down(&mut self) -> io::Result<bool> {
        Ok(true)
    }

    fn set_read_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }
}
