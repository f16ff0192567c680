//! permessage-deflate (RFC 7692): messages compressed, if both endpoints agree to it.
//!
//! ```text
//! Deflate (what an endpoint wants)
//!    │ client: Terms, its offer ──▶ server: Deflate::answer ──▶ Terms, the answer
//!    ▼                                                                │
//! DeflateParams (what both agreed) ◀── client: Terms::agree ◀─────────┘
//! ```
//!
//! An application puts a [`Deflate`] into [`Config::deflate`](crate::Config::deflate); adapters
//! offer or answer with it, and tell what came of it. Whoever drives the sans-IO machines gives it
//! to [`Dialer::deflate`](crate::handshake::Dialer::deflate) or to [`AcceptDeflate`], and what was
//! agreed to [`Connection::set_deflate`](crate::Connection::set_deflate).
//!
//! # Memory
//!
//! Nothing is held before the first compressed message. What a connection holds from then on, in KiB:
//!
//! | our window, bits | memory level | a compressor holds |
//! |---|---|---|
//! | 15 | 9 | 484 |
//! | 15 | 8 | 372 |
//! | 15 | 5 | 274 |
//! | 15 | 1 | 261 |
//! | 12 | 9 | 372 |
//! | 12 | 8 | 260 |
//! | 12 | 5 | 162 |
//! | 12 | 1 | 149 |
//! | 10 | 9 | 360 |
//! | 10 | 8 | 248 |
//! | 10 | 5 | 150 |
//! | 10 | 1 | 137 |
//! | 9 | 9 | 358 |
//! | 9 | 8 | 246 |
//! | 9 | 5 | 148 |
//! | 9 | 1 | 135 |
//!
//! 128 KiB of each are the hash table, which zlib-rs makes as long whatever the memory level is.
//! An inflater holds 47 KiB and the agreed window.
//!
//! So the contexts of some connections only are held from one message to the next
//! ([`Deflate::max_held_contexts`], 256 all over the process unless it is set). All others hold just
//! what the next message may refer to, the agreed window each way: 36 KiB by default, 8 KiB with
//! windows of 12 bits both ways. They get a context from their thread for each message, which keeps
//! up to four of each kind. Where a direction agrees on no context takeover, all of them do, and hold
//! nothing in between.
//!
//! What a message inflates to is limited as any message is
//! ([`Limits::max_message_len`](crate::Limits::max_message_len)), while it inflates, and can be
//! counted in a [`Budget`](crate::connection::Budget) that many connections share.
//!
//! A message may consist of several DEFLATE streams, each ended by a block with BFINAL set (RFC 7692
//! §7.2.3.4). To begin the next one takes time by the window, not by octets, so a message that does
//! it more than four times has to pay for the others: with 8 octets of payload each, or 256 of what
//! they inflate to, or some of both. Beyond that it is
//! [`CompressedDataInvalid`](crate::Violation::CompressedDataInvalid).
//!
//! # What is compressed
//!
//! Messages of [`Deflate::threshold`] octets or more, unless they grow; with context takeover, unless
//! they grow by more than 16 octets and 5 for every 16 KiB. None that is sent with
//! [`send_uncoded`](crate::Connection::send_uncoded). A secret in one message can be guessed from the
//! length of the next if an attacker chooses a part of either and they share a context (the attacks
//! called CRIME and BREACH): send secrets uncoded, or agree on no context takeover.
//!
//! A peer that refers further back than its agreed window, but not further than it has sent, is found
//! out only while its context is not held: zlib keeps 32 KiB whatever it is told.

mod params;
mod policy;

mod terms;

mod accept;

mod history;
mod inflate;

mod compress;
mod pool;
#[cfg(debug_assertions)]
mod shadow;

mod extension;

pub use accept::AcceptDeflate;
pub use extension::{DeflateDecoder, DeflateEncoder};
pub use params::{DeflateParams, WindowBits};
pub use policy::{Deflate, DeflateBuilder};
pub use terms::{ClientWindow, Terms, TermsError};

/// The extension's name in `Sec-WebSocket-Extensions` (RFC 7692 §7).
pub const NAME: &str = "permessage-deflate";

pub(crate) use compress::Settings;
pub(crate) use extension::compressed_frame;

/// Octets between two states of one of zlib's counters.
fn since(now: u64, before: u64) -> usize {
    usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX)
}
