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
//! to [`Dialer::deflate`](crate::handshake::Dialer::deflate) or to [`AcceptDeflate`].

mod params;
mod policy;

mod terms;

mod accept;

pub use accept::AcceptDeflate;
pub use params::{DeflateParams, WindowBits};
pub use policy::{Deflate, DeflateBuilder};
pub use terms::{ClientWindow, Terms, TermsError};

/// The extension's name in `Sec-WebSocket-Extensions` (RFC 7692 §7).
pub const NAME: &str = "permessage-deflate";
