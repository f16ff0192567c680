//! Servers that accept an opening handshake over TCP and then wait for the client to go: the same
//! loop around each implementation.

use std::convert::Infallible;
use std::io;

use fastwebsockets::{FragmentCollector, WebSocketError};
use futures_util::StreamExt;
use http_body_util::{Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use ws_core::Config;

/// What a server is asked by: its place in this list is the order of the table.
pub(crate) const SERVERS: [&str; 6] =
    ["ws-core", "tokio-tungstenite", "tokio-websockets", "ws-core hyper", "fastwebsockets", FLOOR];

/// No implementation: any octets are a request, and the answer is always the same. What a handshake
/// costs beyond this is the implementation's.
pub(crate) const FLOOR: &str = "no handshake";

const ANSWER: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// Serves for ever, every connection in its own task.
pub(crate) async fn serve(name: &str, listener: TcpListener) -> io::Result<()> {
    loop {
        let (io, _) = listener.accept().await?;
        match name {
            "ws-core" => drop(tokio::spawn(ws_core(io))),
            "tokio-tungstenite" => drop(tokio::spawn(tokio_tungstenite(io))),
            "tokio-websockets" => drop(tokio::spawn(tokio_websockets(io))),
            "ws-core hyper" => drop(tokio::spawn(under_hyper(io, ws_core_hyper))),
            "fastwebsockets" => drop(tokio::spawn(under_hyper(io, fastwebsockets))),
            FLOOR => drop(tokio::spawn(floor(io))),
            _ => return Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

async fn ws_core(io: TcpStream) {
    if let Ok(mut socket) = ws_core::tokio::accept(io, Config::default()).await {
        drop(socket.recv().await);
    }
}

async fn tokio_tungstenite(io: TcpStream) {
    if let Ok(mut socket) = tokio_tungstenite::accept_async(io).await {
        drop(socket.next().await);
    }
}

async fn tokio_websockets(io: TcpStream) {
    if let Ok((_, mut socket)) = tokio_websockets::ServerBuilder::new().accept(io).await {
        drop(socket.next().await);
    }
}

/// hyper reads the request; `answer` upgrades it.
async fn under_hyper<F, B, E>(io: TcpStream, answer: impl Fn(Request<Incoming>) -> F)
where
    F: Future<Output = Result<Response<B>, E>>,
    B: hyper::body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync,
    E: std::error::Error + Send + Sync + 'static,
    F: Send + 'static,
{
    let http = hyper::server::conn::http1::Builder::new();
    let served = http.serve_connection(TokioIo::new(io), service_fn(answer));
    let _ = served.with_upgrades().await;
}

async fn ws_core_hyper(
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (response, opening) = ws_core::tokio::hyper::upgrade(&mut request, Config::default(), ());
    tokio::spawn(async move {
        if let Ok((mut socket, _)) = opening.await {
            drop(socket.recv().await);
        }
    });
    Ok(response)
}

async fn fastwebsockets(
    mut request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let (response, opening) = fastwebsockets::upgrade::upgrade(&mut request)?;
    tokio::spawn(async move {
        if let Ok(socket) = opening.await {
            drop(FragmentCollector::new(socket).read_frame().await);
        }
    });
    Ok(response)
}

async fn floor(mut io: TcpStream) {
    let mut request = [0; 1024];
    if io.read(&mut request).await.is_ok() && io.write_all(ANSWER).await.is_ok() {
        drop(io.read(&mut request).await);
    }
}
