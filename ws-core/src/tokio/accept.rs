//! The server's opening handshake over a tokio transport, within its deadline (RFC 6455 §4.2).
//!
//! In: a transport, and who decides. Out: a [`WebSocket`] and what was agreed, or whose fault it was.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::pin::pin;
use std::io;

use ::tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use ::tokio::time::{Instant, timeout_at};

use super::clock::later;
use super::open::{Deadline, poll_write, write};
use super::request_buffer::RequestBuffer;
use super::websocket::WebSocket;
use crate::connection::{Config, Connection};
use crate::handshake::{Agreed, Configured, HandshakeError, Upgrade, Upgrader};
use crate::io::Error;
use crate::limits::Limits;

/// Octets a refusing server still reads, so that its answer is not lost to a TCP reset.
const DRAIN_LEN: usize = 4 * 1024;

/// A 101 with a subprotocol and an extension fits.
const ANSWER_ROOM: usize = 256;

/// Accepts a client's opening handshake on `io`: every good request, without a subprotocol, and with
/// the extensions that `config` says.
///
/// # Errors
///
/// [`Error::Handshake`]: the request was refused, and the refusal sent; or it was not there within
/// [`Limits::handshake_timeout`]. [`Error::Io`].
///
/// # Cancel safety
///
/// Not cancel-safe: a dropped future drops the transport.
pub fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    io: S,
    config: Config,
) -> impl Future<Output = Result<WebSocket<S>, Error>> {
    open(io, config, (), |socket, _| socket)
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
pub fn accept_with<S: AsyncRead + AsyncWrite + Unpin, P: Upgrade>(
    io: S,
    config: Config,
    policy: P,
) -> impl Future<Output = Result<(WebSocket<S>, Agreed), Error>> {
    open(io, config, policy, |socket, agreed| (socket, agreed))
}

/// Accepts, and has `give` say what the caller gets: whoever awaits a connection copies it once, so
/// nobody awaits it in between.
fn open<S: AsyncRead + AsyncWrite + Unpin, P: Upgrade, T>(
    mut io: S,
    config: Config,
    policy: P,
    give: impl FnOnce(WebSocket<S>, Agreed) -> T,
) -> impl Future<Output = Result<T, Error>> {
    // In memory of its own, which goes when the connection is open: else it would be part of the
    // task that has the connection, for as long as that lives.
    // Before that memory: what stays is not to lie behind what goes.
    let connection = Connection::server(config);
    Box::pin(async move {
        let mut policy = Configured::new(policy, &config);
        let (agreed, received) = answer(&mut io, &config.limits, policy.both()).await?;
        let mut socket = WebSocket::new(io, connection, &received);
        policy.negotiated().settle(&mut socket.connection);
        Ok(give(socket, agreed))
    })
}

/// Reads a request and answers it. Returns what was agreed, and the octets behind the request.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(
    io: &mut S,
    limits: &Limits,
    mut policy: impl Upgrade,
) -> Result<(Agreed, Vec<u8>), Error> {
    let timer = pin!(None);
    let mut deadline = Deadline::new(limits.handshake_timeout(), timer);
    let mut upgrader = Upgrader::new(limits);
    let mut request = RequestBuffer::default();
    let mut answer = Vec::new();
    let accepted = loop {
        match deadline.within(|cx| request.poll_read(io, cx)).await {
            Some(Ok(0)) => return Err(upgrader.handle_end_of_stream().into()),
            Some(read) => read?,
            None => {
                break Err(upgrader.handle_timeout(request.octets(), &mut policy, &mut answer));
            }
        };
        answer.reserve(ANSWER_ROOM);
        match upgrader.handle_input(request.octets(), &mut policy, &mut answer) {
            Ok(None) => request.keep().map_err(io::Error::from)?,
            Ok(Some(accepted)) => break Ok((accepted.agreed(), accepted.behind.to_vec())),
            Err(error) => break Err(error),
        }
    };
    drop(request);
    match accepted {
        Ok(agreed) => {
            // A peer that does not read the few octets of an answer is late as well.
            let mut unwritten = answer.as_slice();
            let written = deadline.within(|cx| poll_write(io, &mut unwritten, cx)).await;
            written.ok_or(HandshakeError::Timeout)??;
            Ok(agreed)
        }
        Err(error) => {
            // Apart, so that a request that is accepted does not carry what only this needs.
            let _ = Box::pin(refuse(io, &answer, limits)).await;
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
