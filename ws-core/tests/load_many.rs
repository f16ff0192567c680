//! Many connections: idle, coming and going, all at once (T18 to T21).
#![cfg(all(feature = "tokio", target_os = "linux"))]

use std::time::{Duration, Instant};

use tokio::time::sleep;
use ws_core::{CloseCode, Config, Message};

use load_support::{Server, connect, connect_many, is_soak, p99, row, runtime, size};

mod load_support;

const KIB: usize = 1024;

/// Octets more per connection, of `count`.
fn per_connection(before: usize, after: usize, count: usize) -> usize {
    after.saturating_sub(before) / count
}

#[test]
fn t18_idle_connections_cost_little_memory_and_no_wake_ups() {
    let count = size(1000, 10_000);
    runtime().block_on(async {
        let mut server = Server::start("");
        // What the first ones need of the process is not theirs.
        drop(connect_many(server.port, "/", Config::default(), 100).await);
        server.until(|stats| stats.open == 0).await;
        let before = server.stats();
        let sockets = connect_many(server.port, "/", Config::default(), count).await;
        server.until(|stats| stats.open == count).await;
        sleep(Duration::from_millis(200)).await;
        let idle = server.stats();
        sleep(Duration::from_secs(2)).await;
        let later = server.stats();
        let each = per_connection(before.resident, idle.resident, count);
        row(
            "T18",
            format_args!(
                "{count} idle connections: {each} octets each (resident), {} wake-ups in 2 s",
                later.polls - idle.polls
            ),
        );
        assert_eq!(later.polls, idle.polls, "an idle connection was woken");
        // Without optimization the compiler keeps more in a task.
        assert!(each <= if is_soak() { 3 * KIB } else { 10 * KIB }, "{each} octets each");
        drop(sockets);
    });
}

/// Lazily, and no longer than they are needed: with takeover that is for as long as the connection
/// lasts, for the first ones; the others hold a window each way.
#[cfg(feature = "deflate")]
#[test]
fn t19_idle_connections_with_deflate_hold_contexts_from_the_first_message_on() {
    for (takeover, count, most) in
        [(false, size(300, 9_500), 8 * KIB), (true, size(600, 9_500), 70 * KIB)]
    {
        let mut config = Config::default();
        config.deflate = Some(load_support::deflate(takeover));
        let options = if takeover { "deflate" } else { "deflate no-takeover" };
        runtime().block_on(async {
            let mut server = Server::start(options);
            let mut first = connect_many(server.port, "/", config, 50).await;
            echo(&mut first).await;
            drop(first);
            server.until(|stats| stats.open == 0).await;
            let before = server.stats();
            let mut sockets = connect_many(server.port, "/", config, count).await;
            assert!(sockets.iter().all(|socket| socket.deflate().is_some()));
            server.until(|stats| stats.open == count).await;
            let agreed = per_connection(before.resident, server.stats().resident, count);
            echo(&mut sockets).await;
            let used = per_connection(before.resident, server.stats().resident, count);
            row(
                "T19",
                format_args!(
                    "{count} idle connections, deflate, takeover {takeover}: {agreed} octets each, \
                     {used} after a message"
                ),
            );
            // Few connections, and the shadow inflater of debug builds.
            let spare = if is_soak() { 0 } else { 100 * KIB };
            assert!(agreed <= 3 * KIB + spare, "{agreed} octets each");
            assert!(used <= most + spare, "{used} octets each after a message");
        });
    }
}

/// One compressed message to and fro on each.
#[cfg(feature = "deflate")]
async fn echo(sockets: &mut [ws_core::tokio::WebSocket<tokio::net::TcpStream>]) {
    // As long as the longest window, so that all of it is in use.
    let message = Message::text("compress this, compress that. ".repeat(1100));
    for socket in sockets {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.recv().await.unwrap().as_ref(), Some(&message));
    }
}

/// Opens, uses and closes `count` connections, some at a time.
async fn churn(port: u16, count: usize) {
    const AT_A_TIME: usize = 50;
    let each = move || async move {
        for _ in 0..count / AT_A_TIME {
            let mut socket = connect(port, "/", Config::default()).await.unwrap();
            socket.send(Message::text("hello")).await.unwrap();
            assert!(socket.recv().await.unwrap().is_some());
            socket.close(CloseCode::NORMAL, "").await.unwrap();
        }
    };
    let tasks: Vec<_> = (0..AT_A_TIME).map(|_| tokio::spawn(each())).collect();
    for task in tasks {
        task.await.unwrap();
    }
}

#[test]
fn t20_connections_that_come_and_go_leave_nothing() {
    let (warm, count) = (size(500, 100_000), size(500, 900_000));
    runtime().block_on(async {
        let mut server = Server::start("");
        let port = server.port;
        churn(port, warm).await;
        server.until(|stats| stats.open == 0).await;
        let before = server.stats();
        let start = Instant::now();
        churn(port, count).await;
        let took = start.elapsed();
        server.until(|stats| stats.open == 0 && stats.tasks <= before.tasks).await;
        let after = server.stats();
        let grown = after.resident.saturating_sub(before.resident);
        row(
            "T20",
            format_args!(
                "{count} connections opened, used and closed behind {warm} others, in {took:.1?}: 0 \
                 lost, descriptors {} then {}, tasks {} then {}, {grown} octets grown",
                before.descriptors, after.descriptors, before.tasks, after.tasks,
            ),
        );
        assert!(after.descriptors <= before.descriptors, "{before:?}, {after:?}");
        // An octet per connection; or what an allocator moves about.
        assert!(grown <= count.max(256 * KIB), "{grown} octets for {count}");
    });
}

#[test]
fn t21_all_go_at_once_and_all_come_again() {
    let count = size(500, 9_500);
    runtime().block_on(async {
        let mut server = Server::start("");
        let sockets = connect_many(server.port, "/", Config::default(), count).await;
        server.until(|stats| stats.open == count).await;
        drop(sockets);
        let freed = server.until(|stats| stats.open == 0).await;
        let descriptors = server.stats().descriptors;
        let start = Instant::now();
        let storm: Vec<_> = (0..count)
            .map(|_| {
                let port = server.port;
                tokio::spawn(async move {
                    let start = Instant::now();
                    let socket = connect(port, "/", Config::default()).await;
                    (socket, start.elapsed())
                })
            })
            .collect();
        let mut times = Vec::new();
        let mut sockets = Vec::new();
        for task in storm {
            let (socket, time) = task.await.unwrap();
            sockets.push(socket.expect("nobody is turned away"));
            times.push(time);
        }
        row(
            "T21",
            format_args!(
                "{count} gone at once: freed in {freed:.1?}, {descriptors} descriptors left; {count} \
                 came again at once in {:.1?}, p99 {:.1?}, 0 lost",
                start.elapsed(),
                p99(times)
            ),
        );
        assert!(!is_soak() || freed <= Duration::from_secs(5), "freed in {freed:?}");
        assert!(descriptors < 30, "{descriptors} descriptors are left");
    });
}
