//! Two halves in two tasks: is nobody forgotten, and does nobody wake the other for nothing? (T10)
#![cfg(feature = "tokio")]

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::net::{TcpListener, TcpStream};
use ws_core::tokio::{Error, ReadHalf, WebSocket, WriteHalf};
use ws_core::{CloseCode, Config, Limits, Message, Misuse};

use oracle::{Frame, binary, ping, pong, text};
use tokio_support::{BOTH_ROLES, Task, frame_of, plain, poll_once, run, socket};

mod oracle;
mod tokio_support;

/// Ends a test that hangs; nothing is measured by it.
const HANGS: Duration = Duration::from_secs(60);

fn narrow() -> Config {
    Config::with_limits(Limits::builder().max_write_buffer(4096).build().unwrap())
}

#[test]
fn t10_only_the_reader_is_polled_while_a_pong_and_a_message_are_due() {
    for role in BOTH_ROLES {
        let (socket, remote) = plain(role);
        let (mut reader, mut writer) = socket.split();
        let task = Task::new();
        let mut recv = Box::pin(reader.recv());
        assert!(task.poll(&mut recv).is_pending());
        remote.push_frames(role, &[ping(b"due")]);
        assert!(task.take_wakes() > 0);
        assert!(task.poll(&mut recv).is_pending());
        assert_eq!(remote.frames(role), [pong(b"due")]);

        assert!(poll_once(writer.feed("fed")).is_ready());
        assert!(task.take_wakes() > 0, "there is something to write");
        assert!(task.poll(&mut recv).is_pending());
        assert_eq!(remote.frames(role), [pong(b"due"), text("fed")]);
    }
}

#[test]
fn t10_only_the_reader_is_polled_while_the_writer_waits_for_room() {
    for role in BOTH_ROLES {
        let (socket, remote) = socket(role, narrow());
        remote.set_room(0);
        let (mut reader, mut writer) = socket.split();
        let (reading, writing) = (Task::new(), Task::new());
        run(writer.feed(Message::binary(vec![1; 4000]))).unwrap();
        let mut feed = Box::pin(writer.feed(Message::binary(vec![2; 4000])));
        assert!(writing.poll(&mut feed).is_pending());
        let mut recv = Box::pin(reader.recv());
        assert!(reading.poll(&mut recv).is_pending());
        writing.take_wakes();
        remote.set_room(usize::MAX);
        assert!(reading.take_wakes() > 0);
        assert!(reading.poll(&mut recv).is_pending());
        assert!(writing.take_wakes() > 0, "the reader made room");
        assert!(writing.poll(&mut feed).is_ready());
    }
}

#[test]
fn t10_only_the_writer_is_polled() {
    for role in BOTH_ROLES {
        let (socket, remote) = socket(role, narrow());
        remote.set_room(0);
        remote.push_frames(role, &[ping(b"unread"), text("unread")]);
        let (mut reader, mut writer) = socket.split();
        let task = Task::new();
        let messages: Vec<_> = (1..=5).map(|i| Message::binary(vec![i; 3000])).collect();
        for message in &messages {
            let mut send = Box::pin(writer.send(message.clone()));
            assert!(task.poll(&mut send).is_pending());
            remote.set_room(usize::MAX);
            assert!(task.take_wakes() > 0);
            assert!(task.poll(&mut send).is_ready());
            remote.set_room(0);
        }
        let sent: Vec<_> = messages.iter().map(frame_of).collect();
        assert_eq!(remote.frames(role), sent);
        remote.set_room(usize::MAX);
        assert_eq!(run(reader.recv()).unwrap(), Some(Message::text("unread")));
    }
}

#[test]
fn t10_two_tasks_that_wait_do_not_wake_each_other() {
    for role in BOTH_ROLES {
        let (socket, remote) = socket(role, narrow());
        remote.set_room(0);
        let (mut reader, mut writer) = socket.split();
        run(writer.feed(Message::binary(vec![1; 4000]))).unwrap();
        let (reading, writing) = (Task::new(), Task::new());
        let mut recv = Box::pin(reader.recv());
        let mut feed = Box::pin(writer.feed(Message::binary(vec![2; 4000])));
        // An executor: whoever was woken is polled. Each step of the transport wakes both once.
        let mut settle = |polled: &mut usize| loop {
            let (read, written) = (reading.take_wakes(), writing.take_wakes());
            if read == 0 && written == 0 {
                return;
            }
            if read > 0 {
                assert!(reading.poll(&mut recv).is_pending());
                *polled += 1;
            }
            if written > 0 {
                assert!(writing.poll(&mut feed).is_pending());
                *polled += 1;
            }
            assert!(*polled < 100, "a live-lock");
        };
        let mut polled = 0;
        for first in [&reading, &writing] {
            std::task::Wake::wake(Arc::clone(first));
            settle(&mut polled);
        }
        assert_eq!(polled, 2);
        for step in 1..=10 {
            polled = 0;
            remote.set_room(1);
            settle(&mut polled);
            assert!((1..=6).contains(&polled), "{polled} polls for step {step}");
            polled = 0;
            remote.push(&[]);
            settle(&mut polled);
            assert!(polled <= 2, "{polled} polls for nothing");
        }
    }
}

