//! What both opening handshakes need of a blocking transport: octets, no later than a deadline.

use alloc::vec::Vec;
use std::io::{self, ErrorKind};
use std::time::Instant;

use super::transport::Transport;

/// Octets read at a time.
const STEP: usize = 1024;

/// Appends what one read brings, no later than `deadline`.
pub(super) fn read_more(
    io: &mut impl Transport,
    head: &mut Vec<u8>,
    deadline: Option<Instant>,
) -> io::Result<usize> {
    if let Some(deadline) = deadline {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        io.set_read_timeout(Some(left))?;
    }
    let mut step = [0; STEP];
    loop {
        match io.read(&mut step) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(read) => {
                head.extend_from_slice(step.get(..read).unwrap_or_default());
                return Ok(read);
            }
        }
    }
}

/// Whether a read that was given a timeout has met it.
pub(super) fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
