//! One frame at a time over `Read` and `Write`, with the caller's buffers: no connection, no state.
//!
//! In and out: exactly one frame's octets, none read ahead. Nothing is judged but what
//! [`FrameHeader::decode`] judges: add [`Check`](crate::frame::Check) for the rest.

use alloc::vec::Vec;
use std::io::{ErrorKind, IoSlice, Read, Write};

use super::Error;
use crate::connection::Failure;
use crate::error::{Misuse, Violation};
use crate::frame::{FrameHeader, MAX_HEADER_LEN};
use crate::mask;
use crate::memory::{self, OutOfMemory};

/// Octets read at a time at least, and masked at a time.
const STEP: usize = 16 * 1024;

/// Reads one frame's header: 2 to 14 octets, not one more.
///
/// # Errors
///
/// - [`Error::Io`], of kind `UnexpectedEof` if the stream ends inside the header.
/// - [`Error::Failed`] with the violations of [`FrameHeader::decode`].
///
/// RFC 6455 §5.2.
pub fn read_header(reader: &mut impl Read) -> Result<FrameHeader, Error> {
    let mut octets = [0; MAX_HEADER_LEN];
    let mut len = 0;
    // Every prefix that is not a header says that at least one octet more is needed.
    loop {
        let known = octets.get(..len).unwrap_or_default();
        if let Some((header, _)) = FrameHeader::decode(known).map_err(violation)? {
            return Ok(header);
        }
        let needed = needed(known);
        reader.read_exact(octets.get_mut(len..needed).unwrap_or_default())?;
        len = needed;
    }
}

/// Reads one frame and appends its payload, unmasked, to `payload`. Returns its header.
///
/// Memory grows with the octets that arrive: by 16 KiB, or a tenth of `payload` where that is more.
///
/// # Errors
///
/// As [`read_header`], and
///
/// - [`Error::Failed`] with [`Violation::FrameTooLong`]: the header announces more than `max_len`
///   octets.
/// - [`Error::Io`] of kind `OutOfMemory`: there is no memory for what arrives.
///
/// The payload read before an error is in `payload`, unmasked.
pub fn read_frame(
    reader: &mut impl Read,
    max_len: u64,
    payload: &mut Vec<u8>,
) -> Result<FrameHeader, Error> {
    let header = read_header(reader)?;
    if header.payload_len > max_len {
        return Err(violation(Violation::FrameTooLong));
    }
    let mut left = header.payload_len;
    let mut filled = payload.len();
    let mut phase = 0;
    let read = loop {
        if left == 0 {
            break Ok(());
        }
        // Room is made once for many short reads.
        if filled == payload.len() {
            let most = STEP.max(filled / 10);
            let step = usize::try_from(left).unwrap_or(most).min(most);
            if let Err(error) = make_room(payload, step) {
                break Err(error.into());
            }
        }
        let room = payload.get_mut(filled..).unwrap_or_default();
        let (arrived, _) = match reader.read(room) {
            Ok(0) => break Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => room.split_at_mut(read.min(room.len())),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => break Err(error),
        };
        if let Some(key) = header.masking_key {
            phase = mask::apply(arrived, key, phase);
        }
        filled = filled.saturating_add(arrived.len());
        left = left.saturating_sub(arrived.len() as u64);
    };
    payload.truncate(filled);
    read?;
    Ok(header)
}

/// Makes `payload` longer by `step` octets to read into.
fn make_room(payload: &mut Vec<u8>, step: usize) -> Result<(), OutOfMemory> {
    let len = payload.len();
    if payload.capacity().saturating_sub(len) < step {
        // Many short frames one behind the other must not move all before them each time.
        memory::reserve(payload, step.max(len / 10))?;
    }
    payload.resize(len.saturating_add(step), 0);
    Ok(())
}

/// Writes one frame's header: 2 to 14 octets.
///
/// # Errors
///
/// [`Error::Misuse`] with [`Misuse::LengthTopBit`], nothing being written; [`Error::Io`].
pub fn write_header(writer: &mut impl Write, header: &FrameHeader) -> Result<(), Error> {
    let mut octets = [0; MAX_HEADER_LEN];
    let len = header.encode(&mut octets)?;
    Ok(writer.write_all(octets.get(..len).unwrap_or_default())?)
}

/// Writes one frame, masking the payload on the way if the header has a masking key; the caller's
/// octets stay as they are. An unmasked frame goes out in one vectored write where that is possible.
///
/// # Errors
///
/// [`Error::Misuse`] with [`Misuse::PayloadLenMismatch`] or [`Misuse::LengthTopBit`], nothing being
/// written; [`Error::Io`].
pub fn write_frame(
    writer: &mut impl Write,
    header: &FrameHeader,
    payload: &[u8],
) -> Result<(), Error> {
    if header.payload_len != payload.len() as u64 {
        return Err(Misuse::PayloadLenMismatch.into());
    }
    let mut octets = [0; MAX_HEADER_LEN];
    let len = header.encode(&mut octets)?;
    let head = octets.get(..len).unwrap_or_default();
    let Some(key) = header.masking_key else {
        return write_both(writer, head, payload);
    };
    let mut masked = [0; STEP];
    // The header shares the first write with as much payload as fits behind it.
    let (front, room) = masked.split_at_mut_checked(len).unwrap_or_default();
    front.copy_from_slice(head);
    let (first, mut rest) = payload.split_at_checked(room.len()).unwrap_or((payload, &[]));
    let mut phase = mask::copy(room, first, key, 0);
    writer.write_all(masked.get(..len.saturating_add(first.len())).unwrap_or_default())?;
    while !rest.is_empty() {
        let (step, behind) = rest.split_at_checked(STEP).unwrap_or((rest, &[]));
        phase = mask::copy(&mut masked, step, key, phase);
        writer.write_all(masked.get(..step.len()).unwrap_or_default())?;
        rest = behind;
    }
    Ok(())
}

/// Writes two slices with as few calls as the writer allows.
fn write_both(writer: &mut impl Write, head: &[u8], payload: &[u8]) -> Result<(), Error> {
    let mut slices = [IoSlice::new(head), IoSlice::new(payload)];
    let mut left = slices.as_mut_slice();
    // Drops empty slices, so that a write of nothing is never asked for.
    IoSlice::advance_slices(&mut left, 0);
    while !left.is_empty() {
        match writer.write_vectored(left) {
            Ok(0) => return Err(std::io::Error::from(ErrorKind::WriteZero).into()),
            Ok(written) => IoSlice::advance_slices(&mut left, written),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// How many octets of a header are certainly to be read, of which `known` are there.
fn needed(known: &[u8]) -> usize {
    let Some(second) = known.get(1) else { return 2 };
    let length = match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0_usize,
    };
    let key = if second & 0x80 == 0 { 0 } else { 4 };
    length.saturating_add(key).saturating_add(2)
}

const fn violation(violation: Violation) -> Error {
    Error::Failed(Failure::Violation(violation))
}
