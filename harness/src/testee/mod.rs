//! The judged: echo endpoints on `ws_core`'s tokio adapter. The only module here that uses it.

pub mod server;

pub mod client;

mod deflate;

pub use deflate::DeflateOptions;

use tokio::io::{AsyncRead, AsyncWrite};
use ws_core::tokio::{Error, WebSocket};

/// Sends back every message until the closing handshake is done.
///
/// `recv` flushes what `feed` queued before it waits, so messages that arrive together are
/// answered in one write.
///
/// # Errors
///
/// As `recv` and `feed`: the transport failed, or the peer broke a rule and was told so.
pub(crate) async fn echo<S: AsyncRead + AsyncWrite + Unpin>(
    mut ws: WebSocket<S>,
) -> Result<(), Error> {
    while let Some(message) = ws.recv().await? {
        ws.feed(message).await?;
    }
    Ok(())
}
