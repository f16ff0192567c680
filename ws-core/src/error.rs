//! What can go wrong, by who is at fault: [`Violation`] is the peer's, [`Misuse`] is our caller's.
//!
//! "More octets needed" is neither: it is a value (`None`), never an error.

use core::fmt;

use crate::frame::CloseCode;

/// The peer broke a rule. The connection is failed (RFC 6455 §7.1.7) and a Close frame with
/// [`close_code`](Self::close_code) and [`reason`](Self::reason) tells the peer why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// RSV1, RSV2 or RSV3 is 1 and no agreed extension gives it a meaning.
    ReservedBits,
    /// Opcode 3 to 7 or 11 to 15.
    ReservedOpcode,
    /// A control frame with FIN 0.
    ControlFragmented,
    /// A control frame whose length code is 126 or 127: its payload exceeds 125 octets.
    ControlTooLong,
    /// A continuation frame while no message is open.
    ContinuationWithoutMessage,
    /// A text or binary frame while a fragmented message is open.
    MessageInterrupted,
    /// We are the server and the frame is not masked.
    Unmasked,
    /// We are the client and the frame is masked.
    Masked,
    /// The payload length is not in its shortest form.
    LengthNotMinimal,
    /// The most significant bit of the 64-bit payload length is 1.
    LengthTopBit,
    /// The frame announces more octets than [`Limits::max_frame_len`](crate::Limits::max_frame_len).
    FrameTooLong,
    /// The message would exceed [`Limits::max_message_len`](crate::Limits::max_message_len).
    MessageTooLong,
    /// The message has more fragments than [`Limits::max_fragments`](crate::Limits::max_fragments).
    TooManyFragments,
    /// More Ping frames within the window than [`Limits::max_pings`](crate::Limits::max_pings).
    TooManyPings,
    /// Nothing was received for as long as
    /// [`Deadlines::idle`](crate::connection::Deadlines::idle).
    Idle,
    /// A message arrived more slowly than
    /// [`Deadlines::min_rate`](crate::connection::Deadlines::min_rate).
    TooSlow,
    /// A text message holds an octet that no UTF-8 text can hold at that place.
    TextNotUtf8,
    /// A Close frame with a payload of one octet.
    CloseTruncated,
    /// A Close frame with a code that must not be on the wire.
    CloseCodeInvalid,
    /// A Close frame whose reason is not UTF-8.
    CloseReasonNotUtf8,
    /// The payload of a compressed message is no DEFLATE data, or ends inside a block, or consists of more
    /// streams than it has octets to pay for.
    CompressedDataInvalid,
    /// The unfinished messages of all connections would exceed their shared
    /// [`Budget`](crate::connection::Budget).
    OverBudget,
}

impl Violation {
    /// The code of the Close frame that answers this violation.
    ///
    /// 1002, 1007, 1008 or 1009 (RFC 6455 §7.4.1), or 1013 (IANA's registry).
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::ReservedBits
            | Self::ReservedOpcode
            | Self::ControlFragmented
            | Self::ControlTooLong
            | Self::ContinuationWithoutMessage
            | Self::MessageInterrupted
            | Self::Unmasked
            | Self::Masked
            | Self::LengthNotMinimal
            | Self::LengthTopBit
            | Self::CloseTruncated
            | Self::CloseCodeInvalid => CloseCode::PROTOCOL_ERROR,
            Self::TextNotUtf8 | Self::CloseReasonNotUtf8 | Self::CompressedDataInvalid => {
                CloseCode::INVALID_PAYLOAD
            }
            Self::TooManyFragments | Self::TooManyPings | Self::Idle | Self::TooSlow => {
                CloseCode::POLICY_VIOLATION
            }
            Self::FrameTooLong | Self::MessageTooLong => CloseCode::MESSAGE_TOO_BIG,
            Self::OverBudget => CloseCode::TRY_AGAIN_LATER,
        }
    }

    /// The RFC that holds the rule: 6455, or 7692 for permessage-deflate.
    #[must_use]
    pub const fn rfc(self) -> u16 {
        match self {
            Self::CompressedDataInvalid => 7692,
            _ => 6455,
        }
    }

    /// The section of [`rfc`](Self::rfc) that holds the rule.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::ReservedBits
            | Self::ReservedOpcode
            | Self::LengthNotMinimal
            | Self::LengthTopBit => "5.2",
            Self::Unmasked | Self::Masked => "5.1",
            Self::ContinuationWithoutMessage | Self::MessageInterrupted => "5.4",
            Self::ControlFragmented | Self::ControlTooLong => "5.5",
            Self::CloseTruncated | Self::CloseReasonNotUtf8 => "5.5.1",
            Self::CloseCodeInvalid => "7.4",
            Self::TextNotUtf8 => "8.1",
            Self::FrameTooLong
            | Self::MessageTooLong
            | Self::TooManyFragments
            | Self::TooManyPings
            | Self::Idle
            | Self::TooSlow
            | Self::OverBudget => "10.4",
            Self::CompressedDataInvalid => "7.2.2",
        }
    }

    /// The reason sent in the Close frame: constant, ASCII, at most 123 octets.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::ReservedBits => "reserved bit set without an extension",
            Self::ReservedOpcode => "reserved opcode",
            Self::ControlFragmented => "fragmented control frame",
            Self::ControlTooLong => "control frame over 125 octets",
            Self::ContinuationWithoutMessage => "continuation frame outside a message",
            Self::MessageInterrupted => "new message inside a fragmented message",
            Self::Unmasked => "client frame not masked",
            Self::Masked => "server frame masked",
            Self::LengthNotMinimal => "payload length not in shortest form",
            Self::LengthTopBit => "payload length over 63 bits",
            Self::FrameTooLong => "frame over the length limit",
            Self::MessageTooLong => "message over the length limit",
            Self::TooManyFragments => "message over the fragment limit",
            Self::TooManyPings => "too many pings",
            Self::Idle => "nothing received for too long",
            Self::TooSlow => "message arrives too slowly",
            Self::TextNotUtf8 => "text is not UTF-8",
            Self::CloseTruncated => "close frame with one octet",
            Self::CloseCodeInvalid => "close code not allowed on the wire",
            Self::CloseReasonNotUtf8 => "close reason is not UTF-8",
            Self::CompressedDataInvalid => "compressed data is invalid",
            Self::OverBudget => "out of memory for messages, try again later",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "peer violation: {} (RFC {} section {})",
            self.reason(),
            self.rfc(),
            self.section()
        )
    }
}

