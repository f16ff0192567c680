//! What of compressed messages is told, kept and given back when something else happens in the
//! middle: a change of delivery, our Close, the peer's, an end, a budget.
#![cfg(feature = "deflate")]

use allocation_counter::measure;
use ws_core::connection::{Budget, Config, Connection, Delivery, Event, Failure, Transport};
use ws_core::{Message, PreparedMessage, Role, Violation};

use deflate_support::{RSV1, Zlib, always, coded, connect_deflate, noise, params, records};
use oracle::{BINARY, Frame, continuation, parse_extended, ping, wire_to};
use support::{BOTH_ROLES, NOW};

mod deflate_support;
mod oracle;
mod support;

const KIB: usize = 1024;

fn deflate(role: Role) -> Connection {
    connect_deflate(role, Config::default(), &params(15, true), &always())
}

/// The frames of one compressed message, cut in two, and what is in it.
fn halves(plain: &[u8]) -> [Frame; 2] {
    let coded = Zlib::new(6, 15, true).message(plain);
    let (start, rest) = coded.split_at(coded.len() / 2);
    [Frame::new(false, BINARY, start).rsv(RSV1), continuation(true, rest)]
}

#[test]
fn what_is_decoded_of_an_open_message_cannot_be_taken_away() {
    let plain = records(5000, 1);
    let [start, rest] = halves(&plain);
    for role in BOTH_ROLES {
        let mut connection = deflate(role);
        let mut wire = wire_to(role, &[start.clone(), ping(b"p")]);
        let received = connection.handle_input(&mut wire, NOW);
        assert!(matches!(received.event, Some(Event::Ping(_))));
        assert_eq!(connection.take_decoded(), b"", "nothing of it was told");
        assert_eq!(connection.take_decoded_storage(), b"");
        let mut wire = wire_to(role, std::slice::from_ref(&rest));
        let received = connection.handle_input(&mut wire, NOW);
        let Some(Event::Message { payload, .. }) = received.event else { panic!("{received:?}") };
        assert_eq!(payload.octets(), plain);
        assert_eq!(connection.take_decoded(), plain);
        assert_eq!(connection.take_decoded(), b"", "once");
    }
}

/// Nothing was told, so nothing is missing: it may be told whole after all.
#[test]
fn a_message_of_which_nothing_was_told_is_told_whole() {
    let plain = records(3000, 1);
    let compressed = coded(BINARY, &Zlib::new(6, 15, true).message(&plain));
    for role in BOTH_ROLES {
        for frame in [compressed.clone(), oracle::binary(&plain)] {
            for cut in [14, 15, 16] {
                let mut connection = deflate(role);
                let wire = wire_to(role, std::slice::from_ref(&frame));
                let header = wire.len() - frame.payload.len();
                connection.set_delivery(Delivery::Pieces);
                let mut start = wire[..header].to_vec();
                assert_eq!(connection.handle_input(&mut start, NOW).event, None);
                connection.set_delivery(Delivery::Messages);
                // Once it is told whole, it stays so.
                let mut some = wire[header..cut.max(header)].to_vec();
                let received = connection.handle_input(&mut some, NOW);
                assert_eq!(received.event, None);
                let (discard, keep) = (received.discard, received.keep);
                connection.set_delivery(Delivery::Pieces);
                let mut rest = some[discard..discard + keep].to_vec();
                rest.extend_from_slice(&wire[cut.max(header)..]);
                let received = connection.handle_input(&mut rest, NOW);
                let Some(Event::Message { payload, .. }) = received.event else {
                    panic!("{role:?}: {received:?}")
                };
                assert_eq!(payload.octets(), plain);
            }
        }
    }
}

