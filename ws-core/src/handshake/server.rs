//! The server's half of the opening handshake, sans-IO (RFC 6455 §4.2).
//!
//! [`RequestReader`] gives the lines of a request as they become whole, and the request at its end.
//! [`ServerHandshake`] is that without the lines; [`super::upgrader`] hands them to callbacks.
//!
//! ```text
//! StartLine ──request line──▶ Fields ──empty line──▶ Complete
//!     └───────────────────────────┴── rejection ──▶ Failed
//! ```

use core::ops::Range;

use super::error::{HandshakeError, Rejection};
use super::fields::HeaderField;
use super::head::HeadReader;
use super::octets::Octets;
use super::request::{self, Request, Seen, Target};
use crate::limits::Limits;

/// Reads one request, line by line. A line that was given is not looked at again, but for those that
/// the request is put together from: the request line, Host, and what the client offers.
#[derive(Debug, Clone)]
pub(super) struct RequestReader {
    reader: HeadReader,
    seen: Seen,
    state: State,
}

/// `line`: the place of the request line, without its CRLF. It is good.
#[derive(Debug, Clone)]
enum State {
    /// `line_start`: octets of the empty line that may come first.
    StartLine {
        line_start: usize,
    },
    Fields {
        line: Range<usize>,
        fields_start: usize,
    },
    Complete {
        line: Range<usize>,
        fields: Range<usize>,
    },
}

/// What a read of the request brought.
#[derive(Debug)]
pub(super) enum Step<'b> {
    RequestLine(Target<'b>),
    Field(HeaderField<'b>),
    Complete(Request<'b>),
}

impl RequestReader {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            reader: HeadReader::new(limits),
            seen: Seen::new(),
            state: State::StartLine { line_start: 0 },
        }
    }

    /// `input`, for [`next`](Self::next).
    pub(super) fn octets<'b>(&self, input: &'b [u8]) -> Octets<'b> {
        self.reader.octets(input)
    }

    /// The next step, or `None` if `input` ends before it. `Complete` is the last one; asked again,
    /// it is said again.
    pub(super) fn next<'b>(&mut self, input: &Octets<'b>) -> Result<Option<Step<'b>>, Rejection> {
        loop {
            match &self.state {
                State::StartLine { line_start } => {
                    let line_start = *line_start;
                    let Some(line) = self.reader.start_line(input.all())? else { return Ok(None) };
                    let fields_start = self.reader.lines_len();
                    // RFC 9112 §2.2: an empty line before the request is ignored; one is enough.
                    if line.is_empty() && line_start == 0 {
                        self.state = State::StartLine { line_start: fields_start };
                        continue;
                    }
                    let line = line_start..line_start.saturating_add(line.len());
                    let target = request::parse_request_line(input, line.clone())?;
                    self.state = State::Fields { line, fields_start };
                    return Ok(Some(Step::RequestLine(target)));
                }
                State::Fields { line, fields_start } => {
                    let start = self.reader.lines_len();
                    let read = self.reader.field_line(input.all())?;
                    let Some(field_line) = read else { return Ok(None) };
                    let place = start..self.reader.lines_len();
                    if !field_line.is_empty() {
                        let field = HeaderField::in_line(input, place.clone())?;
                        self.seen.note(&field, &place, input)?;
                        return Ok(Some(Step::Field(field)));
                    }
                    let fields = *fields_start..place.end;
                    self.state = State::Complete { line: line.clone(), fields };
                }
                State::Complete { line, fields } => {
                    let lines = [line.clone(), fields.clone()];
                    return Ok(Request::assemble(input, lines, &self.seen)?.map(Step::Complete));
                }
            }
        }
    }

    /// The host of the target, if that is a whole URI, else that of `Host`, once it has come.
    pub(super) fn host<'b>(&self, input: &Octets<'b>) -> Option<&'b str> {
        let State::Fields { line, .. } = &self.state else { return None };
        // A path, as nearly every target is, holds none.
        if input.get(line.clone()).starts_with(b"GET /") {
            return self.seen.host(input);
        }
        let target = request::parse_request_line(input, line.clone()).ok()?;
        target.host.or_else(|| self.seen.host(input))
    }

    /// Whether `request` is the whole `input`, as it must be: what comes behind it, before the 101,
    /// is a body, another request, or a frame before its time.
    pub(super) const fn check_end(request: &Request<'_>, input: &[u8]) -> Result<(), Rejection> {
        if input.len() > request.head_len() { Err(Rejection::OctetsAfterHead) } else { Ok(()) }
    }
}

/// Waits for one client's opening handshake, and gives the request to decide about: now, or when a
/// database has answered. [`Upgrader`](super::Upgrader) decides while the request arrives, and
/// negotiates. A connection takes one of these, then none.
#[derive(Debug, Clone)]
pub struct ServerHandshake {
    reader: RequestReader,
    failed: Option<Rejection>,
}

impl ServerHandshake {
    /// Waits for the first octet.
    #[must_use]
    pub const fn new(limits: &Limits) -> Self {
        Self { reader: RequestReader::new(limits), failed: None }
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
    /// - [`Rejection::OctetsAfterHead`]: the client must wait for the 101 before it sends frames
    ///   (§4.1), so this is a body, another request, or a frame before its time; taking it for
    ///   frames is how requests are smuggled. Only octets in the same `input` as the head's end can
    ///   be told apart from frames sent after the 101.
    /// - Every other variant but [`Rejection::Timeout`]: a rule of RFC 6455 §4.2.1. What one line
    ///   breaks is told as soon as that line is whole, what is missing when the head is.
    pub fn handle_input<'b>(&mut self, input: &'b [u8]) -> Result<Option<Request<'b>>, Rejection> {
        if let Some(rejection) = self.failed {
            return Err(rejection);
        }
        let result = self.advance(input);
        self.failed = result.as_ref().err().copied();
        result
    }

    /// The client's stream has ended: tells why there is no connection. There is nobody to answer.
    #[must_use]
    pub const fn handle_end_of_stream(&self) -> HandshakeError {
        match self.failed {
            Some(rejection) => HandshakeError::Rejected(rejection),
            None => HandshakeError::Incomplete,
        }
    }

    /// [`Limits::handshake_timeout`] has passed since the connection was accepted: tells the
    /// rejection to answer with.
    pub const fn handle_timeout(&mut self) -> Rejection {
        match self.failed {
            Some(rejection) => rejection,
            None => {
                self.failed = Some(Rejection::Timeout);
                Rejection::Timeout
            }
        }
    }

    fn advance<'b>(&mut self, input: &'b [u8]) -> Result<Option<Request<'b>>, Rejection> {
        let octets = self.reader.octets(input);
        while let Some(step) = self.reader.next(&octets)? {
            if let Step::Complete(request) = step {
                RequestReader::check_end(&request, input)?;
                return Ok(Some(request));
            }
        }
        Ok(None)
    }
}
