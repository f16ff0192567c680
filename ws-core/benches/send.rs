//! Sending as a server, in memory: one message many times, ours beside other crates.
//!
//! Every implementation answers how many octets it wrote and is checked before the clock starts.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use support::peers;
use ws_core::{Config, Connection, FrameHeader, Message, Opcode};

mod support;

const COUNT: usize = 1000;

fn send(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for len in [20, 1024, 65_536] {
        let mut group = criterion.benchmark_group(format!("send/binary/{len}"));
        let payload = Bytes::from(support::Content::Binary.payload(len));
        let header = FrameHeader::new(Opcode::Binary, len as u64);
        let expected = COUNT * (header.encoded_len() + len);
        group.throughput(Throughput::ElementsAndBytes {
            elements: COUNT as u64,
            bytes: (COUNT * len) as u64,
        });
        let mut connection = Connection::server(Config::default());
        let message = Message::Binary(payload.clone());
        let mut bench = |name: &str, run: &mut dyn FnMut() -> usize| {
            assert_eq!(run(), expected, "{name}: a wrong answer is not worth timing");
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| black_box(run()));
            });
        };
        bench("ws-core connection", &mut || {
            peers::send_connection(&mut connection, &message, COUNT)
        });
        bench("ws-core tokio", &mut || {
            runtime.block_on(peers::send_tokio(payload.clone(), false, COUNT))
        });
        bench("tungstenite", &mut || peers::send_tungstenite(&payload, COUNT));
        bench("tokio-websockets", &mut || {
            runtime.block_on(peers::send_tokio_websockets(payload.clone(), COUNT))
        });
        bench("fastwebsockets", &mut || {
            runtime.block_on(peers::send_fastwebsockets(&payload, COUNT))
        });
        group.finish();
    }
}

criterion_group!(benches, send);
criterion_main!(benches);
