//! The echo server: accepts, echoes, and ends cleanly when asked to.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use ws_core::Config;

/// What the server prints before its URL once it listens.
pub const LISTENING: &str = "listening on ";

/// Connections still open this long after the server was asked to end are dropped.
const DRAIN: Duration = Duration::from_secs(1);
/// The first wait after `accept` failed for want of resources; doubled up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(5);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Listens at `addr` (port 0: any free one), prints `listening on ws://…`, and serves until `stop`
/// resolves; then accepts no more and gives open connections one second to end.
///
/// # Errors
///
/// `addr` cannot be listened at.
pub async fn serve<T>(
    addr: SocketAddr,
    config: Config,
    stop: impl Future<Output = T>,
) -> io::Result<()> {
    let listener = TcpListener::bind(addr).await?;
    println!("{LISTENING}ws://{}", listener.local_addr()?);
    let mut connections = JoinSet::new();
    tokio::pin!(stop);
    let mut wait = FIRST_WAIT;
    loop {
        tokio::select! {
            _ = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    wait = FIRST_WAIT;
                    connections.spawn(converse(stream, config));
                }
                // The peer was gone before we came to it.
                Err(error) if is_of_one_connection(&error) => {}
                // Out of file descriptors or memory: trying again at once would spin.
                Err(error) => {
                    eprintln!("cannot accept: {error}; next try in {} ms", wait.as_millis());
                    tokio::select! {
                        _ = &mut stop => break,
                        () = tokio::time::sleep(wait) => {}
                    }
                    wait = (wait * 2).min(LONGEST_WAIT);
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    // Those that are left end when the set is dropped.
    let _ = tokio::time::timeout(DRAIN, drained).await;
    Ok(())
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// One connection. Its errors are the peer's doing and answered on the wire.
async fn converse(stream: TcpStream, config: Config) {
    // Without it, the second of two small answers waits for the peer's ACK of the first.
    let _ = stream.set_nodelay(true);
    if let Ok(ws) = ws_core::tokio::accept(stream, config).await {
        let _ = super::echo(ws).await;
    }
}
