//! One frame at a time over any `Read` and `Write`: is it read and written exactly, and no more?
#![cfg(feature = "std")]

use std::io::{self, Cursor, ErrorKind, Read, Write};

use ws_core::connection::Failure;
use ws_core::io::{Error, read_frame, read_header, write_frame, write_header};
use ws_core::{FrameHeader, Misuse, Opcode, Violation};

use io_support::{Script, Step};
use oracle::{Form, KEY, header, masked};

mod io_support;
mod oracle;

/// A payload length of every header class, at its edges.
const LENGTHS: [u64; 9] = [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 32, (1 << 63) - 1];

/// Payloads that are really sent: around the 16 KiB that are read and masked at a time, too.
const PAYLOADS: [usize; 9] = [0, 1, 125, 126, 16_370, 16_384, 16_385, 65_535, 65_536];

fn keys() -> [Option<[u8; 4]>; 3] {
    [None, Some(KEY), Some([0; 4])]
}

fn headers() -> Vec<(FrameHeader, Vec<u8>)> {
    let mut rows = Vec::new();
    for (opcode, first) in [(Opcode::Text, 0x81), (Opcode::Binary, 0x82), (Opcode::Ping, 0x89)] {
        for len in LENGTHS {
            for masking_key in keys() {
                let expected = header(first, masking_key, Form::Shortest, len);
                rows.push((FrameHeader { masking_key, ..FrameHeader::new(opcode, len) }, expected));
            }
        }
    }
    rows
}

fn payload(len: usize) -> Vec<u8> {
    (0..251).cycle().take(len).collect()
}

/// The kind of an [`Error::Io`].
fn kind<T: std::fmt::Debug>(result: Result<T, Error>) -> ErrorKind {
    match result {
        Err(Error::Io(error)) => error.kind(),
        other => panic!("an I/O error was expected: {other:?}"),
    }
}

/// Gives one octet per read, after one `Interrupted` each.
struct Trickle<R>(R, bool);

impl<R: Read> Read for Trickle<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.1 = !self.1;
        if self.1 {
            return Err(ErrorKind::Interrupted.into());
        }
        let len = buf.len().min(1);
        self.0.read(&mut buf[..len])
    }
}

#[test]
fn headers_round_trip_and_nothing_is_read_ahead() {
    for (header, expected) in headers() {
        let mut wire = Vec::new();
        write_header(&mut wire, &header).unwrap();
        assert_eq!(wire, expected, "{header:?}");
        wire.extend(b"next");
        for trickle in [false, true] {
            let mut octets = Cursor::new(&wire);
            let read = if trickle {
                read_header(&mut Trickle(&mut octets, false))
            } else {
                read_header(&mut octets)
            };
            assert_eq!(read.unwrap(), header);
            assert_eq!(octets.position(), expected.len() as u64, "octets read for {header:?}");
        }
    }
}

#[test]
fn f36_end_of_stream_at_each_octet_of_a_header() {
    for (_, wire) in headers() {
        for cut in 0..wire.len() {
            assert_eq!(kind(read_header(&mut &wire[..cut])), ErrorKind::UnexpectedEof);
        }
    }
}

#[test]
fn frames_round_trip_and_the_payload_of_the_caller_stays() {
    for len in PAYLOADS {
        for masking_key in keys() {
            let sent = payload(len);
            let header =
                FrameHeader { masking_key, ..FrameHeader::new(Opcode::Binary, len as u64) };
            let mut wire = Vec::new();
            write_frame(&mut wire, &header, &sent).unwrap();
            assert_eq!(sent, payload(len), "A09: the caller's octets");
            let mut expected = oracle::header(0x82, masking_key, Form::Shortest, len as u64);
            expected.extend(masked(&sent, masking_key));
            assert_eq!(wire, expected, "{len} octets, key {masking_key:?}");

            wire.extend(b"next");
            for trickle in [false, true] {
                let mut octets = Cursor::new(&wire);
                let mut received = b"before".to_vec();
                let read = if trickle {
                    read_frame(&mut Trickle(&mut octets, false), len as u64, &mut received)
                } else {
                    read_frame(&mut octets, len as u64, &mut received)
                };
                assert_eq!(read.unwrap(), header);
                assert_eq!(received, [b"before", &sent[..]].concat(), "appended");
                assert_eq!(octets.position(), expected.len() as u64, "octets read");
            }
        }
    }
}

