//! Echo server on `ws-core`: `plain` is the loop a user would write, `sink` the same over `Stream`
//! and `Sink`.

use std::env;

use futures_util::{SinkExt, StreamExt as _};
use tokio::net::TcpStream;
use ws_core::Config;
use ws_core::tokio::{Error, accept};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("plain") => ws_peers::listen(plain).await,
        Some("sink") => ws_peers::listen(sink).await,
        _ => panic!("usage: ws-core-echo plain|sink"),
    }
}

async fn plain(stream: TcpStream) -> Result<(), Error> {
    let mut socket = accept(stream, Config::default()).await?;
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}

async fn sink(stream: TcpStream) -> Result<(), Error> {
    let mut socket = accept(stream, Config::default()).await?;
    while let Some(message) = socket.next().await {
        SinkExt::feed(&mut socket, message?).await?;
    }
    Ok(())
}
