//! The engine as a library: cases over any stream, both ways, inside a test.

mod odd;

use std::sync::Arc;
use std::time::Duration;

use odd::Odd;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use ws_harness::conformance::case::Case;
use ws_harness::conformance::cases;
use ws_harness::conformance::client_under_test::Server;
use ws_harness::conformance::connection::Pace;
use ws_harness::conformance::results::Results;
use ws_harness::conformance::run::{Played, Settings, quick};
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
    let endless_ping = &b"\x89\x7f\x00\x00\x00\x7f\x00\x00\x00\x00"[..];
    let slow =
        Settings { pace: Pace { time_scale: 60.0, ..Pace::default() }, ..Settings::default() };
    for (octets, why) in [
        (&b"\x8a\x00"[..], "more than a case may record"),
        (never_ends, "a message is longer than the engine's limit of 64 MiB"),
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

/// A fuzzing server for these cases, with what goes on there.
async fn fuzzing_server(ids: &[&str]) -> (Arc<Server>, std::net::SocketAddr) {
    let cases = ids.iter().map(|id| Arc::new(quick(&case(id), 8))).collect();
    let server =
        Server::new(cases, Settings::default(), Results::new(None).unwrap(), |agent, _| {
            agent == "excluded"
        });
    serve_cases(server).await
}

async fn serve_cases(server: Arc<Server>) -> (Arc<Server>, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = Arc::clone(&server);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = Arc::clone(&serving);
            tokio::spawn(async move { drop(server.serve(stream).await) });
        }
    });
    (server, address)
}

