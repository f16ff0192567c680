//! The end of a tokio connection: is it gone in time, clean or not, whatever the peer does?
//!
//! All on tokio's paused clock: it jumps to the next timer whenever nothing else can happen.
#![cfg(feature = "tokio")]

use std::io::ErrorKind;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use ws_core::connection::Failure;
use ws_core::tokio::Error;
use ws_core::{CloseCode, Config, Limits, Message, Misuse, Role, Violation};

use oracle::{Frame, binary, ping, pong, text, text_start};
use tokio_support::{BOTH_ROLES, Remote, plain, socket};

mod oracle;
mod tokio_support;

const CLOSE: Duration = Duration::from_secs(5);
const FIN: Duration = Duration::from_secs(2);
const SECOND: Duration = Duration::from_secs(1);

fn close_frame() -> Frame {
    Frame::close(1000, "")
}

fn is_close_timeout<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Failed(Failure::CloseTimeout)))
}

/// What a peer does about our Close.
#[derive(Debug, Clone, Copy)]
enum Peer {
    Silent,
    AnswersAndStays,
    FloodsMessages,
    FloodsPings,
    Trickles,
    DoesNotRead,
    AnswersAndFloods,
    AnswersAndEnds,
}

async fn play(peer: Peer, role: Role, remote: Remote) {
    match peer {
        Peer::Silent => {}
        Peer::DoesNotRead => remote.set_room(0),
        Peer::AnswersAndStays => remote.push_frames(role, &[close_frame()]),
        Peer::AnswersAndEnds => {
            remote.push_frames(role, &[close_frame()]);
            remote.end();
        }
        Peer::FloodsMessages | Peer::FloodsPings | Peer::Trickles | Peer::AnswersAndFloods => {
            let frames = match peer {
                Peer::FloodsPings => [ping(b"")],
                Peer::AnswersAndFloods => [close_frame()],
                _ => [binary(&[0; 1000])],
            };
            let octets = oracle::wire_to(role, &frames);
            let len = if matches!(peer, Peer::Trickles) { 1 } else { octets.len() };
            loop {
                remote.push(&octets[..len]);
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn t14_whatever_the_peer_does_about_our_close_all_is_over_in_time() {
    let rows = [
        (Peer::Silent, CLOSE, true),
        (Peer::AnswersAndStays, FIN, false),
        (Peer::FloodsMessages, CLOSE, true),
        (Peer::FloodsPings, CLOSE, true),
        (Peer::DoesNotRead, CLOSE, true),
        (Peer::AnswersAndFloods, FIN, false),
        (Peer::AnswersAndEnds, Duration::ZERO, false),
    ];
    for (peer, time, timeout) in rows {
        for role in BOTH_ROLES {
            let (mut socket, remote) = plain(role);
            let task = tokio::spawn(play(peer, role, remote.clone()));
            tokio::task::yield_now().await;
            let start = Instant::now();
            let closed = socket.close(CloseCode::NORMAL, "").await;
            let took = start.elapsed();
            let in_time = (time..=time + Duration::from_millis(50)).contains(&took);
            assert!(in_time, "{peer:?} as {role:?}: {took:?}, not {time:?}");
            assert_eq!(is_close_timeout(&closed), timeout, "{peer:?}: {closed:?}");
            assert!(timeout || closed.is_ok(), "{closed:?}");
            socket.close(CloseCode::NORMAL, "").await.expect("A08: told once");
            if !matches!(peer, Peer::DoesNotRead) {
                assert_eq!(remote.frames(role), [close_frame()], "one Close");
            }
            drop(socket);
            assert!(remote.with(|state| state.is_dropped));
            task.abort();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn t14_a_peer_that_trickles_frame_by_frame_is_left_too() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        let task = tokio::spawn(play(Peer::Trickles, role, remote));
        let start = Instant::now();
        let closed = socket.close(CloseCode::NORMAL, "").await;
        assert!(matches!(closed, Err(Error::Failed(_))), "{closed:?}");
        assert!(start.elapsed() <= CLOSE + FIN + SECOND);
        task.abort();
    }
}

/// On the real clock, which has passed the deadline by the first read already.
#[tokio::test]
async fn t14_reads_that_never_wait_do_not_hide_the_deadline() {
    let limits = Limits::builder().close_timeout(Duration::from_nanos(1)).build().unwrap();
    for role in BOTH_ROLES {
        let (mut socket, remote) = socket(role, Config::with_limits(limits));
        remote.push_frames(role, &vec![binary(&[0; 100]); 5000]);
        remote.with(|state| state.limit = 50);
        let closed = socket.close(CloseCode::NORMAL, "").await;
        assert!(is_close_timeout(&closed), "{closed:?}");
        assert!(remote.counts().reads <= 2, "{:?}", remote.counts());
    }
}

#[tokio::test(start_paused = true)]
async fn t14_a_peer_that_stays_after_its_close_or_its_violation_is_left() {
    for role in BOTH_ROLES {
        for violates in [false, true] {
            let (mut socket, remote) = plain(role);
            let frames = if violates { [text_start(b"\xFF")] } else { [close_frame()] };
            remote.push_frames(role, &frames);
            let start = Instant::now();
            // §7.1.1: the server ends TCP first; so does whoever failed the connection.
            assert!(tokio_support::poll_once(socket.recv()).is_pending());
            let ends_first = violates || role == Role::Server;
            assert_eq!(remote.with(|state| state.is_shut_down), ends_first);
            let ended = socket.recv().await;
            assert_eq!(start.elapsed(), FIN, "{role:?}, {violates}");
            let expected = Failure::Violation(Violation::TextNotUtf8);
            match ended {
                Ok(None) => assert!(!violates),
                Err(Error::Failed(failure)) => assert!(violates && failure == expected),
                other => panic!("{other:?}"),
            }
            assert!(remote.with(|state| state.is_shut_down), "it need not be dropped for that");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn t14_a_transport_that_cannot_be_shut_down_is_left_too() {
    let (mut socket, remote) = plain(Role::Server);
    remote.with(|state| state.shutdown_stuck = true);
    remote.push_frames(Role::Server, &[close_frame()]);
    let start = Instant::now();
    let ended = tokio::time::timeout(Duration::from_secs(60), socket.recv()).await;
    assert!(matches!(ended, Ok(Ok(None))), "{ended:?}");
    assert_eq!(start.elapsed(), FIN);
}

/// A reset takes both halves of TCP; after any other error ours may still be there.
#[tokio::test]
async fn what_the_peer_has_reset_is_not_shut_down() {
    for role in BOTH_ROLES {
        for (kind, left) in [(ErrorKind::ConnectionReset, false), (ErrorKind::TimedOut, true)] {
            let (mut socket, remote) = plain(role);
            remote.with(|state| state.read_error = Some(kind));
            let lost = socket.recv().await;
            assert!(matches!(&lost, Err(Error::Io(error)) if error.kind() == kind), "{lost:?}");
            assert!(matches!(socket.recv().await, Ok(None)), "told once");
            assert_eq!(remote.with(|state| state.is_shut_down), left, "{role:?}, {kind}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_the_end_of_tcp_begins_when_our_close_is_written() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.set_room(0);
        remote.push_frames(role, &[close_frame()]);
        let start = Instant::now();
        let peer = tokio::spawn({
            let remote = remote.clone();
            async move {
                sleep(4 * SECOND).await;
                remote.set_room(usize::MAX);
                sleep(SECOND).await;
                remote.end();
            }
        });
        assert!(socket.recv().await.unwrap().is_none());
        assert_eq!(start.elapsed(), 5 * SECOND, "{role:?}: until the peer ended its stream");
        peer.await.unwrap();
        assert_eq!(remote.frames(role), [close_frame()]);
    }
}

#[tokio::test(start_paused = true)]
async fn closes_that_cross_are_clean() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.push_frames(role, &[text("late"), Frame::close(3001, "theirs")]);
        remote.end();
        socket.close(CloseCode::NORMAL, "").await.unwrap();
        let close = socket.peer_close().unwrap();
        assert_eq!((close.code, close.reason.as_str()), (CloseCode::new(3001), "theirs"));
        assert_eq!(remote.frames(role), [close_frame()]);
    }
}

#[tokio::test(start_paused = true)]
async fn t03_half_close_by_the_peer() {
    for role in BOTH_ROLES {
        // Behind its Close: ours is still written, and the end is clean.
        let (mut socket, remote) = plain(role);
        socket.feed("queued").await.unwrap();
        remote.push_frames(role, &[Frame::close(1001, "")]);
        remote.end();
        assert!(socket.recv().await.unwrap().is_none());
        assert_eq!(remote.frames(role), [text("queued"), Frame::close(1001, "")]);

        // At once, and in the middle of a message: what was queued is still written.
        for frames in [vec![], vec![text_start(b"half")], vec![text("whole")]] {
            let (mut socket, remote) = plain(role);
            remote.with(|state| state.limit = 3);
            socket.feed("queued").await.unwrap();
            remote.push_frames(role, &frames);
            remote.end();
            let start = Instant::now();
            let result = loop {
                match socket.recv().await {
                    Ok(Some(message)) => assert_eq!(message, Message::text("whole")),
                    other => break other,
                }
            };
            assert!(matches!(result, Err(Error::Failed(Failure::EndOfStream))), "{result:?}");
            assert!(socket.recv().await.unwrap().is_none());
            assert_eq!(remote.frames(role), [text("queued")]);
            assert_eq!(start.elapsed(), Duration::ZERO);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn t03_half_close_by_a_peer_that_does_not_read_is_over_in_time() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.set_room(1);
        socket.feed("queued").await.unwrap();
        remote.end();
        let start = Instant::now();
        let result = socket.recv().await;
        assert!(matches!(result, Err(Error::Failed(Failure::EndOfStream))), "{result:?}");
        assert_eq!(start.elapsed(), CLOSE);
    }
}

#[tokio::test(start_paused = true)]
async fn f28_what_follows_a_close_is_ignored_and_answered_by_nothing() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        let frames = [Frame::close(1001, "first"), ping(b"p"), text("x"), Frame::close(1002, "")];
        remote.push_frames(role, &frames);
        remote.push_frames(role, &[text_start(b"\xFF")]);
        assert!(socket.recv().await.unwrap().is_none());
        assert_eq!(remote.frames(role), [Frame::close(1001, "")]);
        assert_eq!(socket.peer_close().unwrap().reason.as_str(), "first");
        for sent in [socket.send("x").await, socket.feed("x").await, socket.ping(b"").await] {
            assert!(matches!(sent, Err(Error::Misuse(Misuse::SendAfterClose))), "A01");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f29_pings_behind_our_close_are_not_answered_and_messages_not_told() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        remote.push_frames(role, &[ping(b"before"), text("told")]);
        assert_eq!(socket.recv().await.unwrap(), Some(Message::text("told")));
        remote.push_frames(role, &[ping(b"behind"), text("not told"), close_frame()]);
        remote.end();
        socket.close(CloseCode::NORMAL, "").await.unwrap();
        assert_eq!(remote.frames(role), [pong(b"before"), close_frame()]);
    }
}

#[tokio::test(start_paused = true)]
async fn t14_the_writing_half_does_not_outlive_the_connection() {
    for role in BOTH_ROLES {
        // Its room; without any limit, what it takes is never passed on.
        for room in [Some(0), Some(1), None] {
            let stuck = || {
                let (socket, remote) = plain(role);
                remote.with(|state| state.flush_stuck = room.is_none());
                remote.set_room(room.unwrap_or(usize::MAX));
                (socket, remote)
            };
            let (socket, _remote) = stuck();
            let (mut reader, mut writer) = socket.split();
            let start = Instant::now();
            let both = async { tokio::join!(reader.recv(), writer.close(CloseCode::NORMAL, "")) };
            let both = tokio::time::timeout(Duration::from_secs(60), both).await;
            let (read, written) = both.expect("the writing half waits for ever");
            assert!(is_close_timeout(&read), "{read:?}");
            assert!(written.is_err(), "its Close was never written");
            assert_eq!(start.elapsed(), CLOSE);

            // And alone, with no half that reads.
            let (socket, _remote) = stuck();
            let (reader, mut writer) = socket.split();
            drop(reader);
            let closed = writer.close(CloseCode::NORMAL, "");
            let closed = tokio::time::timeout(Duration::from_secs(60), closed).await;
            assert!(matches!(closed, Ok(Err(_))), "{closed:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn t25_a_connection_that_is_dropped_drops_its_transport() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = plain(role);
        socket.feed("never written").await.unwrap();
        let task = tokio::spawn(async move { socket.close(CloseCode::NORMAL, "").await });
        tokio::task::yield_now().await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert!(remote.with(|state| state.is_dropped));
    }
}
