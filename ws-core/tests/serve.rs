//! How a server ends, and how each of its connections does. The clock is paused throughout.
#![cfg(feature = "tokio")]

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use ws_core::tokio::serve::Server;
use ws_core::tokio::{Error, WebSocket};
use ws_core::{CloseCode, Message, Misuse};

use serve_support::{Notes, echo, is_too_late, quick, start};

mod serve_support;

const LONG: Duration = Duration::from_secs(3600);
const PAUSE: Duration = Duration::from_millis(1);

/// Reads to the end; the code of the peer's Close.
async fn closed_with<S>(socket: &mut WebSocket<S>) -> Result<CloseCode, Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    while socket.recv().await?.is_some() {}
    Ok(socket.peer_close().expect("the end was clean").code)
}

#[tokio::test(start_paused = true)]
async fn it_echoes_until_it_is_stopped() {
    let mut server = start(Server::builder(), echo);
    let mut sockets = [server.connect().await, server.connect().await];
    for socket in &mut sockets {
        for message in [Message::text("κόσμε"), Message::binary(vec![7; 1 << 20])] {
            let sent = message.clone();
            // Longer than the pipe: it goes out while the echo comes in.
            let (sent, echoed) = (socket.feed(sent).await, socket.recv().await.unwrap());
            assert!(sent.is_ok() && echoed == Some(message));
        }
    }
    server.stop();
    for socket in &mut sockets {
        assert_eq!(closed_with(socket).await.unwrap(), CloseCode::GOING_AWAY);
    }
    let ended = server.ended().await;
    assert_eq!((ended.open, ended.dropped), (2, 0));
}

