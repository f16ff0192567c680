//! Servers that end without a word: a runtime that is shut down, a task that is aborted, a process
//! that is killed (T25, T32).
#![cfg(all(feature = "tokio", target_os = "linux"))]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use ws_core::tokio::serve::Socket;
use ws_core::tokio::{Error, WebSocket};
use ws_core::{Config, Message};

use load_support::{Server, connect, row, runtime, size};

mod load_support;

/// Until it is dropped, something is there.
struct Present(Arc<AtomicUsize>);

impl Present {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// In `recv`, in `send` to a peer that does not read, or in a sleep of its own.
async fn handle(mut socket: Socket<TcpStream>, at: usize, _present: Present) -> Result<(), Error> {
    match at % 3 {
        0 => while socket.recv().await?.is_some() {},
        1 => loop {
            socket.send(Message::binary(vec![7; 64 * 1024])).await?;
        },
        _ => sleep(Duration::from_secs(3600)).await,
    }
    Ok(())
}

/// How a server's run is cut short.
#[derive(Debug, Clone, Copy)]
enum Cut {
    Abort,
    Shutdown,
}

#[test]
fn t25_a_runtime_that_is_shut_down_or_a_server_that_is_aborted_leaves_nothing() {
    const CLIENTS: usize = 30;
    for cut in [Cut::Abort, Cut::Shutdown] {
        let present = Arc::new(AtomicUsize::new(0));
        let servers = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listener = servers.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = ws_core::tokio::serve::Server::builder().build().unwrap();
        let (counted, number) = (Arc::clone(&present), AtomicUsize::new(0));
        let served = servers.spawn(server.serve(
            listener,
            std::future::pending::<()>(),
            move |socket, _| {
                let number = number.fetch_add(1, Ordering::SeqCst);
                handle(socket, number, Present::new(&counted))
            },
        ));
        runtime().block_on(async {
            let mut sockets: Vec<WebSocket<TcpStream>> = Vec::new();
            for _ in 0..CLIENTS {
                sockets.push(connect(port, "/", Config::default()).await.unwrap());
            }
            while present.load(Ordering::SeqCst) < CLIENTS {
                sleep(Duration::from_millis(1)).await;
            }
            let mut servers = Some(servers);
            match cut {
                Cut::Abort => {
                    served.abort();
                    assert!(served.await.unwrap_err().is_cancelled());
                }
                Cut::Shutdown => {
                    let servers = servers.take().unwrap();
                    let limit = Duration::from_secs(10);
                    std::thread::spawn(move || servers.shutdown_timeout(limit)).join().unwrap();
                    assert_eq!(present.load(Ordering::SeqCst), 0, "handlers are left");
                }
            }
            // Its tasks are aborted wherever they run: until then the sockets are open.
            for mut socket in sockets {
                let end = loop {
                    match socket.recv().await {
                        Ok(Some(_)) => {}
                        end => break end,
                    }
                };
                assert!(matches!(end, Err(Error::Io(_) | Error::Failed(_))), "{cut:?}: {end:?}");
            }
            while present.load(Ordering::SeqCst) > 0 {
                sleep(Duration::from_millis(1)).await;
            }
            if let Some(servers) = servers {
                servers.shutdown_background();
            }
        });
    }
}

/// Echoes until it cannot, and comes again; how long it took to see that it cannot, each time.
async fn come_again(port: u16, ends: Arc<AtomicUsize>, kills: usize) -> (usize, Vec<Duration>) {
    /// The default limit for a Pong, which nobody here has to wait for.
    const PATIENCE: Duration = Duration::from_secs(20);
    let mut echoed = 0_usize;
    let mut waits = Vec::new();
    while waits.len() < kills {
        let Ok(mut socket) = connect(port, "/", Config::default()).await else {
            sleep(Duration::from_millis(20)).await;
            continue;
        };
        ends.fetch_add(1, Ordering::SeqCst);
        let mut number = 0_u64;
        let wait = loop {
            let start = Instant::now();
            let echo = async {
                socket.send(Message::binary(number.to_be_bytes().to_vec())).await?;
                socket.recv().await
            };
            match tokio::time::timeout(PATIENCE, echo).await.expect("it hangs") {
                Ok(Some(message)) => assert_eq!(message.payload()[..], number.to_be_bytes()),
                Ok(None) => panic!("a server that is killed does not say Close"),
                Err(_) => break start.elapsed(),
            }
            number += 1;
            echoed += 1;
        };
        waits.push(wait);
    }
    (echoed, waits)
}

#[test]
fn t32_clients_of_a_server_that_is_killed_see_it_and_come_again() {
    let clients = size(20, 200);
    let kills = size(2, 20);
    runtime().block_on(async {
        let mut server = Server::start("");
        let port = server.port;
        let connected = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..clients)
            .map(|_| tokio::spawn(come_again(port, Arc::clone(&connected), kills)))
            .collect();
        for kill in 1..=kills {
            while connected.load(Ordering::SeqCst) < clients * kill {
                sleep(Duration::from_millis(2)).await;
            }
            sleep(Duration::from_millis(50)).await;
            server.kill();
            if kill < kills {
                server = Server::start(&format!("port={port}"));
            }
        }
        let (mut echoed, mut longest) = (0, Duration::ZERO);
        for task in tasks {
            let (count, waits) = task.await.unwrap();
            echoed += count;
            longest = waits.into_iter().fold(longest, Duration::max);
        }
        row(
            "T32",
            format_args!(
                "{kills} kills under {clients} clients: {echoed} messages, each client saw each \
                 kill, after {longest:.1?} at most, and came again"
            ),
        );
    });
}
