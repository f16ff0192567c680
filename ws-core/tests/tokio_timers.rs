//! The deadlines of an open tokio connection, on tokio's paused clock: it jumps to the next timer
//! whenever nothing else can happen. (T11, T13, T15, T16, T17)
#![cfg(feature = "tokio")]

use std::time::Duration;

use tokio::io::duplex;
use tokio::time::{Instant, advance, sleep, timeout};
use ws_core::connection::{Deadlines, DeadlinesBuilder, Failure};
use ws_core::tokio::{Error, Event, WebSocket};
use ws_core::{Config, Message, Role, Violation};

use oracle::{Frame, PING, binary, pong, text, wire_to};
use tokio_support::{BOTH_ROLES, Remote, Task, socket};

mod oracle;
mod tokio_support;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);
/// What a test on a paused clock allows for timers, which count milliseconds.
const TICK: Duration = Duration::from_millis(3);

fn with(build: fn(DeadlinesBuilder) -> DeadlinesBuilder) -> Config {
    let mut config = Config::default();
    config.deadlines = build(Deadlines::builder()).build().unwrap();
    config
}

fn server_s() -> Config {
    let mut config = Config::default();
    config.deadlines = Deadlines::SERVER;
    config
}

fn pings(remote: &Remote, role: Role) -> Vec<Frame> {
    remote.frames(role).into_iter().filter(|frame| frame.opcode == PING).collect()
}

fn is(result: &Result<Option<Message>, Error>, failure: Failure) -> bool {
    matches!(result, Err(Error::Failed(failed)) if *failed == failure)
}

#[tokio::test(start_paused = true)]
async fn t15_a_peer_that_is_gone_is_noticed_whoever_waits() {
    for role in BOTH_ROLES {
        for reads in [true, false] {
            let (mut socket, remote) = socket(role, server_s());
            remote.push_frames(role, &[text("last sign")]);
            socket.recv().await.unwrap();
            if !reads {
                remote.set_room(5);
            }
            let start = Instant::now();
            let result = socket.recv().await;
            let waited = start.elapsed();
            assert!(is(&result, Failure::PongTimeout), "{role:?}, {reads}: {result:?}");
            assert!(waited >= 50 * SECOND && waited <= 51 * SECOND, "{waited:?}");
            assert!(matches!(socket.recv().await, Ok(None)), "told once");
            assert!(remote.with(|state| state.is_shut_down));
        }
    }
}

/// A loop that only sends, or whose turn to receive never comes, notices as well.
#[tokio::test(start_paused = true)]
async fn t15_a_sender_notices_that_nothing_is_taken() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = socket(role, server_s());
        remote.set_room(1000);
        let start = Instant::now();
        let sent = loop {
            if let Err(error) = socket.send(Message::binary(vec![0; 100])).await {
                break error;
            }
        };
        assert!(matches!(sent, Error::Failed(Failure::WriteTimeout)), "{role:?}: {sent:?}");
        let waited = start.elapsed();
        assert!(waited >= 50 * SECOND && waited <= 51 * SECOND, "{waited:?}");
        let result = socket.recv().await;
        assert!(is(&result, Failure::WriteTimeout), "{result:?}");
    }
}

