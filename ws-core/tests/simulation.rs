//! A server and its clients in a simulated network that delays, holds, loses and cuts, on a
//! simulated clock (T29, and T15, T16 as far as they come up).
//!
//! What a seed does is the same in every run. A seed that fails is named; to see it again:
//! `WS_CORE_SEED=N cargo test -p ws-core --features tokio --test simulation`. `WS_CORE_SEEDS=N` runs
//! that many, from `WS_CORE_FIRST_SEED` on.
//!
//! Whatever the network does, for every connection: what comes back is a prefix of what was sent,
//! in order, each once; there is one terminal event; opening and closing end within their limits;
//! and when the server has ended, no handler is left.
#![cfg(feature = "tokio")]

use std::future::{Ready, ready};
use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use turmoil::net::{TcpListener, TcpStream};
use ws_core::handshake::Dialer;
use ws_core::tokio::serve::{Listener, Server, Socket};
use ws_core::tokio::{Error, WebSocket, connect_over};
use ws_core::{CloseCode, Config, Limits, Message};

const CLIENTS: usize = 3;
const PORT: u16 = 80;
const TICK: Duration = Duration::from_millis(5);

/// Faults and conversations go on for so long, in simulated time.
const BUSY: Duration = Duration::from_secs(60);
/// And then everything has to come to its end within this.
const END: Duration = Duration::from_secs(30);

const HANDSHAKE: Duration = Duration::from_secs(3);
const CLOSE: Duration = Duration::from_secs(2);
const FIN: Duration = Duration::from_secs(1);
/// How long a client waits for an echo before it goes.
const PATIENCE: Duration = Duration::from_secs(4);

fn config() -> Config {
    let limits = Limits::builder()
        .handshake_timeout(HANDSHAKE)
        .close_timeout(CLOSE)
        .fin_timeout(FIN)
        .max_write_buffer(4096)
        .build();
    Config::with_limits(limits.expect("they fit"))
}

/// The same numbers for the same seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    fn millis(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(range.start + self.below(range.end - range.start))
    }
}

struct Simulated(TcpListener);

impl Listener for Simulated {
    type Io = TcpStream;
    type Addr = SocketAddr;
    type Opening = Ready<io::Result<TcpStream>>;

    async fn accept(&mut self) -> io::Result<(Self::Opening, SocketAddr)> {
        let (io, addr) = self.0.accept().await?;
        Ok((ready(Ok(io)), addr))
    }
}

/// What a run has seen.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Seen {
    connections: usize,
    messages: u64,
    /// Connections that ended with both Close frames, and otherwise.
    clean: usize,
    cut: usize,
    faults: usize,
    /// What happened, when: equal for equal seeds.
    log: Vec<(Duration, String)>,
}

type Shared = Arc<Mutex<Seen>>;

fn note(seen: &Shared, change: impl FnOnce(&mut Seen), what: impl ToString) {
    let mut seen = seen.lock().expect("no panic holds it");
    change(&mut seen);
    seen.log.push((turmoil::sim_elapsed().unwrap_or_default(), what.to_string()));
}

/// A handler that is there, for as long as this is.
struct Present(Arc<AtomicUsize>);

