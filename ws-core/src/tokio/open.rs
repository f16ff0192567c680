//! The server's opening handshake over a tokio transport, within its deadline (RFC 6455 §4).
//!
//! In: a transport. Out: a [`WebSocket`], or whose fault it was.

use alloc::vec::Vec;

use ::tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use ::tokio::time::{Instant, timeout_at};

use super::clock::later;
use super::websocket::WebSocket;
use crate::connection::Config;
use crate::handshake::{HandshakeError, Rejection, ServerHandshake};
use crate::io::Error;
use crate::limits::Limits;

/// Octets a refusing server still reads, so that its answer is not lost to a TCP reset.
const DRAIN_LEN: usize = 4 * 1024;

/// Accepts a client's opening handshake on `io`.
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
    mut io: S,
    config: Config,
) -> Result<WebSocket<S>, Error> {
    let deadline = later(Instant::now(), config.limits.handshake_timeout());
    let mut handshake = ServerHandshake::new(&config.limits);
    let accepted = match timeout_at(deadline, read_request(&mut io, &mut handshake)).await {
        Ok(read) => read?,
        Err(_) => Err(handshake.handle_timeout()),
    };
    match accepted {
        Ok(answer) => {
            // A peer that does not read the few octets of an answer is late as well.
            let written = timeout_at(deadline, write(&mut io, &answer)).await;
            written.unwrap_or(Err(HandshakeError::Timeout.into()))?;
            Ok(WebSocket::server(io, config))
        }
        Err(rejection) => {
            let _ = refuse(&mut io, rejection, &config.limits).await;
            Err(HandshakeError::from(rejection).into())
        }
    }
}

/// Reads until the request is whole and gives the octets of its answer, or its refusal.
async fn read_request<S: AsyncRead + Unpin>(
    io: &mut S,
    handshake: &mut ServerHandshake,
) -> Result<Result<Vec<u8>, Rejection>, Error> {
    let mut head = Vec::with_capacity(1024);
    loop {
        if io.read_buf(&mut head).await? == 0 {
            return Err(handshake.handle_end_of_stream().into());
        }
        match handshake.handle_input(&head) {
            Ok(None) => {}
            Ok(Some(request)) => {
                let mut answer = Vec::new();
                request.accept(&mut answer);
                return Ok(Ok(answer));
            }
            Err(rejection) => return Ok(Err(rejection)),
        }
    }
}

pub(super) async fn write<S: AsyncWrite + Unpin>(io: &mut S, octets: &[u8]) -> Result<(), Error> {
    io.write_all(octets).await?;
    Ok(io.flush().await?)
}

/// Sends a refusal and ends the stream; what the peer still sends is read and dropped for a while.
async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(
    io: &mut S,
    rejection: Rejection,
    limits: &Limits,
) -> Result<(), Error> {
    let mut answer = Vec::new();
    rejection.write(&mut answer);
    let deadline = later(Instant::now(), limits.fin_timeout());
    let refused = timeout_at(deadline, async {
        write(io, &answer).await?;
        io.shutdown().await?;
        let mut dropped = [0; DRAIN_LEN];
        while io.read(&mut dropped).await? > 0 {}
        Ok(())
    });
    refused.await.unwrap_or(Ok(()))
}
