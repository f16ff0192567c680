//! The client's opening handshake over a blocking transport, within its deadline (RFC 6455 §4.1).
//!
//! In: a URL, and a transport if there is one. Out: a [`WebSocket`], or whose fault it was.

use alloc::vec::Vec;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::time::Instant;

use super::error::Error;
use super::transport::Transport;
use super::websocket::WebSocket;
use crate::connection::Config;
use crate::handshake::{ClientHandshake, HandshakeError, Url};

/// Octets read at a time.
const STEP: usize = 1024;

/// Dials `url` (`ws://host[:port]/path?query`) over TCP, with `TCP_NODELAY`.
///
/// # Errors
///
/// [`Error::Handshake`]: the URL cannot be dialled (before any I/O), the answer is not the one that
/// was asked for, or it was not there within
/// [`Limits::handshake_timeout`](crate::Limits::handshake_timeout). [`Error::Io`].
pub fn connect(url: &str, config: Config) -> Result<WebSocket<TcpStream>, Error> {
    let parsed = Url::parse(url).map_err(HandshakeError::from)?;
    let io = TcpStream::connect((parsed.host(), parsed.port()))?;
    io.set_nodelay(true)?;
    connect_over(io, url, config)
}

/// Dials `url` over a transport that is connected already.
///
/// # Errors
///
/// As [`connect`].
pub fn connect_over<S: Transport>(
    mut io: S,
    url: &str,
    config: Config,
) -> Result<WebSocket<S>, Error> {
    let url = Url::parse(url).map_err(HandshakeError::from)?;
    let deadline = Instant::now().checked_add(config.limits.handshake_timeout());
    let mut request = Vec::new();
    let mut handshake = ClientHandshake::new(&url, &config.limits, rand::random(), &mut request);
    io.write_all(&request)?;
    io.flush()?;
    let mut head = Vec::new();
    loop {
        match read_more(&mut io, &mut head, deadline) {
            Ok(0) => return Err(handshake.handle_end_of_stream().into()),
            Ok(_) => {}
            Err(error) if is_late(&error) => return Err(handshake.handle_timeout().into()),
            Err(error) => return Err(error.into()),
        }
        if let Some(response) = handshake.handle_input(&head)? {
            let head_len = response.head_len();
            let received = head.split_off(head_len.min(head.len()));
            io.set_read_timeout(None)?;
            return Ok(WebSocket::client(io, config, &received));
        }
    }
}

/// Appends what one read brings, no later than `deadline`.
pub(super) fn read_more(
    io: &mut impl Transport,
    head: &mut Vec<u8>,
    deadline: Option<Instant>,
) -> io::Result<usize> {
    if let Some(deadline) = deadline {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        io.set_read_timeout(Some(left))?;
    }
    let mut step = [0; STEP];
    loop {
        match io.read(&mut step) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(read) => {
                head.extend_from_slice(step.get(..read).unwrap_or_default());
                return Ok(read);
            }
        }
    }
}

/// Whether a read that was given a timeout has met it.
pub(super) fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
