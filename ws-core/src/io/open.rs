//! The server's opening handshake over a blocking transport, within its deadline (RFC 6455 §4).
//!
//! In: a transport. Out: a [`WebSocket`], or whose fault it was.

use alloc::vec::Vec;
use std::io::{self, ErrorKind};
use std::time::Instant;

use super::error::Error;
use super::transport::Transport;
use super::websocket::WebSocket;
use crate::connection::Config;
use crate::handshake::{HandshakeError, Rejection, ServerHandshake};
use crate::limits::Limits;

/// Octets read at a time.
const STEP: usize = 1024;

/// Accepts a client's opening handshake on `io`.
///
/// # Errors
///
/// [`Error::Handshake`]: the request was refused, and the refusal sent; or it was not there within
/// [`Limits::handshake_timeout`], where the transport can be timed. [`Error::Io`].
pub fn accept<S: Transport>(mut io: S, config: Config) -> Result<WebSocket<S>, Error> {
    let deadline = Instant::now().checked_add(config.limits.handshake_timeout());
    let mut handshake = ServerHandshake::new(&config.limits);
    let mut head = Vec::new();
    let accepted = loop {
        match read_more(&mut io, &mut head, deadline) {
            Ok(0) => return Err(handshake.handle_end_of_stream().into()),
            Ok(_) => {}
            Err(error) if is_late(&error) => break Err(handshake.handle_timeout()),
            Err(error) => return Err(error.into()),
        }
        match handshake.handle_input(&head) {
            Ok(None) => {}
            Ok(Some(request)) => {
                let mut answer = Vec::new();
                request.accept(&mut answer);
                break Ok(answer);
            }
            Err(rejection) => break Err(rejection),
        }
    };
    match accepted {
        Ok(answer) => {
            io.write_all(&answer)?;
            io.flush()?;
            io.set_read_timeout(None)?;
            Ok(WebSocket::server(io, config))
        }
        Err(rejection) => {
            let _ = refuse(&mut io, rejection, &config.limits);
            Err(HandshakeError::from(rejection).into())
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

/// Sends a refusal and ends the stream; what the peer still sends is read and dropped for a while,
/// so that the answer is not lost to a TCP reset.
fn refuse(io: &mut impl Transport, rejection: Rejection, limits: &Limits) -> io::Result<()> {
    let mut answer = Vec::new();
    rejection.write(&mut answer);
    io.write_all(&answer)?;
    io.flush()?;
    if io.shut_down()? {
        let deadline = Instant::now().checked_add(limits.fin_timeout());
        let mut dropped = Vec::new();
        while read_more(io, &mut dropped, deadline)? > 0 {
            dropped.clear();
        }
    }
    Ok(())
}

/// Whether a read that was given a timeout has met it.
pub(super) fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
