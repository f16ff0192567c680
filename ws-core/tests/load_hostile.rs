//! Peers that read slowly, speak slowly, flood, or send bombs, beside honest ones (T11, T12, T22,
//! T23).
#![cfg(all(feature = "tokio", target_os = "linux"))]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;
use ws_core::{Config, Message};

use load_support::{Server, connect_many, is_soak, p99, row, runtime, size};

mod load_support;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// What honest clients have seen of the server.
#[derive(Debug)]
struct Honest {
    messages: usize,
    p99: Duration,
}

/// [`honest`] in a thread of its own: whatever else a test does is not to be what is measured.
fn apart(port: u16, count: usize, time: Duration) -> JoinHandle<Honest> {
    std::thread::spawn(move || runtime().block_on(honest(port, count, time)))
}

/// `count` honest clients, one message to and fro at a time, for so long.
async fn honest(port: u16, count: usize, time: Duration) -> Honest {
    let sockets = connect_many(port, "/", Config::default(), count).await;
    let end = Instant::now() + time;
    let clients: Vec<_> = sockets
        .into_iter()
        .map(|mut socket| {
            tokio::spawn(async move {
                let mut times = Vec::new();
                let mut number = 0_u64;
                while Instant::now() < end {
                    let start = Instant::now();
                    socket.send(Message::binary(number.to_be_bytes().to_vec())).await.unwrap();
                    let echo = socket.recv().await.unwrap().expect("it goes on");
                    assert_eq!(echo.payload()[..], number.to_be_bytes());
                    times.push(start.elapsed());
                    number += 1;
                    sleep(Duration::from_millis(1)).await;
                }
                times
            })
        })
        .collect();
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.expect("none is disturbed"));
    }
    Honest { messages: times.len(), p99: p99(times) }
}

/// A request of our own making; what comes behind its answer is read past every WebSocket.
async fn request(server: &Server, path: &str) -> TcpStream {
    let mut io = server.tcp().await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    io.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(io.read_u8().await.unwrap());
    }
    io
}

#[test]
fn t11_a_slow_reader_holds_no_more_than_the_write_buffer() {
    let total = size(32 * MIB, 1024 * MIB);
    let slow_for = Duration::from_secs(size(1, 20) as u64);
    runtime().block_on(async {
        let mut server = Server::start("");
        let alone = apart(server.port, 10, slow_for).join().unwrap();
        let before = server.stats();
        let mut reader = request(&server, &format!("/send/{total}")).await;
        let mut io = vec![0; KIB];
        let slow = apart(server.port, 10, slow_for);
        // A KiB a second.
        let mut read = 0;
        while !slow.is_finished() {
            read += reader.read(&mut io).await.unwrap();
            sleep(Duration::from_secs(1)).await;
        }
        let beside = slow.join().unwrap();
        let grown = server.stats().resident.saturating_sub(before.resident);
        // And then as fast as it can.
        let mut rest = Vec::with_capacity(MIB);
        loop {
            rest.clear();
            match reader.read_buf(&mut rest).await.unwrap() {
                0 => break,
                octets => read += octets,
            }
            if rest.ends_with(&[0x88, 2, 3, 232]) {
                break;
            }
        }
        row(
            "T11",
            format_args!(
                "{} MiB to a reader of 1 KiB/s for {slow_for:?}: {grown} octets grown, all of it \
                 read behind; others {} messages, p99 {:.1?}; without it {}, {:.1?}",
                total / MIB,
                beside.messages,
                beside.p99,
                alone.messages,
                alone.p99
            ),
        );
        // 64 KiB of payload, a header of 10 octets; and the Close.
        assert_eq!(read, total / (64 * KIB) * (64 * KIB + 10) + 4, "octets were lost");
        // 1 MiB of write buffer, one more message, and what an allocator rounds up.
        assert!(grown <= MIB + 512 * KIB, "{grown} octets grown");
        assert!(server.stats().peak <= before.resident + 3 * MIB);
    });
}

