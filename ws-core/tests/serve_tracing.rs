//! What a server tells a subscriber, and that no octet of a peer is in it (feature `tracing`).
#![cfg(feature = "tracing")]

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::sleep;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use ws_core::tokio::serve::Server;
use ws_core::{CloseCode, Message};

use serve_support::{Notes, start};

mod serve_support;

/// Writes everything down, a line for each span and event.
#[derive(Default)]
struct Everything {
    lines: Notes,
    spans: AtomicU64,
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &match field.name() {
            "message" => format!(" {value:?}"),
            name => format!(" {name}={value:?}"),
        };
    }
}

impl Subscriber for Everything {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "ws_core::serve"
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut line = Line(span.metadata().name().to_owned());
        span.record(&mut line);
        self.lines.add(line.0);
        Id::from_u64(self.spans.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.lines.add(line.0);
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn a_server_tells_what_it_does_and_nothing_that_a_peer_sent() {
    let everything = Everything::default();
    let told = everything.lines.clone();
    let _subscribed = tracing::subscriber::set_default(everything);
    let builder = Server::builder().max_connections(1);
    let mut server = start(builder, |mut socket, _| async move {
        while let Some(message) = socket.recv().await? {
            assert!(message != Message::text("secret panic"), "as asked");
            socket.feed(message).await?;
        }
        Ok::<_, ws_core::tokio::Error>(())
    });

    let mut socket = server.try_connect(1).await.unwrap();
    assert!(server.answer(2).await.starts_with("HTTP/1.1 503 "));
    socket.send(Message::text("secret")).await.unwrap();
    assert!(socket.recv().await.unwrap().is_some());
    socket.close(CloseCode::new(4444), "secret").await.unwrap();
    sleep(Duration::from_millis(1)).await;

    let mut socket = server.try_connect(3).await.unwrap();
    socket.send(Message::text("secret panic")).await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), None);
    sleep(Duration::from_millis(1)).await;

    let mut io = server.pipe(4);
    tokio::io::AsyncWriteExt::write_all(&mut io, b"secret\r\n\r\n").await.unwrap();
    sleep(Duration::from_secs(20)).await;
    server.stop();
    server.ended().await;
    assert_eq!(
        told.all(),
        [
            "connection peer=1",
            "DEBUG opened",
            "connection peer=2",
            "DEBUG refused status=503",
            "DEBUG closed clean=true peer_code=4444",
            "connection peer=3",
            "DEBUG opened",
            "WARN the handler panicked",
            "DEBUG closed clean=true peer_code=1011",
            "connection peer=4",
            "DEBUG not opened error=opening handshake: request refused with 400: malformed request \
             line (RFC 9112 section 3)",
            "INFO stopping open=0",
            "INFO stopped dropped=0",
        ]
    );
}
