//! What a handler can do with its [`Socket`](ws_core::tokio::serve::Socket): each way of receiving and
//! of sending, as on the connection itself.
#![cfg(feature = "tokio")]

use bytes::Bytes;
use ws_core::tokio::serve::Server;
use ws_core::tokio::{Error, Event};
use ws_core::{CloseCode, Message, PreparedMessage};

use serve_support::{Notes, start};

mod serve_support;

#[tokio::test(start_paused = true)]
async fn events_are_told_and_pings_and_prepared_messages_sent() {
    let news = PreparedMessage::new(&Message::text("for all"));
    let server = start(Server::builder(), move |mut socket, _| {
        let news = news.clone();
        async move {
            while let Some(event) = socket.recv_event().await? {
                match event {
                    Event::Ping(_) => socket.feed_prepared(&news).await?,
                    Event::Message(_) => socket.ping(b"are you there").await?,
                    Event::Pong(payload) => socket.feed(Message::binary(payload)).await?,
                    other => panic!("{other:?}"),
                }
                socket.flush().await?;
            }
            Ok::<_, Error>(())
        }
    });
    let mut socket = server.connect().await;
    socket.ping(b"one").await.unwrap();
    assert_eq!(socket.recv_event().await.unwrap(), Some(Event::Pong(Bytes::from_static(b"one"))));
    assert_eq!(socket.recv().await.unwrap(), Some(Message::text("for all")));
    socket.send(Message::text("two")).await.unwrap();
    assert_eq!(
        socket.recv_event().await.unwrap(),
        Some(Event::Ping(Bytes::from_static(b"are you there")))
    );
    assert_eq!(socket.recv().await.unwrap(), Some(Message::binary(&b"are you there"[..])));
}

#[tokio::test(start_paused = true)]
async fn pieces_are_told_as_they_arrive() {
    let server = start(Server::builder(), |mut socket, _| async move {
        let mut len = 0;
        while let Some(piece) = socket.recv_piece().await? {
            len += piece.octets.len();
            if piece.ends_message {
                socket.send(Message::text(len.to_string())).await?;
            }
        }
        Ok::<_, Error>(())
    });
    let mut socket = server.connect().await;
    for len in [0, 1, 100_000] {
        socket.send(Message::binary(vec![7; len])).await.unwrap();
    }
    for len in ["0", "1", "100001"] {
        assert_eq!(socket.recv().await.unwrap(), Some(Message::text(len)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_peers_close_and_the_connection_can_be_looked_at() {
    let notes = Notes::default();
    let noted = notes.clone();
    let mut server = start(Server::builder(), move |mut socket, _| {
        let notes = noted.clone();
        async move {
            notes.add(format!("{:?}", socket.peer_close().map(|close| close.code)));
            notes.add(format!("{:?}", socket.with(|connection| connection.role())));
            while socket.recv().await?.is_some() {}
            let close = socket.peer_close().expect("the end was clean");
            notes.add(format!("{} {}", close.code, close.reason));
            Ok::<_, Error>(())
        }
    });
    let mut socket = server.connect().await;
    socket.close(CloseCode::new(4001), "enough").await.unwrap();
    while socket.recv().await.unwrap().is_some() {}
    server.stop();
    server.ended().await;
    assert_eq!(notes.all(), ["None", "Some(Server)", "4001 enough"]);
}
