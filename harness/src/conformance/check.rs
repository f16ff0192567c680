//! Which frames the suite takes as a violation when the testee sends them.
//!
//! In: what [`super::wire`] has read, and what the connection is. Out: every rule that is broken,
//! in the suite's order. All of them count: the first makes the engine send Close 1002, the next
//! makes it drop TCP.

use super::case::Opcode;
use super::wire::{Header, Start};
use crate::report::schema::Role;

/// What the connection is at the moment that a frame begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context {
    /// What the *engine* is.
    pub role: Role,
    /// permessage-deflate is agreed.
    pub deflate: bool,
    /// A message has begun and not ended.
    pub inside_message: bool,
}

/// The rules that the first two octets of a frame break.
#[must_use]
pub fn start(start: Start, context: Context) -> Vec<String> {
    let Start { fin, rsv, opcode, masked, short_len } = start;
    let compressed = context.deflate && rsv == 4;
    let mut broken = Vec::new();
    let mut rule = |is_broken: bool, what: &str| {
        if is_broken {
            broken.push(what.to_owned());
        }
    };
    rule(rsv != 0 && !compressed, &format!("RSV is {rsv} and no extension gives it a meaning"));
    rule(context.role == Role::Server && !masked, "a client's frame is not masked");
    rule(context.role == Role::Client && masked, "a server's frame is masked");
    if opcode.is_control() {
        rule(!fin, "a control frame is fragmented");
        rule(short_len > 125, "a control frame has more than 125 octets of payload");
        let known = [Opcode::CLOSE, Opcode::PING, Opcode::PONG].contains(&opcode);
        rule(!known, &format!("control opcode {} is reserved", opcode.0));
        rule(opcode == Opcode::CLOSE && short_len == 1, "a Close frame holds half a code");
        rule(compressed, "a control frame is compressed");
    } else {
        let known = [Opcode::CONTINUATION, Opcode::TEXT, Opcode::BINARY].contains(&opcode);
        let continues = opcode == Opcode::CONTINUATION;
        rule(!known, &format!("data opcode {} is reserved", opcode.0));
        rule(!context.inside_message && continues, "a continuation has no message to go on with");
        rule(context.inside_message && !continues, "a message begins inside another");
        rule(compressed && context.inside_message, "a continuation has RSV1 set");
    }
    broken
}

/// The rules that the length of a frame breaks.
#[must_use]
pub fn length(start: Start, header: &Header) -> Vec<String> {
    let not_minimal = "a length is not in its shortest form".to_owned();
    match (start.short_len, header.payload_len) {
        (126, 0..126) | (127, 0..0x1_0000) => vec![not_minimal],
        (127, 0x8000_0000_0000_0000..) => vec!["a length has its top bit set".to_owned()],
        _ => Vec::new(),
    }
}

/// The suite takes this code in a Close frame. It knows none of those registered after 1011.
#[must_use]
pub fn is_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1011 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Context = Context { role: Role::Client, deflate: false, inside_message: false };

    fn broken(octets: [u8; 2], context: Context) -> Vec<String> {
        start(Start::read(&octets).unwrap(), context)
    }

    #[test]
    fn each_rule_breaks_alone() {
        let inside = Context { inside_message: true, ..CLIENT };
        let deflate = Context { deflate: true, ..CLIENT };
        let deflate_inside = Context { deflate: true, ..inside };
        let server = Context { role: Role::Server, ..CLIENT };
        for (octets, context, what) in [
            ([0xc1, 0], CLIENT, "RSV is 4"),
            ([0x91, 0], CLIENT, "RSV is 1"),
            ([0xa1, 0], deflate, "RSV is 2"),
            ([0x81, 0], server, "not masked"),
            ([0x81, 0x80], CLIENT, "is masked"),
            ([0x09, 0], CLIENT, "fragmented"),
            ([0x89, 126], CLIENT, "more than 125"),
            ([0x8b, 0], CLIENT, "control opcode 11"),
            ([0x88, 1], CLIENT, "half a code"),
            ([0xc9, 0], deflate, "control frame is compressed"),
            ([0x83, 0], CLIENT, "data opcode 3"),
            ([0x80, 0], CLIENT, "no message"),
            ([0x81, 0], inside, "inside another"),
            ([0xc0, 0], deflate_inside, "continuation has RSV1"),
        ] {
            let broken = broken(octets, context);
            assert_eq!(broken.len(), 1, "{octets:02x?}: {broken:?}");
            assert!(broken[0].contains(what), "{octets:02x?}: {broken:?}");
        }
    }

    #[test]
    fn what_is_allowed_breaks_nothing() {
        let inside = Context { inside_message: true, ..CLIENT };
        let deflate = Context { deflate: true, ..CLIENT };
        let server = Context { role: Role::Server, ..CLIENT };
        for (octets, context) in [
            ([0x81, 0], CLIENT),
            ([0x02, 127], CLIENT),
            ([0x80, 0], inside),
            ([0x88, 2], inside),
            ([0x8a, 125], CLIENT),
            ([0xc1, 0], deflate),
            ([0x81, 0x80], server),
        ] {
            assert_eq!(broken(octets, context), Vec::<String>::new(), "{octets:02x?}");
        }
    }

    #[test]
    fn several_rules_break_in_order() {
        let broken = broken([0x7f, 0xff], CLIENT);
        let whats = ["RSV is 7", "is masked", "fragmented", "more than 125", "opcode 15"];
        assert_eq!(broken.len(), whats.len());
        for (broken, what) in broken.iter().zip(whats) {
            assert!(broken.contains(what), "{broken}");
        }
    }

    #[test]
    fn lengths() {
        for (octets, breaks) in [
            (&b"\x82\x7d"[..], false),
            (b"\x82\x7e\x00\x7d", true),
            (b"\x82\x7e\x00\x7e", false),
            (b"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", true),
            (b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", false),
            (b"\x82\x7f\x80\x00\x00\x00\x00\x01\x00\x00", true),
        ] {
            let (header, _) = Header::read(octets).unwrap();
            let broken = length(Start::read(octets).unwrap(), &header);
            assert_eq!(broken.len(), usize::from(breaks), "{octets:02x?}");
        }
    }

    #[test]
    fn close_codes() {
        for code in 0..=u16::MAX {
            let taken = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011].contains(&code)
                || (3000..5000).contains(&code);
            assert_eq!(is_close_code(code), taken, "{code}");
        }
    }
}
