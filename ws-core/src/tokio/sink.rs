//! [`WebSocket`] as a `Stream` of received messages and a `Sink` of messages to send.

use alloc::sync::Arc;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, AsyncWrite};
use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_sink::Sink;

use super::drive::Receives;
use super::wakers::Half;
use super::websocket::WebSocket;
use crate::frame::CloseCode;
use crate::io::Error;
use crate::message::Message;

/// As [`WebSocket::recv`]. Ends behind an error, or when the closing handshake is done.
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for WebSocket<S> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_half(Half::Reader, cx, Self::poll_recv).map(Result::transpose)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> FusedStream for WebSocket<S> {
    fn is_terminated(&self) -> bool {
        self.has_ended()
    }
}

/// As [`WebSocket::feed`], [`WebSocket::flush`] and [`WebSocket::close`] with code 1000.
///
/// One message beyond the write buffer's limit may wait in the sink.
impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WebSocket<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_half(Half::Writer, cx, |socket, cx| socket.sender().poll_room(0, cx))
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        self.get_mut().sender().start_send(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_half(Half::Writer, cx, |socket, cx| socket.sender().poll_flush_all(cx))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_half(Half::Writer, cx, |socket, cx| {
            ready!(socket.sender().poll_waiting(cx))?;
            socket.sender().start_close(CloseCode::NORMAL, "")?;
            while ready!(socket.poll_recv(cx))?.is_some() {}
            Poll::Ready(Ok(()))
        })
    }
}

impl<S> WebSocket<S> {
    /// One poll of a stream or a sink: its other end may be another task's, as in `StreamExt::split`.
    fn poll_half<T>(
        &mut self,
        half: Half,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Self, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let wakers = Arc::clone(self.outgoing.wakers());
        wakers.poll(half, self, cx, poll)
    }
}
