//! Servers that accept an opening handshake over TCP and then wait for the client to go: the same
//! loop around each implementation.

use std::io;

use futures_util::StreamExt;
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
            "ws-core hyper" => drop(tokio::spawn(ws_core_hyper(io))),
            "fastwebsockets" => drop(tokio::spawn(fastwebsockets(io))),
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

async fn ws_core_hyper(io: TcpStream) {
    let answer = async |mut request: Request<Incoming>| {
        let (response, opening) = ws_core::tokio::hyper::upgrade::<_, http_body_util::Full<Bytes>, _>(
            &mut request,
            Config::default(),
            (),
        );
        tokio::spawn(async move {
            if let Ok((mut socket, _)) = opening.await {
                drop(socket.recv().await);
            }
        });
        Ok::<_, std::convert::Infallible>(response)
    };
    let http = hyper::server::conn::http1::Builder::new();
    let served = http.serve_connection(TokioIo::new(io), service_fn(answer));
    let _ = served.with_upgrades().await;
}

async fn fastwebsockets(io: TcpStream) {
    let answer = async |mut request: Request<Incoming>| {
        let (response, opening): (Response<_>, _) = fastwebsockets::upgrade::upgrade(&mut request)?;
        tokio::spawn(async move {
            if let Ok(socket) = opening.await {
                drop(fastwebsockets::FragmentCollector::new(socket).read_frame().await);
            }
        });
        Ok::<_, fastwebsockets::WebSocketError>(response)
    };
    let http = hyper::server::conn::http1::Builder::new();
    let served = http.serve_connection(TokioIo::new(io), service_fn(answer));
    let _ = served.with_upgrades().await;
}

async fn floor(mut io: TcpStream) {
    let mut request = [0; 1024];
    if io.read(&mut request).await.is_ok() && io.write_all(ANSWER).await.is_ok() {
        drop(io.read(&mut request).await);
    }
}
