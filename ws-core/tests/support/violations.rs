//! Every way for a peer to break the rules, as a table: what comes before, the octets in breach,
//! the octet at which the verdict falls, the verdict.

use ws_core::connection::Config;
use ws_core::{Limits, Role, Violation};

use crate::oracle::{
    self, BINARY, CLOSE, CONTINUATION, Form, Frame, KEY, PING, PONG, TEXT, continuation, key_to,
    ping, text, text_start,
};

/// The octet of the breach (1 is its first) with which the connection fails, and not before.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At {
    Octet(usize),
    /// The last octet of the header.
    Header,
    /// This octet of the payload: 1 is its first.
    Payload(usize),
}

/// The octets in breach.
#[derive(Debug, Clone)]
pub(crate) enum Breach {
    /// A frame of this first octet, with this length in this form, and as much payload as there is.
    Frame { first: u8, form: Form, len: u64, payload: Vec<u8> },
    /// The same, short: one octet of payload, masked as the wrong role does.
    WrongMask { first: u8 },
    /// No frame at all.
    Octets(&'static [u8]),
}

#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) before: Vec<Frame>,
    pub(crate) breach: Breach,
    pub(crate) at: At,
    pub(crate) violation: Violation,
}

impl Row {
    pub(crate) fn breach_to(&self, receiver: Role) -> Vec<u8> {
        let key = key_to(receiver);
        match &self.breach {
            Breach::Frame { first, form, len, payload } => {
                let header = oracle::header(*first, key, *form, *len);
                [header, oracle::masked(payload, key)].concat()
            }
            Breach::WrongMask { first } => {
                let wrong = if key.is_some() { None } else { Some(KEY) };
                [oracle::header(*first, wrong, Form::Shortest, 1), vec![0]].concat()
            }
            Breach::Octets(octets) => octets.to_vec(),
        }
    }

    /// How many octets of the breach it takes.
    pub(crate) fn verdict_at(&self, receiver: Role) -> usize {
        let payload_len = match &self.breach {
            Breach::Frame { payload, .. } => payload.len(),
            _ => 0,
        };
        let header_len = self.breach_to(receiver).len() - payload_len;
        match self.at {
            At::Octet(octet) => octet,
            At::Header => header_len,
            At::Payload(octet) => header_len + octet,
        }
    }

    /// The verdict of a receiver in this role: [`Row::violation`], but for F08.
    pub(crate) fn violation_for(&self, receiver: Role) -> Violation {
        match (self.violation, receiver) {
            (Violation::Unmasked, Role::Client) => Violation::Masked,
            (violation, _) => violation,
        }
    }

    /// All octets, from the first frame to the last octet in breach.
    pub(crate) fn wire_to(&self, receiver: Role) -> Vec<u8> {
        [oracle::wire_to(receiver, &self.before), self.breach_to(receiver)].concat()
    }
}

/// Limits low enough for every row to reach them.
pub(crate) fn tight() -> Config {
    let limits = Limits::builder()
        .max_message_len(1000)
        .max_frame_len(600)
        .max_fragments(5)
        .max_pings(10)
        .build();
    Config::with_limits(limits.expect("consistent"))
}

fn frame(fin: bool, opcode: u8, payload: &[u8]) -> Breach {
    rsv_frame(fin, 0, opcode, payload)
}

fn rsv_frame(fin: bool, rsv: u8, opcode: u8, payload: &[u8]) -> Breach {
    let frame = Frame::new(fin, opcode, payload).rsv(rsv);
    let len = payload.len() as u64;
    Breach::Frame { first: frame.first_octet(), form: Form::Shortest, len, payload: frame.payload }
}

/// A final binary frame that claims `len` octets and brings none.
fn claim(form: Form, len: u64) -> Breach {
    Breach::Frame { first: 0x80 | BINARY, form, len, payload: Vec::new() }
}

fn close_with(payload: &[u8]) -> Breach {
    frame(true, CLOSE, payload)
}

