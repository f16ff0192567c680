//! The server's opening handshake in memory: a browser's request in, the 101 out, ours beside other
//! crates. fastwebsockets has none of its own; it relies on hyper.
//!
//! Every implementation answers how many octets it wrote; an answer shorter than a 101 with its
//! `Sec-WebSocket-Accept` is not timed.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use support::{REQUEST, Wire};
use ws_core::handshake::ServerHandshake;
use ws_core::io::Plain;
use ws_core::{Config, Limits};

mod support;

/// A status line, three fields, an empty line.
const LEAST_ANSWER: usize = 120;

fn handshake(criterion: &mut Criterion) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
    let limits = Limits::default();
    let wire = || Wire::new(Bytes::from_static(REQUEST));
    let mut group = criterion.benchmark_group("handshake/server");
    group.throughput(Throughput::Elements(1));
    let mut bench = |name: &str, run: &mut dyn FnMut() -> usize| {
        assert!(run() >= LEAST_ANSWER, "{name}: a wrong answer is not worth timing");
        group.bench_function(name, |bencher| bencher.iter(|| black_box(run())));
    };
    let mut answer = Vec::new();
    bench("ws-core sans-IO", &mut || {
        answer.clear();
        let mut handshake = ServerHandshake::new(&limits);
        let request = handshake.handle_input(REQUEST).expect("good").expect("whole");
        request.accept(&mut answer);
        answer.len()
    });
    bench("ws-core blocking", &mut || {
        let socket = ws_core::io::accept(Plain(wire()), Config::default()).expect("accepted");
        socket.get_ref().0.written
    });
    bench("ws-core tokio", &mut || {
        let accepted = ws_core::tokio::accept(wire(), Config::default());
        runtime.block_on(accepted).expect("accepted").get_ref().written
    });
    bench("tungstenite", &mut || tungstenite::accept(wire()).expect("accepted").get_ref().written);
    bench("tokio-websockets", &mut || {
        let builder = tokio_websockets::ServerBuilder::new();
        let (_, socket) = runtime.block_on(builder.accept(wire())).expect("accepted");
        socket.get_ref().written
    });
    group.finish();
}

criterion_group!(benches, handshake);
criterion_main!(benches);
