//! A real server in a process of its own, so that its memory and descriptors are its alone, and
//! what its clients measure.
//!
//! Every test has two sizes: a short one for `cargo test`, and a long one for `make soak`, which
//! sets `WS_CORE_SOAK`. What is a matter of time is asserted in the long one only.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;
use ws_core::Config;
use ws_core::handshake::Dialer;
use ws_core::tokio::{Error, WebSocket, connect_over};

mod server;

/// Whether this is the long form.
pub(crate) fn is_soak() -> bool {
    std::env::var_os("WS_CORE_SOAK").is_some()
}

pub(crate) fn size(short: usize, long: usize) -> usize {
    if is_soak() { long } else { short }
}

/// A row of the table that `make soak` shows.
pub(crate) fn row(id: &str, figures: impl std::fmt::Display) {
    println!("| {id} | {figures} |");
}

/// Test files that need many descriptors raise the limit to what the system allows.
pub(crate) fn raise_descriptors() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("it is allowed");
}

/// The server process; it ends with this.
pub(crate) struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    pub(crate) port: u16,
}

/// What the server tells of itself, and the system of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stats {
    /// Handlers that are there.
    pub(crate) open: usize,
    /// How often handlers have been polled.
    pub(crate) polls: usize,
    /// Tasks of its runtime.
    pub(crate) tasks: usize,
    /// Octets of memory that are in use by the process, and the most that ever were.
    pub(crate) resident: usize,
    pub(crate) peak: usize,
    pub(crate) descriptors: usize,
    /// How long it has had a processor, so far.
    pub(crate) worked: Duration,
}

impl Server {
    /// Starts one with these options: see `server::Options`.
    pub(crate) fn start(options: &str) -> Self {
        raise_descriptors();
        let mut child = Command::new(std::env::current_exe().expect("we are one"))
            .args(["load_support::server::process", "--exact", "--nocapture"])
            .env(server::OPTIONS, options)
            // As if its runtime were on the first thread, as that of a server of one thread is: what
            // grows in an arena of another thread leaves holes behind.
            .env("MALLOC_ARENA_MAX", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let mut server = Self { child, input, output, port: 0 };
        server.port = server.told("port ").parse().expect("a port");
        server
    }

    fn told(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).expect("UTF-8");
            assert!(read > 0, "the server has ended");
            if let Some(at) = line.find(word) {
                return line[at + word.len()..].trim().to_owned();
            }
        }
    }

    pub(crate) fn stats(&mut self) -> Stats {
        self.input.write_all(b"stats\n").expect("it lives");
        let told = self.told("stats ");
        let numbers: Vec<usize> = told.split(' ').map(|n| n.parse().expect("a number")).collect();
        let system = format!("/proc/{}", self.child.id());
        let status = std::fs::read_to_string(format!("{system}/status")).expect("Linux");
        let status: HashMap<_, _> =
            status.lines().filter_map(|line| line.split_once(':')).collect();
        let kib = |name| {
            let value: &str = status.get(name).copied().unwrap_or("0 kB");
            value.trim().trim_end_matches(" kB").parse::<usize>().expect("KiB")
        };
        // Nanoseconds on a processor come first.
        let tasks = std::fs::read_dir(format!("{system}/task")).expect("Linux");
        let worked = tasks.map(|task| {
            let path = task.expect("a task").path().join("schedstat");
            let told = std::fs::read_to_string(path).unwrap_or_default();
            told.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0)
        });
        Stats {
            worked: Duration::from_nanos(worked.sum()),
            open: numbers[0],
            polls: numbers[1],
            tasks: numbers[2],
            resident: kib("VmRSS") * 1024,
            peak: kib("VmHWM") * 1024,
            descriptors: std::fs::read_dir(format!("{system}/fd")).expect("Linux").count(),
        }
    }

    /// Waits until `there` is so; how long that took.
    pub(crate) async fn until(&mut self, there: impl Fn(&Stats) -> bool) -> Duration {
        let start = Instant::now();
        loop {
            let stats = self.stats();
            if there(&stats) {
                return start.elapsed();
            }
            assert!(start.elapsed() < Duration::from_secs(60), "it stays at {stats:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn tcp(&self) -> std::io::Result<TcpStream> {
        let io = TcpStream::connect(("127.0.0.1", self.port)).await?;
        io.set_nodelay(true)?;
        Ok(io)
    }

    /// A connection to what is served at `path`: see `server`.
    pub(crate) async fn connect(&self, path: &str) -> Result<WebSocket<TcpStream>, Error> {
        connect(self.port, path, Config::default()).await
    }

    /// As kill -9 does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) async fn connect(
    port: u16,
    path: &str,
    config: Config,
) -> Result<WebSocket<TcpStream>, Error> {
    let io = TcpStream::connect(("127.0.0.1", port)).await?;
    io.set_nodelay(true)?;
    let url = format!("ws://localhost{path}");
    connect_over(io, &Dialer::new(&url)?, config).await
}

/// `count` connections, some at a time.
pub(crate) async fn connect_many(
    port: u16,
    path: &'static str,
    config: Config,
    count: usize,
) -> Vec<WebSocket<TcpStream>> {
    let mut sockets = Vec::with_capacity(count);
    while sockets.len() < count {
        let more: Vec<_> = (sockets.len()..count.min(sockets.len() + 100))
            .map(|_| tokio::spawn(connect(port, path, config)))
            .collect();
        for socket in more {
            sockets.push(socket.await.expect("no panic").expect("it accepts"));
        }
    }
    sockets
}

#[cfg(feature = "deflate")]
pub(crate) fn deflate(takeover: bool) -> ws_core::deflate::Deflate {
    let deflate = ws_core::deflate::Deflate::builder();
    let deflate = deflate.no_context_takeover(!takeover).peer_no_context_takeover(!takeover);
    deflate.build().expect("in range")
}

/// The 99th percentile.
pub(crate) fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) * 99 / 100).copied().unwrap_or_default()
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}
