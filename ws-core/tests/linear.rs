//! Is every octet looked at once, however it comes? (G5, F16, F17)
//!
//! Nothing here is timed. The octets that a connection is done with are scribbled over between two
//! reads: whoever validated, unmasked or moved them a second time would be found out, because the
//! scribble is not UTF-8 and must come out of the last call as it was written.
#![cfg(feature = "alloc")]

use ws_core::connection::{Config, Event, Received};
use ws_core::{MessageKind, Role};

use oracle::{BINARY, CONTINUATION, Frame, TEXT, key_to, ping, text, wire_to};
use support::{BOTH_ROLES, MAX_UNREAD, NOW, connect};

mod oracle;
mod support;

/// Never a part of UTF-8.
const SCRIBBLE: u8 = 0xFF;

/// What went through [`play`].
struct Played {
    payload: Vec<u8>,
    calls: usize,
    /// The most octets kept beyond the message so far.
    unread: usize,
}

/// Feeds one message, `reads` cut as they come; `so_far` tells the octets of payload after each.
fn play(role: Role, reads: impl Iterator<Item = (Vec<u8>, usize)>) -> Played {
    let mut connection = connect(role, Config::default());
    let mut buffer: Vec<u8> = Vec::new();
    let mut played = Played { payload: Vec::new(), calls: 0, unread: 0 };
    let mut scribbled = 0;
    for (read, so_far) in reads {
        assert!(played.payload.is_empty(), "nothing comes behind the message");
        buffer.extend(read);
        played.calls += 1;
        let Received { event, discard, keep } = connection.handle_input(&mut buffer, NOW);
        match event {
            None => {}
            Some(Event::Message { payload, .. }) => {
                played.payload = payload.to_vec();
                continue;
            }
            Some(event) => panic!("{event:?}"),
        }
        buffer.truncate(discard + keep);
        buffer.drain(..discard);
        assert!(keep >= so_far, "the message so far is kept");
        played.unread = played.unread.max(keep - so_far);
        buffer[scribbled..so_far].fill(SCRIBBLE);
        scribbled = so_far;
    }
    played
}

/// A text message of `count` fragments, each with its octets and the length of the message so far.
fn fragments(role: Role, fragment: &str, count: usize) -> impl Iterator<Item = (Vec<u8>, usize)> {
    let last = count - 1;
    (0..count).map(move |nth| {
        let opcode = if nth == 0 { TEXT } else { CONTINUATION };
        let frame = Frame::new(nth == last, opcode, fragment);
        (frame.octets(key_to(role)), (nth + 1) * fragment.len())
    })
}

fn assert_scribbled(played: &Played, last: &[u8], len: usize) {
    let (scribbled, rest) = played.payload.split_at(len - last.len());
    assert!(scribbled.iter().all(|&octet| octet == SCRIBBLE), "no octet is touched twice");
    assert_eq!(rest, last, "the last read");
}

#[test]
fn f16_4_mib_in_fragments_of_64_octets() {
    let fragment = "0123456789abcdef".repeat(4);
    for role in BOTH_ROLES {
        let played = play(role, fragments(role, &fragment, 65_536));
        assert_eq!((played.calls, played.unread), (65_536, 0), "{role:?}");
        assert_scribbled(&played, fragment.as_bytes(), 4 << 20);
    }
}

#[test]
fn f16_65536_fragments_of_one_octet() {
    for role in BOTH_ROLES {
        let played = play(role, fragments(role, "x", 65_536));
        assert_eq!((played.calls, played.unread), (65_536, 0), "{role:?}");
        assert_scribbled(&played, b"x", 65_536);
    }
}

/// F16 with reads that know nothing of frames: each carries the end of one and the start of others.
#[test]
fn f16_fragments_over_reads_of_1000_octets() {
    const FRAGMENT: &[u8] = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    for role in BOTH_ROLES {
        let wire: Vec<_> = fragments(role, str::from_utf8(FRAGMENT).unwrap(), 4096).collect();
        let wire: Vec<u8> = wire.into_iter().flat_map(|(octets, _)| octets).collect();
        let header_len = 2 + key_to(role).map_or(0, |key| key.len());
        let reads = wire.chunks(1000).scan(0, |fed, read| {
            *fed += read.len();
            let (frames, rest) = (*fed / (header_len + 64), *fed % (header_len + 64));
            Some((read.to_vec(), frames * 64 + rest.saturating_sub(header_len)))
        });
        let played = play(role, reads);
        assert!(played.unread < header_len, "{} octets of a header at most", played.unread);
        let from_last_read = played.payload.iter().filter(|&&octet| octet != SCRIBBLE).count();
        assert!(from_last_read <= 1000, "the others were scribbled over: {from_last_read}");
        assert_eq!(played.payload.len(), 4096 * 64);
    }
}

/// F17: 1 MiB, octet by octet; kept is what came, less the header.
#[test]
fn f17_1_mib_in_reads_of_one_octet() {
    const LEN: usize = 1 << 20;
    for (role, opcode) in [(Role::Server, TEXT), (Role::Client, BINARY)] {
        let wire = Frame::new(true, opcode, vec![b'x'; LEN]).octets(key_to(role));
        let header_len = wire.len() - LEN;
        let reads = wire
            .iter()
            .enumerate()
            .map(|(at, &octet)| (vec![octet], (at + 1).saturating_sub(header_len)));
        let played = play(role, reads);
        assert_eq!(played.calls, wire.len());
        assert!(played.unread < header_len, "{} beyond the message", played.unread);
        assert_scribbled(&played, b"x", LEN);
    }
}

/// A control frame that waits in the middle of a message is all that may be moved again and again.
#[test]
fn a_waiting_control_frame_is_all_that_is_read_twice() {
    for role in BOTH_ROLES {
        let mut connection = connect(role, Config::default());
        let mut buffer = wire_to(role, &[Frame::new(false, BINARY, vec![7; 5000])]);
        let wire = wire_to(role, &[ping(&[9; 125])]);
        for (fed, &octet) in wire.iter().enumerate() {
            let received = connection.handle_input(&mut buffer, NOW);
            assert_eq!(received.event, None);
            let unread = received.keep - 5000;
            assert!(unread == fed && unread < MAX_UNREAD, "{unread} of the control frame");
            let (discard, keep) = (received.discard, received.keep);
            buffer.truncate(discard + keep);
            buffer.drain(..discard);
            buffer[..5000].fill(SCRIBBLE);
            buffer.push(octet);
        }
        assert!(matches!(connection.handle_input(&mut buffer, NOW).event, Some(Event::Ping(_))));
        assert!(buffer[..5000].iter().all(|&octet| octet == SCRIBBLE), "{role:?}");
    }
}

/// Many messages in one read: a call leaves alone whatever is behind its event.
#[test]
fn octets_behind_an_event_are_not_touched() {
    for role in BOTH_ROLES {
        let frames = [vec![text("message"); 50], vec![ping(b"ping"); 50]].concat();
        let wire = wire_to(role, &frames);
        let mut connection = connect(role, Config::default());
        let mut buffer = wire.clone();
        let mut start = 0;
        for _ in &frames {
            let received = connection.handle_input(&mut buffer[start..], NOW);
            assert!(matches!(
                received.event,
                Some(Event::Message { kind: MessageKind::Text, .. } | Event::Ping(_))
            ));
            start += received.discard;
            assert_eq!(buffer[start..], wire[start..], "{role:?}");
        }
        assert_eq!(start, wire.len());
    }
}
