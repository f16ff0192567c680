//! Opening handshakes over TCP: how many a second, and how much CPU each costs the server; ours
//! beside other crates, in one run.
//!
//! Every server is a process of its own on one core, the load another on the next; the rounds of the
//! servers take turns, so that a slow second of the machine is everyone's. CPU is what the kernel
//! accounts to the server's process, user and system. Needs Linux; cores are chosen with `taskset`,
//! if it is there.
//!
//! The load is this program once more, as the servers are: `--serve NAME`, `--load ADDRESS PID BURSTS`.

use std::io::{BufRead, BufReader, Error, Result};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use support::REQUEST;
use support::servers::{FLOOR, SERVERS, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

mod support;

const ROUNDS: usize = 21;
const BURSTS: usize = 20;

/// Connections that arrive together: fewer than the 128 that wait for a listener of tokio.
const BURST: usize = 100;

/// Until a server that has nothing left to do sleeps, and its CPU time is accounted for.
const SETTLE: Duration = Duration::from_millis(20);

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["--serve", name] => block_on(listen(name)),
        ["--load", address, server, bursts] => {
            block_on(load(address, server, bursts.parse().expect("a number of bursts")))
        }
        _ if !cfg!(target_os = "linux") => {
            println!("accept: left out, needs /proc to count CPU");
            Ok(())
        }
        // `cargo test` runs benches without this, to see that they still work.
        _ if args.contains(&"--bench") => compare(&args, ROUNDS, BURSTS),
        _ => compare(&args, 1, 1),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("accept: {error}");
            ExitCode::FAILURE
        }
    }
}

fn block_on(future: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(future)
}

async fn listen(name: &str) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    serve(name, listener).await
}

/// Makes `bursts` of handshakes and prints how many nanoseconds the server took for all of them.
///
/// The server is stopped while a burst is put in front of it, and the one before leaves. One that
/// runs meanwhile would sleep whenever it is ahead of the load, and the sooner it is done, the more
/// often: the fastest would pay most for being woken.
async fn load(address: &str, server: &str, bursts: usize) -> Result<()> {
    let mut took = Duration::ZERO;
    let mut open = Vec::new();
    for _ in 0..bursts {
        signal("-STOP", server)?;
        open.clear();
        for _ in 0..BURST {
            let mut io = TcpStream::connect(address).await?;
            // Leaves with a reset: an end in order would hold thousands of ports in TIME_WAIT.
            io.set_zero_linger()?;
            io.write_all(REQUEST).await?;
            open.push(io);
        }
        let start = Instant::now();
        signal("-CONT", server)?;
        for io in &mut open {
            read_answer(io).await?;
        }
        took += start.elapsed();
    }
    println!("{}", took.as_nanos());
    Ok(())
}

fn signal(signal: &str, process: &str) -> Result<()> {
    let sent = Command::new("kill").args([signal, process]).status()?.success();
    sent.then_some(()).ok_or_else(|| Error::other("the server is gone"))
}

async fn read_answer(io: &mut TcpStream) -> Result<()> {
    let mut answer = Vec::with_capacity(512);
    while !answer.ends_with(b"\r\n\r\n") {
        if io.read_buf(&mut answer).await? == 0 {
            return Err(Error::other("the server ended the connection"));
        }
    }
    let accepted = answer.starts_with(b"HTTP/1.1 101 ")
        && answer.windows(28).any(|octets| octets == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    accepted.then_some(()).ok_or_else(|| Error::other("a wrong answer is not worth timing"))
}

/// A server in its own process, and what its rounds brought.
struct Server {
    name: &'static str,
    process: Child,
    address: String,
    rounds: Vec<Round>,
}

/// Nanoseconds for one handshake.
#[derive(Clone, Copy)]
struct Round {
    cpu: f64,
    elapsed: f64,
}

impl Server {
    fn start(name: &'static str) -> Result<Self> {
        let mut process = on_core(0, &["--serve", name])?;
        let address = first_line(&mut process)?;
        Ok(Self { name, process, address, rounds: Vec::new() })
    }

    fn round(&mut self, bursts: usize) -> Result<Round> {
        let before = self.cpu()?;
        let server = self.process.id().to_string();
        let mut load = on_core(1, &["--load", &self.address, &server, &bursts.to_string()])?;
        let elapsed = first_line(&mut load)?;
        if !load.wait()?.success() {
            return Err(Error::other(format!("{}: the load failed", self.name)));
        }
        std::thread::sleep(SETTLE);
        let per_handshake = |nanoseconds: f64| nanoseconds / (bursts * BURST) as f64;
        let elapsed = elapsed.parse().map_err(Error::other)?;
        Ok(Round {
            cpu: per_handshake((self.cpu()? - before) as f64),
            elapsed: per_handshake(elapsed),
        })
    }

    /// Nanoseconds that the only thread of the process has run.
    fn cpu(&self) -> Result<u64> {
        let account = std::fs::read_to_string(format!("/proc/{}/schedstat", self.process.id()))?;
        let run = account.split_whitespace().next().unwrap_or_default();
        run.parse().map_err(Error::other)
    }

    fn median(&self, of: impl Fn(usize, Round) -> f64) -> f64 {
        let mut values: Vec<_> = self.rounds.iter().enumerate().map(|(n, &r)| of(n, r)).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Times every server that a free argument names a part of, as criterion's benches do.
fn compare(args: &[&str], rounds: usize, bursts: usize) -> Result<()> {
    let filters: Vec<_> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    let named = |name: &str| {
        filters.is_empty() || filters.iter().any(|part| format!("accept/{name}").contains(**part))
    };
    let names = SERVERS.into_iter().filter(|name| named(name));
    let mut servers = names.map(Server::start).collect::<Result<Vec<_>>>()?;
    for server in &mut servers {
        server.round(1)?; // warm
    }
    for _ in 0..rounds {
        for server in &mut servers {
            let round = server.round(bursts)?;
            server.rounds.push(round);
        }
    }
    report(&servers);
    Ok(())
}

/// Medians. Differences and ratios are those of rounds beside each other.
fn report(servers: &[Server]) {
    let Some(ours) = servers.first() else { return };
    let floor = servers.iter().find(|server| server.name == FLOOR).unwrap_or(ours);
    println!(
        "accept: server CPU of a handshake; more than {}; ratio; handshakes a second",
        floor.name
    );
    for server in servers {
        let cpu = server.median(|_, round| round.cpu) / 1000.0;
        let more = server.median(|nth, round| round.cpu - floor.rounds[nth].cpu) / 1000.0;
        let ratio = server.median(|nth, round| round.cpu / ours.rounds[nth].cpu);
        let rate = 1e9 / server.median(|_, round| round.elapsed);
        println!("accept/{:<18} {cpu:6.2} us {more:6.2} us {ratio:5.2} {rate:8.0}/s", server.name);
    }
}

/// This program once more, on one core if `taskset` is there.
fn on_core(core: usize, args: &[&str]) -> Result<Child> {
    let program = std::env::current_exe()?;
    let start = |mut command: Command| command.args(args).stdout(Stdio::piped()).spawn();
    let mut pinned = Command::new("taskset");
    pinned.args(["--cpu-list", &core.to_string()]).arg(&program);
    start(pinned).or_else(|_| start(Command::new(program)))
}

fn first_line(process: &mut Child) -> Result<String> {
    let stdout = process.stdout.take().ok_or_else(|| Error::other("stdout is not piped"))?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
