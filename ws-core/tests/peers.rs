//! Other implementations at the other end: our client and their servers, our server and their clients
//! (T31). `make interop` installs what it can and runs this; where nothing is installed, all fails.
//!
//! What a peer does otherwise stands in `harness/peers/quirks.txt`, with the reason.
#![cfg(all(feature = "tokio", feature = "deflate", target_os = "linux"))]

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::time::{sleep, timeout};
use ws_core::deflate::Deflate;
use ws_core::tokio::serve::{Server, Socket};
use ws_core::tokio::{ClientStream, Error, Event, WebSocket, connect};
use ws_core::{CloseCode, Config, Message, MessageKind};

const QUIRKS: &str = include_str!("../../harness/peers/quirks.txt");

/// Who serves, and who calls: a shell's command, run in `harness/peers`, and what has to be there.
const SERVERS: [(&str, &str, &str); 5] = [
    (
        "ws",
        "$WS_PEERS/node_modules/ws",
        "NODE_PATH=$WS_PEERS/node_modules exec node node/server.cjs",
    ),
    ("websockets", "$WS_PEERS/venv", "exec $WS_PEERS/venv/bin/python python/websockets_server.py"),
    ("aiohttp", "$WS_PEERS/venv", "exec $WS_PEERS/venv/bin/python python/aiohttp_server.py"),
    ("gorilla", "$WS_PEERS/gorilla-server", "exec $WS_PEERS/gorilla-server"),
    (
        "uWebSockets",
        "$WS_PEERS/node_modules/bun",
        "exec $WS_PEERS/node_modules/.bin/bun bun/server.js",
    ),
];
const CLIENTS: [(&str, &str, &str); 4] = [
    (
        "ws",
        "$WS_PEERS/node_modules/ws",
        "NODE_PATH=$WS_PEERS/node_modules exec node node/converse.cjs",
    ),
    ("websockets", "$WS_PEERS/venv", "exec $WS_PEERS/venv/bin/python python/converse.py"),
    ("gorilla", "$WS_PEERS/gorilla-client", "exec $WS_PEERS/gorilla-client"),
    (
        "chromium",
        "/usr/bin/chromium",
        "exec chromium --headless --no-sandbox --disable-gpu --user-data-dir=$(mktemp -d) \
         \"file://$PWD/browser/client.html#$WS_PORT\"",
    ),
];

/// Where `make interop` has installed them.
fn peers() -> String {
    std::env::var("WS_PEERS").expect("make interop sets WS_PEERS")
}

/// Ends with this.
struct Peer(Child);

impl Peer {
    fn start(command: &str, port: u16) -> Self {
        let child = Command::new("sh")
            .args(["-c", command])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../harness/peers"))
            .env("WS_PORT", port.to_string())
            .env("WS_URL", format!("ws://127.0.0.1:{port}/"))
            .stderr(Stdio::null())
            .spawn();
        Self(child.expect("a shell"))
    }

    async fn ended(&mut self) -> Option<ExitStatus> {
        for _ in 0..600 {
            if let Some(status) = self.0.try_wait().expect("ours") {
                return Some(status);
            }
            sleep(Duration::from_millis(50)).await;
        }
        None
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What went otherwise than it should, against the quirks that are known.
#[derive(Default)]
struct Verdicts {
    other: BTreeSet<String>,
    run: usize,
}

impl Verdicts {
    fn expect<T: PartialEq + Debug>(&mut self, peer: &str, case: &str, seen: T, expected: T) {
        self.run += 1;
        if seen != expected {
            let seen: String = format!("{seen:?}").chars().take(200).collect();
            println!("{peer} / {case}: {seen}");
            self.other.insert(format!("{peer} / {case}"));
        }
    }

    /// `peers` were there to be asked.
    fn judge(self, kind: &str, peers: &[&str]) {
        println!(
            "| T31 | {kind} {}: {} cases, {} otherwise |",
            peers.join(", "),
            self.run,
            self.other.len()
        );
        assert!(!peers.is_empty(), "none is installed");
        let known: BTreeSet<String> = QUIRKS
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| Some(line.split_once(": ")?.0.to_owned()))
            .filter(|name| peers.iter().any(|peer| name.starts_with(&format!("{peer} / {kind}"))))
            .collect();
        assert_eq!(self.other, known, "left: seen; right: quirks.txt");
    }
}

fn installed<'a>(all: &[(&'a str, &str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let there = |needs: &str| Path::new(&needs.replace("$WS_PEERS", &peers())).exists();
    let mut found = Vec::new();
    for (name, needs, command) in all {
        if there(needs) {
            found.push((*name, *command));
        } else {
            println!("{name} is not installed");
        }
    }
    found
}

fn payloads() -> Vec<Message> {
    let text =
        |len: usize| "a\u{e9}\u{20ac}\u{1f600}".chars().cycle().take(len).collect::<String>();
    let octets = |len: usize| (0..=250_u8).cycle().step_by(31).take(len).collect::<Vec<_>>();
    let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20];
    lengths
        .iter()
        .flat_map(|&len| [Message::text(text(len / 3)), Message::binary(octets(len))])
        .collect()
}

type Client = WebSocket<ClientStream>;

async fn received(socket: &mut Client) -> Option<Message> {
    timeout(Duration::from_secs(20), socket.recv()).await.ok()?.ok()?
}

