//! A client that asks for more than a URL, and shows what went over the wire:
//! `cargo run --example dial_tokio --features rustls-webpki-roots [URL]`.

use std::error::Error as StdError;

use ws_core::Config;
use ws_core::handshake::Dialer;
use ws_core::tokio::{Connector, Error, Record};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn StdError>> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:9001".into());
    let dialer = Dialer::new(&url)?
        .subprotocols(&["chat.v2", "chat.v1"])?
        .header_fields(&[("Origin", "https://example.com")])?;
    let mut record = Record::default();
    let connected =
        Connector::new().connect_recorded(&dialer, Config::default(), &mut record).await;
    print!("{record}");
    match connected {
        Ok(socket) => println!("connected to {}", socket.get_ref().tcp().peer_addr()?),
        Err(Error::Refused(refused)) => {
            println!("refused with {}: {}", refused.status(), refused.body().escape_ascii());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
