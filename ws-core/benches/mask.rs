//! Masking in place and while copying, beside a plain copy of the same octets.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ws_core::frame::MAX_HEADER_LEN;
use ws_core::mask;

#[path = "../tests/oracle/mod.rs"]
mod oracle;

const KEY: [u8; 4] = oracle::KEY;

fn masking(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mask");
    for len in [20, 1024, 2048, 4096, 65_536, 1_048_576] {
        let payload = vec![0x5A; len];
        let expected = oracle::masked(&payload, Some(KEY));
        group.throughput(Throughput::Bytes(len as u64));

        // Behind a header, as it is read.
        let mut read = [vec![0; MAX_HEADER_LEN], payload.clone()].concat();
        let octets = &mut read[MAX_HEADER_LEN..];
        mask::apply(octets, KEY, 0);
        assert_eq!(octets, expected);
        group.bench_function(BenchmarkId::new("apply", len), |bencher| {
            bencher.iter(|| mask::apply(black_box(&mut *octets), black_box(KEY), 0));
        });

        let mut copied = vec![0; len];
        mask::copy(&mut copied, &payload, KEY, 0);
        assert_eq!(copied, expected);
        group.bench_function(BenchmarkId::new("copy", len), |bencher| {
            bencher.iter(|| mask::copy(&mut copied, black_box(&payload), black_box(KEY), 0));
        });
        group.bench_function(BenchmarkId::new("plain copy", len), |bencher| {
            bencher.iter(|| black_box(&mut copied).copy_from_slice(black_box(&payload)));
        });
    }
    group.finish();
}

criterion_group!(benches, masking);
criterion_main!(benches);
