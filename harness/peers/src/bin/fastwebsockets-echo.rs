//! Echo server and client on `fastwebsockets`, upgraded by hyper as its readme has it. It has no
//! permessage-deflate.

use bytes::Bytes;
use fastwebsockets::{FragmentCollector, Frame, OpCode, WebSocketError, handshake, upgrade};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE as UPGRADE_FIELD,
};
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use ws_peers::{Role, Visit};

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

async fn serve(stream: TcpStream) -> Result<(), hyper::Error> {
    let http = hyper::server::conn::http1::Builder::new();
    http.serve_connection(TokioIo::new(stream), service_fn(answer)).with_upgrades().await
}

async fn answer(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let (response, opening) = upgrade::upgrade(&mut request)?;
    tokio::spawn(async move { hear(opening.await?, true, &mut None).await });
    Ok(response)
}

async fn run(visit: Visit, first: &mut Option<String>) -> Result<(), WebSocketError> {
    let request = Request::builder()
        .uri(format!("http://{}{}", visit.host, visit.resource))
        .header(HOST, &visit.host)
        .header(UPGRADE_FIELD, "websocket")
        .header(CONNECTION, "upgrade")
        .header(SEC_WEBSOCKET_KEY, handshake::generate_key())
        .header(SEC_WEBSOCKET_VERSION, "13")
        .body(Empty::<Bytes>::new())
        .expect("a request");
    let (socket, _) = handshake::client(&TokioExecutor::new(), request, visit.stream).await?;
    hear(socket, visit.echo, first).await
}

async fn hear(
    socket: fastwebsockets::WebSocket<TokioIo<Upgraded>>,
    echo: bool,
    first: &mut Option<String>,
) -> Result<(), WebSocketError> {
    let mut socket = FragmentCollector::new(socket);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => {
                if frame.opcode == OpCode::Text && first.is_none() {
                    *first = String::from_utf8(frame.payload.to_vec()).ok();
                }
                if echo {
                    socket.write_frame(Frame::new(true, frame.opcode, None, frame.payload)).await?;
                }
            }
            OpCode::Continuation | OpCode::Ping | OpCode::Pong => {}
        }
    }
}
