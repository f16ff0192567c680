//! A peer that floods is given no more than its turn: frames count as work of the task (T22).
#![cfg(feature = "tokio")]

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ws_core::Config;
use ws_core::tokio::WebSocket;

/// The same octets over and over, as many as are asked for; what is written vanishes.
struct Flood {
    frame: &'static [u8],
    read: Rc<Cell<usize>>,
}

impl AsyncRead for Flood {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        assert!(self.read.get() < 1_000_000, "a turn without an end");
        while buf.remaining() >= self.frame.len() {
            buf.put_slice(self.frame);
            self.read.set(self.read.get() + 1);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Flood {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Of each of some turns of one task: messages received, frames read.
fn turns(frame: &'static [u8], start: &'static [u8], count: usize) -> Vec<(usize, usize)> {
    let read = Rc::new(Cell::new(0));
    let mut config = Config::default();
    config.auto_pong = false;
    let flood = Flood { frame, read: Rc::clone(&read) };
    let mut socket = WebSocket::server_with_received(flood, config, start);
    let mut turns = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        for _ in 0..count {
            read.set(0);
            let mut messages = 0;
            let mut context = Context::from_waker(Waker::noop());
            while let Poll::Ready(told) = pin!(socket.recv()).poll(&mut context) {
                if told.is_err() {
                    return;
                }
                messages += 1;
            }
            turns.push((messages, read.get()));
            // The next poll of this task has the whole of a turn again.
            tokio::task::yield_now().await;
        }
    });
    turns
}

/// Units of work in a turn, by tokio's count; reads take some.
const UNITS: usize = 128;

#[test]
fn t22_a_turn_ends_though_there_is_more_of_each_flood() {
    // What one read brings at most, of frames of six octets.
    let one_read = 2 * 65_800 / 6;
    let name = |flood, turns: &[_], read| format!("{read} {flood} in {} turns", turns.len());
    // Empty messages: four are a unit.
    let messages = turns(b"\x82\x80\0\0\0\0", b"", 100);
    let told: usize = messages.iter().map(|(messages, _)| messages).sum();
    assert!(messages.iter().all(|(messages, _)| *messages <= 4 * UNITS), "{messages:?}");
    assert!(told >= messages.len() * 2 * UNITS, "{}", name("messages", &messages, told));
    // Pongs, which nobody is told of; and fragments of a message that never ends, 32 of them.
    for (flood, frame, start, worth) in [
        ("pongs", b"\x8A\x80\0\0\0\0", &b""[..], 4),
        ("fragments", b"\x00\x80\0\0\0\0", b"\x02\x80\0\0\0\0", 32),
    ] {
        let turns = turns(frame, start, 30);
        let read: usize = turns.iter().map(|(_, read)| read).sum();
        assert_eq!(turns.iter().map(|(messages, _)| messages).sum::<usize>(), 0);
        assert!(read <= worth * UNITS * turns.len() + one_read, "{}", name(flood, &turns, read));
        // No turn is wasted either.
        assert!(read >= worth * UNITS * turns.len() / 2, "{}", name(flood, &turns, read));
    }
}
