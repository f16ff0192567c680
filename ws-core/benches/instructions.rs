//! Instructions per message and per opening handshake, counted by valgrind: the same on a quiet machine
//! and on a busy one; ours beside other crates, in memory, as a server.
//!
//! This program runs itself under callgrind with so many messages and with twice as many, and divides
//! the difference: what it takes to start is in both. valgrind has no AVX-512 and none of the
//! instructions for SHA: who would use these, uses AVX2, or none, here.

use bytes::Bytes;
use support::peers::{self, Done};
use support::{BARE_REQUEST, Content, Kept, READ_LEN, REQUEST, accepts, callgrind};
use ws_core::{Config, Connection, Message};

mod support;

const IMPLEMENTATIONS: [&str; 6] = [
    "ws-core connection",
    "ws-core tokio",
    "ws-core sink",
    "tungstenite",
    "tokio-websockets",
    "fastwebsockets",
];

/// What is counted: a kind of work, the length of the payload or of the request, and for how many of
/// them at first.
const ROWS: [(&str, usize, usize); 16] = [
    ("accept/bare", BARE_REQUEST.len(), 500),
    ("accept/browser", REQUEST.len(), 500),
    ("receive/binary", 20, 2000),
    ("receive/ascii", 20, 2000),
    ("receive/text", 20, 2000),
    ("receive/binary", 1024, 1000),
    ("receive/ascii", 1024, 1000),
    ("receive/text", 1024, 1000),
    ("receive/binary", 65_536, 40),
    ("receive/ascii", 65_536, 40),
    ("receive/text", 65_536, 40),
    ("send/binary", 20, 2000),
    ("send/binary", 1024, 1000),
    ("send/binary", 65_536, 40),
    ("echo/binary", 20, 2000),
    ("echo/binary", 1024, 1000),
];

/// Octets of frames that are made for a run, at most.
const MAX_WIRE: usize = 8 * 1024 * 1024;

/// Octets of an answer to a request, at most.
const ANSWER_ROOM: usize = 512;

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    if let ["--run", work, name, len, count] = args[..] {
        let (len, count) = (len.parse().expect("octets"), count.parse().expect("a number"));
        run(work, name, len, count);
        return;
    }
    if !callgrind::is_there() {
        println!("instructions: left out, needs valgrind");
        return;
    }
    // `cargo test` runs benches without this, to see that they still work.
    let rows = if args.contains(&"--bench") { &ROWS[..] } else { &ROWS[1..3] };
    let filters: Vec<_> = args.iter().filter(|arg| !arg.starts_with('-')).collect();
    println!("instructions per message or handshake; ratio to ws-core tokio");
    for &(work, len, count) in rows {
        let title = format!("instructions/{work}/{len}");
        if !filters.is_empty() && !filters.iter().any(|part| title.contains(**part)) {
            continue;
        }
        let names = IMPLEMENTATIONS.iter().filter(|name| does(work, name));
        let counted: Vec<_> =
            names.map(|name| (name, per_message(work, name, len, count))).collect();
        let ours = counted.iter().find(|(name, _)| **name == "ws-core tokio");
        let (_, ours) = ours.expect("does everything");
        println!("{title}");
        for (name, instructions) in &counted {
            println!("  {name:<20} {instructions:>9.0} {:>6.2}", instructions / ours);
        }
    }
}

fn per_message(work: &str, name: &str, len: usize, count: usize) -> f64 {
    let [more, less] = [2 * count, count]
        .map(|count| callgrind::instructions(&[work, name, &len.to_string(), &count.to_string()]));
    (more - less) as f64 / count as f64
}

/// Whether there is such work: without a transport, an echo is another program; and a sink is not one
/// before the handshake.
fn does(work: &str, name: &str) -> bool {
    !matches!(
        (work.split_once('/'), name),
        (Some(("echo", _)), "ws-core connection") | (Some(("accept", _)), "ws-core sink")
    )
}

/// One run, whose answer is checked.
fn run(work: &str, name: &str, len: usize, count: usize) {
    let (work, kind) = work.split_once('/').expect("work/kind");
    if work == "accept" {
        accept(name, if kind == "bare" { BARE_REQUEST } else { REQUEST }, count);
        return;
    }
    let content = Content::ALL.into_iter().find(|content| content.name() == kind);
    let content = content.expect("what messages say");
    if work == "send" {
        let payload = content.payload(len).into();
        assert!(send(name, &payload, count) > count * len, "a header each");
        return;
    }
    let most = 2 * ROWS.iter().map(|&(.., count)| count).max().unwrap_or(count);
    let frame = content.client_frames(len, 1).len();
    // As long a wire for either run, so that making it does not count.
    let mut wire = content.client_frames(len, most.min(MAX_WIRE / frame));
    wire.truncate(frame * count);
    if work == "echo" {
        assert!(echo(name, wire) > count * len, "a header each");
    } else {
        assert_eq!(receive(name, wire), Done { messages: count, octets: count * len });
    }
}

fn accept(name: &str, request: &'static [u8], count: usize) {
    let request = Bytes::from_static(request);
    // Room for all answers from the start, so that it does not count.
    let mut answers = Vec::with_capacity(count * ANSWER_ROOM);
    if name == "ws-core connection" {
        (0..count).for_each(|_| accepts::accept_upgrader(&request, &mut answers));
        return accepts::check(&answers, count);
    }
    let kept = Kept::new(answers.into());
    block_on(async {
        for _ in 0..count {
            let (request, answers) = (request.clone(), Kept::clone(&kept));
            match name {
                "ws-core tokio" => accepts::accept_tokio(request, answers).await,
                "tungstenite" => accepts::accept_tungstenite(request, answers),
                "tokio-websockets" => accepts::accept_tokio_websockets(request, answers).await,
                _ => accepts::accept_fastwebsockets(request, answers).await,
            }
        }
    });
    accepts::check(&kept.lock().expect("not poisoned"), count);
}

fn receive(name: &str, wire: Bytes) -> Done {
    match name {
        "ws-core connection" => peers::receive_connection(&wire, &mut Vec::new(), READ_LEN),
        "ws-core tokio" => block_on(peers::receive_tokio(wire)),
        "ws-core sink" => block_on(peers::receive_tokio_stream(wire)),
        "tungstenite" => peers::receive_tungstenite(wire),
        "tokio-websockets" => block_on(peers::receive_tokio_websockets(wire)),
        _ => block_on(peers::receive_fastwebsockets(wire)),
    }
}

fn send(name: &str, payload: &Bytes, count: usize) -> usize {
    match name {
        "ws-core connection" => {
            let mut connection = Connection::server(Config::default());
            peers::send_connection(&mut connection, &Message::Binary(payload.clone()), count)
        }
        "ws-core tokio" => block_on(peers::send_tokio(payload.clone(), false, count)),
        "ws-core sink" => block_on(peers::send_tokio_sink(payload.clone(), count)),
        "tungstenite" => peers::send_tungstenite(payload, count),
        "tokio-websockets" => block_on(peers::send_tokio_websockets(payload.clone(), count)),
        _ => block_on(peers::send_fastwebsockets(payload, count)),
    }
}

fn echo(name: &str, wire: Bytes) -> usize {
    match name {
        "ws-core tokio" => block_on(peers::echo_tokio(wire)),
        "ws-core sink" => block_on(peers::echo_tokio_sink(wire)),
        "tungstenite" => peers::echo_tungstenite(wire),
        "tokio-websockets" => block_on(peers::echo_tokio_websockets(wire)),
        _ => block_on(peers::echo_fastwebsockets(wire)),
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}
