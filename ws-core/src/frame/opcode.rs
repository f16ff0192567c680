//! The opcode: what a frame's payload is (RFC 6455 §5.2, §11.8). All sixteen values have a name,
//! so reading one never fails; whether it is allowed is [`super::Check`]'s question.

/// The four bits that say how to read a frame's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of the message that is open (§5.4).
    Continuation = 0x0,
    /// The first or only frame of a text message (§5.6).
    Text = 0x1,
    /// The first or only frame of a binary message (§5.6).
    Binary = 0x2,
    /// Reserved for a data frame.
    Reserved3 = 0x3,
    /// Reserved for a data frame.
    Reserved4 = 0x4,
    /// Reserved for a data frame.
    Reserved5 = 0x5,
    /// Reserved for a data frame.
    Reserved6 = 0x6,
    /// Reserved for a data frame.
    Reserved7 = 0x7,
    /// Starts or answers the closing handshake (§5.5.1).
    Close = 0x8,
    /// Asks for a Pong (§5.5.2).
    Ping = 0x9,
    /// Answers a Ping, or comes unasked (§5.5.3).
    Pong = 0xA,
    /// Reserved for a control frame.
    ReservedB = 0xB,
    /// Reserved for a control frame.
    ReservedC = 0xC,
    /// Reserved for a control frame.
    ReservedD = 0xD,
    /// Reserved for a control frame.
    ReservedE = 0xE,
    /// Reserved for a control frame.
    ReservedF = 0xF,
}

impl Opcode {
    /// The opcode in the low four bits of a frame's first octet; the high four are ignored.
    #[must_use]
    pub const fn from_bits(octet: u8) -> Self {
        match octet & 0x0F {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x3 => Self::Reserved3,
            0x4 => Self::Reserved4,
            0x5 => Self::Reserved5,
            0x6 => Self::Reserved6,
            0x7 => Self::Reserved7,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            0xB => Self::ReservedB,
            0xC => Self::ReservedC,
            0xD => Self::ReservedD,
            0xE => Self::ReservedE,
            _ => Self::ReservedF,
        }
    }

    /// The four bits as they stand in a frame's first octet.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self as u8
    }

    /// Whether this is a control opcode: its most significant bit is 1 (§5.5).
    #[must_use]
    pub const fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }

    /// Whether RFC 6455 leaves this opcode without a meaning.
    #[must_use]
    pub const fn is_reserved(self) -> bool {
        !matches!(
            self,
            Self::Continuation | Self::Text | Self::Binary | Self::Close | Self::Ping | Self::Pong
        )
    }
}
