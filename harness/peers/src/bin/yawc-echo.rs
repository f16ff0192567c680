//! Echo server and client on `yawc`, with its permessage-deflate, and with its check of UTF-8, which
//! is off unless asked for.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use ws_peers::{LONGEST, Role, Visit};
use yawc::{OpCode, Options, WebSocket, WebSocketError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    match ws_peers::role() {
        Role::Server => ws_peers::listen(serve).await,
        Role::Client => {
            ws_peers::run_cases(async |visit| {
                let mut first = None;
                // How it went is the judge's to say.
                let _ = run(visit, &mut first).await;
                first
            })
            .await;
            Ok(())
        }
    }
}

/// Its limits are exclusive.
fn options() -> Options {
    Options::default().with_limits(LONGEST + 1, LONGEST + 1).with_utf8().with_balanced_compression()
}

async fn serve(stream: TcpStream) -> Result<(), hyper::Error> {
    let http = hyper::server::conn::http1::Builder::new();
    http.serve_connection(TokioIo::new(stream), service_fn(answer)).with_upgrades().await
}

async fn answer(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let Ok((response, opening)) = WebSocket::upgrade_with_options(&mut request, options()) else {
        let mut refused = Response::new(Empty::new());
        *refused.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(refused);
    };
    tokio::spawn(async move { hear(opening.await?, true, &mut None).await });
    Ok(response)
}

async fn run(visit: Visit, first: &mut Option<String>) -> Result<(), WebSocketError> {
    let url = format!("ws://{}{}", visit.host, visit.resource).parse().expect("a URL");
    let socket = WebSocket::handshake(url, visit.stream, options()).await?;
    hear(socket, visit.echo, first).await
}

async fn hear<S: AsyncRead + AsyncWrite + Unpin>(
    mut socket: WebSocket<S>,
    echo: bool,
    first: &mut Option<String>,
) -> Result<(), WebSocketError> {
    // What it has queued, such as the answer to a Close, its reader writes when it is polled again,
    // and behind an error a flush does.
    while let Some(frame) = socket.next().await {
        if frame.opcode() == OpCode::Text && first.is_none() {
            *first = Some(frame.as_str().to_owned());
        }
        if echo && matches!(frame.opcode(), OpCode::Text | OpCode::Binary) {
            socket.send(frame).await?;
        }
    }
    socket.flush().await
}
