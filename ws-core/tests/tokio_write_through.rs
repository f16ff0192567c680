//! A message so long that it is written at once: does it come whole and in its turn, whatever the
//! transport takes of it, and is it queued if anything is to be done with it first?
#![cfg(feature = "tokio")]

use std::io::ErrorKind;
use std::time::Duration;

#[cfg(feature = "deflate")]
use ws_core::deflate::{Deflate, DeflateParams};
use ws_core::tokio::Error;
use ws_core::{Connection, Message, MessageKind, Misuse, Role};

use oracle::{binary, text};
use tokio_support::{BOTH_ROLES, plain, run};

mod oracle;
mod tokio_support;

/// Octets of a payload of which nothing is gathered with others.
const LONG: usize = 64 * 1024;

fn payload(len: usize) -> Vec<u8> {
    (0..=250).cycle().take(len).collect()
}

fn frame_len(role: Role, len: usize) -> usize {
    binary(&payload(len)).octets(oracle::key_to(peer(role))).len()
}

const fn peer(role: Role) -> Role {
    match role {
        Role::Server => Role::Client,
        Role::Client => Role::Server,
    }
}

#[test]
fn a_very_long_one_is_one_write_if_the_transport_takes_it() {
    for role in BOTH_ROLES {
        for queued in [false, true] {
            let (mut socket, remote) = plain(role);
            remote.set_room(if queued { 0 } else { usize::MAX });
            run(socket.feed(Message::binary(payload(1 << 20)))).unwrap();
            let before = remote.counts().writes;
            remote.set_room(usize::MAX);
            run(socket.send(Message::binary(payload(1 << 20)))).unwrap();
            assert_eq!(remote.output_len(), 2 * frame_len(role, 1 << 20));
            let writes = remote.counts().writes - before;
            assert!(writes <= 1 + usize::from(queued), "{role:?} {queued}: {writes}");
        }
    }
}

#[test]
fn it_comes_whole_whatever_the_transport_takes_at_once() {
    for role in BOTH_ROLES {
        for len in [LONG - 1, LONG, LONG + 1, 3 * LONG, 9 * LONG] {
            let all = frame_len(role, len);
            for room in [0, 1, 9, 10, 11, len, all - 1, all, all + 1] {
                for split in [false, true] {
                    let (mut socket, remote) = plain(role);
                    remote.set_room(room);
                    let long = Message::binary(payload(len));
                    if split {
                        let (_reader, mut writer) = socket.split();
                        run(writer.feed(long)).unwrap();
                        assert_eq!(remote.output_len(), room.min(all), "{role:?} {len} {room}");
                        run(writer.feed("next")).unwrap();
                        remote.set_room(usize::MAX);
                        run(writer.flush()).unwrap();
                    } else {
                        run(socket.feed(long)).unwrap();
                        assert_eq!(remote.output_len(), room.min(all), "{role:?} {len} {room}");
                        run(socket.feed("next")).unwrap();
                        remote.set_room(usize::MAX);
                        run(socket.flush()).unwrap();
                    }
                    assert_eq!(remote.frames(role), [binary(&payload(len)), text("next")]);
                }
            }
        }
    }
}

#[test]
fn a_server_s_is_one_write_and_leaves_nothing_behind() {
    let (mut socket, remote) = plain(Role::Server);
    for written in 1..=3 {
        run(socket.feed(Message::binary(payload(LONG)))).unwrap();
        assert_eq!((remote.counts().writes, socket.output_len()), (written, 0));
    }
    assert_eq!(remote.counts().flushes, 0, "that is left to whoever flushes");
    run(socket.flush()).unwrap();
    assert_eq!((remote.counts().writes, remote.counts().flushes), (3, 1));
}

#[test]
fn it_waits_its_turn_behind_what_is_queued() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        run(socket.feed("first")).unwrap();
        run(socket.feed(Message::binary(payload(LONG)))).unwrap();
        run(socket.flush()).unwrap();
        assert_eq!(remote.frames(role), [text("first"), binary(&payload(LONG))]);
    }
}

/// RSV1 on the first and only frame, which is much shorter.
#[cfg(feature = "deflate")]
#[test]
fn it_passes_through_the_extension() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        socket.connection_mut().set_deflate(&Deflate::default(), DeflateParams::default());
        run(socket.feed(Message::binary(payload(LONG)))).unwrap();
        run(socket.flush()).unwrap();
        let output = remote.with(|state| state.output.clone());
        assert_eq!(output[0], 0xC2, "{role:?}");
        assert!(output.len() < LONG / 8, "{role:?}: {}", output.len());
    }
}

#[test]
fn it_is_refused_while_a_message_of_ours_is_open_and_behind_our_close() {
    let open: fn(&mut Connection) -> Result<(), Misuse> =
        |connection| connection.send_fragment(MessageKind::Text, b"open", false);
    let close: fn(&mut Connection) -> Result<(), Misuse> =
        |connection| connection.close(None, Duration::ZERO);
    for role in BOTH_ROLES {
        for (before, misuse) in [(open, Misuse::MessageOpen), (close, Misuse::SendAfterClose)] {
            let (mut socket, remote) = plain(role);
            before(socket.connection_mut()).unwrap();
            run(socket.flush()).unwrap();
            let output_len = remote.output_len();
            let refused = run(socket.feed(Message::binary(payload(LONG))));
            assert!(matches!(refused, Err(Error::Misuse(m)) if m == misuse), "{refused:?}");
            run(socket.flush()).unwrap();
            assert_eq!(remote.output_len(), output_len, "the wire is untouched");
        }
    }
}

#[test]
fn a_write_that_fails_is_told_and_nothing_more_is_written() {
    for role in BOTH_ROLES {
        for kind in [ErrorKind::ConnectionReset, ErrorKind::WriteZero] {
            let (mut socket, remote) = plain(role);
            remote.set_room(0);
            remote.with(|state| match kind {
                ErrorKind::WriteZero => state.write_zero = true,
                _ => state.fail_from = Some(0),
            });
            let told = run(socket.feed(Message::binary(payload(LONG))));
            assert!(matches!(&told, Err(Error::Io(error)) if error.kind() == kind), "{told:?}");
            let again = run(socket.feed(Message::binary(payload(LONG))));
            assert!(matches!(again, Err(Error::Misuse(Misuse::SendAfterClose))), "{again:?}");
            assert_eq!(remote.counts().writes, 1);
            remote.end();
            let told = run(socket.recv());
            assert!(matches!(&told, Err(Error::Io(error)) if error.kind() == kind), "{told:?}");
            assert!(matches!(run(socket.recv()), Ok(None)));
        }
    }
}
