//! `Stream` and `Sink`, and the limits of what may be queued: who waits, who goes on, what is lost?
#![cfg(feature = "tokio")]

use std::pin::Pin;
use std::task::Poll;

use futures_util::stream::FusedStream;
use futures_util::{Sink, SinkExt, StreamExt};
use ws_core::connection::Failure;
use ws_core::tokio::Error;
use ws_core::{Config, Limits, Message, Misuse};

use oracle::{Frame, binary, ping, pong, text};
use tokio_support::{BOTH_ROLES, Task, plain, poll_once, run, socket};

mod oracle;
mod tokio_support;

/// Connections that queue at most 1000 octets.
fn narrow() -> Config {
    Config::with_limits(Limits::builder().max_write_buffer(1000).build().unwrap())
}

fn message(fill: u8, len: usize) -> Message {
    Message::binary(vec![fill; len])
}

#[test]
fn a04_feed_waits_while_the_write_buffer_is_full() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = socket(role, narrow());
        remote.set_room(0);
        run(socket.feed(message(1, 900))).unwrap();
        let task = Task::new();
        let mut feed = Box::pin(socket.feed(message(2, 900)));
        assert!(task.poll(&mut feed).is_pending());
        remote.set_room(100);
        assert_eq!(task.take_wakes(), 1);
        assert!(task.poll(&mut feed).is_pending(), "not room enough");
        remote.set_room(usize::MAX);
        assert_eq!(task.take_wakes(), 1);
        assert!(task.poll(&mut feed).is_ready());
        drop(feed);
        run(socket.flush()).unwrap();
        assert_eq!(remote.frames(role), [binary(&[1; 900]), binary(&[2; 900])]);
    }
}

#[test]
fn a04_ping_and_pong_wait_for_room_too() {
    for role in BOTH_ROLES {
        for pong in [false, true] {
            let (mut socket, remote) = socket(role, narrow());
            remote.set_room(0);
            run(socket.feed(message(1, 980))).unwrap();
            let send =
                async { if pong { socket.pong(b"p").await } else { socket.ping(b"p").await } };
            let mut send = Box::pin(send);
            assert!(Task::new().poll(&mut send).is_pending());
            remote.set_room(usize::MAX);
            run(send).unwrap();
            assert_eq!(remote.frames(role).len(), 2);
        }
    }
}

#[test]
fn a05_one_message_over_the_limit_passes_while_nothing_is_queued() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = socket(role, narrow());
        remote.set_room(0);
        run(socket.feed(message(1, 100_000))).unwrap();
        assert!(socket.output_len() > 100_000);
        assert!(poll_once(socket.feed(message(2, 1))).is_pending());
        remote.set_room(usize::MAX);
        run(socket.send(message(3, 1))).unwrap();
        assert_eq!(remote.frames(role), [binary(&[1; 100_000]), binary(&[3])]);
    }
}

#[test]
fn f31_while_the_peer_does_not_read_one_pong_waits() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.set_room(1);
        remote.push_frames(role, &[ping(b"first")]);
        assert!(poll_once(socket.recv()).is_pending());
        let queued = socket.output_len();
        for i in 0..900_u16 {
            remote.push_frames(role, &[ping(&i.to_be_bytes())]);
            assert!(poll_once(socket.recv()).is_pending());
            assert_eq!(socket.output_len(), queued, "nothing more is queued");
        }
        remote.set_room(usize::MAX);
        assert!(poll_once(socket.recv()).is_pending());
        assert_eq!(remote.frames(role), [pong(b"first"), pong(&899_u16.to_be_bytes())]);
    }
}

#[test]
fn recv_reads_on_while_it_cannot_write() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.set_room(0);
        run(socket.feed("waiting")).unwrap();
        for _ in 0..3 {
            remote.push_frames(role, &[text("read")]);
            assert_eq!(run(socket.recv()).unwrap(), Some(Message::text("read")));
        }
    }
}

