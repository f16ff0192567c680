//! The client's half of the opening handshake, sans-IO (RFC 6455 §4.1).
//!
//! ```text
//!      ┌──────────── 1xx ────────────┐
//!      ▼                             │
//! StartLine ──status line──▶ Fields ─┴─empty line of the 101──▶ Complete
//!      │                        ├── empty line of a final other ──▶ Refused
//!      └────────────────────────┴── error ──▶ Failed
//! ```

use alloc::vec::Vec;

use super::dial::Dialer;
use super::error::HandshakeError;
use super::head::HeadReader;
use super::key::{ACCEPT_LEN, Key};
use super::refused::RefusedResponse;
use super::response::{self, Response};
use crate::limits::Limits;

/// Interim responses (1xx) that a client skips before the final one.
pub const MAX_INTERIM_RESPONSES: u8 = 8;

const SWITCHING_PROTOCOLS: u16 = 101;

/// Waits for a server's answer to our opening handshake. A connection takes one of these, then none.
#[derive(Debug, Clone)]
pub struct ClientHandshake<'a> {
    dialer: Dialer<'a>,
    reader: HeadReader,
    accept: [u8; ACCEPT_LEN],
    interim_responses: u8,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    StartLine,
    Fields { status: u16, fields_start: usize },
    Complete { fields_start: usize, head_len: usize },
    Refused { status: u16, fields_start: usize, head_len: usize },
    Failed(HandshakeError),
}

impl<'a> ClientHandshake<'a> {
    /// Appends the request of `dialer` to `out`, and waits for its answer.
    ///
    /// `random` becomes the key: 16 octets, unpredictable and fresh for each connection
    /// (RFC 6455 §4.1 item 7, §10.3).
    #[must_use]
    pub fn new(dialer: &Dialer<'a>, limits: &Limits, random: [u8; 16], out: &mut Vec<u8>) -> Self {
        let key = Key::from_random(random);
        dialer.write(&key, out);
        Self {
            dialer: *dialer,
            reader: HeadReader::new(limits),
            accept: key.accept(),
            interim_responses: 0,
            state: State::StartLine,
        }
    }

    /// Takes all octets that the server has sent so far, and gives its 101 once that is whole and
    /// good; `None` if `input` ends before that: call again with more behind.
    ///
    /// The octets of `input` behind [`Response::head_len`] are the server's first frames. Interim
    /// responses before the 101 are skipped. [`Limits::max_head_len`] holds for all heads together.
    /// After an answer or an error this machine has done its work; asked again, it says the same.
    ///
    /// # Errors
    ///
    /// - [`HandshakeError::StatusLine`], [`HandshakeError::HttpVersion`]: told as soon as the status
    ///   line is whole.
    /// - [`HandshakeError::Head`]: not the grammar of HTTP/1.1, or a limit is exceeded.
    /// - [`HandshakeError::Status`]: a final response other than 101, told when its head is whole.
    ///   [`refusal`](Self::refusal) then gives what else it says.
    /// - [`HandshakeError::TooManyInterimResponses`]: over [`MAX_INTERIM_RESPONSES`] (8).
    /// - Every other variant: a rule of RFC 6455 §4.1 that a 101 breaks, told when its head is whole.
    pub fn handle_input<'b>(
        &mut self,
        input: &'b [u8],
    ) -> Result<Option<Response<'b>>, HandshakeError> {
        let result = self.advance(input);
        if let (Err(error), false) = (result.as_ref(), matches!(self.state, State::Refused { .. }))
        {
            self.state = State::Failed(*error);
        }
        result
    }

    /// The server's refusal, after [`handle_input`](Self::handle_input) has said
    /// [`HandshakeError::Status`] about the same `input`.
    #[must_use]
    pub fn refusal<'b>(&self, input: &'b [u8]) -> Option<RefusedResponse<'b>> {
        let State::Refused { status, fields_start, head_len } = self.state else {
            return None;
        };
        let field_lines = input.get(fields_start..head_len)?;
        Some(RefusedResponse::new(status, field_lines, head_len))
    }

    /// The server's stream has ended: tells why there is no connection.
    #[must_use]
    pub const fn handle_end_of_stream(&self) -> HandshakeError {
        match self.state {
            State::Failed(error) => error,
            State::Refused { status, .. } => HandshakeError::Status(status),
            _ => HandshakeError::Incomplete,
        }
    }

    /// [`Limits::handshake_timeout`] has passed since dialing began: tells the error to report.
    pub const fn handle_timeout(&mut self) -> HandshakeError {
        match self.state {
            State::Failed(error) => error,
            State::Refused { status, .. } => HandshakeError::Status(status),
            _ => {
                self.state = State::Failed(HandshakeError::Timeout);
                HandshakeError::Timeout
            }
        }
    }

    fn advance<'b>(&mut self, input: &'b [u8]) -> Result<Option<Response<'b>>, HandshakeError> {
        loop {
            self.state = match self.state {
                State::StartLine => match self.reader.start_line(input)? {
                    None => return Ok(None),
                    Some(line) => {
                        let status = response::parse_status_line(line)?;
                        State::Fields { status, fields_start: self.reader.lines_len() }
                    }
                },
                State::Fields { status, fields_start } => match self.reader.end(input)? {
                    None => return Ok(None),
                    Some(head_len) if status == SWITCHING_PROTOCOLS => {
                        State::Complete { fields_start, head_len }
                    }
                    Some(head_len) => {
                        let field_lines = input.get(fields_start..head_len).unwrap_or_default();
                        response::check_fields(field_lines, status < 200)?;
                        if status < 200 {
                            self.skip()?
                        } else {
                            State::Refused { status, fields_start, head_len }
                        }
                    }
                },
                State::Complete { fields_start, head_len } => {
                    let Some(field_lines) = input.get(fields_start..head_len) else {
                        return Ok(None); // The caller took octets away: wait for them.
                    };
                    return Response::parse(field_lines, &self.accept, &self.dialer, head_len)
                        .map(Some);
                }
                State::Refused { status, .. } => return Err(HandshakeError::Status(status)),
                State::Failed(error) => return Err(error),
            }
        }
    }

    /// Skips an interim response.
    fn skip(&mut self) -> Result<State, HandshakeError> {
        if self.interim_responses >= MAX_INTERIM_RESPONSES {
            return Err(HandshakeError::TooManyInterimResponses);
        }
        self.interim_responses = self.interim_responses.saturating_add(1);
        self.reader.next_head();
        Ok(State::StartLine)
    }
}
