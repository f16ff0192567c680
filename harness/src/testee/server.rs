//! The echo server: accepts, echoes, and ends cleanly when asked to.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::talk::say;
use tokio::net::{TcpListener, TcpStream};
use ws_core::Config;
use ws_core::tokio::Error;
use ws_core::tokio::serve::{Server, Socket};

/// What the server prints before its URL once it listens.
pub const LISTENING: &str = "listening on ";

/// Connections still open this long after the server was asked to end are dropped.
const DRAIN: Duration = Duration::from_secs(1);

/// Listens at `addr` (port 0: any free one), prints `listening on ws://…`, and serves until `stop`
/// resolves; then accepts no more, closes open connections and gives them one second to end.
///
/// # Errors
///
/// `addr` cannot be listened at, or the limits in `config` make no sense for a server.
pub async fn serve<T>(
    addr: SocketAddr,
    config: Config,
    stop: impl Future<Output = T>,
) -> io::Result<()> {
    // Pages of every origin may be judges.
    let server = Server::builder().config(config).shutdown_timeout(DRAIN).policy(|_| ()).build();
    let server = server.map_err(io::Error::other)?;
    let listener = TcpListener::bind(addr).await?;
    say!("{LISTENING}ws://{}", listener.local_addr()?);
    server.serve(listener, stop, |socket, _| echo(socket)).await;
    Ok(())
}

/// As [`echo`](super::echo) does over a connection that is nobody else's.
async fn echo(mut socket: Socket<TcpStream>) -> Result<(), Error> {
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}
