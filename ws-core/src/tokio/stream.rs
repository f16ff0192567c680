//! The transport that a [`Connector`](super::Connector) makes: TCP, with TLS or without.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io::{self, IoSlice};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ::tokio::net::TcpStream;
#[cfg(feature = "rustls")]
use tokio_rustls::client::TlsStream;

/// A client's transport: TCP for `ws`, TLS over TCP for `wss`.
pub struct ClientStream(Inner);

enum Inner {
    Tcp(TcpStream),
    #[cfg(feature = "rustls")]
    Tls(alloc::boxed::Box<TlsStream<TcpStream>>),
}

impl ClientStream {
    pub(super) const fn plain(io: TcpStream) -> Self {
        Self(Inner::Tcp(io))
    }

    #[cfg(feature = "rustls")]
    pub(super) fn tls(io: TlsStream<TcpStream>) -> Self {
        Self(Inner::Tls(alloc::boxed::Box::new(io)))
    }

    /// The TCP connection alone, if nothing is wrapped around it.
    pub(super) fn into_tcp(self) -> Option<TcpStream> {
        match self.0 {
            Inner::Tcp(io) => Some(io),
            #[cfg(feature = "rustls")]
            Inner::Tls(_) => None,
        }
    }

    /// The TCP connection, for its addresses and options.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        match &self.0 {
            Inner::Tcp(io) => io,
            #[cfg(feature = "rustls")]
            Inner::Tls(io) => io.get_ref().0,
        }
    }

    /// Whether TLS protects it.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        match &self.0 {
            Inner::Tcp(_) => false,
            #[cfg(feature = "rustls")]
            Inner::Tls(_) => true,
        }
    }
}

impl fmt::Debug for ClientStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientStream")
            .field("tcp", self.tcp())
            .field("is_secure", &self.is_secure())
            .finish()
    }
}

/// Calls the same method of whatever is inside.
macro_rules! inner {
    ($stream:expr, $io:ident => $call:expr) => {
        match &mut $stream.get_mut().0 {
            Inner::Tcp($io) => $call,
            #[cfg(feature = "rustls")]
            Inner::Tls($io) => $call,
        }
    };
}

impl AsyncRead for ClientStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        inner!(self, io => Pin::new(io).poll_read(cx, buf))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        inner!(self, io => Pin::new(io).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        inner!(self, io => Pin::new(io).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            Inner::Tcp(io) => io.is_write_vectored(),
            #[cfg(feature = "rustls")]
            Inner::Tls(io) => io.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        inner!(self, io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        inner!(self, io => Pin::new(io).poll_shutdown(cx))
    }
}
