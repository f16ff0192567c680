//! The engine as a fuzzing server, in a test: what clients get on its control paths, and what is kept of
//! them.

mod odd;

use std::sync::Arc;
use std::time::Duration;

use odd::Odd;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use ws_harness::conformance::case::Case;
use ws_harness::conformance::cases;
use ws_harness::conformance::client_under_test::Server;
use ws_harness::conformance::results::Results;
use ws_harness::conformance::run::{Settings, quick};

fn case(id: &str) -> Arc<Case> {
    Arc::new(cases::find(&id.parse().unwrap()).unwrap().clone())
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
        ("/getCaseStatus?case=1&agent=excluded", None),
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