#[test]
fn f36_end_of_stream_at_each_octet_of_a_frame_keeps_what_came() {
    let sent = payload(300);
    for masking_key in keys() {
        let header = FrameHeader { masking_key, ..FrameHeader::new(Opcode::Binary, 300) };
        let mut wire = Vec::new();
        write_frame(&mut wire, &header, &sent).unwrap();
        let header_len = wire.len() - sent.len();
        for cut in 0..wire.len() {
            let mut received = Vec::new();
            let read = read_frame(&mut &wire[..cut], 300, &mut received);
            assert_eq!(kind(read), ErrorKind::UnexpectedEof, "cut at {cut}");
            assert_eq!(received, sent[..cut.saturating_sub(header_len)], "unmasked as far as read");
        }
    }
}

#[test]
fn t07_an_error_in_the_payload_is_told_and_what_came_is_kept() {
    let wire =
        [header(0x82, Some(KEY), Form::Shortest, 9), masked(b"123456789", Some(KEY))].concat();
    let mut reader = Script::of(&wire[..10])
        .then(Step::Fail(ErrorKind::Interrupted))
        .then(Step::Octets(wire[10..12].to_vec()))
        .then(Step::Fail(ErrorKind::ConnectionReset));
    let mut received = Vec::new();
    let read = read_frame(&mut reader, 9, &mut received);
    assert_eq!(kind(read), ErrorKind::ConnectionReset);
    assert_eq!(received, b"123456");
}

#[test]
fn f09_a_frame_over_max_len_is_refused_with_nothing_allocated() {
    for (len, max_len) in [(126, 125), (1 << 40, 1 << 20), ((1 << 63) - 1, (1 << 63) - 2)] {
        let wire = header(0x82, Some(KEY), Form::Shortest, len);
        let mut received = Vec::new();
        let mut refused = None;
        let allocated = allocation_counter::measure(|| {
            refused = Some(read_frame(&mut &wire[..], max_len, &mut received));
        });
        assert_eq!(allocated.count_total, 0, "{len} octets announced");
        let expected = Failure::Violation(Violation::FrameTooLong);
        assert!(matches!(refused, Some(Err(Error::Failed(told))) if told == expected));
    }
}

#[test]
fn f10_a_frame_that_only_claims_to_be_long_costs_what_arrived() {
    for arrived in [0, 1, 1000, 5 * 1024 * 1024] {
        let mut wire = header(0x82, None, Form::Shortest, 1 << 40);
        wire.extend(std::iter::repeat_n(7, arrived));
        let mut received = Vec::new();
        let allocated = allocation_counter::measure(|| {
            assert!(read_frame(&mut &wire[..], u64::MAX, &mut received).is_err());
        });
        let most = (arrived + arrived / 10 + 64 * 1024) as u64;
        let held = u64::try_from(allocated.bytes_current).unwrap();
        assert!(held <= most, "{held} octets held for {arrived}");
        // While it grows there may be two of it: the allocator that counts moves nothing in place.
        assert!(allocated.bytes_max <= 2 * most, "{} octets for {arrived}", allocated.bytes_max);
        assert_eq!(received.len(), arrived);
        assert!(received.iter().all(|&octet| octet == 7));
    }
}

