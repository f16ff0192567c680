//! Two halves on two threads: what both directions cost, and how long a message that is sent waits
//! for one that is being received.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use deflate::{Job, Kind};
use support::READ_LEN;
use tokio::io::{AsyncRead, ReadBuf, join, sink};
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

/// Octets of a message that takes its time to be inflated.
const LONG: usize = 1024 * 1024;

/// Brings the same octets over and over.
struct Endless {
    wire: Bytes,
    rest: Bytes,
}

impl AsyncRead for Endless {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.rest.is_empty() {
            self.rest = self.wire.clone();
        }
        let len = self.rest.len().min(buf.remaining()).min(READ_LEN);
        buf.put_slice(&self.rest.split_to(len));
        Poll::Ready(Ok(()))
    }
}

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
    let stop = &AtomicBool::new(false);
    let deflate = Deflate::default();
    let config = Config::default();
    let io = join(Endless { wire: wire.clone(), rest: Bytes::new() }, sink());
    let mut socket = WebSocket::server(io, config);
    let params = DeflateParams {
        client_no_context_takeover: true,
        server_no_context_takeover: true,
        ..DeflateParams::default()
    };
    socket.connection_mut().set_deflate(&deflate, params);
    let (mut reader, mut writer) = socket.split();
    let runtime = || Builder::new_current_thread().enable_all().build().expect("a runtime");
    thread::scope(|scope| {
        let (began, has_begun) = channel();
        scope.spawn(move || {
            let runtime = runtime();
            while !stop.load(Ordering::Relaxed) {
                let message = runtime.block_on(reader.recv()).expect("valid").expect("no end");
                assert_eq!(message.payload().len(), LONG);
                let _ = began.send(());
            }
        });
        has_begun.recv().expect("the first message");
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
    let long = Job::new(Kind::Json, false, LONG, 2);
    let mut group = criterion.benchmark_group("split/send beside");
    group.sample_size(10).warm_up_time(Duration::from_millis(200));
    group.bench_function("inflating 1 MiB", |bencher| {
        bencher.iter_custom(|count| send_beside_inflating(&long.wire, count));
    });
}

criterion_group!(benches, split);
criterion_main!(benches);
