//! Does each example run and print what it says?
//!
//! `cargo test` builds the examples beside this test. Servers choose their port and are killed at
//! the end, whatever happens.
#![cfg(feature = "tokio")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use ws_core::{CloseCode, Config, Message};

fn example(name: &str) -> Command {
    let test = std::env::current_exe().expect("the test's own path");
    // target/debug/deps/examples-0123 ─▶ target/debug/examples/NAME
    let target = test.parent().and_then(|deps| deps.parent()).expect("a target directory");
    let path: PathBuf =
        target.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(
        path.exists(),
        "{} is not built: run `cargo test`, or build --examples",
        path.display()
    );
    Command::new(path)
}

fn output(command: &mut Command) -> Vec<String> {
    let done = command.output().expect("it starts");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text").lines().map(str::to_owned).collect()
}

/// An echo server that is killed when the test is through.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(name: &str) -> Self {
        let mut child =
            example(name).arg("127.0.0.1:0").stdout(Stdio::piped()).spawn().expect("it starts");
        let stdout = child.stdout.take().expect("a pipe");
        let mut server = Self { child, url: String::new() };
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let url = line.trim_end().strip_prefix("listening on ");
        server.url = url.expect("its first line says where it listens").to_owned();
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_echo_servers_echo_and_close() {
    for name in ["echo_std", "echo_tokio", "serve"] {
        let server = Server::start(name);
        // Two at a time: each connection has its thread or its task.
        let mut clients = [0, 1]
            .map(|_| ws_core::io::connect(&server.url, Config::default()).expect("it accepts"));
        for client in &mut clients {
            for message in [Message::text("κόσμε"), Message::binary(vec![7; 70_000])] {
                client.send(message.clone()).expect("it reads");
                assert_eq!(client.recv().expect("it answers"), Some(message), "{name}");
            }
            client.close(CloseCode::NORMAL, "bye").expect("a clean end");
            assert_eq!(client.peer_close().map(|close| close.code), Some(CloseCode::NORMAL));
        }
    }
}

#[test]
fn client_tokio_shows_the_echo_and_closes() {
    for name in ["echo_std", "echo_tokio"] {
        let server = Server::start(name);
        let lines = output(example("client_tokio").arg(&server.url));
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert_eq!(lines[0], "text: Hello from ws-core");
        assert!(lines[1].starts_with("closed: Some(") && lines[1].contains("1000"), "{lines:?}");
    }
}

#[test]
fn frames_by_hand_shows_the_wire_and_what_it_means() {
    let lines = output(&mut example("frames_by_hand"));
    assert_eq!(lines.len(), 2, "{lines:?}");
    // FIN and Text, masked and five octets; key and payload are different each time.
    assert!(lines[0].starts_with("on the wire: [81, 85, "), "{lines:?}");
    assert_eq!(lines[0].split(", ").count(), 2 + 4 + 5);
    assert_eq!(lines[1], "Text, FIN true: Hello");
}

#[test]
fn broadcast_prepared_reaches_every_subscriber() {
    let mut lines = output(&mut example("broadcast_prepared"));
    lines.sort();
    let expected: Vec<_> = (0..3).map(|id| format!("subscriber {id}: news for all")).collect();
    assert_eq!(lines, expected);
}
