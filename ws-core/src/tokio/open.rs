//! The client's opening handshake over a tokio transport, within its deadline (RFC 6455 §4.1).
//!
//! In: a URL, and a transport if there is one. Out: a [`WebSocket`], or whose fault it was.

use alloc::vec::Vec;

use ::tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use ::tokio::net::TcpStream;
use ::tokio::time::{Instant, timeout_at};

use super::clock::later;
use super::websocket::WebSocket;
use crate::connection::Config;
use crate::handshake::{ClientHandshake, HandshakeError, Url};
use crate::io::Error;

/// Dials `url` (`ws://host[:port]/path?query`) over TCP, with `TCP_NODELAY`.
///
/// # Errors
///
/// [`Error::Handshake`]: the URL cannot be dialled (before any I/O), the answer is not the one that
/// was asked for, or it was not there within
/// [`Limits::handshake_timeout`](crate::Limits::handshake_timeout). [`Error::Io`].
///
/// # Cancel safety
///
/// Not cancel-safe: a dropped future drops the transport.
pub async fn connect(url: &str, config: Config) -> Result<WebSocket<TcpStream>, Error> {
    let url = Url::parse(url).map_err(HandshakeError::from)?;
    let deadline = later(Instant::now(), config.limits.handshake_timeout());
    let dialled = timeout_at(deadline, TcpStream::connect((url.host(), url.port()))).await;
    let io = dialled.map_err(|_| HandshakeError::Timeout)??;
    io.set_nodelay(true)?;
    dial(io, &url, config, deadline).await
}

/// Dials `url` over a transport that is connected already.
///
/// # Errors
///
/// As [`connect`].
///
/// # Cancel safety
///
/// Not cancel-safe: a dropped future drops the transport.
pub async fn connect_over<S: AsyncRead + AsyncWrite + Unpin>(
    io: S,
    url: &str,
    config: Config,
) -> Result<WebSocket<S>, Error> {
    let url = Url::parse(url).map_err(HandshakeError::from)?;
    let deadline = later(Instant::now(), config.limits.handshake_timeout());
    dial(io, &url, config, deadline).await
}

async fn dial<S: AsyncRead + AsyncWrite + Unpin>(
    mut io: S,
    url: &Url<'_>,
    config: Config,
    deadline: Instant,
) -> Result<WebSocket<S>, Error> {
    let mut request = Vec::new();
    let mut handshake = ClientHandshake::new(url, &config.limits, rand::random(), &mut request);
    let answered = timeout_at(deadline, async {
        write(&mut io, &request).await?;
        read_response(&mut io, &mut handshake).await
    });
    match answered.await {
        Ok(received) => Ok(WebSocket::client(io, config, &received?)),
        Err(_) => Err(handshake.handle_timeout().into()),
    }
}

/// Reads until the answer is whole and gives the octets behind it.
async fn read_response<S: AsyncRead + Unpin>(
    io: &mut S,
    handshake: &mut ClientHandshake,
) -> Result<Vec<u8>, Error> {
    let mut head = Vec::with_capacity(1024);
    loop {
        if io.read_buf(&mut head).await? == 0 {
            return Err(handshake.handle_end_of_stream().into());
        }
        if let Some(response) = handshake.handle_input(&head)? {
            let head_len = response.head_len();
            return Ok(head.split_off(head_len.min(head.len())));
        }
    }
}

pub(super) async fn write<S: AsyncWrite + Unpin>(io: &mut S, octets: &[u8]) -> Result<(), Error> {
    io.write_all(octets).await?;
    Ok(io.flush().await?)
}