impl Present {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn echo(mut socket: Socket<TcpStream>, _present: Present) -> Result<(), Error> {
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}

async fn serve(present: Arc<AtomicUsize>) -> turmoil::Result {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    let stop = sleep(BUSY.saturating_sub(turmoil::sim_elapsed().unwrap_or_default()));
    let server = Server::builder().config(config()).build()?;
    let counted = Arc::clone(&present);
    server.serve(Simulated(listener), stop, move |s, _| echo(s, Present::new(&counted))).await;
    assert_eq!(present.load(Ordering::SeqCst), 0, "a handler outlives its server");
    Ok(())
}

/// One client, that connects again and again.
async fn converse(mut numbers: Numbers, seen: Shared) -> turmoil::Result {
    while turmoil::sim_elapsed().unwrap_or_default() < BUSY {
        sleep(numbers.millis(1..500)).await;
        let Ok(Ok(io)) = timeout(PATIENCE, TcpStream::connect(("server", PORT))).await else {
            note(&seen, |_| {}, "no TCP");
            continue;
        };
        let dialer = Dialer::new("ws://server/")?;
        let start = Instant::now();
        let opened = connect_over(io, &dialer, config()).await;
        assert!(start.elapsed() <= HANDSHAKE + TICK, "opening took {:?}", start.elapsed());
        match opened {
            Ok(socket) => {
                note(&seen, |seen| seen.connections += 1, "opened");
                talk(socket, &mut numbers, &seen).await;
            }
            Err(_) => note(&seen, |_| {}, "not opened"),
        }
    }
    Ok(())
}

async fn talk(mut socket: WebSocket<TcpStream>, numbers: &mut Numbers, seen: &Shared) {
    let (mut sent, mut received) = (0_u64, 0_u64);
    let end = loop {
        if numbers.below(25) == 0 {
            break Ok(());
        }
        let fed: Result<(), Error> = async {
            for _ in 0..numbers.below(5) {
                socket.feed(numbered(sent, numbers)).await?;
                sent += 1;
            }
            Ok(())
        }
        .await;
        if let Err(error) = fed {
            break Err(error);
        }
        if received == sent {
            sleep(numbers.millis(0..300)).await;
            continue;
        }
        match timeout(PATIENCE, socket.recv()).await {
            Ok(Ok(Some(message))) => {
                let number = message.payload().first_chunk().copied().map(u64::from_be_bytes);
                assert_eq!(number, Some(received), "lost, doubled, or out of order");
                received += 1;
                note(seen, |seen| seen.messages += 1, received);
            }
            Ok(Ok(None)) => {
                assert!(socket.peer_close().is_some(), "a clean end has a Close");
                break Ok(());
            }
            Ok(Err(error)) => break Err(error),
            Err(_) => break Ok(()), // It goes; that ends within its limits, too.
        }
    };
    let end = match end {
        Ok(()) => {
            let start = Instant::now();
            let closed = socket.close(CloseCode::NORMAL, "").await;
            let took = start.elapsed();
            assert!(took <= CLOSE + FIN + 2 * TICK, "closing took {took:?}");
            closed
        }
        Err(error) => {
            // What failed while writing is told to whoever receives as well, behind what has come.
            let last = async { while let Ok(Some(_)) = socket.recv().await {} };
            timeout(CLOSE + FIN + 2 * TICK, last).await.expect("no end in time");
            Err(error)
        }
    };
    assert!(matches!(socket.recv().await, Ok(None)), "a second terminal event");
    assert!(socket.feed(Message::text("late")).await.is_err());
    match end {
        Ok(()) => note(seen, |seen| seen.clean += 1, "clean"),
        Err(_) => note(seen, |seen| seen.cut += 1, "cut"),
    }
}

/// A message that begins with its number.
fn numbered(number: u64, numbers: &mut Numbers) -> Message {
    let len = [0, 10, 1000, 6000][usize::try_from(numbers.below(4)).expect("small")];
    let mut payload = number.to_be_bytes().to_vec();
    payload.resize(8 + len, 7);
    Message::binary(payload)
}

fn client(index: usize) -> String {
    format!("client-{index}")
}

/// Does something to the network, or undoes it.
fn disturb(sim: &mut turmoil::Sim<'_>, numbers: &mut Numbers) -> String {
    let client = client(usize::try_from(numbers.below(CLIENTS as u64)).expect("small"));
    let (from, to) = if numbers.below(2) == 0 {
        ("server", client.as_str())
    } else {
        (client.as_str(), "server")
    };
    let what = match numbers.below(9) {
        0 => {
            sim.hold(from, to);
            "held"
        }
        1 | 2 => {
            sim.release(from, to);
            "released"
        }
        3 => {
            sim.partition(from, to);
            "parted"
        }
        4 => {
            sim.partition_oneway(from, to);
            "parted one way"
        }
        5 | 6 => {
            sim.repair(from, to);
            "repaired"
        }
        7 => {
            sim.set_link_latency(from, to, numbers.millis(1..800));
            "slow"
        }
        _ if sim.is_host_running("server") && numbers.below(3) == 0 => {
            sim.crash("server");
            "crashed"
        }
        _ => {
            sim.bounce("server");
            "bounced"
        }
    };
    format!("{what}: {from} {to}")
}

fn run(seed: u64) -> Seen {
    let mut numbers = Numbers(seed);
    let seen = Shared::default();
    let present = Arc::new(AtomicUsize::new(0));
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .tick_duration(TICK)
        .simulation_duration(BUSY + END)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(numbers.millis(2..300))
        .tcp_capacity(1024)
        .build();
    let counted = Arc::clone(&present);
    sim.host("server", move || serve(Arc::clone(&counted)));
    for index in 0..CLIENTS {
        let numbers = Numbers(numbers.below(u64::MAX));
        sim.client(client(index), converse(numbers, Arc::clone(&seen)));
    }
    let mut next = numbers.millis(500..3000);
    while !sim.step().expect("no client fails") {
        if sim.elapsed() >= next && next < BUSY {
            let what = disturb(&mut sim, &mut numbers);
            let mut seen = seen.lock().expect("no panic holds it");
            seen.faults += 1;
            seen.log.push((sim.elapsed(), what));
            next += numbers.millis(100..6000);
        }
    }
    drop(sim);
    assert_eq!(present.load(Ordering::SeqCst), 0, "a handler is left");
    Arc::try_unwrap(seen).expect("all have ended").into_inner().expect("no panic held it")
}

fn number_of(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().expect("a number"))
}

#[test]
fn t29_t15_t16_whatever_the_network_does_connections_keep_their_promises() {
    let seeds = match number_of("WS_CORE_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let first = number_of("WS_CORE_FIRST_SEED").unwrap_or(0);
            first..first + number_of("WS_CORE_SEEDS").unwrap_or(6)
        }
    };
    let mut sum = Seen::default();
    for seed in seeds.clone() {
        let seen = std::panic::catch_unwind(|| run(seed)).unwrap_or_else(|_| {
            panic!("seed {seed} fails; WS_CORE_SEED={seed} shows it again");
        });
        sum.connections += seen.connections;
        sum.messages += seen.messages;
        sum.clean += seen.clean;
        sum.cut += seen.cut;
        sum.faults += seen.faults;
    }
    println!(
        "T29: seeds {seeds:?}, {} s each: {} connections ({} clean, {} cut), {} messages, {} faults",
        BUSY.as_secs(),
        sum.connections,
        sum.clean,
        sum.cut,
        sum.messages,
        sum.faults
    );
    assert!(sum.clean > 0 && sum.cut > 0 && sum.messages > 0, "there was nothing to see");
}

#[test]
fn t29_a_seed_does_the_same_again() {
    let (first, second) = (run(7), run(7));
    assert!(first.log.len() > 100);
    for (at, (first, second)) in first.log.iter().zip(&second.log).enumerate() {
        assert_eq!(first, second, "event {at}");
    }
    assert_eq!(first, second);
    assert_ne!(first, run(8));
}
