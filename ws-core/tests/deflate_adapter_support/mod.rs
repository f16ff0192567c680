//! What the adapters' tests of compressed messages share: a session to receive, messages to send,
//! and a peer that reads what was written, strictly.
#![allow(dead_code, reason = "each test uses its own part")]

use ws_core::deflate::DeflateParams;
use ws_core::{Message, Role};

use crate::deflate_support::{RSV1, Zlib, coded, noise, params, records};
use crate::naive;
use crate::oracle::{BINARY, CONTINUATION, Frame, TEXT, continuation, ping, pong, text};

/// Both ways of agreement: what is taken over, and what is not.
pub(crate) fn agreements() -> [DeflateParams; 2] {
    [params(15, true), params(15, false)]
}

pub(crate) const fn takes_over(params: &DeflateParams) -> bool {
    !params.server_no_context_takeover
}

/// Every kind of message from the peer, on little wire, and the messages that they are.
pub(crate) fn session(takeover: bool) -> (Vec<Frame>, Vec<Message>) {
    let mut zlib = Zlib::new(9, 15, takeover);
    let zeros = vec![0; 40_000];
    let greek = "κόσμε ".repeat(4);
    let short = records(60, 1);
    let frames = vec![
        coded(TEXT, &zlib.message(b"Hello")),
        coded(BINARY, &zlib.message(&zeros)),
        text("plain"),
        ping(b"1"),
    ];
    let in_fragments = zlib.message(greek.as_bytes());
    let (start, rest) = in_fragments.split_at(5);
    let fragments = vec![
        Frame::new(false, TEXT, start).rsv(RSV1),
        ping(b"2"),
        continuation(false, b""),
        continuation(true, rest),
        coded(BINARY, &zlib.message(b"")),
        coded(BINARY, &zlib.message(&short)),
        coded(BINARY, &zlib.message(&short)),
        pong(b"x"),
        Frame::close(1000, "fin"),
    ];
    let messages = vec![
        Message::text("Hello"),
        Message::binary(zeros),
        Message::text("plain"),
        Message::text(greek),
        Message::binary(Vec::new()),
        Message::binary(short.clone()),
        Message::binary(short),
    ];
    ([frames, fragments].concat(), messages)
}

/// What one poll after the other sends: some that shrink, some that do not, text and binary.
pub(crate) fn to_send() -> Vec<Message> {
    vec![
        Message::binary(records(300, 1)),
        Message::text("Hello".repeat(20)),
        Message::binary(noise(200, 3)),
        Message::binary(records(300, 1)),
        Message::text(String::new()),
        Message::binary(records(9000, 2)),
    ]
}

/// The messages that an endpoint has written, inflated one after the other as its peer must, and
/// for each whether it was compressed. Control frames are left out.
pub(crate) fn messages_of(
    params: &DeflateParams,
    sender: Role,
    frames: &[Frame],
) -> Vec<(Message, bool)> {
    let (window, takeover) = params.of_sender(sender);
    let mut inflate = naive::Inflate::new(window.get(), takeover);
    let mut messages = Vec::new();
    let mut open: Option<(u8, bool, Vec<u8>)> = None;
    for frame in frames.iter().filter(|frame| frame.opcode < 8) {
        assert_eq!(frame.opcode == CONTINUATION, open.is_some(), "fragments in order");
        assert!(frame.rsv == 0 || frame.rsv == RSV1 && open.is_none(), "RSV1 on the first alone");
        let (opcode, compressed, payload) =
            open.get_or_insert_with(|| (frame.opcode, frame.rsv == RSV1, Vec::new()));
        payload.extend_from_slice(&frame.payload);
        if !frame.fin {
            continue;
        }
        let plain = if *compressed { inflate.message(payload).unwrap() } else { payload.clone() };
        let message = match *opcode {
            TEXT => Message::text(String::from_utf8(plain).unwrap()),
            _ => Message::binary(plain),
        };
        messages.push((message, *compressed));
        open = None;
    }
    assert!(open.is_none(), "half a message: {open:?}");
    messages
}

/// As [`messages_of`], the messages alone.
pub(crate) fn plain_of(params: &DeflateParams, sender: Role, frames: &[Frame]) -> Vec<Message> {
    messages_of(params, sender, frames).into_iter().map(|(message, _)| message).collect()
}

/// Messages whose last octets may wait for room in what a piece holds, though all of the wire has
/// come: lengths about the end of a piece, as compressed zeros.
pub(crate) fn about_a_piece() -> impl Iterator<Item = (usize, Frame)> {
    (0..2200)
        .map(|more| 16 * 1024 - 200 + more)
        .map(|len| (len, coded(BINARY, &Zlib::new(9, 15, false).message(&vec![0; len]))))
}

/// A message whose text ends inside a code point.
pub(crate) fn cut_texts() -> [Frame; 2] {
    let cut = "naïv\u{e9}".as_bytes();
    let cut = &cut[..cut.len() - 1];
    [Frame::new(true, TEXT, cut), coded(TEXT, &Zlib::new(9, 15, false).message(cut))]
}

pub(crate) fn of_lengths() -> Vec<Message> {
    let lens = [0, 1, 125, 126, 1023, 1024, 16_384, 65_535, 65_536, 65_537, 200_000, 1 << 20];
    let all = lens.into_iter().flat_map(|len| {
        let plain = records(len, len as u64);
        let text = String::from_utf8(plain.clone()).unwrap();
        [Message::binary(plain), Message::text(text), Message::binary(noise(len, 5))]
    });
    all.collect()
}
