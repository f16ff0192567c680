//! What both opening handshakes need of a tokio transport.

use ::tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::io::Error;

pub(super) async fn write<S: AsyncWrite + Unpin>(io: &mut S, octets: &[u8]) -> Result<(), Error> {
    io.write_all(octets).await?;
    Ok(io.flush().await?)
}
