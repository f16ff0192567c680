//! Where an HTTP/1.1 head ends (RFC 9112 §2.1), found while its octets arrive.
//!
//! In: the input so far, longer at each call. Out: the start line once it is whole, then the length
//! of the head once that is. Knows lines and their limits; what stands in them is
//! [`super::fields`], [`super::request`] and [`super::response`].
//!
//! ```text
//! [CRLF] start line CRLF  field line CRLF  field line CRLF  CRLF  octets behind the head
//! └─────┘ before a request only                             └─ the empty line ends the head
//! ```

use super::error::HeadError;
use super::octets::Octets;
use super::scan::line_feed;
use crate::limits::Limits;

/// How far an HTTP head has been looked at. Every octet is looked at once, and none behind the
/// limits: which error comes first depends on the octets alone, not on how they were cut.
#[derive(Debug, Clone)]
pub(super) struct HeadReader {
    max_head_len: usize,
    max_start_line_len: usize,
    max_fields: usize,
    /// The line looked at begins here. Octets before it need no more looking.
    line_start: usize,
    /// Octets looked at; no LF in `line_start..scanned`.
    scanned: usize,
    fields: usize,
}

impl HeadReader {
    pub(super) const fn new(limits: &Limits) -> Self {
        Self {
            max_head_len: limits.max_head_len(),
            max_start_line_len: limits.max_request_line_len(),
            max_fields: limits.max_header_fields(),
            line_start: 0,
            scanned: 0,
            fields: 0,
        }
    }

    /// `input`, of which nothing is checked for text beyond the limits, nor a second time.
    pub(super) fn octets<'b>(&self, input: &'b [u8]) -> Octets<'b> {
        Octets::new(input, if self.scanned == 0 { self.max_head_len } else { 0 })
    }

    /// Octets from the front of the input to the end of the last whole line.
    pub(super) const fn lines_len(&self) -> usize {
        self.line_start
    }

    /// Goes on to another head behind this one, as after an interim response. The limit on octets
    /// is for all heads together, the limit on fields for each.
    pub(super) const fn next_head(&mut self) {
        self.fields = 0;
    }

    /// The start line, without its CRLF; `None` if `input` ends inside it.
    ///
    /// # Errors
    ///
    /// [`HeadError::StartLineTooLong`], [`HeadError::TooLong`], [`HeadError::BareLf`].
    pub(super) fn start_line<'b>(
        &mut self,
        input: &'b [u8],
    ) -> Result<Option<&'b [u8]>, HeadError> {
        let with_line_end = self.max_start_line_len.saturating_add(2);
        let bound = self.line_start.saturating_add(with_line_end);
        if bound < self.max_head_len {
            self.line(input, bound, HeadError::StartLineTooLong)
        } else {
            self.line(input, self.max_head_len, HeadError::TooLong)
        }
    }

    /// The length of the head, its empty line included; `None` if `input` ends inside it. To be
    /// called once the start line is whole.
    ///
    /// # Errors
    ///
    /// [`HeadError::TooLong`], [`HeadError::TooManyFields`], [`HeadError::BareLf`].
    pub(super) fn end(&mut self, input: &[u8]) -> Result<Option<usize>, HeadError> {
        while let Some(line) = self.field_line(input)? {
            if line.is_empty() {
                return Ok(Some(self.line_start));
            }
        }
        Ok(None)
    }

    /// The next line behind the start line, without its CRLF; the empty one ends the head.
    ///
    /// # Errors
    ///
    /// As [`end`](Self::end).
    #[inline]
    pub(super) fn field_line<'b>(
        &mut self,
        input: &'b [u8],
    ) -> Result<Option<&'b [u8]>, HeadError> {
        let line = self.line(input, self.max_head_len, HeadError::TooLong)?;
        if line.is_some_and(|line| !line.is_empty()) {
            self.fields = self.fields.saturating_add(1);
            if self.fields > self.max_fields {
                return Err(HeadError::TooManyFields);
            }
        }
        Ok(line)
    }

    /// The next line without its CRLF, if it ends within the first `bound` octets of the input.
    #[inline]
    fn line<'b>(
        &mut self,
        input: &'b [u8],
        bound: usize,
        beyond: HeadError,
    ) -> Result<Option<&'b [u8]>, HeadError> {
        let end = input.len().min(bound);
        let new = input.get(self.scanned..end).unwrap_or_default();
        let Some(lf) = line_feed(new) else {
            self.scanned = self.scanned.max(end);
            return if end == bound { Err(beyond) } else { Ok(None) };
        };
        let lf = self.scanned.saturating_add(lf);
        let line = input.get(self.line_start..lf).unwrap_or_default();
        self.scanned = lf.saturating_add(1);
        self.line_start = self.scanned;
        line.strip_suffix(b"\r").map(Some).ok_or(HeadError::BareLf)
    }
}
