//! Frame headers, every length class: decode and encode.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ws_core::frame::MAX_HEADER_LEN;
use ws_core::{FrameHeader, Opcode};

const KEY: Option<[u8; 4]> = Some([0x37, 0xFA, 0x21, 0x3D]);

fn header(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("header");
    group.throughput(Throughput::Elements(1));
    for (name, masking_key, payload_len) in [
        ("7 bits", None, 20),
        ("7 bits masked", KEY, 20),
        ("16 bits masked", KEY, 1024),
        ("64 bits masked", KEY, 1 << 20),
    ] {
        let header = FrameHeader { masking_key, ..FrameHeader::new(Opcode::Binary, payload_len) };
        let mut octets = [0; MAX_HEADER_LEN];
        let len = header.encode(&mut octets).expect("a length of 63 bits");
        assert_eq!(FrameHeader::decode(&octets), Ok(Some((header, len))));

        group.bench_function(BenchmarkId::new("decode", name), |bencher| {
            bencher.iter(|| FrameHeader::decode(black_box(&octets)));
        });
        group.bench_function(BenchmarkId::new("encode", name), |bencher| {
            bencher.iter(|| black_box(&header).encode(black_box(&mut octets)));
        });
    }
    group.finish();
}

criterion_group!(benches, header);
criterion_main!(benches);
