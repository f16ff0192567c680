//! One frame (RFC 6455 §5): its header, whether it is allowed here, and its Close payload.
//!
//! Reading and judging are two calls, as in `gobwas/ws`: [`FrameHeader::decode`] tells what the
//! octets say, [`Check`] tells whether a peer may say it now.

mod check;
mod close;
mod compile;
mod header;
mod opcode;

pub use check::Check;
pub use close::{CloseCode, CloseFrame, MAX_REASON_LEN};
pub use compile::compile;
pub use header::{FrameHeader, MAX_HEADER_LEN, Rsv};
pub use opcode::Opcode;

/// The longest payload of a control frame, in octets (RFC 6455 §5.5).
pub const MAX_CONTROL_LEN: usize = 125;