async fn opened(port: u16, config: Config) -> Client {
    let start = Instant::now();
    loop {
        match connect(&format!("ws://127.0.0.1:{port}/"), config).await {
            Ok(socket) => return socket,
            Err(error) => assert!(start.elapsed().as_secs() < 30, "{error}"),
        }
        sleep(Duration::from_millis(100)).await;
    }
}

async fn converse(verdicts: &mut Verdicts, peer: &str, port: u16, deflate: bool) {
    let mut config = Config::default();
    config.deflate = deflate.then(Deflate::default);
    let kind = if deflate { "server, deflate" } else { "server" };
    let case = |name: &str| format!("{kind}, {name}");
    let mut socket = opened(port, config).await;
    verdicts.expect(peer, &case("agreed"), socket.deflate().is_some(), deflate);
    for (nth, message) in payloads().into_iter().enumerate() {
        socket.send(message.clone()).await.unwrap();
        let echo = received(&mut socket).await;
        verdicts.expect(peer, &case(&format!("message {nth}")), echo, Some(message));
    }
    // In fragments, with a Ping between.
    let parts = ["begin, ".repeat(300), String::new(), "end".repeat(400)];
    for (nth, part) in parts.iter().enumerate() {
        let connection = socket.connection_mut();
        connection.send_fragment(MessageKind::Text, part.as_bytes(), nth == 2).unwrap();
        if nth == 0 {
            connection.ping(b"between").unwrap();
        }
        socket.flush().await.unwrap();
    }
    let (mut pong, mut echo) = (false, None);
    while echo.is_none() {
        match timeout(Duration::from_secs(20), socket.recv_event()).await {
            Ok(Ok(Some(Event::Pong(payload)))) => pong = payload[..] == b"between"[..],
            Ok(Ok(Some(Event::Message(message)))) => echo = Some(message),
            Ok(Ok(Some(_))) => {}
            _ => break,
        }
    }
    verdicts.expect(peer, &case("pong between fragments"), pong, true);
    verdicts.expect(peer, &case("fragments"), echo, Some(Message::text(parts.concat())));
    // Many in flight.
    for nth in 0..200 {
        socket.feed(Message::text(format!("number {nth}"))).await.unwrap();
    }
    let mut in_order = 0;
    while in_order < 200
        && received(&mut socket).await == Some(Message::text(format!("number {in_order}")))
    {
        in_order += 1;
    }
    verdicts.expect(peer, &case("200 in flight"), in_order, 200);
    // Closing.
    for (code, reason) in [(1000, ""), (3001, "bye")] {
        let mut socket = opened(port, config).await;
        let closed = socket.close(CloseCode::new(code), reason).await.is_ok();
        let answer = socket.peer_close().map(|close| close.code.get());
        verdicts.expect(
            peer,
            &case(&format!("close {code}")),
            (closed, answer),
            (true, Some(code)),
        );
    }
}

#[tokio::test]
#[ignore = "make interop installs the peers"]
async fn t31_our_client_and_their_servers() {
    let servers = installed(&SERVERS);
    let mut verdicts = Verdicts::default();
    for (peer, command) in &servers {
        let port = {
            let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
            free.local_addr().unwrap().port()
        };
        let _server = Peer::start(command, port);
        for deflate in [false, true] {
            converse(&mut verdicts, peer, port, deflate).await;
        }
    }
    let names: Vec<_> = servers.iter().map(|(name, _)| *name).collect();
    verdicts.judge("server", &names);
}

#[tokio::test]
#[ignore = "make interop installs the peers"]
async fn t31_our_server_and_their_clients() {
    let clients = installed(&CLIENTS);
    let mut verdicts = Verdicts::default();
    for (peer, command) in &clients {
        for deflate in [false, true] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let mut config = Config::default();
            config.deflate = deflate.then(Deflate::default);
            let told = Arc::new(Mutex::new((None, false, None)));
            let tell = Arc::clone(&told);
            let handler = move |mut socket: Socket<_>, _| {
                let told = Arc::clone(&tell);
                async move {
                    let agreed = socket.with(|socket| socket.deflate().is_some());
                    while let Some(message) = socket.recv().await? {
                        if let Some(result) =
                            message.as_text().and_then(|text| text.strip_prefix("result "))
                        {
                            *told.lock().unwrap() =
                                (Some(result.to_owned()), agreed == Some(true), None);
                        }
                        socket.feed(message).await?;
                    }
                    let code = socket.peer_close().map(|close| close.code.get());
                    told.lock().unwrap().2 = code;
                    Ok::<(), Error>(())
                }
            };
            // A page of a file has an origin of its own.
            let server = Server::builder().config(config).policy(|_: &_| ()).build().unwrap();
            tokio::spawn(server.serve(listener, std::future::pending::<()>(), handler));
            let mut client = Peer::start(command, port);
            let case = if deflate { "client, deflate" } else { "client" };
            if *peer != "chromium" {
                let ended = client.ended().await.is_some_and(|status| status.success());
                verdicts.expect(peer, &format!("{case}, its verdict"), ended, true);
            }
            // A browser stays.
            let start = Instant::now();
            while told.lock().unwrap().2.is_none() && start.elapsed().as_secs() < 30 {
                sleep(Duration::from_millis(20)).await;
            }
            let seen = told.lock().unwrap().clone();
            let expected = (Some("14".to_owned()), deflate, Some(1000));
            verdicts.expect(peer, &format!("{case}, all messages"), seen, expected);
        }
    }
    let names: Vec<_> = clients.iter().map(|(name, _)| *name).collect();
    verdicts.judge("client", &names);
}