/// Both directions at once, far more than all buffers hold, a task per half.
async fn transfer<S>(near: WebSocket<S>, far: WebSocket<S>, messages: usize, len: usize)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    async fn read<S: AsyncRead + AsyncWrite + Unpin>(
        mut half: ReadHalf<S>,
        len: usize,
    ) -> (ReadHalf<S>, usize) {
        let mut seen = 0;
        while let Some(message) = half.recv().await.expect("a clean end") {
            let expected = u8::try_from(seen % 251).unwrap();
            assert!(message.payload().len() == len && message.payload()[0] == expected);
            seen += 1;
        }
        (half, seen)
    }
    async fn write<S: AsyncRead + AsyncWrite + Unpin>(
        mut half: WriteHalf<S>,
        messages: usize,
        len: usize,
    ) -> WriteHalf<S> {
        for i in 0..messages {
            let message = Message::binary(vec![u8::try_from(i % 251).unwrap(); len]);
            half.feed(message).await.expect("room comes");
            if i % 7 == 0 {
                half.flush().await.expect("the peer reads");
            }
        }
        half
    }
    let (near_reader, near_writer) = near.split();
    let (far_reader, far_writer) = far.split();
    let readers = [near_reader, far_reader].map(|half| tokio::spawn(read(half, len)));
    let writers = [near_writer, far_writer].map(|half| tokio::spawn(write(half, messages, len)));
    let [near, far] = writers;
    let (mut near, far) = (near.await.unwrap(), far.await.unwrap());
    near.close(CloseCode::NORMAL, "done").await.unwrap();
    drop(far);
    for reader in readers {
        let (half, seen) = reader.await.unwrap();
        // Messages that were under way while the closing handshake began are dropped.
        assert!(seen <= messages);
        assert_eq!(half.peer_close().map(|close| close.code), Some(CloseCode::NORMAL));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t10_both_directions_over_a_narrow_duplex() {
    for width in [37, 1000, 37, 1000, 37, 1000] {
        let (ours, theirs) = duplex(width);
        let server = WebSocket::server(ours, narrow());
        let client = WebSocket::client(theirs, narrow(), &[]);
        let (messages, len) = if width == 37 { (40, 700) } else { (200, 3000) };
        tokio::time::timeout(HANGS, transfer(server, client, messages, len)).await.expect("a hang");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t10_both_directions_over_tcp() {
    for _ in 0..3 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let dialled = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let server = WebSocket::server(listener.accept().await.unwrap().0, narrow());
        let client = WebSocket::client(dialled, narrow(), &[]);
        let transfer = transfer(server, client, 200, 100_000);
        tokio::time::timeout(HANGS, transfer).await.expect("a hang");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t10_both_directions_through_stream_and_sink_in_two_tasks() {
    const MESSAGES: usize = 300;
    for width in [100, 1000, 100, 1000] {
        let (ours, theirs) = duplex(width);
        let server = WebSocket::server(ours, narrow());
        let client = WebSocket::client(theirs, narrow(), &[]);
        let ends = [server, client].map(|socket| {
            let (mut sink, mut stream) = StreamExt::split(socket);
            let write = tokio::spawn(async move {
                for _ in 0..MESSAGES {
                    sink.send(Message::binary(vec![7; 3000])).await.unwrap();
                }
                sink
            });
            let read = tokio::spawn(async move {
                for _ in 0..MESSAGES {
                    stream.next().await.unwrap().unwrap();
                }
                stream
            });
            (write, read)
        });
        for (write, read) in ends {
            let both = async { tokio::join!(write, read) };
            let (write, read) = tokio::time::timeout(HANGS, both).await.expect("a hang");
            assert!(write.unwrap().reunite(read.unwrap()).is_ok());
        }
    }
}

#[test]
fn halves_reunite_with_their_own_only() {
    for role in BOTH_ROLES {
        let (socket, remote) = plain(role);
        let (reader, mut writer) = socket.split();
        let (other_reader, other_writer) = plain(role).0.split();
        let (reader, other_writer) = reader.reunite(other_writer).expect_err("not its own");
        assert!(other_reader.reunite(other_writer).is_ok());
        // Nor does a half whose own other half is gone take a stranger's.
        let (widow, dropped) = plain(role).0.split();
        drop(dropped);
        let (_stranger, strange_writer) = plain(role).0.split();
        assert!(widow.reunite(strange_writer).is_err());
        run(writer.feed("queued")).unwrap();
        let mut socket = reader.reunite(writer).expect("its own");
        remote.push_frames(role, &[text("received")]);
        assert_eq!(run(socket.recv()).unwrap(), Some(Message::text("received")));
        run(socket.flush()).unwrap();
        assert_eq!(remote.frames(role), [text("queued")]);
    }
}

#[test]
fn t25_each_half_works_alone_and_the_last_drops_the_transport() {
    for role in BOTH_ROLES {
        let (socket, remote) = plain(role);
        let (mut reader, writer) = socket.split();
        drop(writer);
        remote.push_frames(role, &[ping(b"p"), text("read")]);
        assert_eq!(run(reader.recv()).unwrap(), Some(Message::text("read")));
        assert!(poll_once(reader.recv()).is_pending());
        assert_eq!(remote.frames(role), [pong(b"p")]);
        assert!(!remote.with(|state| state.is_dropped));
        drop(reader);
        assert!(remote.with(|state| state.is_dropped));

        let (socket, remote) = plain(role);
        let (reader, mut writer) = socket.split();
        drop(reader);
        run(writer.send(Message::binary(vec![1; 9]))).unwrap();
        run(writer.close(CloseCode::NORMAL, "")).unwrap();
        assert_eq!(remote.frames(role), [binary(&[1; 9]), Frame::close(1000, "")]);
        drop(writer);
        assert!(remote.with(|state| state.is_dropped));
    }
}

#[tokio::test(start_paused = true)]
async fn the_writer_closes_while_the_reader_waits() {
    for role in BOTH_ROLES {
        let (socket, remote) = plain(role);
        let (mut reader, mut writer) = socket.split();
        let reading = tokio::spawn(async move { (reader.recv().await, reader.peer_close()) });
        tokio::task::yield_now().await;
        writer.close(CloseCode::NORMAL, "bye").await.unwrap();
        assert_eq!(remote.frames(role), [Frame::close(1000, "bye")]);
        remote.push_frames(role, &[Frame::close(3000, "")]);
        let (ended, peer_close) = reading.await.unwrap();
        assert!(matches!(ended, Ok(None)), "{ended:?}");
        assert_eq!(peer_close.map(|close| close.code), Some(CloseCode::new(3000)));
        let after = writer.send("late").await;
        assert!(matches!(after, Err(Error::Misuse(Misuse::SendAfterClose))));
    }
}

#[test]
fn a_writer_that_waits_for_room_hears_of_the_peer_s_close() {
    for role in BOTH_ROLES {
        let (socket, remote) = socket(role, narrow());
        remote.set_room(0);
        let (mut reader, mut writer) = socket.split();
        run(writer.feed(Message::binary(vec![1; 4000]))).unwrap();
        let (reading, writing) = (Task::new(), Task::new());
        let mut feed = Box::pin(writer.feed(Message::binary(vec![2; 4000])));
        assert!(writing.poll(&mut feed).is_pending());
        remote.push_frames(role, &[Frame::close(1000, "")]);
        writing.take_wakes();
        assert!(reading.poll(&mut Box::pin(reader.recv())).is_pending());
        assert!(writing.take_wakes() > 0);
        match writing.poll(&mut feed) {
            std::task::Poll::Ready(Err(Error::Misuse(Misuse::SendAfterClose))) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// What the reader's poll found out is not told again by the transport.
#[test]
fn t10_a_writer_that_flushes_hears_of_what_the_reader_did_for_it() {
    for role in BOTH_ROLES {
        for fails in [false, true] {
            let (socket, remote) = plain(role);
            remote.with(|state| state.flush_stuck = true);
            let (mut reader, mut writer) = socket.split();
            let (reading, writing) = (Task::new(), Task::new());
            let mut send = Box::pin(writer.send("x"));
            assert!(writing.poll(&mut send).is_pending());
            writing.take_wakes();
            remote.with(|state| {
                state.flush_stuck = false;
                state.fail_from = fails.then_some(0);
            });
            let received = reading.poll(&mut Box::pin(reader.recv()));
            assert_eq!(received.is_ready(), fails);
            assert!(writing.take_wakes() > 0, "fails: {fails}");
            match writing.poll(&mut send) {
                std::task::Poll::Ready(sent) => assert_eq!(sent.is_err(), fails, "{sent:?}"),
                std::task::Poll::Pending => panic!("nothing is left to do"),
            }
        }
    }
}