/// The whole table.
pub(crate) fn rows() -> Vec<Row> {
    use At::{Header, Octet, Payload};
    use Violation as V;

    let none = || Vec::new();
    let open = || vec![text_start(b"open")];
    let mut rows = Vec::new();
    let mut add = |id, before: Vec<Frame>, breach, at, violation| {
        rows.push(Row { id, before, breach, at, violation });
    };
    for rsv in 1..=7 {
        add("F01 on text", none(), rsv_frame(true, rsv, TEXT, b"x"), Octet(1), V::ReservedBits);
        add("F01 on a ping", none(), rsv_frame(true, rsv, PING, b""), Octet(1), V::ReservedBits);
        let breach = rsv_frame(true, rsv, CONTINUATION, b"x");
        add("F01 on a continuation", open(), breach, Octet(1), V::ReservedBits);
    }
    for opcode in [3, 4, 5, 6, 7, 0xB, 0xC, 0xD, 0xE, 0xF] {
        add("F02", none(), frame(true, opcode, b"x"), Octet(1), V::ReservedOpcode);
        add("F02 open", open(), frame(true, opcode, b"x"), Octet(1), V::ReservedOpcode);
    }
    for opcode in [CLOSE, PING, PONG] {
        add("F03", none(), frame(false, opcode, b""), Octet(1), V::ControlFragmented);
        add("F03 open", open(), frame(false, opcode, b""), Octet(1), V::ControlFragmented);
        for len in [126, 70_000] {
            let first = 0x80 | opcode;
            let breach = Breach::Frame { first, form: Form::Shortest, len, payload: vec![0; 9] };
            add("F04", none(), breach, Octet(2), V::ControlTooLong);
        }
    }
    for len in [0, 1, 125] {
        add("F05", none(), claim(Form::Bits16, len), Octet(4), V::LengthNotMinimal);
    }
    for len in [0, 125, 126, 65_535] {
        add("F05", none(), claim(Form::Bits64, len), Octet(10), V::LengthNotMinimal);
    }
    for len in [1 << 63, u64::MAX - 13, u64::MAX] {
        add("F06", none(), claim(Form::Bits64, len), Octet(10), V::LengthTopBit);
    }
    // 2⁶⁴ − 14, the usize::MAX − 13 of the catalogue, has its top bit set and so is F06's.
    for len in [(1 << 63) - 1, (1 << 63) - 14, 1 << 32, (1 << 32) - 14] {
        add("F07", none(), claim(Form::Bits64, len), Header, V::FrameTooLong);
    }
    for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
        let breach = Breach::WrongMask { first: 0x80 | opcode };
        // A client says `Masked` instead: see `Row::violation_for`.
        add("F08", none(), breach, Octet(2), V::Unmasked);
    }
    add("F09", none(), claim(Form::Shortest, 601), Header, V::FrameTooLong);
    let long = vec![Frame::new(false, BINARY, [1; 400]), continuation(false, &[2; 400])];
    let breach = frame(true, CONTINUATION, &[3; 201]);
    add("F11", long, breach, Header, V::MessageTooLong);
    for fin in [false, true] {
        let breach = frame(fin, CONTINUATION, b"x");
        add("F12", none(), breach.clone(), Octet(1), V::ContinuationWithoutMessage);
        let closed = vec![text_start(b"a"), continuation(true, b"b"), text("c")];
        add("F12 after a message", closed, breach, Octet(1), V::ContinuationWithoutMessage);
        for opcode in [TEXT, BINARY] {
            let breach = frame(fin, opcode, b"x");
            add("F13", open(), breach.clone(), Octet(1), V::MessageInterrupted);
            let pinged = vec![text_start(b"a"), ping(b"p")];
            add("F13 after a ping", pinged, breach, Octet(1), V::MessageInterrupted);
        }
    }
    for payload in [&b""[..], b"x"] {
        let mut five = vec![text_start(payload)];
        five.extend(vec![continuation(false, payload); 4]);
        let breach = frame(true, CONTINUATION, payload);
        add("F15", five, breach, Header, V::TooManyFragments);
    }
    let unfinished = |payload: &[u8]| Breach::Frame {
        first: 0x80 | TEXT,
        form: Form::Shortest,
        len: 500,
        payload: payload.to_vec(),
    };
    add("F19", none(), unfinished(b"Hello\xFF, and so on"), Payload(6), V::TextNotUtf8);
    let mut long = vec![b'x'; 300];
    long[200] = 0xC0;
    add("F19 behind 64 octets", none(), unfinished(&long), Payload(201), V::TextNotUtf8);
    #[rustfmt::skip]
    let not_utf8: &[(&[u8], usize)] = &[
        (&[0xED, 0xA0, 0x80], 2), (&[0xC0, 0xAF], 1), (&[0xF4, 0x90, 0x80, 0x80], 2),
        (&[0xF8, 0x88, 0x80, 0x80, 0x80], 1), (&[0x80], 1), (&[0xE2, 0x82], 2), (&[b'a', 0xC3], 2),
        (&[0xC3, 0xC3, 0xA9], 2),
    ];
    for &(payload, at) in not_utf8 {
        add("F20", none(), frame(true, TEXT, payload), Payload(at), V::TextNotUtf8);
        let breach = frame(true, CONTINUATION, payload);
        add("F20 in a continuation", open(), breach, Payload(at), V::TextNotUtf8);
    }
    let cut = || vec![text_start(&[0xE2, 0x82])];
    add("F22", cut(), frame(true, CONTINUATION, b"A"), Payload(1), V::TextNotUtf8);
    add("F22 then nothing", cut(), frame(true, CONTINUATION, b""), Header, V::TextNotUtf8);
    add("F23", none(), close_with(&[3]), Payload(1), V::CloseTruncated);
    add("F23 open", open(), close_with(&[3]), Payload(1), V::CloseTruncated);
    add("F24", none(), close_with(&[0x03, 0xED]), Payload(2), V::CloseCodeInvalid);
    add("F24 reason", none(), close_with(b"\0\0why"), Payload(5), V::CloseCodeInvalid);
    let breach = close_with(b"\x03\xE8bad \xED\xA0\x80");
    add("F26", none(), breach, Payload(9), V::CloseReasonNotUtf8);
    let budget = vec![ping(b"ping"); 10];
    add("F33", budget.clone(), frame(true, PING, b"more"), Payload(4), V::TooManyPings);
    let budget = [&[text_start(b"a")], &budget[..]].concat();
    add("F33 open", budget, frame(true, PING, b""), Header, V::TooManyPings);
    let http = Breach::Octets(b"HTTP/1.1 200 OK\r\n\r\n");
    add("F38", none(), http, Octet(1), V::ReservedBits);
    let request = Breach::Octets(b"GET / HTTP/1.1\r\n\r\n");
    add("F38", none(), request, Octet(1), V::ReservedBits);
    let hello = Breach::Octets(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]);
    add("F38 ClientHello", none(), hello, Octet(1), V::ReservedBits);
    rows
}