/// A message that our Close found open is dropped, but stays in the window that later ones refer to.
#[test]
fn messages_dropped_while_closing_keep_the_window_and_hold_nothing() {
    let plain = noise(300 * KIB, 1);
    let mut zlib = Zlib::new(6, 15, true);
    let first = zlib.message(&plain);
    let (start, rest) = first.split_at(200 * KIB);
    let again = zlib.message(&plain[plain.len() - 500..]);
    assert!(again.len() < 100, "by reference");
    let too_far = coded(BINARY, &Zlib::new(6, 15, true).message(b"x")[..1]);
    for role in BOTH_ROLES {
        let budget = Budget::new(1 << 20);
        let mut connection = deflate(role);
        connection.set_budget(budget.clone());
        let start = Frame::new(false, BINARY, start).rsv(RSV1);
        let mut wire = wire_to(role, &[start]);
        assert_eq!(connection.handle_input(&mut wire, NOW).event, None);
        assert!(budget.in_use() > 100 * KIB);
        connection.close(None, NOW).unwrap();
        assert_eq!(budget.in_use(), 0, "given back");
        let dropped = [continuation(true, rest), coded(BINARY, &again), oracle::binary(b"plain")];
        let mut wire = wire_to(role, &dropped);
        let allocated = measure(|| {
            assert_eq!(connection.handle_input(&mut wire, NOW).event, None);
        });
        assert!(allocated.bytes_current < -200 * 1024, "its storage is gone: {allocated:?}");
        assert_eq!((connection.take_decoded(), budget.in_use()), (Vec::new(), 0));
        // And what is invalid is still found out.
        let mut wire = wire_to(role, std::slice::from_ref(&too_far));
        let failed = connection.handle_input(&mut wire, NOW).event;
        let invalid = Failure::Violation(Violation::CompressedDataInvalid);
        assert_eq!(failed, Some(Event::Failed(invalid)));
    }
}

#[test]
fn messages_told_while_closing_are_inflated() {
    let plain = records(5000, 1);
    let [start, rest] = halves(&plain);
    let mut config = Config::default();
    config.deliver_while_closing = true;
    for role in BOTH_ROLES {
        let mut connection = connect_deflate(role, config, &params(15, true), &always());
        let mut wire = wire_to(role, std::slice::from_ref(&start));
        assert_eq!(connection.handle_input(&mut wire, NOW).event, None);
        connection.close(None, NOW).unwrap();
        let mut wire = wire_to(role, std::slice::from_ref(&rest));
        let received = connection.handle_input(&mut wire, NOW);
        let Some(Event::Message { payload, .. }) = received.event else { panic!("{received:?}") };
        assert_eq!(payload.octets(), plain);
    }
}

