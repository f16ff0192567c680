//! What both opening handshakes need of a blocking transport: octets in and out, no later than a deadline.

use alloc::vec::Vec;
use core::time::Duration;
use std::io::{self, ErrorKind};
use std::time::Instant;

use super::transport::Transport;
use crate::memory;

/// Octets read at a time.
const STEP: usize = 1024;

/// Appends what one read brings, no later than `deadline`.
pub(super) fn read_more(
    io: &mut impl Transport,
    head: &mut Vec<u8>,
    deadline: Option<Instant>,
) -> io::Result<usize> {
    if let Some(left) = left(deadline)? {
        io.set_read_timeout(Some(left))?;
    }
    let mut step = [0; STEP];
    loop {
        match io.read(&mut step) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(read) => {
                memory::reserve(head, read)?;
                head.extend_from_slice(step.get(..read).unwrap_or_default());
                return Ok(read);
            }
        }
    }
}

/// Writes all of `octets`, no later than `deadline`.
pub(super) fn write_all(
    io: &mut impl Transport,
    mut octets: &[u8],
    deadline: Option<Instant>,
) -> io::Result<()> {
    while !octets.is_empty() {
        if let Some(left) = left(deadline)? {
            io.set_write_timeout(Some(left))?;
        }
        match io.write(octets) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => octets = octets.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    io.flush()
}

/// The time left, which is not zero: that would mean no timeout at all.
fn left(deadline: Option<Instant>) -> io::Result<Option<Duration>> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    if left.is_some_and(|left| left.is_zero()) {
        return Err(ErrorKind::TimedOut.into());
    }
    Ok(left)
}

/// Ends what the deadline of the handshake has set.
pub(super) fn set_no_timeout(io: &mut impl Transport) -> io::Result<()> {
    io.set_read_timeout(None)?;
    io.set_write_timeout(None)
}

/// Whether a call that was given a timeout has met it.
pub(super) fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
