//! An echo server on tokio: `cargo run --example echo_tokio --features tokio [ADDRESS]`.

use std::error::Error;

use tokio::net::{TcpListener, TcpStream};
use ws_core::Config;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        tokio::spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn echo(stream: TcpStream) -> Result<(), ws_core::tokio::Error> {
    stream.set_nodelay(true)?;
    let mut socket = ws_core::tokio::accept(stream, Config::default()).await?;
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}
