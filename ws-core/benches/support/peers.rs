//! The same work done by this crate and by others: receive all messages of a wire as a server;
//! send the same message many times as a server; echo all messages of a wire. Each returns what it did, for the bench to check.

use std::time::Duration;

use bytes::Bytes;
use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, Role as FastRole};
use futures_util::{SinkExt, StreamExt};
use ws_core::connection::Event;
use ws_core::tokio::WebSocket;
use ws_core::{Config, Connection, Message, Text};

use super::{READ_LEN, Wire};

/// Messages and octets of payload that were received.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) messages: usize,
    pub(crate) octets: usize,
}

impl Done {
    const fn add(&mut self, octets: usize) {
        self.messages += 1;
        self.octets += octets;
    }
}

/// The sans-IO connection, its caller's buffer being filled as a socket would fill it, so many octets
/// at a time.
pub(crate) fn receive_connection(wire: &Bytes, buffer: &mut Vec<u8>, read_len: usize) -> Done {
    let mut connection = Connection::server(Config::default());
    let mut done = Done::default();
    let mut unread: &[u8] = wire;
    let (mut start, mut end) = (0, 0);
    loop {
        loop {
            let received = connection.handle_input(&mut buffer[start..end], Duration::ZERO);
            let (discard, keep) = (received.discard, received.keep);
            let event = received.event;
            if let Some(Event::Message { payload, .. }) = &event {
                done.add(payload.len());
            }
            let last = event.is_none();
            start += discard;
            end = start + keep;
            if last {
                break;
            }
        }
        if unread.is_empty() {
            return done;
        }
        if start == end || buffer.len() < end + read_len {
            buffer.copy_within(start..end, 0);
            (start, end) = (0, end - start);
        }
        if buffer.len() < end + read_len {
            buffer.resize(2 * end + READ_LEN, 0);
        }
        let (read, rest) = unread.split_at(read_len.min(unread.len()));
        super::copy(&mut buffer[end..end + read.len()], read);
        end += read.len();
        unread = rest;
    }
}

pub(crate) async fn receive_tokio(wire: Bytes) -> Done {
    let mut socket = WebSocket::server(Wire::new(wire), Config::default());
    let mut done = Done::default();
    // The wire ends without a Close frame.
    while let Ok(Some(message)) = socket.recv().await {
        done.add(message.payload().len());
    }
    done
}

/// As [`receive_tokio`], as a `Stream`.
pub(crate) async fn receive_tokio_stream(wire: Bytes) -> Done {
    let mut socket = WebSocket::server(Wire::new(wire), Config::default());
    let mut done = Done::default();
    while let Some(Ok(message)) = socket.next().await {
        done.add(message.payload().len());
    }
    done
}

pub(crate) fn receive_tungstenite(wire: Bytes) -> Done {
    let mut socket = tungstenite::WebSocket::from_raw_socket(
        Wire::new(wire),
        tungstenite::protocol::Role::Server,
        None,
    );
    let mut done = Done::default();
    while let Ok(message) = socket.read() {
        done.add(message.len());
    }
    done
}

pub(crate) async fn receive_tokio_websockets(wire: Bytes) -> Done {
    let mut socket = tokio_websockets::ServerBuilder::new().serve(Wire::new(wire));
    let mut done = Done::default();
    while let Some(Ok(message)) = socket.next().await {
        done.add(message.into_payload().len());
    }
    done
}

pub(crate) async fn receive_fastwebsockets(wire: Bytes) -> Done {
    let socket = fastwebsockets::WebSocket::after_handshake(Wire::new(wire), FastRole::Server);
    let mut socket = FragmentCollector::new(socket);
    let mut done = Done::default();
    while let Ok(frame) = socket.read_frame().await {
        done.add(frame.payload.len());
    }
    done
}

/// The sans-IO connection, written whenever its queue is as long as a socket would take.
pub(crate) fn send_connection(
    connection: &mut Connection,
    message: &Message,
    count: usize,
) -> usize {
    let mut written = 0;
    for _ in 0..count {
        connection.send(message).expect("room");
        if connection.output_len() >= READ_LEN {
            written += write_out(connection);
        }
    }
    written + write_out(connection)
}

