//! What a message costs on one thread while a second thread does the same on connections of its own,
//! beside what it costs alone: a lock or an atomic that both touched for each message would show.
//!
//! CPU time of the threads, as the kernel counts it, so that waiting for a core is not in it. Each
//! round measures both; the median of the rounds' ratios is printed. Linux alone counts so.
//!
//! Two cores share a clock that sinks under load, and often more than that: the first row is work that
//! shares nothing, for comparison.

use std::fs;
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;

use bytes::Bytes;
use support::peers;

mod support;

/// What is done, payload octets, and messages of one wire.
const ROWS: [(Work, usize, usize); 4] = [
    (Work::Mask, 20, 20_000),
    (Work::Echo, 20, 20_000),
    (Work::Echo, 1024, 5000),
    (Work::Echo, 65_536, 100),
];

#[derive(Debug, Clone, Copy)]
enum Work {
    /// Masks payloads: nothing else.
    Mask,
    Echo,
}

/// Of one thread, in each round: how often it echoes its wire.
const WIRES: usize = 20;

const ROUNDS: usize = 15;

fn main() {
    // `cargo test` runs benches without this, to see that they still work.
    let (wires, rounds) =
        if std::env::args().any(|arg| arg == "--bench") { (WIRES, ROUNDS) } else { (1, 1) };
    if cpu_time().is_none() || thread::available_parallelism().is_ok_and(|cores| cores.get() < 2) {
        println!("threads: left out, needs Linux and two cores");
        return;
    }
    for (work, len, count) in ROWS {
        let round = |_| {
            let [alone, beside] =
                [1, 2].map(|threads| per_message(threads, work, len, count, wires));
            (beside / alone, alone)
        };
        let mut rounds: Vec<_> = (0..rounds).map(round).collect();
        rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (ratio, alone) = rounds[rounds.len() / 2];
        println!(
            "threads/{work:?}/{len:<6} {alone:>7.0} ns of CPU per message on one thread, \
             {ratio:.2} times that on two"
        );
    }
}

/// Nanoseconds of CPU for one message, on each of so many threads at a time.
fn per_message(threads: usize, work: Work, len: usize, count: usize, wires: usize) -> f64 {
    let start = Barrier::new(threads);
    let spent: u64 = thread::scope(|scope| {
        let echo = || {
            // A wire of its own: its octets are counted by reference.
            let wire = support::client_frames(false, &support::payload(false, len), count);
            assert!(echo(wire.clone()) > count * len, "all of it comes back");
            start.wait();
            let before = cpu_time().expect("counted a moment ago");
            for _ in 0..wires {
                match work {
                    Work::Mask => mask(len, count),
                    Work::Echo => _ = echo(wire.clone()),
                }
            }
            cpu_time().expect("counted a moment ago") - before
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(echo)).collect();
        running.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    spent as f64 / (threads * wires * count) as f64
}

/// Octets written.
fn echo(wire: Bytes) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(peers::echo_tokio(wire))
}

fn mask(len: usize, count: usize) {
    let mut payload = vec![7; len];
    for _ in 0..count {
        ws_core::mask::apply(black_box(&mut payload), black_box(support::oracle::KEY), 0);
    }
}

/// What this thread has run for, in nanoseconds.
fn cpu_time() -> Option<u64> {
    let counted = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    counted.split_whitespace().next()?.parse().ok()
}
