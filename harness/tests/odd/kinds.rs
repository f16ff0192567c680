//! The ways of being odd, and their names.

/// One way of being odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Odd {
    /// Not at all: checks frames, checks UTF-8 when the message ends, echoes close codes.
    Good,
    /// Never answers a Close.
    NoCloseReply,
    /// Answers a Close and keeps TCP open.
    NoDrop,
    /// Closes TCP on a violation, without a Close.
    DropRaw,
    /// Resets TCP on a violation.
    Rst,
    /// Sends Close on a violation and closes TCP at once.
    FireAndClose,
    /// Says 1008 on a violation, and answers a Close with 1011.
    WrongCode,
    /// Never puts a code in a Close.
    EmptyClose,
    /// Swallows bad frames, echoes what is not UTF-8, answers any Close.
    Lenient,
    /// Opens, and then does nothing.
    Silent,
    /// Sends Close right after the answer.
    CloseFirst,
    /// Closes TCP in answer to a Close.
    CloseTcp,
    /// Sends a Ping before each echo.
    Pingy,
    /// Sends a Pong that nobody asked for before each echo.
    Pongy,
    /// Echoes everything twice.
    Twice,
    /// Masks its frames as a server, does not as a client.
    Masked,
    /// Says 1012 whatever it is about.
    Code1012,
    /// Closes TCP in place of an answer.
    TcpClose,
    /// Answers 400.
    Http400,
    /// Answers with a wrong Sec-WebSocket-Accept.
    BadAccept,
    /// Never answers a Ping.
    NoPong,
    /// Answers a Ping after 1.7 s.
    LatePong,
    /// Echoes after 1.7 s.
    LateEcho,
    /// Answers a Close after 1.7 s.
    LateClose,
    /// Changes the first octet of what it echoes.
    Altered,
    /// Echoes text as binary, and binary as text.
    WrongType,
    /// Echoes in fragments of seven octets.
    Fragments,
    /// Writes octet by octet.
    Bytewise,
    /// Says something in the same write as its opening.
    Greeting,
    /// Sends a text behind its Close.
    DataAfterClose,
    /// Sends each Close twice.
    CloseTwice,
    /// Sends a Close of 126 octets.
    LongClose,
    /// Gives a reason that is not UTF-8.
    BadReason,
    /// Sends a Close of one octet.
    OneOctetClose,
    /// Says 1005, which may not be said.
    Code1005,
    /// Sets RSV2 in what it echoes.
    Rsv2,
    /// Sends Pongs without FIN.
    PongFragment,
    /// Writes every length in eight octets.
    NotMinimal,
    /// Neither echoes nor minds text that is not UTF-8.
    SwallowUtf8,
    /// Sends a frame of opcode 3 before each echo.
    Opcode3,
    /// Sends the first octets of a frame for an echo, and closes TCP.
    HalfFrame,
    /// Leaves out Upgrade.
    NoUpgrade,
    /// Speaks HTTP/1.0.
    Http10,
    /// Selects, or offers, a subprotocol.
    Subprotocol,
    /// Takes, or offers, an extension that nobody knows.
    Extension,
    /// Not at all, and speaks permessage-deflate with windows of 9 bits.
    Deflate,
    /// Adds a parameter to permessage-deflate that there is not.
    UnknownParameter,
    /// Says a window of 7 bits.
    Window7,
    /// Says a window of 8 bits.
    Window8,
    /// Gives a value to `server_no_context_takeover`.
    FlagValue,
    /// Says permessage-deflate twice.
    TwoAnswers,
    /// Agrees to a window of 9 bits, and takes one of 15.
    IgnoresWindow,
    /// Agrees to compress each message for itself, and refers to earlier ones.
    IgnoresTakeover,
    /// Sets RSV1 on continuations as well.
    Rsv1Continuation,
    /// Leaves out the second half of what it has compressed.
    Truncated,
    /// Sends octets that are no deflate stream.
    Garbage,
    /// Agrees to compress, and does not.
    Uncompressed,
    /// Sets RSV1 though nothing is agreed.
    Rsv1NotAgreed,
    /// Ends each message with a final block.
    FinalBlock,
}

impl Odd {
    /// All of them.
    pub const ALL: [Self; 59] = {
        use Odd::*;
        [
            Good,
            NoCloseReply,
            NoDrop,
            DropRaw,
            Rst,
            FireAndClose,
            WrongCode,
            EmptyClose,
            Lenient,
            Silent,
            CloseFirst,
            CloseTcp,
            Pingy,
            Pongy,
            Twice,
            Masked,
            Code1012,
            TcpClose,
            Http400,
            BadAccept,
            NoPong,
            LatePong,
            LateEcho,
            LateClose,
            Altered,
            WrongType,
            Fragments,
            Bytewise,
            Greeting,
            DataAfterClose,
            CloseTwice,
            LongClose,
            BadReason,
            OneOctetClose,
            Code1005,
            Rsv2,
            PongFragment,
            NotMinimal,
            SwallowUtf8,
            Opcode3,
            HalfFrame,
            NoUpgrade,
            Http10,
            Subprotocol,
            Extension,
            Deflate,
            UnknownParameter,
            Window7,
            Window8,
            FlagValue,
            TwoAnswers,
            IgnoresWindow,
            IgnoresTakeover,
            Rsv1Continuation,
            Truncated,
            Garbage,
            Uncompressed,
            Rsv1NotAgreed,
            FinalBlock,
        ]
    };

    /// Its name in tables: the variant's, in lower case.
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    pub fn named(name: &str) -> Self {
        let found = Self::ALL.into_iter().find(|odd| odd.name() == name);
        found.unwrap_or_else(|| panic!("no such endpoint: {name}"))
    }
}
