//! Incremental UTF-8, whole and in pieces of 1 KiB, beside the standard library on the whole text.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ws_core::utf8::Utf8;

const PIECE: usize = 1000;

fn utf8(criterion: &mut Criterion) {
    for (script, unit) in [("ascii", "The quick brown fox. "), ("mixed", "κόσμε, 日本, añ😀. ")]
    {
        let mut group = criterion.benchmark_group(format!("utf8/{script}"));
        for len in [20, 1024, 65_536] {
            let text: String = unit.chars().cycle().take(len).collect();
            group.throughput(Throughput::Bytes(text.len() as u64));
            let whole = |octets: &[u8]| {
                let mut utf8 = Utf8::new();
                utf8.feed(octets).is_ok() && utf8.finish().is_ok()
            };
            let pieces = |octets: &[u8]| {
                let mut utf8 = Utf8::new();
                octets.chunks(PIECE).all(|piece| utf8.feed(piece).is_ok()) && utf8.finish().is_ok()
            };
            assert!(whole(text.as_bytes()) && pieces(text.as_bytes()));

            group.bench_function(BenchmarkId::new("whole", len), |bencher| {
                bencher.iter(|| whole(black_box(text.as_bytes())));
            });
            group.bench_function(BenchmarkId::new("pieces", len), |bencher| {
                bencher.iter(|| pieces(black_box(text.as_bytes())));
            });
            group.bench_function(BenchmarkId::new("std", len), |bencher| {
                bencher.iter(|| std::str::from_utf8(black_box(text.as_bytes())).is_ok());
            });
        }
        group.finish();
    }
}

criterion_group!(benches, utf8);
criterion_main!(benches);
