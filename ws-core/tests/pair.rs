//! Two endpoints in memory: does all that is sent arrive, once and in order, and do both ends close
//! clean? (invariant I of the acceptance list)
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use ws_core::connection::{Config, Delivery, Transport};
use ws_core::frame::CloseFrame;
use ws_core::{CloseCode, Limits, Message, MessageKind, Role};

use support::{BOTH_ROLES, Driver, NOW, Seen, delivering};

mod oracle;
mod support;

/// A client and a server, and the octets under way between them.
#[derive(Debug)]
struct Pair {
    ends: [Driver; 2],
    /// How much of each end's output the other has read.
    read: [usize; 2],
    /// What each end sent: messages and Pings, in order.
    sent: [Vec<Seen>; 2],
}

const BYE: CloseFrame<'_> = CloseFrame { code: CloseCode::GOING_AWAY, reason: "bye" };

impl Pair {
    fn new(config: Config) -> Self {
        Self {
            ends: [Role::Client, Role::Server].map(|role| Driver::new(role, config)),
            read: [0; 2],
            sent: [Vec::new(), Vec::new()],
        }
    }

    fn send(&mut self, end: usize, message: &Message) {
        self.ends[end].connection.send(message).unwrap();
        self.sent[end].push(Seen::message(message.kind(), message.payload().to_vec()));
    }

    /// One message in fragments of at most `len` octets, with a Ping behind each.
    fn send_fragmented(&mut self, end: usize, kind: MessageKind, payload: &[u8], len: usize) {
        let mut fragments: Vec<_> = payload.chunks(len.max(1)).collect();
        let last = fragments.pop().unwrap_or_default();
        for fragment in fragments {
            self.ends[end].connection.send_fragment(kind, fragment, false).unwrap();
            self.ping(end, b"between");
        }
        self.ends[end].connection.send_fragment(kind, last, true).unwrap();
        self.sent[end].push(Seen::message(kind, payload.to_vec()));
    }

    fn ping(&mut self, end: usize, payload: &[u8]) {
        self.ends[end].connection.ping(payload).unwrap();
        self.sent[end].push(Seen::Ping(payload.to_vec()));
    }

    fn close(&mut self, end: usize) {
        self.ends[end].connection.close(Some(BYE), NOW).unwrap();
    }

    /// Moves at most `len` octets from one end to the other.
    fn carry(&mut self, from: usize, len: usize) -> usize {
        self.ends[from].write_some(len);
        let under_way = self.ends[from].written[self.read[from]..].to_vec();
        self.read[from] += under_way.len();
        self.ends[1 - from].feed_silently(&under_way);
        under_way.len()
    }

    /// Moves octets both ways until there are none.
    fn settle(&mut self, len: usize) {
        while self.carry(0, len) + self.carry(1, len) > 0 {}
    }

    /// What `end` was told, without Pongs and the terminal event; and that one.
    fn received(&self, end: usize) -> (Vec<Seen>, Option<Seen>) {
        let mut events = self.ends[end].notes.events.clone();
        events.retain(|seen| !matches!(seen, Seen::Pong(_)));
        let terminal = events.pop_if(|seen| seen.is_terminal());
        (events, terminal)
    }

    /// All has arrived, both Closes were exchanged, and the streams end as §7.1.1 says.
    fn assert_clean(&mut self) {
        for end in [0, 1] {
            let (events, terminal) = self.received(end);
            assert!(events == self.sent[1 - end], "all, once, in order");
            let bye = Seen::Close(Some((1001, "bye".into())));
            let echo = Seen::Close(Some((1001, String::new())));
            assert!(terminal == Some(bye) || terminal == Some(echo), "{terminal:?}");
            let frames = self.ends[end].frames();
            assert_eq!(frames.iter().filter(|frame| frame.opcode == oracle::CLOSE).count(), 1);
        }
        let [client, server] = &mut self.ends;
        assert_eq!(server.connection.poll_transport(), Transport::ShutDown, "the server first");
        assert_eq!(client.connection.poll_transport(), Transport::AwaitEnd, "the client waits");
        client.end_of_stream();
        assert_eq!(client.connection.poll_transport(), Transport::Close);
        server.end_of_stream();
        assert_eq!(server.connection.poll_transport(), Transport::Close);
    }
}

fn octets(kind: MessageKind, len: usize) -> Vec<u8> {
    match kind {
        MessageKind::Text => (b'a'..=b'z').cycle().take(len).collect(),
        MessageKind::Binary => (0..=250).cycle().take(len).collect(),
    }
}

fn message(kind: MessageKind, len: usize) -> Message {
    match kind {
        MessageKind::Text => Message::text(String::from_utf8(octets(kind, len)).unwrap()),
        MessageKind::Binary => Message::binary(octets(kind, len)),
    }
}

const KINDS: [MessageKind; 2] = [MessageKind::Text, MessageKind::Binary];
const LENGTHS: [usize; 10] = [0, 1, 125, 126, 127, 8_191, 8_192, 65_535, 65_536, 150_000];

