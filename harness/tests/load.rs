//! `wsconf load` as a program: figures that add up, and a server whose faults show in them.

mod odd;
mod support;

use std::process::Command;
use std::time::Duration;

use odd::Odd;
use serde_json::Value;
use support::{Server, run, wsconf};

/// The exit code, and what it says on both outputs; the time of the run is short.
fn load(url: &str, arguments: &str) -> (i32, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let words = arguments.split_whitespace();
    run(wsconf(dir.path()).args(["load", url, "--warm-up", "0.1"]).args(words))
}

fn figures(url: &str, arguments: &str) -> (i32, Value) {
    let (code, out, err) = load(url, &format!("{arguments} --json -"));
    (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}")))
}

fn signal(server: &Server, name: &str) {
    let sent = Command::new("kill").args([name, &server.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

#[test]
fn every_kind_of_load_is_echoed() {
    let server = Server::start();
    for arguments in [
        "",
        "-c 3 --in-flight 5 --binary --len 0",
        "-c 2 --len 70000 --fragments 3",
        "--len 5 --fragments 9",
        "--deflate --len 300 --in-flight 4",
        // More than its buffers hold: sending must not wait for what is not read.
        "-c 2 --in-flight 200 --len 60000 --fragments 2",
        "-c 5 --rate 500 --len 1000 --threads 2",
    ] {
        let (code, figures) = figures(server.url(), &format!("{arguments} -d 0.3"));
        assert_eq!(code, 0, "{arguments}: {figures}");
        assert!(figures["echoes"].as_u64().unwrap() > 0, "{arguments}: {figures}");
        assert_eq!((&figures["unanswered"], &figures["lostConnections"]), (&0.into(), &0.into()));
        assert_eq!(figures["deflate"], arguments.contains("--deflate"), "{arguments}");
        let latency = |name: &str| figures["latencyUs"][name].as_f64().unwrap();
        let names = ["min", "p50", "p90", "p99", "p99_9", "p99_99", "max"];
        assert!(latency("min") > 0.0, "{arguments}: {figures}");
        assert!(names.is_sorted_by_key(|name| latency(name)), "{arguments}: {figures}");
    }
}

#[test]
fn the_servers_process_is_told_of() {
    let server = Server::start();
    let (code, out, err) = load(server.url(), &format!("-d 0.3 --pid {}", server.id()));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("ns of CPU an echo"), "{out}");
    let (code, _, err) = load(server.url(), "--pid 4000000000");
    assert_eq!(code, 2);
    assert!(err.starts_with("error: --pid 4000000000: "), "{err}");
}

/// While the server stands still, messages go on being due, and each of them has waited.
#[test]
fn in_an_open_loop_a_stall_counts_for_every_message_it_delays() {
    let server = Server::start();
    let stalls = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(500));
            signal(&server, "-STOP");
            std::thread::sleep(Duration::from_millis(600));
            signal(&server, "-CONT");
        });
        figures(server.url(), "--rate 200 -d 1.5").1
    });
    // 120 of 300 messages were due in the stall; half of them waited for more than half of it.
    assert!(stalls["latencyUs"]["p90"].as_f64().unwrap() > 200_000.0, "{stalls}");
}

#[test]
fn what_is_lost_fails() {
    let server = Server::start();
    // Whose figures go with it.
    let pid = server.id();
    let (code, figures) = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(600));
            signal(&server, "-KILL");
        });
        figures(server.url(), &format!("-c 3 -d 1 --pid {pid}"))
    });
    assert!(figures["server"].is_null(), "{figures}");
    assert_eq!(code, 100, "{figures}");
    assert_eq!(figures["lostConnections"], 3, "{figures}");
    assert_eq!(figures["unanswered"], 3, "{figures}");
}

/// One connection of several that falls silent in the warm-up has nothing to count in the measured time.
#[test]
fn a_connection_that_is_silent_from_the_beginning_fails() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (nth, stream) in listener.incoming().flatten().enumerate() {
            std::thread::spawn(move || {
                let mut socket = ws_core::io::accept(stream, ws_core::Config::default()).unwrap();
                while let Ok(Some(message)) = socket.recv() {
                    if nth == 0 {
                        socket.send(message).unwrap();
                    }
                }
            });
        }
    });
    let (code, figures) = figures(&url, "-c 2 -d 0.3");
    assert_eq!(code, 100, "{figures}");
    assert_eq!((&figures["unanswered"], &figures["lostConnections"]), (&1.into(), &0.into()));
}

#[tokio::test]
async fn what_is_no_echo_is_told() {
    for (odd, said) in [
        (Odd::Altered, "is no echo; is it an echo server?"),
        (Odd::WrongType, "is no echo; is it an echo server?"),
        (Odd::CloseFirst, "no echo came"),
        (Odd::Http400, "connection 1 of 1"),
    ] {
        let address = odd.listen().await;
        let loaded =
            tokio::task::spawn_blocking(move || load(&format!("ws://{address}"), "-d 0.2"));
        let (code, out, err) = loaded.await.unwrap();
        assert_eq!((code, out.as_str()), (4, ""), "{}: {err}", odd.name());
        assert!(err.contains(said), "{}: {err}", odd.name());
    }
}

#[test]
fn unusable_options_are_2_and_say_what_to_do() {
    for (arguments, said) in [
        ("-d 0", "--duration must be longer than 0 seconds"),
        ("-d x", "not a number of seconds"),
        ("-d 1e9", "not between 0 and 86400 seconds"),
        ("-c 0", "invalid value '0'"),
        ("--in-flight 2 --rate 3", "cannot be used with"),
        ("--len 99999999", "--len: at most 16777216 octets"),
    ] {
        let (code, _, err) = load("ws://127.0.0.1:1", arguments);
        assert_eq!(code, 2, "{arguments}: {err}");
        assert!(err.contains(said), "{arguments}: {err}");
    }
    let (code, _, err) = load("ws://127.0.0.1:1", "");
    assert_eq!(code, 4, "{err}");
    assert!(err.contains("does an echo server run there?"), "{err}");
}