#[test]
fn a_sink_takes_one_message_over_the_limit_and_keeps_it() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = socket(role, narrow());
        remote.set_room(0);
        let task = Task::new();
        let mut socket = Pin::new(&mut socket);
        for fill in 1..=2 {
            assert!(
                task.poll(&mut std::future::poll_fn(|cx| socket.as_mut().poll_ready(cx)))
                    .is_ready()
            );
            socket.as_mut().start_send(message(fill, 900)).unwrap();
        }
        let mut ready = std::future::poll_fn(|cx| socket.as_mut().poll_ready(cx));
        assert!(task.poll(&mut ready).is_pending(), "one waits already");
        let third = socket.as_mut().start_send(message(3, 900));
        assert!(matches!(third, Err(Error::Misuse(Misuse::WriteBufferFull))), "{third:?}");
        remote.set_room(usize::MAX);
        assert!(task.take_wakes() > 0);
        run(socket.flush()).unwrap();
        assert_eq!(remote.frames(role), [binary(&[1; 900]), binary(&[2; 900])]);
    }
}

#[test]
fn a_sink_writes_a_long_queue_before_it_takes_more() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        for fed in 0..16 {
            run(SinkExt::feed(&mut socket, message(7, 10_000))).unwrap();
            assert_eq!(remote.counts().writes, fed / 7, "from 64 KiB on");
        }
    }
}

#[test]
fn a_message_that_waits_in_a_sink_is_written_by_recv_too() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = socket(role, narrow());
        remote.set_room(0);
        for fill in 1..=2 {
            Pin::new(&mut socket).start_send(message(fill, 900)).unwrap();
        }
        remote.set_room(usize::MAX);
        assert!(poll_once(socket.recv()).is_pending());
        assert_eq!(remote.frames(role), [binary(&[1; 900]), binary(&[2; 900])]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_waits_in_a_sink_when_the_peer_closes_does_not_spoil_the_end() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = socket(role, narrow());
        remote.set_room(0);
        for fill in 1..=2 {
            Pin::new(&mut socket).start_send(message(fill, 900)).unwrap();
        }
        remote.push_frames(role, &[Frame::close(1000, "")]);
        assert!(poll_once(socket.recv()).is_pending());
        remote.set_room(usize::MAX);
        assert!(poll_once(socket.recv()).is_pending());
        let written = remote.frames(role);
        assert_eq!(written, [binary(&[1; 900]), Frame::close(1000, "")], "our Close, at once");
        remote.end();
        assert!(matches!(run(socket.recv()), Ok(None)), "a clean end");
        let flushed = run(socket.flush());
        assert!(matches!(flushed, Err(Error::Misuse(Misuse::SendAfterClose))), "told to the sink");
    }
}

#[test]
fn a08_poll_close_twice_and_next_behind_the_end() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.push_frames(role, &[text("a"), text("b"), Frame::close(1000, "")]);
        remote.end();
        assert!(!socket.is_terminated());
        let first = run(StreamExt::next(&mut socket)).unwrap().unwrap();
        assert_eq!(first, Message::text("a"));
        run(SinkExt::send(&mut socket, Message::text("ours"))).unwrap();
        for _ in 0..2 {
            run(SinkExt::close(&mut socket)).unwrap();
        }
        for _ in 0..2 {
            assert!(run(StreamExt::next(&mut socket)).is_none());
        }
        assert!(socket.is_terminated());
        assert_eq!(remote.frames(role), [text("ours"), Frame::close(1000, "")]);
    }
}

#[test]
fn a08_next_behind_an_error_is_none() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.end();
        let failed = run(StreamExt::next(&mut socket));
        assert!(matches!(failed, Some(Err(Error::Failed(Failure::EndOfStream)))));
        assert!(socket.is_terminated());
        for _ in 0..2 {
            assert!(run(StreamExt::next(&mut socket)).is_none());
        }
    }
}

