//! RFC 6455 WebSocket codec, from single frames on your own buffers up to tokio.
//!
//! | you want | take | feature |
//! |---|---|---|
//! | a server on tokio | [`tokio::serve`](mod@tokio::serve), or [`tokio::accept`] on your own stream | `tokio` |
//! | a client on tokio | [`tokio::connect`]; [`tokio::Connector`] for `wss`, proxies and redirects | `tokio`, and for `wss` one of `rustls-webpki-roots`, `rustls-platform-verifier`, `rustls` |
//! | an upgrade under hyper or axum | [`tokio::hyper`] | `hyper` |
//! | either end without a runtime | [`io::accept`], [`io::connect`] | `std`, the default |
//! | WebSocket inside an event loop of your own | [`Connection`] | `alloc` |
//! | single frames, on a machine without an allocator | [`FrameHeader`], [`frame`], [`mask`], [`utf8`] | none |
//!
//! ```toml
//! [dependencies]
//! ws-core = { version = "0.1", features = ["tokio"] }
//! ```
//!
//! An echo server's side of one connection on tokio:
//!
//! ```
//! # #[cfg(feature = "tokio")] {
//! use tokio::net::TcpStream;
//! use ws_core::Config;
//!
//! async fn echo(stream: TcpStream) -> Result<(), ws_core::tokio::Error> {
//!     let mut socket = ws_core::tokio::accept(stream, Config::default()).await?;
//!     while let Some(message) = socket.recv().await? {
//!         socket.feed(message).await?; // the next `recv` sends it before it waits
//!     }
//!     Ok(())
//! }
//! # }
//! ```
//!
//! A single frame, with nothing but its octets (RFC 6455 §5.7):
//!
//! ```
//! use ws_core::{FrameHeader, Opcode, mask};
//!
//! let mut octets = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
//! let (header, header_len) = FrameHeader::decode(&octets)?.expect("the header is whole");
//! assert_eq!((header.opcode, header.payload_len), (Opcode::Text, 5));
//! if let Some(key) = header.masking_key {
//!     mask::apply(&mut octets[header_len..], key, 0);
//! }
//! assert_eq!(&octets[header_len..], b"Hello");
//! # Ok::<(), ws_core::Violation>(())
//! ```
//!
//! More, one screen each, is in [`examples`](https://github.com/ws-core/ws-core/tree/main/ws-core/examples);
//! what holds and what does not is in the [README](https://github.com/ws-core/ws-core#readme).
//!
//! # The path
//!
//! The module list below is the path that octets take:
//!
//! ```text
//!  octets in ─▶ handshake ─▶ frame::header ─▶ frame::check ─▶ mask ─▶ deflate ─▶ utf8 ─▶ message ─▶ connection ─▶ you
//!  octets out ◀──────────────────────────── frame::header ◀── mask ◀── deflate ◀──────────────────── connection ◀──┘
//! ```
//!
//! | level | needs | what | where |
//! |---|---|---|---|
//! | 0 | nothing: `no_std`, no allocator | plain functions on plain values: headers, checks, masking, UTF-8, close codes | [`frame`], [`mask`], [`utf8`] |
//! | 1 | feature `alloc` | the sans-IO connection and the opening handshake: octets and time in, events and octets out | [`connection`], [`handshake`] |
//! | 2 | feature `std` (default) | blocking, over `std::io::{Read, Write}` | [`io`] |
//! | 3 | feature `tokio` | async, over `AsyncRead` and `AsyncWrite`; `wss` with a `rustls` feature; feature `hyper`: requests that hyper or axum has read | [`tokio`] |
//!
//! Feature `deflate` (off by default) adds permessage-deflate to levels 1 to 3: [`deflate`]. Other
//! extensions come in through [`extension`].
//!
//! Each level is built from the one before it through its public API, and each is useful alone.
//! Nothing a peer sends makes any of them panic, and memory follows what has arrived, never what a
//! frame header claims; every limit is finite and a parameter of [`Limits`]. What a peer did wrong
//! is a [`Violation`], what the caller did is a [`Misuse`].
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(test),
    warn(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

#[cfg(feature = "alloc")]
pub mod handshake;

pub mod frame;

pub mod mask;

#[cfg(feature = "alloc")]
pub mod extension;

#[cfg(feature = "deflate")]
pub mod deflate;

pub mod utf8;

#[cfg(feature = "alloc")]
pub mod message;

#[cfg(feature = "alloc")]
pub mod connection;

#[cfg(feature = "std")]
pub mod io;

#[cfg(feature = "tokio")]
pub mod tokio;

mod error;
mod limits;
#[cfg(feature = "alloc")]
mod memory;
#[cfg(feature = "alloc")]
mod prepared;
mod role;

#[cfg(feature = "alloc")]
pub use connection::{Config, Connection};
pub use error::{Misuse, Violation};
pub use frame::{CloseCode, FrameHeader, Opcode};
pub use limits::{Limits, LimitsBuilder};
#[cfg(feature = "fault-injection")]
pub use memory::faults;
#[cfg(feature = "alloc")]
pub use message::{Message, MessageKind, Text};
#[cfg(feature = "alloc")]
pub use prepared::PreparedMessage;
pub use role::Role;

/// Compiles the README's examples.
#[cfg(all(doctest, feature = "tokio"))]
#[doc = include_str!("../../README.md")]
struct Readme;
