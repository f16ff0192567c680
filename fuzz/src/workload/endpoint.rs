//! A connection of the tokio adapter in any of its forms: whole, as a stream and a sink, in two halves.

use std::future::poll_fn;
use std::pin::Pin;

use futures_core::Stream;
use futures_sink::Sink;
use ws_core::tokio::{Error, Event, Piece, ReadHalf, WebSocket, WriteHalf};
use ws_core::{CloseCode, Message};

use crate::support::Seen;
use crate::tokio_support::Wire;

/// How messages are received, the same for all of a workload.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum By {
    Messages,
    Events,
    Pieces,
}

/// How a message is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    Feed,
    FeedUncoded,
    Send,
}

/// What receiving brought.
pub(super) enum Got {
    Whole(Seen),
    Piece(Piece),
}

pub(super) enum Endpoint {
    Whole(Box<WebSocket<Wire>>),
    /// Called as a stream and a sink, where they have a method for it.
    Stream(Box<WebSocket<Wire>>),
    Halves(ReadHalf<Wire>, WriteHalf<Wire>),
}

impl Endpoint {
    pub(super) fn new(socket: WebSocket<Wire>, is_stream: bool) -> Self {
        let socket = Box::new(socket);
        if is_stream { Self::Stream(socket) } else { Self::Whole(socket) }
    }

    /// In two halves, or whole again: nothing may be lost on the way.
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Whole(socket) | Self::Stream(socket) => {
                let (read, write) = socket.split();
                Self::Halves(read, write)
            }
            Self::Halves(read, write) => {
                let Ok(whole) = read.reunite(write) else { panic!("halves of one connection") };
                Self::Whole(Box::new(whole))
            }
        }
    }

    pub(super) fn has_peer_close(&self) -> bool {
        match self {
            Self::Whole(socket) | Self::Stream(socket) => socket.peer_close().is_some(),
            Self::Halves(read, _) => read.peer_close().is_some(),
        }
    }

    pub(super) async fn receive(&mut self, by: By) -> Result<Option<Got>, Error> {
        Ok(match by {
            By::Messages => self.recv().await?.map(Got::message),
            By::Events => self.recv_event().await?.map(|event| match event {
                Event::Message(message) => Got::message(message),
                Event::Ping(payload) => Got::Whole(Seen::Ping(payload.to_vec())),
                Event::Pong(payload) => Got::Whole(Seen::Pong(payload.to_vec())),
                event => panic!("an event that nobody knows: {event:?}"),
            }),
            By::Pieces => self.recv_piece().await?.map(Got::Piece),
        })
    }

    async fn recv(&mut self) -> Result<Option<Message>, Error> {
        match self {
            Self::Whole(socket) => socket.recv().await,
            Self::Stream(socket) => {
                poll_fn(|cx| Pin::new(&mut **socket).poll_next(cx)).await.transpose()
            }
            Self::Halves(read, _) => read.recv().await,
        }
    }

    async fn recv_event(&mut self) -> Result<Option<Event>, Error> {
        match self {
            Self::Whole(socket) | Self::Stream(socket) => socket.recv_event().await,
            Self::Halves(read, _) => read.recv_event().await,
        }
    }

    async fn recv_piece(&mut self) -> Result<Option<Piece>, Error> {
        match self {
            Self::Whole(socket) | Self::Stream(socket) => socket.recv_piece().await,
            Self::Halves(read, _) => read.recv_piece().await,
        }
    }

    pub(super) async fn send(&mut self, message: Message, form: Form) -> Result<(), Error> {
        match (self, form) {
            (Self::Whole(socket), Form::Feed) => socket.feed(message).await,
            (Self::Whole(socket), Form::Send) => socket.send(message).await,
            (Self::Stream(socket), Form::Feed) => start_send(socket, message).await,
            (Self::Stream(socket), Form::Send) => {
                start_send(socket, message).await?;
                flush(socket).await
            }
            (Self::Whole(socket) | Self::Stream(socket), Form::FeedUncoded) => {
                socket.feed_uncoded(message).await
            }
            (Self::Halves(_, write), Form::Feed) => write.feed(message).await,
            (Self::Halves(_, write), Form::Send) => write.send(message).await,
            (Self::Halves(_, write), Form::FeedUncoded) => write.feed_uncoded(message).await,
        }
    }

    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        match self {
            Self::Whole(socket) => socket.flush().await,
            Self::Stream(socket) => flush(socket).await,
            Self::Halves(_, write) => write.flush().await,
        }
    }

    pub(super) async fn ping(&mut self, payload: &[u8]) -> Result<(), Error> {
        match self {
            Self::Whole(socket) | Self::Stream(socket) => socket.ping(payload).await,
            Self::Halves(_, write) => write.ping(payload).await,
        }
    }

    pub(super) async fn close(&mut self, code: CloseCode, reason: &str) -> Result<(), Error> {
        match self {
            Self::Whole(socket) | Self::Stream(socket) => socket.close(code, reason).await,
            Self::Halves(_, write) => write.close(code, reason).await,
        }
    }
}

impl Got {
    fn message(message: Message) -> Self {
        Self::Whole(Seen::message(message.kind(), message.payload().to_vec()))
    }
}

async fn start_send(socket: &mut WebSocket<Wire>, message: Message) -> Result<(), Error> {
    poll_fn(|cx| Pin::new(&mut *socket).poll_ready(cx)).await?;
    Pin::new(socket).start_send(message)
}

async fn flush(socket: &mut WebSocket<Wire>) -> Result<(), Error> {
    poll_fn(|cx| Sink::poll_flush(Pin::new(&mut *socket), cx)).await
}
