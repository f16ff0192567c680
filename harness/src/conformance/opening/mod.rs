//! The opening handshake as the suite speaks and judges it, in both roles (RFC 6455 §4).
//!
//! [`head`] reads what either end has sent; [`client`] asks and checks the answer; [`server`]
//! checks what is asked and answers; [`deflate`] is what both have to say of permessage-deflate.
//! Plain functions on text: no socket, no clock. The suite is stricter here than the RFC in some
//! places and laxer in others; its own cases never look at the handshake, only through it.

pub mod head;

pub mod client;

pub mod server;

pub mod deflate;

mod key;

pub use key::{accept, nonce};
