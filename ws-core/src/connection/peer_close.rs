//! The peer's Close frame, kept for the application.

use alloc::borrow::ToOwned;

use crate::frame::{CloseCode, CloseFrame};
use crate::message::Text;

/// Why the peer closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerClose {
    /// Its code; [`CloseCode::NO_STATUS`] (1005) if the Close frame was empty.
    pub code: CloseCode,
    /// Its reason; empty if it gave none.
    pub reason: Text,
}

impl PeerClose {
    pub(crate) fn new(frame: Option<CloseFrame<'_>>) -> Self {
        match frame {
            Some(CloseFrame { code, reason }) => Self { code, reason: reason.to_owned().into() },
            None => Self { code: CloseCode::NO_STATUS, reason: Text::default() },
        }
    }
}
