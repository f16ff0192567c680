//! T30: a proxy that harms what passes through it, in one direction or the other, with TLS or without.
//! The kinds of harm are those of Toxiproxy, and so are their names.
//!
//! ```text
//! client ──up──▶ proxy ──up──▶ server: echoes
//!        ◀─down─       ◀─down─
//! ```
//!
//! Whatever is done: what is told is a beginning of what was sent, in order, nothing twice; either end
//! is told one end of it, and neither waits for ever.
#![cfg(feature = "rustls")]

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use ws_core::connection::Deadlines;
use ws_core::handshake::Dialer;
use ws_core::tokio::{Connector, Error, WebSocket, accept};
use ws_core::{CloseCode, Config, Limits, Message};

use tls_support::configs;

mod tls_support;

const fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Messages of a session, and how long it takes if nothing is in its way.
const MESSAGES: usize = 40;
const PAUSE: Duration = ms(5);

/// Every deadline of both ends comes long before this, on a slow machine, too.
const FOR_EVER: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Toxic {
    /// Octets come later.
    Latency(Duration),
    /// So many octets a second.
    Bandwidth(u32),
    /// The end of the stream comes later.
    SlowClose(Duration),
    /// Nothing passes, and the connection is cut after a while.
    Timeout(Duration),
    /// Nothing passes, nor does any end.
    BlackHole,
    /// Both ends are reset after a while.
    ResetPeer(Duration),
    /// Octets come in pieces of so many.
    Slicer(usize),
    /// The connection is cut behind so many octets.
    LimitData(usize),
    /// Nobody is there: whoever connects is cut off at once.
    Down,
}

const TOXICS: [Toxic; 9] = [
    Toxic::Latency(ms(15)),
    Toxic::Bandwidth(64 * 1024),
    Toxic::SlowClose(ms(200)),
    Toxic::Timeout(ms(300)),
    Toxic::BlackHole,
    Toxic::ResetPeer(ms(100)),
    Toxic::Slicer(7),
    Toxic::LimitData(2500),
    Toxic::Down,
];

impl Toxic {
    /// Slows a connection down, and does no more to it.
    const fn only_slows(self) -> bool {
        matches!(self, Self::Latency(_) | Self::Bandwidth(_) | Self::SlowClose(_) | Self::Slicer(_))
    }
}

/// The connection is to be cut, with a reset or in order.
struct Cut {
    reset: bool,
}

const CUT: Cut = Cut { reset: false };

/// Moves octets until there are none, with what `toxic` does to them.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    toxic: Option<Toxic>,
) -> Result<(), Cut> {
    let mut left = if let Some(Toxic::LimitData(octets)) = toxic { octets } else { usize::MAX };
    let mut buffer = [0; 1024];
    loop {
        let read = from.read(&mut buffer).await.map_err(|_| CUT)?;
        if read == 0 {
            break;
        }
        let octets = &buffer[..read.min(left)];
        left -= octets.len();
        match toxic {
            Some(Toxic::Timeout(_) | Toxic::BlackHole) => continue,
            Some(Toxic::Latency(late)) => sleep(late).await,
            Some(Toxic::Bandwidth(a_second)) => {
                sleep(Duration::from_secs(1) * u32::try_from(read).unwrap() / a_second).await;
            }
            _ => {}
        }
        let piece = if let Some(Toxic::Slicer(len)) = toxic { len } else { buffer.len() };
        for octets in octets.chunks(piece) {
            to.write_all(octets).await.map_err(|_| CUT)?;
            tokio::task::yield_now().await;
        }
        if left == 0 {
            return Err(CUT);
        }
    }
    match toxic {
        Some(Toxic::BlackHole) => pending().await,
        Some(Toxic::SlowClose(late)) => sleep(late).await,
        _ => {}
    }
    to.shutdown().await.map_err(|_| CUT)
}

/// When `toxic` cuts a connection, whatever passes through it.
async fn cut(toxic: Toxic) -> Cut {
    match toxic {
        Toxic::Timeout(after) => sleep(after).await,
        Toxic::ResetPeer(after) => {
            sleep(after).await;
            return Cut { reset: true };
        }
        _ => pending().await,
    }
    CUT
}

/// Stands before the server at `port` for one connection.
async fn proxy(listener: TcpListener, port: u16, toxic: Toxic, up: bool) -> io::Result<()> {
    let mut client = listener.accept().await?.0;
    drop(listener);
    if toxic == Toxic::Down {
        return Ok(());
    }
    let mut server = TcpStream::connect(("127.0.0.1", port)).await?;
    let of = |is_up| (is_up == up).then_some(toxic);
    let ended = {
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        let pumps = async {
            tokio::try_join!(
                pump(from_client, to_server, of(true)),
                pump(from_server, to_client, of(false)),
            )
        };
        tokio::select! {
            ended = pumps => ended.err(),
            ended = cut(toxic) => Some(ended),
        }
    };
    if ended.is_some_and(|cut| cut.reset) {
        client.set_zero_linger()?;
        server.set_zero_linger()?;
    }
    Ok(())
}