/// However a connection ends in the middle of a message, its context and its share are given back.
#[test]
fn an_end_in_the_middle_of_a_message_gives_everything_back() {
    let [start, _] = halves(&noise(400 * KIB, 1));
    type End<'a> = &'a dyn Fn(&mut Connection, Role);
    let ends: [(&str, End<'_>); 4] = [
        ("the peer's Close", &|connection, role| {
            let mut wire = wire_to(role, &[Frame::close(1000, "")]);
            let event = connection.handle_input(&mut wire, NOW).event;
            assert!(matches!(event, Some(Event::Close(Some(_)))));
        }),
        ("the end of the stream", &|connection, _| {
            assert!(connection.handle_end_of_stream(NOW).is_some());
        }),
        ("a lost transport", &|connection, _| {
            assert!(connection.handle_transport_lost().is_some());
        }),
        ("a Close that is not answered", &|connection, _| {
            connection.close(None, NOW).unwrap();
            let at = connection.poll_timeout().unwrap();
            assert!(connection.handle_timeout(at).is_some());
            assert_eq!(connection.poll_transport(), Transport::Close);
        }),
    ];
    for role in BOTH_ROLES {
        for (name, end) in ends {
            let budget = Budget::new(1 << 20);
            let mut connection = deflate(role);
            connection.set_budget(budget.clone());
            let mut wire = wire_to(role, std::slice::from_ref(&start));
            assert_eq!(connection.handle_input(&mut wire, NOW).event, None);
            let allocated = measure(|| end(&mut connection, role));
            assert_eq!(budget.in_use(), 0, "{name}");
            assert!(allocated.bytes_current < -200 * 1024, "{name}: {allocated:?}");
            assert!(!connection.has_extension() && !connection.has_more(), "{name}");
        }
    }
}

/// One read may inflate a thousandfold: a budget is asked before that is in memory.
#[test]
fn d18_a_budget_is_asked_while_a_message_inflates() {
    let zeros = Zlib::new(9, 15, true).message(&vec![0; 10 << 20]);
    for role in BOTH_ROLES {
        for frame in [coded(BINARY, &zeros), Frame::new(false, BINARY, &zeros[..]).rsv(RSV1)] {
            let mut connection = deflate(role);
            connection.set_budget(Budget::new(256 * KIB));
            let mut wire = wire_to(role, std::slice::from_ref(&frame));
            let mut failed = None;
            let allocated = measure(|| {
                failed = match connection.handle_input(&mut wire, NOW).event {
                    Some(Event::Failed(failure)) => Some(failure),
                    event => panic!("{event:?}"),
                };
            });
            assert_eq!(failed, Some(Failure::Violation(Violation::OverBudget)));
            // The message, twice while its storage grows, and the context.
            assert!(allocated.bytes_max < 1 << 20, "{allocated:?}");
        }
    }
}

#[test]
fn a_budget_changes_nothing_of_what_is_told() {
    let mut zlib = Zlib::new(6, 15, true);
    let plain: Vec<_> =
        [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000].map(|len| records(len, 1)).to_vec();
    let frames: Vec<_> = plain.iter().map(|plain| coded(BINARY, &zlib.message(plain))).collect();
    for role in BOTH_ROLES {
        let budget = Budget::new(1 << 20);
        let mut driver = deflate_support::driver(role, Config::default(), &params(15, true));
        driver.connection.set_budget(budget.clone());
        let events = driver.feed(&wire_to(role, &frames)).log().events;
        assert!(events == plain.iter().cloned().map(support::Seen::Binary).collect::<Vec<_>>());
        assert_eq!(budget.in_use(), 0);
    }
}

#[test]
fn storage_of_any_length_can_be_given() {
    let plain = records(5000, 1);
    let frame = coded(BINARY, &Zlib::new(6, 15, true).message(&plain));
    for role in BOTH_ROLES {
        for len in [0, 1, 4999, 5000, 5001, 20 << 20] {
            let mut connection = deflate(role);
            connection.give_decoded_storage(vec![0xAA; len]);
            assert_eq!(connection.lacks_decoded_storage(), len == 0);
            let mut wire = wire_to(role, std::slice::from_ref(&frame));
            assert!(connection.handle_input(&mut wire, NOW).event.is_some());
            assert_eq!(connection.take_decoded(), plain, "{role:?}, {len}");
        }
    }
}

/// A prepared message that would grow goes as it is, and one that is empty is.
#[test]
fn a12_prepared_messages_that_grow_go_plain() {
    let [noisy, empty, shrinks] = [noise(3000, 1), Vec::new(), records(3000, 1)]
        .map(|payload| PreparedMessage::new(&Message::binary(payload)));
    for takeover in [true, false] {
        let agreed = params(15, takeover);
        let mut server = connect_deflate(Role::Server, Config::default(), &agreed, &always());
        let mut client = connect_deflate(Role::Client, Config::default(), &agreed, &always());
        for (message, compressed) in [(&shrinks, 4), (&noisy, 0), (&empty, 4), (&shrinks, 4)] {
            server.send_binary(&records(2000, 1)).unwrap();
            server.send_prepared(message).unwrap();
            server.send_binary(&records(2000, 1)).unwrap();
            let mut wire: Vec<u8> = server.poll_output().flatten().copied().collect();
            server.handle_written(wire.len(), NOW);
            assert_eq!(parse_extended(Role::Server, &wire)[1].rsv, compressed);
            for plain in [&records(2000, 1), message.payload(), &records(2000, 1)] {
                let received = client.handle_input(&mut wire, NOW);
                let discard = received.discard;
                let Some(Event::Message { payload, .. }) = received.event else { panic!() };
                assert_eq!(payload.octets(), plain);
                wire.drain(..discard);
            }
        }
    }
}
