//! The closing handshake when both ends act at once: is every order of events clean, or told as what
//! it is? (§7.1; a model of one endpoint, and any sequence of what can happen to it)
#![cfg(feature = "alloc")]

use std::time::Duration;

use proptest::prelude::*;
use ws_core::connection::{Config, Failure, Transport};
use ws_core::frame::CloseFrame;
use ws_core::{CloseCode, Limits, Misuse, Role, Violation};

use oracle::{CLOSE, Frame, text, wire_to};
use support::{Driver, NOW, Seen, seen_close, seen_text, seen_violation};

mod oracle;
mod support;

const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
const FIN_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy)]
enum Happens {
    WeClose,
    WeSend,
    PeerCloses,
    PeerSends,
    PeerBreaksARule,
    PeerEnds,
    TransportLost,
    AllIsWritten,
    /// So many seconds pass, and the deadline, if it has come, is handled.
    TimePasses(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        2 => Just(Happens::WeClose),
        2 => Just(Happens::WeSend),
        2 => Just(Happens::PeerCloses),
        2 => Just(Happens::PeerSends),
        1 => Just(Happens::PeerBreaksARule),
        1 => Just(Happens::PeerEnds),
        1 => Just(Happens::TransportLost),
        3 => Just(Happens::AllIsWritten),
        2 => (1..8_u64).prop_map(Happens::TimePasses),
    ]
}

/// Where an endpoint stands; deadlines as they are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Open,
    CloseSent(Duration),
    /// The terminal event was told; what is queued is still to be written.
    Flushing(Duration),
    /// The peer's stream is to end.
    Ending(Duration),
    Gone,
}

/// What an endpoint must do, in one screen.
struct Model {
    role: Role,
    now: Duration,
    stage: Stage,
    failed: bool,
    stream_ended: bool,
    /// Something is queued.
    unwritten: bool,
    events: Vec<Seen>,
    output: Vec<Frame>,
}

impl Model {
    fn happen(&mut self, what: Happens) {
        let listens = matches!(self.stage, Stage::Open | Stage::CloseSent(_));
        match what {
            Happens::WeClose if self.stage == Stage::Open => {
                self.write(Frame::close(1001, "bye"));
                self.stage = Stage::CloseSent(self.now + CLOSE_TIMEOUT);
            }
            Happens::WeSend if self.stage == Stage::Open => self.write(text("from us")),
            Happens::PeerCloses if listens && !self.stream_ended => {
                if self.stage == Stage::Open {
                    self.write(Frame::close(1000, ""));
                }
                self.terminal(seen_close(1000, "peer"));
            }
            Happens::PeerSends if self.stage == Stage::Open && !self.stream_ended => {
                self.events.push(seen_text("from the peer"));
            }
            Happens::PeerBreaksARule if listens && !self.stream_ended => {
                let violation = Violation::ReservedOpcode;
                if self.stage == Stage::Open {
                    self.write(Frame::close(1002, violation.reason()));
                }
                self.failed = true;
                self.terminal(seen_violation(violation));
            }
            Happens::PeerEnds => {
                if listens {
                    self.failed = true;
                    self.terminal(Seen::Failed(Failure::EndOfStream));
                }
                self.stream_ended = true;
                if matches!(self.stage, Stage::Ending(_)) {
                    self.stage = Stage::Gone;
                }
            }
            Happens::TransportLost => {
                if listens {
                    self.events.push(Seen::Failed(Failure::EndOfStream));
                }
                self.stage = Stage::Gone;
            }
            Happens::AllIsWritten => self.unwritten = false,
            Happens::TimePasses(seconds) => self.time_passes(Duration::from_secs(seconds)),
            _ => {}
        }
        if let (Stage::Flushing(_), false) = (self.stage, self.unwritten) {
            self.stage = match self.stream_ended {
                true => Stage::Gone,
                false => Stage::Ending(self.now + FIN_TIMEOUT),
            };
        }
    }

    fn time_passes(&mut self, time: Duration) {
        self.now += time;
        match self.stage {
            Stage::CloseSent(until) if self.now >= until => {
                self.events.push(Seen::Failed(Failure::CloseTimeout));
                self.stage = Stage::Gone;
            }
            Stage::Flushing(until) | Stage::Ending(until) if self.now >= until => {
                self.stage = Stage::Gone;
            }
            _ => {}
        }
    }

