//! One message to many clients, encoded once:
//! `cargo run --example broadcast_prepared --features tokio`.

use std::error::Error;

use tokio::io::duplex;
use tokio::task::JoinSet;
use ws_core::tokio::WebSocket;
use ws_core::{Config, Message, PreparedMessage};

const SUBSCRIBERS: usize = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut servers = Vec::new();
    let mut clients = JoinSet::new();
    for id in 0..SUBSCRIBERS {
        let (ours, theirs) = duplex(1024);
        servers.push(WebSocket::server(ours, Config::default()));
        clients.spawn(async move {
            let mut socket = WebSocket::client(theirs, Config::default(), &[]);
            (id, socket.recv().await)
        });
    }

    let news = PreparedMessage::new(&Message::text("news for all"));
    for server in &mut servers {
        server.feed_prepared(&news).await?;
        server.flush().await?;
    }

    while let Some(done) = clients.join_next().await {
        let (id, message) = done?;
        let message = message?.ok_or("the server has not closed")?;
        println!("subscriber {id}: {}", message.as_text().unwrap_or_default());
    }
    Ok(())
}
