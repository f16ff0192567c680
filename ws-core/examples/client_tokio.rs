//! A client on tokio: `cargo run --example client_tokio --features tokio [URL]` sends a text, shows
//! what comes back, and closes.

use std::error::Error;

use ws_core::{CloseCode, Config, Message};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:9001".into());
    let mut socket = ws_core::tokio::connect(&url, Config::default()).await?;
    socket.send(Message::text("Hello from ws-core")).await?;
    match socket.recv().await? {
        Some(Message::Text(text)) => println!("text: {text}"),
        Some(Message::Binary(payload)) => println!("binary: {} octets", payload.len()),
        None => println!("closed before an answer came"),
    }
    socket.close(CloseCode::NORMAL, "done").await?;
    println!("closed: {:?}", socket.peer_close().map(|close| close.code));
    Ok(())
}
