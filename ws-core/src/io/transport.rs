//! What a blocking connection needs of its transport beyond `Read` and `Write`, where it can be had.

use core::time::Duration;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};

/// A byte stream in both directions. TCP and Unix streams are; wrap any other `Read + Write` in
/// [`Plain`].
pub trait Transport: Read + Write {
    /// Ends our direction, so that the peer reads the end of the stream, and tells whether that was
    /// possible. Without it a connection is dropped as soon as its last octets are written.
    ///
    /// # Errors
    ///
    /// The transport's own.
    fn shut_down(&mut self) -> io::Result<bool>;

    /// Lets reads fail with `WouldBlock` or `TimedOut` after this long; `None`: never. Without it
    /// deadlines are seen only when a read returns.
    ///
    /// # Errors
    ///
    /// The transport's own.
    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()>;

    /// The same for writes. Does nothing unless it is implemented.
    ///
    /// # Errors
    ///
    /// The transport's own.
    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        let _ = timeout;
        Ok(())
    }
}

impl Transport for TcpStream {
    fn shut_down(&mut self) -> io::Result<bool> {
        self.shutdown(Shutdown::Write).map(|()| true)
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        Self::set_read_timeout(self, timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        Self::set_write_timeout(self, timeout)
    }
}

#[cfg(unix)]
impl Transport for std::os::unix::net::UnixStream {
    fn shut_down(&mut self) -> io::Result<bool> {
        self.shutdown(Shutdown::Write).map(|()| true)
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        Self::set_read_timeout(self, timeout)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        Self::set_write_timeout(self, timeout)
    }
}

/// Any `Read + Write` as a [`Transport`] that can neither be shut down nor timed.
#[derive(Debug)]
pub struct Plain<S>(pub S);

impl<S: Read> Read for Plain<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl<S: Write> Write for Plain<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S: Read + Write> Transport for Plain<S> {
    fn shut_down(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    fn set_read_timeout(&mut self, _timeout: Option<Duration>) -> io::Result<()> {
        Ok(())
    }
}
