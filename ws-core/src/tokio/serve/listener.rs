//! Where connections come from.
//!
//! In: a socket that listens. Out: transports that are being made, and who is at their other end.
//! What a transport needs before the opening handshake, TLS above all, is a future of its own: a
//! peer that is slow at it keeps nobody else waiting.

use core::fmt::Debug;
use core::future::{Ready, ready};
use core::net::SocketAddr;
use std::io;

use ::tokio::io::{AsyncRead, AsyncWrite};
use ::tokio::net::{TcpListener, TcpStream};

/// A source of connections. Implemented for [`TcpListener`], and for TLS over it with feature
/// `rustls`; others take a few lines.
pub trait Listener: Send + 'static {
    /// The transport of a connection.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// What is known of the peer before it has said anything.
    type Addr: Clone + Debug + Send + Sync + 'static;
    /// Makes the transport ready for the opening handshake, which it shares the deadline with.
    type Opening: Future<Output = io::Result<Self::Io>> + Send + 'static;

    /// The next connection.
    ///
    /// # Errors
    ///
    /// The system's. The server goes on: after a wait, unless the error is that of one connection.
    ///
    /// # Cancel safety
    ///
    /// Must be cancel-safe: the future is dropped when the server is to stop.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Self::Opening, Self::Addr)>> + Send;
}

/// Without Nagle's algorithm: with it, the second of two small answers waits for the peer's ACK of
/// the first.
impl Listener for TcpListener {
    type Io = TcpStream;
    type Addr = SocketAddr;
    type Opening = Ready<io::Result<TcpStream>>;

    async fn accept(&mut self) -> io::Result<(Self::Opening, SocketAddr)> {
        let (io, addr) = Self::accept(self).await?;
        // A peer that is gone already fails here, and again in the opening handshake.
        let _ = io.set_nodelay(true);
        Ok((ready(Ok(io)), addr))
    }
}

#[cfg(feature = "rustls")]
pub use tls::TlsListener;

#[cfg(feature = "rustls")]
mod tls {
    use core::fmt;

    use alloc::sync::Arc;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::server::TlsStream;
    use tokio_rustls::{Accept, TlsAcceptor};

    use super::{Listener, SocketAddr, TcpListener, TcpStream, io};

    /// TLS over TCP, with the caller's configuration (feature `rustls`).
    pub struct TlsListener {
        tcp: TcpListener,
        acceptor: TlsAcceptor,
    }

    impl TlsListener {
        /// What comes in at `tcp` has to speak TLS as `config` says.
        pub fn new(tcp: TcpListener, config: Arc<ServerConfig>) -> Self {
            Self { tcp, acceptor: config.into() }
        }
    }

    impl Listener for TlsListener {
        type Io = TlsStream<TcpStream>;
        type Addr = SocketAddr;
        type Opening = Accept<TcpStream>;

        async fn accept(&mut self) -> io::Result<(Self::Opening, SocketAddr)> {
            let (io, addr) = self.tcp.accept().await?;
            let _ = io.set_nodelay(true);
            Ok((self.acceptor.accept(io), addr))
        }
    }

    impl fmt::Debug for TlsListener {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.debug_struct("TlsListener").field("tcp", &self.tcp).finish_non_exhaustive()
        }
    }
}
