//! Echo server on `ws-core`: `plain` is the loop a user would write, `deflate` the same where
//! permessage-deflate is agreed on, `sink` over `Stream` and `Sink`.

use std::env;

use futures_util::{SinkExt, StreamExt as _};
use tokio::net::TcpStream;
use ws_core::Config;
use ws_core::deflate::Deflate;
use ws_core::tokio::{Error, accept};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("plain") => ws_peers::listen(plain).await,
        Some("deflate") => ws_peers::listen(deflate).await,
        Some("sink") => ws_peers::listen(sink).await,
        _ => panic!("usage: ws-core-echo plain|deflate|sink"),
    }
}

async fn plain(stream: TcpStream) -> Result<(), Error> {
    let mut socket = accept(stream, Config::default()).await?;
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}

async fn deflate(stream: TcpStream) -> Result<(), Error> {
    let mut config = Config::default();
    config.deflate = Some(Deflate::default());
    let mut socket = accept(stream, config).await?;
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
