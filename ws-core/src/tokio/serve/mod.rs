//! A server that people can run: it accepts, opens, hands over, and ends well.
//!
//! ```text
//! Listener ─▶ places ─▶ admit ─▶ opening handshake ─▶ handler ─▶ closing handshake
//!    │           │ 503     │ refusal      │ refusal       │ 1000, 1011 after an error or a panic
//!    └ waits while the system is short of descriptors or memory
//! stop ─▶ no more is accepted, Close 1001 to every connection, what is left at the deadline is dropped
//! ```
//!
//! Each connection is a task. Whatever panics in it (a hook, a policy, a handler) ends that
//! connection alone. For this, and for its deadlines, it needs a tokio runtime with time and, for
//! [`TcpListener`](::tokio::net::TcpListener), I/O.
//!
//! ```no_run
//! use tokio::net::TcpListener;
//! use ws_core::tokio::serve::{Server, Socket};
//! use ws_core::tokio::Error;
//!
//! async fn echo(mut socket: Socket<tokio::net::TcpStream>) -> Result<(), Error> {
//!     while let Some(message) = socket.recv().await? {
//!         socket.feed(message).await?;
//!     }
//!     Ok(())
//! }
//!
//! # async fn run(stop: impl Future<Output = ()>) -> Result<(), Box<dyn std::error::Error>> {
//! let listener = TcpListener::bind("127.0.0.1:9001").await?;
//! let server = Server::builder().max_connections(1000).build()?;
//! let ended = server.serve(listener, stop, |socket, _peer| echo(socket)).await;
//! println!("{} connections were dropped", ended.dropped);
//! # Ok(())
//! # }
//! ```
//!
//! # Listening
//!
//! A client speaks first. Where the system can hold a connection back until it does, as Linux can with
//! `TCP_DEFER_ACCEPT` (`DeferAcceptSec=` of a systemd socket), a server that sleeps between connections
//! is woken once for a handshake and not twice, which takes a quarter of the handshake's CPU time away;
//! clients that stay silent become tasks when the system's time for them is over. It is an option of the
//! listening socket, set before that is handed in; `sockopt_impl!` of the crate `nix` makes it one without
//! unsafe code.
//!
//! # Ending
//!
//! When `stop` resolves, a Close frame with code 1001 goes out on every connection at once, whatever
//! its handler is at: each one that waits on its [`Socket`] is woken.
//!
//! | handler | what it sees |
//! |---|---|
//! | in [`recv`](Socket::recv) | `None` once the peer has answered; an error if it does not in time |
//! | in [`feed`](Socket::feed), waiting for room | [`Misuse::SendAfterClose`](crate::Misuse::SendAfterClose) |
//! | in [`send`](Socket::send) to a slow peer | the same, there or at the next call, within [`Limits::close_timeout`](crate::Limits::close_timeout) |
//! | in a wait of its own | nothing, until it uses its socket again; or it awaits [`Peer::stopping`] as well |
//!
//! Nothing can be sent behind a Close: a handler that has a last word takes the connection out of the
//! server's hands ([`Socket::into_websocket`]) and closes it when [`Peer::stopping`] says so.
//!
//! Connections whose handlers have not returned [`Builder::shutdown_timeout`] later are dropped.

mod back_off;
mod builder;
mod connection;
mod guarded;
mod listener;
mod per_address;
mod run;
mod socket;
mod stopping;
mod trace;

pub use builder::{Builder, Server};
pub use connection::{Outcome, Peer};
pub use listener::Listener;
#[cfg(feature = "rustls")]
pub use listener::TlsListener;
pub use per_address::{Held, PerAddress};
pub use run::Ended;
pub use socket::Socket;
pub use stopping::Stopping;
