//! RFC 6455 WebSocket codec, from single frames on your own buffers up to tokio.
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
//! frame header claims.
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
