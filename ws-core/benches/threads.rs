//! What a message costs on one thread while a second thread does the same on connections of its own,
//! beside what it costs alone: a lock or an atomic that both touched for each message would show.
//!
//! CPU time of the threads, as the kernel counts it, so that waiting for a core is not in it. Each
//! round measures both; the median of the rounds' ratios is printed. Unix alone counts so.
//!
//! Two cores share a clock that sinks under load, the way to memory, and often more than that: before
//! each row is one of work on as many octets that shares nothing, for comparison.

use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
#[cfg(unix)]
use std::time::Duration;

use bytes::Bytes;
use support::peers;

mod support;

/// Payload octets, and messages of one wire.
const ROWS: [(usize, usize); 3] = [(20, 20_000), (1024, 5000), (65_536, 100)];

#[derive(Debug, Clone, Copy)]
enum Work {
    /// Copies what is read and masks it: nothing else.
    Move,
    Echo,
}

/// Of one thread, in each round: how often it echoes its wire.
const WIRES: usize = 20;

const ROUNDS: usize = 15;

/// Octets that one read takes.
const READ: usize = 64 * 1024;

fn main() {
    // `cargo test` runs benches without this, to see that they still work.
    let (wires, rounds) =
        if std::env::args().any(|arg| arg == "--bench") { (WIRES, ROUNDS) } else { (1, 1) };
    if cpu_time().is_none() || thread::available_parallelism().is_ok_and(|cores| cores.get() < 2) {
        println!("threads: left out, needs Unix and two cores");
        return;
    }
    let rows = ROWS.into_iter().flat_map(|row| [(Work::Move, row), (Work::Echo, row)]);
    for (work, (len, count)) in rows {
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
    let spent: u128 = thread::scope(|scope| {
        let echo = || {
            // A wire of its own: its octets are counted by reference.
            let wire = support::Content::Binary.client_frames(len, count);
            assert!(echo(wire.clone()) > count * len, "all of it comes back");
            start.wait();
            let before = cpu_time().expect("counted a moment ago");
            for _ in 0..wires {
                match work {
                    Work::Move => move_octets(&wire),
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

fn move_octets(wire: &[u8]) {
    let mut read = [0; READ];
    for octets in wire.chunks(READ) {
        let read = &mut read[..octets.len()];
        read.copy_from_slice(octets);
        ws_core::mask::apply(black_box(read), black_box(support::oracle::KEY), 0);
    }
}

/// What this thread has run for, in nanoseconds, to this moment: `/proc` knows it as of the last tick.
#[cfg(unix)]
fn cpu_time() -> Option<u128> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).ok().map(|time| time.as_nanos())
}

#[cfg(not(unix))]
fn cpu_time() -> Option<u128> {
    None
}
