//! How implementations usually fail a case: what to look at first, subgroup by subgroup.
//!
//! In: a case's id. Out: a sentence or two. Every one of them is a defect that some implementation
//! has had; no implementation is named. The tables of the cases know nothing of this.

use super::CaseId;
use super::select::matches;

/// What to look at first when this case fails; empty for an id that is no case.
#[must_use]
pub fn of(id: &CaseId) -> &'static str {
    let id = id.to_string();
    let is_about = |patterns: &str| patterns.split(' ').any(|pattern| matches(pattern, &id));
    TABLE.iter().find(|(patterns, _)| is_about(patterns)).map_or("", |(_, text)| text)
}

/// Patterns of cases, and what goes wrong in these. No case is in two rows.
pub const TABLE: &[(&str, &str)] = &[
    // 1: payload lengths
    (
        "1.1.1 1.2.1",
        "An empty message is dropped, or a read that brings no payload is taken for the end of the \
         stream.",
    ),
    (
        "1.1.2 1.1.3 1.1.4 1.1.5 1.1.6 1.1.7 1.2.2 1.2.3 1.2.4 1.2.5 1.2.6 1.2.7",
        "One length form is chosen one octet too early or too late (125 and 126, 65535 and 65536), \
         or an extended length is read as signed, in 32 bits or in the wrong order of octets.",
    ),
    (
        "1.1.8 1.2.8",
        "The frame is taken to arrive in one read: the rest of it is read as a header, or unmasking \
         begins anew at each read in the stead of where the last one stopped.",
    ),
    // 2: Ping and Pong
    (
        "2.1 2.2 2.3 2.4",
        "The Pong comes without the Ping's application data, or the data goes through a string and \
         is no longer the same; or the Pong is queued and flushed only when the application sends.",
    ),
    ("2.5", "The 125 octets are checked for a Close only, or after the whole payload was read."),
    ("2.6", "A control frame is taken to arrive whole, so one that is cut into reads is misread."),
    (
        "2.7 2.8 2.9",
        "A Pong that answers no Ping is treated as a violation, answered, or ends a timer that \
         was not set.",
    ),
    (
        "2.10 2.11",
        "A queue for Pongs drops or reorders some, or only the latest Ping of a read is answered. \
         The RFC allows to answer the latest alone; the suite expects every one.",
    ),
    // 3: reserved bits
    (
        "3.*",
        "The bits are not looked at, or the wrong ones are masked out of the first octet; RSV1 is \
         let through as soon as permessage-deflate is compiled in, though it was not agreed; or \
         what came before the bad frame is thrown away with it.",
    ),
    // 4: opcodes
    (
        "4.1.*",
        "An unknown opcode falls through to the arm for data, or the frame is skipped and the \
         connection goes on.",
    ),
    (
        "4.2.*",
        "Opcodes from 8 on count as control frames and are then ignored, rather than failing the \
         connection.",
    ),
    // 5: fragmentation
    (
        "5.1 5.2",
        "FIN is checked for data frames only, so a control frame in fragments is answered.",
    ),
    (
        "5.3 5.4 5.5",
        "Each fragment is delivered as a message of its own, or the opcode of the message is taken \
         from the last fragment, which is a continuation.",
    ),
    (
        "5.6 5.7 5.8 5.19 5.20",
        "A control frame between fragments overwrites the state of the message, or waits until the \
         message is complete before it is answered.",
    ),
    (
        "5.9 5.10 5.11 5.12 5.13 5.14 5.15 5.16 5.17",
        "A continuation is appended to whatever buffer there is, without asking whether a message \
         has begun; or frames of the same read are still looked at after the violation.",
    ),
    (
        "5.18",
        "A second data frame restarts the message, or its payload is appended, in the stead of \
         failing the connection.",
    ),
    // 6: UTF-8
    (
        "6.1.*",
        "An empty fragment ends the message, is refused, or resets the validator between fragments.",
    ),
    (
        "6.2.*",
        "Each fragment is validated by itself, so a character that is cut in two is taken for an \
         error; or the validator starts anew with each read.",
    ),
    (
        "6.3.*",
        "Text is handed on without validation, or with U+FFFD for what is no UTF-8; or the code is \
         1002 where 1007 is meant.",
    ),
    (
        "6.4.*",
        "Text is validated when the message is complete: correct, and NON-STRICT. To fail at the \
         first bad octet takes a validator that is fed with each piece as it arrives.",
    ),
    (
        "6.5.* 6.6.*",
        "A prefix that ends between two octets of a character passes, since nobody asks at the end \
         of the message whether a character is unfinished; or sequences of three octets are refused.",
    ),
    (
        "6.7.* 6.9.* 6.11.*",
        "The borders of a length are off by one: U+007F, U+07FF, U+FFFF, U+10FFFF, or U+D7FF and \
         U+E000 around the surrogates; or four octets are not understood at all.",
    ),
    (
        "6.8.* 6.10.*",
        "A validator of the old definition accepts five and six octets, or codes past U+10FFFF.",
    ),
    (
        "6.12.* 6.13.* 6.14.* 6.15.* 6.16.*",
        "The validator looks at lead octets only, so continuation octets that are missing, too many \
         or replaced by other octets pass; or the message may end within a character.",
    ),
    (
        "6.17.* 6.18.* 6.19.*",
        "A decoder computes the code and does not ask whether a shorter form would have done: the \
         second octet's range depends on the first (E0, F0), and C0 and C1 never occur.",
    ),
    (
        "6.20.* 6.21.*",
        "Surrogates pass, alone or in pairs, in a language whose own strings are made of them: the \
         second octet behind ED ends at 9F.",
    ),
    (
        "6.22.* 6.23.*",
        "The validator is too strict: noncharacters and U+FFFD are legal in UTF-8, and a decoder \
         that uses U+FFFD as its sign for an error takes the real one for it.",
    ),
    // 7: the closing handshake
    (
        "7.1.1",
        "TCP is closed without a Close in answer, or by the client before the server had its turn.",
    ),
    (
        "7.1.2 7.1.3 7.1.4 7.1.5",
        "Frames behind a Close are still read, answered or delivered because they came in the same \
         read; or the Close is answered twice.",
    ),
    (
        "7.1.6",
        "For information: whether an echo in the making is finished or given up when a Close \
         arrives. A testee that writes and never reads meanwhile blocks here.",
    ),
    (
        "7.3.1 7.3.3 7.3.4 7.3.5",
        "A Close without a code is answered with 1005, which must not be on the wire; or the reason \
         is limited to fewer than 123 octets.",
    ),
    (
        "7.3.2",
        "The code is read without asking for two octets: a panic, an exception, or a Close with a \
         code of one octet and one that happened to be behind it.",
    ),
    ("7.3.6", "The limit of 125 octets is not applied to a Close, or it counts the reason alone."),
    (
        "7.5.1",
        "The reason is not validated, or is decoded with replacement characters, since only \
         messages go through the validator.",
    ),
    (
        "7.7.*",
        "A list of known codes leaves some out: 1007 to 1011, or the ranges 3000 to 3999 and 4000 \
         to 4999, which are for libraries and applications.",
    ),
    (
        "7.9.*",
        "Any number is taken for a code, or every code below 5000; 1004, 1005, 1006, those from \
         1016 to 2999 and those below 1000 must not be sent. Echoing such a code repeats the fault.",
    ),
    (
        "7.13.*",
        "For information: the RFC defines nothing from 5000 on. To fail the connection with 1002 is \
         as good as to echo the code; a limit of 16 bits with a sign is not.",
    ),
    // 9: limits and performance
    (
        "9.1.* 9.2.*",
        "A default limit lies below 16 MiB (some are 16 KiB), and the connection is closed with 1009; \
         or the buffer grows by a constant, so that time grows with the square of the length.",
    ),
    (
        "9.3.* 9.4.*",
        "All octets are validated or copied again with each of up to 65536 fragments, which takes \
         time with the square of the message; or a limit of fragments lies below that.",
    ),
    (
        "9.5.* 9.6.*",
        "The header or the whole message is parsed again at each read, or each read costs an \
         allocation of the whole buffer.",
    ),
    (
        "9.7.* 9.8.*",
        "Nagle's algorithm and delayed acknowledgements add 40 ms to each echo: set TCP_NODELAY, \
         and write header and payload in one call.",
    ),
    // 10: automatic fragments
    (
        "10.*",
        "The length of the message is checked against a limit made for one frame, or the echo is \
         delivered fragment by fragment.",
    ),
    // 12 and 13: permessage-deflate
    (
        "12.*",
        "The four octets 00 00 FF FF are not appended before inflating or not removed after \
         compressing; the context is lost after a message that was sent uncompressed; output that \
         just fills the buffer is cut; RSV1 is expected on continuations; or UTF-8 is checked before \
         inflating.",
    ),
    (
        "13.1.*",
        "The answer has a parameter that was not offered, or the second message fails because one \
         endpoint keeps its context and the other does not.",
    ),
    (
        "13.2.*",
        "no_context_takeover is understood for the wrong direction, so that the second message \
         refers to a window that is gone.",
    ),
    (
        "13.3.* 13.5.*",
        "The window agreed for one direction is used for the other, or is agreed and not used: the \
         compressor still refers back farther than 512 octets. zlib has no raw window of 8 bits and \
         makes 9 of it in silence.",
    ),
    (
        "13.4.* 13.6.*",
        "A parameter that equals the default is refused or answered though it was not offered; \
         client_max_window_bits without a value is not understood.",
    ),
    (
        "13.7.*",
        "Only the first offer of the list is looked at, or parameters of two offers are mixed; the \
         first that can be accepted is to be taken, whole.",
    ),
];
