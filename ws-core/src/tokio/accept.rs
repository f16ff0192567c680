//! The server's opening handshake over a tokio transport, within its deadline (RFC 6455 §4.2).
//!
//! In: a transport, and who decides. Out: a [`WebSocket`] and what was agreed, or whose fault it was.

use alloc::vec::Vec;

use ::tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use ::tokio::time::{Instant, timeout_at};

use super::clock::later;
use super::open::write;
use super::websocket::WebSocket;
use crate::connection::Config;
use crate::handshake::{Agreed, Configured, HandshakeError, Upgrade, Upgrader};
use crate::io::Error;
use crate::limits::Limits;

/// Octets a refusing server still reads, so that its answer is not lost to a TCP reset.
const DRAIN_LEN: usize = 4 * 1024;

/// Accepts a client's opening handshake on `io`: every good request, without a
/// subprotocol, and with the extensions that `config` says.
///
/// # Errors
///
/// [`Error::Handshake`]: the request was refused, and the refusal sent; or it was not there within
/// [`Limits::handshake_timeout`]. [`Error::Io`].
///
/// # Cancel safety
///
/// Not cancel-safe: a dropped future drops the transport.
pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    io: S,
    config: Config,
) -> Result<WebSocket<S>, Error> {
    accept_with(io, config, ()).await.map(|(socket, _)| socket)
}

/// Accepts a client's opening handshake on `io`, if `policy` does. `policy` is asked about an
/// extension before `config` is.
///
/// A policy that panics takes this future and its connection down, nothing else.
///
/// # Errors
///
/// As [`accept`].
///
/// # Cancel safety
///
/// Not cancel-safe: a dropped future drops the transport.
pub async fn accept_with<S: AsyncRead + AsyncWrite + Unpin>(
    mut io: S,
    config: Config,
    policy: impl Upgrade,
) -> Result<(WebSocket<S>, Agreed), Error> {
    let deadline = later(Instant::now(), config.limits.handshake_timeout());
    let mut policy = Configured::new(policy, &config);
    let mut upgrader = Upgrader::new(&config.limits);
    let (mut head, mut answer) = (Vec::with_capacity(1024), Vec::new());
    let accepted = loop {
        match timeout_at(deadline, io.read_buf(&mut head)).await {
            Ok(Ok(0)) => return Err(upgrader.handle_end_of_stream().into()),
            Ok(read) => read?,
            Err(_) => break Err(upgrader.handle_timeout(&head, &mut policy.both(), &mut answer)),
        };
        match upgrader.handle_input(&head, &mut policy.both(), &mut answer) {
            Ok(None) => {}
            Ok(Some(accepted)) => break Ok(accepted),
            Err(error) => break Err(error),
        }
    };
    match accepted {
        Ok(accepted) => {
            // A peer that does not read the few octets of an answer is late as well.
            let written = timeout_at(deadline, write(&mut io, accepted.response)).await;
            written.unwrap_or(Err(HandshakeError::Timeout.into()))?;
            let mut socket = WebSocket::server_with_received(io, config, accepted.behind);
            policy.negotiated().settle(&mut socket.connection);
            Ok((socket, accepted.agreed()))
        }
        Err(error) => {
            let _ = refuse(&mut io, &answer, &config.limits).await;
            Err(error.into())
        }
    }
}

/// Sends a refusal and ends the stream; what the peer still sends is read and dropped for a while.
async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(
    io: &mut S,
    answer: &[u8],
    limits: &Limits,
) -> Result<(), Error> {
    let deadline = later(Instant::now(), limits.fin_timeout());
    let refused = timeout_at(deadline, async {
        write(io, answer).await?;
        io.shutdown().await?;
        let mut dropped = [0; DRAIN_LEN];
        while io.read(&mut dropped).await? > 0 {}
        Ok(())
    });
    refused.await.unwrap_or(Ok(()))
}