/// The reader sends the Ping and is told; the writer, in another task, ends as well.
/// What a transport takes need not be on its way: TLS takes some that the peer does not.
#[tokio::test(start_paused = true)]
async fn t15_a_sender_notices_that_nothing_is_passed_on() {
    for role in BOTH_ROLES {
        for halves in [false, true] {
            let (mut socket, remote) = socket(role, server_s());
            socket.send("passed on").await.unwrap();
            remote.with(|state| state.flush_stuck = true);
            sleep(HOUR).await;
            let start = Instant::now();
            let sent = if halves {
                let (_reader, mut writer) = socket.split();
                timeout(HOUR, writer.send("held back")).await
            } else {
                timeout(HOUR, socket.send("held back")).await
            };
            let failed = Failure::WriteTimeout;
            assert!(matches!(sent, Ok(Err(Error::Failed(told))) if told == failed), "{sent:?}");
            let waited = start.elapsed();
            assert!(waited >= 50 * SECOND && waited <= 51 * SECOND, "{role:?}: {waited:?}");
        }
        // While something is passed on every now and then, all is well.
        let (mut socket, remote) = socket(role, server_s());
        for _ in 0..4 {
            remote.with(|state| state.flush_stuck = true);
            let released = async {
                sleep(30 * SECOND).await;
                remote.release();
            };
            let (sent, ()) = tokio::join!(socket.send("late"), released);
            sent.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn t10_t15_both_halves_notice() {
    for role in BOTH_ROLES {
        for room in [0, 1000, usize::MAX] {
            let (socket, remote) = socket(role, server_s());
            let (mut reader, mut writer) = socket.split();
            remote.set_room(room);
            let start = Instant::now();
            let sender = tokio::spawn(async move {
                loop {
                    if let Err(error) = writer.send(Message::binary(vec![0; 100])).await {
                        return error;
                    }
                    sleep(SECOND).await;
                }
            });
            let result = reader.recv().await;
            assert!(
                is(&result, Failure::PongTimeout) || is(&result, Failure::WriteTimeout),
                "{role:?}, {room}: {result:?}"
            );
            let told = sender.await.unwrap();
            assert!(matches!(told, Error::Misuse(_) | Error::Failed(_)), "{told:?}");
            let waited = start.elapsed();
            // The room lasts for ten seconds at most; the writer looks once a second.
            assert!(waited >= 50 * SECOND && waited <= 62 * SECOND, "{waited:?}");
            if room == usize::MAX {
                assert_eq!(pings(&remote, role).len(), 1, "the reader wrote it");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn t16_partition_then_heal_loses_nothing_and_closes_nothing() {
    let (ours, theirs) = duplex(64);
    let mut server = WebSocket::server(ours, server_s());
    let mut client = WebSocket::client(theirs, Config::default(), &[]);
    let echo = tokio::spawn(async move {
        while let Some(message) = server.recv().await? {
            server.send(message).await?;
        }
        Ok::<_, Error>(server)
    });
    for nth in 0..50_u32 {
        // Cut off for nearly as long as it may be.
        sleep(Duration::from_millis(49_900)).await;
        client.send(Message::binary(nth.to_be_bytes().to_vec())).await.unwrap();
        let echoed = client.recv().await.unwrap().unwrap();
        assert_eq!(&echoed.payload()[..], nth.to_be_bytes());
    }
    client.close(ws_core::CloseCode::NORMAL, "").await.unwrap();
    echo.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn keepalive_measures_the_round_trip() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = socket(role, server_s());
        let peer = remote.clone();
        tokio::spawn(async move {
            sleep(35 * SECOND).await;
            let nonce = pings(&peer, role).pop().unwrap().payload;
            peer.push_frames(role, &[pong(&nonce)]);
        });
        assert_eq!(socket.round_trip(), None);
        let event = socket.recv_event().await.unwrap();
        assert!(matches!(event, Some(Event::Pong(_))), "{event:?}");
        let round_trip = socket.round_trip().unwrap();
        assert!(
            round_trip >= 5 * SECOND - TICK && round_trip <= 5 * SECOND + TICK,
            "{round_trip:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn t13_slow_messages_and_silence_end_in_time() {
    for role in BOTH_ROLES {
        let slow = with(|d| d.min_rate(20, 60 * SECOND));
        let idle = with(|d| d.idle(60 * SECOND));
        for (config, violation) in [(slow, Violation::TooSlow), (idle, Violation::Idle)] {
            let (mut socket, remote) = socket(role, config);
            let peer = remote.clone();
            let octets = wire_to(role, &[binary(&[0; 1000])]);
            let trickle = tokio::spawn(async move {
                for octet in octets {
                    if violation == Violation::TooSlow {
                        peer.push(&[octet]);
                    }
                    sleep(10 * SECOND).await;
                    if !peer.frames(role).is_empty() {
                        peer.end();
                        break;
                    }
                }
            });
            let start = Instant::now();
            let result = socket.recv().await;
            assert!(is(&result, Failure::Violation(violation)), "{role:?}: {result:?}");
            let waited = start.elapsed();
            // 60 s, and 2 s for the peer's end of the stream.
            assert!(waited >= 60 * SECOND && waited <= 63 * SECOND, "{waited:?}");
            assert_eq!(remote.frames(role), [Frame::close(1008, violation.reason())]);
            trickle.await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn t11_a_slow_reader_is_waited_for_as_long_as_it_takes_something() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = socket(role, with(|d| d.write_timeout(50 * SECOND)));
        remote.set_room(0);
        let peer = remote.clone();
        let reader = tokio::spawn(async move {
            for _ in 0..30 {
                sleep(49 * SECOND).await;
                peer.set_room(100);
            }
            peer.set_room(usize::MAX);
        });
        let start = Instant::now();
        socket.send(Message::binary(vec![0; 4000])).await.unwrap();
        assert!(start.elapsed() > 29 * 49 * SECOND);
        reader.await.unwrap();
    }
}

/// Who only writes reads no Pong: that none came means nothing then.
#[tokio::test(start_paused = true)]
async fn t16_a_sender_that_does_not_receive_is_no_reason_to_give_up() {
    for role in BOTH_ROLES {
        let (mut socket, remote) = socket(role, with(|d| d.ping_interval(30 * SECOND)));
        remote.set_room(0);
        assert!(
            timeout(HOUR, socket.send("queued")).await.is_err(),
            "waits, and wakes for nothing"
        );
        remote.set_room(usize::MAX);
        remote.push_frames(role, &[text("here all the time")]);
        assert_eq!(socket.recv().await.unwrap(), Some(Message::text("here all the time")));
        assert_eq!(remote.frames(role), [text("queued")]);
    }
}

/// The application was away for an hour, or the whole machine: what came meanwhile is read first.
#[tokio::test(start_paused = true)]
async fn t17_after_a_pause_of_an_hour_what_arrived_counts() {
    for role in BOTH_ROLES {
        let mut config = server_s();
        config.deadlines = Deadlines::builder()
            .ping_interval(30 * SECOND)
            .idle(40 * SECOND)
            .min_rate(1, SECOND)
            .write_timeout(SECOND)
            .build()
            .unwrap();
        let (mut socket, remote) = socket(role, config);
        for _ in 0..3 {
            assert!(timeout(31 * SECOND, socket.recv()).await.is_err(), "nothing came");
            assert_eq!(pings(&remote, role).len() % 4, 1, "asked once");
            advance(HOUR).await;
            let nonce = pings(&remote, role).pop().unwrap().payload;
            remote.push_frames(role, &[pong(&nonce), text("here")]);
            assert_eq!(socket.recv().await.unwrap(), Some(Message::text("here")));
            remote.with(|state| state.output.clear());
        }
        // And if nothing came, one thing happens, once.
        assert!(timeout(SECOND, socket.recv()).await.is_err());
        advance(HOUR).await;
        let result = socket.recv().await;
        assert!(is(&result, Failure::Violation(Violation::Idle)), "{result:?}");
        assert!(matches!(socket.recv().await, Ok(None)));
    }
}

/// One timer, and it is not set anew for messages: over a minute's worth of them the task is woken
/// by the messages, and no more than twice by the timer.
#[tokio::test(start_paused = true)]
async fn i37_messages_do_not_move_the_timer() {
    let (mut socket, remote) = socket(Role::Server, with(|d| d.idle(30 * SECOND)));
    let task = Task::new();
    let mut wakes = 0;
    for _ in 0..60 {
        let mut recv = Box::pin(socket.recv());
        assert!(task.poll(&mut recv).is_pending());
        sleep(SECOND).await;
        wakes += task.take_wakes();
        remote.push_frames(Role::Server, &[text("tick")]);
        assert!(task.poll(&mut recv).is_ready());
        task.take_wakes();
    }
    assert_eq!(wakes, 2, "at 30 s, and where the idle deadline was by then");
}
