//! What a blocking connection holds while it waits: an idle one no more than one read's buffer, however
//! long the messages were that went before.
#![cfg(feature = "std")]

use std::io::{self, Read, Write};

use allocation_counter::measure;
use oracle::binary;
use ws_core::Config;
use ws_core::io::{Plain, WebSocket};

mod oracle;

const LONG: usize = 4 * 1024 * 1024;

/// One long frame, then nothing for now; takes every write.
struct ThenIdle {
    left: io::Cursor<Vec<u8>>,
    written: usize,
}

impl Read for ThenIdle {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.left.read(buf)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            read => Ok(read),
        }
    }
}

impl Write for ThenIdle {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.written += buf.len();
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn an_idle_connection_does_not_keep_what_a_long_message_took() {
    // A client copies what it sends, masked, so that direction is looked at too.
    let wire = binary(&vec![7; LONG]).octets(None);
    let io = ThenIdle { left: io::Cursor::new(wire), written: 0 };
    let mut socket = None;
    let made = measure(|| socket = Some(WebSocket::client(Plain(io), Config::default(), &[])));
    let mut socket = socket.expect("made");
    let used = measure(|| {
        let message = socket.recv().expect("a message").expect("one more");
        assert_eq!(message.payload().len(), LONG);
        for fragment in message.payload().chunks(LONG / 3) {
            socket.feed(fragment.to_vec()).expect("queued");
        }
        let idle = socket.recv().expect_err("nothing more for now");
        assert!(matches!(idle, ws_core::io::Error::Io(e) if e.kind() == io::ErrorKind::WouldBlock));
    });
    assert!(used.bytes_max > LONG as u64, "the counter counts: {used:?}");
    let held = made.bytes_current + used.bytes_current;
    assert!(held <= 2 * 64 * 1024 + 4096, "an idle connection holds {held} octets");
    assert!(socket.get_ref().0.written > LONG);
}
