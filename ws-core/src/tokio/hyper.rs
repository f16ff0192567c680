//! The server's opening handshake for a request that hyper has read, also under axum (feature
//! `hyper`).
//!
//! In: an [`http::Request`], and who decides. Out: the response to give back, and the [`WebSocket`]
//! that begins once hyper has written it. The rules are those of every other request: its head is
//! written out once more and given to an [`Upgrader`].

use alloc::vec::Vec;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::Write as _;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::websocket::WebSocket;
use crate::connection::Config;
use crate::handshake::{Agreed, Configured, Fields, HandshakeError, Negotiated, Upgrade, Upgrader};
use crate::io::Error;

/// The head that a browser sends fits.
const ROOM: usize = 1024;

/// The transport of an upgraded connection.
pub type Upgraded = TokioIo<hyper::upgrade::Upgraded>;

/// An upgraded connection to come, and what was agreed: see [`upgrade`].
#[derive(Debug)]
#[must_use = "the connection is dropped unless this is awaited"]
pub struct Opening {
    agreed: Result<(Agreed, OnUpgrade), HandshakeError>,
    negotiated: Negotiated,
    config: Config,
}

impl Future for Opening {
    type Output = Result<(WebSocket<Upgraded>, Agreed), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let (config, negotiated) = (self.config, self.negotiated);
        let (agreed, upgraded) = match &mut self.agreed {
            Ok(agreed) => agreed,
            Err(error) => return Poll::Ready(Err((*error).into())),
        };
        let io = ready!(Pin::new(upgraded).poll(cx)).map_err(std::io::Error::other)?;
        let mut socket = WebSocket::server(TokioIo::new(io), config);
        negotiated.settle(&mut socket.connection);
        Poll::Ready(Ok((socket, mem::take(agreed))))
    }
}

/// Answers the opening handshake in `request`: give the response back from the handler, and spawn
/// the future, which waits for hyper to write it. Needs a connection that is served with upgrades,
/// as `axum::serve` does, and hyper's builders with `with_upgrades`.
///
/// The body of the response is any type that is made from octets, `axum::body::Body` and
/// `http_body_util::Full<Bytes>` among them. How long a request may take to arrive is hyper's to
/// say, and octets that arrive behind it are frames.
///
/// ```no_run
/// use axum::{body::Body, extract::Request, response::Response};
/// use ws_core::{Config, handshake::policy::OriginPolicy};
///
/// async fn echo(mut request: Request) -> Response {
///     let policy = OriginPolicy::same_origin();
///     let (response, opening) =
///         ws_core::tokio::hyper::upgrade::<_, Body, _>(&mut request, Config::default(), policy);
///     tokio::spawn(async move {
///         let (mut socket, _agreed) = opening.await?;
///         while let Some(message) = socket.recv().await? {
///             socket.feed(message).await?;
///         }
///         Ok::<(), ws_core::tokio::Error>(())
///     });
///     response
/// }
/// # let _: axum::Router = axum::Router::new().route("/", axum::routing::any(echo));
/// ```
///
/// # Errors
///
/// The future's: [`Error::Handshake`], at once: the request was refused, and the response says so.
/// [`Error::Io`]: the connection ended before it was upgraded.
///
/// # Cancel safety
///
/// Not cancel-safe: a dropped future drops the transport.
pub fn upgrade<B, R: From<Vec<u8>>, P: Upgrade>(
    request: &mut http::Request<B>,
    config: Config,
    policy: P,
) -> (http::Response<R>, Opening) {
    let head = write_head(request.method(), request.uri(), request.version(), request.headers());
    answer(&head, request.extensions_mut(), config, policy)
}

/// As [`upgrade`], for whoever has the head of the request alone, such as an extractor of axum that
/// is made `from_request_parts`.
pub fn upgrade_parts<R: From<Vec<u8>>, P: Upgrade>(
    parts: &mut http::request::Parts,
    config: Config,
    policy: P,
) -> (http::Response<R>, Opening) {
    let head = write_head(&parts.method, &parts.uri, parts.version, &parts.headers);
    answer(&head, &mut parts.extensions, config, policy)
}

/// Answers the request with this `head`. If it is accepted, takes out of its `extensions` what hyper
/// has put there for an upgrade.
fn answer<R: From<Vec<u8>>, P: Upgrade>(
    head: &[u8],
    extensions: &mut http::Extensions,
    config: Config,
    policy: P,
) -> (http::Response<R>, Opening) {
    let mut policy = Configured::new(policy, &config);
    let mut upgrader = Upgrader::new(&config.limits);
    let mut answer = Vec::with_capacity(ROOM);
    let agreed = match upgrader.handle_input(head, &mut policy.both(), &mut answer) {
        Ok(Some(accepted)) => Ok(accepted.agreed()),
        Ok(None) => Err(HandshakeError::Incomplete),
        Err(error) => Err(error),
    };
    let agreed = agreed.map(|agreed| (agreed, take_upgrade(extensions)));
    (read_answer(&answer), Opening { agreed, negotiated: policy.negotiated(), config })
}

/// hyper's part of the upgrade; one that fails, if the connection was not served with upgrades.
fn take_upgrade(extensions: &mut http::Extensions) -> OnUpgrade {
    let mut request = http::Request::new(());
    if let Some(upgrade) = extensions.remove::<OnUpgrade>() {
        request.extensions_mut().insert(upgrade);
    }
    hyper::upgrade::on(request)
}

/// The head of a request as it was on the wire, but for the case of names.
fn write_head(
    method: &http::Method,
    uri: &http::Uri,
    version: http::Version,
    fields: &http::HeaderMap,
) -> Vec<u8> {
    let mut head = Vec::with_capacity(ROOM);
    // A `Vec` takes everything, so this is never the error.
    let _ = write!(head, "{method} {uri} {version:?}\r\n");
    for (name, value) in fields {
        for octets in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(octets);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Takes an answer of [`Upgrader`] apart. Its parts were checked when they were written, so none is
/// refused here; if one were, the answer would be a 500.
fn read_answer<R: From<Vec<u8>>>(answer: &[u8]) -> http::Response<R> {
    let parse = || {
        let head_len = answer.windows(4).position(|end| end == b"\r\n\r\n")?.checked_add(4)?;
        let (head, body) = answer.split_at_checked(head_len)?;
        let fields_start = head.iter().position(|&octet| octet == b'\n')?.checked_add(1)?;
        let mut response = http::Response::builder();
        response = response.status(head.get(9..12)?);
        for field in Fields::new(head.get(fields_start..)?) {
            response = response.header(field.name, field.value);
        }
        response.body(R::from(body.to_vec())).ok()
    };
    parse().unwrap_or_else(|| {
        let mut response = http::Response::new(R::from(Vec::new()));
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
