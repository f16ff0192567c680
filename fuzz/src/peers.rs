//! What other crates make of the same octets. Each difference is one that is listed and explained in
//! [`crate::differences`], or a finding.

use std::io::{self, Read, Write};

use futures_core::Stream as _;
use ws_core::connection::Config;
use ws_core::{Limits, Role};

use crate::differences::{self, Difference, Known};
use crate::support::{Driver, Seen};
use crate::tokio_support::{Task, wire};

/// What a message may take, in one frame or in several: not all peers have two limits.
pub(crate) const MAX_LEN: usize = 300;

/// What an endpoint makes of all octets that a peer sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Heard {
    /// Messages and control frames, without the Close.
    pub(crate) told: Vec<Seen>,
    /// How it ended.
    pub(crate) end: End,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// It did not: more octets are awaited.
    Open,
    /// With a Close frame.
    Closed(Option<(u16, String)>),
    /// The peer was found to break a rule, or exceeds a limit.
    Failed,
}

/// What is explained: the octets, and what both made of them.
#[derive(Debug)]
pub struct Compared<'a> {
    pub(crate) role: Role,
    pub(crate) wire: &'a [u8],
    /// What they make of any octets.
    pub(crate) peer: fn(Role, &[u8]) -> Heard,
    pub(crate) ours: Heard,
    pub(crate) theirs: Heard,
}

/// tungstenite tells what we tell, up to the differences that are listed. Bit 0 of the first octet is
/// the role.
pub fn diff_tungstenite(octets: &[u8]) {
    tungstenite_differs(octets);
}

/// tokio-websockets tells what we tell, up to the differences that are listed. Bit 0 of the first
/// octet is the role.
pub fn diff_tokio_websockets(octets: &[u8]) {
    tokio_websockets_differs(octets);
}

/// The listed difference that these octets show, if they show one.
pub fn tungstenite_differs(octets: &[u8]) -> Option<&'static Difference> {
    compare(octets, |role, wire| tungstenite_hears(role, wire, MAX_LEN), differences::TUNGSTENITE)
}

/// The listed difference that these octets show, if they show one.
pub fn tokio_websockets_differs(octets: &[u8]) -> Option<&'static Difference> {
    compare(octets, tokio_websockets_hears, differences::TOKIO_WEBSOCKETS)
}

/// The listed difference of a peer that these octets show, if they show one. Bit 0 of the first octet is
/// the role.
///
/// # Panics
///
/// They show one that is not listed.
pub fn compare(
    octets: &[u8],
    peer: fn(Role, &[u8]) -> Heard,
    known: Known,
) -> Option<&'static Difference> {
    let (&settings, wire) = octets.split_first()?;
    let role = if settings & 1 == 0 { Role::Server } else { Role::Client };
    let (ours, theirs) = (ours(role, wire), peer(role, wire));
    let compared = Compared { role, wire, peer, ours, theirs };
    if compared.ours == compared.theirs {
        return None;
    }
    let explained = known.iter().find(|difference| (difference.explains)(&compared));
    assert!(explained.is_some(), "{role:?}: a difference that is not listed: {compared:#?}");
    explained
}

/// What a connection of ours makes of these octets.
pub(crate) fn ours(role: Role, wire: &[u8]) -> Heard {
    // How many Pings are too many is our policy, which they do not have.
    let limits = Limits::builder().max_message_len(MAX_LEN as u64).max_pings(u32::MAX);
    let limits = limits.build().expect("they fit");
    let mut driver = Driver::new(role, Config::with_limits(limits));
    let mut told = driver.feed(wire).log().events;
    let end = match told.pop_if(|seen| seen.is_terminal()) {
        None => End::Open,
        Some(Seen::Close(frame)) => End::Closed(frame),
        Some(_) => End::Failed,
    };
    Heard { told, end }
}

/// Octets to read, and a writer that forgets.
struct Octets<'a>(&'a [u8]);

impl Read for Octets<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.0.read(to)
    }
}

impl Write for Octets<'_> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What tungstenite makes of these octets, if it takes so many in a message.
pub(crate) fn tungstenite_hears(role: Role, wire: &[u8], max_len: usize) -> Heard {
    use tungstenite::protocol::{Role as Theirs, WebSocketConfig};
    use tungstenite::{Error, Message, WebSocket, error::ProtocolError};

    let theirs = match role {
        Role::Server => Theirs::Server,
        Role::Client => Theirs::Client,
    };
    let config = WebSocketConfig::default()
        .max_message_size(Some(max_len))
        .max_frame_size(Some(max_len))
        .read_buffer_size(4096);
    let mut socket = WebSocket::from_raw_socket(Octets(wire), theirs, Some(config));
    let mut told = Vec::new();
    let end = loop {
        told.push(match socket.read() {
            Ok(Message::Text(text)) => Seen::Text(text.as_bytes().to_vec()),
            Ok(Message::Binary(octets)) => Seen::Binary(octets.to_vec()),
            Ok(Message::Ping(payload)) => Seen::Ping(payload.to_vec()),
            Ok(Message::Pong(payload)) => Seen::Pong(payload.to_vec()),
            Ok(Message::Close(frame)) => {
                break End::Closed(frame.map(|f| (f.code.into(), f.reason.as_str().to_owned())));
            }
            Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => break End::Open,
            Err(Error::Protocol(_) | Error::Capacity(_) | Error::Utf8(_)) => break End::Failed,
            other => panic!("{other:?}"),
        });
    };
    Heard { told, end }
}

/// What tokio-websockets makes of these octets.
fn tokio_websockets_hears(role: Role, wire_octets: &[u8]) -> Heard {
    use tokio_websockets::{ClientBuilder, Error, Limits, ServerBuilder};

    let limits = Limits::default().max_payload_len(Some(MAX_LEN));
    let (io, remote) = wire();
    remote.push(wire_octets);
    remote.end();
    let mut socket = match role {
        Role::Server => ServerBuilder::new().limits(limits).serve(io),
        Role::Client => ClientBuilder::new().limits(limits).take_over(io),
    };
    let mut told = Vec::new();
    let end = loop {
        let mut next = std::future::poll_fn(|cx| std::pin::Pin::new(&mut socket).poll_next(cx));
        let std::task::Poll::Ready(heard) = Task::new().poll(&mut next) else {
            panic!("all octets are there, and their end")
        };
        told.push(match heard {
            None => break End::Open,
            Some(Err(Error::Protocol(_) | Error::PayloadTooLong { .. })) => break End::Failed,
            // The stream ends inside a frame.
            Some(Err(Error::Io(_))) => break End::Open,
            Some(Err(error)) => panic!("{error}"),
            Some(Ok(message)) => {
                let payload = message.as_payload().to_vec();
                match () {
                    () if message.is_text() => Seen::Text(payload),
                    () if message.is_binary() => Seen::Binary(payload),
                    () if message.is_ping() => Seen::Ping(payload),
                    () if message.is_pong() => Seen::Pong(payload),
                    () if payload.is_empty() => break End::Closed(None),
                    () => {
                        let (code, reason) = message.as_close().expect("a Close frame");
                        break End::Closed(Some((code.into(), reason.to_owned())));
                    }
                }
            }
        });
    };
    Heard { told, end }
}
