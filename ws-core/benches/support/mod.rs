//! What the benches share: a transport in memory, and the same work done by each implementation.
#![allow(dead_code, reason = "each bench uses its own part")]

use std::io::{self, Read, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[cfg(feature = "hyper")]
pub(crate) mod accepts;
pub(crate) mod callgrind;
#[path = "../../tests/oracle/mod.rs"]
pub(crate) mod oracle;
pub(crate) mod peers;
#[cfg(feature = "hyper")]
pub(crate) mod servers;

/// An opening handshake as Chromium sends it.
pub(crate) const REQUEST: &[u8] = b"GET /chat?room=7 HTTP/1.1\r\n\
    Host: server.example.com:9001\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: http://server.example.com:9001\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

/// An opening handshake that says no more than it must, as clients that are no browsers send it.
pub(crate) const BARE_REQUEST: &[u8] = b"GET / HTTP/1.1\r\n\
    Host: 127.0.0.1:9001\r\n\
    Upgrade: websocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Octets that one read brings at most, as a busy socket would.
pub(crate) const READ_LEN: usize = 64 * 1024;

/// What one read brings is copied so many octets at a time: the C library does a longer copy by one
/// instruction that repeats itself. Valgrind would count that once for every octet, and some processors
/// take twenty times as long for it where source and destination lie badly.
const COPY_LEN: usize = 1024;

pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.chunks_mut(COPY_LEN).zip(from.chunks(COPY_LEN)) {
        to.copy_from_slice(from);
    }
}

/// A transport that holds all octets to be read, and counts those that are written.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    input: Bytes,
    pub(crate) written: usize,
    /// Those octets, where a bench checks what they say.
    kept: Option<Kept>,
    /// The peer stays when all is read.
    stays: bool,
}

/// What was written to a [`Wire`], for whoever made it: not every implementation gives it back.
pub(crate) type Kept = Arc<Mutex<Vec<u8>>>;

impl Wire {
    pub(crate) const fn new(input: Bytes) -> Self {
        Self { input, written: 0, kept: None, stays: false }
    }

    /// As [`new`](Self::new), keeping what is written.
    pub(crate) const fn keeping(input: Bytes, kept: Kept) -> Self {
        Self { input, written: 0, kept: Some(kept), stays: false }
    }

    /// As [`keeping`](Self::keeping), from a peer that waits for the answer.
    pub(crate) const fn staying(input: Bytes, kept: Kept) -> Self {
        Self { input, written: 0, kept: Some(kept), stays: true }
    }

    fn put(&mut self, octets: &[u8]) {
        self.written += octets.len();
        if let Some(kept) = &self.kept {
            kept.lock().expect("not poisoned").extend_from_slice(octets);
        }
    }

    fn take(&mut self, room: usize) -> Bytes {
        self.input.split_to(room.min(READ_LEN).min(self.input.len()))
    }
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let taken = self.take(buf.len());
        copy(&mut buf[..taken.len()], &taken);
        Ok(taken.len())
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.put(buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        if wire.stays && wire.input.is_empty() {
            return Poll::Pending;
        }
        let taken = wire.take(buf.remaining());
        taken.chunks(COPY_LEN).for_each(|octets| buf.put_slice(octets));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().put(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        let before = wire.written;
        bufs.iter().for_each(|buf| wire.put(buf));
        Poll::Ready(Ok(wire.written - before))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// What messages say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Binary,
    /// Text as most programs write it to each other.
    Ascii,
    /// Prose with a few letters beyond ASCII.
    Text,
}

impl Content {
    pub(crate) const ALL: [Self; 3] = [Self::Binary, Self::Ascii, Self::Text];

    /// As benches name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Ascii => "ascii",
            Self::Text => "text",
        }
    }

    /// A payload of `len` octets.
    pub(crate) fn payload(self, len: usize) -> Vec<u8> {
        let unit = match self {
            Self::Binary => "\u{7f}\u{1}binary",
            Self::Ascii => "The quick brown fox jumps over the lazy dog. ",
            Self::Text => "The quick brown fox jumps over the lazy dog. Äpfel, 日本. ",
        };
        let mut octets: Vec<u8> = unit.bytes().cycle().take(len).collect();
        // A code point cut at the end would not be UTF-8.
        while std::str::from_utf8(&octets).is_err() {
            octets.pop();
        }
        octets.resize(len, b'.');
        octets
    }

    /// `count` client frames of `len` octets of payload, masked, all the same.
    pub(crate) fn client_frames(self, len: usize, count: usize) -> Bytes {
        let opcode = if self == Self::Binary { oracle::BINARY } else { oracle::TEXT };
        let frame = oracle::Frame::new(true, opcode, self.payload(len)).octets(Some(oracle::KEY));
        frame.repeat(count).into()
    }
}
