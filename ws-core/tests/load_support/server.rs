//! The server process: what it serves depends on the path.
//!
//! `/` echoes. `/send/N` sends N octets as fast as it may, in messages of 64 KiB, and closes.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use ws_core::handshake::{Refusal, RequestLine, Upgrade};
use ws_core::tokio::Error;
use ws_core::tokio::serve::{Server, Socket};
use ws_core::{Config, Limits, Message};

/// Where the options are: `key=value` and words, with spaces between. `port=N`, `handshake=MILLIS`,
/// `deflate`, `no-takeover`.
pub(crate) const OPTIONS: &str = "WS_CORE_LOAD_SERVER";

#[derive(Default)]
struct Counts {
    open: AtomicUsize,
    polls: AtomicUsize,
}

/// A handler that is there.
struct Present(Arc<Counts>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What was asked for.
#[derive(Default)]
struct Path(String);

impl Upgrade for Path {
    fn on_request_line(&mut self, line: &RequestLine<'_>) -> Result<(), Refusal> {
        self.0 = line.path.to_owned();
        Ok(())
    }
}

async fn handle(mut socket: Socket<TcpStream>, path: String) -> Result<(), Error> {
    if let Some(octets) = path.strip_prefix("/send/") {
        let mut left: usize = octets.parse().unwrap_or(0);
        while left > 0 {
            // Each has octets of its own, as those of an application would.
            let message = Message::binary(vec![7; 64 * 1024]);
            left = left.saturating_sub(message.payload().len());
            socket.feed(message).await?;
        }
        return socket.flush().await;
    }
    while let Some(message) = socket.recv().await? {
        socket.feed(message).await?;
    }
    Ok(())
}

/// `handler`, its polls and its presence counted.
async fn counted<F: Future>(handler: F, counts: Arc<Counts>) -> F::Output {
    counts.open.fetch_add(1, Ordering::Relaxed);
    let present = Present(counts);
    let mut handler = pin!(handler);
    poll_fn(|cx| {
        present.0.polls.fetch_add(1, Ordering::Relaxed);
        handler.as_mut().poll(cx)
    })
    .await
}

fn option<'a>(options: &'a str, key: &str) -> Option<&'a str> {
    options.split(' ').find_map(|option| option.strip_prefix(key))
}

fn config(options: &str) -> Config {
    let mut limits = Limits::builder();
    if let Some(millis) = option(options, "handshake=") {
        limits = limits.handshake_timeout(Duration::from_millis(millis.parse().unwrap()));
    }
    #[cfg_attr(not(feature = "deflate"), expect(unused_mut, reason = "set with deflate"))]
    let mut config = Config::with_limits(limits.build().unwrap());
    #[cfg(feature = "deflate")]
    if option(options, "deflate").is_some() {
        let takeover = option(options, "no-takeover").is_none();
        config.deflate = Some(super::deflate(takeover));
    }
    config
}

/// Not a test, but for whoever sets [`OPTIONS`].
#[test]
fn process() {
    let Ok(options) = std::env::var(OPTIONS) else {
        return;
    };
    super::raise_descriptors();
    super::runtime().block_on(async {
        let port = option(&options, "port=").map_or(0, |port| port.parse().unwrap());
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        println!("port {}", listener.local_addr().unwrap().port());
        let counts = Arc::new(Counts::default());
        let metrics = tokio::runtime::Handle::current().metrics();
        let told = Arc::clone(&counts);
        thread::spawn(move || {
            for line in std::io::stdin().lines() {
                line.unwrap();
                let [open, polls] = [&told.open, &told.polls].map(|n| n.load(Ordering::Relaxed));
                println!("stats {open} {polls} {}", metrics.num_alive_tasks());
            }
            // Whoever started this has gone.
            std::process::exit(0);
        });
        let server = Server::builder()
            .config(config(&options))
            .max_connections(50_000)
            .policy(|_: &SocketAddr| Path::default())
            .build()
            .unwrap();
        let never = std::future::pending::<()>();
        server
            .serve(listener, never, move |socket, peer| {
                counted(handle(socket, peer.policy.0), Arc::clone(&counts))
            })
            .await;
    });
}
