//! What a case is played over: any stream of octets, and how it is reset.

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::{client, server};

/// A stream both ways.
pub trait Transport: AsyncRead + AsyncWrite + Unpin + Send {
    /// Makes the close that follows a reset, where there is such a thing.
    fn abort(&mut self) {}
}

impl Transport for TcpStream {
    fn abort(&mut self) {
        // Without it the peer sees an orderly end, which is no worse than that.
        let _ = self.set_zero_linger();
    }
}

impl Transport for UnixStream {}

impl<T: Transport> Transport for client::TlsStream<T> {
    fn abort(&mut self) {
        self.get_mut().0.abort();
    }
}

impl<T: Transport> Transport for server::TlsStream<T> {
    fn abort(&mut self) {
        self.get_mut().0.abort();
    }
}

impl Transport for DuplexStream {}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn abort(&mut self) {
        (**self).abort();
    }
}
