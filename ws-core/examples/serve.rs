//! A server that is ready for the world: limits, one address each its share, Ctrl-C.
//! `cargo run --example serve --features tokio [ADDRESS]`.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use ws_core::handshake::policy::{ChooseSubprotocol, OriginPolicy};
use ws_core::tokio::serve::{Peer, PerAddress, Server, Socket};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on ws://{}", listener.local_addr()?);

    let per_address = PerAddress::new(100);
    let server = Server::builder()
        .max_connections(5000)
        .shutdown_timeout(Duration::from_secs(15))
        .admit(move |peer: &SocketAddr| per_address.admit(peer.ip()))
        .policy(|_| (OriginPolicy::same_origin(), ChooseSubprotocol::server_prefers(&["echo"])))
        .build()?;
    let stop = tokio::signal::ctrl_c();
    let ended = server.serve(listener, stop, echo).await;
    println!("{} of {} open connections did not end in time", ended.dropped, ended.open);
    Ok(())
}

/// Ends when the peer closes, and when the server is stopped: `recv` gives `None`.
async fn echo<P>(
    mut socket: Socket<TcpStream>,
    peer: Peer<SocketAddr, P>,
) -> Result<(), ws_core::tokio::Error> {
    eprintln!("{} speaks {:?}", peer.addr, peer.agreed.subprotocol);
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}