#[test]
fn messages_of_all_lengths_both_ways() {
    for delivery in [Delivery::Messages, Delivery::Pieces] {
        for carried in [1000, 65_536, usize::MAX] {
            let mut pair = Pair::new(delivering(delivery));
            for len in LENGTHS {
                for kind in KINDS {
                    for end in [0, 1] {
                        pair.send(end, &message(kind, len));
                    }
                    pair.ping(0, &octets(kind, len.min(125)));
                    pair.settle(carried);
                }
            }
            pair.close(1);
            pair.settle(carried);
            pair.assert_clean();
        }
    }
}

#[test]
fn octet_by_octet() {
    let mut pair = Pair::new(Config::default());
    for kind in KINDS {
        for end in [0, 1] {
            pair.send(end, &message(kind, 300));
            pair.send_fragmented(end, kind, &octets(kind, 50), 7);
        }
    }
    pair.settle(1);
    pair.close(0);
    pair.settle(1);
    pair.assert_clean();
}

#[test]
fn fragments_of_all_lengths_with_pings_between() {
    for end in [0, 1] {
        let mut pair = Pair::new(Config::default());
        for kind in KINDS {
            for len in [0, 1, 10, 1000] {
                for fragment_len in [1, 3, 126, 1000] {
                    pair.send_fragmented(end, kind, &octets(kind, len), fragment_len);
                    // A thousand fragments of one octet have a thousand Pings between them.
                    pair.ends[1 - end].now += Limits::default().ping_window();
                    pair.settle(usize::MAX);
                }
            }
        }
        pair.close(end);
        pair.settle(100);
        pair.assert_clean();
    }
}

#[test]
fn either_end_may_close_or_both_at_once() {
    for closers in [&[0][..], &[1], &[0, 1]] {
        for carried in [1, 3, 1000] {
            let mut pair = Pair::new(Config::default());
            pair.send(0, &message(MessageKind::Text, 20));
            pair.send(1, &message(MessageKind::Binary, 200));
            closers.iter().for_each(|&end| pair.close(end));
            if closers.len() == 2 {
                // Our Close crosses the peer's message: by default it is not delivered any more.
                pair.sent = [Vec::new(), Vec::new()];
            } else {
                // So is the message that comes towards the one who closed.
                pair.sent[1 - closers[0]].clear();
            }
            pair.settle(carried);
            pair.assert_clean();
        }
    }
}

#[test]
fn each_ping_is_answered() {
    for end in [0, 1] {
        let mut pair = Pair::new(Config::default());
        for number in 0..10_u8 {
            pair.ping(end, &[number]);
        }
        pair.settle(usize::MAX);
        let pongs: Vec<_> = (0..10_u8).map(|number| Seen::Pong(vec![number])).collect();
        assert_eq!(pair.ends[end].notes.events, pongs);
    }
}

/// What may happen, in any order.
#[derive(Debug, Clone)]
enum Step {
    Send(usize, MessageKind, usize),
    Fragments(usize, MessageKind, usize, usize),
    Ping(usize, usize),
    Carry(usize, usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let end = || 0..2_usize;
    let kind = || prop::sample::select(&KINDS[..]);
    let len = || prop_oneof![4 => 0..300_usize, 1 => 8_000..9_000_usize, 1 => 65_000..66_000_usize];
    prop_oneof![
        3 => (end(), kind(), len()).prop_map(|(end, kind, len)| Step::Send(end, kind, len)),
        1 => (end(), kind(), 0..500_usize, 20..200_usize)
            .prop_map(|(end, kind, len, each)| Step::Fragments(end, kind, len, each)),
        1 => (end(), 0..=125_usize).prop_map(|(end, len)| Step::Ping(end, len)),
        5 => (end(), 0..5_000_usize).prop_map(|(end, len)| Step::Carry(end, len)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_script_ends_clean(
        steps in prop::collection::vec(any_step(), 0..40),
        closer in 0..2_usize,
        pieces: bool,
        carried in 1..10_000_usize,
    ) {
        let delivery = if pieces { Delivery::Pieces } else { Delivery::Messages };
        let mut config = delivering(delivery);
        config.limits = Limits::builder().max_write_buffer(1 << 30).build().unwrap();
        config.deliver_while_closing = true;
        let mut pair = Pair::new(config);
        for step in steps {
            match step {
                Step::Send(end, kind, len) => pair.send(end, &message(kind, len)),
                Step::Fragments(end, kind, len, each) => {
                    pair.send_fragmented(end, kind, &octets(kind, len), each);
                }
                Step::Ping(end, len) => pair.ping(end, &octets(MessageKind::Binary, len)),
                Step::Carry(from, len) => drop(pair.carry(from, len)),
            }
            for end in [0, 1] {
                let (events, terminal) = pair.received(end);
                prop_assert!(pair.sent[1 - end].starts_with(&events), "a prefix of what was sent");
                prop_assert_eq!(terminal, None);
            }
        }
        pair.close(closer);
        pair.settle(carried);
        pair.assert_clean();
    }
}

#[test]
fn the_roles_are_each_others_peers() {
    for role in BOTH_ROLES {
        assert_eq!(role.peer().peer(), role);
        assert_ne!(role.masks(), role.peer().masks(), "exactly one of the two masks");
    }
    assert!(Role::Client.masks());
}
