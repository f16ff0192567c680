//! Servers to be tested, over pipes in memory: with a paused clock, nothing depends on real time.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::future::{Ready, ready};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use ws_core::handshake::{Dialer, Upgrade};
use ws_core::tokio::serve::{Builder, Ended, Listener, Outcome, Peer, Socket};
use ws_core::tokio::{Error, WebSocket, connect_over};
use ws_core::{Config, Limits, Misuse};

/// Octets that a pipe holds in each direction.
pub(crate) const PIPE: usize = 16 * 1024;

/// What a listener here knows of a peer: its number.
pub(crate) type Address = u32;

/// Hands out the server's ends of pipes.
pub(crate) struct Pipes(mpsc::UnboundedReceiver<(DuplexStream, Address)>);

impl Listener for Pipes {
    type Io = DuplexStream;
    type Addr = Address;
    type Opening = Ready<io::Result<DuplexStream>>;

    async fn accept(&mut self) -> io::Result<(Self::Opening, Address)> {
        match self.0.recv().await {
            Some((io, addr)) => Ok((ready(Ok(io)), addr)),
            None => std::future::pending().await,
        }
    }
}

/// A server that runs in a task of its own.
pub(crate) struct Running {
    pipes: mpsc::UnboundedSender<(DuplexStream, Address)>,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Ended>,
}

pub(crate) fn start<M, P, H, F>(server: Builder<Address, M>, handler: H) -> Running
where
    P: Upgrade + Send + 'static,
    M: Fn(&Address) -> P + Send + Sync + 'static,
    H: Fn(Socket<DuplexStream>, Peer<Address, P>) -> F + Send + Sync + 'static,
    F: Future<Output: Outcome> + Send + 'static,
{
    let (pipes, accepted) = mpsc::unbounded_channel();
    let (stop, stopped) = oneshot::channel();
    let server = server.build().expect("it makes sense");
    let ended = tokio::spawn(server.serve(Pipes(accepted), stopped, handler));
    Running { pipes, stop: Some(stop), ended }
}

impl Running {
    /// The peer's end of a new connection.
    pub(crate) fn pipe(&self, addr: Address) -> DuplexStream {
        let (ours, theirs) = duplex(PIPE);
        // A server that is gone drops its end of the pipe.
        let _ = self.pipes.send((theirs, addr));
        ours
    }

    pub(crate) async fn try_connect(
        &self,
        addr: Address,
    ) -> Result<WebSocket<DuplexStream>, Error> {
        let dialer = Dialer::new("ws://test/").expect("a URL");
        connect_over(self.pipe(addr), &dialer, Config::default()).await
    }

    pub(crate) async fn connect(&self) -> WebSocket<DuplexStream> {
        self.try_connect(0).await.expect("it accepts")
    }

    /// What it answers to a request, to the end of the stream.
    pub(crate) async fn answer(&self, addr: Address) -> String {
        let mut io = self.pipe(addr);
        io.write_all(REQUEST).await.expect("there is room");
        let mut answer = String::new();
        io.read_to_string(&mut answer).await.expect("an end");
        answer
    }

    pub(crate) fn stop(&mut self) {
        let stop = self.stop.take().expect("told once");
        stop.send(()).expect("it runs");
    }

    pub(crate) async fn ended(self) -> Ended {
        self.ended.await.expect("no panic comes this far")
    }
}

pub(crate) const REQUEST: &[u8] = b"GET /chat HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: a\r\n\
    Sec-WebSocket-Extensions: x\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

pub(crate) async fn echo<P>(
    mut socket: Socket<DuplexStream>,
    _: Peer<Address, P>,
) -> Result<(), Error> {
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}

/// Short limits, so that a table of closings takes no time on any clock.
pub(crate) fn quick() -> Config {
    let limits = Limits::builder()
        .close_timeout(Duration::from_millis(300))
        .fin_timeout(Duration::from_millis(200))
        .handshake_timeout(Duration::from_secs(1))
        .max_write_buffer(8 * 1024)
        .build();
    Config::with_limits(limits.expect("they fit"))
}

/// What handlers write down for the test to read.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub(crate) fn add(&self, note: impl ToString) {
        self.0.lock().expect("no panic holds it").push(note.to_string());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().expect("no panic holds it").clone()
    }
}

/// Whether the call came too late: a Close was sent before.
pub(crate) fn is_too_late<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Misuse(Misuse::SendAfterClose)))
}
