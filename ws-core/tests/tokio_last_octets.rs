//! What is still on its way when a tokio connection is as good as over: the peer's octets behind a write
//! that failed, ours in a transport that holds them back, the answer to a Close that was read long ago.
//!
//! All on tokio's paused clock: it jumps to the next timer whenever nothing else can happen.
#![cfg(feature = "tokio")]

use std::io::ErrorKind;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FusedStream as _;
use tokio::time::{Instant, sleep, sleep_until};
use ws_core::tokio::Error;
use ws_core::{Config, Message, Misuse};

use oracle::{Frame, binary, text};
use tokio_support::{BOTH_ROLES, Task, plain, socket};

mod oracle;
mod tokio_support;

const FIN: Duration = Duration::from_secs(2);
const SECOND: Duration = Duration::from_secs(1);

/// When the peer's octets come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Come {
    /// They are there. To read all of them is more than one turn of a task.
    Before,
    /// They are there, and every other read gives way first.
    Restless,
    /// The system tells of them a second after the write has failed.
    Late,
    Never,
}

#[tokio::test(start_paused = true)]
async fn t06_octets_of_the_peer_that_were_on_their_way_when_a_write_failed_are_told() {
    let long = vec![7; 1 << 20];
    for role in BOTH_ROLES {
        for come in [Come::Before, Come::Restless, Come::Late, Come::Never] {
            let (mut socket, remote) = plain(role);
            let frames = [binary(&long), Frame::close(4000, "bye")];
            if matches!(come, Come::Before | Come::Restless) {
                remote.push_frames(role, &frames);
            }
            remote.with(|state| {
                state.write_error = Some(ErrorKind::BrokenPipe);
                state.restless = come == Come::Restless;
            });
            let sent = socket.send("x").await;
            assert!(matches!(sent, Err(Error::Io(_))), "{sent:?}");
            let failed = Instant::now();
            let receive = async {
                let mut messages = Vec::new();
                loop {
                    match socket.recv().await {
                        Ok(Some(message)) => messages.push(message),
                        end => break (messages, end),
                    }
                }
            };
            let peer = async {
                if come == Come::Late {
                    sleep_until(failed + SECOND).await;
                    remote.push_frames(role, &frames);
                }
            };
            let ((messages, end), ()) = tokio::join!(receive, peer);
            let name = format!("{role:?}, {come:?}");
            assert!(
                matches!(&end, Err(Error::Io(error)) if error.kind() == ErrorKind::BrokenPipe),
                "{name}: {end:?}"
            );
            let code = socket.peer_close().map(|close| close.code.get());
            if come == Come::Never {
                assert!(messages.is_empty() && code.is_none(), "{name}");
                assert_eq!(failed.elapsed(), FIN, "{name}: waited for, and not for ever");
            } else {
                let came = if come == Come::Late { SECOND } else { Duration::ZERO };
                assert_eq!(failed.elapsed(), came, "{name}: nothing is left to be waited for");
                assert!(messages == [Message::binary(long.clone())], "{name}");
                assert_eq!(code, Some(4000), "{name}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_closing_handshake_begins_when_the_close_is_answered() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        let began = Instant::now();
        // Both in one read; what the first asks for takes longer than a closing handshake may.
        remote.push_frames(role, &[text("request"), Frame::close(1000, "")]);
        assert_eq!(socket.recv().await.unwrap(), Some("request".into()));
        sleep(6 * SECOND).await;
        remote.set_room(0);
        socket.feed("answer").await.unwrap();
        let reads = async {
            sleep_until(began + 7 * SECOND).await;
            remote.set_room(usize::MAX);
            remote.end();
        };
        let (ended, ()) = tokio::join!(socket.recv(), reads);
        assert!(matches!(ended, Ok(None)), "{role:?}: {ended:?}");
        assert_eq!(remote.frames(role), [text("answer"), Frame::close(1000, "")], "{role:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn t03_what_the_transport_holds_back_goes_out_before_the_end_is_told() {
    for (close, released) in [(false, true), (true, true), (false, false), (true, false)] {
        for role in BOTH_ROLES {
            let (mut socket, remote) = socket(role, Config::default());
            remote.with(|state| state.flush_stuck = true);
            socket.feed("all of it").await.unwrap();
            if close {
                remote.push_frames(role, &[Frame::close(1000, "")]);
            }
            remote.end();
            let began = Instant::now();
            let peer = async {
                sleep(SECOND).await;
                if released {
                    remote.release();
                }
            };
            let (ended, ()) = tokio::join!(socket.recv(), peer);
            let name = format!("{role:?}, Close: {close}, released: {released}");
            assert_eq!(matches!(ended, Ok(None)), close, "{name}: {ended:?}");
            let took = if released { SECOND } else { FIN };
            assert_eq!(began.elapsed(), took, "{name}");
            let held_back = remote.with(|state| state.flush_stuck);
            assert_eq!(held_back, !released, "{name}");
        }
    }
}

/// `select!` polls no stream that is: what it holds back would stay there, and its end untold.
#[tokio::test(start_paused = true)]
async fn a_stream_that_has_yet_to_flush_is_not_terminated() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.with(|state| state.flush_stuck = true);
        remote.push_frames(role, &[Frame::close(1000, "")]);
        remote.end();
        assert!(Task::new().poll(&mut socket.next()).is_pending());
        assert!(!socket.is_terminated(), "{role:?}");
        remote.release();
        assert!(socket.next().await.is_none());
        assert!(socket.is_terminated(), "{role:?}");
    }
}

/// Who sends is not told that all of it went out when the wait for that was given up, or failed.
#[tokio::test(start_paused = true)]
async fn t14_who_flushes_what_is_held_back_for_ever_is_told_so() {
    for role in BOTH_ROLES {
        for fails in [false, true] {
            let (socket, remote) = plain(role);
            remote.with(|state| state.flush_stuck = true);
            let (mut reader, mut writer) = socket.split();
            let sends = tokio::spawn(async move {
                let sent = writer.send("held back").await;
                (sent, writer.flush().await)
            });
            tokio::task::yield_now().await;
            remote.push_frames(role, &[Frame::close(1000, "")]);
            remote.end();
            let began = Instant::now();
            let peer = async {
                sleep(SECOND).await;
                if fails {
                    remote.with(|state| state.fail_from = Some(0));
                    remote.release();
                }
            };
            let (ended, ()) = tokio::join!(reader.recv(), peer);
            assert!(matches!(ended, Ok(None)), "{role:?}: {ended:?}");
            assert_eq!(began.elapsed(), if fails { SECOND } else { FIN }, "{role:?}");
            let (sent, flushed) = sends.await.unwrap();
            for told in [sent, flushed] {
                let late = matches!(told, Err(Error::Misuse(Misuse::SendAfterClose)));
                assert!(late || fails && matches!(told, Err(Error::Io(_))), "{role:?}: {told:?}");
            }
            assert!(began.elapsed() <= FIN, "{role:?}");
        }
    }
}
