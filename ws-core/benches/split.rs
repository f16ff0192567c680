//! Two halves on two threads: what both directions cost, and how long a message that is sent waits
//! for one that is being received.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deflate::{Job, Kind};
use support::Wire;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use ws_core::deflate::{Deflate, DeflateParams};
use ws_core::tokio::WebSocket;
use ws_core::{Config, Message};

#[path = "support/deflate.rs"]
#[allow(dead_code, reason = "this bench has no use for the peers")]
mod deflate;
mod support;

/// Messages that are fed before they are flushed.
const BATCH: usize = 16;

/// Both ends over TCP.
async fn pair() -> (WebSocket<TcpStream>, WebSocket<TcpStream>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let dialled = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("a peer");
    let (accepted, _) = listener.accept().await.expect("a peer");
    let config = Config::default();
    (WebSocket::server(accepted, config), WebSocket::client(dialled, config, &[]))
}

/// `count` messages each way at once, a task per half.
async fn both_ways(count: usize, payload: Vec<u8>) -> usize {
    let (server, client) = pair().await;
    let message = Message::binary(payload);
    let tasks = [server, client].map(|socket| {
        let (mut reader, mut writer) = socket.split();
        let message = message.clone();
        let writing = tokio::spawn(async move {
            for i in 1..=count {
                writer.feed(message.clone()).await.expect("room");
                if i % BATCH == 0 {
                    writer.flush().await.expect("written");
                }
            }
            writer.flush().await.expect("written");
            writer
        });
        let reading = tokio::spawn(async move {
            let mut octets = 0;
            for _ in 0..count {
                octets += reader.recv().await.expect("clean").expect("a message").payload().len();
            }
            octets
        });
        (reading, writing)
    });
    let mut octets = 0;
    for (reading, writing) in tasks {
        octets += reading.await.expect("no panic");
        drop(writing.await.expect("no panic"));
    }
    octets
}

/// How long `count` small messages take to be sent, one by one, while long ones are inflated.
fn send_beside_inflating(wire: &Bytes, count: u64) -> Duration {
    let stop = AtomicBool::new(false);
    let deflate = Deflate::default();
    let config = Config::default();
    let mut socket = WebSocket::server(Wire::new(wire.clone()), config);
    let params = DeflateParams {
        client_no_context_takeover: true,
        server_no_context_takeover: true,
        ..DeflateParams::default()
    };
    socket.connection_mut().set_deflate(&deflate, params);
    let (mut reader, mut writer) = socket.split();
    let runtime = || Builder::new_current_thread().enable_all().build().expect("a runtime");
    thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let runtime = runtime();
            let mut messages = 0;
            while !stop.load(Ordering::Relaxed)
                && runtime.block_on(reader.recv()).is_ok_and(|message| message.is_some())
            {
                messages += 1;
            }
            messages
        });
        let runtime = runtime();
        let mut spent = Duration::ZERO;
        for _ in 0..count {
            // As an application would, not as fast as it can.
            thread::sleep(Duration::from_micros(200));
            let start = Instant::now();
            runtime.block_on(writer.send("one of many short messages")).expect("sent");
            spent += start.elapsed();
        }
        stop.store(true, Ordering::Relaxed);
        let messages: usize = reading.join().expect("no panic");
        assert!(messages > 0 || count < 10, "nothing was inflated meanwhile");
        spent
    })
}

fn split(criterion: &mut Criterion) {
    let runtime: Runtime =
        Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    for (len, count) in [(20, 50_000), (1024, 20_000), (65_536, 500)] {
        let run = || runtime.block_on(both_ways(count, vec![7; len]));
        assert_eq!(run(), 2 * count * len, "a wrong answer is not worth timing");
        let mut group = criterion.benchmark_group("split/both ways");
        group.sample_size(10).throughput(Throughput::Elements(2 * count as u64));
        group.bench_function(len.to_string(), |bencher| bencher.iter(run));
    }
    let long = Job::new(Kind::Json, false, 1024 * 1024, 2);
    let wire: Bytes = long.wire.repeat(2000).into();
    let mut group = criterion.benchmark_group("split/send beside");
    group.sample_size(10).warm_up_time(Duration::from_millis(200));
    group.bench_function("inflating 1 MiB", |bencher| {
        bencher.iter_custom(|count| send_beside_inflating(&wire, count));
    });
}

criterion_group!(benches, split);
criterion_main!(benches);
