//! The server's half of the opening handshake, sans-IO (RFC 6455 §4.2).
//!
//! ```text
//! StartLine ──request line──▶ Fields ──empty line──▶ Complete
//!     └───────────────────────────┴── rejection ──▶ Failed
//! ```

use super::error::{HandshakeError, Rejection};
use super::head::HeadReader;
use super::request::{self, Request};
use crate::limits::Limits;

/// Waits for one client's opening handshake. A connection takes one of these, then none.
#[derive(Debug, Clone)]
pub struct ServerHandshake {
    reader: HeadReader,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// `line_start`: octets of the empty line that may come first.
    StartLine {
        line_start: usize,
    },
    /// The request line is `line_start..fields_start` with its CRLF, and good.
    Fields {
        line_start: usize,
        fields_start: usize,
    },
    Complete {
        line_start: usize,
        fields_start: usize,
        head_len: usize,
    },
    Failed(Rejection),
}

impl ServerHandshake {
    /// Waits for the first octet.
    #[must_use]
    pub const fn new(limits: &Limits) -> Self {
        Self { reader: HeadReader::new(limits), state: State::StartLine { line_start: 0 } }
    }

    /// Takes all octets that the client has sent so far, and gives its request once that is whole
    /// and good; `None` if `input` ends inside it: call again with more behind.
    ///
    /// Answer the request with [`Request::accept`], a rejection with [`Rejection::write`], and keep
    /// nothing of `input`: there are no frames in it. After either, this machine has done its work;
    /// asked again, it says the same.
    ///
    /// # Errors
    ///
    /// - [`Rejection::Head`]: not the grammar of HTTP/1.1, or a limit is exceeded. Limits apply as
    ///   octets arrive: nothing beyond them is looked at or needed.
    /// - [`Rejection::RequestLine`], [`Rejection::HttpVersion`], [`Rejection::Method`],
    ///   [`Rejection::TargetForm`], [`Rejection::TargetFragment`]: told as soon as the request line
    ///   is whole.
    /// - [`Rejection::OctetsAfterHead`]: the client must wait for the 101 before it sends frames
    ///   (§4.1), so this is a body, another request, or a frame before its time; taking it for
    ///   frames is how requests are smuggled. Only octets in the same `input` as the head's end can
    ///   be told apart from frames sent after the 101.
    /// - Every other variant but [`Rejection::Timeout`]: a rule of RFC 6455 §4.2.1, told when the
    ///   head is whole.
    pub fn handle_input<'b>(&mut self, input: &'b [u8]) -> Result<Option<Request<'b>>, Rejection> {
        let result = self.advance(input);
        if let Err(rejection) = result {
            self.state = State::Failed(rejection);
        }
        result
    }

    /// The client's stream has ended: tells why there is no connection. There is nobody to answer.
    #[must_use]
    pub const fn handle_end_of_stream(&self) -> HandshakeError {
        match self.state {
            State::Failed(rejection) => HandshakeError::Rejected(rejection),
            _ => HandshakeError::Incomplete,
        }
    }

    /// [`Limits::handshake_timeout`] has passed since the connection was accepted: tells the
    /// rejection to answer with.
    pub const fn handle_timeout(&mut self) -> Rejection {
        match self.state {
            State::Failed(rejection) => rejection,
            _ => {
                self.state = State::Failed(Rejection::Timeout);
                Rejection::Timeout
            }
        }
    }

    fn advance<'b>(&mut self, input: &'b [u8]) -> Result<Option<Request<'b>>, Rejection> {
        loop {
            self.state = match self.state {
                State::StartLine { line_start } => match self.reader.start_line(input)? {
                    None => return Ok(None),
                    // RFC 9112 §2.2: an empty line before the request is ignored; one is enough.
                    Some(b"") if line_start == 0 => {
                        State::StartLine { line_start: self.reader.lines_len() }
                    }
                    Some(line) => {
                        request::parse_request_line(line)?;
                        State::Fields { line_start, fields_start: self.reader.lines_len() }
                    }
                },
                State::Fields { line_start, fields_start } => match self.reader.end(input)? {
                    None => return Ok(None),
                    Some(head_len) => State::Complete { line_start, fields_start, head_len },
                },
                State::Complete { line_start, fields_start, head_len } => {
                    let line = input.get(line_start..fields_start.saturating_sub(2));
                    let field_lines = input.get(fields_start..head_len);
                    let (Some(line), Some(field_lines)) = (line, field_lines) else {
                        return Ok(None); // The caller took octets away: wait for them.
                    };
                    let request = Request::parse(line, field_lines, head_len)?;
                    if input.len() > head_len {
                        return Err(Rejection::OctetsAfterHead);
                    }
                    return Ok(Some(request));
                }
                State::Failed(rejection) => return Err(rejection),
            }
        }
    }
}
