//! What is measured of each server.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;
use ws_core::deflate::Deflate;
use ws_core::{Config, Message, MessageKind};
use ws_harness::load::{self, Pace, Plan, Usage};

use crate::Error;
use crate::servers::Server;

/// Connections × messages in flight × octets of payload, binary.
const ECHOES: [(usize, usize, usize); 6] =
    [(64, 1, 20), (16, 1, 1024), (16, 16, 20), (16, 16, 1024), (4, 1, 65_536), (2, 1, 1_048_576)];

const WARM_UP: Duration = Duration::from_millis(200);

/// Handshakes of one measurement, and how many of them are under way at a time.
const HANDSHAKES: usize = 2000;
const CONNECTING: usize = 64;

/// Connections that arrive together: fewer than the 128 that wait for a listener at least.
const BURST: usize = 100;

/// Until a server that has nothing left to do sleeps, and what it has used is accounted for.
const SETTLE: Duration = Duration::from_millis(300);

/// One line of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Row {
    /// CPU of one echo.
    Echo { connections: usize, in_flight: usize, octets: usize },
    /// Memory of one connection out of so many, after one echo on each.
    Idle(usize),
    /// The same, where permessage-deflate was agreed on: whether it is used for a short message is for
    /// each implementation to say, and ours does not.
    IdleDeflate(usize),
    /// CPU of one connection, from its TCP handshake to its end without a message.
    Handshake,
    /// The same, of a server that is never ahead of the load.
    HandshakeAwake,
}

impl Row {
    pub(crate) fn name(self) -> String {
        match self {
            Self::Echo { connections, in_flight, octets } => {
                format!("{connections} × {in_flight} × {octets}")
            }
            Self::Idle(count) => format!("idle, {count}"),
            Self::IdleDeflate(count) => format!("idle, {count}, deflate agreed"),
            Self::Handshake => "handshake".to_owned(),
            Self::HandshakeAwake => "handshake, awake".to_owned(),
        }
    }

    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::Echo { .. } | Self::Handshake | Self::HandshakeAwake => "ns",
            Self::Idle(_) | Self::IdleDeflate(_) => "octets",
        }
    }

    /// Takes long, and varies little.
    pub(crate) const fn is_measured_once(self) -> bool {
        matches!(self, Self::Idle(_) | Self::IdleDeflate(_))
    }
}

/// How long, and how many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows {
    pub(crate) seconds: f64,
    pub(crate) idle: usize,
}

impl Rows {
    pub(crate) fn all(self) -> impl Iterator<Item = Row> {
        let echoes = ECHOES.into_iter().map(|(connections, in_flight, octets)| Row::Echo {
            connections,
            in_flight,
            octets,
        });
        let idle = [Row::Idle(self.idle), Row::IdleDeflate(self.idle)].into_iter();
        let idle = idle.filter(move |_| self.idle > 0);
        echoes.chain([Row::Handshake, Row::HandshakeAwake]).chain(idle)
    }

    /// The figure of one server, in the row's unit; not a number if it does not do such a thing.
    pub(crate) async fn measure(self, row: Row, server: &mut Server) -> Result<f64, Error> {
        let figure = match row {
            Row::Echo { connections, in_flight, octets } => {
                let positive = |n| NonZeroUsize::new(n).ok_or("a number over 0");
                let outcome = load::run(Plan {
                    url: server.url(),
                    connections: positive(connections)?,
                    pace: Pace::InFlight(positive(in_flight)?),
                    payload_len: octets,
                    kind: MessageKind::Binary,
                    fragments: NonZeroUsize::MIN,
                    warm_up: WARM_UP,
                    duration: Duration::from_secs_f64(self.seconds),
                    config: Config::default(),
                    pid: Some(server.pid()),
                })
                .await?;
                if let Some(why) = outcome.lost_because {
                    return Err(
                        format!("{}: a connection was lost: {why}", server.kind.name).into()
                    );
                }
                outcome.server.map(|server| server.cpu_ns_per_echo).ok_or("no CPU time")?
            }
            Row::Handshake => handshake(server).await?,
            Row::HandshakeAwake => handshake_awake(server).await?,
            Row::Idle(count) => {
                *server = Server::start(server.kind)?;
                idle(server, count, Config::default()).await?
            }
            Row::IdleDeflate(count) => match Server::start_with_deflate(server.kind)? {
                Some(server) => {
                    let mut config = Config::default();
                    config.deflate = Some(Deflate::default());
                    idle(&server, count, config).await?
                }
                None => f64::NAN,
            },
        };
        Ok(figure)
    }
}

