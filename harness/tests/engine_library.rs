//! The engine as a library: cases over any stream, inside a test, against servers good and bad.

mod odd;

use std::sync::Arc;
use std::time::Duration;

use odd::Odd;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use ws_harness::conformance::case::Case;
use ws_harness::conformance::cases;
use ws_harness::conformance::connection::Pace;
use ws_harness::conformance::run::{Played, Settings};
use ws_harness::conformance::server_under_test::{Dial, GoOn, News, Run, play_case, run};

fn case(id: &str) -> Arc<Case> {
    Arc::new(cases::find(&id.parse().unwrap()).unwrap().clone())
}

fn dial() -> Dial {
    Dial { resource: "/".into(), host: "localhost:80".into(), ..Dial::default() }
}

/// An echo server on the core, on its end of a pipe in memory.
async fn serve(stream: tokio::io::DuplexStream) {
    let config = ws_core::Config::default();
    if let Ok(mut ws) = ws_core::tokio::accept(stream, config).await {
        while let Ok(Some(message)) = ws.recv().await {
            if ws.feed(message).await.is_err() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn cases_over_a_pipe_in_memory() {
    for id in ["1.1.1", "1.2.8", "2.6", "3.2", "5.3", "6.3.1", "7.1.5", "7.9.1", "9.1.1", "10.1.1"]
    {
        let (ours, theirs) = tokio::io::duplex(4096);
        let server = tokio::spawn(serve(theirs));
        let played = play_case(case(id), ours, &dial(), &Settings::default()).await;
        assert_eq!(played.judgement.verdict.to_string(), "OK/OK", "{id}: {:?}", played.judgement);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn cases_over_a_unix_socket() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let address = Odd::Good.listen().await;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut server = TcpStream::connect(address).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
            });
        }
    });
    let stream = UnixStream::connect(&path).await.unwrap();
    let played = play_case(case("1.1.3"), stream, &dial(), &Settings::default()).await;
    assert_eq!(played.judgement.verdict.to_string(), "OK/OK", "{:?}", played.judgement);
}

/// Every case of these groups, side by side, against a server with good manners.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_tells_of_every_case_once() {
    let address = Odd::Good.listen().await;
    let cases: Vec<Arc<Case>> = cases::all()
        .iter()
        .filter(|case| matches!(case.id.group(), 1..=5 | 7))
        .map(|case| Arc::new(case.clone()))
        .collect();
    let wanted: Vec<_> = cases.iter().map(|case| case.id.clone()).collect();
    let plan = Run { cases, dial: dial(), settings: Settings::default(), jobs: 16, retries: 0 };
    let (mut begun, mut done) = (Vec::new(), Vec::new());
    let connect = move || TcpStream::connect(address);
    let ended = run(plan, connect, |news| {
        match news {
            News::Begins(case) => begun.push(case.id.clone()),
            News::Done(played) => {
                assert!(played.judgement.verdict.is_clean(), "{:?}", played.judgement);
                done.push(played.case.id.clone());
            }
        }
        GoOn::Yes
    });
    ended.await.unwrap();
    assert_eq!(begun[0].to_string(), "5.19", "those that wait go first");
    begun.sort();
    done.sort();
    assert_eq!((&begun, &done), (&wanted, &wanted));
}

#[tokio::test]
async fn a_case_that_fails_is_played_again_if_asked_for() {
    let address = Odd::Http400.listen().await;
    let tries = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    let connect = move || {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        TcpStream::connect(address)
    };
    let cases = vec![case("1.1.1")];
    let plan = Run { cases, dial: dial(), settings: Settings::default(), jobs: 1, retries: 2 };
    let mut lines = Vec::new();
    let hear = |news| {
        if let News::Done(played) = news {
            lines.push(played.line());
        }
        GoOn::Yes
    };
    run(plan, connect, hear).await.unwrap();
    assert_eq!(tries.load(std::sync::atomic::Ordering::Relaxed), 3);
    let [line] = &lines[..] else { panic!("one case, one result: {lines:?}") };
    assert_eq!(line.earlier, [line.verdict(); 2], "the report says of the tries before");
    assert!(line.explanation.as_deref().is_some_and(|why| !why.is_empty()), "{line:?}");
}

#[tokio::test]
async fn a_server_that_is_gone_ends_the_run_with_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let cases = vec![case("1.1.1"), case("1.1.2")];
    let plan = Run { cases, dial: dial(), settings: Settings::default(), jobs: 1, retries: 0 };
    let mut begun = 0;
    let connect = move || TcpStream::connect(address);
    let ended = run(plan, connect, |_| {
        begun += 1;
        GoOn::Yes
    });
    assert!(ended.await.is_err());
    assert_eq!(begun, 1, "no more are begun");
}