#[test]
fn t12_slow_heads_are_gone_at_the_deadline_and_hinder_nobody() {
    let count = size(200, 5_000);
    let deadline = Duration::from_millis(size(1000, 10_000) as u64);
    runtime().block_on(async {
        let mut server = Server::start(&format!("handshake={}", deadline.as_millis()));
        let alone = apart(server.port, 10, deadline / 2).join().unwrap();
        let before = server.stats();
        let pause = deadline / 10;
        let slow: Vec<_> = (0..count)
            .map(|nth| {
                let port = server.port;
                tokio::spawn(async move {
                    // Each at its own moment of the pause between two octets.
                    sleep(pause.mul_f64(nth as f64 / count as f64)).await;
                    let start = Instant::now();
                    let mut io = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    let connected = Instant::now();
                    let mut answer = Vec::new();
                    let mut octet = [0; 512];
                    for next in "GET / HTTP/1.1\r\nHost: a\r\n".bytes().cycle() {
                        let _ = io.write_all(&[next]).await;
                        match tokio::time::timeout(pause, io.read(&mut octet)).await {
                            Ok(Ok(0) | Err(_)) => break,
                            Ok(Ok(read)) => answer.extend_from_slice(&octet[..read]),
                            Err(_) => {}
                        }
                    }
                    // The server accepts in between.
                    let gone = (start.elapsed(), connected.elapsed());
                    (gone, answer.starts_with(b"HTTP/1.1 408 "))
                })
            })
            .collect();
        sleep(2 * pause).await;
        let beside = apart(server.port, 10, deadline / 2);
        while !beside.is_finished() {
            sleep(deadline / 100).await;
        }
        let beside = beside.join().unwrap();
        let held = server.stats().resident.saturating_sub(before.resident) / count;
        let (mut least, mut most, mut told) = (Duration::MAX, Duration::ZERO, 0);
        for client in slow {
            let ((at_most, at_least), was_told) = client.await.unwrap();
            (least, most) = (least.min(at_most), most.max(at_least));
            told += usize::from(was_told);
        }
        server.until(|stats| stats.tasks <= before.tasks).await;
        row(
            "T12",
            format_args!(
                "{count} slow heads: gone after {least:.2?} to {most:.2?} of {deadline:?}, {told} \
                 told 408, {held} octets each; others p99 {:.1?}, without them {:.1?}",
                beside.p99, alone.p99
            ),
        );
        assert_eq!(told, count, "each is told why");
        assert!(least >= deadline.mul_f64(0.95), "gone after {least:?}");
        assert!(!is_soak() || most <= deadline.mul_f64(1.05), "gone after {most:?}");
    });
}

/// Frames that cost the sender little: masked with zeros.
fn floods() -> [(&'static str, Vec<u8>); 3] {
    let many = |frame: &[u8]| frame.repeat(64 * KIB / frame.len());
    // A message that never ends, in fragments of one octet; pings; empty messages.
    let fragments = [&b"\x02\x81\0\0\0\0a"[..], &many(b"\x00\x81\0\0\0\0a")].concat();
    [
        ("fragments", fragments),
        ("pings", many(b"\x89\x80\0\0\0\0")),
        ("empty frames", many(b"\x82\x80\0\0\0\0")),
    ]
}

#[test]
fn t22_a_flood_on_one_connection_is_not_the_others_trouble() {
    let count = size(20, 99);
    let time = Duration::from_millis(size(700, 8000) as u64);
    runtime().block_on(async {
        let mut server = Server::start("");
        for (name, octets) in floods() {
            // The machine has other work, too: what is not the flood's doing does not come three times.
            let mut tries = (1..=3).map(|_| flooded(&mut server, name, count, time, &octets));
            assert!(tries.any(|good| good || !is_soak()), "{name}: the others suffer");
        }
    });
}

/// A flood beside honest clients: whether these had four fifths of what they have alone, in twice the
/// time at most.
fn flooded(server: &mut Server, name: &str, count: usize, time: Duration, octets: &[u8]) -> bool {
    let port = server.port;
    let start = server.stats().worked;
    let alone = apart(port, count, time).join().unwrap();
    let before = server.stats();
    let flood = AtomicBool::new(true);
    let (beside, written, refused) = std::thread::scope(|scope| {
        let flooder = scope.spawn(|| runtime().block_on(flood_with(port, octets, &flood)));
        let beside = apart(port, count, time).join().unwrap();
        flood.store(false, Ordering::Relaxed);
        let (written, refused) = flooder.join().unwrap();
        (beside, written, refused)
    });
    let after = server.stats();
    let grown = after.resident.saturating_sub(before.resident);
    row(
        "T22",
        format_args!(
            "{name}: {} MiB of flood, refused {refused} times, {grown} octets grown; {count} others: \
             {} of {} messages ({} %), p99 {:.1?} of {:.1?}; the server worked {:.1?}, alone {:.1?}",
            written / MIB,
            beside.messages,
            alone.messages,
            beside.messages * 100 / alone.messages,
            beside.p99,
            alone.p99,
            after.worked.saturating_sub(before.worked),
            before.worked.saturating_sub(start),
        ),
    );
    assert!(grown <= 4 * MIB, "{name}: {grown} octets grown");
    assert!(beside.messages > 0, "{name}: the others wait");
    beside.messages * 5 >= alone.messages * 4 && beside.p99 <= alone.p99 * 2
}

/// Sends `octets` over and over, on a new connection whenever one is refused, and reads whatever
/// comes. Octets sent, and how often it was refused.
async fn flood_with(port: u16, octets: &[u8], flood: &AtomicBool) -> (usize, usize) {
    let (mut written, mut refused) = (0_usize, 0_usize);
    while flood.load(Ordering::Relaxed) {
        let socket = load_support::connect(port, "/", Config::default()).await;
        let (mut read, mut write) = socket.unwrap().into_inner().into_split();
        let drain = tokio::spawn(async move {
            let mut octets = vec![0; 64 * KIB];
            while read.read(&mut octets).await.is_ok_and(|read| read > 0) {}
        });
        while flood.load(Ordering::Relaxed) {
            if write.write_all(octets).await.is_err() {
                refused += 1;
                break;
            }
            written += octets.len();
        }
        drop(write);
        let _ = drain.await;
    }
    (written, refused)
}

/// A frame, masked with zeros.
#[cfg(feature = "deflate")]
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let len = u64::try_from(payload.len()).unwrap().to_be_bytes();
    let len = if payload.len() > 0xFFFF { [&[0xFF], &len[..]] } else { [&[0xFE], &len[6..]] };
    [&[first], &len.concat()[..], &[0; 4], payload].concat()
}

