//! Two halves beside each other: does one ever wait for what the other does, or hear of it for
//! nothing, or do more than a whole connection does? (T10)
#![cfg(feature = "tokio")]

use std::io;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, duplex};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use ws_core::extension::{Decoded, Decoder, Encoder, Output};
use ws_core::frame::Rsv;
use ws_core::tokio::WebSocket;
use ws_core::{Config, Limits, Message, MessageKind, PreparedMessage, Role, Violation};

use oracle::{BINARY, Frame, ping, pong, text};
use tokio_support::{BOTH_ROLES, Task, Wire, plain, poll_once, run, socket, wire};

mod oracle;
mod tokio_support;

/// Ends a test that hangs; nothing is measured by it.
const HANGS: Duration = Duration::from_secs(15);

/// RSV2 as `Frame` has it.
const RSV2: u8 = 2;

/// Where somebody stops until the test lets them go on.
#[derive(Debug)]
struct Gate {
    reached: Mutex<Sender<()>>,
    opened: Mutex<Receiver<()>>,
}

/// The test's end of a gate.
struct Keeper {
    reached: Receiver<()>,
    open: Sender<()>,
}

fn gate() -> (Gate, Keeper) {
    let ((reached, was_reached), (open, opened)) = (channel(), channel());
    let gate = Gate { reached: Mutex::new(reached), opened: Mutex::new(opened) };
    (gate, Keeper { reached: was_reached, open })
}

impl Gate {
    fn pass(&self) {
        self.reached.lock().unwrap().send(()).unwrap();
        self.opened.lock().unwrap().recv_timeout(HANGS).expect("nobody opens: the test waits, too");
    }
}

impl Keeper {
    fn is_reached(&self) {
        self.reached.recv_timeout(HANGS).expect("somebody stops here");
    }

    fn open(&self) {
        self.open.send(()).unwrap();
    }
}

/// Leaves every octet as it is, and takes as long as its gate is shut.
#[derive(Debug)]
struct Slow(Option<Gate>);

impl Slow {
    fn pass(&self) {
        if let Some(gate) = &self.0 {
            gate.pass();
        }
    }
}

impl Decoder for Slow {
    fn rsv(&self) -> Rsv {
        Rsv::RSV2
    }

    fn begin_decode(&mut self, rsv: Rsv) -> bool {
        rsv == Rsv::RSV2
    }

    fn decode(
        &mut self,
        octets: &[u8],
        _: bool,
        to: &mut Output<'_>,
    ) -> Result<Decoded, Violation> {
        self.pass();
        to.push(octets);
        Ok(Decoded { consumed: octets.len(), done: true })
    }
}

impl Encoder for Slow {
    fn encode_message(&mut self, _: MessageKind, payload: &[u8], to: &mut Output<'_>) -> Rsv {
        self.pass();
        to.push(payload);
        Rsv::RSV2
    }

    fn begin_encode(&mut self, _: MessageKind) -> Rsv {
        Rsv::NONE
    }