fn config() -> Config {
    let limits = Limits::builder().handshake_timeout(ms(1500)).close_timeout(ms(1500));
    let mut config = Config::with_limits(limits.fin_timeout(ms(1500)).build().unwrap());
    let deadlines = Deadlines::builder().ping_interval(ms(500)).pong_timeout(ms(1000));
    config.deadlines = deadlines.write_timeout(ms(1500)).build().unwrap();
    config
}

/// The `nth` message.
fn message(nth: usize) -> Message {
    let len = if nth % 10 == 9 { 3000 } else { 20 };
    Message::text(format!("{nth:0len$}"))
}

/// What one end was told: how many of the messages, and how it ended.
#[derive(Debug, Default)]
struct Told {
    messages: usize,
    end: Option<Result<(), Error>>,
}

impl Told {
    const fn nothing(error: Error) -> Self {
        Self { messages: 0, end: Some(Err(error)) }
    }

    async fn recv<S>(&mut self, socket: &mut WebSocket<S>) -> Option<Message>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match socket.recv().await {
            Ok(Some(told)) => {
                assert_eq!(told, message(self.messages), "in order, and once");
                self.messages += 1;
                return Some(told);
            }
            Ok(None) => self.end.get_or_insert(Ok(())),
            Err(error) => {
                assert!(self.end.is_none(), "{:?}, then {error:?}", self.end);
                self.end.insert(Err(error))
            }
        };
        None
    }

    /// Until the end is told, and once more, to see that there is nothing behind it.
    async fn recv_the_end<S>(&mut self, socket: &mut WebSocket<S>)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        while self.end.is_none() {
            self.recv(socket).await;
        }
        assert!(self.recv(socket).await.is_none(), "a message behind the end");
    }

    fn is_in_order(&self) -> bool {
        matches!(self.end, Some(Ok(())))
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(io: S) -> Told {
    let mut socket = match accept(io, config()).await {
        Ok(socket) => socket,
        Err(error) => return Told::nothing(error),
    };
    let mut told = Told::default();
    while let Some(message) = told.recv(&mut socket).await {
        if socket.feed(message).await.is_err() {
            break;
        }
    }
    told.recv_the_end(&mut socket).await;
    told
}

async fn converse(connector: Connector, url: String) -> Told {
    let dialer = Dialer::new(&url).unwrap();
    let mut socket = match connector.connect(&dialer, config()).await {
        Ok(socket) => socket,
        Err(error) => return Told::nothing(error),
    };
    let mut told = Told::default();
    for nth in 0..MESSAGES {
        if socket.send(message(nth)).await.is_err() || told.recv(&mut socket).await.is_none() {
            break;
        }
        sleep(PAUSE).await;
    }
    if told.messages == MESSAGES {
        told.end = Some(socket.close(CloseCode::NORMAL, "").await);
    }
    told.recv_the_end(&mut socket).await;
    told
}

/// One session through a proxy with this toxic.
async fn session(toxic: Toxic, up: bool, tls: Option<Arc<ServerConfig>>, connector: Connector) {
    let name = format!("{toxic:?}, up: {up}, TLS: {}", tls.is_some());
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let front_port = front.local_addr().unwrap().port();
    let scheme = if tls.is_some() { "wss" } else { "ws" };
    let served = tokio::spawn(async move {
        let io = server.accept().await.unwrap().0;
        match tls {
            None => serve(io).await,
            // Waits for TLS no longer than for the request behind it.
            Some(tls) => match timeout(ms(1500), TlsAcceptor::from(tls).accept(io)).await {
                Ok(Ok(io)) => serve(io).await,
                Ok(Err(error)) => Told::nothing(error.into()),
                Err(late) => Told::nothing(io::Error::from(late).into()),
            },
        }
    });
    let proxied = tokio::spawn(proxy(front, port, toxic, up));
    let client = converse(connector, format!("{scheme}://localhost:{front_port}/"));
    let client = timeout(FOR_EVER, client).await.unwrap_or_else(|_| panic!("{name}: client hangs"));
    if toxic == Toxic::Down {
        served.abort();
        assert!(!client.is_in_order(), "{name}");
        return;
    }
    let server = timeout(FOR_EVER, served).await.unwrap_or_else(|_| panic!("{name}: server hangs"));
    let server = server.unwrap();
    proxied.abort();
    assert!(client.messages <= server.messages, "{name}: an echo of what was not heard");
    if toxic.only_slows() {
        assert!(client.is_in_order() && server.is_in_order(), "{name}: {client:?} {server:?}");
        assert_eq!((client.messages, server.messages), (MESSAGES, MESSAGES), "{name}");
    } else {
        assert!(!client.is_in_order() && !server.is_in_order(), "{name}: {client:?} {server:?}");
        assert!(client.messages < MESSAGES, "{name}");
    }
}

#[tokio::test]
async fn t30_each_toxic_either_way_plain_and_behind_tls() {
    let (server, client) = configs("localhost");
    let (server, connector) = (Arc::new(server), Connector::new().tls(Arc::new(client)));
    let mut sessions = JoinSet::new();
    for toxic in TOXICS {
        for up in [true, false] {
            for tls in [None, Some(Arc::clone(&server))] {
                sessions.spawn(session(toxic, up, tls, connector.clone()));
            }
        }
    }
    assert_eq!(sessions.len(), 36);
    while let Some(done) = sessions.join_next().await {
        done.unwrap();
    }
}