#[test]
fn g2_frames_that_are_appended_one_after_the_other_seldom_move_what_is_there() {
    const LEN: u64 = 1000;
    let mut wire = Vec::new();
    write_frame(&mut wire, &FrameHeader::new(Opcode::Binary, LEN), &payload(1000)).unwrap();
    let mut received = Vec::new();
    let allocated = allocation_counter::measure(|| {
        for _ in 0..4000 {
            read_frame(&mut &wire[..], LEN, &mut received).unwrap();
        }
    });
    assert_eq!(received.len(), 4_000_000);
    assert!(allocated.count_total <= 200, "{} allocations", allocated.count_total);
}

#[test]
fn f05_f06_the_violations_of_decode_are_told() {
    let rows = [
        (header(0x82, None, Form::Bits16, 125), Violation::LengthNotMinimal),
        (header(0x82, Some(KEY), Form::Bits64, 65_535), Violation::LengthNotMinimal),
        (header(0x82, None, Form::Bits64, 1 << 63), Violation::LengthTopBit),
    ];
    for (wire, violation) in rows {
        match read_header(&mut &wire[..]) {
            Err(Error::Failed(Failure::Violation(told))) => assert_eq!(told, violation),
            other => panic!("{violation:?} was expected: {other:?}"),
        }
    }
}

#[test]
fn t05_t07_partial_and_interrupted_writes_give_the_same_octets() {
    for masking_key in keys() {
        let sent = payload(40_000);
        let header = FrameHeader { masking_key, ..FrameHeader::new(Opcode::Binary, 40_000) };
        let mut whole = Vec::new();
        write_frame(&mut whole, &header, &sent).unwrap();
        for limit in [1, 2, 3, 13, 16_383, 16_385] {
            let mut writer = Script::default();
            writer.with(|state| {
                state.limit = limit;
                state.writes = [Step::Fail(ErrorKind::Interrupted), Step::Take(1)].into();
            });
            write_frame(&mut writer, &header, &sent).unwrap();
            assert!(writer.with(|state| state.output == whole), "{limit} octets a write");
        }
    }
}

#[test]
fn a07_a_write_of_zero_octets_is_write_zero() {
    for masking_key in keys() {
        for taken in [0, 1, 8, 30_000] {
            let header = FrameHeader { masking_key, ..FrameHeader::new(Opcode::Binary, 40_000) };
            let mut writer = Script::default();
            writer.with(|state| state.writes = [Step::Take(taken), Step::Take(0)].into());
            writer.with(|state| state.limit = 20_000);
            let written = write_frame(&mut writer, &header, &payload(40_000));
            assert_eq!(kind(written), ErrorKind::WriteZero, "after {taken} octets");
        }
        let header = FrameHeader { masking_key, ..FrameHeader::new(Opcode::Binary, 0) };
        let mut writer = Script::default();
        writer.with(|state| state.writes = [Step::Take(0)].into());
        assert_eq!(kind(write_header(&mut writer, &header)), ErrorKind::WriteZero);
    }
}

#[test]
fn an_unmasked_frame_is_one_vectored_write_and_an_empty_one_writes_no_empty_slice() {
    for len in [0, 1, 65_536] {
        let mut writer = Script::default();
        let header = FrameHeader::new(Opcode::Binary, len as u64);
        write_frame(&mut writer, &header, &payload(len)).unwrap();
        assert_eq!(writer.with(|state| state.write_calls), 1, "{len} octets");
    }
}

#[test]
fn misuse_writes_nothing() {
    let long = FrameHeader::new(Opcode::Binary, 1 << 63);
    let five = FrameHeader::new(Opcode::Binary, 5);
    let mut wire = Vec::new();
    let rows = [
        (write_header(&mut wire, &long), Misuse::LengthTopBit),
        (write_frame(&mut wire, &five, b"four"), Misuse::PayloadLenMismatch),
        (write_frame(&mut wire, &five, b"sixsix"), Misuse::PayloadLenMismatch),
    ];
    for (result, misuse) in rows {
        assert!(matches!(result, Err(Error::Misuse(told)) if told == misuse), "{misuse:?}");
    }
    assert!(wire.is_empty());
    assert!(wire.flush().is_ok());
}
