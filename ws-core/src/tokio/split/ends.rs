//! A transport's two ends: one to read from, one to write to, in two tasks.
//!
//! TCP and Unix streams come apart by themselves, and neither end has to wait for the other; a
//! client's transport does so, too, if it is nothing but TCP. Any other is shared, and locked for the
//! length of one read or write.

use core::any::{Any, TypeId};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::io::{self, IoSlice};

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, WriteHalf, split};
use ::tokio::net::{TcpStream, tcp};
#[cfg(unix)]
use ::tokio::net::{UnixStream, unix};

use crate::tokio::stream::ClientStream;

/// The end to read from.
pub(super) enum ReadEnd<S> {
    Tcp(tcp::OwnedReadHalf),
    #[cfg(unix)]
    Unix(unix::OwnedReadHalf),
    Shared(ReadHalf<S>),
}

/// The end to write to.
pub(super) enum WriteEnd<S> {
    Tcp(tcp::OwnedWriteHalf),
    #[cfg(unix)]
    Unix(unix::OwnedWriteHalf),
    Shared(WriteHalf<S>),
}

/// Takes a transport apart.
pub(super) fn take_apart<S>(io: S) -> (ReadEnd<S>, WriteEnd<S>)
where
    S: AsyncRead + AsyncWrite + 'static,
{
    let mut slot = Some(io);
    if let Some(tcp) = take_tcp(&mut slot) {
        let (read, write) = tcp.into_split();
        return (ReadEnd::Tcp(read), WriteEnd::Tcp(write));
    }
    #[cfg(unix)]
    if let Some(unix) = take_as::<UnixStream>(&mut slot) {
        let (read, write) = unix.into_split();
        return (ReadEnd::Unix(read), WriteEnd::Unix(write));
    }
    let Some(io) = slot else { unreachable!("what was taken out was returned") };
    let (read, write) = split(io);
    (ReadEnd::Shared(read), WriteEnd::Shared(write))
}

/// The transport again, if these are its two ends.
pub(super) fn put_together<S>(read: ReadEnd<S>, write: WriteEnd<S>) -> Option<S>
where
    S: Unpin + 'static,
{
    match (read, write) {
        (ReadEnd::Tcp(read), WriteEnd::Tcp(write)) => {
            let tcp = read.reunite(write).ok()?;
            if TypeId::of::<S>() == TypeId::of::<TcpStream>() {
                take_as(&mut Some(tcp))
            } else {
                take_as(&mut Some(ClientStream::plain(tcp)))
            }
        }
        #[cfg(unix)]
        (ReadEnd::Unix(read), WriteEnd::Unix(write)) => {
            take_as(&mut Some(read.reunite(write).ok()?))
        }
        (ReadEnd::Shared(read), WriteEnd::Shared(write)) if read.is_pair_of(&write) => {
            Some(read.unsplit(write))
        }
        _ => None,
    }
}

fn take_tcp<S: 'static>(slot: &mut Option<S>) -> Option<TcpStream> {
    let any: &mut dyn Any = slot;
    if let Some(client) = any.downcast_mut::<Option<ClientStream>>() {
        return client.take_if(|client| !client.is_secure())?.into_tcp();
    }
    take_as(slot)
}

/// What is in the slot, if it is a `T`.
fn take_as<T: 'static>(slot: &mut dyn Any) -> Option<T> {
    slot.downcast_mut::<Option<T>>()?.take()
}

/// Calls the same method of whatever is inside.
macro_rules! inner {
    ($end:ident, $of:expr, $io:ident => $call:expr) => {
        match $of.get_mut() {
            $end::Tcp($io) => $call,
            #[cfg(unix)]
            $end::Unix($io) => $call,
            $end::Shared($io) => $call,
        }
    };
}

impl<S: AsyncRead> AsyncRead for ReadEnd<S> {
    #[inline]
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        inner!(ReadEnd, self, io => Pin::new(io).poll_read(cx, buf))
    }
}

impl<S: AsyncWrite> AsyncWrite for WriteEnd<S> {
    #[inline]
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        inner!(WriteEnd, self, io => Pin::new(io).poll_write(cx, buf))
    }

    #[inline]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        inner!(WriteEnd, self, io => Pin::new(io).poll_write_vectored(cx, bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        inner!(WriteEnd, self, io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        inner!(WriteEnd, self, io => Pin::new(io).poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use ::tokio::io::{DuplexStream, duplex};
    use ::tokio::net::TcpListener;

    use super::*;

    /// Whether it comes apart without a lock; and together it is itself again.
    fn comes_apart<S: AsyncRead + AsyncWrite + Unpin + 'static>(io: S) -> (bool, S) {
        let (read, write) = take_apart(io);
        let apart = !matches!(read, ReadEnd::Shared(_)) && !matches!(write, WriteEnd::Shared(_));
        (apart, put_together(read, write).expect("its own ends"))
    }

    #[::tokio::test]
    async fn streams_of_the_system_come_apart_without_a_lock() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let here = listener.local_addr().unwrap();
        let (apart, tcp) = comes_apart(TcpStream::connect(here).await.unwrap());
        assert!(apart);
        assert_eq!(tcp.peer_addr().unwrap(), here);
        let (apart, client) = comes_apart(ClientStream::plain(tcp));
        assert!(apart);
        assert_eq!(client.tcp().peer_addr().unwrap(), here);
        #[cfg(unix)]
        assert!(comes_apart(UnixStream::pair().unwrap().0).0);
        let (apart, _): (_, DuplexStream) = comes_apart(duplex(1).0);
        assert!(!apart);
    }

    #[test]
    fn ends_of_two_transports_are_none() {
        let (read, _write) = take_apart(duplex(1).0);
        let (_read, write) = take_apart(duplex(1).0);
        assert!(put_together::<DuplexStream>(read, write).is_none());
    }
}