impl core::error::Error for Violation {}

/// Our caller asked for something the protocol, or a limit, does not allow. The wire is untouched
/// and the connection is as usable as before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Misuse {
    /// A Close frame has been sent, or the connection has ended: nothing may follow it (§5.5.1).
    SendAfterClose,
    /// A control frame's payload exceeds 125 octets (§5.5).
    ControlTooLong,
    /// A close reason exceeds 123 octets (§5.5).
    ReasonTooLong,
    /// A close code that must not be on the wire (§7.4): see [`CloseCode::is_sendable`].
    CloseCodeNotSendable,
    /// A new message while one of our own messages is still being sent in fragments (§5.4).
    MessageOpen,
    /// Binary fragments and text fragments mixed in one message (§5.4).
    MessageKindChanged,
    /// A text message whose octets are not UTF-8 (§8.1).
    TextNotUtf8,
    /// The output waiting to be written would exceed
    /// [`Limits::max_write_buffer`](crate::Limits::max_write_buffer). Write some, then try again.
    WriteBufferFull,
    /// The destination is shorter than the frame: see
    /// [`FrameHeader::encoded_len`](crate::FrameHeader::encoded_len).
    BufferTooShort,
    /// The payload's length is not the header's `payload_len`.
    PayloadLenMismatch,
    /// A `payload_len` that the 63 bits of the wire do not hold (§5.2).
    LengthTopBit,
    /// A limit of zero, or limits that contradict each other.
    LimitsContradict,
    /// A deadline of zero, or an idle one that leaves no time for a Ping.
    DeadlinesContradict,
    /// Something about compression that RFC 7692 §7.1.2 or zlib has no number for.
    DeflateOutOfRange,
    /// A header field, or a part of one, that HTTP cannot carry: a name that is not a token, a
    /// control octet in a value (RFC 9110 §5).
    FieldMalformed,
    /// A header field that the opening handshake writes itself.
    FieldReserved,
    /// A status that does not refuse a request: not 400 to 599.
    StatusNotRefusal,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SendAfterClose => "nothing can be sent after a Close frame",
            Self::ControlTooLong => "control frame payload over 125 octets; send a message instead",
            Self::ReasonTooLong => "close reason over 123 octets; shorten it",
            Self::CloseCodeNotSendable => {
                "close code must not be sent; use 1000-1003, 1007-1014 or 3000-4999"
            }
            Self::MessageOpen => "a fragmented message is still open; send its last fragment first",
            Self::MessageKindChanged => "fragments of one message must all be text or all binary",
            Self::TextNotUtf8 => "text message is not UTF-8; send it as binary",
            Self::WriteBufferFull => "write buffer is full; write the pending output first",
            Self::BufferTooShort => "destination too short for the frame",
            Self::PayloadLenMismatch => "payload length differs from the header's payload_len",
            Self::LengthTopBit => "payload_len over 63 bits",
            Self::LimitsContradict => {
                "limits must be above zero, and max_frame_len at most max_message_len"
            }
            Self::DeadlinesContradict => {
                "deadlines must be above zero, and idle longer than ping_interval"
            }
            Self::DeflateOutOfRange => {
                "window bits must be 9 to 15 (the peer's 8 to 15), level 0 to 9, memory level 1 to 9"
            }
            Self::FieldMalformed => "header field name or value that HTTP cannot carry",
            Self::FieldReserved => "header field that the opening handshake writes itself",
            Self::StatusNotRefusal => "status of a refusal must be 400 to 599",
        })
    }
}

impl core::error::Error for Misuse {}
