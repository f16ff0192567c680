//! Echoing compressed messages as a server, in memory: masked messages in 64 KiB reads, each
//! inflated, checked, compressed again and written; ours beside other crates.
//!
//! Every implementation's echo is inflated and compared before the clock starts. Throughput is octets
//! of payload, one way.

use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use deflate::{Job, Kind};
use support::{Kept, Wire};

#[path = "support/deflate.rs"]
mod deflate;
mod support;

/// Octets of payload that one round moves, about.
const ROUND: usize = 1024 * 1024;

/// One round on a wire, by one implementation.
macro_rules! bench {
    ($group:ident, $runtime:ident, $job:ident, $name:literal, $echo:path) => {
        let kept = Kept::default();
        $runtime.block_on($echo(&$job, Wire::keeping($job.wire.clone(), Arc::clone(&kept))));
        $job.check($name, &kept.lock().expect("not poisoned"));
        $group.bench_function(BenchmarkId::from_parameter($name), |bencher| {
            bencher.iter(|| $runtime.block_on($echo(&$job, Wire::new($job.wire.clone()))));
        });
    };
}

fn echo(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    for takeover in [true, false] {
        for kind in [Kind::Json, Kind::Prose, Kind::Random] {
            for len in [1024, 65_536] {
                let context = if takeover { "takeover" } else { "no-takeover" };
                let mut group =
                    criterion.benchmark_group(format!("deflate/{context}/{kind:?}/{len}"));
                let count = ROUND / len;
                let job = Job::new(kind, takeover, len, count);
                group.throughput(Throughput::ElementsAndBytes {
                    elements: count as u64,
                    bytes: (count * len) as u64,
                });
                bench!(group, runtime, job, "ws-core", deflate::echo_ws_core);
                bench!(group, runtime, job, "yawc", deflate::echo_yawc);
                bench!(group, runtime, job, "sockudo-ws", deflate::echo_sockudo);
                group.finish();
            }
        }
    }
}

criterion_group!(benches, echo);
criterion_main!(benches);
