//! The client's opening handshake over a blocking transport, within its deadline (RFC 6455 §4.1).
//!
//! In: a [`Dialer`], and a transport or the way to one. Out: a [`WebSocket`], or why not.

use alloc::boxed::Box;
use alloc::vec::Vec;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Instant;

use super::error::Error;
use super::open::{is_late, read_more, set_no_timeout, write_all};
use super::record::Record;
use super::refused::Refused;
use super::transport::Transport;
use super::websocket::WebSocket;
use crate::connection::Config;
use crate::handshake::{
    ClientHandshake, Dialer, HandshakeError, Negotiated, Url, UrlError, offering,
};

/// Dials `url` (`ws://host[:port]/path?query`) over TCP, with `TCP_NODELAY`.
///
/// # Errors
///
/// As [`connect_with`].
pub fn connect(url: &str, config: Config) -> Result<WebSocket<TcpStream>, Error> {
    connect_with(&Dialer::new(url)?, config)
}

/// Dials over TCP, with `TCP_NODELAY`, and asks for what `dialer` says.
///
/// Addresses of the name are tried one after the other. All of it has to be done within
/// [`Limits::handshake_timeout`](crate::Limits::handshake_timeout); only the system's resolver knows
/// no deadline, so it is looked at when the resolver is back.
///
/// # Errors
///
/// [`Error::Handshake`]: `wss`, which needs TLS (before any I/O): dial a TLS stream of your own with
/// [`connect_over`]; or the answer is not the one that was asked for, or late. [`Error::Refused`]:
/// the server said no. [`Error::Io`].
pub fn connect_with(dialer: &Dialer<'_>, config: Config) -> Result<WebSocket<TcpStream>, Error> {
    if dialer.url().is_secure() {
        return Err(UrlError::Tls.into());
    }
    let deadline = Instant::now().checked_add(config.limits.handshake_timeout());
    let io = connect_tcp(dialer.url(), deadline)?;
    open(io, dialer, config, deadline, None)
}

/// Dials over a transport that is connected already; for a `wss` URL that is a TLS stream.
///
/// # Errors
///
/// [`Error::Handshake`]: the answer is not the one that was asked for, or it was not there within
/// [`Limits::handshake_timeout`](crate::Limits::handshake_timeout), where the transport can be
/// timed. [`Error::Refused`]: the server said no. [`Error::Io`].
pub fn connect_over<S: Transport>(
    io: S,
    dialer: &Dialer<'_>,
    config: Config,
) -> Result<WebSocket<S>, Error> {
    let deadline = Instant::now().checked_add(config.limits.handshake_timeout());
    open(io, dialer, config, deadline, None)
}

/// As [`connect_over`], and leaves the octets of the handshake in `record`: for debugging.
///
/// # Errors
///
/// As [`connect_over`].
pub fn connect_recorded<S: Transport>(
    io: S,
    dialer: &Dialer<'_>,
    config: Config,
    record: &mut Record,
) -> Result<WebSocket<S>, Error> {
    let deadline = Instant::now().checked_add(config.limits.handshake_timeout());
    open(io, dialer, config, deadline, Some(record))
}

/// The first address of the name that answers. Each gets its share of the time that is left, so that
/// one that is silent does not keep the others from being tried.
fn connect_tcp(url: &Url<'_>, deadline: Option<Instant>) -> Result<TcpStream, Error> {
    let addresses: Vec<SocketAddr> = (url.host(), url.port()).to_socket_addrs()?.collect();
    let mut failed = io::Error::from(ErrorKind::AddrNotAvailable);
    for (address, shares) in addresses.iter().zip((1..=addresses.len()).rev()) {
        let connected = match deadline {
            None => TcpStream::connect(address),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                let share = left.checked_div(u32::try_from(shares).unwrap_or(u32::MAX));
                match share.filter(|share| !share.is_zero()) {
                    Some(share) => TcpStream::connect_timeout(address, share),
                    None => break,
                }
            }
        };
        match connected {
            Ok(io) => {
                io.set_nodelay(true)?;
                return Ok(io);
            }
            Err(error) => failed = error,
        }
    }
    if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
        return Err(HandshakeError::Timeout.into());
    }
    Err(failed.into())
}

fn open<S: Transport>(
    mut io: S,
    dialer: &Dialer<'_>,
    config: Config,
    deadline: Option<Instant>,
    mut record: Option<&mut Record>,
) -> Result<WebSocket<S>, Error> {
    let dialer = &offering(dialer, &config)?;
    let mut request = Vec::new();
    let mut handshake = ClientHandshake::new(dialer, &config.limits, rand::random(), &mut request);
    if let Some(record) = &mut record {
        record.request.clone_from(&request);
        record.response.clear();
    }
    match write_all(&mut io, &request, deadline) {
        Err(error) if is_late(&error) => return Err(handshake.handle_timeout().into()),
        written => written?,
    }
    let mut input = Vec::new();
    loop {
        let arrived = input.len();
        let read = read_more(&mut io, &mut input, deadline);
        if let Some(record) = &mut record {
            record.response.extend_from_slice(input.get(arrived..).unwrap_or_default());
        }
        match read {
            Ok(0) => return Err(handshake.handle_end_of_stream().into()),
            Ok(_) => {}
            Err(error) if is_late(&error) => return Err(handshake.handle_timeout().into()),
            Err(error) => return Err(error.into()),
        }
        match handshake.handle_input(&input) {
            Ok(None) => {}
            Ok(Some(response)) => {
                let received = input.get(response.head_len()..).unwrap_or_default();
                set_no_timeout(&mut io)?;
                let mut socket = WebSocket::client(io, config, received);
                Negotiated::of(&response, dialer).settle(&mut socket.connection);
                return Ok(socket);
            }
            Err(error) => {
                let Some(refusal) = handshake.refusal(&input) else {
                    return Err(error.into());
                };
                let mut refused = Refused::new(&refusal);
                let mut body = refusal.body();
                refused.feed(&mut body, input.get(refusal.head_len()..).unwrap_or_default());
                while !body.is_done() {
                    input.clear();
                    // The end, an error and the deadline all end the body; the refusal stands.
                    let read = read_more(&mut io, &mut input, deadline).unwrap_or(0);
                    if read == 0 {
                        break;
                    }
                    refused.feed(&mut body, &input);
                    if let Some(record) = &mut record {
                        record.response.extend_from_slice(&input);
                    }
                }
                return Err(Error::Refused(Box::new(refused)));
            }
        }
    }
}
