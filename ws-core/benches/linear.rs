//! Does the cost grow as the work does? Instructions for each octet, counted by valgrind, of a message
//! that comes in fragments of an octet, and of one of which each read brings an octet: the same for a
//! short message and for one sixteen times as long, or so it should be.

use bytes::Bytes;
use support::oracle::{BINARY, Frame, KEY, binary, continuation};
use support::{callgrind, peers};

mod support;

/// What is received, in memory, as a server with the usual limits.
const ROWS: [(&str, [usize; 3]); 3] = [
    // Frames of one octet.
    ("fragments", [4096, 16_384, 65_536]),
    // The same over a tokio transport.
    ("fragments, tokio", [4096, 16_384, 65_536]),
    // One frame, in reads of one octet.
    ("reads", [4096, 16_384, 65_536]),
];

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    if let ["--run", work, len, messages] = args[..] {
        let len = len.parse().expect("octets");
        let messages = messages.parse().expect("a number");
        run(work, len, messages);
        return;
    }
    if !callgrind::is_there() {
        println!("linear: left out, needs valgrind");
        return;
    }
    // `cargo test` runs benches without this, to see that they still work.
    let is_bench = args.contains(&"--bench");
    println!("instructions per octet of one message; ratio to the shortest");
    for (work, lengths) in ROWS {
        let lengths = if is_bench { &lengths[..] } else { &lengths[..1] };
        let mut shortest = None;
        for &len in lengths {
            let counted = [2, 1].map(|messages: usize| {
                callgrind::instructions(&[work, &len.to_string(), &messages.to_string()])
            });
            let each = (counted[0] - counted[1]) as f64 / len as f64;
            let ratio = each / *shortest.get_or_insert(each);
            println!("  {work:<17} {len:>6} {each:>7.0} {ratio:>6.2}");
        }
    }
}

/// One run, in which so many messages are received.
fn run(work: &str, len: usize, messages: usize) {
    // As long for either count, so that making it does not count.
    let wire = if work == "reads" { whole(len) } else { fragments(len) };
    let mut wire = wire.repeat(2);
    wire.truncate(wire.len() / 2 * messages);
    let done = match work {
        "reads" => peers::receive_connection(&wire.into(), &mut Vec::new(), 1),
        "fragments" => peers::receive_connection(&wire.into(), &mut Vec::new(), support::READ_LEN),
        _ => tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime")
            .block_on(peers::receive_tokio(Bytes::from(wire))),
    };
    assert_eq!(done, peers::Done { messages, octets: messages * len });
}

fn whole(len: usize) -> Vec<u8> {
    binary(&vec![7; len]).octets(Some(KEY))
}

fn fragments(len: usize) -> Vec<u8> {
    let fragment = |at| {
        if at == 0 { Frame::new(false, BINARY, *b"7") } else { continuation(at + 1 == len, b"7") }
    };
    (0..len).flat_map(|at| Frame::octets(&fragment(at), Some(KEY))).collect()
}
