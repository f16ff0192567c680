//! The server's opening handshake over a blocking transport, within its deadline (RFC 6455 §4.2).
//!
//! In: a transport, and who decides. Out: a [`WebSocket`] and what was agreed, or whose fault it was.

use alloc::vec::Vec;
use std::io;
use std::time::Instant;

use super::error::Error;
use super::open::{is_late, read_more, set_no_timeout, write_all};
use super::transport::Transport;
use super::websocket::WebSocket;
use crate::connection::Config;
use crate::handshake::{Agreed, Configured, HandshakeError, Upgrade, Upgrader};
use crate::limits::Limits;

/// A 101 with a subprotocol and an extension fits.
const ANSWER_ROOM: usize = 256;

/// Accepts a client's opening handshake on `io`: every good request, without a subprotocol, and with
/// the extensions that `config` says.
///
/// # Errors
///
/// [`Error::Handshake`]: the request was refused, and the refusal sent; or it was not there within
/// [`Limits::handshake_timeout`], where the transport can be timed. [`Error::Io`].
pub fn accept<S: Transport>(io: S, config: Config) -> Result<WebSocket<S>, Error> {
    accept_with(io, config, ()).map(|(socket, _)| socket)
}

/// Accepts a client's opening handshake on `io`, if `policy` does. `policy` is asked about an
/// extension before `config` is.
///
/// # Errors
///
/// As [`accept`].
pub fn accept_with<S: Transport>(
    mut io: S,
    config: Config,
    policy: impl Upgrade,
) -> Result<(WebSocket<S>, Agreed), Error> {
    let mut policy = Configured::new(policy, &config);
    let (agreed, received) = Upgrader::upgrade(&mut io, &config.limits, policy.both())?;
    let mut socket = WebSocket::server_with_received(io, config, &received);
    policy.negotiated().settle(&mut socket.connection);
    Ok((socket, agreed))
}

/// Blocking, and without a connection.
impl Upgrader {
    /// Accepts a client's opening handshake on `io`, if `policy` does, and leaves `io` to the caller:
    /// for frames one at a time ([`read_frame`](super::read_frame)), or to give it to something else.
    /// Returns what was agreed, and octets that arrived behind the request: none, but with
    /// [`EarlyFrames`](crate::handshake::policy::EarlyFrames).
    ///
    /// # Errors
    ///
    /// As [`io::accept`](accept).
    pub fn upgrade<S: Transport>(
        io: &mut S,
        limits: &Limits,
        mut policy: impl Upgrade,
    ) -> Result<(Agreed, Vec<u8>), Error> {
        let deadline = Instant::now().checked_add(limits.handshake_timeout());
        let mut upgrader = Self::new(limits);
        let (mut head, mut answer) = (Vec::new(), Vec::new());
        let accepted = loop {
            match read_more(io, &mut head, deadline) {
                Ok(0) => return Err(upgrader.handle_end_of_stream().into()),
                Ok(_) => {}
                Err(error) if is_late(&error) => {
                    break Err(upgrader.handle_timeout(&head, &mut policy, &mut answer));
                }
                Err(error) => return Err(error.into()),
            }
            answer.reserve(ANSWER_ROOM);
            match upgrader.handle_input(&head, &mut policy, &mut answer) {
                Ok(None) => {}
                Ok(Some(accepted)) => break Ok((accepted.agreed(), accepted.behind.to_vec())),
                Err(error) => break Err(error),
            }
        };
        match accepted {
            Ok(agreed) => {
                match write_all(io, &answer, deadline) {
                    // A peer that does not read the few octets of an answer is late as well.
                    Err(error) if is_late(&error) => return Err(HandshakeError::Timeout.into()),
                    written => written?,
                }
                set_no_timeout(io)?;
                Ok(agreed)
            }
            Err(error) => {
                let _ = refuse(io, &answer, limits);
                Err(error.into())
            }
        }
    }
}

/// Sends a refusal and ends the stream; what the peer still sends is read and dropped for a while,
/// so that the answer is not lost to a TCP reset.
fn refuse(io: &mut impl Transport, answer: &[u8], limits: &Limits) -> io::Result<()> {
    let deadline = Instant::now().checked_add(limits.fin_timeout());
    write_all(io, answer, deadline)?;
    if io.shut_down()? {
        let mut dropped = Vec::new();
        while read_more(io, &mut dropped, deadline)? > 0 {
            dropped.clear();
        }
    }
    Ok(())
}