    fn write(&mut self, frame: Frame) {
        self.output.push(frame);
        self.unwritten = true;
    }

    fn terminal(&mut self, event: Seen) {
        self.events.push(event);
        // One deadline for the whole handshake, from the first Close on.
        let until = match self.stage {
            Stage::CloseSent(until) => until,
            _ => self.now + CLOSE_TIMEOUT,
        };
        self.stage = Stage::Flushing(until);
    }

    fn transport(&self) -> Transport {
        match (self.stage, self.role) {
            (Stage::Open | Stage::CloseSent(_), _) => Transport::Open,
            (Stage::Flushing(_), _) => Transport::Flush,
            // §7.1.1: a server ends its stream first; so does whoever fails the connection.
            (Stage::Ending(_), Role::Client) if !self.failed => Transport::AwaitEnd,
            (Stage::Ending(_), _) => Transport::ShutDown,
            (Stage::Gone, _) => Transport::Close,
        }
    }

    const fn deadline(&self) -> Option<Duration> {
        match self.stage {
            Stage::CloseSent(until) | Stage::Flushing(until) | Stage::Ending(until) => Some(until),
            Stage::Open | Stage::Gone => None,
        }
    }
}

/// The same, to the connection.
fn happen(driver: &mut Driver, what: Happens, stream_ended: bool) {
    let role = driver.connection.role();
    let arrives = |frame: Frame| wire_to(role, &[frame]);
    match what {
        Happens::WeClose => {
            let bye = CloseFrame { code: CloseCode::GOING_AWAY, reason: "bye" };
            let may = driver.connection.may_send();
            let closed = driver.connection.close(Some(bye), driver.now);
            assert_eq!(closed, if may { Ok(()) } else { Err(Misuse::SendAfterClose) });
        }
        Happens::WeSend => {
            let may = driver.connection.may_send();
            let sent = driver.connection.send_text("from us");
            assert_eq!(sent, if may { Ok(()) } else { Err(Misuse::SendAfterClose) });
        }
        // Nothing comes behind the end of a stream.
        Happens::PeerCloses | Happens::PeerSends | Happens::PeerBreaksARule if stream_ended => {}
        Happens::PeerCloses => driver.feed_silently(&arrives(Frame::close(1000, "peer"))),
        Happens::PeerSends => driver.feed_silently(&arrives(text("from the peer"))),
        Happens::PeerBreaksARule => driver.feed_silently(&arrives(Frame::new(true, 0x3, ""))),
        Happens::PeerEnds => driver.end_of_stream_silently(),
        Happens::TransportLost => drop(driver.transport_lost()),
        Happens::AllIsWritten => {
            driver.write_all();
        }
        Happens::TimePasses(seconds) => {
            let now = driver.now + Duration::from_secs(seconds);
            driver.timeout_silently_at(now);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 4000,
        failure_persistence: Some(Box::new(
            proptest::test_runner::FileFailurePersistence::WithSource("regressions"),
        )),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_order_of_events_is_what_the_model_says(
        is_server: bool,
        script in prop::collection::vec(happens(), 0..14),
    ) {
        let role = if is_server { Role::Server } else { Role::Client };
        let limits = Limits::builder().close_timeout(CLOSE_TIMEOUT).fin_timeout(FIN_TIMEOUT);
        let mut driver = Driver::new(role, Config::with_limits(limits.build().unwrap()));
        let mut model = Model {
            role,
            now: NOW,
            stage: Stage::Open,
            failed: false,
            stream_ended: false,
            unwritten: false,
            events: Vec::new(),
            output: Vec::new(),
        };
        for what in script {
            happen(&mut driver, what, model.stream_ended);
            model.happen(what);
            prop_assert_eq!(&driver.notes.events, &model.events, "{:?}", what);
            prop_assert_eq!(driver.connection.poll_transport(), model.transport(), "{:?}", what);
            prop_assert_eq!(driver.connection.poll_timeout(), model.deadline(), "{:?}", what);
        }
        driver.write_all();
        let frames = driver.frames();
        prop_assert_eq!(&frames, &model.output);
        prop_assert!(frames.iter().filter(|frame| frame.opcode == CLOSE).count() <= 1);
    }
}