fn write_out(connection: &mut Connection) -> usize {
    let len = connection.poll_output().map(<[u8]>::len).sum();
    connection.handle_written(len, Duration::ZERO);
    len
}

pub(crate) async fn send_tokio(payload: Bytes, text: bool, count: usize) -> usize {
    let mut socket = WebSocket::server(Wire::default(), Config::default());
    let message = if text {
        Message::Text(Text::try_from(payload).expect("UTF-8"))
    } else {
        Message::Binary(payload)
    };
    for _ in 0..count {
        socket.feed(message.clone()).await.expect("sent");
    }
    socket.flush().await.expect("flushed");
    socket.get_ref().written
}

/// As [`send_tokio`], as a `Sink`.
pub(crate) async fn send_tokio_sink(payload: Bytes, count: usize) -> usize {
    let mut socket = WebSocket::server(Wire::default(), Config::default());
    let message = Message::Binary(payload);
    for _ in 0..count {
        SinkExt::feed(&mut socket, message.clone()).await.expect("sent");
    }
    SinkExt::flush(&mut socket).await.expect("flushed");
    socket.get_ref().written
}

pub(crate) fn send_tungstenite(payload: &Bytes, count: usize) -> usize {
    let mut socket = tungstenite::WebSocket::from_raw_socket(
        Wire::default(),
        tungstenite::protocol::Role::Server,
        None,
    );
    for _ in 0..count {
        socket.write(tungstenite::Message::Binary(payload.clone())).expect("sent");
    }
    socket.flush().expect("flushed");
    socket.get_ref().written
}

pub(crate) async fn send_tokio_websockets(payload: Bytes, count: usize) -> usize {
    let mut socket = tokio_websockets::ServerBuilder::new().serve(Wire::default());
    for _ in 0..count {
        socket.feed(tokio_websockets::Message::binary(payload.clone())).await.expect("sent");
    }
    socket.flush().await.expect("flushed");
    socket.get_ref().written
}

pub(crate) async fn send_fastwebsockets(payload: &[u8], count: usize) -> usize {
    let mut socket = fastwebsockets::WebSocket::after_handshake(Wire::default(), FastRole::Server);
    for _ in 0..count {
        let frame = Frame::new(true, OpCode::Binary, None, Payload::Borrowed(payload));
        socket.write_frame(frame).await.expect("sent");
    }
    socket.flush().await.expect("flushed");
    socket.into_inner().written
}

pub(crate) async fn echo_tokio(wire: Bytes) -> usize {
    let mut socket = WebSocket::server(Wire::new(wire), Config::default());
    while let Ok(Some(message)) = socket.recv().await {
        socket.feed(message).await.expect("sent");
    }
    socket.get_ref().written
}

pub(crate) async fn echo_tokio_sink(wire: Bytes) -> usize {
    let mut socket = WebSocket::server(Wire::new(wire), Config::default());
    while let Some(Ok(message)) = socket.next().await {
        SinkExt::feed(&mut socket, message).await.expect("sent");
    }
    socket.get_ref().written
}

pub(crate) fn echo_tungstenite(wire: Bytes) -> usize {
    let mut socket = tungstenite::WebSocket::from_raw_socket(
        Wire::new(wire),
        tungstenite::protocol::Role::Server,
        None,
    );
    while let Ok(message) = socket.read() {
        socket.write(message).expect("sent");
    }
    socket.flush().expect("flushed");
    socket.get_ref().written
}

pub(crate) async fn echo_tokio_websockets(wire: Bytes) -> usize {
    let mut socket = tokio_websockets::ServerBuilder::new().serve(Wire::new(wire));
    while let Some(Ok(message)) = socket.next().await {
        socket.feed(message).await.expect("sent");
    }
    socket.flush().await.expect("flushed");
    socket.get_ref().written
}

pub(crate) async fn echo_fastwebsockets(wire: Bytes) -> usize {
    let socket = fastwebsockets::WebSocket::after_handshake(Wire::new(wire), FastRole::Server);
    let mut socket = FragmentCollector::new(socket);
    while let Ok(frame) = socket.read_frame().await {
        socket.write_frame(frame).await.expect("sent");
    }
    socket.into_inner().written
}