async fn against(
    served: impl FnOnce(TcpStream) -> tokio::task::JoinHandle<()>,
    id: &str,
    settings: &Settings,
) -> Played {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let serving = served(listener.accept().await.unwrap().0);
    let played = play_case(case(id), stream, &dial(), settings).await;
    serving.abort();
    played
}

/// Opens a connection by hand, as a server; `false` if the client has gone.
async fn open(stream: &mut TcpStream) -> bool {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.unwrap() == 0 {
            return false;
        }
    }
    let head = ws_harness::conformance::opening::head::Head::read(&request);
    let key = head.field("sec-websocket-key").unwrap();
    let accept = ws_harness::conformance::opening::accept(&key);
    let answer = format!(
        "HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.is_ok()
}

/// Opens a connection and then writes `octets` for as long as anybody reads.
fn flood(octets: &'static [u8]) -> impl FnOnce(TcpStream) -> tokio::task::JoinHandle<()> {
    move |mut stream| {
        tokio::spawn(async move {
            let block = octets.repeat(64 * 1024 / octets.len());
            let mut reads = open(&mut stream).await;
            while reads {
                reads = stream.write_all(&block).await.is_ok();
            }
        })
    }
}

/// Opens a connection, closes it, and goes on with Pings.
fn ping_on(mut stream: TcpStream) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let mut octets = &b"\x88\x02\x03\xe8"[..];
        let mut reads = open(&mut stream).await;
        while reads {
            reads = stream.write_all(octets).await.is_ok();
            octets = b"\x89\x00";
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
}

/// Whatever a testee sends, a case keeps a bounded part of it and ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_testee_that_never_stops_sending_is_cut_off() {
    let never_ends = &b"\x01\x7f\x00\x00\x00\x7f\x00\x00\x00\x00"[..];
    let pings = &b"\x89\x7d_____________________________________________________________\
        ________________________________________________________________"[..];
    assert_eq!(pings.len(), 127);
    let endless_ping = &b"\x89\x7f\x00\x00\x00\x7f\x00\x00\x00\x00"[..];
    let slow =
        Settings { pace: Pace { time_scale: 60.0, ..Pace::default() }, ..Settings::default() };
    for (octets, why) in [
        (&b"\x8a\x00"[..], "more than a case may record"),
        (never_ends, "a message is longer than the engine's limit of 64 MiB"),
        (pings, "more than 64 MiB of Pongs wait for a peer that does not read"),
        (endless_ping, "a control frame is longer than the engine's limit of 64 MiB"),
    ] {
        let played = against(flood(octets), "1.1.1", &slow).await;
        assert_eq!(played.judgement.verdict.behavior.name(), "FAILED");
        let reason = played.seen.facts.not_clean_reason.unwrap_or_default();
        assert!(reason.contains(why), "{reason}");
        assert!(played.seen.log.rows.len() <= 20_001, "{}", played.seen.log.rows.len());
    }
}

/// A testee that opens and then hangs costs the case its patience, not the suite's 1000 s.
#[tokio::test(flavor = "multi_thread")]
async fn a_testee_that_hangs_costs_bounded_time() {
    let address = Odd::Silent.listen().await;
    let mut settings = Settings::default();
    settings.patience.idle = Duration::from_millis(300);
    let began = std::time::Instant::now();
    let stream = TcpStream::connect(address).await.unwrap();
    let played = play_case(case("9.5.1"), stream, &dial(), &settings).await;
    assert_eq!(played.judgement.verdict.to_string(), "FAILED/UNCLEAN", "{:?}", played.judgement);
    assert!(played.seen.facts.closing_timeout);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let reported = played.seen.duration.unwrap();
    assert!(reported >= Duration::from_secs(1000), "the case's own time passed: {reported:?}");
}

/// 5.3 has no timer left after a second, and Pings after a Close are no sign of its end.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_closes_and_keeps_tcp_open_costs_bounded_time() {
    let mut settings = Settings::default();
    settings.patience.idle = Duration::from_millis(300);
    let played = tokio::time::timeout(Duration::from_secs(10), against(ping_on, "5.3", &settings));
    let played = played.await.expect("it ends");
    assert_eq!(played.judgement.verdict.behavior.name(), "FAILED", "{:?}", played.judgement);
}
