//! Out of file descriptors (T27): the server waits, serves those it has, and goes on when it can.
//!
//! The limit is that of a process, so the server runs in one of its own: this test, started again.
#![cfg(all(feature = "tokio", unix))]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream as StdStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use ws_core::tokio::Error;
use ws_core::tokio::serve::{Listener, Server, Socket};

/// Descriptors that the server may have.
const DESCRIPTORS: u64 = 40;
const CLIENTS: usize = 60;

const IS_SERVER: &str = "WS_CORE_T27_SERVER";

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// "Hi", masked with zeros, and its echo.
const HI: &[u8] = b"\x81\x82\0\0\0\0Hi";
const ECHO: &[u8] = b"\x81\x02Hi";

/// Counts how often it is asked for a connection.
struct Counted(TcpListener, Arc<AtomicUsize>);

impl Listener for Counted {
    type Io = TcpStream;
    type Addr = SocketAddr;
    type Opening = <TcpListener as Listener>::Opening;

    async fn accept(&mut self) -> std::io::Result<(Self::Opening, SocketAddr)> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Listener::accept(&mut self.0).await
    }
}

async fn echo(mut socket: Socket<TcpStream>) -> Result<(), Error> {
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}

/// The server: says its port, and for each line it is told how often it has tried to accept.
fn serve() {
    let limit = Rlimit { current: Some(DESCRIPTORS), maximum: getrlimit(Resource::Nofile).maximum };
    setrlimit(Resource::Nofile, limit).expect("a lower limit is always allowed");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("port {}", listener.local_addr().unwrap().port());
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = Counted(listener, Arc::clone(&tries));
        thread::spawn(move || {
            for line in std::io::stdin().lines() {
                line.unwrap();
                println!("tries {}", tries.load(Ordering::Relaxed));
            }
            std::process::exit(0);
        });
        let server = Server::builder().build().unwrap();
        let never = std::future::pending::<()>();
        server.serve(counted, never, |socket, _| echo(socket)).await;
    });
}

struct Remote {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl Remote {
    fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["t27", "--nocapture", "--test-threads=1"])
            .env(IS_SERVER, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// The number that it says behind `word`.
    fn told(&mut self, word: &str) -> usize {
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "it has ended");
            if let Some(at) = line.find(word) {
                return line[at + word.len()..].trim().parse().unwrap();
            }
        }
    }

    fn tries(&mut self) -> usize {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
        self.told("tries ")
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether it gets its answer, its request having been sent before, and an echo.
fn is_served(mut io: &StdStream, wait: Duration) -> bool {
    io.set_read_timeout(Some(wait)).unwrap();
    reads_to(io, b"\r\n\r\n") && io.write_all(HI).is_ok() && reads_to(io, ECHO)
}

fn reads_to(mut io: &StdStream, end: &[u8]) -> bool {
    let mut read = Vec::new();
    let mut octets = [0; 512];
    while !read.ends_with(end) {
        match io.read(&mut octets) {
            Ok(0) | Err(_) => return false,
            Ok(len) => read.extend_from_slice(&octets[..len]),
        }
    }
    true
}

#[test]
fn t27_a_server_without_descriptors_waits_and_goes_on_when_it_has_some() {
    if std::env::var_os(IS_SERVER).is_some() {
        return serve();
    }
    let mut server = Remote::start();
    let port = server.told("port ");
    let mut clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let mut io = StdStream::connect(("127.0.0.1", u16::try_from(port).unwrap())).unwrap();
            io.write_all(REQUEST).unwrap();
            io
        })
        .collect();
    // The first ones are served, while there are none for the others.
    assert!(is_served(&clients[0], Duration::from_secs(10)));
    let before = server.tries();
    thread::sleep(Duration::from_secs(2));
    let tries = server.tries() - before;
    assert!((1..=10).contains(&tries), "{tries} tries in two seconds");
    let unserved =
        clients[1..].iter().filter(|io| !is_served(io, Duration::from_millis(20))).count();
    assert!(unserved >= CLIENTS - usize::try_from(DESCRIPTORS).unwrap(), "{unserved} unserved");
    let last = clients.pop().unwrap();
    drop(clients);
    assert!(is_served(&last, Duration::from_secs(10)), "it does not go on");
}
