//! Echo server and client on `sockudo-ws`, with its permessage-deflate. Its `accept` and `connect`
//! leave that out, so the opening handshake is made of its parts, as in its own Autobahn server.

use bytes::{Bytes, BytesMut};
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _};
use sockudo_ws::deflate::{DeflateConfig, negotiate_server_deflate, parse_deflate_offer};
use sockudo_ws::handshake::{
    build_request, build_response, generate_accept_key, generate_key, parse_request,
    parse_response, validate_accept_key,
};
use sockudo_ws::stream::CompressedWebSocketStream;
use sockudo_ws::{Config, Error, Message, Result, Role as End, WebSocketStream};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
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

/// The default limits are 16 MiB for a frame, 64 MiB for a message.
fn config() -> Config {
    Config::default()
}

async fn serve(mut stream: TcpStream) -> Result<()> {
    let mut read = BytesMut::new();
    let deflate = loop {
        more(&mut stream, &mut read).await?;
        if let Some((request, len)) = parse_request(&read)? {
            let offers = request.extensions.unwrap_or_default();
            let agreed = negotiate_server_deflate(offers, &DeflateConfig::default());
            let answer = agreed.as_ref().map(|agreed| agreed.to_response_header());
            let accept = generate_accept_key(request.key);
            stream.write_all(&build_response(&accept, None, answer.as_deref())).await?;
            let _ = read.split_to(len);
            break agreed.map(|agreed| agreed.config);
        }
    };
    let left = Some(read.freeze());
    match deflate {
        Some(deflate) => {
            hear(
                CompressedWebSocketStream::server_with_leftover(stream, config(), deflate, left),
                true,
                &mut None,
            )
            .await
        }
        None => hear(plain(stream, End::Server, left), true, &mut None).await,
    }
}

async fn run(visit: Visit, first: &mut Option<String>) -> Result<()> {
    let Visit { mut stream, host, resource, echo } = visit;
    let key = generate_key();
    let offer = Some("permessage-deflate; client_max_window_bits");
    stream.write_all(&build_request(&host, &resource, &key, None, offer)).await?;
    let mut read = BytesMut::new();
    let deflate = loop {
        more(&mut stream, &mut read).await?;
        if let Some((response, len)) = parse_response(&read)? {
            let accepted = response.accept.is_some_and(|accept| validate_accept_key(&key, accept));
            if response.status != 101 || !accepted {
                return Err(Error::HandshakeFailed("Sec-WebSocket-Accept"));
            }
            let agreed = response.extensions.and_then(parse_deflate_offer);
            let agreed = agreed.map(|params| DeflateConfig::from_params(&params)).transpose()?;
            let _ = read.split_to(len);
            break agreed;
        }
    };
    let left = Some(read.freeze());
    match deflate {
        Some(deflate) => {
            let socket =
                CompressedWebSocketStream::client_with_leftover(stream, config(), deflate, left);
            hear(socket, echo, first).await
        }
        None => hear(plain(stream, End::Client, left), echo, first).await,
    }
}

fn plain(stream: TcpStream, end: End, left: Option<Bytes>) -> WebSocketStream<TcpStream> {
    WebSocketStream::from_raw_with_leftover(stream, end, config(), left)
}

async fn more(stream: &mut TcpStream, read: &mut BytesMut) -> Result<()> {
    if stream.read_buf(read).await? == 0 { Err(Error::ConnectionClosed) } else { Ok(()) }
}

async fn hear<S>(mut socket: S, echo: bool, first: &mut Option<String>) -> Result<()>
where
    S: Stream<Item = Result<Message>> + Sink<Message, Error = Error> + Unpin,
{
    while let Some(message) = socket.next().await {
        let message = message?;
        match &message {
            Message::Text(text) if first.is_none() => {
                *first = String::from_utf8(text.to_vec()).ok();
            }
            Message::Close(_) => break,
            _ => {}
        }
        if echo && matches!(message, Message::Text(_) | Message::Binary(_)) {
            socket.send(message).await?;
        }
    }
    Ok(())
}
