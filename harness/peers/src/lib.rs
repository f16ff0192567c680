//! What the programs of this package share: what `wsconf parity` and `wsconf compare` tell a testee,
//! by environment, and the loops around a connection that are the same for every crate on tokio.
//!
//! A program with both roles is run as `NAME server` or `NAME client`.

#[cfg(target_os = "linux")]
mod defer_accept;

use std::env;
use std::io;
use std::net::Ipv4Addr;

use tokio::net::{TcpListener, TcpStream};

/// A message of the suite's largest cases, in octets; each crate's own limit is at least this.
pub const LONGEST: usize = 16 << 20;

/// The port at which a server is to listen, `WS_PORT`.
///
/// # Panics
///
/// It is not set, or no port: the program is of use to `wsconf` alone.
#[must_use]
pub fn port() -> u16 {
    env::var("WS_PORT").ok().and_then(|port| port.parse().ok()).expect("WS_PORT is a port")
}

/// `host:port` of the fuzzing server, of `WS_URL`.
///
/// # Panics
///
/// It is not set, or does not begin with `ws://`.
#[must_use]
pub fn fuzzing_server() -> String {
    let url = env::var("WS_URL").expect("WS_URL is set");
    url.strip_prefix("ws://").expect("WS_URL is a ws:// URL").trim_end_matches('/').to_owned()
}

/// The name under which a client asks for its cases, `WS_AGENT`.
///
/// # Panics
///
/// It is not set.
#[must_use]
pub fn agent() -> String {
    env::var("WS_AGENT").expect("WS_AGENT is set")
}

/// What a program with both roles is asked to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Listen and echo.
    Server,
    /// Run every case of the fuzzing server.
    Client,
}

/// The role named on the command line.
///
/// # Panics
///
/// None is.
#[must_use]
pub fn role() -> Role {
    match env::args().nth(1).as_deref() {
        Some("server") => Role::Server,
        Some("client") => Role::Client,
        _ => panic!("usage: {} server|client", env::args().next().unwrap_or_default()),
    }
}

/// Set for a server whose connections are to be held back by the system until the client has spoken.
pub const DEFER_ACCEPT: &str = "WS_DEFER_ACCEPT";

/// Listens at [`port`] and serves every connection in its own task, for ever. How a connection ends
/// is the judge's to say, so what `serve` returns is let go.
///
/// # Errors
///
/// The port cannot be listened at, or accepting fails; [`DEFER_ACCEPT`] is set, and the system has no
/// such thing.
pub async fn listen<F>(serve: impl Fn(TcpStream) -> F) -> io::Result<()>
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port())).await?;
    if env::var_os(DEFER_ACCEPT).is_some() {
        defer_accept(&listener)?;
    }
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(serve(stream));
    }
}

#[cfg(target_os = "linux")]
fn defer_accept(listener: &TcpListener) -> io::Result<()> {
    defer_accept::set(listener)
}

#[cfg(not(target_os = "linux"))]
fn defer_accept(_: &TcpListener) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What a client is to do at one resource of the fuzzing server.
#[derive(Debug)]
pub struct Visit {
    /// A new connection to the fuzzing server.
    pub stream: TcpStream,
    /// `host:port` of it.
    pub host: String,
    /// Path and query.
    pub resource: String,
    /// Send every data message back: it is a case.
    pub echo: bool,
}

/// Runs every case of the fuzzing server, one after the other, and asks for the report. `visit`
/// stays until the connection ends, and returns the first text that it was sent, if any.
///
/// # Panics
///
/// The fuzzing server is not there, or says no number of cases.
pub async fn run_cases<F>(visit: impl Fn(Visit) -> F)
where
    F: Future<Output = Option<String>>,
{
    let (host, agent) = (fuzzing_server(), agent());
    let go = async |resource: String, echo: bool| {
        let stream = TcpStream::connect(&host).await.expect("a fuzzing server listens");
        stream.set_nodelay(true).expect("TCP_NODELAY can be set");
        visit(Visit { stream, host: host.clone(), resource, echo }).await
    };
    let count = go("/getCaseCount".to_owned(), false).await;
    let count = count.and_then(|text| text.parse::<usize>().ok());
    for n in 1..=count.expect("the fuzzing server says how many cases it has") {
        go(format!("/runCase?case={n}&agent={agent}"), true).await;
    }
    go(format!("/updateReports?agent={agent}"), false).await;
}