    fn encode(&mut self, _: &[u8], _: bool, _: &mut Output<'_>) {}
}

fn slow(
    role: Role,
    decoder: Option<Gate>,
    encoder: Option<Gate>,
) -> (WebSocket<Wire>, tokio_support::Remote) {
    let (mut socket, remote) = plain(role);
    socket.connection_mut().set_extension(Slow(decoder), Slow(encoder));
    (socket, remote)
}

#[test]
fn t10_a_reader_that_decodes_keeps_no_writer_waiting() {
    for role in BOTH_ROLES {
        let (gate, keeper) = gate();
        let (socket, remote) = slow(role, Some(gate), None);
        let (mut reader, mut writer) = socket.split();
        remote.push_frames(role, &[Frame::new(true, BINARY, b"long").rsv(RSV2)]);
        thread::scope(|scope| {
            let reading = scope.spawn(|| run(reader.recv()).unwrap());
            keeper.is_reached();
            run(writer.feed_uncoded("fed")).unwrap();
            run(writer.ping(b"beside")).unwrap();
            assert_eq!(remote.frames(role), [text("fed"), ping(b"beside")]);
            assert!(!reading.is_finished());
            keeper.open();
            assert_eq!(reading.join().unwrap(), Some(Message::binary(&b"long"[..])));
        });
    }
}

#[test]
fn t10_a_writer_that_encodes_keeps_no_reader_waiting() {
    for role in BOTH_ROLES {
        let (gate, keeper) = gate();
        let (socket, remote) = slow(role, None, Some(gate));
        let (mut reader, mut writer) = socket.split();
        thread::scope(|scope| {
            let writing = scope.spawn(|| run(writer.send("long")).unwrap());
            keeper.is_reached();
            remote.push_frames(role, &[ping(b"p"), text("beside")]);
            assert_eq!(run(reader.recv()).unwrap(), Some(Message::text("beside")));
            assert!(poll_once(reader.recv()).is_pending());
            assert_eq!(remote.frames(role), [pong(b"p")]);
            assert!(!writing.is_finished());
            keeper.open();
            writing.join().unwrap();
        });
        let octets = remote.with(|state| state.output.clone());
        let coded = Frame::new(true, oracle::TEXT, b"long").rsv(RSV2);
        assert_eq!(oracle::parse_extended(role, &octets), [pong(b"p"), coded]);
    }
}

#[test]
fn apart_and_together_again_they_encode_and_decode() {
    for role in BOTH_ROLES {
        let (socket, remote) = slow(role, None, None);
        let (mut reader, mut writer) = socket.split();
        let coded = |octets: &[u8]| Frame::new(true, BINARY, octets).rsv(RSV2);
        run(writer.feed(Message::binary(&b"apart"[..]))).unwrap();
        run(writer.feed_uncoded("as it is")).unwrap();
        let prepared = PreparedMessage::new(&Message::text("prepared"));
        run(writer.feed_prepared(&prepared)).unwrap();
        remote.push_frames(role, &[coded(b"apart")]);
        assert_eq!(run(reader.recv()).unwrap(), Some(Message::binary(&b"apart"[..])));

        let mut socket = reader.reunite(writer).expect("its own");
        run(socket.send(Message::binary(&b"together"[..]))).unwrap();
        remote.push_frames(role, &[coded(b"together")]);
        assert_eq!(run(socket.recv()).unwrap(), Some(Message::binary(&b"together"[..])));
        let octets = remote.with(|state| state.output.clone());
        // This encoder leaves a server's prepared messages as they are; a client encodes each anew.
        let prepared = match role {
            Role::Server => text("prepared"),
            Role::Client => Frame::new(true, oracle::TEXT, b"prepared").rsv(RSV2),
        };
        let sent = [coded(b"apart"), text("as it is"), prepared, coded(b"together")];
        assert_eq!(oracle::parse_extended(role, &octets), sent);
    }
}

/// A transport that is slow to write to.
struct SlowWire(Wire, Gate);

impl AsyncRead for SlowWire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for SlowWire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.1.pass();
        Pin::new(&mut self.0).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The lock is the writer's meanwhile: a reader that needed it for a message would wait.
#[test]
fn t10_messages_that_were_read_are_told_while_the_writer_writes() {
    let (gate, keeper) = gate();
    let (io, remote) = wire();
    let (mut reader, mut writer) = WebSocket::server(SlowWire(io, gate), Config::default()).split();
    let received: Vec<_> = (0..100).map(|i| text(&i.to_string())).collect();
    remote.push_frames(Role::Server, &received);
    assert_eq!(run(reader.recv()).unwrap(), Some(Message::text("0")));
    thread::scope(|scope| {
        let writing = scope.spawn(|| run(writer.send("long")).unwrap());
        keeper.is_reached();
        for i in 1..100 {
            assert_eq!(run(reader.recv()).unwrap(), Some(Message::text(i.to_string())));
        }
        assert!(!writing.is_finished());
        keeper.open();
        writing.join().unwrap();
    });
    assert_eq!(remote.frames(Role::Server), [text("long")]);
}

#[test]
fn t10_nobody_is_woken_by_what_is_the_other_s_business() {
    let narrow = Config::with_limits(Limits::builder().max_write_buffer(4096).build().unwrap());
    for role in BOTH_ROLES {
        let (socket, remote) = socket(role, narrow);
        let (mut reader, mut writer) = socket.split();
        let (reading, writing) = (Task::new(), Task::new());
        let mut recv = Box::pin(reader.recv());
        assert!(reading.poll(&mut recv).is_pending());

        // What the writer has written itself is nothing to the reader; what it has not is, once.
        for _ in 0..3 {
            assert!(writing.poll(&mut Box::pin(writer.send("sent"))).is_ready());
            assert!(writing.poll(&mut Box::pin(writer.ping(b"sent"))).is_ready());
            assert!(writing.poll(&mut Box::pin(writer.flush())).is_ready());
        }
        assert_eq!(reading.take_wakes(), 0);
        for _ in 0..3 {
            assert!(writing.poll(&mut Box::pin(writer.feed("fed"))).is_ready());
        }
        assert_eq!(reading.take_wakes(), 1);
        assert!(reading.poll(&mut recv).is_pending());
        assert_eq!(remote.frames(role).len(), 9);

        // A writer that waits for room hears of nothing that comes in, nor of what is answered.
        remote.set_room(0);
        assert!(writing.poll(&mut Box::pin(writer.feed(vec![1; 4000]))).is_ready());
        assert!(reading.poll(&mut recv).is_pending());
        let mut feed = Box::pin(writer.feed(vec![2; 4000]));
        assert!(writing.poll(&mut feed).is_pending());
        reading.take_wakes();
        writing.take_wakes();
        remote.push_frames(role, &[ping(b"p")]);
        assert_eq!(reading.take_wakes(), 1);
        assert!(reading.poll(&mut recv).is_pending());
        remote.push_frames(role, &[text("told")]);
        assert_eq!(reading.take_wakes(), 1);
        assert!(reading.poll(&mut recv).is_ready());
        assert_eq!((reading.take_wakes(), writing.take_wakes()), (0, 0));

        // A reader that does not wait hears of no room.
        remote.set_room(usize::MAX);
        assert_eq!((reading.take_wakes(), writing.take_wakes()), (0, 1));
        assert!(writing.poll(&mut feed).is_ready());
        assert_eq!(writing.take_wakes(), 0);
    }
}

/// One read that finds nothing costs as much as a quarter of a message.
#[test]
fn halves_ask_no_more_of_the_transport_than_a_whole_connection() {
    for role in BOTH_ROLES {
        let frames = [text("a"), ping(b"p"), text("b")];
        let counts = [false, true].map(|split| {
            let (mut socket, remote) = plain(role);
            let (mut whole, mut halves) = (None, None);
            if split {
                halves = Some(socket.split());
            } else {
                whole = Some(&mut socket);
            }
            for _ in 0..50 {
                remote.push_frames(role, &frames);
                for _ in 0..2 {
                    let _ = match (&mut whole, &mut halves) {
                        (Some(whole), _) => run(whole.recv()).unwrap().unwrap(),
                        (_, Some((reader, _))) => run(reader.recv()).unwrap().unwrap(),
                        _ => unreachable!(),
                    };
                }
                let (sent, waits) = match (&mut whole, &mut halves) {
                    (Some(whole), _) => {
                        (run(whole.send("answer")), poll_once(whole.recv()).is_pending())
                    }
                    (_, Some((reader, writer))) => {
                        (run(writer.send("answer")), poll_once(reader.recv()).is_pending())
                    }
                    _ => unreachable!(),
                };
                sent.unwrap();
                assert!(waits);
            }
            assert_eq!(remote.frames(role).len(), 100);
            remote.counts()
        });
        assert_eq!(counts[0], counts[1], "{role:?}");
    }
}

/// Each message is left to a reader that is about to wait, or waits, on another thread: one wake-up
/// lost, and this hangs.
async fn leave_all_to_the_reader<S>(near: WebSocket<S>, mut far: WebSocket<S>, messages: usize)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let echo = tokio::spawn(async move {
        while let Some(message) = far.recv().await.unwrap() {
            far.send(message).await.unwrap();
        }
    });
    let (mut reader, mut writer) = near.split();
    let (told, mut hears) = tokio::sync::mpsc::unbounded_channel();
    let reading = tokio::spawn(async move {
        while let Some(message) = reader.recv().await.unwrap() {
            told.send(message).unwrap();
        }
        reader
    });
    for i in 0..messages {
        let message = Message::text(i.to_string());
        writer.feed(message.clone()).await.unwrap();
        assert_eq!(hears.recv().await, Some(message));
    }
    writer.close(ws_core::CloseCode::NORMAL, "").await.unwrap();
    let reader = reading.await.unwrap();
    echo.await.unwrap();
    assert!(reader.reunite(writer).is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t10_what_is_fed_is_written_by_a_reader_on_another_thread() {
    const MESSAGES: usize = 3000;
    let config = Config::default();
    let (ours, theirs) = duplex(1000);
    let (server, client) =
        (WebSocket::server(ours, config), WebSocket::client(theirs, config, &[]));
    let over_duplex = leave_all_to_the_reader(server, client, MESSAGES);
    tokio::time::timeout(HANGS, over_duplex).await.expect("a hang");

    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let dialled = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let client = WebSocket::client(dialled, config, &[]);
    let server = WebSocket::server(listener.accept().await.unwrap().0, config);
    let over_tcp = leave_all_to_the_reader(client, server, MESSAGES);
    tokio::time::timeout(HANGS, over_tcp).await.expect("a hang");

    let (ours, theirs) = UnixStream::pair().unwrap();
    let (server, client) =
        (WebSocket::server(ours, config), WebSocket::client(theirs, config, &[]));
    let over_unix = leave_all_to_the_reader(server, client, MESSAGES);
    tokio::time::timeout(HANGS, over_unix).await.expect("a hang");
}

/// The end of the closing handshake is the reader's to see to, whoever wrote the last octet of it.
#[test]
fn t10_a_reader_hears_that_the_writer_has_written_the_answer_to_a_close() {
    for role in BOTH_ROLES {
        let (socket, remote) = plain(role);
        remote.set_room(0);
        let (mut reader, mut writer) = socket.split();
        let (reading, writing) = (Task::new(), Task::new());
        let mut recv = Box::pin(reader.recv());
        remote.push_frames(role, &[Frame::close(1000, "")]);
        assert!(reading.poll(&mut recv).is_pending());
        reading.take_wakes();
        // Room that nobody is told of.
        remote.make_room_silently();
        assert!(writing.poll(&mut Box::pin(writer.flush())).is_ready());
        assert_eq!(remote.frames(role), [Frame::close(1000, "")]);
        assert_eq!(reading.take_wakes(), 1, "the transport is to be shut down");
        assert!(reading.poll(&mut recv).is_pending());
        assert_eq!(remote.with(|state| state.is_shut_down), role == Role::Server);
    }
}