#[tokio::test]
async fn control_paths_say_what_the_suites_say() {
    let (server, address) = fuzzing_server(&["1.1.1", "12.1.1"]).await;
    for (resource, said) in [
        ("/getCaseCount", Some("2")),
        ("/getCaseCount?agent=x", Some("2")),
        ("/getCaseInfo?case=3", Some("HTTP/1.1 500 Internal Server Error")),
        ("/getCaseInfo?case=0", Some("HTTP/1.1 500 Internal Server Error")),
        ("/getCaseInfo?case=x", Some("HTTP/1.1 500 Internal Server Error")),
        ("/getCaseInfo?casetuple=2.1", Some("HTTP/1.1 500 Internal Server Error")),
        ("/getCaseInfo?case=1&case=2", Some("HTTP/1.1 500 Internal Server Error")),
        ("/getCaseInfo", Some("HTTP/1.1 500 Internal Server Error")),
        ("/runCase?case=1", Some("HTTP/1.1 500 Internal Server Error")),
        ("/runCase?agent=x", Some("HTTP/1.1 500 Internal Server Error")),
        ("/updateReports", Some("HTTP/1.1 500 Internal Server Error")),
        ("/nowhere", Some("HTTP/1.1 500 Internal Server Error")),
        ("/runCase?case=1&agent=a%20b", None),
        ("/getCaseStatus?case=1&agent=a%20b", Some(r#"{"behavior":"OK"}"#)),
        ("/runCase?casetuple=12.1.1&agent=a%20b", None),
        ("/getCaseStatus?casetuple=12.1.1&agent=a%20b", Some(r#"{"behavior":"UNIMPLEMENTED"}"#)),
        ("/runCase?case=1&agent=excluded", None),
        ("/updateReports?agent=a%20b", None),
    ] {
        let came = Odd::Good.visit(address, resource).await;
        // 1.1.1 sends an empty text.
        let came = came.filter(|text| !text.is_empty());
        assert_eq!(came.as_deref(), said, "{resource}");
    }
    let info = Odd::Good.visit(address, "/getCaseInfo?case=2").await.unwrap();
    assert!(info.contains(r#""id":"12.1.1""#) && info.contains("description"), "{info}");
    let told = server.results(|results| {
        let lines = results.lines("a b");
        lines.iter().map(|line| line.verdict().to_string()).collect::<Vec<_>>()
    });
    assert_eq!(told, ["OK/OK", "UNIMPLEMENTED/OK"]);
    assert_eq!(server.results(|results| results.agents().count()), 1, "not the excluded one");
    assert_eq!((server.news().borrow().reports, server.news().borrow().stop), (1, false));
    Odd::Good.visit(address, "/updateReports?agent=a&shutdownOnComplete=true").await;
    // The client is gone before the engine has seen it go.
    let mut news = server.news();
    news.wait_for(|news| news.stop).await.unwrap();
}

/// The status of a case that has not run is answered when it has.
#[tokio::test]
async fn a_status_waits_for_its_case() {
    let (_, address) = fuzzing_server(&["1.1.1"]).await;
    let status = "/getCaseStatus?case=1&agent=x";
    let asking = tokio::spawn(async move { Odd::Good.visit(address, status).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!asking.is_finished());
    Odd::Good.visit(address, "/runCase?case=1&agent=x").await;
    assert_eq!(asking.await.unwrap().as_deref(), Some(r#"{"behavior":"OK"}"#));
}

/// It may never run: who asked and has gone is waited for no longer.
#[tokio::test]
async fn a_status_is_nobodys_when_its_client_has_gone() {
    let (server, address) = fuzzing_server(&["1.1.1"]).await;
    let mut news = server.news();
    for rest in [0, 1, 100 * 1024] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = "GET /getCaseStatus?case=1&agent=x HTTP/1.1\r\nHost: a\r\n\
            Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        news.wait_for(|news| news.waiting == 1).await.unwrap();
        // It need not read all of what it is told so early.
        let _ = stream.write_all(&vec![0; rest]).await;
        drop(stream);
        let ended = tokio::time::timeout(Duration::from_secs(5), news.wait_for(|n| n.waiting == 0));
        ended.await.expect("it is told to nobody").unwrap();
    }
}

/// A client may see the end of a case before the engine has written its verdict down.
#[tokio::test]
async fn a_report_waits_for_the_cases_of_its_agent() {
    let (server, address) = fuzzing_server(&["1.1.1"]).await;
    let idle = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = "GET /runCase?case=1&agent=x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    let (reads, mut writes) = idle.into_split();
    tokio::io::AsyncWriteExt::write_all(&mut writes, request.as_bytes()).await.unwrap();
    server.news().wait_for(|news| news.begun == 1).await.unwrap();

    let report = |agent| async move {
        Odd::Good.visit(address, &format!("/updateReports?agent={agent}")).await
    };
    let asking = tokio::spawn(report("x"));
    report("another").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!asking.is_finished(), "the case of x still runs");
    assert_eq!(server.news().borrow().reports, 1);

    drop((reads, writes));
    asking.await.unwrap();
    let news = server.news();
    assert_eq!((news.borrow().done, news.borrow().running.len()), (1, 0));
    assert_eq!(server.results(|results| results.lines("x").len()), 1);
}

/// Names that come to the same file name have files of their own, and the index says which.
#[tokio::test]
async fn agents_whose_names_are_alike_do_not_overwrite_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let results = Results::new(Some(dir.path())).unwrap();
    let server = Server::new(vec![case("1.1.2")], Settings::default(), results, |_, _| false);
    let (server, address) = serve_cases(server).await;
    let agents = [("ws/8", "ws_8"), ("ws 8", "ws_8-2"), ("é", ""), ("ü", "-2"), ("WS-8", "ws_8-3")];
    for (agent, _) in agents {
        let agent: String = agent.bytes().map(|octet| format!("%{octet:02x}")).collect();
        Odd::Good.visit(address, &format!("/runCase?case=1&agent={agent}")).await;
        Odd::Good.visit(address, &format!("/updateReports?agent={agent}")).await;
    }
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(dir.path().join(name)).unwrap()).unwrap()
    };
    let index = read("index.json");
    for (agent, stem) in agents {
        let file = format!("{stem}_case_1_1_2.json");
        assert_eq!(index[agent]["1.1.2"]["reportfile"], file, "{agent}");
        assert_eq!(read(&file)["agent"], agent);
        assert_eq!(
            server.results(|results| results.stem(agent).map(str::to_owned)),
            Some(stem.into())
        );
    }
}

/// Why an offer is refused quotes it; reports are read in terminals.
#[tokio::test]
async fn a_refused_offer_is_quoted_without_its_control_characters() {
    let (server, address) = fuzzing_server(&["12.1.1"]).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = "GET /runCase?case=1&agent=x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Extensions: permessage-deflate; \u{1b}[2J\r\n\
        Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && !answer.contains('\u{1b}'), "{answer:?}");
    let line = server.results(|results| results.lines("x").remove(0));
    let why = line.explanation.unwrap();
    assert!(why.contains(r"\u{1b}[2j") && !why.contains('\u{1b}'), "{why:?}");
}

/// The suite's files are there when the answer to `/updateReports` is.
#[tokio::test]
async fn reports_are_written_when_they_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let results = Results::new(Some(dir.path())).unwrap();
    let cases = vec![case("1.1.2")];
    let server = Server::new(cases, Settings::default(), results, |_, _| false);
    let (server, address) = serve_cases(server).await;
    Odd::Good.visit(address, "/runCase?case=1&agent=one").await;
    Odd::Http400.visit(address, "/runCase?case=1&agent=two").await;
    assert!(!dir.path().join("index.json").exists());
    Odd::Good.visit(address, "/updateReports?agent=one").await;
    Odd::Good.visit(address, "/updateReports?agent=two").await;
    let index = std::fs::read_to_string(dir.path().join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    for agent in ["one", "two"] {
        assert_eq!(index[agent]["1.1.2"]["behavior"], "OK", "{index}");
        assert!(dir.path().join(format!("{agent}_case_1_1_2.json")).exists());
    }
    drop(server);
}
