//! After the end: is it told once, whatever is called behind it? (G4)
#![cfg(feature = "tokio")]

use std::io::ErrorKind;

use ws_core::tokio::Error;

use oracle::{Frame, text};
use tokio_support::{BOTH_ROLES, plain, poll_once, run};

mod oracle;
mod tokio_support;

#[test]
fn g4_a_flush_that_fails_behind_the_end_does_not_end_it_again() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        run(socket.feed("queued")).unwrap();
        // Written, and held back by the transport.
        remote.with(|state| state.flush_stuck = true);
        assert!(poll_once(socket.flush()).is_pending());
        remote.with(|state| state.read_error = Some(ErrorKind::TimedOut));
        let told = run(socket.recv());
        assert!(matches!(&told, Err(Error::Io(error)) if error.kind() == ErrorKind::TimedOut));
        remote.with(|state| state.fail_from = Some(0));
        assert!(run(socket.flush()).is_err(), "whoever flushes is told");
        assert!(matches!(run(socket.recv()), Ok(None)), "{role:?}: told once");
    }
}

#[test]
fn g4_nor_behind_a_clean_end() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.push_frames(role, &[text("last"), Frame::close(1000, "")]);
        remote.end();
        assert!(matches!(run(socket.recv()), Ok(Some(_))));
        assert!(matches!(run(socket.recv()), Ok(None)));
        remote.with(|state| state.fail_from = Some(0));
        let _ = run(socket.flush());
        assert!(matches!(run(socket.recv()), Ok(None)), "{role:?}: told once");
    }
}