async fn handshake(server: &Server) -> Result<f64, Error> {
    let before = Usage::of(server.pid())?.cpu;
    let _ = connect(server, HANDSHAKES, Config::default(), |socket| async move {
        // Leaves with a reset: an end in order would hold thousands of ports in TIME_WAIT.
        socket.get_ref().tcp().set_zero_linger()?;
        Ok(None)
    })
    .await?;
    sleep(SETTLE).await;
    let after = Usage::of(server.pid())?.cpu;
    Ok((after - before).as_nanos() as f64 / HANDSHAKES as f64)
}

/// The server is stopped while a burst of connections is put in front of it, and the one before leaves.
/// One that runs meanwhile goes to sleep whenever it is ahead of the load, and the sooner it is done,
/// the more often: the fastest would pay most for being woken.
async fn handshake_awake(server: &Server) -> Result<f64, Error> {
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        server.address
    );
    let before = Usage::of(server.pid())?.cpu;
    let mut open = Vec::new();
    for _ in 0..HANDSHAKES / BURST {
        server.signal("-STOP")?;
        open.clear();
        for _ in 0..BURST {
            let mut io = TcpStream::connect(server.address).await?;
            io.set_zero_linger()?;
            io.write_all(request.as_bytes()).await?;
            open.push(io);
        }
        server.signal("-CONT")?;
        for io in &mut open {
            read_answer(io).await?;
        }
    }
    drop(open);
    sleep(SETTLE).await;
    let after = Usage::of(server.pid())?.cpu;
    Ok((after - before).as_nanos() as f64 / HANDSHAKES as f64)
}

async fn read_answer(io: &mut TcpStream) -> Result<(), Error> {
    let mut answer = Vec::with_capacity(512);
    while !answer.ends_with(b"\r\n\r\n") {
        if io.read_buf(&mut answer).await? == 0 {
            return Err("the server ended the connection".into());
        }
    }
    let accepted = answer.starts_with(b"HTTP/1.1 101 ");
    accepted.then_some(()).ok_or_else(|| "a wrong answer is not worth timing".into())
}

/// Of a new process: what others have left in the allocator is not to be shared.
async fn idle(server: &Server, count: usize, config: Config) -> Result<f64, Error> {
    connect(server, 1, config, echo).await?;
    sleep(SETTLE).await;
    let before = Usage::of(server.pid())?.resident;
    let held = connect(server, count, config, echo).await?;
    sleep(SETTLE).await;
    let after = Usage::of(server.pid())?.resident;
    for socket in &held {
        socket.get_ref().tcp().set_zero_linger()?;
    }
    Ok((after.saturating_sub(before)) as f64 / held.len() as f64)
}

type Socket = ws_core::tokio::WebSocket<ws_core::tokio::ClientStream>;

async fn echo(mut socket: Socket) -> Result<Option<Socket>, Error> {
    socket.send(Message::from("idle from now on")).await?;
    socket.recv().await?.ok_or("the server ended the connection")?;
    Ok(Some(socket))
}

/// `count` connections, each handed to `then`; what that gives back is kept.
async fn connect<F>(
    server: &Server,
    count: usize,
    config: Config,
    then: impl Fn(Socket) -> F + Clone + 'static,
) -> Result<Vec<Socket>, Error>
where
    F: Future<Output = Result<Option<Socket>, Error>> + 'static,
{
    let tasks = tokio::task::LocalSet::new();
    let (url, name) = (server.url(), server.kind.name);
    let work = async move {
        let mut connecting = JoinSet::new();
        let mut held = Vec::new();
        for nth in 0..count + CONNECTING {
            if nth < count {
                let (url, then) = (url.clone(), then.clone());
                connecting.spawn_local(async move {
                    let socket = ws_core::tokio::connect(&url, config).await?;
                    if socket.deflate().is_some() != config.deflate.is_some() {
                        return Err("permessage-deflate was not agreed on".into());
                    }
                    then(socket).await
                });
            }
            if nth >= CONNECTING
                && let Some(done) = connecting.join_next().await
            {
                let done = done?.map_err(|error| {
                    format!(
                        "{name}: connection {}: {error}; is `ulimit -n` enough?",
                        held.len() + 1
                    )
                })?;
                held.extend(done);
            }
        }
        Ok(held)
    };
    tasks.run_until(work).await
}
