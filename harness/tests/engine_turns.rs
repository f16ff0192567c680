//! Chopped and synced writes: what a peer sees at a time is what it sees of the suite.
//!
//! With the suite, the first two writes that are begun while it reads go out together: the timer
//! of the second has run out before its event loop comes to write. Each later one has a turn to
//! itself, long enough for a peer that is waiting for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use ws_harness::conformance::cases;
use ws_harness::conformance::opening::{accept, head::Head};
use ws_harness::conformance::run::Settings;
use ws_harness::conformance::server_under_test::{Dial, play_case};

/// Nothing comes any more when nothing has come for so long.
const QUIET: Duration = Duration::from_millis(300);

/// Answers the opening handshake; then what each read brings, in octets.
async fn reads(mut stream: DuplexStream) -> Vec<usize> {
    let mut input = vec![0; 4096];
    let len = stream.read(&mut input).await.unwrap();
    let key = Head::read(&input[..len]).field("sec-websocket-key").unwrap();
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {}\r\n\r\n",
        accept(&key)
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
    let mut reads = Vec::new();
    while let Ok(Ok(len @ 1..)) = tokio::time::timeout(QUIET, stream.read(&mut input)).await {
        reads.push(len);
    }
    reads
}

#[tokio::test]
async fn the_first_two_pieces_go_together_and_the_rest_one_by_one() {
    // A frame of 13 octets from a client is 19 octets, an empty one 6, one of 13 characters in
    // fragments 11 and 14.
    let ones = |count: usize| [vec![2], vec![1; count - 2]].concat();
    for (id, expected) in [
        // All in plain writes.
        ("3.2", vec![19 + 19 + 6]),
        // Three frames, each in a write of its own.
        ("3.3", vec![19 + 19, 6]),
        // The same octet by octet.
        ("3.4", ones(19 + 19 + 6)),
        ("4.1.5", ones(19 + 19 + 6)),
    ] {
        let (ours, theirs) = tokio::io::duplex(4096);
        let peer = tokio::spawn(reads(theirs));
        let case = Arc::new(cases::find(&id.parse().unwrap()).unwrap().clone());
        let dial = Dial { resource: "/".into(), host: "localhost:80".into(), ..Dial::default() };
        play_case(case, ours, &dial, &Settings::default()).await;
        assert_eq!(peer.await.unwrap(), expected, "{id}");
    }
}
