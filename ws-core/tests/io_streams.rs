//! A message read through `Read` and written through `Write`: where do fragments and messages end?
#![cfg(feature = "std")]

use std::io::{ErrorKind, Read, Write};

use ws_core::connection::Failure;
use ws_core::io::{Error, Plain, WebSocket};
use ws_core::{Config, Limits, Message, MessageKind, Misuse, Role, Violation};

use io_support::{BOTH_ROLES, Script};
use oracle::{
    BINARY, CONTINUATION, Frame, TEXT, binary, continuation, ping, text, text_start, wire_to,
};

mod io_support;
mod oracle;

type Socket = WebSocket<Plain<Script>>;

fn socket(role: Role, frames: &[Frame]) -> (Socket, Script) {
    let script = Script::of(&wire_to(role, frames));
    (script.socket(role, Config::default()), script)
}

/// The next message through its reader.
fn read_all(socket: &mut Socket) -> Option<(MessageKind, Vec<u8>)> {
    let mut reader = socket.reader().unwrap()?;
    let mut octets = Vec::new();
    reader.read_to_end(&mut octets).unwrap();
    assert_eq!(reader.read(&mut [0]).unwrap(), 0, "the end stays the end");
    Some((reader.kind(), octets))
}

#[test]
fn a_reader_joins_fragments_and_answers_pings_between_them() {
    let frames = [
        text_start("κό".as_bytes()),
        ping(b"now"),
        continuation(false, b""),
        continuation(true, "σμε".as_bytes()),
        binary(b""),
        binary(&[7; 70_000]),
        Frame::close(1000, ""),
    ];
    for role in BOTH_ROLES {
        for limit in [0, 1, 7] {
            let (mut socket, script) = socket(role, &frames);
            script.with(|state| state.limit = limit);
            assert_eq!(read_all(&mut socket), Some((MessageKind::Text, "κόσμε".into())));
            assert_eq!(read_all(&mut socket), Some((MessageKind::Binary, vec![])));
            assert_eq!(read_all(&mut socket), Some((MessageKind::Binary, vec![7; 70_000])));
            assert_eq!(read_all(&mut socket), None);
            assert_eq!(read_all(&mut socket), None, "fused");
            assert_eq!(script.frames(role), [oracle::pong(b"now"), Frame::close(1000, "")]);
        }
    }
}

/// A message of which a reader takes `taken` octets before it is dropped, then two more messages.
fn three_messages() -> Vec<Frame> {
    vec![
        Frame::new(false, BINARY, *b"skipped"),
        continuation(false, b" skipped too"),
        ping(b""),
        continuation(true, b" and this"),
        text("second"),
        binary(b"third"),
        Frame::close(1000, ""),
    ]
}

#[test]
fn a_dropped_reader_skips_the_rest_for_reader_and_for_recv() {
    for role in BOTH_ROLES {
        for limit in [0, 1, 3] {
            for taken in 0..=28 {
                for again in [false, true] {
                    let (mut socket, script) = socket(role, &three_messages());
                    script.with(|state| state.limit = limit);
                    let mut reader = socket.reader().unwrap().unwrap();
                    reader.read_exact(&mut vec![0; taken]).unwrap();
                    let seen = if again {
                        read_all(&mut socket)
                    } else {
                        let message = socket.recv().unwrap();
                        message.map(|m| (m.kind(), m.into_payload().to_vec()))
                    };
                    let context = format!("{role:?}, {taken} octets, {limit} a read, {again}");
                    assert_eq!(seen, Some((MessageKind::Text, b"second".to_vec())), "{context}");
                    assert_eq!(socket.recv().unwrap(), Some(Message::binary(b"third".to_vec())));
                    assert_eq!(socket.recv().unwrap(), None);
                }
            }
        }
    }
}