/// #36: a stream and a sink of one connection in two tasks, as `StreamExt::split` makes them.
#[test]
fn t10_the_sink_is_woken_though_the_stream_was_polled_behind_it() {
    for role in BOTH_ROLES {
        let (socket, remote) = plain(role);
        remote.set_room(0);
        let (mut sink, mut stream) = StreamExt::split(socket);
        let (writer, reader) = (Task::new(), Task::new());
        let mut send = sink.send(Message::text("x"));
        assert!(writer.poll(&mut send).is_pending());
        assert!(reader.poll(&mut stream.next()).is_pending());
        writer.take_wakes();
        remote.set_room(usize::MAX);
        assert!(reader.poll(&mut stream.next()).is_pending());
        assert!(writer.take_wakes() > 0, "{role:?}: nobody wakes the sink");
        assert!(writer.poll(&mut send).is_ready());
        assert_eq!(remote.frames(role), [text("x")]);
    }
}

/// The same the other way round: whoever closes reads.
#[tokio::test(start_paused = true)]
async fn t10_the_stream_is_woken_though_the_sink_was_polled_behind_it() {
    for role in BOTH_ROLES {
        let (socket, remote) = plain(role);
        let (mut sink, mut stream) = StreamExt::split(socket);
        let (writer, reader) = (Task::new(), Task::new());
        assert!(reader.poll(&mut stream.next()).is_pending());
        let mut close = sink.close();
        assert!(writer.poll(&mut close).is_pending());
        assert!(reader.take_wakes() > 0, "nothing can be sent any more");
        assert!(reader.poll(&mut stream.next()).is_pending());
        assert!(writer.poll(&mut close).is_pending());
        remote.push_frames(role, &[Frame::close(1000, "")]);
        remote.end();
        assert!(writer.poll(&mut close).is_ready());
        assert!(reader.take_wakes() > 0, "{role:?}: nobody wakes the stream");
        assert!(matches!(reader.poll(&mut stream.next()), Poll::Ready(None)));
    }
}

/// What is read already may end the connection, too.
#[test]
fn a_sink_that_waits_for_room_hears_of_the_peer_s_close() {
    for role in BOTH_ROLES {
        let (socket, remote) = socket(role, narrow());
        remote.set_room(0);
        let (mut sink, mut stream) = StreamExt::split(socket);
        let (writer, reader) = (Task::new(), Task::new());
        // One is queued, one waits in our sink, one in that of `StreamExt::split`.
        for fill in 1..=3 {
            run(sink.feed(message(fill, 900))).unwrap();
        }
        let mut feed = sink.feed(message(4, 900));
        assert!(writer.poll(&mut feed).is_pending());
        remote.push_frames(role, &[Frame::close(1000, "")]);
        assert_eq!(writer.take_wakes(), 0);
        assert!(reader.poll(&mut stream.next()).is_pending());
        assert!(writer.take_wakes() > 0, "{role:?}: nobody wakes the sink");
        let told = writer.poll(&mut feed);
        assert!(matches!(told, Poll::Ready(Err(Error::Misuse(Misuse::SendAfterClose)))));
    }
}

/// A task that asks the sink whether it is ready whenever it is polled must not wake itself by that.
#[test]
fn asking_wakes_nobody() {
    for role in BOTH_ROLES {
        let (mut socket, _remote) = plain(role);
        let task = Task::new();
        for _ in 0..5 {
            assert!(task.poll(&mut StreamExt::next(&mut socket)).is_pending());
            let mut sink = Pin::new(&mut socket);
            assert!(
                task.poll(&mut std::future::poll_fn(|cx| sink.as_mut().poll_ready(cx))).is_ready()
            );
            assert!(
                task.poll(&mut std::future::poll_fn(|cx| sink.as_mut().poll_flush(cx))).is_ready()
            );
        }
        assert_eq!(task.take_wakes(), 0, "{role:?}");
    }
}
