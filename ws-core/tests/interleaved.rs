//! Messages in any fragments, with control frames between them, in any reads: is it all told, in
//! order? (F16, F17; shrinks to the few frames and cuts that matter)
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use proptest::sample::Index;
use ws_core::connection::Delivery;
use ws_core::{MessageKind, Role};

use oracle::{CONTINUATION, Frame, ping, pong, wire_to};
use support::{BOTH_ROLES, Driver, delivering, model::model};

mod oracle;
mod support;

/// A message, where it is cut, and what lies behind each of its fragments.
#[derive(Debug, Clone)]
struct Sent {
    kind: MessageKind,
    payload: Vec<u8>,
    cuts: Vec<(Index, Option<Control>)>,
}

#[derive(Debug, Clone)]
enum Control {
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

impl Sent {
    fn frames(&self) -> Vec<Frame> {
        let cut = |(at, control): &(Index, Option<Control>)| {
            (at.index(self.payload.len() + 1), control.clone())
        };
        let mut cuts: Vec<_> = self.cuts.iter().map(cut).collect();
        cuts.sort_by_key(|(at, _)| *at);
        let (mut frames, mut from) = (Vec::new(), 0);
        let mut opcode = self.kind.opcode().bits();
        for (at, control) in cuts {
            frames.push(Frame::new(false, opcode, &self.payload[from..at]));
            (opcode, from) = (CONTINUATION, at);
            frames.extend(control.map(|control| match control {
                Control::Ping(payload) => ping(&payload),
                Control::Pong(payload) => pong(&payload),
            }));
        }
        frames.push(Frame::new(true, opcode, &self.payload[from..]));
        frames
    }
}

fn sent() -> impl Strategy<Value = Sent> {
    let message = prop_oneof![
        // Code points of one to four octets, which cuts may fall into.
        "[a-cκσ€😀]{0,40}".prop_map(|text| (MessageKind::Text, text.into_bytes())),
        prop::collection::vec(any::<u8>(), 0..200).prop_map(|octets| (MessageKind::Binary, octets)),
    ];
    let payload = prop::collection::vec(any::<u8>(), 0..=125);
    let control =
        prop_oneof![payload.clone().prop_map(Control::Ping), payload.prop_map(Control::Pong),];
    let cuts = prop::collection::vec((any::<Index>(), prop::option::of(control)), 0..6);
    (message, cuts).prop_map(|((kind, payload), cuts)| Sent { kind, payload, cuts })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn f17_all_is_told_in_order(
        sent in prop::collection::vec(sent(), 1..5),
        reads in prop::collection::vec(any::<Index>(), 0..12),
        pieces: bool,
    ) {
        let delivery = if pieces { Delivery::Pieces } else { Delivery::Messages };
        let mut frames: Vec<Frame> = sent.iter().flat_map(Sent::frames).collect();
        frames.push(Frame::close(1000, "done"));
        let (events, answers) = model(&frames);
        for role in BOTH_ROLES {
            let wire = wire_to(role, &frames);
            let mut cuts: Vec<usize> = reads.iter().map(|at| at.index(wire.len())).collect();
            cuts.sort_unstable();
            let log = Driver::new(role, delivering(delivery)).feed_cut(&wire, &cuts).log();
            prop_assert_eq!(&log.events, &events, "{:?}", role);
            prop_assert_eq!(&log.output, &answers, "{:?}", role);
        }
    }

    /// What we send in fragments is those fragments, and the peer puts the message together again.
    #[test]
    fn f17_our_own_fragments_reach_the_peer(sent in prop::collection::vec(sent(), 1..5)) {
        for role in BOTH_ROLES {
            let mut driver = Driver::plain(role);
            let mut frames = Vec::new();
            for message in &sent {
                for frame in message.frames() {
                    let payload = &frame.payload;
                    let queued = match frame.opcode {
                        oracle::PING => driver.connection.ping(payload),
                        oracle::PONG => driver.connection.pong(payload),
                        _ => driver.connection.send_fragment(message.kind, payload, frame.fin),
                    };
                    prop_assert_eq!(queued, Ok(()));
                    frames.push(frame);
                }
            }
            driver.write_all();
            prop_assert_eq!(driver.frames(), frames.clone());
            let peer = if role == Role::Server { Role::Client } else { Role::Server };
            let told = Driver::plain(peer).feed(&driver.written).log().events;
            prop_assert_eq!(told, model(&frames).0);
        }
    }
}