#[test]
fn f19_f36_a_message_that_does_not_end_well_is_an_error_once() {
    let cases = [
        (vec![text_start(b"ab\xFF")], ErrorKind::InvalidData),
        (vec![text_start(b"ab")], ErrorKind::InvalidData),
        (vec![text_start(b"ab"), text("c")], ErrorKind::InvalidData),
        (vec![text_start(b"ab"), Frame::close(1000, "")], ErrorKind::UnexpectedEof),
    ];
    for role in BOTH_ROLES {
        for (frames, kind) in &cases {
            let (mut socket, script) = socket(role, frames);
            script.with(|state| state.limit = 1);
            let mut reader = socket.reader().unwrap().unwrap();
            let mut read = Vec::new();
            let error = reader.read_to_end(&mut read).unwrap_err();
            assert_eq!((error.kind(), &read[..]), (*kind, &b"ab"[..]), "{frames:?}");
            let after = reader.read(&mut [0; 9]).unwrap_err();
            assert_eq!(after.kind(), ErrorKind::UnexpectedEof, "told once");
            assert!(socket.recv().unwrap().is_none() && socket.reader().unwrap().is_none());
        }
    }
}

#[test]
fn f11_limits_hold_for_readers() {
    let limits = Limits::builder().max_message_len(10).build().unwrap();
    let frames = [Frame::new(false, BINARY, [1; 6]), continuation(true, &[2; 5])];
    for role in BOTH_ROLES {
        let script = Script::of(&wire_to(role, &frames));
        let mut socket = script.socket(role, Config::with_limits(limits));
        let mut reader = socket.reader().unwrap().unwrap();
        let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
        match error.into_inner().and_then(|inner| inner.downcast().ok()).as_deref() {
            Some(Error::Failed(Failure::Violation(Violation::MessageTooLong))) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// A server's 4 GiB message of zeros, which is never in memory.
struct Endless {
    header: std::io::Cursor<Vec<u8>>,
    left: u64,
}

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        match self.header.read(buf)? {
            0 => {
                let read = std::io::repeat(0).take(self.left).read(buf)?;
                self.left -= read as u64;
                Ok(read)
            }
            read => Ok(read),
        }
    }
}

impl Write for Endless {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn f40_a_message_of_any_length_passes_through_a_reader_in_constant_memory() {
    let len = 1 << 32;
    let limits = Limits::builder().max_message_len(len).build().unwrap();
    let header = oracle::header(0x82, None, oracle::Form::Shortest, len);
    let io = Endless { header: std::io::Cursor::new(header), left: 64 * 1024 * 1024 };
    let mut socket = WebSocket::client(Plain(io), Config::with_limits(limits), &[]);
    let mut buf = [0; 64 * 1024];
    let allocated = allocation_counter::measure(|| {
        let mut reader = socket.reader().unwrap().unwrap();
        for _ in 0..1024 {
            let read = reader.read(&mut buf).unwrap();
            assert!((1..=64 * 1024).contains(&read), "pieces of at most 64 KiB");
        }
    });
    assert!(allocated.bytes_max <= 2 * 64 * 1024, "{} octets", allocated.bytes_max);
}

#[test]
fn a_message_that_fits_one_fragment_is_one_frame() {
    for role in BOTH_ROLES {
        let (mut socket, script) = socket(role, &[]);
        let mut writer = socket.writer(MessageKind::Text);
        write!(writer, "Hel").unwrap();
        write!(writer, "lo").unwrap();
        assert!(script.with(|state| state.output.is_empty()), "nothing yet");
        writer.finish().unwrap();
        socket.writer(MessageKind::Binary).finish().unwrap();
        assert_eq!(script.frames(role), [text("Hello"), binary(b"")]);
    }
}

#[test]
fn fragments_end_where_they_are_full_or_flushed() {
    for role in BOTH_ROLES {
        let (mut socket, script) = socket(role, &[]);
        let mut writer = socket.writer(MessageKind::Binary);
        writer.write_all(&[1; 40_000]).unwrap();
        writer.flush().unwrap();
        writer.flush().unwrap();
        assert_eq!(fragment_lens(&script, role), [16_384, 16_384, 40_000 - 32_768]);
        writer.flush_fragment().unwrap();
        writer.write_all(b"end").unwrap();
        writer.finish().unwrap();
        assert_eq!(fragment_lens(&script, role), [16_384, 16_384, 7232, 0, 3]);
        let frames = script.frames(role);
        let opcodes: Vec<_> = frames.iter().map(|frame| (frame.opcode, frame.fin)).collect();
        let middle = (CONTINUATION, false);
        assert_eq!(opcodes, [(BINARY, false), middle, middle, middle, (CONTINUATION, true)]);
    }
}

fn fragment_lens(script: &Script, role: Role) -> Vec<usize> {
    script.frames(role).iter().map(|frame| frame.payload.len()).collect()
}

#[test]
fn a_text_may_be_cut_inside_a_code_point_but_not_end_there() {
    let smile = "😀".as_bytes();
    for role in BOTH_ROLES {
        for cut in 1..smile.len() {
            let (mut socket, script) = socket(role, &[]);
            let mut writer = socket.writer(MessageKind::Text);
            writer.write_all(&smile[..cut]).unwrap();
            writer.flush_fragment().unwrap();
            let ended = writer.finish();
            assert!(matches!(ended, Err(Error::Misuse(Misuse::TextNotUtf8))), "cut at {cut}");
            // The wire is untouched and the message still open: what is missing may follow.
            let mut writer = socket.writer(MessageKind::Text);
            writer.write_all(&smile[cut..]).unwrap();
            writer.finish().unwrap();
            let expected = [text_start(&smile[..cut]), continuation(true, &smile[cut..])];
            assert_eq!(script.frames(role), expected);
        }
    }
}

#[test]
fn octets_that_are_not_utf8_are_never_sent_as_text() {
    for role in BOTH_ROLES {
        let (mut socket, script) = socket(role, &[]);
        let mut writer = socket.writer(MessageKind::Text);
        writer.write_all(b"ab\xFF").unwrap();
        let error = writer.flush().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(writer.flush_fragment().is_err(), "it stays gathered");
        assert!(writer.finish().is_err());
        socket.send("next").unwrap();
        assert_eq!(script.frames(role), [text("next")], "nothing of it was sent");
    }
}

#[test]
fn a_dropped_writer_leaves_the_message_open() {
    for role in BOTH_ROLES {
        let (mut socket, script) = socket(role, &[]);
        let mut writer = socket.writer(MessageKind::Text);
        writer.write_all(b"sent").unwrap();
        writer.flush_fragment().unwrap();
        writer.write_all(b"lost").unwrap();
        let _ = writer;
        assert!(matches!(socket.send("other"), Err(Error::Misuse(Misuse::MessageOpen))));
        let wrong = socket.writer(MessageKind::Binary).finish();
        assert!(matches!(wrong, Err(Error::Misuse(Misuse::MessageKindChanged))));
        socket.ping(b"between").unwrap();
        let mut writer = socket.writer(MessageKind::Text);
        writer.write_all(b", then ended").unwrap();
        writer.finish().unwrap();
        socket.send("other").unwrap();
        let expected = [
            Frame::new(false, TEXT, *b"sent"),
            ping(b"between"),
            continuation(true, b", then ended"),
            text("other"),
        ];
        assert_eq!(script.frames(role), expected);
    }
}

#[test]
fn a_writer_that_was_dropped_before_its_first_fragment_leaves_nothing() {
    let (mut socket, script) = socket(Role::Server, &[]);
    let mut writer = socket.writer(MessageKind::Text);
    writer.write_all(b"lost").unwrap();
    let _ = writer;
    socket.send("other").unwrap();
    assert_eq!(script.frames(Role::Server), [text("other")]);
}