/// 1 GiB of zeros, compressed.
#[cfg(feature = "deflate")]
fn bomb() -> Vec<u8> {
    use std::io::Write;
    let mut bomb = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0; MIB];
    for _ in 0..size(32, 1024) {
        bomb.write_all(&zeros).unwrap();
    }
    bomb.finish().unwrap()
}

/// What an unfinished message holds.
#[cfg(feature = "deflate")]
const PART: usize = 15 * MIB;

/// Until `count` is `expected`, or never will be.
#[cfg(feature = "deflate")]
async fn reaches(count: &AtomicUsize, expected: usize) {
    let start = Instant::now();
    while count.load(Ordering::Relaxed) < expected && start.elapsed().as_secs() < 120 {
        sleep(Duration::from_millis(20)).await;
    }
}

/// Bombs that break the message limit, and messages below it that never end: together they hold no
/// more than the budget.
#[cfg(feature = "deflate")]
#[test]
fn t23_bombs_on_all_connections_at_once_stay_within_the_budget() {
    let count = size(24, 1000);
    let budget = 256 * MIB;
    let mut config = Config::default();
    config.deflate = Some(load_support::deflate(true));
    let whole = frame(0xC2, &bomb());
    // Less than a message may have, without an end.
    let part = {
        use std::io::Write;
        let mut part = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        part.write_all(&vec![0; PART]).unwrap();
        part.flush().unwrap();
        frame(0x42, part.get_ref())
    };
    runtime().block_on(async {
        let mut server = Server::start("deflate");
        let before = server.stats();
        for (name, octets, code) in
            [("whole", Arc::new(whole), 1009), ("part", Arc::new(part), 1013)]
        {
            let start = Instant::now();
            let sockets = connect_many(server.port, "/", config, count).await;
            // As many of the unfinished ones as fit wait for ever; once all others are told, all is.
            let expected = if code == 1009 { count } else { count - count.min(budget / PART) };
            let all = Arc::new(AtomicUsize::new(0));
            let bombs: Vec<_> = sockets
                .into_iter()
                .map(|socket| {
                    let (octets, all) = (Arc::clone(&octets), Arc::clone(&all));
                    tokio::spawn(async move {
                        let mut io = socket.into_inner();
                        let _ = io.write_all(&octets).await;
                        let mut answer = [0; 4];
                        let code = tokio::select! {
                            told = io.read_exact(&mut answer) => {
                                all.fetch_add(1, Ordering::Relaxed);
                                told.is_ok().then(|| u16::from_be_bytes([answer[2], answer[3]]))
                            }
                            () = reaches(&all, expected) => None,
                        };
                        (code, io)
                    })
                })
                .collect();
            let mut codes = Vec::new();
            let mut held = Vec::new();
            for bomb in bombs {
                let (told, io) = bomb.await.unwrap();
                codes.push(told);
                held.push(io);
            }
            let stats = server.stats();
            let told = codes.iter().filter(|told| **told == Some(code)).count();
            let waiting = codes.iter().filter(|told| told.is_none()).count();
            let peak = stats.peak.saturating_sub(before.resident);
            row(
                "T23",
                format_args!(
                    "{name}: {count} bombs at once: {told} told {code}, {waiting} wait within the \
                     budget, peak {} MiB, {:.1?}",
                    peak / MIB,
                    start.elapsed()
                ),
            );
            assert_eq!((told, waiting), (expected, count - expected), "{codes:?}");
            // What is counted, and what is free, for each; contexts in debug builds are two.
            let spare = if is_soak() { 0 } else { 32 * MIB };
            let bound = budget + count * 64 * KIB + spare;
            assert!(peak <= bound, "{} MiB of {} MiB", peak / MIB, bound / MIB);
            drop(held);
            server.until(|stats| stats.open == 0).await;
        }
    });
}
