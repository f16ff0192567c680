//! Receiving as a server, in memory: masked messages in 64 KiB reads, ours beside other crates.
//!
//! Every implementation answers "how many messages, how many octets" and is checked before the
//! clock starts. Throughput is octets of payload.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use support::Content;
use support::peers::{self, Done};

mod support;

/// Octets of payload that one round moves, about.
const ROUND: usize = 4 * 1024 * 1024;

fn receive(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for content in Content::ALL {
        for len in [20, 1024, 65_536, 1_048_576] {
            let mut group = criterion.benchmark_group(format!("receive/{}/{len}", content.name()));
            let count = (ROUND / len).clamp(4, 20_000);
            let wire = content.client_frames(len, count);
            let expected = Done { messages: count, octets: count * len };
            group.throughput(Throughput::ElementsAndBytes {
                elements: count as u64,
                bytes: (count * len) as u64,
            });
            let mut buffer = Vec::new();
            let mut bench = |name: &str, run: &mut dyn FnMut() -> Done| {
                assert_eq!(run(), expected, "{name}: a wrong answer is not worth timing");
                group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                    bencher.iter(|| black_box(run()));
                });
            };
            // What moving the octets costs whoever reads them, once.
            bench("memcpy", &mut || {
                for read in wire.chunks(support::READ_LEN) {
                    buffer.resize(read.len(), 0);
                    support::copy(&mut buffer, read);
                    black_box(&mut buffer);
                }
                expected
            });
            bench("ws-core connection", &mut || {
                peers::receive_connection(&wire, &mut buffer, support::READ_LEN)
            });
            bench("ws-core tokio", &mut || runtime.block_on(peers::receive_tokio(wire.clone())));
            bench("tungstenite", &mut || peers::receive_tungstenite(wire.clone()));
            bench("tokio-websockets", &mut || {
                runtime.block_on(peers::receive_tokio_websockets(wire.clone()))
            });
            bench("fastwebsockets", &mut || {
                runtime.block_on(peers::receive_fastwebsockets(wire.clone()))
            });
            group.finish();
        }
    }
}

criterion_group!(benches, receive);
criterion_main!(benches);
