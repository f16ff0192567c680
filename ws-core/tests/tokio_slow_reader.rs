//! A peer that reads more slowly than the application sends: the sender waits, and memory stays.
//! (T11 in its short form)
#![cfg(feature = "tokio")]

use std::cell::Cell;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ws_core::tokio::WebSocket;
use ws_core::{Config, Message, PreparedMessage, Role};

const CAP: usize = 1024 * 1024;
/// As the outbox promises: the limit and a half.
const ALLOWED: i64 = (CAP + CAP / 2) as i64;
const TOTAL: usize = 16 * 1024 * 1024;

/// A transport that takes as many octets as it is told to, and forgets them.
#[derive(Debug, Clone, Default)]
struct Slow {
    room: Rc<Cell<usize>>,
    taken: Rc<Cell<usize>>,
}

impl AsyncRead for Slow {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Slow {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let len = octets.len().min(self.room.get());
        if len == 0 {
            return Poll::Pending;
        }
        self.room.set(self.room.get() - len);
        self.taken.set(self.taken.get() + len);
        Poll::Ready(Ok(len))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn socket(role: Role) -> (WebSocket<Slow>, Slow) {
    let io = Slow::default();
    let socket = match role {
        Role::Server => WebSocket::server(io.clone(), Config::default()),
        Role::Client => WebSocket::client(io.clone(), Config::default(), &[]),
    };
    (socket, io)
}

/// Polls once.
fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Sends `TOTAL` octets in messages of `len` that `feed` sends, to a peer that takes `step` octets whenever
/// the sender waits. Returns how often it waited.
fn send_all(
    socket: &mut WebSocket<Slow>,
    io: &Slow,
    (len, step): (usize, usize),
    mut feed: impl FnMut(&mut WebSocket<Slow>) -> Poll<()>,
) -> usize {
    let mut waits = 0;
    let mut sent = 0;
    while sent < TOTAL {
        match feed(socket) {
            Poll::Ready(()) => sent += len,
            Poll::Pending => {
                waits += 1;
                io.room.set(step);
            }
        }
        assert!(socket.output_len() <= CAP, "{} octets wait", socket.output_len());
    }
    waits
}

#[test]
fn t11_a_slow_reader_costs_the_write_buffer_and_no_more() {
    for role in [Role::Server, Role::Client] {
        // A server copies short messages and refers to long ones.
        for (len, step) in [(1000, 16 * 1024), (10_000, 16 * 1024), (10_000, 60_000)] {
            let payload = Bytes::from(vec![7; len]);
            let prepared = PreparedMessage::new(&Message::binary(payload.clone()));
            for is_prepared in [false, true] {
                let (mut socket, io) = socket(role);
                let mut waits = 0;
                let allocated = measure(|| {
                    waits = send_all(&mut socket, &io, (len, step), |socket| {
                        if is_prepared {
                            poll(socket.feed_prepared(&prepared)).map(Result::unwrap)
                        } else {
                            let message = Message::binary(payload.clone());
                            poll(socket.feed(message)).map(Result::unwrap)
                        }
                    });
                });
                assert!(waits >= (TOTAL - CAP) / step - 1, "it waited for the peer: {waits}");
                let held = allocated.bytes_current;
                assert!(held <= ALLOWED, "{role:?}, {len}, {step}, {is_prepared}: {held}");
                io.room.set(usize::MAX);
                assert!(poll(socket.flush()).is_ready());
                assert!(io.taken.get() >= TOTAL, "nothing is lost");
            }
        }
    }
}

/// One message beyond the limit passes while nothing is queued, and alone.
#[test]
fn t11_a05_one_long_message_passes_and_the_next_waits() {
    for role in [Role::Server, Role::Client] {
        let (mut socket, io) = socket(role);
        assert!(poll(socket.feed(Message::binary(vec![1; 3 * CAP]))).is_ready());
        assert!(poll(socket.feed("next")).is_pending());
        io.room.set(2 * CAP + 100);
        assert!(poll(socket.feed("next")).is_ready(), "there is room for it again");
        assert!(poll(socket.feed(Message::binary(vec![1; CAP]))).is_pending());
    }
}
