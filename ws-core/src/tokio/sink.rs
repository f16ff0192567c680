//! [`WebSocket`] as a `Stream` of received messages and a `Sink` of messages to send.

use alloc::sync::Arc;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};

use ::tokio::io::{AsyncRead, AsyncWrite};
use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_sink::Sink;

use super::drive::{Receives, Step, Wanted};
use super::wakers::Half;
use super::websocket::WebSocket;
use crate::connection::Outbound;
#[cfg(doc)]
use crate::error::Misuse;
use crate::frame::CloseCode;
use crate::io::Error;
use crate::message::Message;

/// As [`WebSocket::recv`]. Ends behind an error, or when the closing handshake is done.
impl<S: AsyncRead + AsyncWrite + Unpin> Stream for WebSocket<S> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let socket = self.get_mut();
        loop {
            match ready!(socket.poll_read(cx)) {
                Some(Step::Message(message)) => return Poll::Ready(Some(Ok(message))),
                // The rest of a message that was read in pieces.
                Some(_) => continue,
                None => {}
            }
            let more = |socket: &mut Self, cx: &mut Context<'_>| socket.receiver().poll_more(cx);
            if let Some(outcome) = ready!(socket.poll_half(Half::Reader, cx, more)) {
                return Poll::Ready(outcome.err().map(Err));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> FusedStream for WebSocket<S> {
    fn is_terminated(&self) -> bool {
        self.has_ended()
    }
}

/// As [`WebSocket::feed`], [`WebSocket::flush`] and [`WebSocket::close`] with code 1000.
///
/// One message beyond the write buffer's limit may wait in the sink. If the peer closes before there is
/// room for it, or [`WebSocket::close`] does, it is not sent, and whoever flushes is told so:
/// [`Misuse::SendAfterClose`].
impl<S: AsyncRead + AsyncWrite + Unpin> Sink<Message> for WebSocket<S> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let socket = self.get_mut();
        // Most often there is nothing to do, and so nobody to tell.
        if socket.sender().is_ready() {
            return Poll::Ready(Ok(()));
        }
        socket.poll_half(Half::Writer, cx, |socket, cx| socket.sender().poll_ready(cx))
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

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// What the octets mean that are read already: that needs no transport, and so no wakers but for
    /// the sink's, where an answer is queued or the connection ends.
    #[inline]
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Option<Step>> {
        let answered = |outbound: &Outbound| (outbound.output_len(), outbound.hears());
        let before = answered(&self.connection.outbound);
        let read = self.receiver().poll_buffered(Wanted::Messages, cx);
        if answered(&self.connection.outbound) != before {
            self.wake_beside(Half::Reader);
        }
        read
    }

    /// One poll of a stream or a sink: its other end may be another task's, as in `StreamExt::split`.
    fn poll_half<T>(
        &mut self,
        half: Half,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Self, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let wakers = self.outgoing.make_wakers();
        // Registered first: a wake-up during the poll must find it.
        wakers.wait(half, cx);
        let both = Waker::from(Arc::clone(wakers));
        let before = self.progress();
        let result = poll(self, &mut Context::from_waker(&both));
        if let (true, Some(wakers)) = (result.is_ready(), self.outgoing.wakers()) {
            wakers.go_on(half);
        }
        if self.progress() != before {
            self.wake_beside(half);
        }
        result
    }

    /// `half` has changed what the task at the other end may wait for.
    fn wake_beside(&self, half: Half) {
        if let Some(wakers) = self.outgoing.wakers() {
            wakers.wake_beside(half);
        }
    }
}