/// The code that a client sees when its handler has ended in this way.
#[tokio::test(start_paused = true)]
async fn t25_a_connection_is_closed_however_its_handler_ends() {
    let server = start(Server::builder(), |mut socket, peer| async move {
        socket.recv().await?;
        match peer.addr {
            0 => Ok(()),
            1 => Err(Error::Misuse(Misuse::TextNotUtf8)),
            2 => {
                drop(socket);
                sleep(PAUSE).await;
                Ok(())
            }
            3 => socket.close(CloseCode::new(4000), "its own").await,
            _ => panic!("as asked"),
        }
    });
    for (addr, code) in [(0, 1000), (1, 1011), (2, 1000), (3, 4000), (4, 1011)] {
        let mut socket = server.try_connect(addr).await.unwrap();
        socket.send(Message::text("end")).await.unwrap();
        assert_eq!(closed_with(&mut socket).await.unwrap(), CloseCode::new(code), "{addr}");
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_ends_recv_with_none_once_the_peer_has_answered() {
    let notes = Notes::default();
    let noted = notes.clone();
    let mut server = start(Server::builder(), move |mut socket, _| {
        let notes = noted.clone();
        async move { notes.add(format!("{:?}", socket.recv().await)) }
    });
    let mut socket = server.connect().await;
    sleep(PAUSE).await;
    server.stop();
    sleep(PAUSE).await;
    assert_eq!(notes.all(), [""; 0], "the peer has not answered");
    assert_eq!(closed_with(&mut socket).await.unwrap(), CloseCode::GOING_AWAY);
    assert_eq!(server.ended().await.dropped, 0);
    assert_eq!(notes.all(), ["Ok(None)"]);
}

/// Unless told otherwise, a server asks a silent peer whether it is still there.
#[tokio::test(start_paused = true)]
async fn t15_a_peer_that_is_gone_is_noticed() {
    let notes = Notes::default();
    let noted = notes.clone();
    let server = start(Server::builder(), move |mut socket, _| {
        let notes = noted.clone();
        async move {
            let began = Instant::now();
            let last = socket.recv().await;
            notes.add(format!("{} s: {last:?}", began.elapsed().as_secs()));
        }
    });
    // It reads nothing, so it answers nothing.
    let _socket = server.connect().await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(notes.all(), ["50 s: Err(Failed(PongTimeout))"]);
}

/// A peer that never answers: `recv` tells so at the limit, and nothing is left to be dropped.
#[tokio::test(start_paused = true)]
async fn stopping_does_not_wait_for_a_peer_that_says_nothing() {
    let server = Server::builder().config(quick());
    let mut server = start(server, |mut socket, _| async move {
        let last = socket.recv().await;
        assert!(matches!(last, Err(Error::Failed(_))), "{last:?}");
    });
    let socket = server.connect().await;
    sleep(PAUSE).await;
    let start = Instant::now();
    server.stop();
    assert_eq!(server.ended().await.dropped, 0);
    assert!(start.elapsed() <= Duration::from_millis(550), "{:?}", start.elapsed());
    drop(socket);
}

/// The same where another task than the handler's has the socket: it is woken, though the peer does
/// nothing that would.
#[tokio::test(start_paused = true)]
async fn stopping_wakes_whichever_task_has_the_socket() {
    let server = Server::builder().config(quick());
    let mut server = start(server, |mut socket, _| async move {
        let other = tokio::spawn(async move { socket.recv().await });
        assert!(matches!(other.await.unwrap(), Err(Error::Failed(_))));
    });
    let _silent = server.connect().await;
    sleep(PAUSE).await;
    let start = Instant::now();
    server.stop();
    assert_eq!(server.ended().await.dropped, 0);
    assert!(start.elapsed() <= Duration::from_millis(550), "{:?}", start.elapsed());
}

/// The peer does not read, so that the handler waits in `send`. The Close is behind what was queued:
/// if the peer reads that after all, the next `send` is too late; if not, this one is, in time.
#[tokio::test(start_paused = true)]
async fn stopping_ends_send_to_a_slow_peer() {
    for peer_reads in [true, false] {
        let notes = Notes::default();
        let noted = notes.clone();
        let server = Server::builder().config(quick());
        let mut server = start(server, move |mut socket, _| {
            let notes = noted.clone();
            async move {
                let mut sent = 0;
                loop {
                    let result = socket.send(Message::binary(vec![7; 1000])).await;
                    if result.is_err() {
                        notes.add(format!("{} after {sent}", is_too_late(&result)));
                        return result;
                    }
                    sent += 1;
                }
            }
        });
        let mut socket = server.connect().await;
        sleep(LONG).await;
        assert_eq!(notes.all(), [""; 0], "it waits");
        server.stop();
        if peer_reads {
            let mut messages = 0;
            while let Some(message) = socket.recv().await.unwrap() {
                assert_eq!(message.payload().len(), 1000);
                messages += 1;
            }
            assert!(messages >= 16, "{messages} messages: what was queued comes first");
            assert_eq!(socket.peer_close().unwrap().code, CloseCode::GOING_AWAY);
        }
        assert_eq!(server.ended().await.dropped, 0, "its limits end it");
        let told = notes.all();
        assert!(told.len() == 1 && told[0].starts_with("true after "), "{told:?}");
    }
}

/// A handler that is not at its socket: the peer is told at once all the same.
#[tokio::test(start_paused = true)]
async fn stopping_closes_though_the_handler_sleeps() {
    let notes = Notes::default();
    let noted = notes.clone();
    let mut server = start(Server::builder(), move |mut socket, peer| {
        let notes = noted.clone();
        async move {
            sleep(if peer.addr == 0 { Duration::from_secs(3) } else { LONG }).await;
            notes.add(is_too_late(&socket.send(Message::text("late")).await));
            notes.add(format!("{:?}", socket.recv().await));
        }
    });
    let mut awake_in_time = server.try_connect(0).await.unwrap();
    let mut asleep = server.try_connect(1).await.unwrap();
    sleep(PAUSE).await;
    server.stop();
    let asked = Instant::now();
    let read = tokio::spawn(async move { closed_with(&mut asleep).await });
    timeout(LONG, async { while awake_in_time.recv().await.unwrap().is_some() {} }).await.unwrap();
    assert_eq!(awake_in_time.peer_close().unwrap().code, CloseCode::GOING_AWAY);
    assert_eq!(notes.all(), [""; 0], "the handler sleeps on");
    let ended = server.ended().await;
    assert_eq!((ended.open, ended.dropped), (2, 1));
    assert_eq!(asked.elapsed().as_secs(), 10, "the other one until the deadline");
    assert_eq!(notes.all(), ["true", "Ok(None)"]);
    assert_eq!(read.await.unwrap().unwrap(), CloseCode::GOING_AWAY);
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_wait_for_the_stopping_itself() {
    let mut server = start(Server::builder(), |mut socket, peer| async move {
        assert!(!peer.stopping.has_begun());
        peer.stopping.begun().await;
        assert!(peer.stopping.has_begun());
        assert_eq!(socket.recv().await.unwrap(), None);
    });
    let mut socket = server.connect().await;
    sleep(PAUSE).await;
    server.stop();
    assert_eq!(closed_with(&mut socket).await.unwrap(), CloseCode::GOING_AWAY);
    assert_eq!(server.ended().await.dropped, 0);
}

/// Taken out of the server's hands, it is split, and closed by whoever has it.
#[tokio::test(start_paused = true)]
async fn a_connection_that_was_taken_is_its_handlers_to_close() {
    let mut server = start(Server::builder(), |socket, peer| async move {
        let (mut reader, mut writer) = socket.into_websocket().unwrap().split();
        writer.send(Message::text("split")).await?;
        peer.stopping.begun().await;
        writer.close(CloseCode::new(4001), "").await?;
        reader.recv().await
    });
    let mut socket = server.connect().await;
    assert_eq!(socket.recv().await.unwrap(), Some(Message::text("split")));
    server.stop();
    assert_eq!(closed_with(&mut socket).await.unwrap(), CloseCode::new(4001));
    assert_eq!(server.ended().await.dropped, 0);
}

/// A socket that outlives its handler's future was closed with it: whoever has it hears of that,
/// waiting or later.
#[tokio::test(start_paused = true)]
async fn a_socket_that_was_given_away_has_ended() {
    for waits in [true, false] {
        let notes = Notes::default();
        let noted = notes.clone();
        let server = start(Server::builder(), move |mut socket, _| {
            let notes = noted.clone();
            async move {
                tokio::spawn(async move {
                    if !waits {
                        sleep(2 * PAUSE).await;
                    }
                    notes.add(format!("{:?}", socket.recv().await));
                    notes.add(is_too_late(&socket.send(Message::text("late")).await));
                    notes.add(socket.into_websocket().is_none());
                });
                sleep(PAUSE).await;
            }
        });
        let mut socket = server.connect().await;
        assert_eq!(closed_with(&mut socket).await.unwrap(), CloseCode::NORMAL);
        sleep(3 * PAUSE).await;
        assert_eq!(notes.all(), ["Ok(None)", "true", "true"], "waits: {waits}");
    }
}

#[tokio::test(start_paused = true)]
async fn stopping_drops_those_that_are_not_open_yet() {
    let mut server = start(Server::builder(), echo);
    let _silent = server.pipe(0);
    sleep(PAUSE).await;
    server.stop();
    let asked = Instant::now();
    let ended = server.ended().await;
    assert_eq!((ended.open, ended.dropped), (1, 0));
    assert_eq!(asked.elapsed(), Duration::ZERO);
}

/// `select!` between receiving and something else: nothing is lost, and stopping is seen.
#[tokio::test(start_paused = true)]
async fn t09_receiving_in_a_select_loses_nothing() {
    const MESSAGES: u32 = 1000;
    let mut server = start(Server::builder(), |mut socket, _| async move {
        let mut ticks = tokio::time::interval(PAUSE);
        loop {
            tokio::select! {
                message = socket.recv() => match message? {
                    Some(message) => socket.feed(message).await?,
                    None => return Ok::<_, Error>(()),
                },
                _ = ticks.tick() => {}
            }
        }
    });
    let mut socket = server.connect().await;
    for i in 0..MESSAGES {
        socket.send(Message::binary(i.to_be_bytes().to_vec())).await.unwrap();
        if i % 7 == 0 {
            sleep(PAUSE).await;
        }
    }
    for i in 0..MESSAGES {
        let message = socket.recv().await.unwrap().unwrap();
        assert_eq!(message.payload()[..], i.to_be_bytes());
    }
    server.stop();
    assert_eq!(closed_with(&mut socket).await.unwrap(), CloseCode::GOING_AWAY);
}
