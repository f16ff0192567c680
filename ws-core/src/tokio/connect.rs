//! The client's opening handshake over tokio, within its deadline (RFC 6455 §4.1).
//!
//! In: a [`Dialer`], and a transport or a [`Connector`] that knows the way to one. Out: a
//! [`WebSocket`], or why not.

use alloc::boxed::Box;
use alloc::vec::Vec;
use std::io;

use ::tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use ::tokio::time::{Instant, timeout_at};

use super::clock::later;
use super::connector::Connector;
use super::open::write;
use super::stream::ClientStream;
use super::websocket::WebSocket;
use crate::connection::Config;
use crate::handshake::{ClientHandshake, Dialer, Negotiated, offering};
use crate::io::{Error, Record, Refused};
use crate::memory::reserve;

/// A read of the answer is offered at least this much room.
const ROOM: usize = 1024;

/// Dials `url` (`ws://host[:port]/path?query`, or `wss` with a feature for TLS): [`Connector`]'s
/// defaults.
///
/// # Errors
///
/// [`Error::Handshake`]: the URL cannot be dialled (before any I/O), the answer is not the one that
/// was asked for, or it was not there within
/// [`Limits::handshake_timeout`](crate::Limits::handshake_timeout). [`Error::Refused`]: the server
/// said no. [`Error::Io`].
///
/// # Cancel safety
///
/// Not cancel-safe: a dropped future drops the transport.
pub async fn connect(url: &str, config: Config) -> Result<WebSocket<ClientStream>, Error> {
    Connector::new().connect(&Dialer::new(url)?, config).await
}

/// As [`connect`], asking for what `dialer` says.
///
/// # Errors
///
/// As [`connect`].
///
/// # Cancel safety
///
/// Not cancel-safe: a dropped future drops the transport.
pub async fn connect_with(
    dialer: &Dialer<'_>,
    config: Config,
) -> Result<WebSocket<ClientStream>, Error> {
    Connector::new().connect(dialer, config).await
}

/// Dials over a transport that is connected already; for a `wss` URL that is a TLS stream.
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
    dialer: &Dialer<'_>,
    config: Config,
) -> Result<WebSocket<S>, Error> {
    let deadline = later(Instant::now(), config.limits.handshake_timeout());
    open(io, dialer, config, deadline, None).await
}

/// As [`connect_over`], and leaves the octets of the handshake in `record`: for debugging.
///
/// # Errors
///
/// As [`connect`].
///
/// # Cancel safety
///
/// Not cancel-safe: a dropped future drops the transport.
pub async fn connect_recorded<S: AsyncRead + AsyncWrite + Unpin>(
    io: S,
    dialer: &Dialer<'_>,
    config: Config,
    record: &mut Record,
) -> Result<WebSocket<S>, Error> {
    let deadline = later(Instant::now(), config.limits.handshake_timeout());
    open(io, dialer, config, deadline, Some(record)).await
}

pub(super) async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    mut io: S,
    dialer: &Dialer<'_>,
    config: Config,
    deadline: Instant,
    mut record: Option<&mut Record>,
) -> Result<WebSocket<S>, Error> {
    let dialer = &offering(dialer, &config)?;
    let mut request = Vec::new();
    let mut handshake = ClientHandshake::new(dialer, &config.limits, rand::random(), &mut request);
    if let Some(record) = &mut record {
        record.request.clone_from(&request);
        record.response.clear();
    }
    let mut input = Vec::new();
    let answered = timeout_at(deadline, async {
        write(&mut io, &request).await?;
        loop {
            let arrived = input.len();
            reserve(&mut input, ROOM).map_err(io::Error::from)?;
            let read = io.read_buf(&mut input).await?;
            if let Some(record) = &mut record {
                record.response.extend_from_slice(input.get(arrived..).unwrap_or_default());
            }
            if read == 0 {
                return Err(Error::from(handshake.handle_end_of_stream()));
            }
            match handshake.handle_input(&input) {
                Ok(None) => {}
                Ok(Some(response)) => {
                    return Ok((response.head_len(), Negotiated::of(&response, dialer)));
                }
                Err(error) => return Err(error.into()),
            }
        }
    });
    match answered.await {
        Ok(Ok((head_len, negotiated))) => {
            let received = input.get(head_len..).unwrap_or_default();
            let mut socket = WebSocket::client(io, config, received);
            negotiated.settle(&mut socket.connection);
            Ok(socket)
        }
        Ok(Err(error)) => match handshake.refusal(&input) {
            None => Err(error),
            Some(refusal) => {
                let mut refused = Refused::new(&refusal);
                let mut body = refusal.body();
                refused.feed(&mut body, input.get(refusal.head_len()..).unwrap_or_default());
                let mut piece = Vec::with_capacity(1024);
                // The end, an error and the deadline all end the body; the refusal stands.
                let _ = timeout_at(deadline, async {
                    while !body.is_done() && io.read_buf(&mut piece).await.is_ok_and(|n| n > 0) {
                        refused.feed(&mut body, &piece);
                        if let Some(record) = &mut record {
                            record.response.extend_from_slice(&piece);
                        }
                        piece.clear();
                    }
                })
                .await;
                Err(Error::Refused(Box::new(refused)))
            }
        },
        Err(_) => Err(handshake.handle_timeout().into()),
    }
}
